"""Values as clients really send them, as the values the records want.

A batch of 512 steps must not be lost for one odd field, so nothing here raises: what can't be understood is taken as
not given (literal-api.md §2.2, §9).
"""

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

_LARGEST_COUNT: Final = 2**31 - 1
"""Counts are 32-bit integers on PostgreSQL."""


def time(value: Any) -> datetime | None:
    """An instant in UTC from any of the formats of literal-api.md §2.2; without a zone it is taken as UTC."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value.strip())
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def text(value: Any) -> str | None:
    """Text; numbers and JSON sent where text is expected are kept as their text."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def reference(value: Any) -> str | None:
    """The id of something else. Empty text, and the "None" that leaks from some exporters, mean there is none."""
    given = text(value)
    return None if given in {"", "None"} else given


def texts(value: Any) -> list[str] | None:
    """A list of strings; a bare string is a list of one, as in GraphQL."""
    if value is None:
        return None
    items = cast("list[Any]", value) if isinstance(value, list) else [value]
    return [item for item in map(text, items) if item is not None]


def count(value: Any) -> int | None:
    """A whole number of tokens."""
    number = decimal(value)
    return int(number) if number is not None and abs(number) <= _LARGEST_COUNT else None


def decimal(value: Any) -> float | None:
    """A finite number, also when it was sent as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def member(value: Any, allowed: Sequence[str]) -> str | None:
    """One of the allowed words, whatever its case."""
    return next((word for word in allowed if isinstance(value, str) and word.lower() == value.lower()), None)


def objects(value: Any) -> list[dict[str, Any]]:
    """A list of objects; one bare object is a list of one, and what is no object is left out."""
    items = cast("list[Any]", value) if isinstance(value, list) else [value]
    return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]
