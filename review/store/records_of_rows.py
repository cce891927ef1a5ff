"""From rows to records of threads and steps, and the columns each needs."""

from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Row

from review.records import Attachment, Generation, Json, Score, Step, StepSummary, ThreadSummary
from review.store.tables import step, thread
from review.store.totals import TOKENS

THREAD_COLUMNS: Final = tuple(column for column in thread.c if column.name != "project_id")

SUMMARY_COLUMNS: Final[tuple[ColumnElement[Any], ...]] = (
    step.c.id,
    step.c.thread_id,
    step.c.parent_id,
    step.c.root_run_id,
    step.c.type,
    step.c.name,
    step.c.start_time,
    step.c.end_time,
    step.c.created_at,
    step.c.environment,
    step.c.error,
    step.c.generation_error,
    step.c.tags,
    step.c.generation_tags,
    step.c.preview,
    step.c.generation_model,
    step.c.generation_provider,
    step.c.generation_input_token_count,
    step.c.generation_output_token_count,
    step.c.generation_tt_first_token,
    step.c.generation_duration,
    TOKENS.label("tokens"),
)
"""What a line of a tree needs; no payload."""

STEP_COLUMNS: Final[tuple[ColumnElement[Any], ...]] = (
    *(column for column in step.c if column.name not in {"project_id", "preview"}),
    step.c.preview,
    TOKENS.label("tokens"),
)


def thread_summary(row: Row[Any]) -> ThreadSummary:
    """A thread's record; its duration is from the first start to the last end, idle time included."""
    return ThreadSummary(
        id=row.id,
        name=row.name,
        participant_id=row.participant_id,
        participant_identifier=row.participant_identifier,
        tags=row.tags,
        metadata=row.metadata,
        environment=row.environment,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        duration=_seconds(row.started_at, row.ended_at),
        step_count=row.step_count,
        turn_count=row.turn_count,
        error_count=row.error_count,
        token_count=row.token_count,
    )


def step_summary(row: Row[Any], *, root_run_id: str | None, score_count: int) -> StepSummary:
    """A step's record without payload."""
    return StepSummary(**_summary(row, root_run_id=root_run_id, score_count=score_count))


def whole_step(row: Row[Any], *, root_run_id: str | None, scores: list[Score], attachments: list[Attachment]) -> Step:
    """A step's record with everything; the row also names the participant of its thread."""
    return Step(
        **_summary(row, root_run_id=root_run_id, score_count=len(scores)),
        input=row.input,
        output=row.output,
        metadata=_both_metadata(row),
        generation=_generation(row) if row.has_generation else None,
        scores=scores,
        attachments=attachments,
        thread_participant_id=row.thread_participant_id,
        thread_participant_identifier=row.thread_participant_identifier,
    )


def _summary(row: Row[Any], *, root_run_id: str | None, score_count: int) -> dict[str, Any]:
    seconds = _seconds(row.start_time, row.end_time)
    return {
        "id": row.id,
        "thread_id": row.thread_id,
        "parent_id": row.parent_id,
        "root_run_id": root_run_id,
        "type": row.type or "undefined",
        "name": row.name,
        "start_time": row.start_time,
        "end_time": row.end_time,
        "created_at": row.created_at,
        "error": row.error or row.generation_error,
        "tags": _both_tags(row),
        "environment": row.environment,
        "preview": row.preview or "",
        "model": row.generation_model,
        "provider": row.generation_provider,
        "input_tokens": row.generation_input_token_count,
        "output_tokens": row.generation_output_token_count,
        "token_count": row.tokens,
        "tt_first_token": row.generation_tt_first_token,
        "duration": row.generation_duration if seconds is None else seconds,
        "score_count": score_count,
    }


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else (end - start).total_seconds()


def _generation(row: Row[Any]) -> Generation:
    return Generation(
        type=row.generation_type or _derived_type(row),
        prompt_id=row.generation_prompt_id,
        provider=row.generation_provider,
        model=row.generation_model,
        error=row.generation_error or row.error,
        settings=row.generation_settings,
        variables=row.generation_variables,
        tags=_both_tags(row),
        metadata=_both_metadata(row),
        tools=row.generation_tools,
        token_count=row.tokens,
        input_token_count=row.generation_input_token_count,
        output_token_count=row.generation_output_token_count,
        tt_first_token=row.generation_tt_first_token,
        token_throughput=row.generation_token_throughput,
        duration=row.generation_duration,
        messages=row.generation_messages,
        message_completion=row.generation_message_completion,
        prompt=row.generation_prompt,
        completion=row.generation_completion,
    )


def _derived_type(row: Row[Any]) -> str:
    """The type of a generation that was sent without one (literal-api.md §4.1 rule 5)."""
    has_prompt = row.generation_prompt is not None or row.generation_completion is not None
    return "COMPLETION" if has_prompt and row.generation_messages is None else "CHAT"


def _both_tags(row: Row[Any]) -> list[str] | None:
    """The tags of a step and of its generation, which say the same thing in two places (literal-api.md §4.1 rule 6)."""
    if not row.generation_tags or row.tags == row.generation_tags:
        return row.tags if row.tags is not None else row.generation_tags
    return list(dict.fromkeys([*(row.tags or []), *row.generation_tags]))


def _both_metadata(row: Row[Any]) -> Json:
    if not row.generation_metadata:
        return row.metadata if row.metadata is not None else row.generation_metadata
    own: Json = row.metadata
    of_generation: Json = row.generation_metadata
    if own is None:
        return of_generation
    if not isinstance(own, dict) or not isinstance(of_generation, dict):
        return row.metadata
    return cast("dict[str, Json]", of_generation) | cast("dict[str, Json]", own)
