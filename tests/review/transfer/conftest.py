"""A project with some of everything, and the export and import of projects in a line each."""

import io
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, Boolean, Float, Integer, Table, Text, func, select

from review.files.folder import Folder
from review.files.keys import key_of
from review.records import AttachmentUpdate, GenerationUpdate, ScoreUpdate, StepUpdate, ThreadUpdate
from review.store import Connection, Store, writes
from review.store.keys import ensure_project
from review.store.portable import KINDS, Chosen
from review.store.scores import create_scores
from review.store.types import JsonValue, UtcTime
from review.transfer.export import Export
from review.transfer.imports import Import

PROJECT = "weather-app"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
FILE = "2026-11-20/019a0000-0000-7000-8000-000000000000"


async def fill(store: Store) -> None:
    """Threads with people, steps in and out of threads, scores and attachments with and without their step."""

    def saved(conn: Connection) -> None:
        ensure_project(conn, PROJECT, PROJECT, now=NOON)
        steps = [
            StepUpdate(
                id=f"{thread} step {n}",
                thread_id=thread,
                type="llm" if n else "user_message",
                start_time=NOON + timedelta(seconds=n, microseconds=n),
                end_time=NOON + timedelta(seconds=n + 1.5),
                output={"z": 1, "content": f"Ünïcode 日本 {n}", "a": [1, 2.5, None, True, "x" * 100]},
                tags=["b", "a"],
                error="bad" if n == 2 else None,
                generation=GenerationUpdate(type="CHAT", model="gpt", token_count=7, tt_first_token=0.1) if n else None,
                scores=[ScoreUpdate(id=f"{thread} score {n}", name="good", type="HUMAN", value=1)],
                attachments=[AttachmentUpdate(id=f"{thread} file {n}", name="f", object_key=key_of(PROJECT, FILE))],
            )
            for thread in ("B", "a", "ä")
            for n in range(3)
        ]
        writes.save_steps(conn, PROJECT, steps, environment="dev", received_at=NOON)
        for number, thread in enumerate(("B", "a")):
            change = ThreadUpdate(id=thread, name=f"Thread {thread}", participant=f"person {number}", metadata={"k": 1})
            writes.upsert_thread(conn, PROJECT, change, received_at=NOON)
        later = NOON + timedelta(days=1)
        writes.upsert_thread(conn, PROJECT, ThreadUpdate(id="later", tags=[]), received_at=later)
        loose = StepUpdate(
            id="loose", name="alone", attachments=[AttachmentUpdate(id="of loose", url="https://a.test")]
        )
        writes.save_steps(conn, PROJECT, [loose], environment=None, received_at=NOON)
        create_scores(conn, PROJECT, [ScoreUpdate(step_id="never came", name="n", type="AI", value=0.25)], now=NOON)
        for kind in KINDS.values():
            if kind.table.name not in {"participant", "thread", "step", "score", "attachment"}:
                conn.execute(kind.table.insert(), [_row(kind.table, number) for number in range(3)])

    await store.write(saved)


def _row(table: Table, number: int) -> dict[str, Any]:
    """A row with something in every column, for tables whose meaning is of no matter here."""
    made: dict[type, Any] = {
        UtcTime: NOON + timedelta(seconds=number),
        JsonValue: {"number": number, "list": [None, "ü"]},
        Text: f"{table.name} {number}",
        Integer: number,
        BigInteger: number,
        Float: number / 4,
        Boolean: number == 1,
    }
    return {column.name: made[type(column.type)] for column in table.c} | {"project_id": PROJECT}


@pytest.fixture
async def filled(store: Store) -> Store:
    """A store with that project."""
    await fill(store)
    return store


@pytest.fixture
def exported() -> Callable[..., Awaitable[bytes]]:
    """The export of a project, as bytes."""

    async def export(store: Store, project: str = PROJECT, **options: Any) -> bytes:
        chosen = options.pop("chosen", Chosen())
        return b"".join([lines async for lines in Export(store, project, chosen, **options).lines()])

    return export


@pytest.fixture
def imported(tmp_path: Path) -> Callable[..., Awaitable[dict[str, int]]]:
    """Imports bytes into a project; what was counted."""

    async def import_(store: Store, content: bytes, project: str = "copy", **options: Any) -> dict[str, int]:
        given = {"files": Folder(tmp_path / "files"), **options}
        arriving = Import(store, project, **given)
        await arriving.run(io.BytesIO(content))
        return dict(arriving.counts)

    return import_


async def count(store: Store, project: str) -> int:
    """How many rows of all kinds a project has."""

    def counted(conn: Connection) -> int:
        return sum(
            conn.execute(
                select(func.count()).select_from(kind.table).where(kind.table.c.project_id == project)
            ).scalar_one()
            for kind in KINDS.values()
        )

    return await store.read(counted)


@pytest.fixture
def rows():
    """Counts a project's rows."""
    return count
