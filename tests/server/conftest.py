"""The whole application in this process, on its real lifespan: agent, monitor and review app."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from literalai.api.helpers import gql

import server
import settings
from settings import Settings

ASK = {"role": "user", "content": "what's the weather in sf"}


@dataclass
class Running:
    """A running server: `http` speaks to it as a client does."""

    app: FastAPI
    http: httpx.AsyncClient
    data_dir: Path

    async def process(self, *messages: dict[str, Any], thread_id: str = "t1", **more: Any) -> httpx.Response:
        """One turn."""
        return await self.http.post(
            "/process/", json={"message_history": list(messages), "thread_id": thread_id, **more}
        )

    async def query(self, document: str, **variables: Any) -> dict[str, Any]:
        """What the Literal API answers, once all that was recorded is delivered."""
        assert await asyncio.to_thread(self.app.state.literal.flush)
        answer = await self.http.post(
            "/review/api/graphql",
            json={"query": document, "variables": variables},
            headers={"x-api-key": (self.data_dir / "api-key").read_text().strip()},
        )
        assert "errors" not in answer.json(), answer.text
        return answer.json()["data"]

    async def thread(self, thread_id: str = "t1") -> dict[str, Any]:
        """A thread as the SDK would get it."""
        return (await self.query(gql.GET_THREAD, id=thread_id))["threadDetail"]

    async def thread_ids(self) -> list[str]:
        """Every thread there is."""
        return [edge["node"]["id"] for edge in (await self.query(gql.LIST_THREADS))["threads"]["edges"]]


Serve = Callable[..., AbstractAsyncContextManager[Running]]


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """Starts the server with these environment variables."""

    @asynccontextmanager
    async def running(**environment: str) -> AsyncIterator[Running]:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            config: Settings = settings.load(env_file=None)
        app = server.create_app(config)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://agent") as http,
        ):
            yield Running(app, http, config.server.data_dir)

    return running


@pytest.fixture
async def running(serve: Serve) -> AsyncIterator[Running]:
    """The server as a newcomer starts it: no key, no account, the offline demo model."""
    async with serve() as started:
        yield started


@dataclass
class FakeProvider:
    """An OpenAI-compatible endpoint that answers as it is told."""

    url: str = ""
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    seen: list[bytes] = field(default_factory=list)
    hang: threading.Event | None = None


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """A provider over real HTTP, in a thread."""
    fake = FakeProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            fake.seen.append(self.rfile.read(int(self.headers["Content-Length"])))
            if fake.hang:
                fake.hang.wait(30)
            self.send_response(fake.status)
            for name, value in {"Content-Type": "application/json", **fake.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(fake.body)))
            self.end_headers()
            self.wfile.write(fake.body)

        def log_message(self, *_: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{listening.server_port}/v1"
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    yield fake
    if fake.hang:
        fake.hang.set()
    listening.shutdown()
    thread.join()
    listening.server_close()
