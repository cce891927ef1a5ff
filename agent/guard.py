"""Recording never changes an answer: what goes wrong in a recorder ends here, in a line of the log."""

import logging
from collections.abc import Awaitable, Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ParamSpec

P = ParamSpec("P")

log = logging.getLogger("agent")


class Nothing:
    """Stands in for a record that could not be begun: takes every attribute, and has none of its own."""

    def __getattr__(self, name: str) -> None:
        return None


@contextmanager
def guarded(begin: Callable[[], AbstractContextManager[Any]]) -> Generator[Any]:
    """A recorder's context, without its faults. What the body raises passes through, seen by the recorder."""
    context = attempt(begin)
    record = attempt(context.__enter__) if context else None
    if record is None:
        context = None  # it was never entered, so it is not left either
    try:
        yield record or Nothing()
    except BaseException as error:
        if context:
            attempt(context.__exit__, type(error), error, error.__traceback__)
        raise
    if context:
        attempt(context.__exit__, None, None, None)


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
