"""Shorthands of the store's tests: saving steps in one line, counting statements, watching what they ask."""

import re
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, event

from review.records import StepUpdate
from review.store import Store, writes

PROJECT = "weather-app"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def at() -> Callable[[float], datetime]:
    """Seconds after noon of the day on which all tests happen."""
    return lambda seconds: NOON + timedelta(seconds=seconds)


@pytest.fixture
def save(store: Store) -> Callable[..., Awaitable[None]]:
    """Saves steps of the project as one batch."""

    async def save_(*steps: StepUpdate, environment: str | None = None, received_at: datetime = NOON) -> None:
        await store.write(writes.save_steps, PROJECT, steps, environment=environment, received_at=received_at)

    return save_


# Statements that name no project, each with the reason.
WITHOUT_PROJECT = (
    "FROM project ORDER BY",  # `python -m review keys` lists all projects
    "WHERE api_key.key_hash = ",  # a request brings a key, and the project is the answer
    "FROM search_queue ORDER BY project_id",  # the writer thread indexes whatever waits
    "FROM search_vocabulary",  # pieces of words, of all projects
    "INTO search_index",  # rows that belong to search_document, which knows the project
    "max(doc_id)",  # the next number of such a row
    "nonsense",  # a test's broken statement
)
_OF_A_PROJECT = re.compile(r"project_id\W* (=|IN) ")
_ASKS_OR_CHANGES = ("SELECT", "UPDATE", "DELETE", "WITH")
_ABOUT_THE_DATABASE = ("alembic_version", "sqlite_master", "pg_catalog", "pg_advisory", "PRAGMA", "information_schema")


@pytest.fixture(autouse=True)
def every_statement_names_a_project() -> Iterator[None]:
    """Watches all that the store's tests send: a table of many machines is asked by project or not at all."""
    without: list[str] = []

    def check(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        if any(known in statement for known in (*WITHOUT_PROJECT, *_ABOUT_THE_DATABASE)):
            return
        if statement.startswith("INSERT INTO") and "(project_id" not in statement:
            without.append(statement)
        if statement.startswith(_ASKS_OR_CHANGES) and " FROM " in statement and not _OF_A_PROJECT.search(statement):
            without.append(statement)

    event.listen(Engine, "before_cursor_execute", check)
    yield
    event.remove(Engine, "before_cursor_execute", check)
    assert without == []


class Queries:
    """The statements that were sent, without those that begin and end transactions."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    @contextmanager
    def counted(self) -> Generator["Queries"]:
        """Forgets what was sent before the block."""
        self.statements.clear()
        yield self

    def __len__(self) -> int:
        return len(self.statements)


@pytest.fixture
def queries() -> Iterator[Queries]:
    """Listens to every engine."""
    sent = Queries()

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.split(maxsplit=1)[0] not in {"BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT"}:
            sent.statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)
