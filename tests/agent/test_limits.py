"""The bounds of a turn, each on both sides; and what is left when a turn is cancelled."""

import asyncio
import threading

import pytest

from agent.errors import ModelTimeout
from agent.events import Discarded, Finish, MessageAdded, Token, TurnDone
from agent.loop import NO_ANSWER, Limits, run_turn
from agent.toolkit import Toolkit


@pytest.fixture
def started() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def tools(started) -> Toolkit:
    kit = Toolkit()

    @kit.tool
    async def tick() -> str:
        """Work at once."""
        return "tock"

    @kit.tool
    async def wait() -> str:
        """Never come back."""
        started.set()
        await asyncio.Event().wait()
        return "never"

    return kit


async def test_the_last_call_that_may_use_tools_can_still_answer(script, play, tools):
    model = script(script.calls(("tick", {})), script.calls(("tick", {})), script.says("done"))
    played = await play(model, tools, model_calls=3)
    assert played.finish == Finish.STOP


async def test_out_of_model_calls_the_model_is_asked_once_more_without_tools(script, play, tree, tools):
    model = script(script.calls(("tick", {})), script.calls(("tick", {})), script.says("what I know"))
    played = await play(model, tools, model_calls=2)
    assert played.finish == Finish.MAX_ITER
    assert played.done.answer == "what I know"
    assert [bool(request.tools) for request in model.requests] == [True, True, False]
    assert tree.text.splitlines()[-1] == "  llm → what I know 10+2"


async def test_a_model_that_still_calls_tools_then_is_not_obeyed(script, play, tools):
    model = script(script.calls(("tick", {})), script.calls(("tick", {})))
    played = await play(model, tools, model_calls=1)
    assert played.done.messages[-1] == {"role": "assistant", "content": NO_ANSWER}
    assert played.results == ["tock"]


async def test_a_slow_tool_is_given_up_and_the_turn_goes_on(script, play, tree, clock, started, tools):
    model = script(script.calls(("wait", {}), ("tick", {})), script.says("ok"))
    turn = asyncio.create_task(play(model, tools, tool_seconds=10))
    await started.wait()
    clock.advance(9.9)
    await asyncio.sleep(0)
    assert not turn.done()
    clock.advance(0.1)
    played = await turn
    assert played.results == ["Error: no result within 10 s, gave up", "tock"]
    assert played.finish == Finish.STOP
    assert "  tool wait {} !! no result within 10 s, gave up" in tree.text.splitlines()


async def test_a_slow_thread_is_given_up_too(script, play, clock):
    kit, running, release, started = Toolkit(), threading.Event(), threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    @kit.tool
    def block() -> str:
        """Hold on to a thread."""
        loop.call_soon_threadsafe(started.set)
        release.wait(30)
        running.set()
        return "late"

    turn = asyncio.create_task(play(script(script.calls(("block", {})), script.says("ok")), kit))
    await started.wait()
    clock.advance(10)
    assert (await turn).results == ["Error: no result within 10 s, gave up"]
    release.set()
    assert await asyncio.to_thread(running.wait, 5)


async def test_out_of_time_during_tools_every_call_has_a_result_and_the_user_an_answer(
    script, play, tree, clock, started, tools
):
    model = script(script.calls(("wait", {}), ("tick", {}), ("wait", {})), script.says("late"))
    turn = asyncio.create_task(play(model, tools, turn_seconds=3))
    await started.wait()
    clock.advance(3)
    played = await turn
    assert played.finish == Finish.MAX_SECONDS
    assert played.results == ["Error: no result within 3 s, gave up", "tock", "Error: no result within 3 s, gave up"]
    assert played.done.answer == "late"
    assert not model.requests[-1].tools


async def test_out_of_time_during_a_model_call_it_is_cancelled_and_asked_once_more(script, play, tree, clock, started):
    stopped: list[str] = []
    model = script(script.hangs(started, stopped=stopped), script.says("short"))
    turn = asyncio.create_task(play(model, turn_seconds=60))
    await started.wait()
    clock.advance(60)
    played = await turn
    assert (played.finish, played.done.answer, stopped) == (Finish.MAX_SECONDS, "short", ["model"])
    assert tree.text == "turn\n  llm !! stopped: the time of this turn was over\n  llm → short 10+2"


async def test_what_was_streamed_before_the_time_was_over_is_recorded_and_discarded(script, play, tree, clock, started):
    model = script(script.hangs(started, "It ", "is"), script.says("Short."))
    turn = asyncio.create_task(play(model, stream=True))
    await started.wait()
    clock.advance(60)
    played = await turn
    kinds = [type(event) for event in played.events]
    assert kinds == [Token, Token, Discarded, Token, MessageAdded, TurnDone]
    assert played.done.answer == "Short."
    assert tree.text.splitlines()[1] == "  llm → It is !! stopped: the time of this turn was over"


async def test_a_model_that_is_too_slow_twice_is_a_timeout(script, play, tree, clock, started):
    again = asyncio.Event()
    turn = asyncio.create_task(play(script(script.hangs(started), script.hangs(again)), answer_seconds=15))
    await started.wait()
    clock.advance(60)
    await again.wait()
    clock.advance(15)
    with pytest.raises(ModelTimeout):
        await turn
    assert tree.text.count("stopped: the time of this turn was over") == 2


async def test_a_long_tool_result_is_cut_and_says_so(script, play):
    kit = Toolkit()

    @kit.tool
    def much(letters: int) -> str:
        """Say much."""
        return "x" * letters

    model = script(script.calls(("much", {"letters": 100}), ("much", {"letters": 101})), script.says("ok"))
    played = await play(model, kit, tool_result_chars=100)
    assert played.results == ["x" * 100, "x" * 100 + "\n[cut: 1 of 101 characters left out]"]


async def test_leaving_the_events_cancels_the_model_and_the_record_says_cancelled(script, tree, started):
    stopped: list[str] = []
    model = script(script.hangs(started, "It ", stopped=stopped))
    events = run_turn(
        [{"role": "user", "content": "go"}], model=model, tools=Toolkit(), limits=Limits(), recorder=tree, stream=True
    )
    assert await anext(events) == Token("It ")
    await events.aclose()
    assert stopped == ["model"]
    assert tree.text == "turn\n  llm → It  !! cancelled"


async def test_cancelling_the_task_cancels_the_running_tools(script, play, tree, started, tools):
    turn = asyncio.create_task(play(script(script.calls(("wait", {}), ("tick", {}))), tools))
    await started.wait()
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    assert "  tool wait {} !! cancelled" in tree.text.splitlines()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_tool_that_cancels_itself_ends_nothing_but_its_call(script, play):
    kit = Toolkit()

    @kit.tool
    async def give_up() -> None:
        """Behave badly."""
        raise asyncio.CancelledError

    @kit.tool
    def leave() -> None:
        """Behave worse."""
        raise SystemExit(3)

    played = await play(script(script.calls(("give_up", {}), ("leave", {})), script.says("ok")), kit)
    assert played.results == ["Error: the tool cancelled itself", "Error: SystemExit: 3"]
    assert played.finish == Finish.STOP
