"""Saving and deleting threads and steps: every update is merged into what is there, whatever order they come in.

The rules are literal-api.md §3.2, §3.7 and §4.1. In short: what an update does not give stays; what it gives replaces;
nothing an update names has to exist.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, case, delete, func, select, update

from review.errors import NotFound
from review.records import UNSET, GenerationUpdate, StepUpdate, ThreadUpdate
from review.store import search
from review.store.attachments import save_attachments
from review.store.participants import resolve_participant
from review.store.scores import save_scores
from review.store.statements import given_over_stored, insert_or_keep, insert_or_merge_seen
from review.store.tables import attachment, score, step, thread
from review.store.texts import preview_of
from review.store.totals import apply_changes, counted_columns, hold, merged, sum_up
from review.store.types import storable_text

U = TypeVar("U", StepUpdate, GenerationUpdate)

_STEP_FIELDS: Final = tuple(
    field.name for field in fields(StepUpdate) if field.name not in {"generation", "scores", "attachments"}
)
_GENERATION_FIELDS: Final = tuple(field.name for field in fields(GenerationUpdate))


def save_steps(
    conn: Connection, project_id: str, steps: Sequence[StepUpdate], *, environment: str | None, received_at: datetime
) -> None:
    """Creates or patches steps with their generations, scores and attachments, and the threads they name.

    Args:
        conn: A connection of `store.write`.
        project_id: The project of the key they came with.
        steps: Updates in the order they were received; several of one step are merged first.
        environment: What the request says its steps are labelled with; None keeps the label there is.
        received_at: When new rows were made.
    """
    updates = _one_update_a_step(steps)
    if not updates:
        return
    rows = {id_: _row(project_id, given, environment, received_at) for id_, given in updates.items()}
    named = {row["thread_id"] for row in rows.values() if row["thread_id"] is not None}
    before = hold(conn, project_id, sorted(rows), named, now=received_at)
    insert_or_merge_seen(conn, step, list(rows.values()), _merge_step, seen=before)
    after = {id_: merged(before.get(id_), row) for id_, row in rows.items()}
    apply_changes(
        conn,
        project_id,
        [(before.get(id_), after[id_]) for id_ in rows],
        environment=environment,
        now=received_at,
    )
    children = [(id_, given) for id_, given in updates.items() if given.scores or given.attachments]
    save_scores(conn, project_id, [(id_, new) for id_, given in children for new in given.scores], now=received_at)
    save_attachments(
        conn, project_id, [(id_, new) for id_, given in children for new in given.attachments], now=received_at
    )
    search.changed(conn, project_id, steps=list(rows))


def update_step(conn: Connection, project_id: str, given: StepUpdate, *, received_at: datetime) -> None:
    """Patches a step that exists.

    Raises:
        NotFound: it does not.
    """
    if not counted_columns(conn, project_id, [given.id]):
        raise NotFound(f"There is no step {given.id}.")
    save_steps(conn, project_id, [given], environment=None, received_at=received_at)


def delete_step(conn: Connection, project_id: str, step_id: str) -> bool:
    """Deletes a step with its scores and attachments; its children stay. False when there was none."""
    stored = counted_columns(conn, project_id, [step_id]).get(step_id)
    if stored is None:
        return False
    for table in (score, attachment):
        conn.execute(delete(table).where(table.c.project_id == project_id, table.c.step_id == step_id))
    conn.execute(delete(step).where(step.c.project_id == project_id, step.c.id == step_id))
    if stored["thread_id"] is not None:
        sum_up(conn, project_id, [stored["thread_id"]])
    search.forget_step(conn, project_id, step_id)
    return True


def upsert_thread(conn: Connection, project_id: str, given: ThreadUpdate, *, received_at: datetime) -> None:
    """Creates or changes a thread. Its participant is an id or an identifier; an unknown one is created."""
    stub = {"project_id": project_id, "id": storable_text(given.id), "created_at": received_at}
    insert_or_keep(conn, thread, [stub])
    _change_thread(conn, project_id, given, received_at)


def update_thread(conn: Connection, project_id: str, given: ThreadUpdate, *, received_at: datetime) -> None:
    """Changes a thread that exists.

    Raises:
        NotFound: it does not.
    """
    found = select(thread.c.id).where(thread.c.project_id == project_id, thread.c.id == storable_text(given.id))
    if conn.execute(found).one_or_none() is None:
        raise NotFound(f"There is no thread {given.id}.")
    _change_thread(conn, project_id, given, received_at)


def delete_thread(conn: Connection, project_id: str, thread_id: str) -> bool:
    """Deletes a thread with its steps, scores and attachments. False when there was none."""
    of_thread = select(step.c.id).where(step.c.project_id == project_id, step.c.thread_id == thread_id)
    for table in (score, attachment):
        conn.execute(delete(table).where(table.c.project_id == project_id, table.c.step_id.in_(of_thread)))
    search.forget_thread(conn, project_id, thread_id)
    conn.execute(delete(step).where(step.c.project_id == project_id, step.c.thread_id == thread_id))
    gone = conn.execute(delete(thread).where(thread.c.project_id == project_id, thread.c.id == thread_id))
    return gone.rowcount > 0


def _change_thread(conn: Connection, project_id: str, given: ThreadUpdate, now: datetime) -> None:
    values: dict[str, Any] = {}
    if given.name is not UNSET:
        values["name"] = None if given.name is None else storable_text(given.name)
    if given.metadata is not UNSET:
        values["metadata"] = given.metadata
    if given.tags is not UNSET:
        values["tags"] = None if given.tags is None else list(given.tags)
    if given.participant is not UNSET:
        person = (
            None if given.participant is None else resolve_participant(conn, project_id, given.participant, now=now)
        )
        values["participant_id"] = person and person.id
        values["participant_identifier"] = person and person.identifier
    if given.environment is not None:
        values["environment"] = storable_text(given.environment)
    if values:
        this = (thread.c.project_id == project_id, thread.c.id == storable_text(given.id))
        conn.execute(update(thread).where(*this).values(values))
    if "name" in values:
        search.changed(conn, project_id, threads=[given.id])


def _one_update_a_step(steps: Iterable[StepUpdate]) -> dict[str, StepUpdate]:
    """The updates by step id, later ones laid over earlier ones: no engine takes a row twice in one statement."""
    updates: dict[str, StepUpdate] = {}
    for given in steps:
        id_ = storable_text(given.id)
        earlier = updates.get(id_)
        updates[id_] = given if earlier is None else _laid_over(earlier, given)
    return updates


def _laid_over(earlier: StepUpdate, later: StepUpdate) -> StepUpdate:
    generation = later.generation or earlier.generation
    if earlier.generation is not None and later.generation is not None:
        generation = replace(earlier.generation, **_given(later.generation, _GENERATION_FIELDS))
    return replace(
        earlier,
        **_given(later, _STEP_FIELDS),
        generation=generation,
        scores=[*earlier.scores, *later.scores],
        attachments=[*earlier.attachments, *later.attachments],
    )


def _given(update_: StepUpdate | GenerationUpdate, names: Iterable[str]) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(update_, name)) is not None}


def _row(project_id: str, given: StepUpdate, environment: str | None, now: datetime) -> dict[str, Any]:
    """The columns of a new step; None where nothing was given, so that merging keeps what is there."""
    row = {name: _storable(getattr(given, name)) for name in _STEP_FIELDS}
    for name in ("thread_id", "parent_id", "root_run_id"):  # an empty reference refers to nothing
        row[name] = row[name] or None
    generation = given.generation
    for name in _GENERATION_FIELDS:
        row[f"generation_{name}"] = None if generation is None else _storable(getattr(generation, name))
    row["has_generation"] = True if generation is not None else None
    row["project_id"] = project_id
    row["created_at"] = now
    row["environment"] = environment
    text_of = given.output if given.output is not None else given.input
    row["preview"] = None if text_of is None else storable_text(preview_of(text_of))
    return row


def _storable(value: Any) -> Any:
    return storable_text(value) if isinstance(value, str) else value


def _merge_step(stored: Table, new: Any) -> Mapping[str, ColumnElement[Any]]:
    # The preview is of the output or, without one, of the input; so a late input must not take the output's place.
    preview = case(
        (new.output.is_not(None), new.preview),
        (stored.c.output.is_not(None), stored.c.preview),
        else_=func.coalesce(new.preview, stored.c.preview),
    )
    return {**given_over_stored(stored, new), "preview": preview}
