"""A thread's counts, tokens and times are those of its steps, after whatever happened to them."""

import itertools
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from review.records import GenerationUpdate, PageRequest, StepUpdate
from review.store import Store, reads, writes

PROJECT = "weather-app"
_projects = itertools.count(1)


async def test_the_list_of_steps_counts_those_of_threads_and_those_of_none(store, save):
    async def total() -> int | None:
        return (await store.read(reads.steps, PROJECT, PageRequest(first=1))).total

    assert await total() == 0
    await save(StepUpdate(id="1", thread_id="t"), StepUpdate(id="2", thread_id="u"), StepUpdate(id="3"))
    assert await total() == 3
    await save(StepUpdate(id="3", thread_id="u"))
    await store.write(writes.delete_step, PROJECT, "1")
    assert await total() == 2


async def test_a_thread_sums_up_its_steps(store, save, at):
    await save(
        StepUpdate(id="1", thread_id="t", type="user_message", start_time=at(10), end_time=at(10)),
        StepUpdate(id="2", thread_id="t", type="llm", start_time=at(11), generation=GenerationUpdate(token_count=30)),
        StepUpdate(id="3", thread_id="t", type="tool", start_time=at(12), end_time=at(15.5), error="no such city"),
        StepUpdate(
            id="4",
            thread_id="t",
            type="llm",
            generation=GenerationUpdate(input_token_count=5, output_token_count=2, error="refused"),
        ),
    )
    thread = await store.read(reads.thread_summary, PROJECT, "t")
    assert thread is not None
    assert (thread.step_count, thread.turn_count, thread.error_count, thread.token_count) == (4, 1, 2, 37)
    assert (thread.started_at, thread.ended_at, thread.duration) == (at(10), at(15.5), 5.5)


async def test_a_thread_without_steps_has_no_tokens_and_no_duration(store, save):
    await save(StepUpdate(id="s", thread_id="t"))
    await store.write(writes.delete_step, PROJECT, "s")
    thread = await store.read(reads.thread_summary, PROJECT, "t")
    assert thread is not None
    assert (thread.step_count, thread.token_count, thread.duration) == (0, None, None)


async def test_a_step_that_is_sent_again_is_counted_once(store, save, at):
    update = StepUpdate(id="s", thread_id="t", start_time=at(0), generation=GenerationUpdate(token_count=9))
    await save(update, update)
    await save(update)
    thread = await store.read(reads.thread_summary, PROJECT, "t")
    assert thread is not None
    assert (thread.step_count, thread.token_count) == (1, 9)


_times = st.none() | st.integers(0, 5)
_updates = st.tuples(
    st.sampled_from("abcd"),
    st.sampled_from(["t", "u", None]),
    st.sampled_from(["user_message", "llm", None]),
    st.sampled_from(["", "wrong", None]),
    _times,
    _times,
    st.none() | st.tuples(*[st.none() | st.integers(0, 9)] * 3),
)
_happenings = st.lists(st.lists(_updates, min_size=1, max_size=4) | st.sampled_from("abcd"), min_size=1, max_size=8)


@given(happenings=_happenings)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_totals_kept_by_difference_are_those_counted_from_the_steps(store, at, happenings):
    project = f"project {next(_projects)}"
    for happening in happenings:
        if isinstance(happening, str):
            await store.write(writes.delete_step, project, happening)
        else:
            steps = [_step(at, update) for update in happening]
            await store.write(writes.save_steps, project, steps, environment=None, received_at=at(0))
    for thread_id in ("t", "u"):
        await _assert_totals(store, project, thread_id)


def _step(at, update) -> StepUpdate:
    id_, thread, type_, error, start, end, tokens = update
    generation = None
    if tokens is not None:
        total, asked, answered = tokens
        generation = GenerationUpdate(token_count=total, input_token_count=asked, output_token_count=answered)
    times = {"start_time": start if start is None else at(start), "end_time": end if end is None else at(end)}
    return StepUpdate(id=id_, thread_id=thread, type=type_, error=error, generation=generation, **times)


async def _assert_totals(store: Store, project: str, thread_id: str) -> None:
    thread = await store.read(reads.thread_summary, project, thread_id)
    steps = await store.read(reads.thread_steps, project, thread_id)
    if thread is None:
        assert steps == []
        return
    tokens = [step.token_count for step in steps if step.token_count is not None]
    starts = [step.start_time for step in steps if step.start_time is not None]
    ends: list[Any] = [time for step in steps if (time := step.end_time or step.start_time) is not None]
    assert thread.step_count == len(steps)
    assert thread.turn_count == sum(step.type == "user_message" for step in steps)
    assert thread.error_count == sum(bool(step.error) for step in steps)
    assert thread.token_count == (sum(tokens) if tokens else None)
    assert thread.started_at == min(starts, default=None)
    assert thread.ended_at == max(ends, default=None)
