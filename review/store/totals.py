"""What a thread's row says about its steps: counts, tokens, first start and last end.

They are kept on the row, in the transaction that changes a step, so that a list can show, filter and sort them without
reading steps. A batch costs one read of the steps it touches and one upsert of their threads. What the difference can't
tell (a step leaves its thread, or starts later than it did) is summed up again, for that thread only.

Concurrent writers: on SQLite there is one. On PostgreSQL writers of one thread take turns (`hold`), and a step
that two insert at once without naming the same thread makes the later one start again (`OvertakenError`).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, Table, case, func, select, update

from review.store.statements import OvertakenError, insert_or_keep, insert_or_merge
from review.store.tables import step, thread

Columns: TypeAlias = Mapping[str, Any]
"""The columns of a step that its thread's totals depend on, by name."""

_COUNTED: Final = (
    step.c.thread_id,
    step.c.type,
    step.c.error,
    step.c.generation_error,
    step.c.generation_token_count,
    step.c.generation_input_token_count,
    step.c.generation_output_token_count,
    step.c.start_time,
    step.c.end_time,
)
_TURN: Final = "user_message"
_KEYS_A_QUERY: Final = 500  # below every engine's limit of parameters

TOKENS: Final[ColumnElement[int | None]] = func.coalesce(
    step.c.generation_token_count,
    step.c.generation_input_token_count + func.coalesce(step.c.generation_output_token_count, 0),
    step.c.generation_output_token_count,
)
"""The tokens of a step's generation: the total given, else the sum of what was given (literal-api.md §3.8)."""


def hold(
    conn: Connection, project_id: str, step_ids: Sequence[str], thread_ids: Collection[str], *, now: datetime
) -> dict[str, Columns]:
    """Keeps other writers away from steps and their threads until the commit; returns what is stored of the steps.

    Threads are held before steps, and both in the order of their ids, so that two writers never wait crosswise.

    Args:
        conn: A connection of `store.write`.
        project_id: The project of the steps.
        step_ids: The steps that will be changed, sorted.
        thread_ids: The threads that will be named.
        now: When a thread that doesn't exist was made.

    Raises:
        OvertakenError: a step has moved between the first look and the lock.
    """
    if conn.dialect.name != "postgresql":  # one transaction writes at a time, as it is
        return counted_columns(conn, project_id, step_ids)
    held = set(thread_ids)
    for some in _some_at_a_time(step_ids):
        now_in = select(step.c.thread_id).where(step.c.project_id == project_id, step.c.id.in_(some)).distinct()
        held.update(thread_id for thread_id in conn.execute(now_in).scalars() if thread_id is not None)
    ordered = sorted(held)
    insert_or_keep(conn, thread, [{"project_id": project_id, "id": id_, "created_at": now} for id_ in ordered])
    for some in _some_at_a_time(ordered):
        _hold_threads(conn, project_id, some)
    stored = counted_columns(conn, project_id, step_ids)
    if not held.issuperset(columns["thread_id"] for columns in stored.values() if columns["thread_id"] is not None):
        raise OvertakenError
    return stored


def counted_columns(conn: Connection, project_id: str, step_ids: Sequence[str]) -> dict[str, Columns]:
    """What is stored now of some steps, by id; held until the commit."""
    stored: dict[str, Columns] = {}
    for some in _some_at_a_time(step_ids):
        asked = select(step.c.id, *_COUNTED).where(step.c.project_id == project_id, step.c.id.in_(some))
        for row in conn.execute(asked.order_by(step.c.id).with_for_update()).mappings():
            stored[row["id"]] = dict(row)
    return stored


def merged(before: Columns | None, given: Columns) -> Columns:
    """The counted columns of a step after an update: what is not given stays."""
    kept = before or {}
    return {
        column.name: kept.get(column.name) if given.get(column.name) is None else given[column.name]
        for column in _COUNTED
    }


def apply_changes(
    conn: Connection,
    project_id: str,
    changes: Iterable[tuple[Columns | None, Columns]],
    *,
    environment: str | None,
    now: datetime,
) -> None:
    """Brings the threads of changed steps up to date; makes those that don't exist (literal-api.md §4.1 rule 2).

    Args:
        conn: A connection of `store.write`.
        project_id: The project of the steps.
        changes: The counted columns of each changed step before (None: it is new) and after.
        environment: What a new thread is labelled with.
        now: When a new thread was made.
    """
    additions: dict[str, dict[str, Any]] = {}
    to_sum_up: set[str] = set()
    for before, after in changes:
        old_thread, new_thread = (before or {}).get("thread_id"), after["thread_id"]
        if old_thread not in (None, new_thread):
            to_sum_up.add(old_thread)
        if new_thread is None:
            continue
        addition = additions.setdefault(new_thread, _nothing(project_id, new_thread, environment, now))
        if old_thread == new_thread and before is not None:
            _add(addition, _share(after), minus=_share(before))
            if _shrinks(before, after):
                to_sum_up.add(new_thread)
        else:
            _add(addition, _share(after), minus=_NO_SHARE)
    insert_or_merge(conn, thread, list(additions.values()), _added)
    sum_up(conn, project_id, to_sum_up)


def count_steps(conn: Connection, project_id: str) -> int:
    """How many steps a project has: what its threads say, and those without one. There are far fewer threads."""
    in_threads = select(func.coalesce(func.sum(thread.c.step_count), 0)).where(thread.c.project_id == project_id)
    alone = select(func.count()).where(step.c.project_id == project_id, step.c.thread_id.is_(None))
    return conn.execute(select(in_threads.scalar_subquery() + alone.scalar_subquery())).scalar_one()


def sum_up(conn: Connection, project_id: str, thread_ids: Collection[str]) -> None:
    """Counts all steps of some threads again."""
    for some in _some_at_a_time(sorted(thread_ids)):
        _sum_up(conn, project_id, some)


def _some_at_a_time(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _KEYS_A_QUERY):
        yield ids[start : start + _KEYS_A_QUERY]


def _hold_threads(conn: Connection, project_id: str, thread_ids: Sequence[str]) -> None:
    held = select(thread.c.id).where(thread.c.project_id == project_id, thread.c.id.in_(thread_ids))
    conn.execute(held.order_by(thread.c.id).with_for_update())


def _sum_up(conn: Connection, project_id: str, thread_ids: Sequence[str]) -> None:
    if conn.dialect.name == "postgresql":
        _hold_threads(conn, project_id, thread_ids)  # after a deletion it is not held yet, and others may add to it
    totals = (
        select(
            step.c.thread_id,
            func.count().label("step_count"),
            func.sum(case((step.c.type == _TURN, 1), else_=0)).label("turn_count"),
            func.sum(case((_has_error(), 1), else_=0)).label("error_count"),
            func.sum(TOKENS).label("token_count"),
            func.min(step.c.start_time).label("started_at"),
            func.max(func.coalesce(step.c.end_time, step.c.start_time)).label("ended_at"),
        )
        .where(step.c.project_id == project_id, step.c.thread_id.in_(thread_ids))
        .group_by(step.c.thread_id)
    )
    found = {row["thread_id"]: row for row in conn.execute(totals).mappings()}
    for thread_id in thread_ids:
        row = found.get(thread_id, _EMPTY)
        conn.execute(
            update(thread)
            .where(thread.c.project_id == project_id, thread.c.id == thread_id)
            .values({name: row[name] for name in _EMPTY})
        )


_EMPTY: Final[Mapping[str, Any]] = {
    "step_count": 0,
    "turn_count": 0,
    "error_count": 0,
    "token_count": None,
    "started_at": None,
    "ended_at": None,
}
_NO_SHARE: Final[Mapping[str, Any]] = _EMPTY


def _nothing(project_id: str, thread_id: str, environment: str | None, now: datetime) -> dict[str, Any]:
    return {"project_id": project_id, "id": thread_id, "created_at": now, "environment": environment, **_EMPTY}


def _share(columns: Columns) -> Columns:
    """What one step adds to its thread."""
    total = columns["generation_token_count"]
    if total is None:
        parts = (columns["generation_input_token_count"], columns["generation_output_token_count"])
        known = [count for count in parts if count is not None]
        total = sum(known) if known else None
    start, end = columns["start_time"], columns["end_time"]
    return {
        "step_count": 1,
        "turn_count": int(columns["type"] == _TURN),
        "error_count": int(bool(columns["error"] or columns["generation_error"])),
        "token_count": total,
        "started_at": start,
        "ended_at": end if end is not None else start,
    }


def _add(addition: dict[str, Any], share: Columns, *, minus: Columns) -> None:
    for name in ("step_count", "turn_count", "error_count"):
        addition[name] += share[name] - minus[name]
    if share["token_count"] is not None:
        addition["token_count"] = (addition["token_count"] or 0) + share["token_count"] - (minus["token_count"] or 0)
    for name, extreme in (("started_at", min), ("ended_at", max)):
        if share[name] is not None:
            addition[name] = share[name] if addition[name] is None else extreme(addition[name], share[name])


def _shrinks(before: Columns, after: Columns) -> bool:
    """Whether a step now starts later or ends earlier than it did, so that its thread may, too."""
    old, new = _share(before), _share(after)
    return (old["started_at"] is not None and new["started_at"] > old["started_at"]) or (
        old["ended_at"] is not None and new["ended_at"] < old["ended_at"]
    )


def _has_error() -> ColumnElement[bool]:
    return func.coalesce(func.nullif(step.c.error, ""), func.nullif(step.c.generation_error, "")).is_not(None)


def _added(stored: Table, new: Any) -> Mapping[str, ColumnElement[Any]]:
    return {
        **{name: stored.c[name] + new[name] for name in ("step_count", "turn_count", "error_count")},
        "token_count": func.coalesce(stored.c.token_count + new.token_count, stored.c.token_count, new.token_count),
        "started_at": case(
            (stored.c.started_at <= new.started_at, stored.c.started_at),
            else_=func.coalesce(new.started_at, stored.c.started_at),
        ),
        "ended_at": case(
            (stored.c.ended_at >= new.ended_at, stored.c.ended_at),
            else_=func.coalesce(new.ended_at, stored.c.ended_at),
        ),
        "environment": func.coalesce(stored.c.environment, new.environment),
    }
