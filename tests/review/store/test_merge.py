"""Updates are merged into what is stored: literal-api.md §3.2, §3.7 and §4.1, rule by rule, and as one property."""

import itertools
from dataclasses import asdict, fields
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from review.records import (
    AttachmentUpdate,
    GenerationUpdate,
    ScoreUpdate,
    Step,
    StepUpdate,
    ThreadUpdate,
)
from review.store import Store, attachments, reads, writes
from review.store.types import to_json

PROJECT = "weather-app"
_projects = itertools.count(1)


async def stored(store: Store, step_id: str) -> Step:
    found = await store.read(reads.step, PROJECT, step_id)
    assert found is not None
    return found


async def test_a_late_null_never_erases_what_was_given(store, save, at):
    given_fields = {
        "thread_id": "t",
        "parent_id": "p",
        "root_run_id": "r",
        "type": "llm",
        "name": "answer",
        "start_time": at(0),
        "end_time": at(2),
        "error": "too slow",
        "tags": ["a"],
        "input": {"question": 1},
        "output": ["x"],
        "metadata": {"release": "1"},
    }
    await save(StepUpdate(id="s", **given_fields))
    await save(StepUpdate(id="s"))
    step = await stored(store, "s")
    assert {name: getattr(step, name) for name in given_fields} == given_fields


async def test_what_is_given_replaces_and_empty_is_given(store, save):
    await save(StepUpdate(id="s", tags=["a"], metadata={"a": 1, "b": 2}, input={"x": 1}, output=[1], name="old"))
    await save(StepUpdate(id="s", tags=[], metadata={}, input={}, output=[], name="new"))
    step = await stored(store, "s")
    assert (step.tags, step.metadata, step.input, step.output, step.name) == ([], {}, {}, [], "new")


async def test_metadata_is_replaced_as_a_whole_not_merged_key_by_key(store, save):
    await save(StepUpdate(id="s", metadata={"foo": "bar", "old": {"deep": 1}}))
    await save(StepUpdate(id="s", metadata={"foo": "baz"}))
    assert (await stored(store, "s")).metadata == {"foo": "baz"}


async def test_several_updates_of_one_step_in_a_batch_count_in_the_order_they_came(store, save):
    await save(
        StepUpdate(id="s", name="first", input={"a": 1}, generation=GenerationUpdate(model="m", token_count=3)),
        StepUpdate(id="s", name="second", generation=GenerationUpdate(token_count=4)),
        StepUpdate(id="s", output="done", thread_id="t"),
    )
    step = await stored(store, "s")
    assert (step.name, step.input, step.output, step.thread_id) == ("second", {"a": 1}, "done", "t")
    assert (step.model, step.token_count) == ("m", 4)


async def test_a_generation_is_merged_field_by_field(store, save):
    await save(StepUpdate(id="s", generation=GenerationUpdate(model="m", messages=[{"role": "user", "content": "hi"}])))
    await save(StepUpdate(id="s", generation=GenerationUpdate(token_count=7, message_completion={"role": "assistant"})))
    generation = (await stored(store, "s")).generation
    assert generation is not None
    assert (generation.model, generation.token_count) == ("m", 7)
    assert generation.messages == [{"role": "user", "content": "hi"}]
    assert generation.message_completion == {"role": "assistant"}


async def test_a_generation_without_a_type_is_a_chat_unless_it_only_has_a_prompt(store, save):
    await save(
        StepUpdate(id="chat", type="run", generation=GenerationUpdate(model="m")),
        StepUpdate(id="text", generation=GenerationUpdate(prompt="Once")),
        StepUpdate(id="given", generation=GenerationUpdate(type="COMPLETION", messages=[])),
        StepUpdate(id="none"),
    )
    types = [(await stored(store, id_)).generation for id_ in ("chat", "text", "given", "none")]
    assert [generation and generation.type for generation in types] == ["CHAT", "COMPLETION", "COMPLETION", None]


async def test_tags_and_metadata_of_step_and_generation_are_shown_as_one(store, save):
    generation = GenerationUpdate(tags=["g", "both"], metadata={"g": 1, "k": "generation"}, error="refused")
    await save(StepUpdate(id="s", tags=["s", "both"], metadata={"s": 1, "k": "step"}, generation=generation))
    await save(StepUpdate(id="s", generation=GenerationUpdate(tags=[], metadata={})))
    await save(StepUpdate(id="only", generation=GenerationUpdate(tags=["g"], metadata={"g": 1})))
    both, only = await stored(store, "s"), await stored(store, "only")
    assert (both.tags, both.metadata, both.error) == (["s", "both"], {"s": 1, "k": "step"}, "refused")
    assert (only.tags, only.metadata) == (["g"], {"g": 1})


async def test_scores_and_attachments_are_added_and_never_removed_by_a_step(store, save):
    await save(
        StepUpdate(
            id="s",
            thread_id="t",
            scores=[ScoreUpdate(id="a", name="quality", type="CODE", value=0.5)],
            attachments=[AttachmentUpdate(id="f", name="a.png", mime="image/png")],
        )
    )
    await save(StepUpdate(id="s", scores=[], attachments=[]))
    await save(
        StepUpdate(
            id="s",
            scores=[ScoreUpdate(id="a", comment="so so"), ScoreUpdate(id="b", name="speed", value=1)],
            attachments=[AttachmentUpdate(id="g", url="https://example.org/b.pdf")],
        )
    )
    step = await stored(store, "s")
    assert [(s.id, s.name, s.value, s.comment) for s in step.scores] == [
        ("a", "quality", 0.5, "so so"),
        ("b", "speed", 1, None),
    ]
    assert [(a.id, a.name, a.thread_id) for a in step.attachments] == [("f", "a.png", "t"), ("g", None, "t")]


async def test_children_without_an_id_are_the_same_when_they_are_sent_again(store, save):
    update = StepUpdate(id="s", scores=[ScoreUpdate(name="x", value=1)], attachments=[AttachmentUpdate(url="u")])
    await save(update)
    await save(update)
    step = await stored(store, "s")
    assert (len(step.scores), len(step.attachments)) == (1, 1)


async def test_a_step_makes_the_thread_it_names_and_a_later_upsert_fills_it(store, save, at):
    await save(StepUpdate(id="s", thread_id="t"), environment="staging", received_at=at(1))
    await store.write(
        writes.upsert_thread,
        PROJECT,
        ThreadUpdate(id="t", name="Trip", participant="bob", tags=["x"]),
        received_at=at(9),
    )
    thread = await store.read(reads.thread_summary, PROJECT, "t")
    assert thread is not None
    assert (thread.name, thread.participant_identifier, thread.tags) == ("Trip", "bob", ["x"])
    assert (thread.created_at, thread.environment, thread.step_count) == (at(1), "staging", 1)


async def test_upserting_a_thread_leaves_what_is_not_given_and_clears_what_is_none(store, at):
    everything = ThreadUpdate(id="t", name="Trip", metadata={"a": 1}, tags=["x"], participant="bob", environment="dev")
    await store.write(writes.upsert_thread, PROJECT, everything, received_at=at(0))
    await store.write(writes.upsert_thread, PROJECT, ThreadUpdate(id="t"), received_at=at(1))
    kept = await store.read(reads.thread_summary, PROJECT, "t")
    assert kept is not None
    assert (kept.name, kept.metadata, kept.tags, kept.participant_identifier) == ("Trip", {"a": 1}, ["x"], "bob")
    cleared = ThreadUpdate(id="t", name=None, metadata=None, tags=None, participant=None)
    await store.write(writes.update_thread, PROJECT, cleared, received_at=at(2))
    empty = await store.read(reads.thread_summary, PROJECT, "t")
    assert empty is not None
    assert (empty.name, empty.metadata, empty.tags, empty.participant_id, empty.environment) == (
        None, None, None, None, "dev",
    )  # fmt: skip


async def test_a_step_without_a_thread_stays_without_and_one_that_names_another_moves(store, save):
    await save(StepUpdate(id="alone"), StepUpdate(id="s", thread_id="first"))
    await save(StepUpdate(id="s"))
    assert (await stored(store, "s")).thread_id == "first"
    await save(StepUpdate(id="s", thread_id="second"))
    counts = [await store.read(reads.thread_summary, PROJECT, id_) for id_ in ("first", "second")]
    assert [thread and thread.step_count for thread in counts] == [0, 1]
    assert (await stored(store, "alone")).thread_id is None


async def test_the_environment_stays_when_a_later_update_names_none(store, save):
    await save(StepUpdate(id="s"), environment="experiment")
    await save(StepUpdate(id="s", name="later"))
    assert (await stored(store, "s")).environment == "experiment"


async def test_ids_and_texts_may_be_anything_but_what_no_engine_can_keep(store, save):
    odd = "a/b?c=d#e f%00 \u0627\u0644 🦜 'quote\" \\ ;--"
    await save(
        StepUpdate(
            id=odd + "\x00",
            thread_id=odd,
            name="nul \x00 here",
            output={"k\x00ey": ["va\x00lue", "half \ud83d of a pair", 2**70, float("1e300")]},
        )
    )
    step = await stored(store, odd)
    assert (step.name, step.thread_id) == ("nul  here", odd)
    assert step.output == {"key": ["value", "half  of a pair", str(2**70), 1e300]}


async def test_a_value_nested_beyond_all_reason_is_cut_not_refused(store, save):
    deep: Any = "bottom"
    for _ in range(400):
        deep = [deep]
    await save(StepUpdate(id="s", input=deep))
    assert "nested too deeply" in to_json((await stored(store, "s")).input)


async def test_numbers_and_scalars_come_back_as_they_were(store, save):
    values = [0, -1, 1.5, 10**18, True, False, None, "12345678901234567890", [[]], {"": ""}]
    for number, value in enumerate(values):
        await save(StepUpdate(id=str(number), output={"value": value}, input=value))
    for number, value in enumerate(values):
        step = await stored(store, str(number))
        assert step.output == {"value": value}
        assert step.input == value


async def test_the_root_run_is_the_topmost_run_above_whoever_came_first(store, save):
    await save(StepUpdate(id="tool", parent_id="inner", thread_id="t", type="tool"))
    await save(StepUpdate(id="inner", parent_id="outer", thread_id="t", type="run"))
    await save(StepUpdate(id="outer", parent_id="never arrives", thread_id="t", type="run"))
    await save(StepUpdate(id="told", parent_id="inner", root_run_id="elsewhere", thread_id="t"))
    roots = {step.id: step.root_run_id for step in await store.read(reads.thread_steps, PROJECT, "t")}
    assert roots == {"tool": "outer", "inner": "outer", "outer": None, "told": "elsewhere"}
    assert (await stored(store, "tool")).root_run_id == "outer"


async def test_parents_in_a_circle_hang_nobody(store, save):
    await save(*(StepUpdate(id=str(n), parent_id=str((n + 1) % 3), thread_id="t", type="run") for n in range(3)))
    await save(StepUpdate(id="own", parent_id="own", thread_id="t", type="run"))
    assert len(await store.read(reads.thread_steps, PROJECT, "t")) == 4
    assert (await stored(store, "1")).id == "1"


async def test_a_preview_is_of_the_output_and_of_the_input_only_without_one(store, save):
    await save(StepUpdate(id="s", input={"content": "what's   the\nweather"}))
    assert (await stored(store, "s")).preview == "what's the weather"
    await save(
        StepUpdate(
            id="s",
            output={"content": [{"type": "text", "text": "Sunny."}, {"type": "image_url", "image_url": {"url": "x"}}]},
        )
    )
    await save(StepUpdate(id="s", input={"content": "a late input"}))
    assert (await stored(store, "s")).preview == "Sunny."


async def test_an_attachment_may_come_before_its_step(store, save, at):
    await store.write(
        attachments.create_attachment, PROJECT, "s", AttachmentUpdate(name="a", url="u", metadata={"k": 1}), now=at(0)
    )
    await save(StepUpdate(id="s", thread_id="t"))
    (attachment,) = (await stored(store, "s")).attachments
    assert (attachment.name, attachment.thread_id, attachment.metadata) == ("a", "t", {"k": 1})


# ---- any order, repetition and batching ----------------------------------------------------------------------------

_STEP = {
    "parent_id": "parent of {}",
    "root_run_id": "root of {}",
    "type": "user_message",
    "name": "name of {}",
    "error": "error of {}",
    "tags": ["tag of {}"],
    "input": {"content": "input of {}"},
    "output": {"content": "output of {}"},
    "metadata": {"of": "{}"},
}
_GENERATION = {
    "model": "model of {}",
    "provider": "provider of {}",
    "token_count": 7,
    "messages": [{"role": "user", "content": "asked by {}"}],
    "message_completion": {"role": "assistant", "content": "answer of {}"},
    "settings": {"temperature": 0},
    "tags": ["generation of {}"],
}
_SCORE = {"name": "score of {}", "value": 0.25, "comment": "comment of {}", "type": "AI"}


def _of(step_id: str, value: Any) -> Any:
    """The one value that a field of a step has, whoever sends it."""
    match value:
        case str():
            return value.format(step_id)
        case list():
            return [_of(step_id, child) for child in value]
        case dict():
            return {key: _of(step_id, child) for key, child in value.items()}
        case _:
            return value


@st.composite
def _updates(draw: st.DrawFn) -> StepUpdate:
    """Some fields of one of three steps. Two updates of a step never disagree."""
    step_id = draw(st.sampled_from("abc"))
    chosen = draw(st.sets(st.sampled_from([*_STEP, "thread_id", "start_time", "end_time"])))
    values: dict[str, Any] = {name: _of(step_id, _STEP[name]) for name in chosen if name in _STEP}
    if "thread_id" in chosen:
        values["thread_id"] = "t"
    generation = draw(st.none() | st.sets(st.sampled_from([*_GENERATION])))
    if generation is not None:
        values["generation"] = GenerationUpdate(**{name: _of(step_id, _GENERATION[name]) for name in generation})
    score = draw(st.none() | st.sets(st.sampled_from([*_SCORE])))
    if score is not None:
        values["scores"] = [ScoreUpdate(id=f"score {step_id}", **{n: _of(step_id, _SCORE[n]) for n in score})]
    return StepUpdate(id=step_id, **values)


@st.composite
def _two_deliveries(draw: st.DrawFn) -> tuple[list[list[StepUpdate]], list[list[StepUpdate]]]:
    """The same updates twice: as they are, and in another order, some repeated, in other batches."""
    updates = draw(st.lists(_updates(), min_size=1, max_size=8))
    repeated = draw(st.lists(st.sampled_from(updates), max_size=4))
    again = draw(st.permutations([*updates, *repeated]))
    return _in_batches(draw, updates), _in_batches(draw, again)


def _in_batches(draw: st.DrawFn, updates: list[StepUpdate]) -> list[list[StepUpdate]]:
    cuts = sorted(draw(st.sets(st.integers(0, len(updates)), max_size=3)) | {0, len(updates)})
    return [updates[start:end] for start, end in itertools.pairwise(cuts)]


async def _everything(store: Store, project: str) -> tuple[Any, Any, Any]:
    thread = await store.read(reads.thread_summary, project, "t")
    whole = await store.read(reads.steps_of_threads, project, ["t"])
    steps = [await store.read(reads.step, project, step_id) for step_id in "abc"]
    return thread and asdict(thread), [asdict(s) for s in whole["t"]], [s and asdict(s) for s in steps]


@given(deliveries=_two_deliveries())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_order_repetition_and_batching_gives_the_same_thread(store, at, deliveries):
    results = []
    for batches in deliveries:
        project = f"project {next(_projects)}"  # as good as an empty database
        for batch in batches:
            await store.write(writes.save_steps, project, batch, environment=None, received_at=at(0))
        results.append(await _everything(store, project))
    assert results[0] == results[1]
    _, _, steps = results[0]
    for update in itertools.chain.from_iterable(deliveries[0]):
        step = steps["abc".index(update.id)]
        for field in fields(update):
            value = getattr(update, field.name)
            if value is not None and field.name not in {"generation", "scores", "attachments", "tags"}:
                assert step[field.name] == value, f"{field.name} was given and is gone"
