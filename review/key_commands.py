"""`python -m review keys`: what is done with keys, and what the terminal is told."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from review.errors import NotFound
from review.projects import create_key, rotate_key
from review.records import ApiKey
from review.store import Connection, Store
from review.store.keys import keys, projects, revoke_key

_HEADINGS: Final = ("ID", "PROJECT", "KEY", "MADE (UTC)", "STATE", "NAME")


async def list_keys(given: argparse.Namespace, store: Store) -> str:
    """The keys of a project, or of all, as a table."""
    found = await store.read(_listed, given.project)
    if not found:
        return "There is no key yet: make one with `python -m review keys create`."
    return _table([_HEADINGS, *map(_cells, found)])


async def make_key(given: argparse.Namespace, store: Store) -> str:
    """A new key; this is the only time it is seen."""
    key, _ = await store.write(create_key, given.project, name=given.name, now=datetime.now(UTC))
    return key


async def replace_key(given: argparse.Namespace, store: Store) -> str:
    """The key that takes a key's place.

    Raises:
        NotFound: the project has no such key in use.
    """
    key, _ = await store.write(rotate_key, given.project, given.id, now=datetime.now(UTC))
    return key


async def end_key(given: argparse.Namespace, store: Store) -> str:
    """Ends a key.

    Raises:
        NotFound: the project has no such key in use.
    """
    if not await store.write(revoke_key, given.project, given.id, now=datetime.now(UTC)):
        raise NotFound(f"project {given.project} has no key {given.id} in use")
    return f"revoked {given.id}"


def _listed(conn: Connection, project_id: str | None) -> list[ApiKey]:
    wanted = [project_id] if project_id else [project.id for project in projects(conn)]
    return [key for each in wanted for key in keys(conn, each)]


def _cells(key: ApiKey) -> Sequence[str]:
    state = f"revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else "in use"
    return key.id, key.project_id, f"…{key.tail}", f"{key.created_at:%Y-%m-%d %H:%M}", state, key.name


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
