"""Judgements of steps: they come with a step, alone, or in batches, and before or after what they judge."""

import hashlib
from collections.abc import Sequence
from dataclasses import astuple
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, select, update

from review.errors import NotFound
from review.records import UNSET, AttachmentUpdate, Score, ScoreUpdate, Unset, new_id
from review.store.statements import StepIds, given_over_stored, insert_or_merge
from review.store.tables import score
from review.store.types import storable_text, to_json

# What the SDKs fill in where a score names nothing (literal-api.md §4.6).
DEFAULT_NAME: Final = "user-feedback"
DEFAULT_TYPE: Final = "HUMAN"
DEFAULT_VALUE: Final = 1.0

_TEXTS: Final = ("dataset_experiment_item_id", "name", "type", "label", "comment", "scorer")


def save_scores(conn: Connection, project_id: str, scores: Sequence[tuple[str, ScoreUpdate]], *, now: datetime) -> None:
    """Adds scores to steps, or changes what is given of those that exist. None is ever removed by this.

    Args:
        conn: A connection of `store.write`.
        project_id: The project of the steps.
        scores: Step id and score, in the order they were received.
        now: When new ones were made and old ones changed.
    """
    rows: dict[str, dict[str, Any]] = {}
    for step_id, given in scores:
        row = _row(project_id, step_id, given, now)
        kept = rows.setdefault(row["id"], row)
        kept.update((name, value) for name, value in row.items() if value is not None)
    insert_or_merge(conn, score, list(rows.values()), given_over_stored)


def create_scores(conn: Connection, project_id: str, scores: Sequence[ScoreUpdate], *, now: datetime) -> list[Score]:
    """New scores, as they are stored, in the order given."""
    rows = [{**_row(project_id, given.step_id, given, now), "id": given.id or new_id()} for given in scores]
    insert_or_merge(conn, score, rows, given_over_stored)
    stored = select(score).where(score.c.project_id == project_id, score.c.id.in_([row["id"] for row in rows]))
    by_id = {row.id: score_record(row) for row in conn.execute(stored)} if rows else {}
    return [by_id[row["id"]] for row in rows]


def update_score(
    conn: Connection,
    project_id: str,
    score_id: str,
    *,
    value: float,
    comment: str | Unset | None = UNSET,
    now: datetime,
) -> Score:
    """Changes a score's value and, when given, its comment; None clears the comment.

    Raises:
        NotFound: there is no such score.
    """
    values: dict[str, Any] = {"value": value, "updated_at": now}
    if comment is not UNSET:
        values["comment"] = None if comment is None else storable_text(comment)
    this = (score.c.project_id == project_id, score.c.id == score_id)
    conn.execute(update(score).where(*this).values(values))
    row = conn.execute(select(score).where(*this)).one_or_none()
    if row is None:
        raise NotFound(f"There is no score {score_id}.")
    return score_record(row)


def delete_score(conn: Connection, project_id: str, score_id: str) -> bool:
    """Deletes a score. False when there was none."""
    gone = delete(score).where(score.c.project_id == project_id, score.c.id == score_id)
    return conn.execute(gone).rowcount > 0


def scores_of_steps(conn: Connection, project_id: str, step_ids: StepIds) -> dict[str, list[Score]]:
    """The scores of some steps by step id, oldest first, in one query."""
    by_step: dict[str, list[Score]] = {}
    found = select(score).where(score.c.project_id == project_id, score.c.step_id.in_(step_ids))
    for row in conn.execute(found.order_by(score.c.created_at, score.c.id)):
        by_step.setdefault(row.step_id, []).append(score_record(row))
    return by_step


def id_by_content(step_id: str, given: ScoreUpdate | AttachmentUpdate) -> str:
    """An id for a child sent without one: the same whenever the same is sent again (literal-api.md §4.1 rule 1)."""
    digest = hashlib.sha256(to_json([step_id, *astuple(given)]).encode())
    return digest.hexdigest()[:32]


def _row(project_id: str, step_id: str | None, given: ScoreUpdate, now: datetime) -> dict[str, Any]:
    texts = {
        name: value if value is None else storable_text(value) for name in _TEXTS for value in [getattr(given, name)]
    }
    return {
        "project_id": project_id,
        "id": storable_text(given.id) if given.id else id_by_content(step_id or "", given),
        "step_id": step_id,
        **texts,
        "value": None if given.value is None else float(given.value),
        "tags": None if given.tags is None else list(given.tags),
        "created_at": now,
        "updated_at": now,
    }


def score_record(row: Row[Any]) -> Score:
    """A score's record; what a client left out has the defaults of the TypeScript SDK."""
    return Score(
        id=row.id,
        step_id=row.step_id,
        dataset_experiment_item_id=row.dataset_experiment_item_id,
        name=DEFAULT_NAME if row.name is None else row.name,
        type=DEFAULT_TYPE if row.type is None else row.type,
        value=DEFAULT_VALUE if row.value is None else row.value,
        label=row.label,
        comment=row.comment,
        scorer=row.scorer,
        tags=row.tags,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
