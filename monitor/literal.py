"""The Literal SDK's client, kept from what hurts a service: the only place where `literalai` is imported.

The SDK's own objects and contexts are used, by inheritance and not by patching. What differs: nothing sleeps, nothing
waits for the network, no fault of recording reaches the caller, contexts nest, and the environment belongs to the task
and not to the process. Every step and thread ends in `Recorder.record`, and from there in the outbox.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx
import literalai
import literalai.api
from literalai.client import BaseLiteralClient
from literalai.context import (
    active_experiment_item_run_id_var,
    active_root_run_var,
    active_steps_var,
    active_thread_var,
)
from literalai.environment import EnvContextManager
from literalai.evaluation.experiment_item_run import ExperimentItemRunContextManager
from literalai.event_processor import EventProcessor
from literalai.observability.step import StepContextManager
from literalai.observability.thread import ThreadContextManager

from monitor.clock import Instants
from monitor.decorating import Call, decorated, note_arguments, note_result
from monitor.generation import generation
from monitor.ids import Ids
from monitor.openai_calls import record_calls
from monitor.pipeline import Pipeline
from monitor.records import Kind
from monitor.serialise import merged, to_json
from monitor.status import Status
from settings import MonitorSettings, Section, ServerSettings

S = TypeVar("S", bound=Section)

log = logging.getLogger("monitor")

CLOUD = "https://cloud.getliteral.ai"  # what the SDK falls back to; it was switched off on 2025-10-31
API_SECONDS = 10

_instants = Instants()
_ids = Ids()
_environment: ContextVar[str | None] = ContextVar("literal_environment", default=None)


class Harmless:
    """`with harmless:` around our own code: its faults are counted and end here. A cancellation passes."""

    def __init__(self, pipeline: Pipeline | None) -> None:
        """Count where the pipeline counts."""
        self._pipeline = pipeline

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> bool:
        if not isinstance(error, Exception):
            return False
        with suppress(Exception):
            log.debug("[monitoring only] fault in recording", exc_info=error)
            if self._pipeline is not None:
                self._pipeline.losses.count(f"fault in recording: {type(error).__name__}")
        return True


class Recorder(EventProcessor):
    """Where the SDK's objects hand their events over: it serialises them at once and puts them into the outbox."""

    def __init__(self, pipeline: Pipeline | None, environment: str | None, batch_size: int) -> None:
        """Without a pipeline, as for a disabled client, events go nowhere. The SDK's thread is never made."""
        self.pipeline = pipeline
        self.environment = environment
        self.batch_size = batch_size
        self.disabled = pipeline is None
        self.preprocess_steps_function = None
        self.harmless = Harmless(pipeline)

    def record(self, kind: Kind, event: Mapping[str, Any], environment: str | None = None) -> None:
        """Keep a step or thread as it is now. Never waits, never raises."""
        if self.pipeline is None:
            return
        with self.harmless:
            content = to_json({key: value for key, value in event.items() if value is not None})
            self.pipeline.put(kind, content, environment or _environment.get() or self.environment)

    def add_event(self, event: Any) -> None:
        """Record a step that others made, such as the SDK's OpenTelemetry exporter."""
        self.record(Kind.STEP, event)

    async def a_add_events(self, event: Any) -> None:
        """The same; there is nothing to await."""
        self.record(Kind.STEP, event)

    def set_preprocess_steps_function(self, preprocess_steps_function: Callable[[list[Any]], list[Any]] | None) -> None:
        """Let a function see every step before it is on disk; what it fails on is withheld."""
        self.preprocess_steps_function = preprocess_steps_function
        if self.pipeline is not None:
            self.pipeline.set_preprocess(preprocess_steps_function)

    def flush(self) -> None:
        """Nothing to do: the SDK calls this in requests, and what was added is on its way."""

    async def aflush(self) -> None:
        """Nothing to do, as above."""

    def flush_and_stop(self) -> None:
        """Deliver for a while, and take nothing more."""
        if self.pipeline is not None:
            self.pipeline.close()

    def __del__(self) -> None:
        """The SDK's would wait for its thread."""


class Step(literalai.Step):
    """The SDK's step, without its sleep; `generation` may be the SDK's object or the dict it makes on the wire."""

    id = ""
    processor: EventProcessor | None = None

    def __init__(  # noqa: PLR0917  # the SDK's signature
        self,
        name: str = "",
        type: Any = None,  # noqa: A002  # the SDK's name
        id: str | None = None,  # noqa: A002  # the SDK's name
        thread_id: str | None = None,
        parent_id: str | None = None,
        processor: EventProcessor | None = None,
        tags: list[str] | None = None,
        root_run_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """As the SDK's; lists are the step's own, where the SDK shares them between all steps."""
        self.id = id or _ids.next()
        self.start_time = _instants.next()
        self.name = name
        self.type = type
        self.processor = processor
        self.thread_id = thread_id
        self.root_run_id = root_run_id
        self.parent_id = parent_id
        self.tags = tags
        self.scores = []
        self.attachments = []
        if metadata:
            self.metadata = metadata
        for key, value in kwargs.items():
            setattr(self, key, value)

    def start(self) -> None:
        """Become the current step of this task; parent, thread and root run come from what is current."""
        _inherit(self)
        active_steps_var.set([*(active_steps_var.get() or ()), self])

    def end(self) -> None:
        """Record the step as it is now. Ending it elsewhere than where it started is allowed."""
        self.end_time = _instants.next()
        active = active_steps_var.get()
        if active and self in active:
            active_steps_var.set([step for step in active if step is not self])
        _hand_over(self)

    def to_dict(self) -> Any:
        """The step as the wire has it, without what is empty: an empty list says nothing (literal-api.md §3.2)."""
        generation: Any = self.generation
        if generation is not None and not isinstance(generation, dict):
            generation = generation.to_dict()
        told: dict[str, Any] = {
            "id": self.id,
            "metadata": self.metadata,
            "parentId": self.parent_id,
            "startTime": self.start_time,
            "endTime": self.end_time,
            "type": self.type,
            "threadId": self.thread_id,
            "error": self.error,
            "input": self.input,
            "output": self.output,
            "generation": generation,
            "name": self.name,
            "tags": self.tags,
            "scores": [score.to_dict() for score in self.scores or ()],
            "attachments": [attachment.to_dict() for attachment in self.attachments],
            "rootRunId": self.root_run_id,
        }
        return told


class Message(literalai.Message):
    """The SDK's message, without its sleep; one outside of any thread is recorded like any other step."""

    id = ""
    content = ""
    processor: EventProcessor | None = None

    def __init__(  # noqa: PLR0917  # the SDK's signature
        self,
        content: str,
        id: str | None = None,  # noqa: A002  # the SDK's name
        type: Any = "assistant_message",  # noqa: A002  # the SDK's name
        name: str | None = None,
        thread_id: str | None = None,
        parent_id: str | None = None,
        scores: list[Any] | None = None,
        attachments: list[Any] | None = None,
        metadata: dict[str, Any] | None = None,
        timestamp: str | None = None,
        tags: list[str] | None = None,
        processor: EventProcessor | None = None,
        root_run_id: str | None = None,
    ) -> None:
        """As the SDK's."""
        self.id = id or _ids.next()
        self.timestamp = timestamp or _instants.next()
        self.name = name
        self.type = type
        self.content = content
        self.scores = scores or []
        self.attachments = attachments or []
        self.metadata = metadata
        self.tags = tags
        self.processor = processor
        self.thread_id = thread_id
        self.root_run_id = root_run_id
        self.parent_id = parent_id

    def end(self) -> None:
        """Record the message."""
        _inherit(self)
        _hand_over(self)


def _inherit(step: Any) -> None:
    """Fill parent, thread and root run from what is current in this task."""
    active = active_steps_var.get()
    if active:
        parent = active[-1]
        step.parent_id = step.parent_id or parent.id
        step.thread_id = step.thread_id or parent.thread_id
        step.root_run_id = step.root_run_id or parent.root_run_id
    if not step.thread_id and (thread := active_thread_var.get()):
        step.thread_id = thread.id
    if not step.root_run_id and (root := active_root_run_var.get()):
        step.root_run_id = root.id


def _hand_over(step: Any) -> None:
    """Give a step to its recorder, or to whatever processor the program put there instead."""
    recorder = step.processor
    if not isinstance(recorder, Recorder):
        if recorder is not None:
            recorder.add_event(step.to_dict())
        return
    try:
        event = step.to_dict()
    except Exception as error:
        event = {
            "id": step.id,
            "threadId": step.thread_id,
            "metadata": {"withheld": f"{type(error).__name__}: {error}"},
        }
    recorder.record(Kind.STEP, event, getattr(step, "environment", None))


class StepContext(StepContextManager):
    """The SDK's `with client.step(...)`: the root run stays known until it ends, and nothing is flushed on errors."""

    def __init__(self, client: "RecordingClient", **properties: Any) -> None:
        """`properties` are those of `start_step`."""
        self.client = client
        self._properties = properties
        self._entered: list[tuple[Step, bool]] = []

    def __call__(self, func: Call) -> Call:  # pyright: ignore[reportIncompatibleMethodOverride]  # the SDK's is untyped
        """Decorate a function: its name, arguments and result become the step's."""
        properties = {**self._properties, "name": self._properties.get("name") or func.__name__}
        client = self.client
        return decorated(func, lambda: StepContext(client, **properties), called=note_arguments, returned=note_result)

    def __enter__(self) -> Step:
        step = self.step = self.client.start_step(**self._properties)
        is_root = step.type == "run" and active_root_run_var.get() is None
        if is_root:
            active_root_run_var.set(step)
        self._entered.append((step, is_root))
        self.client.associate()
        return step

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        step, is_root = self._entered.pop()
        if is_root:
            active_root_run_var.set(None)
        with self.client.recorder.harmless:
            if error is not None:
                step.error = step.error or str(error) or type(error).__name__
            step.end()

    async def __aenter__(self) -> Step:
        return self.__enter__()

    async def __aexit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        self.__exit__(_type, error, _traceback)


class ThreadContext(ThreadContextManager):
    """The SDK's `with client.thread(...)`: it ends in the outbox, and the thread around it comes back."""

    def __init__(self, client: "RecordingClient", thread_id: str | None, name: str | None, **properties: Any) -> None:
        """`properties` are `metadata`, `tags` and `participant_id`."""
        self.client = client
        self.thread_id = thread_id
        self.name = name
        self.kwargs = properties
        self._entered: list[tuple[literalai.Thread, literalai.Thread | None]] = []

    def __call__(self, func: Call) -> Call:  # pyright: ignore[reportIncompatibleMethodOverride]  # the SDK's is untyped
        """Decorate a function: every call is a thread."""
        client = self.client
        return decorated(func, lambda: ThreadContext(client, self.thread_id, self.name, **self.kwargs))

    def __enter__(self) -> literalai.Thread:
        properties: dict[str, Any] = {"metadata": {}, "tags": [], **self.kwargs}
        thread = literalai.Thread(id=self.thread_id or "", name=self.name, **properties)
        with self.client.recorder.harmless:
            thread.id = thread.id or _ids.next()
        self._entered.append((thread, active_thread_var.get()))
        active_thread_var.set(thread)
        self.client.associate()
        return thread

    def __exit__(self, *exc: object) -> None:
        thread, before = self._entered.pop()
        active_thread_var.set(before)
        with self.client.recorder.harmless:
            self._record(thread)

    async def __aenter__(self) -> literalai.Thread:
        return self.__enter__()

    async def __aexit__(self, *exc: object) -> None:
        self.__exit__(*exc)

    def upsert(self) -> None:
        """Record the current thread as it is now."""
        if (thread := active_thread_var.get()) is not None:
            self._record(thread)

    def _record(self, thread: literalai.Thread) -> None:
        """What is not given leaves the server's value alone."""
        self.client.recorder.record(
            Kind.THREAD,
            {
                "id": thread.id,
                "name": thread.name,
                "metadata": merged(self.client.global_metadata, thread.metadata),
                "tags": thread.tags or None,
                "participantId": thread.participant_id or None,
            },
        )


class EnvironmentContext(EnvContextManager):
    """The SDK's `with client.environment(...)`, for this task only."""

    def __init__(self, client: "RecordingClient", env: str = "prod") -> None:
        """`env` labels the steps that are made inside."""
        self.client = client
        self.env = cast("Any", env)
        self._before: list[str | None] = []

    def __call__(self, func: Call) -> Call:  # pyright: ignore[reportIncompatibleMethodOverride]  # the SDK's is untyped
        """Decorate a function."""
        client = self.client
        return decorated(func, lambda: EnvironmentContext(client, self.env))

    def __enter__(self) -> None:
        self._before.append(_environment.get())
        _environment.set(self.env)

    def __exit__(self, *exc: object) -> None:
        _environment.set(self._before.pop())

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(self, *exc: object) -> None:
        self.__exit__(*exc)


class ExperimentItemRunContext(ExperimentItemRunContextManager):
    """The SDK's `with client.experiment_item_run()`: a run in the environment `experiment`, nothing flushed."""

    def __init__(self, client: "RecordingClient") -> None:
        """A run is made at each entry."""
        self.client = client
        self._exits: list[ExitStack] = []

    def __call__(self, func: Call) -> Call:  # pyright: ignore[reportIncompatibleMethodOverride]  # the SDK's is untyped
        """Decorate a function."""
        client = self.client
        return decorated(func, lambda: ExperimentItemRunContext(client))

    def __enter__(self) -> Step:
        client = self.client
        with ExitStack() as entering:
            entering.enter_context(EnvironmentContext(client, "experiment"))
            step = entering.enter_context(StepContext(client, name="Experiment Run", type="run"))
            active_experiment_item_run_id_var.set(step.id)
            entering.callback(active_experiment_item_run_id_var.set, None)
            self._exits.append(entering.pop_all())
        return step

    def __exit__(self, *exc: object) -> None:
        self._exits.pop().__exit__(*cast("tuple[Any, Any, Any]", exc))

    async def __aenter__(self) -> Step:
        return self.__enter__()

    async def __aexit__(self, *exc: object) -> None:
        self.__exit__(*exc)


class _Bounded:
    """What both of the SDK's API clients lack: a time limit for every call, and an environment per task."""

    configured_environment: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The SDK's headers, but for the environment, which it takes from the process."""
        headers = {key: value for key, value in cast("Any", super()).headers.items() if key != "x-env"}
        environment = _environment.get() or self.configured_environment
        return {**headers, "x-env": environment} if environment else headers


class Api(_Bounded, literalai.api.LiteralAPI):
    """`client.api`: calls that read and write at once, in the caller's thread."""

    def gql_helper(
        self, query: Any, description: Any, variables: Any, process_response: Any, timeout: Any = None
    ) -> Any:
        """One GraphQL call; 10 s where the SDK would wait for ever."""
        return super().gql_helper(query, description, variables, process_response, timeout or API_SECONDS)


class AsyncApi(_Bounded, literalai.api.AsyncLiteralAPI):
    """The same for `AsyncLiteralClient`."""


class RecordingClient(BaseLiteralClient):
    """What both clients share: the SDK's methods, on our contexts and our outbox."""

    recorder: Recorder
    _pipeline: Pipeline | None
    _uses_traceloop = False

    def _record_to(self, recorder: Recorder, *, disabled: bool) -> None:
        self.recorder = recorder
        self.event_processor = recorder
        self._pipeline = recorder.pipeline
        self.disabled = disabled

    # ---- the SDK's surface

    def thread(
        self,
        original_function: Call | None = None,
        *,
        thread_id: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """A conversation, as context or decorator."""
        context = ThreadContext(self, thread_id, name, **kwargs)
        return context(original_function) if original_function else context

    def step(
        self,
        original_function: Call | None = None,
        *,
        name: str = "",
        type: Any = "undefined",  # noqa: A002  # the SDK's name
        id: str | None = None,  # noqa: A002  # the SDK's name
        parent_id: str | None = None,
        thread_id: str | None = None,
        root_run_id: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """A step, as context or decorator."""
        context = StepContext(
            self,
            name=name,
            type=type,
            id=id,
            parent_id=parent_id,
            thread_id=thread_id,
            root_run_id=root_run_id,
            **kwargs,
        )
        return context(original_function) if original_function else context

    def start_step(  # noqa: PLR0917  # the SDK's signature
        self,
        name: str = "",
        type: Any = None,  # noqa: A002  # the SDK's name
        id: str | None = None,  # noqa: A002  # the SDK's name
        parent_id: str | None = None,
        thread_id: str | None = None,
        root_run_id: str | None = None,
        **kwargs: Any,
    ) -> Step:
        """A step that is current from now on; `end()` records it."""
        with self.recorder.harmless:
            step = Step(
                name=name,
                type=type,
                id=id,
                parent_id=parent_id,
                thread_id=thread_id,
                processor=self.recorder,
                root_run_id=root_run_id,
                **kwargs,
            )
            step.metadata = merged(step.metadata, self.global_metadata)
            step.start()
            return step
        return Step.__new__(Step)  # a blank one: whoever writes on it loses the record and nothing else

    def message(  # noqa: PLR0917  # the SDK's signature
        self,
        content: str = "",
        id: str | None = None,  # noqa: A002  # the SDK's name
        parent_id: str | None = None,
        type: Any = "assistant_message",  # noqa: A002  # the SDK's name
        name: str | None = None,
        thread_id: str | None = None,
        attachments: list[Any] | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        root_run_id: str | None = None,
    ) -> Message:
        """A message of the conversation, recorded at once."""
        with self.recorder.harmless:
            message = Message(
                content=content,
                id=id,
                parent_id=parent_id,
                type=type,
                name=name,
                thread_id=thread_id,
                attachments=attachments,
                tags=tags,
                metadata=merged(metadata, self.global_metadata),
                processor=self.recorder,
                root_run_id=root_run_id,
            )
            message.end()
            return message
        return Message.__new__(Message)

    def environment(self, original_function: Call | None = None, env: Any = "prod", **kwargs: Any) -> Any:
        """An environment for the steps of this task, as context or decorator."""
        context = EnvironmentContext(self, env, **kwargs)
        return context(original_function) if original_function else context

    def experiment_item_run(self, original_function: Call | None = None, **kwargs: Any) -> Any:
        """The run of one item of an experiment, as context or decorator."""
        context = ExperimentItemRunContext(self, **kwargs)
        return context(original_function) if original_function else context

    def instrument_openai(self, *clients: Any) -> None:
        """Record the chat completions of these OpenAI clients, sync or async, as llm steps.

        The SDK takes no argument and patches the `openai` package for the whole process; this does not.

        Raises:
            TypeError: no client was given, or something else.
        """
        if not clients:
            raise TypeError("name the clients to record: literal.instrument_openai(OpenAI())")
        for client in clients:
            record_calls(client, self._leaf)

    def _leaf(self) -> Step:
        """A step that has parents and never children: others begun while it streams are not its own."""
        step = Step(type="llm", processor=self.recorder, metadata=merged(None, self.global_metadata))
        _inherit(step)
        return step

    def initialize(self) -> None:
        """The SDK's OpenTelemetry instrumentation, exporting into the outbox."""
        super().initialize()
        self._uses_traceloop = True

    def associate(self) -> None:
        """Tell Traceloop's spans, once it is initialized, where they belong."""
        if self._uses_traceloop:
            with self.recorder.harmless:
                self.set_properties()

    # ---- ours

    generation = staticmethod(generation)

    def start(self) -> None:
        """Deliver from now on, also what earlier processes left; the first step does it too."""
        if self._pipeline is not None:
            self._pipeline.start()

    async def written(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109  # its answer is False, not an error
        """Wait until every step put so far, by anyone, is on disk; False, and counted, when it isn't in time."""
        if self._pipeline is None:
            return True
        with self.recorder.harmless:
            return await self._pipeline.written(timeout)
        return False

    def written_sync(self, timeout: float | None = None) -> bool:
        """The same for a thread without an event loop."""
        if self._pipeline is None:
            return True
        with self.recorder.harmless:
            return self._pipeline.written_sync(timeout)
        return False

    def status(self) -> Status:
        """Figures of the outbox and its delivery, from memory."""
        return Status() if self._pipeline is None else self._pipeline.status()

    def close(self, deliver_seconds: float | None = None) -> None:
        """Write the rest, deliver for at most so many seconds, keep what remains for the next start."""
        if self._pipeline is not None:
            self._pipeline.close(deliver_seconds)

    async def aclose(self, deliver_seconds: float | None = None) -> None:
        """The same without blocking the event loop."""
        await asyncio.to_thread(self.close, deliver_seconds)


def _connection(api_key: str | None, url: str | None, settings: MonitorSettings) -> tuple[str, str]:
    """Key and address: the arguments, else the settings, else what the SDK would take.

    Raises:
        ValueError: there is no key.
    """
    key = api_key or (settings.literal_api_key.get_secret_value() if settings.literal_api_key else "")
    if not key:
        raise ValueError("LITERAL_API_KEY not provided")
    return key, (url or settings.literal_api_url or CLOUD).rstrip("/")


def _from_environment(section: type[S]) -> S:
    return section()  # the type checker does not see that every field has a default or a variable


def _folder(outbox_dir: Path | None, settings: MonitorSettings, key: str, url: str) -> Path:
    """A folder of its own for every project, so that no client delivers with another one's key."""
    project = hashlib.sha256(f"{url} {key}".encode()).hexdigest()[:8]
    return outbox_dir or settings.outbox_dir or _from_environment(ServerSettings).data_dir / f"outbox-{project}"


class LiteralClient(RecordingClient, literalai.LiteralClient):
    """Drop-in for `literalai.LiteralClient`: same surface, durable and out of the way."""

    api: Api

    def __init__(  # noqa: PLR0917  # the SDK's signature
        self,
        batch_size: int = 5,
        api_key: str | None = None,
        url: str | None = None,
        environment: Any = None,
        disabled: bool = False,
        release: str | None = None,
        *,
        settings: MonitorSettings | None = None,
        outbox_dir: Path | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """As the SDK's. Starts nothing; what isn't given comes from the environment, as there.

        Args:
            batch_size: accepted and not used: batches are bounded by DELIVERY_STEPS and DELIVERY_BYTES.
            api_key: the project's key; none: LITERAL_API_KEY.
            url: the Literal API; none: LITERAL_API_URL.
            environment: label of the steps; none: LITERAL_ENV.
            disabled: record nothing.
            release: version of the program, kept in metadata; none: RELEASE.
            settings: bounds and times; none reads them from the environment.
            outbox_dir: where steps wait; none: OUTBOX_DIR, else a folder per project in DATA_DIR.
            transport: how requests travel, for tests and for a review app in this process.

        Raises:
            ValueError: no API key, or masking that can't be had.
        """
        settings = settings or _from_environment(MonitorSettings)
        key, address = _connection(api_key, url, settings)
        environment = environment or settings.literal_env
        # Disabled, the SDK's constructor starts no thread; without an environment it leaves the process's alone.
        BaseLiteralClient.__init__(
            self, batch_size, api_key=key, url=address, disabled=True, release=release or settings.release
        )
        self.api = Api(api_key=key, url=address)  # pyright: ignore[reportIncompatibleVariableOverride]  # narrower
        self.api.configured_environment = environment
        pipeline = None
        if not disabled:
            folder = _folder(outbox_dir, settings, key, address)
            pipeline = Pipeline(settings, folder=folder, url=address, api_key=key, transport=transport)
        self._record_to(Recorder(pipeline, environment, batch_size), disabled=disabled)

    def flush(self, timeout: float | None = None) -> bool:  # pyright: ignore[reportIncompatibleMethodOverride]  # the SDK says nothing
        """Wait until everything is delivered; False when it isn't within `timeout` (DELIVERY_STOP_SECONDS).

        On the thread of a running event loop it does not wait: integrations call it there.
        """
        if self._pipeline is None:
            return True
        if _on_event_loop():
            return False
        return self._pipeline.flush(timeout)


class AsyncLiteralClient(RecordingClient, literalai.AsyncLiteralClient):
    """Drop-in for `literalai.AsyncLiteralClient`: the same outbox and threads, however many requests there are."""

    api: AsyncApi

    def __init__(  # noqa: PLR0917  # the SDK's signature
        self,
        batch_size: int = 5,
        api_key: str | None = None,
        url: str | None = None,
        environment: Any = None,
        disabled: bool = False,
        release: str | None = None,
        *,
        settings: MonitorSettings | None = None,
        outbox_dir: Path | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """As `LiteralClient`."""
        self._sync = LiteralClient(
            batch_size,
            api_key,
            url,
            environment,
            disabled,
            release,
            settings=settings,
            outbox_dir=outbox_dir,
            transport=transport,
        )
        key, address = self._sync.api.api_key, self._sync.api.url
        BaseLiteralClient.__init__(self, batch_size, is_async=True, api_key=key, url=address, disabled=True)
        self.global_metadata = self._sync.global_metadata
        self.api = AsyncApi(api_key=key, url=address)  # pyright: ignore[reportIncompatibleVariableOverride]  # narrower
        self.api.configured_environment = self._sync.api.configured_environment
        self._record_to(self._sync.recorder, disabled=disabled)

    def to_sync(self) -> LiteralClient:
        """The synchronous client on the same outbox; always the same one."""
        return self._sync

    async def flush(  # pyright: ignore[reportIncompatibleMethodOverride]  # the SDK says nothing
        self,
        timeout: float | None = None,  # noqa: ASYNC109  # its answer is False, not an error
    ) -> bool:
        """Wait until everything is delivered; False when it isn't within `timeout` (DELIVERY_STOP_SECONDS)."""
        return True if self._pipeline is None else await asyncio.to_thread(self._pipeline.flush, timeout)


def _on_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
