"""Steps to build trees of, and the whole review app, signed in, without a socket."""

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event

from review.app import create_app
from review.context import Review
from review.records import Step, StepUpdate, ThreadUpdate
from review.store import writes
from settings import ReviewSettings

START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TOKEN = "the token"

StepMaker = Callable[..., Step]


def make_step(id_: str, parent_id: str | None = None, **fields: Any) -> Step:
    """A step with nothing in it but what is given; `start` and `end` are seconds."""
    start, end = fields.pop("start", None), fields.pop("end", None)
    start_time = None if start is None else START + timedelta(seconds=start)
    end_time = None if end is None else START + timedelta(seconds=end)
    given = {
        **dict.fromkeys(Step.__dataclass_fields__),
        "type": "run",
        "preview": "",
        "score_count": 0,
        "created_at": START,
        "scores": [],
        "attachments": [],
        "duration": end - start if start is not None and end is not None else None,
        **fields,
    }
    return Step(**{**given, "id": id_, "parent_id": parent_id, "start_time": start_time, "end_time": end_time})


@pytest.fixture
def step() -> StepMaker:
    """Makes steps."""
    return make_step


@dataclass
class App:
    """The review app, somebody who is signed in, and somebody who is not."""

    review: Review
    reader: httpx.AsyncClient
    stranger: httpx.AsyncClient

    async def save(self, thread: ThreadUpdate, *steps: StepUpdate, received_at: datetime = START) -> None:
        """Stores a thread as the API would."""
        project_id = self.review.project.id
        await self.review.store.write(writes.save_steps, project_id, steps, environment=None, received_at=received_at)
        await self.review.store.write(writes.upsert_thread, project_id, thread, received_at=received_at)


AppMaker = Callable[..., Awaitable[App]]


@pytest.fixture
async def make_app(tmp_path: Path) -> AsyncIterator[AppMaker]:
    """Starts an app with some settings, mounted where server.py mounts it."""
    async with AsyncExitStack() as stack:

        async def make(root: str = "/review", **settings: Any) -> App:
            app = create_app(ReviewSettings(admin_token=TOKEN, **settings), data_dir=tmp_path)
            await stack.enter_async_context(app.router.lifespan_context(app))
            transport = httpx.ASGITransport(app, raise_app_exceptions=False, root_path=root)
            base = f"http://test{root}"
            reader = httpx.AsyncClient(transport=transport, base_url=base, headers={"accept": "text/html"})
            stranger = httpx.AsyncClient(transport=transport, base_url=base, headers={"accept": "text/html"})
            await reader.get("/login", params={"token": TOKEN})
            return App(app.state.review, reader, stranger)

        yield make


@pytest.fixture
async def app(make_app: AppMaker) -> App:
    """The app as it starts by default."""
    return await make_app()


@pytest.fixture
def queries() -> Iterator[list[str]]:
    """Every statement that is sent to a database by a reader."""
    statements: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        if threading.current_thread().name != "review-writer":  # the search index is filled behind our back
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield statements
    event.remove(Engine, "before_cursor_execute", note)
