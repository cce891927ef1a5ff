"""Experiments and their items, with the scores that items were given."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from review.errors import NotFound
from review.evaluation import Experiment, ExperimentDraft, ExperimentItem, ExperimentItemDraft
from review.records import Score, new_id
from review.store.datasets import existing_dataset
from review.store.scores import score_record
from review.store.tables import dataset_experiment as table
from review.store.tables import dataset_experiment_item as item_table
from review.store.tables import score
from review.store.types import storable_text


def create_experiment(conn: Connection, project_id: str, given: ExperimentDraft, *, now: datetime) -> Experiment:
    """A new experiment, on a dataset or on none.

    Raises:
        NotFound: there is no such dataset.
    """
    if given.dataset_id is not None:
        existing_dataset(conn, project_id, given.dataset_id)
    id_ = new_id()
    new = {
        "project_id": project_id,
        "id": id_,
        "created_at": now,
        "name": storable_text(given.name),
        "dataset_id": given.dataset_id,
        "prompt_variant_id": given.prompt_variant_id and storable_text(given.prompt_variant_id),
        "prompt_id": given.prompt_id and storable_text(given.prompt_id),
        "params": given.params,
    }
    conn.execute(insert(table).values(new))
    return _existing(conn, project_id, id_)


def experiment(conn: Connection, project_id: str, experiment_id: str) -> Experiment | None:
    """One experiment."""
    this = (table.c.project_id == project_id, table.c.id == experiment_id)
    row = conn.execute(select(table).where(*this)).one_or_none()
    return _record(row) if row else None


def create_item(conn: Connection, project_id: str, given: ExperimentItemDraft, *, now: datetime) -> ExperimentItem:
    """A new item of an experiment.

    Raises:
        NotFound: there is no such experiment.
    """
    parent = _existing(conn, project_id, given.dataset_experiment_id)
    id_ = new_id()
    new = {
        "project_id": project_id,
        "id": id_,
        "created_at": now,
        "dataset_experiment_id": parent.id,
        "dataset_item_id": given.dataset_item_id and storable_text(given.dataset_item_id),
        "experiment_run_id": given.experiment_run_id and storable_text(given.experiment_run_id),
        "input": given.input,
        "output": given.output,
    }
    conn.execute(insert(item_table).values(new))
    made = select(item_table).where(item_table.c.project_id == project_id, item_table.c.id == id_)
    return _item_record(conn.execute(made).one(), [])


def items(conn: Connection, project_id: str, experiment_id: str) -> list[ExperimentItem]:
    """All items of an experiment with their scores, oldest first."""
    of_experiment = (item_table.c.project_id == project_id, item_table.c.dataset_experiment_id == experiment_id)
    scores = _scores(conn, project_id, experiment_id)
    found = select(item_table).where(*of_experiment).order_by(item_table.c.created_at, item_table.c.id)
    return [_item_record(row, scores.get(row.id, [])) for row in conn.execute(found)]


def _scores(conn: Connection, project_id: str, experiment_id: str) -> dict[str, list[Score]]:
    of_experiment = (item_table.c.project_id == project_id, item_table.c.dataset_experiment_id == experiment_id)
    judged = score.c.dataset_experiment_item_id
    given = select(score).where(
        score.c.project_id == project_id,
        judged.is_not(None),
        judged.in_(select(item_table.c.id).where(*of_experiment)),
    )
    by_item: dict[str, list[Score]] = {}
    for row in conn.execute(given.order_by(score.c.created_at, score.c.id)):
        by_item.setdefault(row.dataset_experiment_item_id, []).append(score_record(row))
    return by_item


def _existing(conn: Connection, project_id: str, experiment_id: str) -> Experiment:
    found = experiment(conn, project_id, experiment_id)
    if found is None:
        raise NotFound(f"There is no experiment {experiment_id}.")
    return found


def _record(row: Row[Any]) -> Experiment:
    return Experiment(
        id=row.id,
        name=row.name,
        dataset_id=row.dataset_id,
        prompt_variant_id=row.prompt_variant_id,
        prompt_id=row.prompt_id,
        params=row.params,
        created_at=row.created_at,
    )


def _item_record(row: Row[Any], scores: list[Score]) -> ExperimentItem:
    return ExperimentItem(
        id=row.id,
        dataset_experiment_id=row.dataset_experiment_id,
        dataset_item_id=row.dataset_item_id,
        experiment_run_id=row.experiment_run_id,
        input=row.input,
        output=row.output,
        created_at=row.created_at,
        scores=scores,
    )
