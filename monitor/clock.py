"""Time as an argument: what the monitor asks of a clock, and the real one."""

import time
from datetime import UTC, datetime
from threading import Lock
from typing import Protocol


class Clock(Protocol):
    """Two questions, so that tests can answer them."""

    def seconds(self) -> float:
        """Seconds that only ever grow; for waiting and durations."""
        ...

    def wall(self) -> float:
        """Seconds since 1970, for what is kept on disk."""
        ...


class SystemClock:
    """The machine's clock; its wall time is anchored at the start of the process.

    A wall clock that is set while the process runs would make records older than the age limit, or younger than
    their successors. Counting from an anchor, a process never sees the jump.
    """

    def __init__(self) -> None:
        self._anchor = time.time() - time.monotonic()

    def seconds(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970 as the anchor saw it."""
        return self._anchor + time.monotonic()


class Instants:
    """Timestamps for steps: UTC, microseconds, and never the same twice.

    The stock SDK sleeps a millisecond per step so that steps can be ordered by their start. Counting on by a
    microsecond when two are asked for at once gives the same order and costs nothing.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._last = 0
        self._second = -1
        self._prefix = ""

    def next(self) -> str:
        """For example `2026-11-20T21:06:00.000123Z`."""
        now = time.time_ns() // 1_000
        with self._lock:
            self._last = now = now if now > self._last else self._last + 1
            second, microsecond = divmod(now, 1_000_000)
            if second != self._second:
                self._second = second
                self._prefix = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
            return f"{self._prefix}.{microsecond:06d}Z"


def iso(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 UTC with milliseconds and `Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
