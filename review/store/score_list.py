"""The list of scores: what it can be filtered and sorted by (literal-api.md §3.4, §3.5), and a part of it."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, select

from review.records import Page, PageRequest, Score
from review.store.filters import Field, Listing
from review.store.lists import listed
from review.store.scores import DEFAULT_NAME, DEFAULT_TYPE, DEFAULT_VALUE, score_record
from review.store.tables import score, step, thread


def _in_its_thread(condition: ColumnElement[bool], _path: str | None) -> ColumnElement[bool]:
    """The thread of the step that was judged is so."""
    of_score = and_(step.c.project_id == score.c.project_id, step.c.id == score.c.step_id)
    of_step = and_(thread.c.project_id == score.c.project_id, thread.c.id == step.c.thread_id)
    return exists().where(of_score, of_step, condition).correlate(score)


SCORES: Final = Listing(
    noun="scores",
    id=score.c.id,
    fields={
        "id": Field("string", [score.c.id]),
        "createdAt": Field("datetime", [score.c.created_at]),
        "participant": Field("list", [thread.c.participant_identifier], _in_its_thread),
        "tags": Field("list", [score.c.tags]),
        "name": Field("string", [func.coalesce(score.c.name, DEFAULT_NAME)]),
        "value": Field("number", [func.coalesce(score.c.value, DEFAULT_VALUE)]),
        "type": Field("string", [func.coalesce(score.c.type, DEFAULT_TYPE)]),
        "comment": Field("string", [score.c.comment]),
    },
    columns={"createdAt": (score.c.created_at, False)},
)


def scores(conn: Connection, project_id: str, request: PageRequest, *, count: bool = True) -> Page[Score]:
    """The scores a list asks for. Arguments and errors as `review.store.lists.listed`."""
    within = [score.c.project_id == project_id]
    return listed(conn, select(score), SCORES, request, _records, within=within, count=count)


def _records(rows: Sequence[Row[Any]]) -> list[Score]:
    return [score_record(row) for row in rows]
