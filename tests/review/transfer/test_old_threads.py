"""Pages of threads as the SDK's `get_threads` gives them, and as the old cloud's export had them."""

import json
import warnings
from datetime import UTC, datetime

import pytest

from review.errors import Refused
from review.store import reads

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from literalai.my_types import PageInfo, PaginatedResponse
    from literalai.observability.thread import Thread

THREAD = {
    "id": "t",
    "createdAt": "2024-05-01T10:00:00.000Z",
    "name": "Old",
    "metadata": {"k": 1},
    "tags": ["a"],
    "tokenCount": 5,
    "participant": {"id": "p", "identifier": "ada", "metadata": {"role": "admin"}},
    "steps": [
        {
            "id": "s",
            "threadId": "t",
            "parentId": None,
            "createdAt": "2024-05-01T10:00:01.000Z",
            "startTime": "2024-05-01T10:00:01.000Z",
            "endTime": "2024-05-01T10:00:02.000Z",
            "type": "llm",
            "name": "gpt",
            "input": {},
            "output": {"content": "hi"},
            "environment": "prod",
            "generation": {"type": "CHAT", "messages": [], "tokenCount": 5},
            "scores": [{"id": "f", "name": "user-feedback", "type": "HUMAN", "value": 1, "comment": "good"}],
            "attachments": [
                {"id": "x", "name": "a.png", "mime": "image/png", "objectKey": "k", "url": "https://a.test"}
            ],
        }
    ],
}
PAGES = {
    "a list": [THREAD],
    "the SDK's page": {"pageInfo": {"hasNextPage": False}, "data": [THREAD]},
    "the cloud's export": {"totalCount": 1, "totalPage": 1, "data": [THREAD]},
    "an answer of GraphQL": {"data": {"threads": {"edges": [{"cursor": "c", "node": THREAD}]}}},
    "several pages": [{"data": [THREAD]}, {"data": []}],
    "one thread": THREAD,
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize("indent", [None, 2])
async def test_a_page_is_read_however_it_is_wrapped(store, imported, page, indent):
    counts = await imported(store, json.dumps(page, indent=indent).encode())
    assert counts == {"thread": 1, "step": 1}
    thread = await store.read(reads.thread_summary, "copy", "t")
    assert thread is not None
    assert (thread.name, thread.tags, thread.metadata, thread.token_count) == ("Old", ["a"], {"k": 1}, 5)
    assert (thread.participant_identifier, thread.created_at) == ("ada", datetime(2024, 5, 1, 10, tzinfo=UTC))
    step = await store.read(reads.step, "copy", "s")
    assert step is not None
    assert (step.environment, step.created_at) == ("prod", datetime(2024, 5, 1, 10, 0, 1, tzinfo=UTC))
    assert [(score.id, score.comment) for score in step.scores] == [("f", "good")]
    assert [(file.object_key, file.url) for file in step.attachments] == [("k", "https://a.test")]


async def test_a_page_as_the_sdk_prints_it_is_read_twice_and_stored_once(store, imported, exported):
    page = PaginatedResponse(page_info=PageInfo(False, None, None), data=[Thread.from_dict(THREAD)])
    printed = json.dumps(page.to_dict()).encode()
    await imported(store, printed)
    first = await exported(store, "copy")
    await imported(store, printed)
    assert await exported(store, "copy") == first
    step = await store.read(reads.step, "copy", "s")
    assert step is not None
    assert step.generation is not None
    assert step.generation.token_count == 5


async def test_pages_may_be_a_line_each(store, imported):
    pages = [{"data": [{**THREAD, "id": f"t{n}", "steps": []}]} for n in range(3)]
    counts = await imported(store, b"\n".join(json.dumps(page).encode() for page in pages))
    assert counts == {"thread": 3}


async def test_what_is_wrong_is_told_by_line_or_number(store, imported):
    with pytest.raises(Refused, match="line 2: it is no JSON"):
        await imported(store, json.dumps(THREAD).encode() + b"\n{\n")
    bad = {"id": "u", "steps": [{"id": ""}]}
    with pytest.raises(Refused, match="thread 2: id: must be given"):
        await imported(store, json.dumps([THREAD, bad], indent=1).encode())
    assert await store.read(reads.thread_summary, "copy", "u") is None
