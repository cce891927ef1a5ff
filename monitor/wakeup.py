"""Waking threads and tasks: the two signals of the outbox."""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress


class Wakeup:
    """An event for one waiting thread: a lock used as a flag, a tenth of the price of `threading.Event`."""

    def __init__(self) -> None:
        self._unset = threading.Lock()
        self._unset.acquire()

    def set(self) -> None:
        """Wake the thread, or let its next wait return at once."""
        with suppress(RuntimeError):  # it was set already
            self._unset.release()

    def wait(self, seconds: float | None) -> None:
        """Wait until set, at most `seconds` when given; then it is unset."""
        self._unset.acquire(timeout=-1 if seconds is None else seconds)


class Barrier:
    """A place in the queue, and who waits until everything before it is on disk: a task, or a thread."""

    def __init__(
        self, future: asyncio.Future[bool] | None = None, loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        """Without a future the waiter is a thread that calls `wait`."""
        self.future = future
        self.loop = loop
        self.ok = False
        self.opened = None if future else threading.Event()

    def wait(self, seconds: float) -> bool:
        """Wait in a thread; False when the barrier did not open within `seconds`, or opened with bad news."""
        return self.opened is not None and self.opened.wait(seconds) and self.ok

    @staticmethod
    def open_all(barriers: Sequence["Barrier"], *, ok: bool) -> None:
        """Answer everybody; each event loop is woken once."""
        by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[bool]]] = {}
        for barrier in barriers:
            barrier.ok = ok
            if barrier.opened is not None:
                barrier.opened.set()
            elif barrier.loop is not None and barrier.future is not None:
                by_loop.setdefault(barrier.loop, []).append(barrier.future)
        for loop, futures in by_loop.items():
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(answer, futures, ok)


def answer(futures: Sequence[asyncio.Future[bool]], ok: bool) -> None:
    """Resolve the futures nobody has resolved or cancelled yet; on their loop only."""
    for future in futures:
        if not future.done():
            future.set_result(ok)
