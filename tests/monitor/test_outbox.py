"""The promises of the outbox that need no crash: bounds, damage, a full disk, several workers, forks."""

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from monitor.backlog import Backlog
from monitor.buried import Graveyard
from monitor.losses import Losses, written_losses
from monitor.outbox import Outbox
from monitor.records import Kind
from monitor.segments import segments
from settings import MonitorSettings


def ids(folder: Path, clock: object, *, max_age_seconds: float = 1e9, workers: int = 1) -> list[str]:
    """What a new deliverer would lease, in its order."""
    backlog = Backlog(folder, Losses(folder, clock), clock, max_age_seconds=max_age_seconds)
    assert backlog.acquire()
    backlog.refresh()
    leased = backlog.lease(100_000, 10**9)
    backlog.close()
    return [one.record.identity() for one in leased]


def test_put_never_touches_the_disk(bench: Callable, folder: Path) -> None:
    outbox = bench().outbox()
    for number in range(1000):
        outbox.put(Kind.STEP, b'{"id":"%d"}' % number)
    assert not folder.exists()
    assert outbox.in_memory()[0] == 1000


def test_records_come_back_in_the_order_they_were_put(bench: Callable, folder: Path, clock: object) -> None:
    b = bench()
    outbox = b.outbox()
    b.put(outbox, "a", "b")
    b.put(outbox, "c")
    assert ids(folder, clock) == ["a", "b", "c"]


async def test_written_is_true_once_everything_is_on_disk(folder: Path, clock: object) -> None:
    outbox = Outbox(folder, MonitorSettings())
    for number in range(100):
        outbox.put(Kind.STEP, b'{"id":"%d"}' % number)
    assert await outbox.written(10)
    assert len(await asyncio.to_thread(ids, folder, clock)) == 100
    await asyncio.to_thread(outbox.close, 5)


async def test_written_has_nothing_to_wait_for_when_nothing_was_put(folder: Path) -> None:
    outbox = Outbox(folder, MonitorSettings())
    assert await outbox.written(0)
    assert outbox.written_sync(0)
    assert outbox._thread is None


async def test_many_tasks_and_threads_wait_at_once(folder: Path) -> None:
    outbox = Outbox(folder, MonitorSettings())

    async def one(number: int) -> bool:
        outbox.put(Kind.STEP, b'{"id":"%d"}' % number)
        if number % 3 == 0:
            return await asyncio.to_thread(outbox.written_sync, 10)
        return await outbox.written(10)

    assert all(await asyncio.gather(*(one(number) for number in range(60))))
    await asyncio.to_thread(outbox.close, 5)


def test_several_event_loops_share_an_outbox(folder: Path) -> None:
    outbox = Outbox(folder, MonitorSettings())
    answers: list[bool] = []

    async def write(name: str) -> None:
        for number in range(20):
            outbox.put(Kind.STEP, orjson.dumps({"id": f"{name}{number}"}))
            answers.append(await outbox.written(10))

    threads = [threading.Thread(target=lambda n=n: asyncio.run(write(n))) for n in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 60
    outbox.close(5)


async def test_a_full_disk_loses_nothing_that_memory_can_hold(
    bench: Callable, folder: Path, clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    b = bench()
    outbox = b.outbox()
    await asyncio.to_thread(b.put, outbox, "before")
    write = os.write

    def no_space(fd: int, data: bytes) -> int:
        if len(data) > 10:
            return write(fd, data[: len(data) // 2])  # the disk takes a part of it…
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("monitor.segments.os.write", no_space)
    outbox.put(Kind.STEP, orjson.dumps({"id": "during"}))
    written = asyncio.ensure_future(outbox.written(10))
    await asyncio.sleep(0)
    await asyncio.to_thread(outbox.write_pending)
    assert await written is False, "an answer does not wait for a full disk"
    assert outbox.in_memory()[0] == 1
    assert await asyncio.to_thread(ids, folder, clock) == ["before"], "nothing torn is left behind"

    monkeypatch.setattr("monitor.segments.os.write", write)
    b.clock.pass_(2)
    await asyncio.to_thread(outbox.write_pending)
    assert outbox.in_memory() == (0, 0, None)
    assert await asyncio.to_thread(ids, folder, clock) == ["before", "during"]


def test_a_disk_that_stays_full_costs_memory_up_to_its_bound(
    bench: Callable, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    b = bench(outbox_memory_bytes=100_000)
    outbox = b.outbox()
    folder.parent.joinpath("outbox").write_text("a file where the folder should be")
    for number in range(300):
        b.put(outbox, str(number), size=1_000)
    records, size, _ = outbox.in_memory()
    assert size <= 100_000
    assert outbox.losses.by_reason() == {"memory full": 300 - records}


def test_a_torn_write_that_can_not_be_undone_costs_only_itself(
    bench: Callable, folder: Path, clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    b = bench()
    outbox = b.outbox()
    b.put(outbox, "before")
    write = os.write
    with monkeypatch.context() as broken:

        def half(fd: int, data: bytes) -> int:
            if len(data) > 10:
                return write(fd, data[: len(data) // 2])
            raise OSError(5, "Input/output error")

        def no_truncate(fd: int, size: int) -> None:
            raise OSError(5, "Input/output error")

        broken.setattr("monitor.segments.os.write", half)
        broken.setattr("monitor.segments.os.ftruncate", no_truncate)
        b.put(outbox, "during")
    clock.pass_(2)
    b.put(outbox, "after")
    assert ids(folder, clock) == ["before", "during", "after"]


def test_refuse_new_keeps_what_was_there(bench: Callable, folder: Path, clock: object) -> None:
    b = bench(outbox_max_bytes=100_000, outbox_segment_bytes=20_000)
    outbox = b.outbox()
    for number in range(200):
        clock.pass_(1)
        b.put(outbox, str(number), size=1_000)
    kept = ids(folder, clock)
    assert kept == [str(number) for number in range(len(kept))]
    assert 80 < len(kept) < 100
    assert outbox.losses.by_reason() == {"backlog full: new refused": 200 - len(kept)}
    assert written_losses(folder) == outbox.losses.by_reason()


def test_refused_steps_are_taken_again_when_the_backlog_has_shrunk(bench: Callable, literal_api: object) -> None:
    b = bench(literal_api.url, outbox_max_bytes=100_000, outbox_segment_bytes=20_000)
    outbox, delivery = b.outbox(), b.delivery()
    for number in range(120):
        b.put(outbox, str(number), size=1_000)
    assert outbox.losses.by_reason()
    while delivery.turn() == 0:
        pass
    b.clock.pass_(1)
    b.put(outbox, "new", size=1_000)
    b.clock.pass_(1)
    delivery.turn()
    assert "new" in literal_api.steps


def test_drop_oldest_keeps_what_is_new(bench: Callable, folder: Path, clock: object) -> None:
    b = bench(outbox_max_bytes=100_000, outbox_segment_bytes=20_000, outbox_when_full="drop_oldest")
    outbox = b.outbox()
    for number in range(200):
        clock.pass_(1)
        b.put(outbox, str(number), size=1_000)
    kept = ids(folder, clock)
    assert kept == [str(number) for number in range(200 - len(kept), 200)]
    assert 60 < len(kept) < 100
    assert outbox.losses.by_reason() == {"backlog full: oldest dropped": 200 - len(kept)}


def test_what_is_too_old_is_given_up(bench: Callable, folder: Path, clock: object) -> None:
    b = bench()
    outbox = b.outbox()
    b.put(outbox, "old")
    clock.pass_(3600)
    b.put(outbox, "new")
    losses = Losses(folder, clock)
    backlog = Backlog(folder, losses, clock, max_age_seconds=1800)
    assert backlog.acquire()
    backlog.refresh()
    assert [one.record.identity() for one in backlog.lease(10, 10_000)] == ["new"]
    assert losses.by_reason() == {"too old": 1}
    backlog.close()


def test_a_clock_that_jumps_gives_up_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from monitor import clock

    system = clock.SystemClock()
    before = system.wall()
    monkeypatch.setattr(clock.time, "time", lambda: before + 10 * 365 * 86_400)
    assert system.wall() - before < 3600


def test_a_step_that_is_too_large_keeps_its_place_without_its_content(
    bench: Callable, folder: Path, clock: object
) -> None:
    b = bench(outbox_step_bytes=1_000)
    outbox = b.outbox()
    b.put(outbox, "large", size=5_000)
    backlog = Backlog(folder, Losses(folder, clock), clock, max_age_seconds=1e9)
    backlog.acquire()
    backlog.refresh()
    (leased,) = backlog.lease(10, 10_000)
    told = orjson.loads(leased.record.content)
    assert told["threadId"] == "t"
    assert "larger than 1000 bytes" in told["metadata"]["withheld"]
    assert "name" not in told
    assert outbox.losses.by_reason() == {"step too large: content withheld": 1}
    backlog.close()


@pytest.mark.parametrize("damage", [b"", b"garbage", b"\n\n\n", b"00000000 1 step - {}\n", b"\xff\xfe\x00"])
def test_a_damaged_line_costs_only_itself(bench: Callable, folder: Path, clock: object, damage: bytes) -> None:
    b = bench()
    outbox = b.outbox()
    b.put(outbox, "a", "b", "c")
    outbox._end_segment()
    (segment,) = segments(folder)
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(lines[0] + damage + b"\n" + lines[1][:-7] + b"x\n" + lines[2] + lines[2][:20])
    losses = Losses(folder, clock)
    backlog = Backlog(folder, losses, clock, max_age_seconds=1e9)
    backlog.acquire()
    backlog.refresh()
    leased = backlog.lease(10, 10_000)
    assert [one.record.identity() for one in leased] == ["a", "c"]
    backlog.ack(leased)
    backlog.release()
    backlog.refresh()
    assert segments(folder) == [], "a torn end does not keep a segment for ever"
    assert losses.by_reason()["damaged on disk: in quarantine"] >= 2
    assert lines[1][:20] in (folder / "quarantine" / segment.name).read_bytes()
    backlog.close()


def test_whatever_lies_in_the_folder_the_service_starts(bench: Callable, folder: Path, clock: object) -> None:
    folder.mkdir()
    (folder / "0-1-a.segment").mkdir()
    (folder / "1-1-a.segment").write_bytes(os.urandom(5_000))
    (folder / "1-1-a.done").write_bytes(b"what?")
    (folder / "2-1-a.segment").write_bytes(b"")
    (folder / "2-1-a.done").write_bytes(b"00000000000000009999\n")
    (folder / "buried.jsonl").write_bytes(b'{"torn')
    (folder / "losses.jsonl").write_bytes(b'[1]\n{"torn')
    b = bench()
    b.put(b.outbox(), "new")
    assert ids(folder, clock) == ["new"]
    assert Graveyard(folder).all() == []
    assert written_losses(folder).keys() <= {"damaged on disk: in quarantine"}


def test_two_workers_share_one_backlog(bench: Callable, folder: Path, clock: object, literal_api: object) -> None:
    b = bench(literal_api.url)
    first, second = b.outbox(), b.outbox()
    delivering, standing_by = b.delivery(), b.delivery()
    for turn in range(10):
        clock.pass_(1)
        b.put(first, f"a{turn}")
        clock.pass_(1)
        b.put(second, f"b{turn}")
    delivering.turn()
    standing_by.turn()
    assert delivering.delivering
    assert not standing_by.delivering
    while delivering.turn() == 0:
        pass
    expected = [f"{name}{turn}" for turn in range(10) for name in "ab"]
    assert literal_api.order == expected, "one thread's turns on two workers leave in the order they were put"

    delivering.close()  # as at the end of its process
    b.put(second, "later")
    clock.pass_(2)
    standing_by.turn()
    assert literal_api.order == [*expected, "later"]


def test_a_buried_record_waits_for_a_person(bench: Callable, folder: Path, clock: object, literal_api: object) -> None:
    literal_api.unwanted = {"bad"}
    b = bench(literal_api.url)
    b.put(b.outbox(), "good", "bad", "fine")
    delivery = b.delivery()
    delivery.turn()
    (buried,) = Graveyard(folder).all()
    assert (buried.record.identity(), buried.reason) == ("bad", "unwanted")
    assert literal_api.steps.keys() == {"good", "fine"}

    delivery.turn()
    assert literal_api.requests == 1, "it is not sent again by itself"
    literal_api.unwanted = set()
    assert Graveyard(folder).retry({"bad"}, clock.wall()) == 1
    clock.pass_(2)
    delivery.turn()
    assert literal_api.steps.keys() == {"good", "fine", "bad"}
    assert Graveyard(folder).all() == []


def test_a_forked_child_writes_its_own_segment(folder: Path, clock: object) -> None:
    outbox = Outbox(folder, MonitorSettings())
    outbox.put(Kind.STEP, b'{"id":"parent"}')
    assert outbox.written_sync(10)
    outbox.put(Kind.STEP, b'{"id":"pending"}')
    child = os.fork()
    if child == 0:
        outbox.put(Kind.STEP, b'{"id":"child"}')
        os._exit(0 if outbox.written_sync(10) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert outbox.written_sync(10)
    outbox.put(Kind.STEP, b'{"id":"after"}')
    outbox.close(5)
    assert sorted(ids(folder, clock)) == ["after", "child", "parent", "pending"]
    assert len(segments(folder)) == 2


def test_nothing_is_taken_after_close(folder: Path, clock: object) -> None:
    outbox = Outbox(folder, MonitorSettings())
    outbox.put(Kind.STEP, b'{"id":"before"}')
    outbox.close(5)
    outbox.put(Kind.STEP, b'{"id":"after"}')
    assert ids(folder, clock) == ["before"]
    assert outbox.losses.by_reason() == {"put after close": 1}


def test_full_synchronous_syncs_before_it_says_written(
    bench: Callable, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr("monitor.segments.os.fdatasync", synced.append)
    b = bench(outbox_synchronous="FULL")
    b.put(b.outbox(), "a")
    assert len(synced) == 1
    normal = bench()
    normal.put(normal.outbox(), "b")
    assert len(synced) == 1
