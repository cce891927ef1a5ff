"""Whatever a program hands over, as JSON: at once, so that it can't change afterwards, and without ever raising."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, cast

import orjson

STRIPPED = "STRIPPED_BINARY_DATA"  # what the SDK writes instead of bytes
MAX_DEPTH = 100
MAX_INT = 2**53


def to_json(value: Mapping[str, Any]) -> bytes:
    """The value as JSON bytes; what JSON has no form for becomes text, as in the SDK."""
    try:
        return orjson.dumps(value, default=_simpler)
    except (TypeError, ValueError, RecursionError):
        return orjson.dumps(_plain(value, 0))


def frozen(value: Mapping[str, Any]) -> dict[str, Any]:
    """A copy that holds only what JSON can hold."""
    return cast("dict[str, Any]", orjson.loads(to_json(value)))


def merged(first: Any, second: Any) -> dict[str, Any] | None:
    """Two metadata as one, the second winning; None when there is nothing. What is no mapping keeps a place."""
    both: dict[str, Any] = {}
    for one in (first, second):
        both.update(cast("Mapping[str, Any]", one) if isinstance(one, Mapping) else {"metadata": one} if one else {})
    return both or None


def _simpler(value: Any) -> Any:
    """One step nearer to JSON, for what orjson doesn't know."""
    match value:
        case bytes() | bytearray() | memoryview():
            return STRIPPED
        case Mapping():
            return dict(cast("Mapping[Any, Any]", value))
        case AbstractSet():
            return list(cast("AbstractSet[Any]", value))
        case _:
            pass
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return {key: inner for key, inner in cast("dict[str, Any]", dump()).items() if inner is not None}
    return _text(value)


def _plain(value: Any, depth: int) -> Any:
    """The slow way, for what orjson refuses: odd keys, huge integers, lone surrogates, cycles."""
    if depth > MAX_DEPTH:
        return "…"
    match value:
        case None | bool() | float():
            plain = value
        case int():
            plain = value if -MAX_INT <= value <= MAX_INT else str(value)
        case str():
            plain = _text(value)
        case dict():
            items = cast("dict[Any, Any]", value).items()
            plain = {_text(key): _plain(inner, depth + 1) for key, inner in items}
        case list() | tuple():
            plain = [_plain(inner, depth + 1) for inner in cast("list[Any]", value)]
        case _:
            plain = _plain(_simpler_or_text(value), depth + 1)
    return plain


def _simpler_or_text(value: Any) -> Any:
    try:
        return orjson.loads(orjson.dumps(value, default=_simpler))
    except Exception:
        return _text(value)


def _text(value: Any) -> str:
    try:
        return str(value).encode("utf-8", "replace").decode("utf-8")
    except Exception:
        return f"<{type(value).__name__}>"
