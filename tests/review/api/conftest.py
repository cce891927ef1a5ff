"""A review app on a real socket, the real SDK against it, and a plain client for what no SDK would send."""

import asyncio
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from review.app import create_app, database_url
from review.projects import create_key
from review.serving import base_url, listen
from review.store import Store
from settings import ReviewSettings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the SDK's dependencies warn of each other when they are imported
    from literalai.api import LiteralAPI

KEY = "lsk_of_the_first_project"


@dataclass
class Running:
    """A served review app."""

    url: str
    database: str
    data_dir: Path
    key: str = KEY
    clients: list[httpx.Client] = field(default_factory=list)

    def sdk(self, key: str | None = None, environment: Any = None) -> LiteralAPI:
        return LiteralAPI(api_key=key or self.key, url=self.url, environment=environment)

    def http(self, key: str | None = None) -> httpx.Client:
        client = httpx.Client(base_url=self.url, headers={"x-api-key": key or self.key})
        self.clients.append(client)
        return client

    def ask(self, query: str, variables: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        body = {"query": query, "variables": variables or {}}
        return self.http().post("/api/graphql", json=body, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def key_of_another_project(self) -> str:
        async def made() -> str:
            store = await Store.open(self.database)
            try:
                key, _ = await store.write(create_key, "another", name="", now=datetime.now(UTC))
            finally:
                await store.close()
            return key

        return asyncio.run(made())


class _Server(uvicorn.Server):
    """Says when it is up or has given up, so that nobody has to ask again and again."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.settled.set()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[ReviewSettings], Running]]:
    """Serves a review app with these settings until the test ends."""
    ends: list[Callable[[], None]] = []

    def started(settings: ReviewSettings) -> Running:
        data_dir = tmp_path / f"data-{len(ends)}"
        listening = listen("127.0.0.1", 0)
        url = base_url(listening)
        app = create_app(settings, data_dir=data_dir, api_key=KEY)
        server = _Server(uvicorn.Config(app, log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        running = Running(url=url, database=database_url(settings, data_dir), data_dir=data_dir)

        def end() -> None:
            for client in running.clients:
                client.close()
            server.should_exit = True
            thread.join()

        thread.start()
        ends.append(end)
        assert server.settled.wait(30)
        assert server.started
        return running

    yield started
    for end in ends:
        end()


@pytest.fixture
def review(serve: Callable[[ReviewSettings], Running], store_url: str) -> Running:
    """A review app as it comes, once for each engine."""
    return serve(ReviewSettings(database_url=store_url))


@pytest.fixture
def any_review(serve: Callable[[ReviewSettings], Running]) -> Running:
    """A review app for what has nothing to do with its engine."""
    return serve(ReviewSettings())
