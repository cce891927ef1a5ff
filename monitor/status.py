"""What the monitor says about itself, for /metrics, /readyz and the log."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Latency:
    """Seconds from put to stored: how many records took at most `bound` seconds, cumulated, and their sum."""

    buckets: Mapping[float, int] = field(default_factory=dict[float, int])
    count: int = 0
    sum: float = 0.0


@dataclass(frozen=True)
class Status:
    """Counts are of this process since it started; what waits is of all workers of the folder, when `delivering`."""

    delivering: bool = False
    """Whether this process is the one that delivers for its folder."""
    queued_steps: int = 0
    """Steps and thread updates on disk or in memory that the server is not yet known to have."""
    queued_bytes: int = 0
    in_memory: int = 0
    """How many of them are not on disk yet."""
    oldest_seconds: float = 0.0
    """Age of the oldest undelivered step; 0 when nothing waits."""
    delivered: int = 0
    retried: int = 0
    buried: int = 0
    lost: Mapping[str, int] = field(default_factory=dict[str, int])
    """Records lost, or kept without content, by reason."""
    breaker: str = "closed"
    last_error: str | None = None
    latency: Latency = field(default_factory=Latency)
    stalled: str | None = None
    """Why delivery counts as stalled, in words; None when it does not."""
