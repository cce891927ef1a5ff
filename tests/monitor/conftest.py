"""What the monitor's tests share: a real Literal API that can misbehave, a clock that stands still, an outbox."""

import asyncio
import json
import random
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from monitor.delivery import Delivery
from monitor.losses import Losses
from monitor.outbox import Outbox
from monitor.records import Kind, Record
from monitor.transport import Transport
from settings import MonitorSettings


@cache
def aliases(query: str) -> list[str]:
    return re.findall(r"(step\d+|thread\d+):", query)


def read_variables(query: str, variables: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What each alias of a document was given."""
    given: dict[str, dict[str, Any]] = {}
    for alias in aliases(query):
        kind, number = re.fullmatch(r"(step|thread)(\d+)", alias).groups()
        ending, start = f"_{number}", "thread_" if kind == "thread" else ""
        given[alias] = {
            name.removesuffix(ending).removeprefix(start): value
            for name, value in variables.items()
            if name.endswith(ending) and name.startswith("thread_") == bool(start)
        }
    return given


@dataclass
class LiteralApi:
    """A server on a real socket. `behaviour` says what it does with the next requests; what it took is merged by id."""

    url: str = ""
    behaviour: str = "ok"  # ok | 500 | 429 | 401 | 400 | hang | half | html | null | stop
    poison: set[str] = field(default_factory=set)  # ids for which the whole batch gets 400
    unwanted: set[str] = field(default_factory=set)  # ids that get ok: false
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    threads: dict[str, dict[str, Any]] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    environments: dict[str, str | None] = field(default_factory=dict)
    documents: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    serving: set[asyncio.Task[None] | None] = field(default_factory=set)
    """Held, because a loop does not: one that hangs with a client that was killed would be collected."""
    connections: int = 0
    requests: int = 0
    took: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, condition: Callable[[], bool], seconds: float = 20) -> None:
        """Wait for a state, not for a time."""
        with self.took:
            assert self.took.wait_for(condition, seconds), f"steps: {len(self.steps)}, requests: {self.requests}"

    def take(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        asked = json.loads(body)
        given = read_variables(asked["query"], asked["variables"])
        ids = {one["id"] for one in given.values()}
        self.documents.append(asked["query"])
        self.headers.append(headers)
        if ids & self.poison:
            return 400, b'{"errors":[{"message":"this one is poison"}]}'
        data: dict[str, Any] = {}
        for alias, one in given.items():
            if one["id"] in self.unwanted:
                data[alias] = {"ok": False, "message": "unwanted"}
                continue
            place = self.threads if alias.startswith("thread") else self.steps
            place[one["id"]] = {**place.get(one["id"], {}), **one}
            self.order.append(one["id"])
            self.environments[one["id"]] = headers.get("x-env")
            data[alias] = {"id": one["id"]} if alias.startswith("thread") else {"ok": True, "message": None}
        return 200, orjson.dumps({"data": data})

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.serving.add(asyncio.current_task())
        try:
            while line := await reader.readline():
                assert line.startswith(b"POST /api/graphql "), line
                headers = {}
                while (header := (await reader.readline()).strip()) != b"":
                    name, _, value = header.decode().partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers["content-length"]))
                if not await self.respond(writer, body, headers):
                    return
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def respond(self, writer: asyncio.StreamWriter, body: bytes, headers: dict[str, str]) -> bool:
        self.requests += 1
        status, extra, content = 200, "", b""
        match self.behaviour:
            case "ok":
                status, content = self.take(body, headers)
            case "hang":
                with self.took:
                    self.took.notify_all()
                await asyncio.Event().wait()
            case "half":
                self.take(body, headers)
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{")
                await writer.drain()
            case "html":
                content = b"<html>sign in</html>"
            case "null":
                content = b'{"data":null}'
            case "429":
                status, extra = 429, "retry-after: 7\r\n"
            case code:
                status, content = int(code), b'{"errors":[{"message":"no"}]}'
        with self.took:
            self.took.notify_all()
        if self.behaviour == "half":
            return False
        head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{extra}content-length: {len(content)}\r\n\r\n"
        writer.write(head.encode() + content)
        await writer.drain()
        return True


@pytest.fixture
def literal_api() -> Iterator[LiteralApi]:
    api = LiteralApi()
    loop = asyncio.new_event_loop()
    listening = threading.Event()
    server: list[asyncio.Server] = []

    async def listen() -> None:
        server.append(await asyncio.start_server(api.serve, "127.0.0.1", 0))
        api.url = f"http://127.0.0.1:{server[0].sockets[0].getsockname()[1]}"
        listening.set()

    async def end() -> None:
        server[0].close()
        for _ in range(10):  # a connection that was just accepted may still become a task
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await asyncio.sleep(0)
        loop.call_soon(loop.stop)

    thread = threading.Thread(target=lambda: (loop.create_task(listen()), loop.run_forever()))
    thread.start()
    listening.wait(10)
    yield api
    asyncio.run_coroutine_threadsafe(end(), loop)
    thread.join(10)
    loop.close()


@dataclass
class Clock:
    """Time that passes when a test says so."""

    now: float = 1000.0
    epoch: float = 1_763_672_000.0

    def seconds(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.epoch

    def pass_(self, seconds: float) -> None:
        self.now += seconds
        self.epoch += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def delivery_by_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in the programs that tests start; test_courier.py has the delivery by a process."""
    monkeypatch.setenv("DELIVERY_PROCESS", "false")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


def settings_with(**values: Any) -> MonitorSettings:
    return MonitorSettings(**values)


@dataclass
class Bench:
    """An outbox and its delivery without threads: a test takes every turn itself."""

    folder: Path
    clock: Clock
    settings: MonitorSettings
    url: str = "http://127.0.0.1:1"
    outboxes: list[Outbox] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)

    def outbox(self) -> Outbox:
        outbox = Outbox(self.folder, self.settings, clock=self.clock)
        outbox._ensure_thread = lambda: None
        self.outboxes.append(outbox)
        return outbox

    def delivery(self) -> Delivery:
        delivery = Delivery(
            self.folder,
            lambda: Transport(self.url, "key", timeout=5),
            self.settings,
            losses=Losses(self.folder, self.clock),
            clock=self.clock,
            rng=random.Random(7),
        )
        self.deliveries.append(delivery)
        return delivery

    def put(self, outbox: Outbox, *ids: str, thread: str = "t", size: int = 0) -> None:
        for one in ids:
            content = {"id": one, "threadId": thread, "type": "tool", "name": "n" * (size + 1)}
            outbox.put(Kind.STEP, orjson.dumps(content))
        outbox.write_pending()

    def end(self) -> None:
        for delivery in self.deliveries:
            delivery.close()
        for outbox in self.outboxes:
            outbox._end_segment()


@pytest.fixture
def bench(folder: Path, clock: Clock) -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(url: str = "http://127.0.0.1:1", **values: Any) -> Bench:
        made.append(Bench(folder, clock, settings_with(**values), url))
        return made[-1]

    yield make
    for one in made:
        one.end()


def step(step_id: str, **more: Any) -> Record:
    return Record(Kind.STEP, None, 1, orjson.dumps({"id": step_id, **more}))


@pytest.fixture
def make_step() -> Callable[..., Record]:
    return step
