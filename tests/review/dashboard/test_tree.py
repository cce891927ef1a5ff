"""Steps as a tree: whatever clients send, it can be read from top to bottom."""

from datetime import UTC, datetime, timedelta

import pytest

from review.dashboard.legend import ABANDONED_AFTER, Kind, State
from review.dashboard.tree import DEEPEST_RAIL, Node, build

START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SOON = START + timedelta(minutes=1)


def outline(nodes: list[Node]) -> list[str]:
    return ["  " * node.depth + node.step.id for node in nodes]


def test_children_follow_their_parent_in_the_order_given(step) -> None:
    steps = [step("hello", type="user_message"), step("run"), step("llm", "run"), step("tool", "run"), step("bye")]
    assert outline(build(steps, now=SOON)) == ["hello", "run", "  llm", "  tool", "bye"]


def test_a_child_that_arrives_before_its_parent_is_still_below_it(step) -> None:
    assert outline(build([step("llm", "run"), step("run")], now=SOON)) == ["run", "  llm"]


def test_a_step_whose_parent_is_not_here_stands_at_the_top(step) -> None:
    nodes = build([step("lost", "nowhere"), step("below", "lost")], now=SOON)
    assert outline(nodes) == ["lost", "  below"]
    assert nodes[0].parent_id is None


def test_a_step_sent_twice_is_shown_once_and_as_it_was_last(step) -> None:
    nodes = build([step("run", name="early"), step("other"), step("run", name="late")], now=SOON)
    assert outline(nodes) == ["run", "other"]
    assert nodes[0].step.name == "late"


@pytest.mark.parametrize("cycle", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_steps_that_are_each_others_parents_are_cut_open(step, cycle) -> None:
    steps = [step(name, cycle[index - 1]) for index, name in enumerate(cycle)]
    nodes = build([step("fine"), *steps, step("hanging", "a")], now=SOON)
    assert sorted(node.step.id for node in nodes) == sorted([*cycle, "fine", "hanging"])
    assert outline(nodes)[:2] == ["fine", "a"]


def test_ten_thousand_levels_neither_recurse_nor_widen_the_page(step) -> None:
    steps = [step(str(level), str(level - 1) if level else None) for level in range(10_000)]
    nodes = build(steps, now=SOON)
    assert [node.depth for node in nodes] == list(range(10_000))
    assert max(len(node.rails) for node in nodes) == DEEPEST_RAIL


def test_a_thread_without_steps_is_an_empty_tree() -> None:
    assert build([], now=SOON) == []


def test_rails_run_on_where_siblings_follow(step) -> None:
    steps = [step("run"), step("a", "run"), step("a1", "a"), step("b", "run"), step("b1", "b")]
    rails = {node.step.id: (node.rails, node.is_last) for node in build(steps, now=SOON)}
    assert rails == {
        "run": ((), True),
        "a": ((), False),
        "a1": ((True,), True),
        "b": ((), True),
        "b1": ((False,), True),
    }


def test_bars_are_shares_of_the_top_level_steps_time(step) -> None:
    steps = [
        step("run", start=0, end=10),
        step("llm", "run", start=0, end=4),
        step("tool", "run", start=5, end=7.5),
        step("instant", "run", start=10, end=10),
        step("timeless", "run"),
    ]
    bars = {node.step.id: node.bar and (node.bar.offset, node.bar.width) for node in build(steps, now=SOON)}
    assert bars == {"run": None, "llm": (0, 40), "tool": (50, 25), "instant": (99, 1), "timeless": None}


def test_a_bar_never_leaves_its_track(step) -> None:
    steps = [step("run", start=5, end=10), step("early", "run", start=0, end=30), step("open", "run", start=6)]
    for node in build(steps, now=SOON)[1:]:
        assert node.bar is not None
        assert 0 <= node.bar.offset <= 99
        assert node.bar.offset + node.bar.width <= 100


def test_a_step_without_an_end_runs_until_its_thread_falls_silent(step) -> None:
    steps = [step("run", start=0), step("llm", "run", start=1, end=2, type="llm")]
    assert build(steps, now=SOON)[0].state is State.RUNNING
    assert build(steps, now=START + ABANDONED_AFTER + timedelta(seconds=3))[0].state is State.ABANDONED


def test_an_error_counts_more_than_a_missing_end(step) -> None:
    assert build([step("run", start=0, error="refused")], now=SOON)[0].state is State.FAILED


def test_messages_and_steps_without_times_are_never_running(step) -> None:
    nodes = build([step("hi", type="user_message", start=0), step("old")], now=SOON)
    assert {node.state for node in nodes} == {State.DONE}


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("assistant_message", Kind.MESSAGE),
        ("run", Kind.RUN),
        ("llm", Kind.LLM),
        ("retrieval", Kind.TOOL),
        ("undefined", Kind.OTHER),
        ("something new", Kind.OTHER),
    ],
)
def test_every_type_has_a_colour_of_the_legend(step, type_, kind) -> None:
    assert build([step("x", type=type_)], now=SOON)[0].kind is kind
