"""Files go up and come down as the clients do it, over a real socket; nobody gets at those of another project."""

from typing import Any

import httpx
import pytest
from literalai.observability.step import Attachment

from settings import ReviewSettings


def signed(review: Any, **asked: Any) -> dict[str, Any]:
    answer = review.http().post("/api/upload/file", json={"fileName": "f", **asked})
    assert answer.status_code == 200
    return answer.json()


def uploaded(review: Any, content: bytes, mime: str | None = None) -> str:
    """A file of the project; its object key."""
    answer = signed(review, contentType=mime)["post"]
    form = {**{name: (None, value) for name, value in answer["fields"].items()}, "file": ("f", content)}
    assert httpx.post(answer["url"], files=form).status_code == 204
    return answer["fields"]["key"]


def files_of(review: Any) -> list[str]:
    return sorted(path.name for path in (review.data_dir / "files").rglob("*") if path.is_file())


@pytest.mark.parametrize("content", ["text, ümlauts and 日本", b"\x00\xff bytes"])
def test_the_sdk_attaches_content_renames_and_deletes_it(review: Any, content: str | bytes) -> None:
    sdk = review.sdk()
    sdk.send_steps([{"id": "s", "threadId": "t"}])
    made = sdk.create_attachment(step_id="s", name="notes.txt", mime="text/plain", content=content, metadata={"k": 1})
    assert (made.step_id, made.thread_id, made.name, made.mime, made.metadata) == (
        "s",
        "t",
        "notes.txt",
        "text/plain",
        {"k": 1},
    )
    expected = content.encode() if isinstance(content, str) else content
    assert httpx.get(made.url).content == expected
    renamed = sdk.update_attachment(id=made.id, update_params={"name": "b.txt"})
    assert (renamed.name, renamed.object_key, renamed.metadata) == ("b.txt", made.object_key, {"k": 1})
    assert renamed.url.partition("?")[0] == made.url.partition("?")[0]
    [step] = sdk.get_thread("t").steps
    fetched = sdk.get_attachment(made.id)
    for attachment in (fetched, step.attachments[0]):
        answer = httpx.get(attachment.url)
        assert (answer.status_code, answer.content) == (200, expected)
        assert "b.txt" in answer.headers["content-disposition"]
    sdk.delete_attachment(made.id)
    assert sdk.get_attachment(made.id) is None
    assert httpx.get(made.url).status_code == 404
    assert files_of(review) == []


async def test_the_async_sdk_attaches_content(any_review: Any) -> None:
    from literalai.api import AsyncLiteralAPI

    sdk = AsyncLiteralAPI(api_key=any_review.key, url=any_review.url)
    made = await sdk.create_attachment(step_id="s", name="a", content=b"x" * 300_000)
    async with httpx.AsyncClient() as client:
        assert (await client.get(made.url)).content == b"x" * 300_000


def test_chainlit_uploads_and_then_sends_a_bare_step(review: Any) -> None:
    """Its data layer carries the key and the link of upload time inside a step of nothing else (§4.13)."""
    sdk = review.sdk()
    sdk.send_steps([{"id": "s", "threadId": "t", "type": "user_message", "output": {"content": "see this"}}])
    sent = sdk.upload_file(content=b"\x89PNG", thread_id="t", mime="image/png")
    element = Attachment(
        id="e",
        name="a.png",
        mime="image/png",
        metadata={"display": "inline"},
        object_key=sent["object_key"],
        url=sent["url"],
    )
    for _ in range(2):
        sdk.send_steps([{"id": "s", "threadId": "t", "attachments": [element.to_dict()]}])
    [step] = sdk.get_thread("t").steps
    assert step.output == {"content": "see this"}
    [kept] = step.attachments
    assert (kept.id, kept.object_key, kept.metadata) == ("e", sent["object_key"], {"display": "inline"})
    assert kept.url.partition("?")[0] == sent["url"].partition("?")[0]
    shown = httpx.get(kept.url)
    assert (shown.content, shown.headers["content-type"]) == (b"\x89PNG", "image/png")
    assert shown.headers["content-disposition"].startswith("inline")
    assert shown.headers["cross-origin-resource-policy"] == "cross-origin"


def test_the_key_counts_and_an_address_elsewhere_stays_as_it_is(any_review: Any) -> None:
    key = uploaded(any_review, b"ours")
    both = {"id": "both", "objectKey": key, "url": "https://old.test/expired"}
    elsewhere = {"id": "elsewhere", "url": "https://a.test/a?b=%20c"}
    strange = {"id": "strange", "objectKey": "threads/x/old-cloud", "url": "https://old.test/x"}
    any_review.sdk().send_steps([{"id": "s", "attachments": [both, elsewhere, strange]}])
    found = {file.id: file.url for file in any_review.sdk().get_step("s").attachments}
    assert httpx.get(found["both"]).content == b"ours"
    assert (found["elsewhere"], found["strange"]) == ("https://a.test/a?b=%20c", "https://old.test/x")


@pytest.mark.parametrize("mime", ["text/html", "image/svg+xml", "application/xhtml+xml"])
def test_an_uploaded_page_is_never_a_page_of_ours(any_review: Any, mime: str) -> None:
    key = uploaded(any_review, b"<script>alert(1)</script>", mime)
    made = any_review.sdk().create_attachment(step_id="s", name="page", mime=mime, object_key=key, url="u")
    answer = httpx.get(made.url)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    retyped = made.url.replace(mime.replace("/", "%2F").replace("+", "%2B"), "image%2Fpng")
    assert retyped != made.url
    assert httpx.get(retyped).status_code == 403


def test_nobody_reads_or_deletes_a_file_of_another_project(any_review: Any) -> None:
    key = uploaded(any_review, b"secret")
    stranger = any_review.sdk(any_review.key_of_another_project())
    stranger.send_steps([{"id": "s", "threadId": "t", "attachments": [{"id": "a", "objectKey": key}]}])
    [stolen] = stranger.get_step("s").attachments
    assert stolen.url is None
    stranger.delete_attachment("a")
    stranger.delete_thread("t")
    assert files_of(any_review) == [key.rpartition("/")[2]]


def test_a_bare_put_is_taken_whatever_it_calls_itself(any_review: Any) -> None:
    """The TypeScript SDK labels bytes as a form (§4.8)."""
    answer = signed(any_review, contentType="image/png", threadId=None)
    label = {"content-type": "multipart/form-data; boundary=nothing"}
    assert httpx.put(answer["post"]["url"], content=b"raw", headers=label).status_code == 204
    shown = httpx.get(answer["signedUrl"])
    assert (shown.content, shown.headers["content-type"]) == (b"raw", "image/png")


def test_a_form_may_come_in_pieces_without_a_length(any_review: Any) -> None:
    answer = signed(any_review)
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nstreamed\r\n--b--\r\n'
    sent = httpx.post(
        answer["post"]["url"],
        content=(body[start : start + 10] for start in range(0, len(body), 10)),
        headers={"content-type": "multipart/form-data; boundary=b"},
    )
    assert sent.status_code == 204
    assert httpx.get(answer["signedUrl"]).content == b"streamed"


def test_what_is_no_file_is_refused(any_review: Any) -> None:
    url = signed(any_review)["post"]["url"]
    answer = httpx.post(url, files={"other": (None, "x")})
    assert (answer.status_code, answer.json()["detail"]) == (400, "file: the form must have a part of this name")
    assert (
        httpx.post(url, content=b"--", headers={"content-type": "multipart/form-data; boundary=b"}).status_code == 400
    )
    assert httpx.get(url).status_code == 405
    assert httpx.post(url.partition("?")[0], files={"file": b"x"}).status_code == 403


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_file_over_the_limit_is_refused_by_name_and_leaves_nothing(serve: Any, method: str) -> None:
    review = serve(ReviewSettings(max_file_bytes=1_000_000, max_ingest_bytes=10_000))
    url = signed(review)["post"]["url"]
    for size, limit in ((1_000_001, 1_000_000), (3_000_000, 2_000_000)):
        content = b"x" * size
        body: dict[str, Any] = {"files": {"file": ("f", content)}} if method == "POST" else {"content": content}
        answer = httpx.request(method, url, **body)
        assert answer.status_code == 413
        assert f"over the limit of {limit} bytes" in answer.json()["detail"]
    assert files_of(review) == []
    uploaded(review, b"x" * 1_000_000)
    assert len(files_of(review)) == 1


def test_a_player_jumps_ahead(any_review: Any) -> None:
    key = uploaded(any_review, bytes(range(256)), "video/mp4")
    url = any_review.sdk().create_attachment(step_id="s", name="v", mime="video/mp4", object_key=key, url="u").url
    whole = httpx.get(url)
    assert (whole.headers["accept-ranges"], whole.headers["content-length"]) == ("bytes", "256")
    some = httpx.get(url, headers={"range": "bytes=10-12"})
    assert (some.status_code, some.content) == (206, bytes([10, 11, 12]))
    assert some.headers["content-range"] == "bytes 10-12/256"
    beyond = httpx.get(url, headers={"range": "bytes=256-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, "bytes */256")
    assert httpx.head(url).headers["content-length"] == "256"


def test_signing_needs_a_key_and_opening_does_not(any_review: Any) -> None:
    assert httpx.post(f"{any_review.url}/api/upload/file", json={}).status_code == 401
    asked = {"fileName": "f", "contentType": None, "threadId": None}
    headers = {"x-api-key": any_review.key}
    answer = httpx.post(f"{any_review.url}//api/upload/file", json=asked, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["post"]["fields"].keys() == {"key"}
    assert httpx.get(answer.json()["signedUrl"]).status_code == 404


def test_the_public_address_is_what_links_start_with(serve: Any) -> None:
    review = serve(ReviewSettings(review_url="https://review.test/below/"))
    answer = signed(review)
    assert answer["post"]["url"].startswith("https://review.test/below/api/upload/content?")
    assert answer["signedUrl"].startswith("https://review.test/below/files/default/")


def test_files_go_with_what_they_belong_to_unless_something_else_needs_them(review: Any) -> None:
    sdk = review.sdk()
    keys = [uploaded(review, b"x") for _ in range(4)]
    first, second, third, shared = keys
    sdk.send_steps(
        [
            {"id": "a", "threadId": "t", "attachments": [{"id": "1", "objectKey": first}]},
            {"id": "b", "threadId": "t", "attachments": [{"id": "2", "objectKey": second}]},
            {"id": "c", "threadId": "t", "attachments": [{"id": "3", "objectKey": third}]},
            {"id": "d", "threadId": "t", "attachments": [{"id": "4", "objectKey": shared}]},
            {"id": "e", "threadId": "u", "attachments": [{"id": "5", "objectKey": shared}]},
        ]
    )

    def left() -> list[str]:
        kept = files_of(review)
        return [key for key in keys if key.rpartition("/")[2] in kept]

    sdk.delete_attachment("1")
    assert left() == [second, third, shared]
    sdk.delete_step("b")
    assert left() == [third, shared]
    sdk.delete_thread("t")
    assert left() == [shared]
    sdk.delete_thread("u")
    assert left() == []
