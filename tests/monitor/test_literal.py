"""The client: the SDK's surface over our outbox, in the situations where the SDK itself goes wrong."""

import asyncio
import inspect
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import literalai
import pytest
from literalai.context import active_root_run_var, active_steps_var, active_thread_var

from monitor import AsyncLiteralClient, LiteralClient, open_client
from settings import MonitorSettings

Make = Callable[..., LiteralClient]


@pytest.fixture
def make_client(tmp_path: Path, literal_api: Any) -> Iterator[Make]:
    made: list[LiteralClient] = []

    def make(**values: Any) -> LiteralClient:
        settings = MonitorSettings(delivery_poll_seconds=0.01, delivery_backoff_seconds=0.01, **values)
        made.append(open_client(settings, data_dir=tmp_path, url=literal_api.url, api_key="key"))
        return made[-1]

    yield make
    for client in made:
        client.close(0)


@pytest.fixture
def client(make_client: Make) -> LiteralClient:
    return make_client()


def tree(api: Any) -> str:
    """What the server has, as indented lines."""
    lines: list[str] = []

    def show(step: dict[str, Any], depth: int) -> None:
        error = f" !{step['error']}" if step.get("error") else ""
        lines.append(f"{'  ' * depth}{step.get('type')} {step.get('name')}{error}")
        for child in children(step["id"]):
            show(child, depth + 1)

    def children(parent: str | None) -> list[dict[str, Any]]:
        found = [step for step in api.steps.values() if step.get("parentId") == parent]
        return sorted(found, key=lambda step: step["startTime"])

    for step in children(None):
        show(step, 0)
    return "\n".join(lines)


def test_a_conversation_arrives_as_it_was(client: LiteralClient, literal_api: Any) -> None:
    with client.thread(thread_id="t1", name="weather", metadata={"k": "v"}, tags=["demo"], participant_id="p1"):
        client.message("hello", type="user_message", name="user")
        with client.run(name="agent") as run:
            with client.step(type="llm", name="gpt") as llm:
                llm.generation = client.generation({"model": "gpt", "messages": []})
            with client.step(type="tool", name="weather") as tool:
                tool.input, tool.output = {"city": "sf"}, {"content": "sunny"}
            run.output = {"content": "done"}
        client.message("it is sunny")
    assert client.flush(20)
    assert tree(literal_api) == "user_message user\nrun agent\n  llm gpt\n  tool weather\nassistant_message None"
    assert {step["threadId"] for step in literal_api.steps.values()} == {"t1"}
    assert literal_api.threads["t1"] == {
        "id": "t1", "name": "weather", "metadata": {"k": "v"}, "tags": ["demo"], "participantId": "p1",
    }  # fmt: skip


def test_every_child_knows_its_root_run(client: LiteralClient, literal_api: Any) -> None:
    with client.thread(), client.run(name="root") as run:
        for name in ("first", "second", "third"):
            with client.step(type="tool", name=name):
                client.message(name)
    assert client.flush(20)
    others = [step for step in literal_api.steps.values() if step["id"] != run.id]
    assert [step.get("rootRunId") for step in others] == [run.id] * 6
    assert active_root_run_var.get() is None


def test_a_nested_run_belongs_to_the_outer_one(client: LiteralClient, literal_api: Any) -> None:
    with client.run(name="outer") as outer, client.run(name="inner") as inner:
        pass
    assert client.flush(20)
    assert literal_api.steps[inner.id]["rootRunId"] == outer.id
    assert "rootRunId" not in literal_api.steps[outer.id]


def test_after_a_nested_thread_the_outer_one_is_current_again(client: LiteralClient, literal_api: Any) -> None:
    with client.thread(thread_id="outer") as outer:
        with client.thread(thread_id="inner"):
            client.message("in")
        assert client.get_current_thread() is outer
        client.message("out")
    assert client.get_current_thread() is None
    assert client.flush(20)
    assert {step["output"]["content"]: step["threadId"] for step in literal_api.steps.values()} == {
        "in": "inner",
        "out": "outer",
    }


async def test_concurrent_tasks_and_their_threads_keep_apart(client: LiteralClient, literal_api: Any) -> None:
    def in_a_thread(name: str) -> None:
        with client.step(type="tool", name=name):
            client.message(name)

    async def turn(number: int) -> None:
        async with client.thread(thread_id=f"t{number}"), client.run(name=f"run{number}"):
            await asyncio.gather(*(asyncio.to_thread(in_a_thread, f"tool{number}") for _ in range(3)))
            async with client.step(name=f"llm{number}", type="llm"):
                await asyncio.sleep(0)

    await asyncio.gather(*(turn(number) for number in range(10)))
    assert await client.written(20)
    await asyncio.to_thread(client.close, 20)
    assert len(literal_api.steps) == 10 * 8
    names = {step["id"]: step["name"] for step in literal_api.steps.values() if step.get("name")}
    for step in literal_api.steps.values():
        if (name := step.get("name")) and (parent := step.get("parentId")):
            assert names[parent] == f"run{name.removeprefix('tool').removeprefix('llm')}"
            assert step["threadId"] == f"t{name.removeprefix('tool').removeprefix('llm')}"


def test_a_thread_of_an_executor_can_carry_the_context(client: LiteralClient, literal_api: Any) -> None:
    import contextvars

    with client.thread(thread_id="t"), client.run(name="run") as run, ThreadPoolExecutor() as pool:
        pool.submit(contextvars.copy_context().run, client.message, "from the pool").result()
    assert client.flush(20)
    (message,) = [step for step in literal_api.steps.values() if step["type"] == "assistant_message"]
    assert (message["threadId"], message["parentId"]) == ("t", run.id)


def test_steps_made_at_once_have_an_order(client: LiteralClient, literal_api: Any) -> None:
    started = time.perf_counter()
    with client.thread():
        for number in range(500):
            client.message(str(number))
    assert time.perf_counter() - started < 0.5, "the SDK sleeps a millisecond per message"
    assert client.flush(20)
    in_order = sorted(literal_api.steps.values(), key=lambda step: step["startTime"])
    assert [step["output"]["content"] for step in in_order] == [str(number) for number in range(500)]
    assert len({step["startTime"] for step in in_order}) == 500
    assert all(len(step["startTime"]) == len("2026-11-20T21:06:00.000123Z") for step in in_order)


def test_decorated_functions_record_arguments_and_results(client: LiteralClient, literal_api: Any) -> None:
    @client.step(type="tool")
    def double(number: int, *, unit: str = "m") -> int:
        return number * 2

    @client.run
    async def agent(question: str) -> dict[str, Any]:
        return {"answer": double(21)}

    @client.thread(name="decorated")
    def conversation() -> dict[str, Any]:
        return asyncio.run(agent("what?"))

    assert conversation() == {"answer": 42}
    conversation()
    assert client.flush(20)
    assert len(literal_api.threads) == 2, "every call is a thread of its own"
    by_name = {step["name"]: step for step in literal_api.steps.values()}
    assert by_name["double"]["input"] == {"number": 21, "unit": "m"}
    assert by_name["double"]["output"] == {"content": 42}
    assert by_name["agent"]["output"] == {"answer": 42}
    assert by_name["double"]["parentId"] in {i for i, s in literal_api.steps.items() if s["name"] == "agent"}


def test_what_changes_after_the_call_does_not_change_the_record(client: LiteralClient, literal_api: Any) -> None:
    @client.step
    def spoil(items: list[int]) -> list[int]:
        items.append(2)
        return items

    with client.step(name="later") as step:
        step.input = {"items": (items := [1])}
    items.append(3)
    spoil([1]).append(4)
    assert client.flush(20)
    by_name = {step["name"]: step for step in literal_api.steps.values()}
    assert by_name["later"]["input"] == {"items": [1]}
    assert by_name["spoil"]["input"] == {"items": [1]}
    assert by_name["spoil"]["output"] == {"content": [1, 2]}


@pytest.mark.parametrize("error", [ValueError("boom"), KeyboardInterrupt(), asyncio.CancelledError()])
def test_what_is_raised_is_recorded_and_goes_on(client: LiteralClient, literal_api: Any, error: BaseException) -> None:
    with pytest.raises(type(error)), client.thread(thread_id="t"), client.run(name="run"), client.step(name="step"):
        raise error
    assert client.flush(20)
    said = str(error) or type(error).__name__
    assert tree(literal_api) == f"run run !{said}\n  undefined step !{said}"
    assert "t" in literal_api.threads, "a turn that fails leaves its thread as well"
    assert not active_steps_var.get()
    assert active_thread_var.get() is None


async def test_a_cancelled_task_leaves_a_complete_record(client: LiteralClient, literal_api: Any) -> None:
    began = asyncio.Event()

    async def turn() -> None:
        async with client.thread(thread_id="t"), client.run(name="run"):
            began.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(turn())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await client.aclose(20)
    assert tree(literal_api) == "run run !CancelledError"


def test_the_environment_belongs_to_the_task(make_client: Make, literal_api: Any) -> None:
    client = make_client(literal_env="staging")
    before = dict(os.environ)

    async def labelled(env: str | None) -> str:
        if env is None:
            return client.message("plain").id
        async with client.environment(env=env):
            await asyncio.sleep(0)
            return client.message(env).id

    async def both() -> list[str]:
        return list(await asyncio.gather(labelled("dev"), labelled(None), labelled("prod")))

    dev, plain, prod = asyncio.run(both())
    with client.experiment_item_run() as run:
        inside = client.message("in")
    decorated = client.environment(env="dev")(lambda: client.message("decorated").id)()
    assert os.environ == before, "nothing is switched for the whole process"
    assert client.flush(20)
    environments = literal_api.environments
    assert [environments[one] for one in (dev, plain, prod, decorated)] == ["dev", "staging", "prod", "dev"]
    assert environments[run.id] == environments[inside.id] == "experiment"
    assert literal_api.steps[inside.id]["parentId"] == run.id


def test_a_release_is_in_the_metadata_and_shared_with_nobody(make_client: Make, literal_api: Any) -> None:
    client = make_client(release="1.2")
    mine = {"k": 1}
    with client.thread(thread_id="t"):
        client.message("a", metadata=mine)
        with client.step(name="s", metadata={"own": True}):
            pass
    assert mine == {"k": 1}
    other = make_client()
    other.message("b")
    assert client.flush(20)
    by_content = {(s.get("output") or {}).get("content"): s for s in literal_api.steps.values()}
    assert by_content["a"]["metadata"] == {"k": 1, "release": "1.2"}
    assert by_content[None]["metadata"] == {"own": True, "release": "1.2"}
    assert literal_api.threads["t"]["metadata"] == {"release": "1.2"}
    assert "metadata" not in by_content["b"]


def test_scores_and_attachments_are_not_shared_between_steps(client: LiteralClient, literal_api: Any) -> None:
    with client.step(name="first") as first:
        first.scores.append(
            literalai.Score(
                name="good",
                type="CODE",
                value=1.0,
                step_id=None,
                dataset_experiment_item_id=None,
                comment=None,
                tags=None,
            )
        )
        first.attachments.append(literalai.Attachment(name="a.txt", url="http://x/a.txt"))
    with client.step(name="second") as second:
        assert second.scores == []
        assert second.attachments == []
    assert client.flush(20)
    assert literal_api.steps[first.id]["scores"][0]["name"] == "good"
    assert literal_api.steps[first.id]["attachments"][0]["url"] == "http://x/a.txt"
    assert literalai.Step.scores == []


def test_sdk_generations_and_any_python_object_can_be_recorded(client: LiteralClient, literal_api: Any) -> None:
    class Odd:
        def __str__(self) -> str:
            return "odd"

    cycle: dict[str, Any] = {}
    cycle["self"] = cycle
    with client.step(type="llm", name="sdk") as step:
        step.generation = literalai.ChatGeneration(
            model="m", messages=[{"role": "user", "content": "q"}], token_count=3
        )
        step.input = {
            "bytes": b"x",
            "set": {1},
            "odd": Odd(),
            3: "number",
            "big": 2**70,
            "bad": "\ud800",
            "nan": float("nan"),
        }
        step.output = cycle
    assert client.flush(20)
    told = literal_api.steps[step.id]
    assert told["generation"]["model"] == "m"
    assert told["generation"]["tokenCount"] == 3
    assert told["input"] == {
        "bytes": "STRIPPED_BINARY_DATA", "set": [1], "odd": "odd", "3": "number", "big": str(2**70), "bad": "?",
        "nan": None,
    }  # fmt: skip
    assert told["name"] == "sdk"


def test_a_message_outside_of_everything_is_recorded(client: LiteralClient, literal_api: Any) -> None:
    message = client.message("alone")
    assert client.flush(20)
    assert "threadId" not in literal_api.steps[message.id]


def test_a_step_can_be_started_here_and_ended_there(client: LiteralClient, literal_api: Any) -> None:
    step = client.start_step(name="a")
    other = threading.Thread(target=step.end)
    other.start()
    other.join()
    client.reset_context()
    literalai.Step(name="of the SDK itself", processor=client.event_processor, parent_id=step.id).start()
    client.get_current_step().end()
    assert client.flush(20)
    assert tree(literal_api) == "None a\n  None of the SDK itself"


def test_a_disabled_client_does_nothing(tmp_path: Path) -> None:
    client = LiteralClient(api_key="key", url="http://127.0.0.1:1", disabled=True, outbox_dir=tmp_path / "o")
    with client.thread(), client.run(name="a"):
        client.message("x")
    assert client.flush()
    client.flush_and_stop()
    assert client.written_sync()
    assert client.status().queued_steps == 0
    assert not (tmp_path / "o").exists()


def test_a_client_starts_no_thread_and_touches_no_file_until_it_is_used(tmp_path: Path) -> None:
    before = threading.enumerate()
    client = LiteralClient(api_key="key", url="http://127.0.0.1:1", outbox_dir=tmp_path / "o")
    assert threading.enumerate() == before
    assert not (tmp_path / "o").exists()
    client.close(0)


async def test_the_async_client_leaks_no_thread(tmp_path: Path, literal_api: Any) -> None:
    client = AsyncLiteralClient(api_key="key", url=literal_api.url, outbox_dir=tmp_path / "o")
    async with client.thread(thread_id="first"):
        client.message("a")
    before = threading.active_count()
    for number in range(20):
        async with client.thread(thread_id=f"t{number}"), client.run(name="r"):
            client.message("a")
    assert threading.active_count() == before
    assert client.to_sync() is client.to_sync()
    assert await client.flush(20)
    assert len(literal_api.threads) == 21
    await client.aclose(0)


async def test_a_dead_server_costs_a_request_nothing(tmp_path: Path) -> None:
    client = open_client(MonitorSettings(), data_dir=tmp_path, url="http://127.0.0.1:1", api_key="key")
    for number in range(50):
        async with client.thread(thread_id=f"t{number}"), client.run(name="r"):
            client.message("a")
        assert await client.written(20)
    assert client.flush() is False, "on an event loop it does not wait"
    await client.aclose(0)
    status = client.status()
    assert status.lost == {}
    assert (tmp_path / "outbox").is_dir()


async def test_a_hanging_server_neither_delays_answers_nor_the_stop(tmp_path: Path, literal_api: Any) -> None:
    literal_api.behaviour = "hang"
    client = open_client(MonitorSettings(), data_dir=tmp_path, url=literal_api.url, api_key="key")
    async with client.thread(thread_id="t"):
        client.message("a")
    assert await client.written(20)
    await asyncio.to_thread(literal_api.wait, lambda: literal_api.requests > 0)
    async with client.thread(thread_id="t"):
        client.message("b")
    assert await client.written(20)
    await client.aclose(0.05)


def test_faults_of_recording_never_reach_the_caller(
    client: LiteralClient, literal_api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Spiteful:
        def __str__(self) -> str:
            raise RuntimeError("no text")

        def __repr__(self) -> str:
            raise RuntimeError("no text")

    with client.step(name="s") as step:
        step.input = {"x": Spiteful()}
        step.generation = object()
    with client.thread(thread_id="t", metadata=[1]):
        pass
    with monkeypatch.context() as broken:

        def broken_put(*_: Any) -> None:
            raise RuntimeError("broken")

        broken.setattr(client._pipeline, "put", broken_put)
        client.message("never kept")
    assert client.flush(20)
    assert "AttributeError" in literal_api.steps[step.id]["metadata"]["withheld"]
    lost = client.status().lost
    assert lost["fault in recording: RuntimeError"] == 1


def test_the_status_tells_what_happened(client: LiteralClient, literal_api: Any) -> None:
    with client.thread(thread_id="t"):
        client.message("a")
    assert client.flush(20)
    client.close(5)
    status = client.status()
    assert status.delivered == 2
    assert status.queued_steps == 0
    assert status.oldest_seconds == 0
    assert status.breaker == "closed"
    assert status.stalled is None
    assert status.latency.count == 2
    assert status.latency.buckets[float("inf")] == 2


def test_a_stall_is_said_with_its_reason(make_client: Make, literal_api: Any) -> None:
    literal_api.behaviour = "500"
    client = make_client(delivery_stalled_seconds=0.001)
    client.message("a")
    assert client.written_sync(20)
    literal_api.wait(lambda: literal_api.requests > 0)
    assert client.flush(0.5) is False
    assert "HTTP 500" in (client.status().stalled or "")


def test_a_preprocess_function_sees_every_step_and_fails_closed(client: LiteralClient, literal_api: Any) -> None:
    def remove_secrets(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for step in steps:
            if step["output"]["content"] == "bad":
                raise ValueError("can't")
            step["output"]["content"] = "***"
        return steps

    client.set_preprocess_steps_function(remove_secrets)
    good, bad = client.message("secret"), client.message("bad")
    assert client.flush(20)
    assert literal_api.steps[good.id]["output"] == {"content": "***"}
    assert "output" not in literal_api.steps[bad.id]
    assert "ValueError" in literal_api.steps[bad.id]["metadata"]["withheld"]
    client.set_preprocess_steps_function(None)
    plain = client.message("plain")
    assert client.flush(20)
    assert literal_api.steps[plain.id]["output"] == {"content": "plain"}


def test_the_api_of_the_sdk_answers_within_a_time_limit(make_client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_client(literal_env="staging")
    timeouts: list[Any] = []
    monkeypatch.setattr(
        client.api, "make_gql_call", lambda *call: timeouts.append(call[3]) or {"data": {"deleteThread": {"id": "x"}}}
    )
    assert client.api.delete_thread("x") is True
    assert timeouts == [10]
    assert client.api.headers["x-env"] == "staging"
    assert isinstance(client.api, literalai.api.LiteralAPI)


def public(cls: type) -> dict[str, inspect.Signature]:
    members = inspect.getmembers(cls, callable)
    return {name: inspect.signature(one) for name, one in members if not name.startswith("_") or name == "__init__"}


@pytest.mark.parametrize(
    ("ours", "theirs"), [(LiteralClient, literalai.LiteralClient), (AsyncLiteralClient, literalai.AsyncLiteralClient)]
)
def test_the_surface_is_that_of_the_sdk(ours: type, theirs: type) -> None:
    assert issubclass(ours, theirs)
    mine = public(ours)
    for name, signature in public(theirs).items():
        expected = list(signature.parameters)
        got = [one for one, what in mine[name].parameters.items() if what.kind is not what.VAR_POSITIONAL]
        assert got[: len(expected)] == expected, name
    assert issubclass(
        type(ours(api_key="k", url="http://127.0.0.1:1", disabled=True).api), theirs.__annotations__["api"]
    )


def test_using_the_client_leaves_the_sdk_as_it_was(client: LiteralClient) -> None:
    import openai
    from literalai.observability import message, step, thread

    def fingerprint() -> list[Any]:
        classes = [step.Step, step.StepContextManager, message.Message, thread.ThreadContextManager]
        classes += [openai.resources.chat.completions.Completions, openai.resources.chat.completions.AsyncCompletions]
        return [dict(vars(one)) for one in classes]

    before = fingerprint()
    with client.thread(), client.run(name="r"):
        client.message("x")
    client.instrument_openai(openai.OpenAI(api_key="k"))
    assert fingerprint() == before


def test_importing_the_monitor_is_instant_and_starts_nothing() -> None:
    import subprocess
    import sys

    probe = (
        "import sys, threading, monitor, monitor.pipeline; "
        "assert threading.enumerate() == [threading.main_thread()]; "
        "assert not {'literalai', 'traceloop', 'openai'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", probe], check=True, cwd=Path(__file__).parents[2])


def test_a_script_that_ends_without_a_word_still_delivers(tmp_path: Path, literal_api: Any) -> None:
    import subprocess
    import sys

    script = (
        "import sys; from pathlib import Path; from monitor import LiteralClient\n"
        "client = LiteralClient(api_key='k', url=sys.argv[1], outbox_dir=Path(sys.argv[2]))\n"
        "for number in range(12): client.message(str(number))\n"
    )
    subprocess.run(
        [sys.executable, "-c", script, literal_api.url, str(tmp_path / "o")], check=True, cwd=Path(__file__).parents[2]
    )
    assert len(literal_api.steps) == 12


def test_two_projects_never_share_a_folder(tmp_path: Path) -> None:
    settings = MonitorSettings()
    one = LiteralClient(api_key="a", url="http://x", settings=settings)
    other = LiteralClient(api_key="b", url="http://x", settings=settings)
    assert one._pipeline.folder != other._pipeline.folder


def test_without_a_key_there_is_no_client() -> None:
    with pytest.raises(ValueError, match="LITERAL_API_KEY"):
        LiteralClient(url="http://127.0.0.1:1")
