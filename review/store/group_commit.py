"""One thread that writes for everybody: what waits is committed together, one caller's failure spoils nobody else's.

1. A function is called with the connection, inside a savepoint of its own; what it returns reaches its caller only
   after the commit, so an answer means stored.
2. A function that raises is rolled back to its savepoint; its caller gets the error.
3. When the commit itself fails, every caller of the group gets that error and nothing of the group is stored.
4. Waiting work is bounded by count and by bytes; above that callers are told to come back (`Busy`).
5. `close` writes what was accepted before.
6. Upkeep (see review/store/search_index.py) runs in a transaction of its own, when it is due.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine

from review.errors import Busy

R = TypeVar("R")

_log = logging.getLogger(__name__)

_LARGEST_GROUP: Final = 64  # callers; more would make the first wait long for the last
_MOST_WAITING: Final = 1_000  # callers
_MOST_WAITING_BYTES: Final = 256_000_000
_UPKEEP_RETRY: Final = 5.0  # seconds
_UPKEEP_DELAY: Final = 0.25  # seconds a search may trail behind, so that its index is written in larger pieces


@dataclass(slots=True)
class _Job:
    fn: Callable[[Connection], Any]
    size: int
    future: Future[Any] = field(default_factory=Future[Any])
    result: Any = None
    error: BaseException | None = None


class GroupCommit:
    """The writer thread of one database."""

    def __init__(
        self,
        engine: Engine,
        *,
        exclusively: Callable[[], AbstractContextManager[None]],
        upkeep: Callable[[Connection], bool],
    ) -> None:
        """Starts the thread.

        Args:
            engine: Its connections begin with the write lock; only this thread uses it.
            exclusively: Keeps writers of other processes out while a group is written.
            upkeep: Does a small piece of the deferred work; True when more is left.
        """
        self._engine = engine
        self._exclusively = exclusively
        self._upkeep = upkeep
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting_bytes = 0
        self._closed = False
        self._upkeep_due: float | None = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="review-writer", daemon=True)
        self._thread.start()

    def submit(self, fn: Callable[[Connection], R], *, size: int) -> Future[R]:
        """Has `fn` called on the writer thread; the future is done after the commit.

        Raises:
            Busy: too much is waiting.
        """
        job = _Job(fn, size)
        with self._lock:
            if self._closed:
                raise Busy("The server is stopping.", retry_after=5)
            # One job is always let in, however large: it could never be stored otherwise.
            if self._waiting_bytes and self._waiting_bytes + size > _MOST_WAITING_BYTES:
                raise Busy("Too many bytes are waiting to be written.")
            if self._jobs.qsize() >= _MOST_WAITING:
                raise Busy("Too many writes are waiting.")
            self._waiting_bytes += size
            self._jobs.put(job)
        return job.future

    def close(self) -> None:
        """Writes what was accepted, then ends the thread."""
        with self._lock:
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        last = False
        while not last:
            group, last = self._next_group()
            if group:
                self._write(group)
            if self._upkeep_due is not None and (last or time.monotonic() >= self._upkeep_due):
                self._keep_up()

    def _next_group(self) -> tuple[list[_Job], bool]:
        """What waits, up to the size of a group, and whether it is the last; empty when upkeep is due first."""
        group: list[_Job] = []
        try:
            timeout = None if self._upkeep_due is None else max(0.0, self._upkeep_due - time.monotonic())
            job = self._jobs.get(timeout=timeout)
            while job is not None:
                with self._lock:
                    self._waiting_bytes -= job.size
                if job.future.set_running_or_notify_cancel():
                    group.append(job)
                if len(group) >= _LARGEST_GROUP:
                    return group, False
                job = self._jobs.get_nowait()
        except queue.Empty:
            return group, False
        return group, True

    def _write(self, group: list[_Job]) -> None:
        try:
            with self._exclusively(), self._engine.begin() as conn:
                if len(group) == 1:
                    group[0].result = group[0].fn(conn)  # alone, the transaction is its savepoint
                else:
                    for job in group:
                        _run_in_savepoint(conn, job)
        except BaseException as error:
            for job in group:
                job.future.set_exception(error)
            return
        if self._upkeep_due is None:
            self._upkeep_due = time.monotonic() + _UPKEEP_DELAY
        for job in group:
            if job.error is None:
                job.future.set_result(job.result)
            else:
                job.future.set_exception(job.error)

    def _keep_up(self) -> None:
        try:
            with self._exclusively(), self._engine.begin() as conn:
                more = self._upkeep(conn)
        except Exception:
            _log.exception("Upkeep of the search index failed; it is tried again")
            self._upkeep_due = time.monotonic() + _UPKEEP_RETRY
        else:
            self._upkeep_due = time.monotonic() if more else None


def _run_in_savepoint(conn: Connection, job: _Job) -> None:
    conn.exec_driver_sql("SAVEPOINT job")
    try:
        job.result = job.fn(conn)
    except Exception as error:
        conn.exec_driver_sql("ROLLBACK TO job")
        job.error = error
    conn.exec_driver_sql("RELEASE job")
