"""Time as an argument, so that tests turn the hands instead of waiting."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time and rings."""

    def now(self) -> float:
        """Seconds since some fixed point; never goes back."""
        ...

    def timeout(self, seconds: float) -> asyncio.Timeout:
        """`async with` it: what is inside is cancelled after that time and a TimeoutError comes out."""
        ...


class _SystemClock:
    def now(self) -> float:
        return time.monotonic()

    def timeout(self, seconds: float) -> asyncio.Timeout:
        return asyncio.timeout(seconds)


SYSTEM_CLOCK: Clock = _SystemClock()
