"""Recording never changes an answer: what goes wrong in a recorder ends here, in a line of the log."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any, ParamSpec, Self

from agent.recorder import error_text

P = ParamSpec("P")

log = logging.getLogger("agent")


class Nothing:
    """Stands in for a record that could not be begun: takes every attribute, and has none of its own."""

    def __getattr__(self, name: str) -> None:
        return None


class Guarded:
    """A recorder's context, without its faults. What the body raises passes through, seen by the recorder.

    `record` is what the recorder's context gave, or something that takes everything and keeps nothing. A class and
    no generator, because four of them are made for every turn.
    """

    record: Any

    def __init__(self, begin: Callable[[], AbstractContextManager[Any]]) -> None:
        """`begin` makes the recorder's context."""
        self._begin = begin
        self._context: AbstractContextManager[Any] | None = None

    def __enter__(self) -> Self:
        context = attempt(self._begin)
        self.record = attempt(context.__enter__) if context else None
        if self.record is None:
            self.record = Nothing()  # the context was never entered, so it is not left either
        else:
            self._context = context
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if error is not None:
            self.record.error = error_text(error)
        if self._context is not None:
            attempt(self._context.__exit__, kind, error, error and error.__traceback__)


def attempt(call: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> Any:
    """What a call to a recorder returns; None when it fails."""
    try:
        return call(*args, **kwargs)
    except Exception as error:
        _tell(error)


async def attempt_async(call: Callable[P, Awaitable[Any]], *args: P.args, **kwargs: P.kwargs) -> Any:
    """The same for what has to be awaited."""
    try:
        return await call(*args, **kwargs)
    except Exception as error:
        _tell(error)


def _tell(error: Exception) -> None:
    log.warning("[monitoring only] %s: %s", type(error).__name__, error)
