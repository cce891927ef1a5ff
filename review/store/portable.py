"""A project as rows that can be carried elsewhere: which tables belong to it, and how they are read.

A new table is one line in `KINDS`, or in `STAYS` with the reason; a test walks the schema and misses whatever is in
neither. What belongs to threads is read thread by thread, everything else in the order of its keys.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Table,
    and_,
    collate,
    exists,
    or_,
    select,
    tuple_,
)

from review.store import tables as t

Row: TypeAlias = Mapping[str, Any]
Rows: TypeAlias = Sequence[tuple[str, Row]]
"""Rows with the names of their kinds."""
Place: TypeAlias = tuple[datetime, str]
"""When a row was made, and its id: where a list by creation goes on."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A table that is carried along. `derived` columns are left out, and worked out again where the row arrives."""

    table: Table
    derived: frozenset[str] = frozenset()

    @property
    def columns(self) -> dict[str, Column[Any]]:
        """What is carried: all but the project, which is another one there, and what is derived."""
        return {column.name: column for column in self.table.c if column.name not in {"project_id", *self.derived}}

    @property
    def required(self) -> list[str]:
        """The columns no row can be without."""
        return [name for name, column in self.columns.items() if not column.nullable]


_TOTALS: Final = ("started_at", "ended_at", "step_count", "turn_count", "error_count", "token_count")

KINDS: Final[Mapping[str, Kind]] = {
    "participant": Kind(t.participant),
    "thread": Kind(t.thread, frozenset({*_TOTALS, "participant_identifier"})),
    "step": Kind(t.step, frozenset({"preview"})),
    "score": Kind(t.score),
    "attachment": Kind(t.attachment),
    "prompt_lineage": Kind(t.prompt_lineage),
    "prompt_version": Kind(t.prompt_version),
    "prompt_variant": Kind(t.prompt_variant),
    "dataset": Kind(t.dataset),
    "dataset_item": Kind(t.dataset_item),
    "dataset_experiment": Kind(t.dataset_experiment),
    "dataset_experiment_item": Kind(t.dataset_experiment_item),
}
STAYS: Final[Mapping[str, str]] = {
    "project": "the rows become part of the project they are imported into",
    "api_key": "a key opens the installation it was made by",
}
WITH_THREADS: Final = ("thread", "step", "score", "attachment")
"""Read by `thread_after` and `loose_steps_after`; what is left of them by `rows_after`."""

_OF_STEPS: Final = ("score", "attachment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which threads are wanted; all when nothing is given. `until` is excluded."""

    ids: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_all(self) -> bool:
        """Whether nothing was chosen."""
        return self == Chosen()


def thread_after(conn: Connection, project_id: str, chosen: Chosen, place: Place | None) -> Rows:
    """The next thread by creation, with everything that belongs to it; empty when there is none.

    Args:
        conn: A connection of `store.read`.
        project_id: Whose.
        chosen: Which threads are wanted.
        place: `created_at` and `id` of the thread before; None at the start.
    """
    conditions = [t.thread.c.project_id == project_id, *_chosen(chosen), *_behind(conn, t.thread, place)]
    next_one = select(*KINDS["thread"].columns.values()).where(*conditions).order_by(*_by_creation(conn, t.thread))
    thread = conn.execute(next_one.limit(1)).mappings().one_or_none()
    if thread is None:
        return []
    steps = _rows(conn, "step", t.step.c.project_id == project_id, t.step.c.thread_id == thread["id"])
    of_thread = select(t.step.c.id).where(t.step.c.project_id == project_id, t.step.c.thread_id == thread["id"])
    return [("thread", _row(thread)), *steps, *_children(conn, project_id, of_thread)]


def loose_steps_after(conn: Connection, project_id: str, place: Place | None, *, limit: int) -> Rows:
    """The next steps by creation that belong to no thread, then what belongs to them; empty when there are none."""
    conditions = [t.step.c.project_id == project_id, t.step.c.thread_id.is_(None), *_behind(conn, t.step, place)]
    next_ones = select(*KINDS["step"].columns.values()).where(*conditions).order_by(*_by_creation(conn, t.step))
    steps = [("step", _row(found)) for found in conn.execute(next_ones.limit(limit)).mappings()]
    return [*steps, *_children(conn, project_id, [row["id"] for _, row in steps])] if steps else []


def rows_after(
    conn: Connection, project_id: str, kind: str, place: Sequence[str] | None, *, chosen: Chosen, limit: int
) -> Rows:
    """The next rows of a kind in the order of their keys: participants of chosen threads, or what no thread brings.

    Args:
        conn: A connection of `store.read`.
        project_id: Whose.
        kind: One of `KINDS`.
        place: The key of the row before; None at the start.
        chosen: Which threads are wanted.
        limit: How many rows.
    """
    table = KINDS[kind].table
    keys = key_of(kind)
    ordered = [_plain(conn, table.c[name]) for name in keys]
    conditions: list[ColumnElement[bool]] = [table.c.project_id == project_id]
    if place is not None:
        conditions.append(tuple_(*ordered) > tuple_(*place))
    if kind == "participant" and not chosen.is_all:
        named = select(t.thread.c.participant_id).where(t.thread.c.project_id == project_id, *_chosen(chosen))
        conditions.append(table.c.id.in_(named))
    if kind in _OF_STEPS:
        its_step = and_(t.step.c.project_id == table.c.project_id, t.step.c.id == table.c.step_id)
        conditions.append(or_(table.c.step_id.is_(None), ~exists().where(its_step)))
    query = select(*KINDS[kind].columns.values()).where(*conditions).order_by(*ordered).limit(limit)
    return [(kind, _row(found)) for found in conn.execute(query).mappings()]


def key_of(kind: str) -> list[str]:
    """The columns that make a row of a kind unique within its project."""
    return [column.name for column in KINDS[kind].table.primary_key if column.name != "project_id"]


def _children(conn: Connection, project_id: str, step_ids: Sequence[str] | Select[tuple[str]]) -> list[tuple[str, Row]]:
    tables = {kind: KINDS[kind].table for kind in _OF_STEPS}
    return [
        row
        for kind, table in tables.items()
        for row in _rows(conn, kind, table.c.project_id == project_id, table.c.step_id.in_(step_ids))
    ]


def _rows(conn: Connection, kind: str, *conditions: ColumnElement[bool]) -> list[tuple[str, Row]]:
    found = conn.execute(select(*KINDS[kind].columns.values()).where(*conditions)).mappings()
    return [(kind, row) for row in sorted(map(_row, found), key=lambda row: (row["created_at"], row["id"]))]


def _row(found: RowMapping) -> Row:
    return {str(name): value for name, value in found.items()}  # SQLAlchemy's names are more than strings


def _chosen(chosen: Chosen) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if chosen.ids:
        conditions.append(t.thread.c.id.in_(chosen.ids))
    if chosen.since is not None:
        conditions.append(t.thread.c.created_at >= chosen.since)
    if chosen.until is not None:
        conditions.append(t.thread.c.created_at < chosen.until)
    return conditions


def _behind(conn: Connection, table: Table, place: Place | None) -> list[ColumnElement[bool]]:
    if place is None:
        return []
    created_at, id_ = place
    # The first condition is implied by the second, but an index can only use the first.
    later = or_(table.c.created_at > created_at, _plain(conn, table.c.id) > id_)
    return [table.c.created_at >= created_at, later]


def _by_creation(conn: Connection, table: Table) -> list[ColumnElement[Any]]:
    return [table.c.created_at, _plain(conn, table.c.id)]


def _plain(conn: Connection, column: ColumnElement[str]) -> ColumnElement[str]:
    """The column in the order of its characters' numbers, which is the same on every engine in every language."""
    return collate(column, "C") if conn.dialect.name == "postgresql" else column
