"""The Literal API's arguments become record updates; what can't be understood is left out, not refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.errors import Refused, TooLarge
from review.ingest import coerce
from review.ingest.literal import (
    MAX_CONTENT_BYTES,
    MAX_METADATA_BYTES,
    STEP_ARGUMENTS,
    generation_update,
    score_update,
    step_update,
    thread_update,
)
from review.records import UNSET, StepUpdate

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

any_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("2026-11-20T12:00:00.123456Z", NOON + timedelta(microseconds=123456)),
        ("2026-11-20T12:00:00.123Z", NOON + timedelta(milliseconds=123)),
        ("2026-11-20T13:00:00.123456+01:00", NOON + timedelta(microseconds=123456)),
        ("2026-11-20 12:00:00.5", NOON + timedelta(milliseconds=500)),
        ("2026-11-20 12:00:00", NOON),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("yesterday", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("", None),
        (1763640000, None),
        (None, None),
    ],
)
def test_a_time_is_read_in_every_format_that_is_sent(sent: Any, meant: datetime | None) -> None:
    assert coerce.time(sent) == meant


@pytest.mark.parametrize(
    ("sent", "meant"), [(12, 12), (12.0, 12), ("12", 12), (True, None), ("many", None), (2**40, None), (None, None)]
)
def test_a_count_is_a_whole_number_that_fits(sent: Any, meant: int | None) -> None:
    assert coerce.count(sent) == meant


@pytest.mark.parametrize("sent", [float("nan"), float("inf"), "nan", "-inf", "1e999", 10**400])
def test_a_number_that_is_not_finite_is_not_given(sent: Any) -> None:
    assert coerce.decimal(sent) is None


@pytest.mark.parametrize("leaked", ["", "None"])
def test_an_empty_reference_and_a_leaked_none_refer_to_nothing(leaked: str) -> None:
    step = step_update({"id": "s", "threadId": leaked, "parentId": leaked, "rootRunId": leaked})
    assert (step.thread_id, step.parent_id, step.root_run_id) == (None, None, None)


def test_an_id_may_be_any_text() -> None:
    assert step_update({"id": "17293822569102704642"}).id == "17293822569102704642"
    assert step_update({"id": 42}).id == "42"


@pytest.mark.parametrize("missing", [{}, {"id": None}, {"id": ""}])
def test_a_step_without_an_id_is_refused(missing: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="id: must be given"):
        step_update(missing)


def test_a_bare_tag_is_a_list_of_one() -> None:
    assert step_update({"id": "s", "tags": "vip"}).tags == ["vip"]


def test_empty_values_are_values_and_nulls_are_not_given() -> None:
    empty = step_update({"id": "s", "input": {}, "output": [], "metadata": {}, "tags": []})
    assert (empty.input, empty.output, empty.metadata, empty.tags) == ({}, [], {}, [])
    assert step_update({"id": "s", "input": None, "threadId": None, "generation": None, "error": None}) == StepUpdate(
        id="s", scores=[], attachments=[]
    )


def test_unknown_keys_are_ignored() -> None:
    assert step_update({"id": "s", "createdAt": "2026-11-20", "environment": "prod", "colour": 1}).id == "s"


def test_empty_tags_and_metadata_of_a_generation_are_not_given() -> None:
    generation = generation_update({"tags": [], "metadata": {}, "settings": {}, "tools": None})
    assert generation.tags is None
    assert generation.metadata is None
    assert generation.settings == {}


def test_the_type_of_a_generation_is_left_open_when_it_is_unknown() -> None:
    assert generation_update({"type": "chat"}).type == "CHAT"
    assert generation_update({"type": "SONG"}).type is None


def test_generation_id_is_the_old_name_of_a_score_s_step_id() -> None:
    assert score_update({"generationId": "g"}).step_id == "g"
    assert score_update({"generationId": "g", "stepId": "s"}).step_id == "s"


def test_a_payload_that_is_no_object_is_left_out() -> None:
    step = step_update({"id": "s", "generation": "text", "scores": [None, {"name": "n"}], "attachments": "file"})
    assert step.generation is None
    assert [score.name for score in step.scores] == ["n"]
    assert step.attachments == []


def test_a_thread_tells_null_from_absent() -> None:
    thread = thread_update({"id": "t", "name": None, "participantId": "ada"}, environment="dev")
    assert (thread.name, thread.participant) == (None, "ada")
    assert (thread.metadata, thread.tags) == (UNSET, UNSET)
    assert thread.environment == "dev"
    assert thread_update({"id": "t", "environment": "prod"}, environment="dev").environment == "prod"


@pytest.mark.parametrize(
    ("field", "limit"), [("input", MAX_CONTENT_BYTES), ("output", MAX_CONTENT_BYTES), ("metadata", MAX_METADATA_BYTES)]
)
def test_what_is_over_a_limit_is_refused_by_name(field: str, limit: int) -> None:
    assert step_update({"id": "s", field: {"k": "x" * (limit - 8)}})
    with pytest.raises(TooLarge, match=rf"^{field}: .* {limit}$"):
        step_update({"id": "s", field: {"k": "x" * limit}})


def test_an_input_of_3_mb_is_taken() -> None:
    assert step_update({"id": "s", "input": {"content": "x" * 3 * 1024 * 1024}})


def test_what_is_nested_too_deep_is_refused_by_name() -> None:
    deep: Any = "end"
    for _ in range(300):
        deep = [deep]
    with pytest.raises(Refused, match="output: can't be kept"):
        step_update({"id": "s", "output": deep})


@given(
    st.fixed_dictionaries(
        {"id": st.text(min_size=1, max_size=20)},
        optional=dict.fromkeys(STEP_ARGUMENTS[1:], any_json),
    )
)
def test_no_step_is_lost_for_an_odd_value(arguments: dict[str, Any]) -> None:
    assert step_update(arguments).id == arguments["id"]
