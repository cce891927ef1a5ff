"""What the loop tells whoever watches it. Plain data only; a recorder must guard itself against its own faults."""

import asyncio
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from agent.chat import Completion, ModelRequest, ToolCall, ToolResult


class ModelCallRecord(Protocol):
    """The record of one model call that is running."""

    def done(self, completion: Completion) -> None:
        """The model answered; or, if an error follows, had said this much when the call broke off."""


class ToolCallRecord(Protocol):
    """The record of one tool call that is running."""

    def done(self, result: ToolResult) -> None:
        """The call has its result."""


class Recorder(Protocol):
    """Watches a turn. An exception that leaves a `with` is the error of that step; see `error_text`.

    The `with` of a tool call is entered and left inside that call's own asyncio task, so context variables
    set on entering are seen by the tool and by nobody else.
    """

    def model_call(self, request: ModelRequest) -> AbstractContextManager[ModelCallRecord]:
        """A model is being asked."""
        ...

    def tool_call(self, call: ToolCall) -> AbstractContextManager[ToolCallRecord]:
        """A tool is being called."""
        ...


class _Silent:
    """Records nothing."""

    def model_call(self, request: ModelRequest) -> AbstractContextManager[ModelCallRecord]:
        del request
        return nullcontext(_NoModelCall())

    def tool_call(self, call: ToolCall) -> AbstractContextManager[ToolCallRecord]:
        del call
        return nullcontext(_NoToolCall())


class _NoModelCall:
    def done(self, completion: Completion) -> None:
        del completion


class _NoToolCall:
    def done(self, result: ToolResult) -> None:
        del result


SILENT: Recorder = _Silent()


def error_text(error: BaseException) -> str:
    """How a step's record names the exception that ended it."""
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    if isinstance(error, TimeoutError):
        return "stopped: the time of this turn was over"
    return str(error) or type(error).__name__
