"""The list of scores: what it can be filtered and sorted by (literal-api.md §3.4, §3.5), and a part of it."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, exists, func, select

from review.records import Page, PageRequest, Score
from review.store import paging
from review.store.filters import Field, Listing
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
    """The scores a list asks for.

    Args:
        conn: A connection of `store.read`.
        project_id: Whose scores.
        request: Which part of the list, filtered and ordered how.
        count: Whether to count all rows that match, too.

    Raises:
        Refused: an unknown filter, operator or order, a value that does not fit, a bad cursor.
    """
    conditions: list[ColumnElement[Any]] = [score.c.project_id == project_id, *SCORES.where(request.filters)]
    if request.cursor_anchor is not None:
        conditions.append(score.c.created_at <= request.cursor_anchor)
    keyset = paging.fetch(conn, select(score).where(*conditions), SCORES.order(request.order_by), request)
    return Page(
        rows=[score_record(row) for row in keyset.rows],
        cursors=keyset.cursors,
        has_next=keyset.has_next,
        has_previous=keyset.has_previous,
        total=paging.count(conn, select(score.c.id).where(*conditions)) if count else None,
    )
