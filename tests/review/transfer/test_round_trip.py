"""What is exported comes back as it was, on either engine, in another project, as often as one likes."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from review.files.folder import Folder
from review.files.keys import key_of
from review.records import StepUpdate, ThreadUpdate
from review.store import Store, reads, writes
from review.store.participants import create_participant, participant
from review.store.portable import KINDS, STAYS, WITH_THREADS, Chosen
from review.store.tables import metadata

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
FILE = "2026-11-20/019a0000-0000-7000-8000-000000000000"


def kinds_of(export: bytes) -> list[str]:
    return [json.loads(line)["kind"] for line in export.splitlines()]


def ids_of(export: bytes, kind: str) -> list[str]:
    return [row["id"] for row in map(json.loads, export.splitlines()) if row["kind"] == kind]


def test_every_table_is_carried_along_or_stays_for_a_reason():
    carried = {kind.table.name for kind in KINDS.values()}
    assert carried | STAYS.keys() == {table.name for table in metadata.sorted_tables}
    assert not carried & STAYS.keys()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_is_left_out_of_a_row_can_be_left_out(kind):
    left_out = [kind.table.c[name] for name in kind.derived]
    assert all(column.nullable or column.server_default is not None for column in left_out)


async def test_a_copy_is_equal_byte_by_byte(filled, exported, imported, rows):
    first = await exported(filled)
    for _ in range(2):
        await imported(filled, first)
        assert await exported(filled, "copy") == first
        assert await rows(filled, "copy") == await rows(filled, "weather-app") == len(first.splitlines()) - 1


async def test_a_copy_on_the_other_engine_is_equal_too(filled, exported, imported, tmp_path, request):
    first = await exported(filled)
    is_sqlite = filled.engine == "sqlite"
    url = request.getfixturevalue("empty_postgres_url") if is_sqlite else f"sqlite:///{tmp_path / 'other.db'}"
    other = await Store.open(url)
    await imported(other, first, "weather-app")
    assert await exported(other) == first
    await other.close()


async def test_a_copy_reads_as_the_original(filled, exported, imported):
    await imported(filled, await exported(filled))
    for thread_id in ("B", "a", "ä", "later"):
        original = await filled.read(reads.thread_summary, "weather-app", thread_id)
        copy = await filled.read(reads.thread_summary, "copy", thread_id)
        assert original is not None
        assert original.token_count == (None if thread_id == "later" else 14)
        assert copy == original
        assert await filled.read(reads.thread_steps, "copy", thread_id) == await filled.read(
            reads.thread_steps, "weather-app", thread_id
        )
    found = await filled.read(reads.threads_page, "copy", search="ünïcode 日本")
    assert {thread.id for thread in found.rows} == {"B", "a", "ä"}


async def test_threads_come_whole_in_the_order_they_were_made(filled, exported):
    kinds = kinds_of(await exported(filled))
    assert kinds[:4] == ["export", "participant", "participant", "thread"]
    others = [kind for kind in KINDS if kind not in {"participant", *WITH_THREADS} for _ in range(3)]
    of_thread = ["thread", *["step"] * 3, *["score"] * 3, *["attachment"] * 3]
    assert kinds[3:] == [*of_thread * 3, "thread", "step", "attachment", "score", *others]
    assert ids_of(await exported(filled), "thread") == ["B", "a", "ä", "later"]


async def test_chosen_threads_come_with_their_people_and_nothing_else(filled, exported):
    one = await exported(filled, chosen=Chosen(ids=["a"]))
    assert (ids_of(one, "thread"), len(ids_of(one, "participant")), "loose" in ids_of(one, "step")) == (["a"], 1, False)
    tomorrow = NOON + timedelta(days=1)
    assert ids_of(await exported(filled, chosen=Chosen(since=tomorrow)), "thread") == ["later"]
    assert ids_of(await exported(filled, chosen=Chosen(until=tomorrow)), "thread") == ["B", "a", "ä"]
    assert kinds_of(await exported(filled, chosen=Chosen(ids=["nobody"]))) == ["export"]


async def test_many_rows_are_read_in_pieces(store, exported, imported):
    steps = [StepUpdate(id=f"step {n}", name=f"{n}") for n in range(450)]
    await store.write(writes.save_steps, "weather-app", steps, environment=None, received_at=NOON)
    for n in range(450):
        await store.write(create_participant, "weather-app", f"person {n}", now=NOON)
    first = await exported(store)
    assert sorted(ids_of(first, "step")) == sorted(step.id for step in steps)
    assert kinds_of(first).count("participant") == 450
    await imported(store, first)
    assert await exported(store, "copy") == first


async def test_another_project_is_never_part_of_it(filled, exported):
    await filled.write(writes.upsert_thread, "another", ThreadUpdate(id="secret"), received_at=NOON)
    assert b"secret" not in await exported(filled)
    assert kinds_of(await exported(filled, "nobody")) == ["export"]


async def test_a_person_who_is_known_here_stays_who_they_are(filled, exported, imported):
    known = await filled.write(create_participant, "copy", "person 0", metadata={"mine": 1}, now=NOON)
    await imported(filled, await exported(filled))
    thread = await filled.read(reads.thread_summary, "copy", "B")
    assert thread is not None
    assert (thread.participant_id, thread.participant_identifier) == (known.id, "person 0")
    assert await filled.read(participant, "copy", identifier="person 0") == known


async def test_an_import_adds_to_what_is_there(filled, exported, imported):
    given = StepUpdate(id="B step 0", thread_id="mine", name="kept", output={"mine": 1})
    await filled.write(writes.save_steps, "copy", [given], environment=None, received_at=NOON)
    await imported(filled, await exported(filled))
    step = await filled.read(reads.step, "copy", "B step 0")
    assert step is not None
    assert (step.name, step.thread_id) == ("kept", "B")
    left = await filled.read(reads.thread_summary, "copy", "mine")
    assert left is not None
    assert left.step_count == 0


async def test_files_are_copied_when_there_is_a_folder_for_them(filled, exported, imported, tmp_path):
    async def content():
        yield b"the file"

    ours, carried, theirs = (Folder(tmp_path / name) for name in ("ours", "carried", "theirs"))
    without = await exported(filled, files=ours, folder=carried)
    assert await carried.size(FILE) is None
    await ours.save(key_of("weather-app", FILE), content())
    assert await exported(filled, files=ours, folder=carried) == without
    assert await carried.size(FILE) == 8
    counts = await imported(filled, without, files=theirs, folder=carried)
    assert (counts["file"], counts.get("missing file")) == (9, None)
    assert await theirs.size(key_of("copy", FILE)) == 8
    step = await filled.read(reads.step, "copy", "B step 0")
    assert step is not None
    assert step.attachments[0].object_key == key_of("copy", FILE)
    assert (await imported(filled, without, files=theirs, folder=Folder(tmp_path / "empty")))["missing file"] == 9
