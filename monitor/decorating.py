"""Functions whose calls run inside a context: what every decorator of the client does."""

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import wraps
from typing import Any, Protocol, cast

from monitor.serialise import frozen

Call = Callable[..., Any]


class Noted(Protocol):
    """What a call is noted on: a step."""

    input: Any
    output: Any


def decorated(
    func: Call,
    context: Callable[[], AbstractContextManager[Any]],
    *,
    called: Call | None = None,
    returned: Call | None = None,
) -> Call:
    """Run each call of `func` in a context of its own, and tell `called` and `returned` about it."""

    def note(listener: Call | None, entered: Any, *told: Any) -> None:
        if listener is not None:
            with suppress(Exception):  # what can't be noted is not worth a failed call
                listener(entered, *told)

    if inspect.iscoroutinefunction(func):

        @wraps(func)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            with context() as entered:
                note(called, entered, func, args, kwargs)
                result = await func(*args, **kwargs)
                note(returned, entered, result)
                return result

        return run_async

    @wraps(func)
    def run(*args: Any, **kwargs: Any) -> Any:
        with context() as entered:
            note(called, entered, func, args, kwargs)
            result = func(*args, **kwargs)
            note(returned, entered, result)
            return result

    return run


def note_arguments(step: Noted, func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """The arguments as they are now, defaults included."""
    bound = inspect.signature(func).bind(*args, **kwargs)
    bound.apply_defaults()
    step.input = frozen(bound.arguments)


def note_result(step: Noted, result: Any) -> None:
    """The result as it is now, unless the function set an output itself."""
    if step.output is None:
        step.output = frozen(cast("dict[str, Any]", result) if isinstance(result, dict) else {"content": result})
