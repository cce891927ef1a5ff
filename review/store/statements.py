"""`INSERT … ON CONFLICT` in the two forms the store needs, for every engine."""

from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

import orjson
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Dialect,
    Insert,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from review.store.types import JsonValue, to_json

Row: TypeAlias = Mapping[str, Any]
Merge: TypeAlias = Callable[[Table, Any], Mapping[str, ColumnElement[Any]]]
"""From the stored row and the one that was to be inserted to the new values of columns."""

StepIds: TypeAlias = Collection[str] | Select[tuple[str]]
"""Which steps: their ids, or a query for them where they may be many."""

# Rows of one statement on SQLite; few sizes, so that the driver finds most statements prepared.
_ROWS_A_STATEMENT: Final = (128, 32, 8, 1)


def given_over_stored(stored: Table, new: Any) -> Mapping[str, ColumnElement[Any]]:
    """The plain merge: what is given replaces, what is NULL keeps what is there, and `created_at` never changes."""
    return {
        column.name: func.coalesce(new[column.name], column)
        for column in stored.c
        if not column.primary_key and column.name != "created_at"
    }


def insert_or_keep(conn: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Inserts rows; one that is there already (by any unique key) stays as it is."""
    if rows:
        conn.execute(_insert_or_keep(conn.dialect.name, table), rows)


def insert_or_merge(conn: Connection, table: Table, rows: Sequence[Row], merge: Merge) -> None:
    """Inserts rows; into one that is there already (by primary key) the new one is merged.

    Rows are sent in the order of their keys, so that two writers never wait for each other crosswise. A key may appear
    only once, and every row has the same columns.
    """
    if not rows:
        return
    ordered = _in_key_order(table, rows)
    if conn.dialect.name == "sqlite":
        _many_rows_a_statement(conn, table, ordered, merge)
    else:
        conn.execute(_rows_or_merge(table, tuple(rows[0]), merge), {"rows": _as_json(table, ordered)})


def insert_or_merge_seen(
    conn: Connection, table: Table, rows: Sequence[Row], merge: Merge, seen: Container[str]
) -> None:
    """Like `insert_or_merge`, for rows whose stored form was read before: `seen` holds the ids that were there.

    Raises:
        OvertakenError: somebody else has inserted one of the others since. The whole transaction is to be done again.
    """
    if conn.dialect.name != "postgresql":  # where one transaction writes at a time
        insert_or_merge(conn, table, rows, merge)
        return
    # A row version that an upsert has just inserted, rather than updated, was never locked: its xmax is 0.
    if not rows:
        return
    upsert = _rows_or_merge(table, tuple(rows[0]), merge).returning(table.c.id, literal_column("xmax <> 0", Boolean()))
    for id_, was_there in conn.execute(upsert, {"rows": _as_json(table, _in_key_order(table, rows))}):
        if was_there and id_ not in seen:
            raise OvertakenError


class OvertakenError(Exception):
    """Another transaction was in the way of this one, and has gone on. The store's doors try again."""


def _in_key_order(table: Table, rows: Sequence[Row]) -> list[Row]:
    keys = [column.name for column in table.primary_key]
    return sorted(rows, key=lambda row: [row[key] for key in keys])


def _many_rows_a_statement(conn: Connection, table: Table, rows: Sequence[Row], merge: Merge) -> None:
    """Sends rows to SQLite in few statements.

    Python's driver gives up the interpreter's lock in each step of a statement, and with a busy event loop beside it
    waits up to 5 ms to get it back. Executemany is a step a row; this is a step for up to 128 rows, during which the
    loop runs on.
    """
    upsert = _upsert(conn.dialect, table, tuple(rows[0]), merge)
    start = 0
    for size in _sizes(len(rows)):
        values = [upsert.bound(row) for row in rows[start : start + size]]
        conn.exec_driver_sql(upsert.sql(size), tuple(value for row in values for value in row))
        start += size


def _as_json(table: Table, rows: Sequence[Row]) -> str:
    """Rows as one value: thousands of parameters would cost the driver more than the rows cost the server."""
    documents = {column.name for column in table.c if isinstance(column.type, JsonValue)}
    plain = [
        {
            name: orjson.Fragment(to_json(value)) if name in documents and value is not None else value
            for name, value in row.items()
        }
        for row in rows
    ]
    return orjson.dumps(plain).decode()


@lru_cache
def _rows_or_merge(table: Table, names: tuple[str, ...], merge: Merge) -> postgresql.Insert:
    """The upsert of any number of rows on PostgreSQL, from JSON."""
    typed = [column(name, table.c[name].type) for name in names]
    json = cast(bindparam("rows", type_=Text()), postgresql.JSON())
    given = func.json_to_recordset(json).table_valued(*typed).render_derived(name="given", with_types=True)
    insert = postgresql.insert(table).from_select(list(names), select(*(given.c[name] for name in names)))
    return insert.on_conflict_do_update(
        index_elements=list(table.primary_key), set_=dict(merge(table, insert.excluded))
    )


def _sizes(count: int) -> Iterator[int]:
    for size in _ROWS_A_STATEMENT:
        for _ in range(count // size):
            yield size
        count %= size


@dataclass(frozen=True)
class _Upsert:
    """An upsert cut in three, so that the middle can be said for many rows."""

    insert: str
    values: str
    on_conflict: str
    columns: tuple[tuple[str, Callable[[Any], Any] | None], ...]

    def sql(self, rows: int) -> str:
        return f"{self.insert}{', '.join([self.values] * rows)}{self.on_conflict}"

    def bound(self, row: Row) -> list[Any]:
        return [row[name] if process is None else process(row[name]) for name, process in self.columns]


@lru_cache
def _upsert(dialect: Dialect, table: Table, names: tuple[str, ...], merge: Merge) -> _Upsert:
    statement = _insert_or_merge(dialect.name, table, merge)
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    order: list[str] = list(compiled.positiontup or ())
    values = f"({', '.join('?' * len(order))})"
    insert, found, on_conflict = str(compiled).partition(values)
    if not found or "?" in on_conflict:
        raise AssertionError(f"an upsert of another shape than expected: {compiled}")
    processors = {name: table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in order}
    return _Upsert(insert, values, on_conflict, tuple(processors.items()))


@lru_cache
def _insert_or_keep(dialect: str, table: Table) -> Insert:
    return _insert(dialect, table).on_conflict_do_nothing()


@lru_cache
def _insert_or_merge(dialect: str, table: Table, merge: Merge) -> Insert:
    insert = _insert(dialect, table)
    return insert.on_conflict_do_update(
        index_elements=list(table.primary_key), set_=dict(merge(table, insert.excluded))
    )


def _insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
