"""The outbox against a list in memory: any order of put, lease, ack, release, bury and crashes of either side."""

import shutil
import tempfile
from pathlib import Path

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from monitor.backlog import Backlog
from monitor.buried import Graveyard
from monitor.losses import Losses
from monitor.outbox import Outbox
from monitor.records import Kind
from monitor.segments import Leased, segments
from settings import MonitorSettings


class Time:
    """Moves on with every question, so that two puts never share an instant."""

    def __init__(self) -> None:
        self.now = 1_763_672_000.0

    def seconds(self) -> float:
        return self.wall()

    def wall(self) -> float:
        self.now += 0.01
        return self.now


class OutboxMachine(RuleBasedStateMachine):
    """The model: `waiting` are ids in the order they were put and written; a crash may only repeat, never lose."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp()) / "outbox"
        self.time = Time()
        self.settings = MonitorSettings(outbox_segment_bytes=4_096)
        self.waiting: list[str] = []
        self.unwritten: list[str] = []
        self.leased: list[Leased] = []
        self.buried: list[str] = []
        self.number = 0

    @initialize()
    def begin(self) -> None:
        self.workers = [self.new_worker(), self.new_worker()]
        self.begin_delivery()

    def new_worker(self) -> Outbox:
        outbox = Outbox(self.folder, self.settings, clock=self.time)
        outbox._ensure_thread = lambda: None
        return outbox

    def begin_delivery(self) -> None:
        self.backlog = Backlog(self.folder, Losses(self.folder, self.time), self.time, max_age_seconds=1e9)
        self.leased = []

    @rule(worker=st.integers(0, 1), size=st.integers(0, 2_000))
    def put_and_write(self, worker: int, size: int) -> None:
        self.number += 1
        name = str(self.number)
        self.workers[worker].put(Kind.STEP, orjson.dumps({"id": name, "name": "n" * size}))
        self.workers[worker].write_pending()
        self.waiting.append(name)

    @rule(worker=st.integers(0, 1))
    def crash_a_worker(self, worker: int) -> None:
        """A killed process: its files close, its lock goes, what it put and had not written is gone."""
        self.number += 1
        self.workers[worker].put(Kind.STEP, orjson.dumps({"id": f"never written {self.number}"}))
        self.workers[worker]._end_segment()
        self.workers[worker] = self.new_worker()

    @rule(worker=st.integers(0, 1), torn=st.binary(min_size=1, max_size=40).filter(lambda b: b"\n" not in b))
    def crash_in_the_middle_of_a_write(self, worker: int, torn: bytes) -> None:
        segment = self.workers[worker]._segment
        self.workers[worker]._end_segment()
        if segment is not None and segment.path.exists():
            with segment.path.open("ab") as file:
                file.write(torn)
        self.workers[worker] = self.new_worker()

    @precondition(lambda self: not self.leased)
    @rule(most=st.integers(1, 20))
    def lease(self, most: int) -> None:
        if self.backlog.acquire():
            self.backlog.refresh()
            self.leased = self.backlog.lease(most, 10_000)
            got = [one.record.identity() for one in self.leased]
            assert got == self.waiting[: len(got)]
            assert got or not self.waiting

    @precondition(lambda self: self.leased)
    @rule(data=st.data())
    def ack_some_and_release(self, data: st.DataObject) -> None:
        acked = data.draw(st.lists(st.sampled_from(self.leased), unique_by=lambda one: (one.reader.path, one.start)))
        self.backlog.ack(acked)
        self.forget([one.record.identity() for one in acked])
        self.backlog.release()
        self.leased = []

    @precondition(lambda self: self.leased)
    @rule(data=st.data())
    def bury_one_and_release(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.leased))
        self.backlog.bury(one, "bad")
        self.forget([one.record.identity()])
        self.buried.append(one.record.identity())
        self.backlog.release()
        self.leased = []

    @rule()
    def crash_the_delivery(self) -> None:
        """Everything that was acked before the first gap stays done; what came after it may be sent again."""
        acked_after_a_gap = self.sent_again()
        self.backlog.close()
        self.begin_delivery()
        assert self.backlog.acquire() or not self.folder.exists()
        self.backlog.refresh()
        now = [one.record.identity() for one in self.backlog.lease(10_000, 10**9)]
        self.backlog.release()
        assert set(self.waiting) <= set(now), "a crash loses nothing"
        assert set(now) - set(self.waiting) <= acked_after_a_gap, "and repeats only what was acked out of order"
        self.waiting = now

    def sent_again(self) -> set[str]:
        """Records that are settled beyond a segment's `done`."""
        again: set[str] = set()
        for reader in self.backlog._readers.values():
            data = reader.path.read_bytes() if reader.path.exists() else b""
            for start, end in reader._settled.items():
                line = data[start:end]
                if line.count(b" ") >= 4 and line.endswith(b"}\n"):
                    again.add(orjson.loads(line.split(b" ", 4)[4])["id"])
        return again

    def forget(self, names: list[str]) -> None:
        self.waiting = [name for name in self.waiting if name not in names]

    @invariant()
    def the_buried_are_kept(self) -> None:
        assert [one.record.identity() for one in Graveyard(self.folder).all()] == self.buried

    def teardown(self) -> None:
        if not hasattr(self, "backlog"):
            return
        for worker in self.workers:
            worker._end_segment()
        if self.backlog.acquire():
            self.backlog.release()
            self.backlog.refresh()
            rest = self.backlog.lease(10_000, 10**9)
            assert [one.record.identity() for one in rest] == self.waiting
            self.backlog.ack(rest)
            self.backlog.release()
            self.backlog.refresh()
            assert segments(self.folder) == [], "what is done leaves the disk"
        self.backlog.close()
        shutil.rmtree(self.folder.parent)


TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
