"""What `python -m review doctor` finds: the SQLite that is linked, and the state of the database."""

import sqlite3
from collections.abc import Iterator
from typing import Final

from review.records import PageRequest
from review.store import Connection, Store, keys
from review.store.reads import threads

_SAFE_SQLITE: Final = (3, 51, 3)
"""The first without the WAL-reset bug, which can corrupt a file that several processes write (sqlite.org/wal.html)."""


def sqlite_findings(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> Iterator[str]:
    """The version of SQLite and, when it is too old, what that may cost."""
    yield f"SQLite {'.'.join(map(str, version))}"
    if version < _SAFE_SQLITE:
        yield (
            f"  warning: before {'.'.join(map(str, _SAFE_SQLITE))} a database that several processes write can be "
            "corrupted in rare cases. One server process per file is safe; for more, use a newer Python or PostgreSQL."
        )


async def store_findings(store: Store) -> list[str]:
    """What is in the database."""
    return await store.read(_contents)


def _contents(conn: Connection) -> list[str]:
    return [
        f"project {project.id} ({project.name}): {threads(conn, project.id, PageRequest(first=1)).total} threads, "
        f"{sum(key.revoked_at is None for key in keys.keys(conn, project.id))} keys in use"
        for project in keys.projects(conn)
    ] or ["no project yet: it is made when the app is first served"]
