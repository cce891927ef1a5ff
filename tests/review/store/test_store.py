"""The doors: what an answer means, what a failure spoils, and that nobody waits for anybody else's lock."""

import asyncio
import threading

import pytest
from sqlalchemy import Connection, text

from review.errors import Busy, NotFound, Refused
from review.records import StepUpdate, ThreadUpdate
from review.store import Store, group_commit, reads, writes

PROJECT = "weather-app"


async def test_a_write_that_fails_spoils_no_other_of_its_group(store, at):
    def fail(conn: Connection) -> None:
        writes.upsert_thread(conn, PROJECT, ThreadUpdate(id="half"), received_at=at(0))
        raise NotFound("on purpose")

    good = [
        store.write(writes.upsert_thread, PROJECT, ThreadUpdate(id=str(number)), received_at=at(0))
        for number in range(20)
    ]
    results = await asyncio.gather(*good[:10], store.write(fail), *good[10:], return_exceptions=True)
    assert [type(result) for result in results if result is not None] == [NotFound]
    assert (await store.read(reads.threads_page, PROJECT)).total == 20
    assert await store.read(reads.thread_summary, PROJECT, "half") is None


async def test_an_error_of_the_database_spoils_no_other_of_its_group(store, at):
    broken = store.write(lambda conn: conn.execute(text("SELECT nonsense")))
    good = store.write(writes.upsert_thread, PROJECT, ThreadUpdate(id="t"), received_at=at(0))
    results = await asyncio.gather(broken, good, return_exceptions=True)
    assert isinstance(results[0], Exception)
    assert await store.read(reads.thread_summary, PROJECT, "t") is not None


async def test_what_was_answered_is_there_after_a_restart(store_url, at):
    first = await Store.open(store_url)
    await first.write(writes.save_steps, PROJECT, [StepUpdate(id="s")], environment=None, received_at=at(0))
    await first.close()
    second = await Store.open(store_url)
    assert await second.read(reads.step, PROJECT, "s") is not None
    await second.close()


async def test_a_reader_does_not_wait_for_a_writer_and_sees_what_is_committed(store, at):
    writing, go_on = threading.Event(), threading.Event()

    def slow(conn: Connection) -> None:
        writes.upsert_thread(conn, PROJECT, ThreadUpdate(id="t"), received_at=at(0))
        writing.set()
        assert go_on.wait(30)

    write = asyncio.create_task(store.write(slow))
    assert await asyncio.to_thread(writing.wait, 30)
    assert await store.read(reads.thread_summary, PROJECT, "t") is None
    go_on.set()
    await write
    assert await store.read(reads.thread_summary, PROJECT, "t") is not None


async def test_a_read_can_not_write(store, at):
    with pytest.raises(Exception, match=r"readonly|read-only"):
        await store.read(writes.upsert_thread, PROJECT, ThreadUpdate(id="t"), received_at=at(0))


async def test_a_read_sees_one_moment(store, at):
    reading, go_on = threading.Event(), threading.Event()

    def twice(conn: Connection) -> tuple[int, int]:
        before = reads.threads_page(conn, PROJECT).total
        reading.set()
        assert go_on.wait(30)
        return before, reads.threads_page(conn, PROJECT).total

    read = asyncio.create_task(store.read(twice))
    assert await asyncio.to_thread(reading.wait, 30)
    await store.write(writes.upsert_thread, PROJECT, ThreadUpdate(id="t"), received_at=at(0))
    go_on.set()
    assert await read == (0, 0)


async def test_the_doors_work_from_other_event_loops(store, at):
    def elsewhere() -> int:
        async def both() -> int:
            await store.write(writes.upsert_thread, PROJECT, ThreadUpdate(id="t"), received_at=at(0))
            return (await store.read(reads.threads_page, PROJECT)).total

        return asyncio.run(both())

    assert await asyncio.to_thread(elsewhere) == 1


@pytest.fixture
async def second_store(store, store_url):
    """Another store on the same database, as another server process has it."""
    second = await Store.open(store_url)
    yield second
    await second.close()


async def test_two_stores_on_one_database_lose_nothing(store, second_store, at):
    """With steps that are sent twice, to different threads, and one new participant, all at once."""
    stores = [store, second_store]

    async def save(store: Store, number: int) -> None:
        step = StepUpdate(id=str(number // 2), thread_id=f"t{number % 3}", type="user_message")
        await store.write(writes.save_steps, PROJECT, [step], environment=None, received_at=at(0))
        change = ThreadUpdate(id=f"t{number % 3}", participant="ann")
        await store.write(writes.upsert_thread, PROJECT, change, received_at=at(0))

    await asyncio.gather(*(save(stores[number % 2], number) for number in range(40)))
    page = await stores[0].read(reads.threads_page, PROJECT)
    assert {row.participant_identifier for row in page.rows} == {"ann"}
    for row in page.rows:
        assert row.step_count == row.turn_count == len(await stores[1].read(reads.thread_steps, PROJECT, row.id))


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_a_full_queue_says_come_back_and_stores_nothing_of_it(store, at, monkeypatch):
    monkeypatch.setattr(group_commit, "_MOST_WAITING", 1)
    started, go_on = threading.Event(), threading.Event()

    def block(_conn: Connection) -> None:
        started.set()
        assert go_on.wait(30)

    blocking = asyncio.create_task(store.write(block))
    assert await asyncio.to_thread(started.wait, 30)
    waiting = asyncio.create_task(store.write(writes.upsert_thread, PROJECT, ThreadUpdate(id="t"), received_at=at(0)))
    await asyncio.sleep(0)
    with pytest.raises(Busy) as refused:
        await store.write(writes.upsert_thread, PROJECT, ThreadUpdate(id="u"), received_at=at(0))
    assert refused.value.retry_after > 0
    go_on.set()
    await asyncio.gather(blocking, waiting)
    assert [row.id for row in (await store.read(reads.threads_page, PROJECT)).rows] == ["t"]


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_too_many_bytes_waiting_are_refused_but_one_large_write_is_not(store, monkeypatch):
    monkeypatch.setattr(group_commit, "_MOST_WAITING_BYTES", 100)
    started, go_on = threading.Event(), threading.Event()

    def block(_conn: Connection) -> None:
        started.set()
        assert go_on.wait(30)

    blocking = asyncio.create_task(store.write(block))
    assert await asyncio.to_thread(started.wait, 30)
    large = asyncio.create_task(store.write_sized(1_000, lambda _conn: "stored"))
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await store.write_sized(1, lambda _conn: None)
    go_on.set()
    assert await large == "stored"
    await blocking


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_a_caller_that_gave_up_before_its_turn_is_skipped(store, at):
    started, go_on = threading.Event(), threading.Event()

    def block(_conn: Connection) -> None:
        started.set()
        assert go_on.wait(30)

    blocking = asyncio.create_task(store.write(block))
    assert await asyncio.to_thread(started.wait, 30)
    given_up = asyncio.create_task(store.write(writes.upsert_thread, PROJECT, ThreadUpdate(id="t"), received_at=at(0)))
    await asyncio.sleep(0)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    go_on.set()
    await blocking
    assert await store.read(reads.thread_summary, PROJECT, "t") is None


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_closing_writes_what_was_accepted(store_url, at):
    store = await Store.open(store_url)
    accepted = [
        asyncio.create_task(store.write(writes.upsert_thread, PROJECT, ThreadUpdate(id=str(n)), received_at=at(0)))
        for n in range(200)
    ]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*accepted)
    with pytest.raises(Busy):
        await store.write(lambda _conn: None)
    again = await Store.open(store_url)
    assert (await again.read(reads.threads_page, PROJECT)).total == 200
    await again.close()


@pytest.mark.parametrize("url", ["mysql://host/db", "sqlite://", "sqlite:///:memory:", "nonsense"])
async def test_a_url_without_a_store_is_refused(url):
    with pytest.raises(Refused):
        await Store.open(url)
