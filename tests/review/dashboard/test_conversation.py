"""The thread as a conversation: what was said, which tools were used, what went wrong."""

from datetime import UTC, datetime

from review.dashboard.conversation import Message, ToolUses, Trouble, entries
from review.dashboard.legend import State
from review.dashboard.tree import build

NOW = datetime(2026, 11, 20, 9, 31, tzinfo=UTC)


def conversation(*steps):
    return entries(build(steps, now=NOW), steps)


def told(*steps) -> list[str]:
    lines = []
    for entry in conversation(*steps):
        match entry:
            case Message():
                lines.append(f"{entry.role}: {entry.text}")
            case ToolUses():
                lines.append(" + ".join(f"{use.name}({use.call})" for use in entry.uses))
            case Trouble():
                lines.append(f"! {entry.name} {entry.state}: {entry.error}")
    return lines


def test_tools_stand_between_the_question_and_the_answer(step) -> None:
    assert told(
        step("q", type="user_message", output={"content": "weather?"}),
        step("run", name="chat"),
        step("llm", "run", type="llm"),
        step("t1", "run", type="tool", name="weather", input={"city": "sf"}),
        step("t2", "run", type="tool", name="weather", input={"city": "paris"}),
        step("a", type="assistant_message", output={"content": "mild"}),
    ) == ["user: weather?", 'weather(city="sf") + weather(city="paris")', "assistant: mild"]


def test_an_error_is_told_once_where_it_began(step) -> None:
    assert told(
        step("run", name="chat", error="refused"), step("llm", "run", type="llm", name="gpt", error="refused")
    ) == ["! gpt failed: refused"]


def test_a_run_that_fails_after_a_failing_tool_tells_its_own_reason(step) -> None:
    assert told(
        step("run", name="chat", error="out of turns"),
        step("tool", "run", type="tool", name="find", error="not found"),
    ) == ["! chat failed: out of turns", "find()"]


def test_a_run_that_goes_on_says_so(step) -> None:
    (entry,) = conversation(step("run", name="chat", start=0))
    assert isinstance(entry, Trouble)
    assert entry.state is State.RUNNING


def test_an_empty_thread_has_no_conversation() -> None:
    assert conversation() == []
