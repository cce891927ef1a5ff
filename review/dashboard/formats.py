"""Numbers and times as they are written on a page."""

from datetime import UTC, datetime
from typing import Final

_MINUTE: Final = 60
_HOUR: Final = 3600


def duration(seconds: float) -> str:
    """A time span as people say it: 320 ms, 2.4 s, 3 min 05 s, 1 h 02 min."""
    if round(seconds, 3) < 1:
        return f"{seconds * 1000:.0f} ms"
    if round(seconds, 1) < _MINUTE:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02d} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"


def count(number: int) -> str:
    """A number with its thousands apart."""
    return f"{number:,}"


def moment(time: datetime) -> str:
    """A time for readers without scripts; with them, the browser's own zone and language are used."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def iso(time: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and Z."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
