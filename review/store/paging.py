"""Pages of a list, by keyset: a cursor holds the sort value and the id of a row, so no page reads what it skips.

Cursors are opaque to clients. They hold the order they were made for, and are refused under another one.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, false, func, literal, or_, select, tuple_

from review.errors import Refused
from review.records import PageRequest
from review.store.types import UtcTime

DEFAULT_ROWS: Final = 50
MOST_ROWS: Final = 200  # more are answered with `has_next`, not refused (literal-api.md §9.17)


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is sorted by. `id` breaks ties in the same direction; rows without a value come last."""

    name: str
    value: ColumnElement[Any]
    id: ColumnElement[str]
    direction: Literal["ASC", "DESC"]
    nullable: bool


@dataclass(frozen=True, slots=True)
class Keyset:
    """Some rows of a list, each with its cursor."""

    rows: Sequence[Row[Any]]
    cursors: list[str]
    has_next: bool
    has_previous: bool


def fetch(conn: Connection, query: Select[Any], order: Order, request: PageRequest) -> Keyset:
    """The part of a query's rows that is asked for.

    Raises:
        Refused: a cursor that is none, or one of another order.
    """
    backwards = request.last is not None and request.first is None
    wanted = _rows_wanted(request.last if backwards else request.first)
    asked = query.add_columns(order.value.label("sort_value"), order.id.label("sort_id"))
    if request.after is not None:
        asked = asked.where(_beyond(order, *_decode(order, request.after), ahead=True))
    if request.before is not None:
        asked = asked.where(_beyond(order, *_decode(order, request.before), ahead=False))
    asked = asked.order_by(*_order_by(order, reverse=backwards)).limit(wanted + 1)
    if request.skip and not backwards:
        asked = asked.offset(request.skip)
    found = conn.execute(asked).all()
    rows = list(found[:wanted])
    more = len(found) > wanted
    if backwards:
        rows.reverse()
    return Keyset(
        rows=rows,
        cursors=[_encode(order, row.sort_value, row.sort_id) for row in rows],
        has_next=(request.before is not None) if backwards else more or request.before is not None,
        has_previous=more if backwards else request.after is not None or bool(request.skip),
    )


def count(conn: Connection, query: Select[Any]) -> int:
    """How many rows a query has, whatever page of it is shown."""
    return conn.execute(select(func.count()).select_from(query.order_by(None).subquery())).scalar_one()


def _rows_wanted(given: int | None) -> int:
    return DEFAULT_ROWS if given is None or given < 0 else min(given, MOST_ROWS)


def _order_by(order: Order, *, reverse: bool) -> list[ColumnElement[Any]]:
    descending = (order.direction == "DESC") != reverse
    by: list[ColumnElement[Any]] = [
        order.value.desc() if descending else order.value.asc(),
        order.id.desc() if descending else order.id.asc(),
    ]
    if order.nullable:
        by[0] = by[0].nulls_first() if reverse else by[0].nulls_last()
    return by


def _beyond(order: Order, value: Any, id_: str, *, ahead: bool) -> ColumnElement[bool]:
    """The rows on one side of a cursor: behind it in reading order (`ahead`) or before it."""
    smaller = (order.direction == "DESC") == ahead
    if not order.nullable:
        row, cursor = tuple_(order.value, order.id), tuple_(literal(value, order.value.type), literal(id_))
        return row < cursor if smaller else row > cursor
    id_side = order.id < id_ if smaller else order.id > id_
    if value is None:
        return and_(order.value.is_(None), id_side) if ahead else or_(order.value.is_not(None), id_side)
    value_side = order.value < value if smaller else order.value > value
    nulls = order.value.is_(None) if ahead else false()
    return or_(value_side, and_(order.value == value, id_side), nulls)


def _encode(order: Order, value: Any, id_: str) -> str:
    plain = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(orjson.dumps([order.name, order.direction, plain, id_])).decode().rstrip("=")


def _decode(order: Order, cursor: str) -> tuple[Any, str]:
    try:
        name, direction, value, id_ = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if isinstance(order.value.type, UtcTime):
            value = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise Refused("That cursor is none of ours.") from None
    if (name, direction) != (order.name, order.direction) or not isinstance(id_, str):
        raise Refused("That cursor belongs to a list in another order.")
    return value, id_
