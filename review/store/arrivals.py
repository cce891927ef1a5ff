"""Rows that were carried here from elsewhere (`review.store.portable`), saved with all that is derived from them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from review.errors import Refused
from review.store import search
from review.store.participants import participant, participants_by_id
from review.store.portable import KINDS, Row, Rows, key_of
from review.store.statements import given_over_stored, insert_or_keep, insert_or_merge
from review.store.tables import thread as thread_table
from review.store.texts import preview_of
from review.store.totals import hold, sum_up
from review.store.types import storable_text


def save_rows(conn: Connection, project_id: str, rows: Rows, *, now: datetime) -> dict[str, str]:
    """Adds rows, or lays what they give over those of the same key.

    Args:
        conn: A connection of `store.write`.
        project_id: Where they go.
        rows: Of any kinds, with the columns that are given.
        now: When a thread was made that a step names and nobody has brought.

    Returns:
        Participants that are known here under another id: theirs to ours.

    Raises:
        Refused: a row has a name that another one has here.
    """
    of_kind = {kind: [row for other, row in rows if other == kind] for kind in KINDS}
    people, threads, steps = (of_kind.pop(kind) for kind in ("participant", "thread", "step"))
    known = _known_participants(conn, project_id, people)
    _merge(conn, project_id, "participant", [row for row in people if row["id"] not in known])
    _merge(conn, project_id, "thread", _with_identifiers(conn, project_id, threads))
    _save_steps(conn, project_id, steps, threads=[row["id"] for row in threads], now=now)
    for kind, some in of_kind.items():
        _merge(conn, project_id, kind, some)
    return known


def _save_steps(
    conn: Connection, project_id: str, steps: Sequence[Row], *, threads: Sequence[str], now: datetime
) -> None:
    """Saves steps with all that depends on them: the sums of these threads and of those the steps leave, the search."""
    ids, named = sorted({row["id"] for row in steps}), {row["thread_id"] for row in steps if row.get("thread_id")}
    stubs = [{"project_id": project_id, "id": id_, "created_at": now} for id_ in sorted(named)]
    insert_or_keep(conn, thread_table, stubs)
    before = hold(conn, project_id, ids, {*named, *threads}, now=now)
    _merge(conn, project_id, "step", [{**row, "preview": _preview(row)} for row in steps])
    left = {columns["thread_id"] for columns in before.values() if columns["thread_id"]}
    sum_up(conn, project_id, {*named, *left, *threads})
    search.changed(conn, project_id, steps=ids, threads=threads)


def _merge(conn: Connection, project_id: str, kind: str, rows: Sequence[Row]) -> None:
    if not rows:
        return
    # SQLAlchemy names its columns by a subclass of str, which orjson takes for no key.
    names = sorted({*map(str, KINDS[kind].columns), *(name for row in rows for name in row)})
    by_key = {  # no engine takes a row twice in one statement
        tuple(row[name] for name in key_of(kind)): {name: row.get(name) for name in names} | {"project_id": project_id}
        for row in rows
    }
    try:
        insert_or_merge(conn, KINDS[kind].table, list(by_key.values()), given_over_stored)
    except IntegrityError as error:
        raise Refused(f"a {kind} has a name that another one has in this project") from error


def _known_participants(conn: Connection, project_id: str, people: Sequence[Row]) -> dict[str, str]:
    known: dict[str, str] = {}
    for person in people:
        ours = participant(conn, project_id, identifier=person["identifier"])
        if ours is not None and ours.id != person["id"]:
            known[person["id"]] = ours.id
    return known


def _with_identifiers(conn: Connection, project_id: str, threads: Sequence[Row]) -> list[Row]:
    ids = {row["participant_id"] for row in threads if row.get("participant_id")}
    people = participants_by_id(conn, project_id, ids)
    return [
        {**row, "participant_identifier": person.identifier if person else None}
        for row in threads
        for person in [people.get(row.get("participant_id") or "")]
    ]


def _preview(step: Row) -> str | None:
    text_of = step.get("input") if step.get("output") is None else step["output"]
    return None if text_of is None else storable_text(preview_of(text_of))
