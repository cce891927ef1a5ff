"""What differs between the engines: how a connection is opened, who writes, who reads, what locks a migration."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import BoundedSemaphore
from typing import ClassVar, Final, Protocol, TypeVar
from urllib.parse import quote

import orjson
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool, StaticPool

from review.errors import Busy, Refused, Unavailable
from review.store.file_lock import FileLock
from review.store.group_commit import GroupCommit
from review.store.migrations import migrate
from review.store.search_sqlite import index_some, register_functions
from review.store.statements import OvertakenError
from review.store.types import to_json

R = TypeVar("R")

_READERS: Final = 4  # threads; each holds the interpreter's lock most of the time, so more would only queue elsewhere
_POSTGRESQL_WRITERS: Final = 4
_MOST_WAITING: Final = 1_000
_BUSY_MILLISECONDS: Final = 10_000
_MIGRATION_LOCK: Final = 7_205_759_403  # any number that means this to PostgreSQL's advisory locks
_RETRIED: Final = {None, "40001", "40P01"}  # overtaken, serialization failure, deadlock: the other one went on
_ATTEMPTS: Final = 5


class Database(Protocol):
    """A store's engine room: sync functions in, futures out."""

    engine: ClassVar[str]

    def read(self, fn: Callable[[Connection], R]) -> Future[R]:
        """Runs `fn` in a read-only transaction that sees one state of the database."""
        ...

    def write(self, fn: Callable[[Connection], R], *, size: int) -> Future[R]:
        """Runs `fn` in a transaction; the future is done once it is committed."""
        ...

    def close(self) -> None:
        """Finishes what was accepted and closes every connection. Blocks."""
        ...


def open_database(url: str) -> Database:
    """Opens the database of a URL, made and migrated when it has to be. Blocks.

    Raises:
        Refused: the URL names no engine we have, or is none.
        Unavailable: the database can't be reached, or is none.
    """
    try:
        return _open_database(url)
    except SQLAlchemyError as error:
        cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
        reason = str(cause).strip().partition("\n")[0]
        raise Unavailable(f"The database can't be opened: {reason}") from error


def _open_database(url: str) -> Database:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise Refused(
            "The database URL can't be read; it looks like sqlite:///file.db or postgresql://host/name"
        ) from None
    match parsed.get_backend_name():
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return SqliteDatabase(Path(parsed.database))
        case "postgresql" | "postgres":
            return PostgresqlDatabase(url)
        case other:
            raise Refused(f"No store for {other}: use a SQLite file (sqlite:///file.db) or postgresql://host/name")


class SqliteDatabase:
    """A file in WAL mode: one connection writes and does all checkpoints, a pool of others only reads.

    Readers never wait for the writer, nor it for them. Several processes may share the file.
    """

    engine: ClassVar[str] = "sqlite"

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Held while a group is written: its commit may checkpoint, and no other connection may write beside that on
        # versions of SQLite with the WAL-reset bug (before 3.51.3, sqlite.org/wal.html). And it is fairer than polling.
        self._lock = FileLock(path.with_name(path.name + ".lock"))
        self._writing = create_engine(
            "sqlite://", creator=lambda: _open_sqlite(path), poolclass=StaticPool, isolation_level=None
        )
        event.listen(self._writing, "begin", _begin_immediate)
        with ExitStack() as unless_opened:
            unless_opened.callback(self._lock.close)
            unless_opened.callback(self._writing.dispose)
            with self._lock.held(), self._writing.begin() as conn:
                migrate(conn)
            unless_opened.pop_all()
        self._reading = create_engine(
            "sqlite://",
            creator=lambda: _open_sqlite_to_read(path),
            poolclass=QueuePool,
            pool_size=_READERS,
            max_overflow=0,
        )
        event.listen(self._reading, "begin", _begin)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="review-reader")
        self._writer = GroupCommit(self._writing, exclusively=self._lock.held, upkeep=index_some)

    def read(self, fn: Callable[[Connection], R]) -> Future[R]:
        """Runs `fn` on a reader thread, within one snapshot."""
        return self._readers.submit(_in_transaction, self._reading, fn)

    def write(self, fn: Callable[[Connection], R], *, size: int) -> Future[R]:
        """Runs `fn` on the writer thread, in a transaction shared with others."""
        return self._writer.submit(fn, size=size)

    def close(self) -> None:
        """Finishes what was accepted; leaves one file without a log beside it when nobody else has it open."""
        self._writer.close()
        self._readers.shutdown()
        self._reading.dispose()
        self._writing.dispose()
        self._lock.close()


class PostgresqlDatabase:
    """A PostgreSQL server: pooled connections, one transaction per function."""

    engine: ClassVar[str] = "postgresql"

    def __init__(self, url: str) -> None:
        self._engine = create_engine(
            make_url(url).set(drivername="postgresql+psycopg"),
            pool_size=_READERS + _POSTGRESQL_WRITERS,
            max_overflow=0,
            pool_pre_ping=True,
            json_serializer=to_json,
            json_deserializer=orjson.loads,
        )
        with ExitStack() as unless_opened:
            unless_opened.callback(self._engine.dispose)
            with self._engine.begin() as conn:
                conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
                migrate(conn)
            unless_opened.pop_all()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="review-reader")
        self._writers = ThreadPoolExecutor(_POSTGRESQL_WRITERS, thread_name_prefix="review-writer")
        self._room = BoundedSemaphore(_MOST_WAITING)

    def read(self, fn: Callable[[Connection], R]) -> Future[R]:
        """Runs `fn` on a reader thread, within one snapshot."""
        reading = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        return self._readers.submit(_in_transaction, reading, fn)

    def write(self, fn: Callable[[Connection], R], *, size: int) -> Future[R]:
        """Runs `fn` on a writer thread, again when another transaction was in its way."""
        del size
        if not self._room.acquire(blocking=False):
            raise Busy("Too many writes are waiting.")
        written = self._writers.submit(_in_transaction_again, self._engine, fn)
        written.add_done_callback(lambda _: self._room.release())
        return written

    def close(self) -> None:
        """Finishes what was accepted and closes the connections."""
        self._writers.shutdown()
        self._readers.shutdown()
        self._engine.dispose()


def _in_transaction(engine: Engine, fn: Callable[[Connection], R]) -> R:
    with engine.begin() as conn:
        return fn(conn)


def _in_transaction_again(engine: Engine, fn: Callable[[Connection], R]) -> R:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _in_transaction(engine, fn)
        except (DBAPIError, OvertakenError) as error:
            state = None if isinstance(error, OvertakenError) else getattr(error.orig, "sqlstate", None)
            if attempt == _ATTEMPTS or state not in _RETRIED:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _open_sqlite(path: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(
        path,
        isolation_level=None,
        check_same_thread=False,
        timeout=_BUSY_MILLISECONDS / 1000,
        cached_statements=512,
    )
    _run(
        conn,
        # Of a new file only. A step is about 1.5 kB: pages of 4 kB would stay a quarter empty.
        "PRAGMA page_size = 8192",
        "PRAGMA journal_mode = WAL",
        # A client deletes its copy when we say ok, so what we said ok to has to survive a power cut.
        "PRAGMA synchronous = FULL",
        "PRAGMA wal_autocheckpoint = 2000",  # pages; four times the default's bytes halve what is written twice
        "PRAGMA journal_size_limit = 67108864",
        "PRAGMA cache_size = -65536",  # KiB; keys are random, so the working set is the whole key index
        "PRAGMA temp_store = MEMORY",
        "PRAGMA mmap_size = 0",
    )
    return conn


def _open_sqlite_to_read(path: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(
        f"file:{quote(str(path))}?mode=ro",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=_BUSY_MILLISECONDS / 1000,
        cached_statements=512,
    )
    _run(
        conn,
        "PRAGMA query_only = ON",
        "PRAGMA wal_autocheckpoint = 0",
        "PRAGMA cache_size = -16384",
        "PRAGMA temp_store = MEMORY",
        "PRAGMA mmap_size = 0",
    )
    register_functions(conn)
    return conn


def _run(conn: sqlite3.Connection, *pragmas: str) -> None:
    for pragma in pragmas:
        conn.execute(pragma).close()


def _begin(conn: Connection) -> None:
    conn.exec_driver_sql("BEGIN")


def _begin_immediate(conn: Connection) -> None:
    # The write lock at once: a transaction that reads first and then wants to write can't wait, it fails.
    conn.exec_driver_sql("BEGIN IMMEDIATE")
