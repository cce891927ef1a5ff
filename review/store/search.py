"""Search, whatever the engine: what its index is told when something changes, and what it says about threads."""

from collections.abc import Sequence

from sqlalchemy import Connection

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
