"""Waiting for a state of another process, not for time to pass."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(look: Callable[[], T], *, seconds: float = 30) -> T:
    """What `look` returns once it is true; after so many seconds whatever it returns, for the assertion to show."""
    deadline = time.monotonic() + seconds
    while not (seen := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return seen
