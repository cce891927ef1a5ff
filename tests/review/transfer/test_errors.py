"""What can't be imported is told by its line, and no thread is ever half there."""

import json

import pytest

from review.errors import Refused
from review.records import ThreadUpdate
from review.store import reads, writes

HEADER = b'{"kind":"export","format":1}\n'
MADE = {"created_at": "2026-11-20T12:00:00.000000Z"}


def lines(*rows: object) -> bytes:
    return HEADER + b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def thread(id_: str, **more: object) -> dict[str, object]:
    return {"kind": "thread", "id": id_, **MADE, **more}


def step(id_: str, **more: object) -> dict[str, object]:
    return {"kind": "step", "id": id_, **MADE, **more}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"kind": "nonsense"}, "kind: must be one of participant, thread, step"),
        ({"no": "kind"}, "kind: must be one of"),
        (["list"], "it is no JSON object"),
        (step("s", colour="red"), "colour: a step has no such field"),
        (step("s", thread_id=5), "thread_id: must be a str, not 5"),
        (step("s", generation_token_count=1.5), "generation_token_count: must be a int, not 1.5"),
        (step("s", generation_token_count=True), "generation_token_count: must be a int, not True"),
        (step("s", has_generation="yes"), "has_generation: must be a bool, not 'yes'"),
        (step("s", start_time="noon"), "start_time: 'noon' is no time in ISO 8601"),
        ({"kind": "step", "id": "s"}, "created_at: a step must have one"),
        ({"kind": "step", **MADE}, "id: a step must have one"),
        ({"kind": "attachment", "id": "a", "step_id": "s", "file": "../x", **MADE}, "file: '../x' is no file"),
        ({"kind": "export", "format": 2}, "format: 2 is not known here, only 1"),
    ],
)
async def test_a_line_that_is_wrong_is_named(store, imported, wrong, told):
    with pytest.raises(Refused) as refused:
        await imported(store, lines(thread("t"), step("s", thread_id="t"), wrong))
    assert refused.value.message.startswith("line 4: ")
    assert told in refused.value.message
    assert "\n" not in refused.value.message


async def test_a_file_that_was_cut_off_is_named_where_it_ends(store, imported):
    with pytest.raises(Refused, match="line 3: it is no JSON"):
        await imported(store, lines(thread("t"), thread("u"))[:-10])


async def test_no_thread_is_half_there(store, imported):
    """What stands before the thread with the wrong line is kept, what stands behind it is not read."""
    rows = [thread("first"), step("a", thread_id="first"), thread("second"), step("b", thread_id="second")]
    with pytest.raises(Refused, match="line 6"):
        await imported(store, lines(*rows, {"kind": "score", "id": "x"}, thread("third")))
    assert await store.read(reads.thread_summary, "copy", "first")
    assert await store.read(reads.thread_summary, "copy", "second") is None
    assert await store.read(reads.step, "copy", "b") is None
    assert await store.read(reads.thread_summary, "copy", "third") is None


async def test_a_name_that_is_taken_is_named(store, imported):
    def dataset(id_: str) -> dict[str, object]:
        return {"kind": "dataset", "id": id_, "name": "same", "type": "key_value", **MADE}

    await imported(store, lines(dataset("a")))
    with pytest.raises(Refused, match=r"lines 2 to 2: a dataset has a name that another one has in this project"):
        await imported(store, lines(dataset("b")))


async def test_steps_may_come_before_or_without_their_thread(store, imported):
    await imported(store, lines(step("s", thread_id="t"), thread("t", name="late")))
    summary = await store.read(reads.thread_summary, "copy", "t")
    assert summary is not None
    assert (summary.name, summary.step_count) == ("late", 1)


async def test_the_same_row_twice_is_one_row(store, imported):
    await imported(store, lines(thread("t"), step("s", thread_id="t", name="1"), step("s", thread_id="t", name="2")))
    found = await store.read(reads.step, "copy", "s")
    assert found is not None
    assert found.name == "2"


@pytest.mark.parametrize("content", [b"", b"\n", b"nonsense", b"5", b'{"a": 1}', b"[1]"])
async def test_what_is_no_export_at_all_is_said_to_be_none(store, imported, content):
    with pytest.raises(Refused, match=r"no JSON|neither lines of an export nor threads"):
        await imported(store, content)


async def test_an_import_never_touches_another_project(store, imported):
    await store.write(writes.upsert_thread, "mine", ThreadUpdate(id="t", name="mine"), received_at=_noon())
    await imported(store, lines(thread("t", name="theirs")))
    mine = await store.read(reads.thread_summary, "mine", "t")
    assert mine is not None
    assert mine.name == "mine"


def _noon():
    from review.ingest.coerce import time

    return time(MADE["created_at"])
