"""Column types that mean the same on every engine."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import orjson
from sqlalchemy import BigInteger, DateTime, Dialect, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# What neither engine keeps in text: NUL (literal-api.md §4.1 rule 9), and halves of surrogate pairs.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_LARGEST_INTEGER: Final = 2**63 - 1
_DEEPEST: Final = 200  # levels; the JSON library writes 254


class UtcTime(TypeDecorator[datetime]):
    """An aware time in UTC: timestamptz on PostgreSQL; on SQLite, which has no such type, microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The engine's own type."""
        return dialect.type_descriptor(DateTime(timezone=True) if dialect.name == "postgresql" else BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """What is sent to the engine."""
        if value is None or dialect.name == "postgresql":
            return value
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """What the engine sent, as a time in UTC."""
        if value is None:
            return None
        return value.astimezone(UTC) if dialect.name == "postgresql" else _EPOCH + value * _MICROSECOND


class JsonValue(TypeDecorator[Any]):
    """Any JSON value; None is SQL's NULL. JSONB on PostgreSQL, UTF-8 text on SQLite.

    Not SQLAlchemy's own JSON type on SQLite: its columns have numeric affinity, which turns long numbers to floats.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The engine's own type."""
        return dialect.type_descriptor(JSONB(none_as_null=True) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """What is sent to the engine; PostgreSQL's type calls `to_json` itself."""
        return value if value is None or dialect.name == "postgresql" else to_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """What the engine sent, as a JSON value."""
        return value if value is None or dialect.name == "postgresql" else orjson.loads(value)


def to_json(value: Any) -> str:
    """The value as JSON text that both engines can keep: what they can't is stripped, not refused."""
    try:
        text = orjson.dumps(value).decode()
    except TypeError:  # half a surrogate pair, a number over 64 bits, or too deep
        return orjson.dumps(_storable(value, _DEEPEST)).decode()
    return orjson.dumps(_storable(value, _DEEPEST)).decode() if "\\u0000" in text else text


def storable_text(text: str) -> str:
    """The text without what neither engine can keep."""
    return _UNSTORABLE.sub("", text) if "\x00" in text or not text.isascii() else text


def _storable(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST_INTEGER else str(value)
    if not isinstance(value, dict | list | tuple):
        return storable_text(str(value))
    if depth == 0:
        return "[nested too deeply]"
    if isinstance(value, dict):
        children = cast("dict[Any, Any]", value).items()
        return {storable_text(str(key)): _storable(child, depth - 1) for key, child in children}
    return [_storable(child, depth - 1) for child in cast("list[Any]", value)]
