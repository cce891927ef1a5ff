"""A part of a list, whatever its rows are: filtered, ordered, counted and paged in one way (literal-api.md §3.3)."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, select

from review.records import Page, PageRequest
from review.store import paging
from review.store.filters import Listing

R = TypeVar("R")


def listed(
    conn: Connection,
    query: Select[Any],
    listing: Listing,
    request: PageRequest,
    records: Callable[[Sequence[Row[Any]]], list[R]],
    *,
    within: Sequence[ColumnElement[bool]],
    count: bool,
) -> Page[R]:
    """The rows a list asks for, as records.

    Args:
        conn: A connection of `store.read`.
        query: The rows and what they are joined with, without a condition.
        listing: What the list can be filtered and ordered by; `createdAt` is among its columns.
        request: Which part of the list, filtered and ordered how.
        records: Makes the records of the rows of the page, all at once.
        within: What holds for every row of the list, its project first.
        count: Whether to count all rows that match, too.

    Raises:
        Refused: an unknown filter, operator or order, a value that does not fit, a bad cursor.
    """
    conditions = [*within, *listing.where(request.filters)]
    if request.cursor_anchor is not None:
        created_at, _ = listing.columns["createdAt"]
        conditions.append(created_at <= request.cursor_anchor)
    keyset = paging.fetch(conn, query.where(*conditions), listing.order(request.order_by), request)
    return Page(
        rows=records(keyset.rows),
        cursors=keyset.cursors,
        has_next=keyset.has_next,
        has_previous=keyset.has_previous,
        total=paging.count(conn, select(listing.id).where(*conditions)) if count else None,
    )
