"""Every function below the client is broken in turn: the program that records notices nothing."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import monitor
from monitor import open_client
from settings import MonitorSettings

NOT_IN_A_REQUEST = {"monitor.__main__", "monitor.doctor", "monitor.inspection", "monitor.in_process"}
CALLED_BY_THE_PROGRAM = {  # what the caller calls itself, and the signals a broken thread is woken by
    "Harmless", "StepContext", "ThreadContext", "EnvironmentContext", "ExperimentItemRunContext", "RecordingClient",
    "LiteralClient", "AsyncLiteralClient",
}  # fmt: skip
NOT_DURING_A_REQUEST = {"__init__", "__init_subclass__", "_begin", "begin_in_child", "_close_if_alive"}


def functions() -> Iterator[tuple[str, Any, str]]:
    """Every function and method of the package that a request may run through: name, owner, attribute."""
    for found in pkgutil.walk_packages(monitor.__path__, "monitor."):
        if found.name in NOT_IN_A_REQUEST:
            continue
        module = importlib.import_module(found.name)
        for name, one in vars(module).items():
            if getattr(one, "__module__", None) != found.name:
                continue
            if inspect.isfunction(one) and name not in NOT_DURING_A_REQUEST:
                yield f"{found.name}.{name}", module, name
            elif inspect.isclass(one) and name not in CALLED_BY_THE_PROGRAM:
                for method, what in vars(one).items():
                    if inspect.isfunction(what) and method not in NOT_DURING_A_REQUEST:
                        yield f"{found.name}.{name}.{method}", one, method


FUNCTIONS = list(functions())


def test_there_is_something_to_break() -> None:
    names = {name for name, _, _ in FUNCTIONS}
    assert {"monitor.outbox.Outbox.put", "monitor.serialise.to_json", "monitor.literal.objects.Step.end"} <= names
    assert len(names) > 100


@pytest.mark.parametrize(("owner", "attribute"), [case[1:] for case in FUNCTIONS], ids=[case[0] for case in FUNCTIONS])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_the_program_answers_the_same(
    owner: Any, attribute: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = MonitorSettings(written_seconds=0.2)
    client = open_client(settings, data_dir=tmp_path, url="http://127.0.0.1:1", api_key="key")

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError(f"{attribute} is broken")

    async def answer(question: str) -> str:
        async with client.thread(thread_id="t", name="n", metadata={"k": 1}):
            client.message(question, type="user_message")
            async with client.run(name="r") as run:
                with client.step(type="llm", name="gpt") as step:
                    step.output = {"content": run.id}
                run.output = {"content": "fine"}
            client.message("fine")
        await client.written()
        return "fine"

    with monkeypatch.context() as breaking:
        breaking.setattr(owner, attribute, broken)
        assert await answer("well?") == "fine"
    await client.aclose(0)
