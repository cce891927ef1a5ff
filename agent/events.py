"""What a turn tells while it runs. The last event of a turn that has an answer is `TurnDone`."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from agent.chat import Message, ToolCall, ToolResult, Usage


class Finish(StrEnum):
    """Why a turn ended."""

    STOP = "stop"  # answered
    LENGTH = "length"  # the model's answer was cut by its token limit
    CONTENT_FILTER = "content_filter"  # the provider withheld the answer, or part of it
    MAX_ITER = "max_iter"  # out of model calls, answered with what was known
    MAX_SECONDS = "max_seconds"  # out of time, answered with what was known


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text the model just wrote; only when streaming."""

    text: str


@dataclass(frozen=True, slots=True)
class Discarded:
    """The tokens since the last message are no part of the answer: out of time, the model is asked anew."""


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A tool call begins."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class ToolEnded:
    """A tool call has its result, which may be an error."""

    call: ToolCall
    result: ToolResult
    seconds: float


@dataclass(frozen=True, slots=True)
class MessageAdded:
    """The history grew: by what the model said, or by a tool's result."""

    message: Message


@dataclass(frozen=True, slots=True)
class TurnDone:
    """The turn has its answer. `messages` is the whole history, ready to be sent again with the next question."""

    messages: list[Message]
    finish: Finish
    tools_used: list[str]
    usage: Usage

    @property
    def answer(self) -> str:
        """What the user is told."""
        return self.messages[-1]["content"]


Event: TypeAlias = Token | Discarded | ToolStarted | ToolEnded | MessageAdded | TurnDone
