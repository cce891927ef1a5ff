"""Waiting for a state of another process, not for time to pass."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


def until(look: Callable[[], T], *, seconds: float = 30) -> T:
    """What `look` returns once it is true; after so many seconds whatever it returns, for the assertion to show."""
    deadline = time.monotonic() + seconds
    while not (seen := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return seen


async def until_async(look: Callable[[], Awaitable[T]], *, seconds: float = 30) -> T:
    """The same for what has to be awaited."""
    deadline = time.monotonic() + seconds
    while not (seen := await look()) and time.monotonic() < deadline:  # noqa: ASYNC110  # another side has no event
        await asyncio.sleep(0.02)
    return seen
