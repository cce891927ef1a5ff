"""Steps and messages: the SDK's, without its sleeps and shared lists."""

from typing import Any

import literalai
from literalai.context import active_root_run_var, active_steps_var, active_thread_var
from literalai.event_processor import EventProcessor

from monitor.clock import Instants
from monitor.ids import Ids
from monitor.literal.recorder import Recorder
from monitor.records import Kind

ids = Ids()
instants = Instants()


class Step(literalai.Step):
    """The SDK's step, without its sleep; `generation` may be the SDK's object or the dict it makes on the wire."""

    id = ""
    processor: EventProcessor | None = None

    def __init__(  # the SDK's signature
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
        self.id = id or ids.next()
        self.start_time = instants.next()
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
        inherit(self)
        active_steps_var.set([*(active_steps_var.get() or ()), self])

    def end(self) -> None:
        """Record the step as it is now. Ending it elsewhere than where it started is allowed."""
        self.end_time = instants.next()
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

    def __init__(  # the SDK's signature
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
        self.id = id or ids.next()
        self.timestamp = timestamp or instants.next()
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
        inherit(self)
        _hand_over(self)


def inherit(step: Any) -> None:
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
