"""Where threads are kept: two async doors to sync functions of a connection. The only package that knows SQL.

`store.read(reads.thread_summary, project_id, thread_id)` runs on a thread of its own, so nothing here blocks an event
loop, and the functions in reads.py, writes.py and their neighbours stay plain: a connection and values in, records out.
"""

import asyncio
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import Connection

from review.store.engines import Database, open_database

P = ParamSpec("P")
R = TypeVar("R")


class Store:
    """One database. Made by `open`, ended by `close`; good for any number of event loops at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def engine(self) -> str:
        """The engine's name: "sqlite" or "postgresql"."""
        return self._database.engine

    @classmethod
    async def open(cls, url: str) -> Self:
        """The store behind a URL, its database made and migrated when it has to be.

        Args:
            url: `sqlite:///path/to/file.db` or `postgresql://user@host/name`.

        Raises:
            Refused: there is no store for such a URL, or a newer version has migrated the database.
        """
        return cls(await asyncio.to_thread(open_database, url))

    async def read(self, fn: Callable[Concatenate[Connection, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """What `fn(conn, *args, **kwargs)` returns, run in one read-only transaction that never waits for a writer."""
        return await asyncio.wrap_future(self._database.read(lambda conn: fn(conn, *args, **kwargs)))

    async def write(self, fn: Callable[Concatenate[Connection, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """What `fn(conn, *args, **kwargs)` returns, once it is committed. Its error spoils nobody else's write.

        Raises:
            Busy: too much is waiting; nothing was stored.
        """
        return await self.write_sized(0, fn, *args, **kwargs)

    async def write_sized(
        self, size: int, fn: Callable[Concatenate[Connection, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Like `write`, for arguments that hold about `size` bytes: what waits is bounded by that, too."""
        return await asyncio.wrap_future(self._database.write(lambda conn: fn(conn, *args, **kwargs), size=size))

    async def close(self) -> None:
        """Finishes the writes that were accepted, then lets go of the database."""
        await asyncio.to_thread(self._database.close)
