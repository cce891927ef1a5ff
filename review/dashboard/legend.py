"""What a step is on a page: its kind (which gives colour and icon) and the state it is in."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from review.records import StepSummary

ABANDONED_AFTER: Final = timedelta(minutes=15)
"""A step that never ended is given up when its thread has been silent for so long."""

SLOW_SECONDS: Final = 5.0
"""From here on a duration is marked as slow."""


class Kind(StrEnum):
    """The five colours of the legend."""

    MESSAGE = "message"
    RUN = "run"
    LLM = "llm"
    TOOL = "tool"
    OTHER = "other"


class State(StrEnum):
    """How a step stands. A step that can't be running (a message, or one without times) is done."""

    DONE = "done"
    FAILED = "failed"
    RUNNING = "running"
    ABANDONED = "abandoned"


_KINDS: Final = {
    "user_message": Kind.MESSAGE,
    "assistant_message": Kind.MESSAGE,
    "system_message": Kind.MESSAGE,
    "run": Kind.RUN,
    "llm": Kind.LLM,
    "tool": Kind.TOOL,
    "retrieval": Kind.TOOL,
    "embedding": Kind.TOOL,
    "rerank": Kind.TOOL,
}


def kind_of(step: StepSummary) -> Kind:
    """The kind of a step; types nobody has told us about are OTHER."""
    return _KINDS.get(step.type, Kind.OTHER)


def state_of(step: StepSummary, *, last_activity: datetime | None, now: datetime) -> State:
    """The state of a step, given when its thread was last heard of."""
    if step.error is not None:
        return State.FAILED
    may_run = step.start_time is not None and step.end_time is None and step.duration is None
    if not may_run or kind_of(step) is Kind.MESSAGE:
        return State.DONE
    silent = last_activity is not None and now - last_activity > ABANDONED_AFTER
    return State.ABANDONED if silent else State.RUNNING


def is_slow(seconds: float) -> bool:
    """Whether a step took long enough to be worth a look."""
    return seconds >= SLOW_SECONDS
