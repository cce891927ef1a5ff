"""The bounded loop, with a scripted model: what it asks, what it calls, what it records."""

import asyncio
from typing import Any

import pytest

from agent.chat import Usage
from agent.errors import ProviderFailed
from agent.events import Finish, MessageAdded, Token, ToolEnded, ToolStarted, TurnDone
from agent.loop import Limits, run_turn
from agent.recorder import SILENT
from agent.toolkit import Toolkit
from settings import AgentSettings


@pytest.fixture
def tools(tree) -> Toolkit:
    kit = Toolkit()

    @kit.tool
    async def double(number: int) -> int:
        """Double a number."""
        tree.note(f"doubling {number}")
        return number * 2

    @kit.tool
    def shout(text: str) -> str:
        """Shout, from a thread."""
        tree.note(f"shouting {text}")
        return text.upper()

    @kit.tool
    async def stumble() -> None:
        """Fail."""
        raise ValueError("over my feet")

    return kit


async def test_an_answer_without_tools_is_one_model_call(script, play, tree):
    played = await play(script(script.says("Hello.")))
    assert played.done.messages == [{"role": "user", "content": "go"}, {"role": "assistant", "content": "Hello."}]
    assert played.finish == Finish.STOP
    assert played.done.answer == "Hello."
    assert played.done.tools_used == []
    assert tree.text == "turn\n  llm → Hello. 10+2"


async def test_a_turn_with_tools_leaves_this_tree(script, play, tree, tools):
    model = script(
        script.calls(("double", {"number": 4}), ("shout", {"text": "hey"})),
        script.calls(("stumble", {})),
        script.says("8 and HEY."),
    )
    played = await play(model, tools)
    assert tree.text.splitlines() == [
        "turn",
        "  llm offered 3 → double(a) shout(b) 10+5",
        '  tool double {"number": 4} → 8',
        "    doubling 4",
        '  tool shout {"text": "hey"} → HEY',
        "    shouting hey",
        "  llm offered 3 → stumble(a) 10+5",
        "  tool stumble {} !! ValueError: over my feet",
        "  llm offered 3 → 8 and HEY. 10+2",
    ]
    assert played.done.tools_used == ["double", "shout", "stumble"]
    assert played.done.usage == Usage(30, 12)


async def test_the_model_is_asked_with_its_settings_and_the_whole_history(script, play, tools):
    model = script(script.calls(("double", {"number": 4})), script.says("8"))
    await play(model, tools)
    first, second = model.requests
    assert (first.model, first.settings, first.tools) == ("scripted", {"temperature": 0}, tools.schemas)
    assert [message["role"] for message in first.messages] == ["user"]
    assert [message["role"] for message in second.messages] == ["user", "assistant", "tool"]


async def test_events_come_in_the_order_things_happen(script, play, tools):
    model = script(script.calls(("double", {"number": 4})), script.says("8"))
    played = await play(model, tools)
    kinds = [type(event) for event in played.events]
    assert kinds == [MessageAdded, ToolStarted, ToolEnded, MessageAdded, MessageAdded, TurnDone]
    assert played.added == played.done.messages[1:]


@pytest.mark.parametrize("finish_reason", ["stop", "tool_calls", "length", None, "something new"])
async def test_tools_are_called_whatever_the_finish_reason_says(script, play, tools, finish_reason):
    played = await play(
        script(script.calls(("double", {"number": 4}), finish_reason=finish_reason), script.says("8")), tools
    )
    assert played.results == ["8"]


@pytest.mark.parametrize(
    ("finish_reason", "finish"),
    [
        ("stop", "stop"),
        (None, "stop"),
        ("tool_calls", "stop"),
        ("length", "length"),
        ("content_filter", "content_filter"),
    ],
)
async def test_the_reason_a_model_stopped_is_told(script, play, finish_reason, finish):
    assert (await play(script(script.says("…", finish_reason=finish_reason)))).finish == finish


async def test_missing_usage_counts_as_nothing_and_details_are_summed(script, play, tools):
    model = script(
        script.calls(("double", {"number": 1})),
        script.says("x", usage=Usage(1, 2, cached_tokens=3, reasoning_tokens=4)),
    )
    assert (await play(model, tools)).done.usage == Usage(11, 7, 3, 4)
    assert (await play(script(script.says("x", usage=None)))).done.usage == Usage(0, 0)


async def test_parallel_calls_run_at_once_and_their_results_keep_the_models_order(script, play):
    """The first call can only end after the second has: one after the other would wait for ever."""
    second_ended = asyncio.Event()
    kit = Toolkit()

    @kit.tool
    async def first() -> str:
        """Wait for the second."""
        await second_ended.wait()
        return "1"

    @kit.tool
    async def second() -> str:
        """Let the first go on."""
        second_ended.set()
        return "2"

    played = await play(script(script.calls(("first", {}), ("second", {}), ("first", {})), script.says("ok")), kit)
    assert played.results == ["1", "2", "1"]
    ended = [event.call.name for event in played.events if isinstance(event, ToolEnded)]
    assert ended[0] == "second"
    assert played.done.tools_used == ["first", "second"]


async def test_a_failing_sibling_loses_nothing(script, play, tools):
    calls = script.calls(("stumble", {}), ("double", {"number": 4}), ("nobody", {}), ("shout", "{not json"))
    played = await play(script(calls, script.says("ok")), tools)
    *results, not_json = played.results
    assert results == [
        "Error: ValueError: over my feet",
        "8",
        "Error: there is no tool 'nobody'; there are: double, shout, stumble",
    ]
    assert not_json.startswith("Error: the arguments are not JSON")
    assert [message.get("tool_call_id") for message in played.done.messages if message["role"] == "tool"] == list(
        "abcd"
    )
    assert played.done.tools_used == ["stumble", "double", "shout"]


async def test_a_streamed_turn_leaves_the_same_record_as_one_that_is_not(script, play, tree, tools):
    def steps() -> tuple[Any, ...]:
        return script.calls(("double", {"number": 4}), said="Let me see. "), script.says("It ", "is ", "8.")

    whole = await play(script(*steps()), tools)
    drawn, tree.root.children = tree.text, []
    streamed = await play(script(*steps()), tools, stream=True)
    assert tree.text == drawn
    assert streamed.done == whole.done
    assert whole.streamed == []
    assert streamed.streamed == ["Let me see. ", "It ", "is ", "8."]
    assert [e for e in streamed.events if not isinstance(e, Token)] == whole.events


async def test_a_failing_provider_ends_the_turn_and_the_record_says_so(script, play, tree, tools):
    model = script(script.calls(("double", {"number": 4})), script.fails(ProviderFailed("down")))
    with pytest.raises(ProviderFailed, match="down"):
        await play(model, tools)
    assert tree.text.splitlines()[-1] == "  llm offered 3 !! down"


async def test_the_callers_history_is_left_alone_and_nobody_needs_to_watch(script):
    history = [{"role": "user", "content": "go"}]
    async for _ in run_turn(
        history, model=script(script.says("Hi")), tools=Toolkit(), limits=Limits(), recorder=SILENT
    ):
        pass
    assert len(history) == 1


def test_limits_come_from_the_settings():
    assert Limits.from_settings(AgentSettings()) == Limits()
