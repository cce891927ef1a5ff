"""The pages as a browser or a program gets them, from the real app over the real store."""

import json
import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import get_type_hints
from urllib.parse import quote

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from review.dashboard.error_pages import http_error
from review.dashboard.pages import PAGES, ROWS_PER_PAGE, ThreadPage
from review.records import GenerationUpdate, StepUpdate, ThreadUpdate

START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def says(thread_id: str, role: str, text: str, **more) -> StepUpdate:
    given = {"id": f"{thread_id}-{role}", "thread_id": thread_id, "type": f"{role}_message", "start_time": START}
    return StepUpdate(**{**given, "end_time": START, "output": {"content": text}, **more})


async def save_chat(app, thread_id: str = "chat", **thread) -> None:
    await app.save(
        ThreadUpdate(id=thread_id, **{"name": f"Thread {thread_id}", **thread}),
        says(thread_id, "user", "weather in **sf**?"),
        StepUpdate(
            id=f"{thread_id}-run", thread_id=thread_id, type="run", name="agent", start_time=START, end_time=START
        ),
        StepUpdate(
            id=f"{thread_id}-llm",
            thread_id=thread_id,
            parent_id=f"{thread_id}-run",
            type="llm",
            start_time=START,
            end_time=START + timedelta(seconds=2),
            generation=GenerationUpdate(
                provider="openai",
                model="gpt-4.1",
                messages=[{"role": "user", "content": "weather in sf?"}],
                message_completion={"role": "assistant", "content": "mild"},
                tools=[{"function": {"name": "weather"}}],
                settings={"temperature": 0.5},
                input_token_count=10,
                output_token_count=4,
                tt_first_token=250,
            ),
        ),
        says(thread_id, "assistant", "mild", start_time=START + timedelta(seconds=3)),
    )


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


# ---- the list ------------------------------------------------------------------------------------------------------


async def test_the_list_shows_a_thread_with_its_figures(app) -> None:
    await save_chat(app, participant="ada", tags=["demo"])
    page = await app.reader.get("/threads")
    assert page.status_code == 200
    for part in ("Thread chat", "ada", "demo", "14", "1 thread"):
        assert part in text_of(page.text)


async def test_an_empty_list_tells_how_to_send_the_first_thread(app) -> None:
    page = await app.reader.get("/threads")
    assert "No threads yet" in page.text
    assert "LiteralClient(url=&#34;http://test/review&#34;" in page.text


async def test_a_search_without_result_offers_to_clear_it(app) -> None:
    await save_chat(app)
    page = await app.reader.get("/threads", params={"search": "<zebra>"})
    assert "Nothing matches" in page.text
    assert "&lt;zebra&gt;" in page.text
    assert "Clear the search" in page.text


@pytest.mark.parametrize("words", ["Thread chat", "weather in"])
async def test_a_search_finds_names_and_messages(app, words) -> None:
    await save_chat(app)
    page = await app.reader.get("/threads", params={"search": words, "format": "json"})
    assert [thread["id"] for thread in page.json()["threads"]] == ["chat"]


async def test_the_pages_of_the_list_meet_without_gap_or_overlap(app) -> None:
    for number in range(ROWS_PER_PAGE + 3):
        made_at = START + timedelta(seconds=number)
        await app.save(ThreadUpdate(id=f"t{number:03}"), received_at=made_at)
    first = (await app.reader.get("/threads?format=json")).json()
    second = (await app.reader.get("/threads", params={"after": first["older"], "format": "json"})).json()
    back = (await app.reader.get("/threads", params={"before": second["newer"], "format": "json"})).json()
    ids = [thread["id"] for thread in first["threads"] + second["threads"]]
    assert ids == [f"t{number:03}" for number in reversed(range(ROWS_PER_PAGE + 3))]
    assert (first["newer"], second["older"]) == (None, None)
    assert back["threads"] == first["threads"]


async def test_a_cursor_that_is_not_ours_is_refused_with_advice(app) -> None:
    page = await app.reader.get("/threads", params={"after": "nonsense"})
    assert page.status_code == 400
    assert "Start again from the list" in page.text


# ---- a thread ------------------------------------------------------------------------------------------------------


async def test_a_thread_shows_the_conversation_beside_the_tree(app) -> None:
    await save_chat(app, metadata={"release": "1.4.0"}, environment="staging")
    page = await app.reader.get("/threads/chat")
    assert "weather in <strong>sf</strong>?" in page.text
    assert 'aria-current="page">Conversation' in page.text
    for part in ("Thread chat", "gpt-4.1", "agent", "1.4.0", "staging", "1 turn", "4 steps", "14 tokens"):
        assert part in text_of(page.text)


async def test_a_step_can_be_linked_to_and_shows_its_model_call(app) -> None:
    await save_chat(app)
    page = await app.reader.get("/threads/chat?step=chat-llm")
    for part in ("openai", "temperature", "250 ms", "Input tokens", "weather in sf?", "Tools offered", "completion"):
        assert part in text_of(page.text)
    assert 'href="/review/threads/chat?step=chat-llm" aria-current="true"' in page.text


async def test_the_tree_view_opens_the_step_that_failed(app) -> None:
    await save_chat(app)
    await app.save(ThreadUpdate(id="chat"), StepUpdate(id="bad", thread_id="chat", type="tool", error="no such order"))
    page = (await app.reader.get("/threads/chat?view=tree&format=json")).json()
    assert page["selected"]["step"]["id"] == "bad"
    assert page["is_chosen"] is False


async def test_a_step_that_is_not_in_the_thread_is_said_to_be_missing(app) -> None:
    await save_chat(app)
    page = await app.reader.get("/threads/chat?step=later")
    assert page.status_code == 200
    assert "has no step" in page.text


async def test_a_thread_without_messages_opens_on_its_steps(app) -> None:
    await app.save(ThreadUpdate(id="t"), StepUpdate(id="r", thread_id="t", type="run", name="batch", input={"n": 1}))
    assert (await app.reader.get("/threads/t?format=json")).json()["view"] == "tree"


async def test_a_thread_of_which_only_the_name_is_known_opens(app) -> None:
    await app.save(ThreadUpdate(id="t", name="soon"))
    page = await app.reader.get("/threads/t")
    assert "No steps yet" in page.text


async def test_a_thread_that_is_not_there_says_what_to_do(app) -> None:
    page = await app.reader.get("/threads/nope")
    assert page.status_code == 404
    assert "reload the page" in page.text


@pytest.mark.parametrize("id_", ["a/b", "a b?c#d", "50%", "a&b=c", "émoji 🌞", "<script>", "a//b"])
async def test_any_id_can_be_linked_to(app, id_) -> None:
    await save_chat(app, id_)
    listed = (await app.reader.get("/threads")).text
    link = re.search(r'class="row-link" href="/review([^"]+)"', listed)
    assert link
    page = await app.reader.get(link[1] + "?format=json")
    assert page.json()["thread"]["id"] == id_
    page = await app.reader.get(f"{link[1]}?step={quote(id_)}-llm&format=json")
    assert page.json()["selected"]["step"]["id"] == f"{id_}-llm"


async def test_an_address_of_the_old_product_leads_to_the_thread(app) -> None:
    old = await app.reader.get("/projects/p-1/logs/threads/chat?currentStepId=chat-llm")
    assert old.headers["location"] == "/review/threads/chat?step=chat-llm"


async def test_a_huge_payload_is_cut_and_the_whole_is_one_link_away(app) -> None:
    whole = "row\n" * 50_000
    await app.save(ThreadUpdate(id="t"), StepUpdate(id="s", thread_id="t", type="tool", output=whole, input={"a": [1]}))
    page = await app.reader.get("/threads/t?step=s")
    assert len(page.text) < 60_000
    assert "180,000 more characters" in page.text
    assert 'href="/review/raw/output/s"' in page.text
    raw = await app.reader.get("/raw/output/s")
    assert raw.text == whole
    assert raw.headers["content-type"] == "text/plain; charset=utf-8"
    assert "sandbox" in raw.headers["content-security-policy"]
    assert json.loads((await app.reader.get("/raw/input/s")).text) == {"a": [1]}
    assert json.loads((await app.reader.get("/raw/step/s")).text)["output"] == whole


async def test_a_raw_part_that_does_not_exist_is_not_found(app) -> None:
    await save_chat(app)
    assert (await app.reader.get("/raw/secrets/chat-llm")).status_code == 404
    assert (await app.reader.get("/raw/input/nope")).status_code == 404


async def test_text_that_is_no_valid_unicode_does_not_break_the_page(app) -> None:
    await app.save(ThreadUpdate(id="t", name="half \ud83d"), says("t", "user", "half \ud83d"))
    assert (await app.reader.get("/threads/t")).status_code == 200


# ---- what holds for all --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_each_of_its_fields_tells(page) -> None:
    assert page.__doc__
    hints = get_type_hints(page, include_extras=True)
    for field in fields(page):
        assert getattr(hints[field.name], "__metadata__", ("",))[0], f"{page.__name__}.{field.name}"


@pytest.mark.parametrize("path", ["", "/chat", "/chat?step=chat-llm", "/chat?view=tree"])
async def test_the_number_of_queries_does_not_grow_with_the_rows(app, queries, path) -> None:
    await save_chat(app)
    queries.clear()
    assert (await app.reader.get(f"/threads{path}")).status_code == 200
    few = len(queries)
    for number in range(12):
        await save_chat(app, f"more-{number}", participant=f"user {number}")
        extra = [says("chat", "user", f"again {number}", id=f"extra-{number}-{n}") for n in range(5)]
        await app.save(ThreadUpdate(id="chat"), *extra)
    queries.clear()
    assert (await app.reader.get(f"/threads{path}")).status_code == 200
    assert len(queries) == few


async def test_the_json_twin_has_the_fields_of_the_page(app) -> None:
    await save_chat(app)
    page = await app.reader.get("/threads/chat", headers={"accept": "application/json"})
    assert page.headers["content-type"] == "application/json"
    assert page.json().keys() == {field.name for field in fields(ThreadPage)}
    assert page.json()["thread"]["created_at"] == "2026-11-20T09:30:00.000Z"


@pytest.mark.parametrize("path", ["/threads", "/threads/nope", "/login", "/static/app.css", "/raw/input/nope"])
async def test_every_answer_carries_the_security_headers(app, path) -> None:
    headers = (await app.reader.get(path)).headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


async def test_no_page_has_inline_script_style_or_another_host(app) -> None:
    await save_chat(app)
    for path in ("/threads", "/threads/chat", "/threads/chat?step=chat-llm", "/login", "/threads/nope"):
        html = (await app.reader.get(path)).text
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)", html)
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', html)


async def test_static_files_may_be_kept_for_good_because_their_address_changes(app) -> None:
    html = (await app.reader.get("/threads")).text
    for address in re.findall(r'(?:src|href)="/review(/static/[^"]+)"', html):
        assert re.search(r"\?v=[0-9a-f]{10}$", address)
        file = await app.reader.get(address)
        assert file.status_code == 200
        assert "immutable" in file.headers["cache-control"]


async def test_pages_are_kept_by_no_cache(app) -> None:
    assert (await app.reader.get("/threads")).headers["cache-control"] == "no-store"


async def test_a_fault_of_ours_tells_nothing_of_itself(app, monkeypatch) -> None:
    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError("the secret reason")

    monkeypatch.setattr("review.store.reads.thread_summary", broken)
    page = await app.reader.get("/threads/chat")
    assert page.status_code == 500
    assert "Something went wrong here" in page.text
    assert "secret reason" not in page.text


async def test_the_theme_that_was_chosen_comes_with_the_page(app) -> None:
    dark = await app.reader.get("/threads", headers={"cookie": _cookies(app) + "; theme=dark"})
    assert '<html lang="en" data-theme="dark">' in dark.text
    odd = await app.reader.get("/threads", headers={"cookie": _cookies(app) + '; theme="><script>'})
    assert '<html lang="en">' in odd.text


def _cookies(app) -> str:
    return "; ".join(f"{name}={value}" for name, value in app.reader.cookies.items())


async def test_an_address_without_a_page_gets_a_page_for_people_and_a_problem_for_programs(app) -> None:
    lost = Starlette(exception_handlers={HTTPException: http_error})
    lost.state.review = app.review
    async with httpx.AsyncClient(transport=httpx.ASGITransport(lost), base_url="http://test") as client:
        page = await client.get("/nowhere", headers={"accept": "text/html"})
        answer = await client.get("/nowhere")
    assert (page.status_code, answer.status_code) == (404, 404)
    assert "There is no page at this address" in page.text
    assert answer.headers["content-type"] == "application/problem+json"
