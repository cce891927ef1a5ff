"""The agent server: `uvicorn server:app`, or `python server.py`.

The only place where the agent, its tools, the monitor and the review app meet. One turn of `POST /process/` runs the
bounded loop inside Literal's thread and steps, and is answered when they are on disk:

    thread › user_message › run › { llm, tool }* › assistant_message
"""

import asyncio
import gc
import logging
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from fastapi import FastAPI, Request
from prometheus_client import CollectorRegistry, generate_latest

import monitor
import settings
import tools
from agent.api import about, health, process
from agent.api.fronts import Fronts
from agent.api.middleware import BodyLimit, PlainStartFailure, RequestId
from agent.api.problems import install as install_problems
from agent.chat import Completion, Model, ModelRequest, ToolCall, ToolResult
from agent.events import Event, TurnDone
from agent.guard import Guarded, attempt, attempt_async
from agent.loop import Limits, run_turn
from agent.toolkit import Toolkit
from agent.turn import Answer, Turn
from monitor.in_process import InProcessTransport
from monitor.metrics import MonitorCollector
from review.errors import ReviewError
from review.secrets import admin_token_file, first_api_key
from review.serving import base_url, listen, serve
from settings import Settings, SettingsError

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from agent.model import OpenAIModel
    from monitor import LiteralClient

log = logging.getLogger("server")

REVIEW_PATH = "/review"


# ---- one turn, recorded ---------------------------------------------------------------------------------------------


def recorded(literal: "LiteralClient", model: Model, toolkit: Toolkit, limits: Limits) -> Answer:
    """The bounded loop, wrapped in Literal's thread and steps. A turn ends when its steps are on disk."""

    async def answer(turn: Turn) -> AsyncGenerator[Event]:
        done: TurnDone | None = None
        try:
            with Guarded(lambda: thread(turn)):
                attempt(literal.message, turn.question, type="user_message", name=turn.user_id or "user")
                async for event in run(turn):
                    if isinstance(event, TurnDone):
                        done = event
                    else:
                        yield event
                if done:
                    attempt(literal.message, done.answer, type="assistant_message", name="assistant")
        finally:
            await attempt_async(literal.written)
        if done:
            yield done

    def thread(turn: Turn) -> AbstractContextManager[Any]:
        return literal.thread(
            thread_id=turn.thread_id,
            name=turn.title,
            participant_id=turn.user_id,
            tags=turn.tags,
            metadata=turn.metadata,
        )

    async def run(turn: Turn) -> AsyncGenerator[Event]:
        with Guarded(lambda: literal.run(name="agent")) as step:
            step.record.input = {"content": turn.question}
            async for event in run_turn(
                turn.messages, model=model, tools=toolkit, limits=limits, recorder=StepRecorder(literal)
            ):
                if isinstance(event, TurnDone):
                    step.record.output = {"content": event.answer}
                    step.record.metadata = {**(step.record.metadata or {}), "finish_reason": event.finish}
                yield event

    return answer


@dataclass(frozen=True)
class StepRecorder:
    """Each model call is an `llm` step with its whole generation, each tool call a `tool` step."""

    literal: "LiteralClient"

    def model_call(self, request: ModelRequest) -> "LlmStep":
        """An `llm` step."""
        return LlmStep(self.literal, request)

    def tool_call(self, call: ToolCall) -> "ToolStep":
        """A `tool` step."""
        return ToolStep(self.literal, call)


class LlmStep(Guarded):
    """One model call: what was asked and answered, or what was asked and why there is no answer."""

    def __init__(self, literal: "LiteralClient", request: ModelRequest) -> None:
        super().__init__(lambda: literal.step(type="llm", name=request.model))
        self.literal = literal
        self.request = request

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if self.record.generation is None:
            self.record.generation = attempt(self.literal.generation, self.request.body)
        super().__exit__(kind, error, None)

    def done(self, completion: Completion) -> None:
        """Keep the answer beside the question."""
        self.record.generation = attempt(
            self.literal.generation,
            self.request.body,
            completion.body,
            provider=completion.provider,
            seconds=completion.seconds,
            first_token_seconds=completion.first_token_seconds,
        )


class ToolStep(Guarded):
    """One tool call."""

    def __init__(self, literal: "LiteralClient", call: ToolCall) -> None:
        super().__init__(lambda: literal.step(type="tool", name=call.name))
        self.call = call

    def __enter__(self) -> Self:
        super().__enter__()
        self.record.input = self.call.readable_arguments
        return self

    def done(self, result: ToolResult) -> None:
        """Keep the result, and the error if it is one."""
        self.record.output = {"content": result.content}
        self.record.error = result.error


# ---- the application ------------------------------------------------------------------------------------------------


def create_app(config: Settings) -> FastAPI:
    """The ASGI app. Nothing is started, opened or read before its lifespan."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            app.state.fronts = await start(app, config, stack)
            leave_alone_what_stays()
            yield

    app = FastAPI(title="Literal Threads", lifespan=lifespan)
    app.add_middleware(BodyLimit, max_bytes=config.server.max_body_bytes, exempt=f"{REVIEW_PATH}/")
    app.add_middleware(RequestId)
    app.add_middleware(PlainStartFailure, causes=(SettingsError, ReviewError, OSError))
    install_problems(app)
    app.include_router(about.router)
    app.include_router(health.router)
    app.include_router(process.router)
    return app


async def start(app: FastAPI, config: Settings, stack: AsyncExitStack) -> Fronts:
    """Start what a server needs, in order; `stack` ends it in the reverse order.

    What is run in a thread imports a package that takes long, which nobody should pay for who only imports this module.
    """
    show_log(config.server.log_level)
    model = await asyncio.to_thread(load_model, config)
    stack.push_async_callback(model.aclose)
    toolkit = tools.build_toolkit(config.agent)
    stack.push_async_callback(toolkit.aclose)
    if config.monitor.literal_api_url:
        destination = elsewhere(config)
    else:
        destination = await mount_review(app, config, stack)
    literal = await asyncio.to_thread(
        monitor.open_client,
        config.monitor,
        data_dir=config.server.data_dir,
        url=destination.url,
        api_key=destination.api_key,
        transport=destination.transport,
    )
    literal.start()
    stack.push_async_callback(literal.aclose)
    app.state.literal = literal
    figures = CollectorRegistry()
    figures.register(MonitorCollector(literal.status))
    return Fronts(
        answer=recorded(literal, model, toolkit, Limits.from_settings(config.agent)),
        review_url=review_links(config),
        model=model.name,
        offline_demo=config.agent.offline,
        tools=toolkit.names,
        not_ready=lambda: literal.status().stalled,
        metrics=lambda: generate_latest(figures),
    )


def leave_alone_what_stays() -> None:
    """Keep the garbage collector from walking the SDKs' heap again and again while requests run."""
    gc.collect()
    gc.freeze()


def show_log(level: str) -> None:
    """Let our own packages say what they have to say; everybody else's only from a warning on."""
    logging.basicConfig(format="%(levelname)s:     %(message)s")
    for name in ("server", "agent", "monitor", "review"):
        logging.getLogger(name).setLevel(level.upper())


def load_model(config: Settings) -> "OpenAIModel":
    """The configured provider's model, or the offline demo model."""
    from agent.model import build_model

    return build_model(config.agent)


@dataclass(frozen=True)
class Destination:
    """Where steps are delivered; by real HTTP unless there is a `transport`."""

    url: str
    api_key: str
    transport: InProcessTransport | None = None


def elsewhere(config: Settings) -> Destination:
    """The Literal API that the settings name."""
    if not (config.monitor.literal_api_url and config.monitor.literal_api_key):
        raise SettingsError("LITERAL_API_URL needs LITERAL_API_KEY, the key of a project over there")
    return Destination(config.monitor.literal_api_url, config.monitor.literal_api_key.get_secret_value())


async def mount_review(app: FastAPI, config: Settings, stack: AsyncExitStack) -> Destination:
    """Serve the review app below /review, in this process."""
    given = config.monitor.literal_api_key
    api_key = await asyncio.to_thread(
        first_api_key, config.server.data_dir, given.get_secret_value() if given else None
    )
    review = await asyncio.to_thread(load_review, config, api_key)
    await stack.enter_async_context(review.router.lifespan_context(review))
    app.mount(REVIEW_PATH, review)
    return Destination("http://review", api_key, InProcessTransport(review, asyncio.get_running_loop()))


def load_review(config: Settings, api_key: str) -> "Starlette":
    """The review app, with this key for its first project."""
    from review.app import create_app as create_review

    return create_review(config.review, data_dir=config.server.data_dir, api_key=api_key)


def review_links(config: Settings) -> Callable[[Request, str | None], str]:
    """Makes links to the review pages that the caller of a request can open."""
    public = config.review.review_url or config.monitor.literal_api_url

    def review_url(request: Request, thread_id: str | None) -> str:
        base = public or f"{str(request.base_url).rstrip('/')}{REVIEW_PATH}"
        return f"{base.rstrip('/')}/threads" + (f"/{quote(thread_id, safe='')}" if thread_id else "")

    return review_url


# ---- the program ----------------------------------------------------------------------------------------------------


def main() -> int:
    """Serve until stopped; 2 when a setting or the address can't be used, 1 when the start failed."""
    try:
        config = settings.load()
        listening = listen(config.server.host, config.server.port)
    except (SettingsError, OSError) as error:
        print(f"server: {error}", file=sys.stderr)  # noqa: T201  # a person started this
        return 2
    return 0 if serve(app, listening, config.server, ready=lambda: announce(config, base_url(listening))) else 1


def announce(config: Settings, url: str) -> None:
    """Tell the person who started this what answers, and where to look."""
    if config.agent.offline:
        log.info("The offline demo model answers: rule-based, no AI. Set OPENAI_API_KEY for a real one.")
    log.info("Agent         %s/docs", url)
    if config.monitor.literal_api_url:
        return
    if config.review.admin_token:  # whoever set it knows it
        log.info("Review pages  %s%s", url, REVIEW_PATH)
    else:
        token = admin_token_file(config.server.data_dir).read_text(encoding="utf-8").strip()
        log.info("Review pages  %s%s/login?token=%s", url, REVIEW_PATH, token)


def app_from_environment() -> FastAPI:
    """What `uvicorn server:app` serves."""
    try:
        return create_app(settings.load())
    except SettingsError as error:
        sys.exit(f"server: {error}")


app = app_from_environment()

if __name__ == "__main__":
    sys.exit(main())
