"""What the tests of the agent share: scripted model, clock turned by hand, recorder that draws, fake provider."""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from agent.chat import Completion, Message, ModelRequest, ToolCall, Usage
from agent.events import Event, Finish, MessageAdded, Token, TurnDone
from agent.loop import Limits, run_turn
from agent.recorder import error_text
from agent.toolkit import Toolkit

SAID = Usage(10, 2)
Step = Callable[[ModelRequest, Callable[[str], None]], Awaitable[Completion]]


class ScriptedModel:
    """Answers with the steps it was given; one call too many fails, and so does a step left over."""

    name = "scripted"
    provider = "test"

    def __init__(self, steps: tuple[Step, ...]) -> None:
        self.steps = list(steps)
        self.settings: dict[str, Any] = {"temperature": 0}
        self.requests: list[ModelRequest] = []

    async def ask(self, request: ModelRequest, on_text: Callable[[str], None]) -> Completion:
        assert self.steps, f"a model call too many, with {request.messages[-1]}"
        self.requests.append(request)
        return await self.steps.pop(0)(request, on_text)


class Script:
    """Makes scripted models and their steps."""

    def __init__(self) -> None:
        self.models: list[ScriptedModel] = []

    def __call__(self, *steps: Step) -> ScriptedModel:
        self.models.append(ScriptedModel(steps))
        return self.models[-1]

    def says(self, *pieces: str, finish_reason: str | None = "stop", usage: Usage | None = SAID) -> Step:
        """An answer; streamed piece by piece when streaming is asked for."""
        message = {"role": "assistant", "content": "".join(pieces)}
        return self._step(message, pieces, finish_reason, usage)

    def calls(self, *calls: tuple[str, Any], finish_reason: str | None = "tool_calls", said: str | None = None) -> Step:
        """Tool calls, with arguments as an object or as text; their ids are a, b, c…"""
        written = [
            {
                "id": "abcdefghijk"[place],
                "type": "function",
                "function": {"name": name, "arguments": given if isinstance(given, str) else json.dumps(given)},
            }
            for place, (name, given) in enumerate(calls)
        ]
        message = {"role": "assistant", "content": said, "tool_calls": written}
        return self._step(message, (said,) if said else (), finish_reason, Usage(10, 5))

    def _step(self, message: Message, pieces: Any, finish_reason: str | None, usage: Usage | None) -> Step:
        async def step(request: ModelRequest, on_text: Callable[[str], None]) -> Completion:
            await asyncio.sleep(0)
            if request.settings.get("stream"):
                for piece in pieces:
                    on_text(piece)
            return Completion(message, "scripted-1", "test", finish_reason, usage, None, 0.5)

        return step

    def hangs(self, started: asyncio.Event, *pieces: str, stopped: list[str] | None = None) -> Step:
        """Writes these pieces, then never comes back; notes in `stopped` that it was cancelled."""

        async def step(_: ModelRequest, on_text: Callable[[str], None]) -> Completion:
            for piece in pieces:
                on_text(piece)
            started.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if stopped is not None:
                    stopped.append("model")
                raise
            raise AssertionError

        return step

    def fails(self, error: Exception) -> Step:
        """Raises."""

        async def step(_: ModelRequest, __: Callable[[str], None]) -> Completion:
            raise error

        return step


@pytest.fixture
def script() -> Iterator[Script]:
    script = Script()
    yield script
    for model in script.models:
        assert not model.steps, f"{len(model.steps)} steps of the script were never asked for"


class HandClock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.alarms: list[tuple[float, asyncio.Timeout]] = []

    def now(self) -> float:
        return self.time

    def timeout(self, seconds: float) -> asyncio.Timeout:
        timer = asyncio.timeout(None if seconds > 0 else -1)
        self.alarms.append((self.time + seconds, timer))
        return timer

    def advance(self, seconds: float) -> None:
        self.time += seconds
        now = asyncio.get_running_loop().time()
        for due, timer in self.alarms:
            if due <= self.time:
                with contextlib.suppress(RuntimeError):  # left already
                    timer.reschedule(now)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@dataclass
class Node:
    label: str
    children: list["Node"] = field(default_factory=list)

    def lines(self, depth: int = 0) -> Iterator[str]:
        yield "  " * depth + self.label
        for child in self.children:
            yield from child.lines(depth + 1)


class TreeRecorder:
    """Draws what it is told as an indented tree; the parent of a step is found in a context variable."""

    def __init__(self) -> None:
        self.root = Node("turn")
        self._parent: ContextVar[Node] = ContextVar("parent", default=self.root)

    def note(self, text: str) -> None:
        """What a tool does, as a step below its call."""
        self._parent.get().children.append(Node(text))

    @contextmanager
    def model_call(self, request: ModelRequest) -> Iterator["Record"]:
        offers = f" offered {len(request.tools)}" if request.tools else ""
        with self._step(f"llm{offers}") as node:
            yield Record(node)

    @contextmanager
    def tool_call(self, call: ToolCall) -> Iterator["Record"]:
        with self._step(f"tool {call.name} {call.arguments}") as node:
            yield Record(node)

    @contextmanager
    def _step(self, label: str) -> Iterator[Node]:
        node = Node(label)
        self._parent.get().children.append(node)
        token = self._parent.set(node)
        try:
            yield node
        except BaseException as error:
            node.label += f" !! {error_text(error)}"
            raise
        finally:
            self._parent.reset(token)

    @property
    def text(self) -> str:
        return "\n".join(self.root.lines())


class Record:
    def __init__(self, node: Node) -> None:
        self.node = node

    def done(self, outcome: Any) -> None:
        if isinstance(outcome, Completion):
            asked = [f"{call.name}({call.id})" for call in outcome.tool_calls]
            tokens = f" {outcome.usage.input_tokens}+{outcome.usage.output_tokens}" if outcome.usage else ""
            self.node.label += f" → {' '.join(filter(None, [outcome.text, *asked]))}{tokens}"
        else:
            self.node.label += f" !! {outcome.error}" if outcome.error else f" → {outcome.content}"


@pytest.fixture
def tree() -> TreeRecorder:
    return TreeRecorder()


@dataclass
class Played:
    """What came out of a turn."""

    events: list[Event] = field(default_factory=list)

    @property
    def done(self) -> TurnDone:
        assert isinstance(self.events[-1], TurnDone)
        return self.events[-1]

    @property
    def finish(self) -> Finish:
        return self.done.finish

    @property
    def results(self) -> list[str]:
        return [message["content"] for message in self.done.messages if message["role"] == "tool"]

    @property
    def streamed(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Token)]

    @property
    def added(self) -> list[Message]:
        return [event.message for event in self.events if isinstance(event, MessageAdded)]


@pytest.fixture
def play(tree: TreeRecorder, clock: HandClock) -> Callable[..., Awaitable[Played]]:
    """Play one turn with the recorder `tree` and the clock `clock`."""

    async def play(
        model: ScriptedModel, tools: Toolkit | None = None, *, stream: bool = False, **limits: Any
    ) -> Played:
        played = Played()
        async for event in run_turn(
            [{"role": "user", "content": "go"}],
            model=model,
            tools=tools or Toolkit(),
            limits=Limits(**limits),
            recorder=tree,
            clock=clock,
            stream=stream,
        ):
            played.events.append(event)
        return played

    return play


class FakeProvider:
    """A real HTTP server that answers as it is told, one answer per request, and remembers what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[Callable[[Request], Awaitable[Response]]] = []
        self.bodies: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.asked, self.left = threading.Event(), threading.Event()

    def gives(self, body: Any, status: int = 200, **headers: str) -> None:
        """Answer the next request with this; text as it is, else as JSON."""
        text = body if isinstance(body, str) else json.dumps(body)

        async def answer(_: Request) -> Response:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return Response(text, status, named, media_type="application/json")

        self.answers.append(answer)

    def streams(self, *events: Any, then: str = "end") -> None:
        """Answer with server-sent events; then end the stream, break off, or hang until the client leaves."""

        async def answer(_: Request) -> Response:
            async def written() -> AsyncIterator[str]:
                for event in events:
                    yield f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n"
                if then == "hang":
                    try:
                        await asyncio.Event().wait()
                    finally:  # starlette cancels this when the client leaves
                        self.left.set()
                if then == "break":
                    raise ConnectionAbortedError

            return StreamingResponse(written(), media_type="text/event-stream")

        self.answers.append(answer)

    def hangs(self) -> None:
        """Never answer the next request, and note when its client leaves."""

        async def answer(request: Request) -> Response:
            message = await request.receive()
            assert message["type"] == "http.disconnect"
            self.left.set()
            return Response()

        self.answers.append(answer)

    async def serve(self, request: Request) -> Response:
        with contextlib.suppress(ClientDisconnect, ValueError):
            self.bodies.append(json.loads(await request.body() or b"{}"))
        self.paths.append(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
        self.headers.append(dict(request.headers))
        self.asked.set()
        if not self.answers:
            return Response("a request too many", 418)
        return await self.answers.pop(0)(request)


@pytest.fixture(scope="session")
def fake_server() -> Iterator[tuple[str, list[FakeProvider]]]:
    """One server for all tests, on a port the system chose; it asks the last provider of the list."""
    current: list[FakeProvider] = []

    async def ask(request: Request) -> Response:
        return await current[-1].serve(request)

    app = Starlette(routes=[Route("/{path:path}", ask, methods=["GET", "POST"])])
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="critical", lifespan="off", ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}", current
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()
    listening.close()


@pytest.fixture
def provider(fake_server: tuple[str, list[FakeProvider]]) -> Iterator[FakeProvider]:
    fake = FakeProvider()
    fake.url, current = fake_server
    current.append(fake)
    yield fake
    assert not fake.answers, "the provider was asked less often than expected"
