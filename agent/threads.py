"""Runs synchronous tools beside the event loop."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

MAX_THREADS = 64  # a tool that hangs keeps its thread for ever; more than this many such calls are refused

_free = threading.BoundedSemaphore(MAX_THREADS)


class NoThreadLeft(RuntimeError):
    """So many synchronous calls are running or hanging that no more are started."""


async def in_thread(function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    """Call `function` in a daemon thread of its own, with the caller's context variables.

    A pool would be cheaper, but a call that hangs would then hold up the others and the stop of the process.
    Cancelling gives up waiting; the thread ends when its function does.

    Raises:
        NoThreadLeft: `MAX_THREADS` calls are running already.
    """
    loop, free = asyncio.get_running_loop(), _free
    finished = asyncio.Event()
    outcome: list[tuple[Any, BaseException | None]] = []
    context = contextvars.copy_context()

    def work() -> None:
        try:
            outcome.append((context.run(function, **arguments), None))
        except BaseException as error:
            outcome.append((None, error))
        finally:
            free.release()
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(finished.set)

    if not free.acquire(blocking=False):
        raise NoThreadLeft(f"{MAX_THREADS} tool calls are running already")
    threading.Thread(target=work, name=f"tool {function.__name__}", daemon=True).start()
    await finished.wait()
    value, error = outcome[0]
    if error is not None:
        raise error
    return value
