"""What delivery knows of itself, in one frozen look; it can cross from one process to another."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

LATENCY_BOUNDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)


def no_latencies() -> list[int]:
    """A count for each bound, and one for what is beyond the last."""
    return [0] * (len(LATENCY_BOUNDS) + 1)


@dataclass(frozen=True)
class Figures:
    """Counts are since delivery started. `oldest_put_at` counts microseconds, `latency_sum` seconds."""

    delivering: bool = False
    waiting_records: int = 0
    waiting_bytes: int = 0
    oldest_put_at: int | None = None
    delivered: int = 0
    retried: int = 0
    buried: int = 0
    latency: list[int] = field(default_factory=no_latencies)
    latency_sum: float = 0.0
    last_error: str | None = None
    breaker: str = "closed"
    lost: Mapping[str, int] = field(default_factory=dict[str, int])
    """What delivery itself had to give up, by reason, when it counts for itself."""

    def to_line(self) -> bytes:
        """One line of JSON."""
        return orjson.dumps(asdict(self)) + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "Figures":
        """The figures of a line that `to_line` made."""
        values: dict[str, Any] = orjson.loads(line)
        return cls(**values)
