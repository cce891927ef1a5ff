"""When to try again: full jitter, and a circuit breaker so that a dead server costs nothing."""

import random
from enum import StrEnum

from monitor.clock import Clock

FAILURES_TO_OPEN = 3
MAX_DOUBLINGS = 30


class State(StrEnum):
    """closed: deliver; open: wait; half-open: the wait is over, one small batch may try."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """Counts failures in a row and spaces the attempts. The wait before each is random, up to a doubling bound."""

    def __init__(self, clock: Clock, rng: random.Random, *, first: float, longest: float) -> None:
        """The bound starts with `first` seconds and ends at `longest`."""
        self._clock = clock
        self._rng = rng
        self._first = first
        self._longest = longest
        self._failures = 0
        self._not_before = float("-inf")

    def state(self) -> State:
        """Where it stands now."""
        if self._failures < FAILURES_TO_OPEN:
            return State.CLOSED
        return State.OPEN if self.wait() > 0 else State.HALF_OPEN

    def wait(self) -> float:
        """Seconds until the next attempt is allowed; 0 when it is."""
        return max(0.0, self._not_before - self._clock.seconds())

    def succeeded(self) -> None:
        """The server works."""
        self._failures = 0
        self._not_before = float("-inf")

    def failed(self, after: float = 0.0) -> None:
        """It doesn't. `after` is the least wait the server asked for; it is honoured above the longest wait too."""
        bound = min(self._longest, self._first * 2 ** min(self._failures, MAX_DOUBLINGS))
        self._failures += 1
        jitter = self._rng.uniform(0, bound)  # AWS's "full jitter": clients of a server that died do not return as one
        self._not_before = self._clock.seconds() + max(after + jitter if after else jitter, bound / 10)
