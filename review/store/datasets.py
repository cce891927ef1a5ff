"""Datasets and their items: made, changed, listed, deleted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from review.errors import NotFound, Refused
from review.evaluation import Dataset, DatasetItem, DatasetItemDraft, DatasetUpdate
from review.records import UNSET, Page, PageRequest, new_id
from review.store.filters import Field, Listing
from review.store.lists import listed
from review.store.statements import insert_or_keep
from review.store.tables import dataset as table
from review.store.tables import dataset_experiment, dataset_item
from review.store.types import storable_text

DATASETS: Final = Listing(
    noun="datasets",
    id=table.c.id,
    fields={
        "id": Field("string", [table.c.id]),
        "createdAt": Field("datetime", [table.c.created_at]),
        "name": Field("string", [table.c.name]),
        "description": Field("string", [table.c.description]),
        "metadata": Field("json", [table.c.metadata]),
        "type": Field("string", [table.c.type]),
    },
    columns={"createdAt": (table.c.created_at, False), "name": (table.c.name, False)},
)


def create_dataset(
    conn: Connection, project_id: str, name: str, given: DatasetUpdate, *, type_: str, now: datetime
) -> Dataset:
    """A new dataset.

    Raises:
        Refused: another dataset has the name.
    """
    id_ = new_id()
    new = {"project_id": project_id, "id": id_, "type": type_, "created_at": now}
    insert_or_keep(conn, table, [{**new, **_values(given), "name": storable_text(name)}])
    made = dataset(conn, project_id, id=id_)
    if made is None:
        raise Refused(f"There already is a dataset {name}.")
    return made


def update_dataset(conn: Connection, project_id: str, dataset_id: str, given: DatasetUpdate) -> Dataset:
    """Changes what is given.

    Raises:
        NotFound: there is no such dataset.
        Refused: another dataset has the name.
    """
    values = _values(given)
    if given.name is not UNSET:
        holder = dataset(conn, project_id, name=given.name)
        if holder is not None and holder.id != dataset_id:
            raise Refused(f"There already is a dataset {given.name}.")
    if values:
        conn.execute(update(table).where(table.c.project_id == project_id, table.c.id == dataset_id).values(values))
    return existing_dataset(conn, project_id, dataset_id)


def delete_dataset(conn: Connection, project_id: str, dataset_id: str) -> Dataset:
    """Deletes a dataset with its items, and returns what it was. Experiments on it stay, without a dataset.

    Raises:
        NotFound: there is no such dataset.
    """
    gone = existing_dataset(conn, project_id, dataset_id)
    its_experiments = (
        dataset_experiment.c.project_id == project_id,
        dataset_experiment.c.dataset_id == dataset_id,
    )
    conn.execute(update(dataset_experiment).where(*its_experiments).values(dataset_id=None))
    its_items = (dataset_item.c.project_id == project_id, dataset_item.c.dataset_id == dataset_id)
    conn.execute(delete(dataset_item).where(*its_items))
    conn.execute(delete(table).where(table.c.project_id == project_id, table.c.id == dataset_id))
    return gone


def dataset(
    conn: Connection,
    project_id: str,
    *,
    id: str | None = None,  # noqa: A002 - the wire's word, and callers name it
    name: str | None = None,
) -> Dataset | None:
    """The dataset of an id or, when no id is given, of a name."""
    found = select(table).where(table.c.project_id == project_id)
    if id is not None:
        found = found.where(table.c.id == storable_text(id))
    elif name is not None:
        found = found.where(table.c.name == storable_text(name))
    else:
        return None
    row = conn.execute(found).one_or_none()
    return _record(row) if row else None


def existing_dataset(conn: Connection, project_id: str, dataset_id: str) -> Dataset:
    """The dataset of an id.

    Raises:
        NotFound: there is none.
    """
    found = dataset(conn, project_id, id=dataset_id)
    if found is None:
        raise NotFound(f"There is no dataset {dataset_id}.")
    return found


def datasets(conn: Connection, project_id: str, request: PageRequest, *, count: bool = True) -> Page[Dataset]:
    """The datasets a list asks for. Arguments and errors as `review.store.lists.listed`."""
    within = [table.c.project_id == project_id]
    return listed(conn, select(table), DATASETS, request, _records, within=within, count=count)


def create_item(
    conn: Connection, project_id: str, dataset_id: str, given: DatasetItemDraft, *, now: datetime
) -> DatasetItem:
    """A new item of a dataset.

    Raises:
        NotFound: there is no such dataset.
    """
    parent = existing_dataset(conn, project_id, dataset_id)
    id_ = new_id()
    new = {
        "project_id": project_id,
        "id": id_,
        "created_at": now,
        "dataset_id": parent.id,
        "step_id": given.step_id and storable_text(given.step_id),
        "metadata": given.metadata,
        "input": given.input,
        "expected_output": given.expected_output,
        "intermediary_steps": list(given.intermediary_steps),
    }
    conn.execute(insert(dataset_item).values(new))
    return _existing_item(conn, project_id, id_)


def delete_item(conn: Connection, project_id: str, item_id: str) -> DatasetItem:
    """Deletes an item, and returns what it was.

    Raises:
        NotFound: there is no such item.
    """
    gone = _existing_item(conn, project_id, item_id)
    conn.execute(delete(dataset_item).where(dataset_item.c.project_id == project_id, dataset_item.c.id == item_id))
    return gone


def item(conn: Connection, project_id: str, item_id: str) -> DatasetItem | None:
    """One item."""
    this = (dataset_item.c.project_id == project_id, dataset_item.c.id == item_id)
    row = conn.execute(select(dataset_item).where(*this)).one_or_none()
    return _item_record(row) if row else None


def items(conn: Connection, project_id: str, dataset_id: str) -> list[DatasetItem]:
    """All items of a dataset, oldest first."""
    of_dataset = (dataset_item.c.project_id == project_id, dataset_item.c.dataset_id == dataset_id)
    found = select(dataset_item).where(*of_dataset).order_by(dataset_item.c.created_at, dataset_item.c.id)
    return [_item_record(row) for row in conn.execute(found)]


def _existing_item(conn: Connection, project_id: str, item_id: str) -> DatasetItem:
    found = item(conn, project_id, item_id)
    if found is None:
        raise NotFound(f"There is no dataset item {item_id}.")
    return found


def _values(given: DatasetUpdate) -> dict[str, Any]:
    """The columns that were given."""
    values: dict[str, Any] = {}
    if given.name is not UNSET:
        values["name"] = storable_text(given.name)
    if given.description is not UNSET:
        values["description"] = None if given.description is None else storable_text(given.description)
    if given.metadata is not UNSET:
        values["metadata"] = given.metadata
    return values


def _records(rows: Sequence[Row[Any]]) -> list[Dataset]:
    return [_record(row) for row in rows]


def _record(row: Row[Any]) -> Dataset:
    return Dataset(
        id=row.id,
        name=row.name,
        type=row.type,
        description=row.description,
        metadata={} if row.metadata is None else row.metadata,
        created_at=row.created_at,
    )


def _item_record(row: Row[Any]) -> DatasetItem:
    return DatasetItem(
        id=row.id,
        dataset_id=row.dataset_id,
        created_at=row.created_at,
        input=row.input,
        expected_output=row.expected_output,
        metadata={} if row.metadata is None else row.metadata,
        intermediary_steps=row.intermediary_steps or [],
        step_id=row.step_id,
    )
