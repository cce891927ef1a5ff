"""Relay connections: the arguments of a list query in, edges and page info out (literal-api.md §3.3)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from review.errors import Refused
from review.ingest import coerce
from review.records import Filter, OrderBy, Page, PageRequest

T = TypeVar("T")
N = TypeVar("N")


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Where a page lies in its list."""

    start_cursor: str | None
    end_cursor: str | None
    has_next_page: bool
    has_previous_page: bool


@dataclass(frozen=True, slots=True)
class Edge(Generic[N]):
    """A row and its place."""

    cursor: str
    node: N


@dataclass(frozen=True, slots=True)
class Connection(Generic[N]):
    """A page of rows as GraphQL clients read it."""

    page_info: PageInfo
    total_count: int | None
    edges: list[Edge[N]]


def page_request(arguments: Mapping[str, Any]) -> PageRequest:
    """What a list query asks for.

    Raises:
        Refused: a number is negative, the anchor no time, or a filter or order has not the shape of one.
    """
    return PageRequest(
        first=_whole(arguments, "first"),
        after=arguments.get("after"),
        last=_whole(arguments, "last"),
        before=arguments.get("before"),
        skip=_whole(arguments, "skip"),
        cursor_anchor=_anchor(arguments.get("cursorAnchor")),
        filters=[_filter(given) for given in arguments.get("filters") or ()],
        order_by=_order(arguments.get("orderBy")),
    )


def connection(page: Page[T], node: Callable[[T], N]) -> Connection[N]:
    """A page of the store with its rows as GraphQL nodes."""
    return Connection(
        PageInfo(
            start_cursor=page.cursors[0] if page.cursors else None,
            end_cursor=page.cursors[-1] if page.cursors else None,
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
        ),
        page.total,
        [Edge(cursor, node(row)) for cursor, row in zip(page.cursors, page.rows, strict=True)],
    )


def _whole(arguments: Mapping[str, Any], name: str) -> int | None:
    number: int | None = arguments.get(name)
    if number is not None and number < 0:
        raise Refused(f"{name}: must not be negative")
    return number


def _anchor(given: Any) -> Any:
    anchor = coerce.time(given)
    if given is not None and anchor is None:
        raise Refused("cursorAnchor: is not a time in ISO 8601")
    return anchor


def _filter(given: Any) -> Filter:
    match given:
        case {"field": str(field), "operator": str(operator)}:
            parts = cast("dict[str, Any]", given)
            return Filter(field, operator, parts.get("value"), coerce.text(parts.get("path")))
        case _:
            raise Refused("filters: each must be an object with a field, an operator and a value")


def _order(given: Any) -> OrderBy | None:
    match given:
        case None:
            return None
        case {"column": str(column), "direction": "ASC" | "DESC" as direction}:
            return OrderBy(column, direction)
        case {"column": str(column)} if "direction" not in given:
            return OrderBy(column)
        case _:
            raise Refused("orderBy: must be an object with a column and a direction, ASC or DESC")
