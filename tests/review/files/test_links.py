"""Links open one file for a while, and nothing else."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from itsdangerous import TimestampSigner

from review.errors import Forbidden
from review.files import Files
from review.files.keys import is_key_of, key_of, new_key, within_project
from review.files.links import UPLOAD_SECONDS, Links
from review.records import Attachment

KEY = "default/2026-11-20/019a0000-0000-7000-8000-000000000000"


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def query_of(link: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(link).query))


def test_a_link_opens_its_file_until_it_expires():
    clock = Clock()
    links = Links("secret", seconds=60, clock=clock)
    link = links.download(KEY, name="ümlaut & co.png", mime="image/png")
    assert urlsplit(link).path == f"/files/{KEY}"
    links.check_download(KEY, query_of(link))
    clock.now += 59
    links.check_download(KEY, query_of(link))
    clock.now += 2
    with pytest.raises(Forbidden, match="expired"):
        links.check_download(KEY, query_of(link))


def test_what_stands_before_the_question_mark_stays():
    clock = Clock()
    links = Links("secret", seconds=60, clock=clock)
    first = links.download(KEY, name="a", mime=None)
    clock.now += 100
    second = links.download(KEY, name="b", mime="image/png")
    assert first != second
    assert first.partition("?")[0] == second.partition("?")[0]


@pytest.mark.parametrize(
    "change",
    [
        {"type": "text/html"},
        {"name": "other"},
        {"expires": "9999999999"},
        {"expires": "soon"},
        {"signature": "x"},
        {"signature": ""},
        {"more": "x"},
        {"name": "\udcff"},
    ],
)
def test_a_link_that_was_changed_opens_nothing(change):
    links = Links("secret", seconds=60, clock=Clock())
    query = query_of(links.download(KEY, name="a", mime="image/png"))
    with pytest.raises(Forbidden):
        links.check_download(KEY, query | change)


def test_a_link_opens_no_other_file_and_no_other_installation():
    query = query_of(Links("secret", seconds=60).download(KEY, name=None, mime=None))
    with pytest.raises(Forbidden):
        Links("secret", seconds=60).check_download(KEY[:-1] + "1", query)
    with pytest.raises(Forbidden):
        Links("another", seconds=60).check_download(KEY, query)
    with pytest.raises(Forbidden):
        Links("secret", seconds=60).check_download(KEY, {})


def test_an_upload_is_allowed_for_one_key_and_a_quarter_of_an_hour(monkeypatch):
    links = Links("secret", seconds=60)
    policy = query_of(links.upload(KEY))["policy"]
    assert links.key_of_upload(policy) == KEY
    with pytest.raises(Forbidden):
        links.key_of_upload(policy + "x")
    later = TimestampSigner.get_timestamp(TimestampSigner("x")) + UPLOAD_SECONDS + 1
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: later)
    with pytest.raises(Forbidden):
        links.key_of_upload(policy)


def test_a_download_link_is_no_upload():
    links = Links("secret", seconds=60)
    with pytest.raises(Forbidden):
        links.key_of_upload(query_of(links.download(KEY, name=None, mime=None))["signature"])


@pytest.mark.parametrize("project_id", ["default", "a/b", "..", ".", "weather app", "日本"])
def test_a_key_belongs_to_one_project(project_id: str):
    key = new_key(project_id, now=datetime(2026, 11, 20, tzinfo=UTC))
    assert key.count("/") == 2
    assert ".." not in key
    assert is_key_of(project_id, key)
    assert not is_key_of(f"{project_id}2", key)
    assert key_of(project_id, within_project(project_id, key) or "") == key


@pytest.mark.parametrize("rest", ["", "..", "2026-11-20/../x", "../default/2026-11-20/x", "anything"])
def test_a_key_we_did_not_make_is_none_of_ours(rest: str):
    assert not is_key_of("default", f"default/{rest}")


async def test_a_file_that_can_t_be_deleted_is_logged_and_no_error(caplog):
    class Broken:
        async def delete(self, key: str) -> None:
            raise OSError("the disk is gone")

    files = Files(Broken(), Links("secret", seconds=1), max_bytes=1)
    await files.delete("default", [KEY])
    assert KEY in caplog.text


def test_what_is_not_ours_gets_no_link():
    files = Files(None, Links("secret", seconds=60), max_bytes=1)
    given = dict.fromkeys(Attachment.__dataclass_fields__)
    for key in (None, "threads/x/files/y", "default/../other/2026-11-20/x", KEY.replace("default", "other")):
        assert files.link("default", Attachment(**{**given, "object_key": key})) is None
    assert files.link("default", Attachment(**{**given, "object_key": KEY}))
