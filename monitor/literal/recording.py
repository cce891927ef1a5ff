"""The SDK's surface, recording into the outbox: what the synchronous and the asynchronous client share."""

import asyncio
from typing import Any

from literalai.client import BaseLiteralClient

from monitor.decorating import Call
from monitor.generation import generation
from monitor.literal.contexts import ExperimentItemRunContext, StepContext, ThreadContext
from monitor.literal.environment import EnvironmentContext
from monitor.literal.objects import Message, Step, inherit
from monitor.literal.recorder import Recorder
from monitor.openai_calls import record_calls
from monitor.pipeline import Pipeline
from monitor.serialise import merged
from monitor.status import Status


class NeverFlushing:
    """A client for handlers that flush in the caller, whose request would then wait for the server."""

    def __init__(self, client: Any) -> None:
        """Record as `client` does."""
        self.start_step = client.start_step

    def flush(self) -> None:
        """Nothing to do: what was recorded is on its way."""


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

    def run(
        self,
        original_function: Call | None = None,
        *,
        name: str = "",
        id: str | None = None,  # noqa: A002  # the SDK's name
        parent_id: str | None = None,
        thread_id: str | None = None,
        root_run_id: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """A step that is one turn of the agent, as context or decorator."""
        return self.step(
            original_function,
            name=name,
            type="run",
            id=id,
            parent_id=parent_id,
            thread_id=thread_id,
            root_run_id=root_run_id,
            **kwargs,
        )

    def start_step(  # the SDK's signature
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

    def message(  # the SDK's signature
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
        inherit(step)
        return step

    def langchain_callback(self, to_ignore: Any = None, to_keep: Any = None, **kwargs: Any) -> Any:
        """A callback handler that records the runs of LangChain (0.3, the last that the SDK's handler can import)."""
        callback: Any = super().langchain_callback(to_ignore, to_keep, **kwargs)
        callback.client = NeverFlushing(callback.client)
        return callback

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
