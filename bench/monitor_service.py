"""The service a benchmark measures: the agent's `/process/`, not monitored, monitored by the stock SDK, or by ours.

    python -m bench.monitor_service none|stock|ours PORT

Settings come from the environment as always. `GET /bench/stats` tells what the process used since it was last asked.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from fastapi import FastAPI

import server
import settings
import tools
from agent.api import process
from agent.api.fronts import Fronts
from agent.chat import Completion, ModelRequest, ToolCall, ToolResult
from agent.events import Event, TurnDone
from agent.loop import Limits, run_turn
from agent.turn import Answer, Turn

STALL_PROBE_SECONDS = 0.005


def plain(model: Any, toolkit: Any, limits: Limits) -> Answer:
    """The same loop, recorded by nobody."""

    async def answer(turn: Turn) -> AsyncIterator[Event]:
        async for event in run_turn(turn.messages, model=model, tools=toolkit, limits=limits):
            yield event

    return answer


def stock(model: Any, toolkit: Any, limits: Limits) -> Answer:
    """The same loop inside the stock SDK's contexts, as its documentation shows them."""
    import literalai

    client = literalai.LiteralClient()

    @dataclass
    class Call:
        step: Any
        request: ModelRequest | None = None

        def done(self, told: Completion | ToolResult) -> None:
            if isinstance(told, ToolResult):
                self.step.output = {"content": told.content}
            elif self.request:
                self.step.generation = literalai.ChatGeneration(
                    provider=told.provider,
                    model=told.model,
                    messages=self.request.body["messages"],
                    tools=self.request.body.get("tools"),
                    message_completion=told.message,
                    duration=told.seconds,
                )

    class Recorder:
        @contextmanager
        def model_call(self, request: ModelRequest) -> Any:
            with client.step(type="llm", name=request.model) as step:
                yield Call(step, request)

        @contextmanager
        def tool_call(self, call: ToolCall) -> Any:
            with client.step(type="tool", name=call.name) as step:
                step.input = call.readable_arguments
                yield Call(step)

    async def answer(turn: Turn) -> AsyncIterator[Event]:
        with client.thread(thread_id=turn.thread_id, name=turn.title):
            client.message(turn.question, type="user_message", name="user")
            with client.run(name="agent") as step:
                step.input = {"content": turn.question}
                events = [
                    event
                    async for event in run_turn(
                        turn.messages, model=model, tools=toolkit, limits=limits, recorder=Recorder()
                    )
                ]
            done = events[-1]
            if isinstance(done, TurnDone):
                client.message(done.answer, type="assistant_message", name="assistant")
        for event in events:
            yield event

    return answer


def app_of(variant: str) -> FastAPI:
    """The app of a variant; ours is the real server."""
    config = settings.load(None)
    if variant == "ours":
        return server.create_app(config)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        model = await asyncio.to_thread(server.load_model, config)
        toolkit = tools.build_toolkit(config.agent)
        make = {"none": plain, "stock": stock}[variant]
        answer = await asyncio.to_thread(make, model, toolkit, Limits.from_settings(config.agent))
        app.state.fronts = Fronts(
            answer=answer,
            review_url=server.review_links(config),
            model=model.name,
            offline_demo=False,
            tools=toolkit.names,
            not_ready=lambda: None,
            metrics=lambda: b"",
        )
        server.leave_alone_what_stays()
        yield

    app = FastAPI(title="bench", lifespan=lifespan)
    for middleware, options in (
        (server.BodyLimit, {"max_bytes": config.server.max_body_bytes, "exempt": "/review/"}),
        (server.RequestId, {}),
    ):
        app.add_middleware(middleware, **options)
    server.install_problems(app)
    app.include_router(process.router)
    return app


class Measured:
    """Wraps an app: how long its event loop was held up, what CPU and memory it took."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.stall = 0.0
        self.cpu = 0.0
        self.probe: asyncio.Task[None] | None = None

    async def watch(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(STALL_PROBE_SECONDS)
            self.stall = max(self.stall, time.perf_counter() - before - STALL_PROBE_SECONDS)

    async def __call__(
        self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if scope["type"] != "http" or scope["path"] != "/bench/stats":
            await self.app(scope, receive, send)
            return
        if self.probe is None:
            self.probe = asyncio.create_task(self.watch())
        body = orjson.dumps(self.stats())
        headers = [(b"content-length", str(len(body)).encode()), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def stats(self) -> dict[str, Any]:
        cpu = time.process_time()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        literal = getattr(self.app.state, "literal", None)
        told = {
            "cpu_seconds": cpu - self.cpu,
            "stall_seconds": self.stall,
            "rss_bytes": pages * os.sysconf("SC_PAGE_SIZE"),
            "queued": literal.status().queued_steps if literal else 0,
            "in_memory": literal.status().in_memory if literal else 0,
            "lost": literal.status().lost if literal else {},
        }
        self.cpu, self.stall = cpu, 0.0
        return told


if __name__ == "__main__":
    variant, port = sys.argv[1:]
    uvicorn.run(Measured(app_of(variant)), host="127.0.0.1", port=int(port), log_level="warning", access_log=False)
