"""Search, whatever the engine: what its index is told when something changes, and what it says about threads."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection

from review.records import Filter
from review.store import search_postgresql, search_sqlite
from review.store.search_sqlite import Found
from review.store.texts import fold
from review.store.types import storable_text


def changed(conn: Connection, project_id: str, *, steps: Sequence[str] = (), threads: Sequence[str] = ()) -> None:
    """Says that these steps, and the names of these threads, have changed."""
    if conn.dialect.name == "postgresql":
        search_postgresql.changed(conn, project_id, steps)
    else:
        search_sqlite.changed(conn, project_id, steps=steps, threads=threads)


def forget_thread(conn: Connection, project_id: str, thread_id: str) -> None:
    """Says that a thread and all its steps are about to be deleted."""
    if conn.dialect.name == "postgresql":
        search_postgresql.forget_thread(conn, project_id, thread_id)
    else:
        search_sqlite.forget_thread(conn, project_id, thread_id)


def forget_step(conn: Connection, project_id: str, step_id: str) -> None:
    """Says that a step was deleted. SQLite's index may go on naming its thread."""
    if conn.dialect.name == "postgresql":
        search_postgresql.forget_step(conn, project_id, step_id)


def threads_with(conn: Connection, project_id: str, wanted: str) -> Found:
    """The threads whose name, id or steps contain a text, whatever its case, in any script."""
    needle = fold(storable_text(wanted.strip()))
    if conn.dialect.name == "postgresql":
        return Found(search_postgresql.threads_with(project_id, needle), is_exact=True)
    return search_sqlite.threads_with(conn, project_id, needle)


def narrowed(conn: Connection, project_id: str, filters: Sequence[Filter]) -> list[ColumnElement[bool]]:
    """What the index knows of filters for a text in an output, which is how Chainlit searches: it spares a full scan.

    The filters themselves still hold. What the index leaves out (inlined files, fractions) such a filter doesn't find.
    """
    conditions: list[ColumnElement[bool]] = []
    for given in filters:
        if given.field != "stepOutput" or given.operator != "ilike" or not given.path or not _has_a_word(given.value):
            continue
        needle = fold(storable_text(given.value))
        if conn.dialect.name == "postgresql":
            conditions.append(search_postgresql.candidates(project_id, needle))
        elif found := search_sqlite.candidates(conn, project_id, needle):
            conditions.append(found.condition)
    return conditions


def _has_a_word(text: object) -> bool:
    """Whether a text can't be a part of a number, true or false, which the index does not hold."""
    return isinstance(text, str) and any(letter.isalpha() for letter in text) and fold(text) not in "true false"
