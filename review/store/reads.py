"""Reading threads and steps: lists, one thread, one step. Each function is a constant number of queries.

Lists of threads and trees of steps never touch payload columns.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, func, select

from review.records import Page, PageRequest, Step, StepSummary, ThreadsSlice, ThreadSummary
from review.store import paging
from review.store import tables as t
from review.store.attachments import attachments_of_steps
from review.store.below import ids_below
from review.store.filters import STEPS, THREADS
from review.store.generation_list import GENERATIONS
from review.store.lists import listed
from review.store.records_of_rows import STEP_COLUMNS, SUMMARY_COLUMNS, THREAD_COLUMNS, step_summary, whole_step
from review.store.records_of_rows import thread_summary as thread_record
from review.store.roots import root_runs
from review.store.scores import scores_of_steps
from review.store.search import narrowed, threads_with
from review.store.statements import StepIds
from review.store.totals import count_steps

_SHOWN_IN_CHAT: Final = ("user_message", "assistant_message", "system_message", "tool")
# Reading order: messages have equal times, and an early step may have none.
_IN_ORDER: Final = (func.coalesce(t.step.c.start_time, t.step.c.created_at), t.step.c.created_at, t.step.c.id)


def threads_page(
    conn: Connection,
    project_id: str,
    *,
    search: str | None = None,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> ThreadsSlice:
    """A page of the thread list, newest first.

    Args:
        conn: A connection of `store.read`.
        project_id: Whose threads.
        search: Words that the name, the id or a step's text contain; None or blank for all threads.
        after: A cursor: the rows that follow it.
        before: A cursor: the rows that lead up to it.
        limit: How many rows.

    Raises:
        Refused: a bad cursor.
    """
    conditions = [t.thread.c.project_id == project_id]
    found = threads_with(conn, project_id, search) if search and search.strip() else None
    if found is not None:
        conditions.append(found.condition)
    request = PageRequest(last=limit, before=before) if before is not None else PageRequest(first=limit, after=after)
    query = select(*THREAD_COLUMNS).where(*conditions)
    keyset = paging.fetch(conn, query, THREADS.order(None), request)
    is_exact = found is None or found.is_exact
    return ThreadsSlice(
        rows=[thread_record(row) for row in keyset.rows],
        next=keyset.cursors[-1] if keyset.rows and keyset.has_next else None,
        previous=keyset.cursors[0] if keyset.rows and keyset.has_previous else None,
        total=paging.count(conn, select(t.thread.c.id).where(*conditions)) if is_exact else len(keyset.rows),
        total_is_exact=is_exact,
    )


def threads(conn: Connection, project_id: str, request: PageRequest, *, count: bool = True) -> Page[ThreadSummary]:
    """The threads a list asks for (literal-api.md §4.3).

    Args:
        conn: A connection of `store.read`.
        project_id: Whose threads.
        request: Which part of the list, filtered and ordered how.
        count: Whether to count all rows that match, too.

    Raises:
        Refused: an unknown filter, operator or order, a value that does not fit, a bad cursor.
    """
    conditions = [t.thread.c.project_id == project_id, *THREADS.where(request.filters)]
    conditions.extend(narrowed(conn, project_id, request.filters))
    if request.cursor_anchor is not None:
        conditions.append(t.thread.c.created_at <= request.cursor_anchor)
    query = select(*THREAD_COLUMNS).where(*conditions)
    keyset = paging.fetch(conn, query, THREADS.order(request.order_by), request)
    return Page(
        rows=[thread_record(row) for row in keyset.rows],
        cursors=keyset.cursors,
        has_next=keyset.has_next,
        has_previous=keyset.has_previous,
        total=paging.count(conn, select(t.thread.c.id).where(*conditions)) if count else None,
    )


def steps(conn: Connection, project_id: str, request: PageRequest, *, count: bool = True) -> Page[Step]:
    """The steps a list asks for, each with everything (literal-api.md §4.2). Arguments and errors as `threads`."""
    within = [t.step.c.project_id == project_id]
    records = _children_of(conn, project_id)
    is_whole = not request.filters and request.cursor_anchor is None
    page = listed(conn, _whole_steps(), STEPS, request, records, within=within, count=count and not is_whole)
    return replace(page, total=count_steps(conn, project_id)) if count and is_whole else page


def generations(conn: Connection, project_id: str, request: PageRequest, *, count: bool = True) -> Page[Step]:
    """The steps with a generation a list asks for (literal-api.md §4.5). Arguments and errors as `threads`."""
    within = [t.step.c.project_id == project_id, t.step.c.has_generation.is_not(None)]
    records = _children_of(conn, project_id)
    return listed(conn, _whole_steps(), GENERATIONS, request, records, within=within, count=count)


def steps_of_threads(
    conn: Connection, project_id: str, thread_ids: Sequence[str], *, types: Collection[str] | None = None
) -> dict[str, list[Step]]:
    """Whole steps of some threads by thread id, in reading order; `types` keeps only those (`stepTypesToKeep`)."""
    of_threads = [t.step.c.project_id == project_id, t.step.c.thread_id.in_(thread_ids)]
    if types is not None:
        of_threads.append(func.coalesce(t.step.c.type, "undefined").in_(types))
    rows = conn.execute(_whole_steps().where(*of_threads).order_by(*_IN_ORDER)).all()
    by_thread: dict[str, list[Step]] = {thread_id: [] for thread_id in thread_ids}
    for record in _with_children(conn, project_id, rows, select(t.step.c.id).where(*of_threads)):
        by_thread[record.thread_id or ""].append(record)
    return by_thread


def thread_summary(conn: Connection, project_id: str, thread_id: str) -> ThreadSummary | None:
    """One thread without its steps."""
    this = (t.thread.c.project_id == project_id, t.thread.c.id == thread_id)
    row = conn.execute(select(*THREAD_COLUMNS).where(*this)).one_or_none()
    return thread_record(row) if row else None


def thread_steps(conn: Connection, project_id: str, thread_id: str) -> list[StepSummary]:
    """All steps of a thread without payload, in order of start, then of arrival, then id."""
    of_thread = (t.step.c.project_id == project_id, t.step.c.thread_id == thread_id)
    rows = conn.execute(select(*SUMMARY_COLUMNS).where(*of_thread).order_by(*_IN_ORDER)).all()
    counted = (
        select(t.score.c.step_id, func.count().label("scores"))
        .where(t.score.c.project_id == project_id, t.score.c.step_id.in_(select(t.step.c.id).where(*of_thread)))
        .group_by(t.score.c.step_id)
    )
    score_counts = {row.step_id: row.scores for row in conn.execute(counted)}
    roots = root_runs(conn, project_id, rows)
    return [step_summary(row, root_run_id=roots[row.id], score_count=score_counts.get(row.id, 0)) for row in rows]


def thread_messages(conn: Connection, project_id: str, thread_id: str) -> list[Step]:
    """Whole steps of the message and tool types, for the chat view, in reading order."""
    return steps_of_threads(conn, project_id, [thread_id], types=_SHOWN_IN_CHAT)[thread_id]


def step(conn: Connection, project_id: str, step_id: str) -> Step | None:
    """One step with everything; None when there is none of that id."""
    rows = conn.execute(_whole_steps().where(t.step.c.project_id == project_id, t.step.c.id == step_id)).all()
    return next(iter(_with_children(conn, project_id, rows, [step_id])), None)


def steps_below(conn: Connection, project_id: str, above: Step) -> list[Step]:
    """The whole steps below one, its children's children too, in the order they were carried out."""
    ids = ids_below(conn, project_id, above.id, thread_id=above.thread_id)
    of_ids = (t.step.c.project_id == project_id, t.step.c.id.in_(ids))
    rows = conn.execute(_whole_steps().where(*of_ids).order_by(*_IN_ORDER)).all()
    return _with_children(conn, project_id, rows, ids)


def _whole_steps() -> Select[Any]:
    """Steps with the participant of their thread, which may not have arrived."""
    its_thread = and_(t.thread.c.project_id == t.step.c.project_id, t.thread.c.id == t.step.c.thread_id)
    return select(
        *STEP_COLUMNS,
        t.thread.c.participant_id.label("thread_participant_id"),
        t.thread.c.participant_identifier.label("thread_participant_identifier"),
    ).join_from(t.step, t.thread, its_thread, isouter=True)


def _children_of(conn: Connection, project_id: str) -> Callable[[Sequence[Row[Any]]], list[Step]]:
    return lambda rows: _with_children(conn, project_id, rows, [row.id for row in rows])


def _with_children(conn: Connection, project_id: str, rows: Sequence[Row[Any]], step_ids: StepIds) -> list[Step]:
    if not rows:
        return []
    roots = root_runs(conn, project_id, rows)
    scores = scores_of_steps(conn, project_id, step_ids)
    attachments = attachments_of_steps(conn, project_id, step_ids)
    return [
        whole_step(
            row,
            root_run_id=roots[row.id],
            scores=scores.get(row.id, []),
            attachments=attachments.get(row.id, []),
        )
        for row in rows
    ]
