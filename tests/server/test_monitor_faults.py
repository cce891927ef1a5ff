"""Monitoring never changes an answer: every function of monitor/ is broken in turn, and the answer stays the same."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

import monitor

ASK = {"role": "user", "content": "what's the weather in sf"}
PROGRAMS = {"monitor.__main__", "monitor.doctor", "monitor.inspection"}  # commands, not on the way of a request


def functions() -> Iterator[tuple[str, Any, str]]:
    """Every function and method that monitor/ defines: its full name, its owner and its name there."""
    for found in pkgutil.walk_packages(monitor.__path__, "monitor."):
        if found.name in PROGRAMS:
            continue
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            if getattr(value, "__module__", None) != module.__name__:
                continue
            if inspect.isfunction(value):
                yield f"{module.__name__}.{name}", module, name
            elif inspect.isclass(value):
                for method, function in vars(value).items():
                    if inspect.isfunction(function):
                        yield f"{module.__name__}.{name}.{method}", value, method


def broken(*_: Any, **__: Any) -> None:
    raise RuntimeError("this part of the monitor is broken")


@pytest.mark.filterwarnings(  # a thread whose own function is broken ends, and that is the point
    "ignore::pytest.PytestUnhandledThreadExceptionWarning"
)
async def test_whatever_breaks_in_the_monitor_the_answer_is_the_same(serve) -> None:
    changed: list[str] = []
    async with serve(WRITTEN_SECONDS="0.05") as running:
        sound = (await running.process(ASK)).json()["message_history"][-1]
        for full_name, owner, name in functions():
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(owner, name, broken)
                answer = await running.process(ASK)
            if answer.status_code != 200 or answer.json()["message_history"][-1] != sound:
                changed.append(f"{full_name}: {answer.text[:200]}")
    assert changed == []
