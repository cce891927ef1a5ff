"""Where everything recorded goes: serialised at once, into the outbox, and no fault of it comes back."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from literalai.event_processor import EventProcessor

from monitor.literal.environment import current_environment
from monitor.pipeline import Pipeline
from monitor.records import Kind
from monitor.serialise import to_json

log = logging.getLogger("monitor")


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
            self.pipeline.put(kind, content, environment or current_environment.get() or self.environment)

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
