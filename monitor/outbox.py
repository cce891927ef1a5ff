"""The outbox: steps and threads that the server is not yet known to have.

What it promises, each with the test that holds it to it (tests/monitor/test_outbox.py unless said otherwise):

 1. `put` touches memory only and takes the same time however much waits.  test_put_never_touches_the_disk
 2. What was put before `written()` said True survives a killed process; with `synchronous=FULL` a power cut as well.
    test_kill.py: test_what_was_written_survives_a_killed_process
 3. `written()` says False, at once, when the disk does not take the records; they stay in memory, bounded, and are
    written when it does.  test_a_full_disk_loses_nothing_that_memory_can_hold
 4. Records leave in the order they were put; those of several workers are merged by the time they were put.
    test_outbox_machine.py
 5. Only the holder of `delivery.lock` leases. The kernel ends the lock with its process, so a lease needs no time
    limit and no clock.  test_two_workers_share_one_backlog
 6. A record is done only when it was acked or is in the file of the buried; an end of the process in between sends it
    again.  test_outbox_machine.py
 7. A buried record keeps its content and its reason, and is not sent again until somebody says so.
    test_a_buried_record_waits_for_a_person
 8. The backlog is bounded by bytes and by age; what is lost by that is counted by reason.
    test_refuse_new_keeps_what_was_there, test_drop_oldest_keeps_what_is_new, test_what_is_too_old_is_given_up
 9. A damaged line costs itself, and is kept in `quarantine/`; whatever lies in the folder, the service starts.
    test_a_damaged_line_costs_only_itself
10. A forked child shares nothing with its parent but the folder.  test_a_forked_child_writes_its_own_segment
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from monitor.clock import Clock, SystemClock
from monitor.forks import begin_anew_in_children
from monitor.losses import Losses
from monitor.masking import Masker, without_content
from monitor.records import Kind, Record, to_line
from monitor.segments import SegmentWriter, bytes_waiting, delete, has_ended, lines_waiting, segments
from monitor.wakeup import Barrier, Wakeup, answer
from settings import MonitorSettings

log = logging.getLogger("monitor")

POLL_SECONDS = 0.02
POLLS_BEFORE_PARKING = 50
RETRY_DISK_SECONDS = 1.0
MEASURE_AGAIN_SECONDS = 0.2
LINES_PER_APPEND = 256


class Unwritten(NamedTuple):
    """A line the disk has not taken yet, and what it occupies in memory."""

    line: bytes
    put_at: int
    size: int


class Outbox:
    """The writing side, one per process: memory, the thread that commits in groups, and this process's segments."""

    def __init__(
        self, folder: Path, settings: MonitorSettings, *, masker: Masker | None = None, clock: Clock | None = None
    ) -> None:
        """Keep records in `folder`, which is made with the first record. Starts nothing."""
        self.folder = folder
        self.clock: Clock = clock or SystemClock()
        self.losses = Losses(folder, self.clock)
        self.masker = masker or Masker(self.losses)
        self._settings = settings
        self._begin()
        begin_anew_in_children(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._wakeup = Wakeup()
        self._pending: list[Record | Barrier] = []
        self._unwritten: deque[Unwritten] = deque()
        self._memory_bytes = 0
        self._oldest_pending: int | None = None
        self._busy = False
        self._parked = False
        self._closing = False
        self._thread: threading.Thread | None = None
        self._segment: SegmentWriter | None = None
        self._disk_fails_until = float("-inf")
        self._backlog_bytes = 0
        self._measured_at = float("-inf")

    # ---- called by whoever has something to record

    def put(self, kind: Kind, content: bytes, environment: str | None = None) -> None:
        """Take a step or thread, as JSON. Memory only; never waits, never raises."""
        record = Record(kind, environment, int(self.clock.wall() * 1_000_000), content)
        with self._lock:
            if self._closing or self._memory_bytes + len(content) > self._settings.outbox_memory_bytes:
                self.losses.count("put after close" if self._closing else "memory full")
                return
            self._pending.append(record)
            self._memory_bytes += len(content)
            parked, self._parked = self._parked, False
            self._ensure_thread()
        if parked:
            self._wakeup.set()

    async def written(self, timeout: float) -> bool:  # noqa: ASYNC109  # a time limit whose answer is False, not an error
        """Wait until everything put so far, by anyone, is on disk.

        Returns:
            False when the disk did not take it, or not within `timeout` seconds.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        if not self._queue(Barrier(future, loop)):
            return True
        alarm = loop.call_later(timeout, answer, [future], False)
        try:
            return await future
        finally:
            alarm.cancel()

    def written_sync(self, timeout: float) -> bool:
        """The same for a thread without an event loop."""
        barrier = Barrier()
        return barrier.wait(timeout) if self._queue(barrier) else True

    def _queue(self, barrier: Barrier) -> bool:
        """Put a barrier behind what is pending; False when there is nothing to wait for."""
        with self._lock:
            if not self._pending and not self._unwritten and not self._busy:
                return False
            self._pending.append(barrier)
            self._parked = False
            self._ensure_thread()
        self._wakeup.set()
        return True

    def in_memory(self) -> tuple[int, int, int | None]:
        """What is in memory only: records, bytes, and when the oldest of them was put, in µs."""
        with self._lock:
            pending = [one for one in self._pending if isinstance(one, Record)]
            oldest = self._unwritten[0].put_at if self._unwritten else pending[0].put_at if pending else None
            return len(pending) + len(self._unwritten), self._memory_bytes, oldest

    def close(self, timeout: float) -> None:
        """Write what is pending, end the segment, and take nothing more."""
        with self._lock:
            self._closing = True
            thread = self._thread
        self._wakeup.set()
        if thread is not None:
            thread.join(timeout)
        if lost := self.in_memory()[0]:
            self.losses.count("not on disk at close", lost)
            self.losses.say()
        if thread is None or not thread.is_alive():
            self._end_segment()

    # ---- the thread that writes

    def _ensure_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="monitor-outbox", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        """Commit in groups. It polls while there is traffic and parks without, so that `put` seldom wakes anybody."""
        idle_polls = 0
        while True:
            self._wakeup.wait(None if self._parked else POLL_SECONDS)
            worked = self.write_pending()
            idle_polls = 0 if worked else idle_polls + 1
            with self._lock:
                if self._closing and not self._pending:
                    return
                self._parked = idle_polls >= POLLS_BEFORE_PARKING and not self._pending and not self._unwritten

    def write_pending(self) -> bool:
        """One group: write what is pending and answer those who wait for it; False when there was nothing to do."""
        with self._lock:
            if not self._pending and not self._unwritten:
                return False
            group, self._pending = self._pending, []
            self._busy = True
        records = [one for one in group if isinstance(one, Record)]
        try:
            everything = self._take(records)
            if self.clock.seconds() >= self._disk_fails_until or self._closing:
                self._write()
        except Exception as error:  # a fault of ours: the thread goes on
            everything = False
            self.losses.count(f"fault in the outbox: {type(error).__name__}", len(records))
            log.exception("[monitoring only] fault in the outbox")
        with self._lock:
            self._busy = False
            ok = everything and not self._unwritten
        Barrier.open_all([one for one in group if isinstance(one, Barrier)], ok=ok)
        self.losses.say()
        return True

    def _take(self, records: Sequence[Record]) -> bool:
        """Make lines of what may be kept; False when some of it may not."""
        size = sum(len(record.content) for record in records)
        if not self._has_room(size):
            self.losses.count("backlog full: new refused", len(records))
            self._forget(size)
            return not records
        kept = self.masker.apply([self._bounded(record) for record in records])
        self._forget(size - sum(len(record.content) for record in kept))
        self._unwritten.extend(Unwritten(to_line(record), record.put_at, len(record.content)) for record in kept)
        return True

    def _write(self) -> None:
        """Append what is not written yet; what the disk refuses stays, and is tried again a second later."""
        sync = self._settings.outbox_synchronous == "FULL"
        while self._unwritten:
            part = list(islice(self._unwritten, LINES_PER_APPEND))
            lines = b"".join([one.line for one in part])
            try:
                self._open_segment().append(lines, sync=sync)
            except OSError as error:
                self._disk_fails_until = self.clock.seconds() + RETRY_DISK_SECONDS
                self.losses.trouble(f"disk refused, kept in memory: {error.strerror}")
                return
            self._backlog_bytes += len(lines)
            with self._lock:
                for _ in part:
                    self._unwritten.popleft()
            self._forget(sum(one.size for one in part))
        self._disk_fails_until = float("-inf")

    def _bounded(self, record: Record) -> Record:
        limit = self._settings.outbox_step_bytes
        if len(record.content) <= limit:
            return record
        self.losses.count("step too large: content withheld")
        return without_content(record, f"larger than {limit} bytes")

    def _forget(self, size: int) -> None:
        with self._lock:
            self._memory_bytes -= size

    # ---- files

    def _open_segment(self) -> SegmentWriter:
        if self._segment is not None and self._segment.size >= self._settings.outbox_segment_bytes:
            self._end_segment()
        if self._segment is None:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._segment = SegmentWriter(self.folder, int(self.clock.wall() * 1_000_000))
        return self._segment

    def _end_segment(self) -> None:
        if self._segment is not None:
            self._segment.close()
            self._segment = None

    def _has_room(self, size: int) -> bool:
        """Whether the backlog may grow by `size`. The folder is only measured when the last measure says no."""
        limit = self._settings.outbox_max_bytes
        if self._measured_at == float("-inf") or self._backlog_bytes + size > limit:
            now = self.clock.seconds()
            if now - self._measured_at >= MEASURE_AGAIN_SECONDS:
                self._backlog_bytes, self._measured_at = bytes_waiting(self.folder), now
        if self._backlog_bytes + size > limit and self._settings.outbox_when_full == "drop_oldest":
            self._drop_oldest(self._backlog_bytes + size - limit)
        return self._backlog_bytes + size <= limit

    def _drop_oldest(self, excess: int) -> None:
        """Delete ended segments, oldest first, until `excess` bytes are gone."""
        if self._segment is not None and not any(has_ended(path) for path in segments(self.folder)):
            self._end_segment()
        for path in segments(self.folder):
            if excess <= 0:
                return
            if has_ended(path):
                lines = [len(line) for line in lines_waiting(path)]
                delete(path)
                self.losses.count("backlog full: oldest dropped", len(lines))
                self._backlog_bytes -= sum(lines)
                excess -= sum(lines)

    def begin_in_child(self) -> None:
        """What was pending and the open segment are the parent's."""
        if self._segment is not None:
            self._segment.close()
        self.losses.begin_in_child()
        self._begin()
