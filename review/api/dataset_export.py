"""The REST route by which the SDKs fetch a dataset with all its items."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from review.api.access import caller_of
from review.api.scalars import iso_milliseconds
from review.errors import Refused
from review.evaluation import Dataset, DatasetItem
from review.ingest.coerce import text
from review.store import Connection, datasets
from review.wire import JsonResponse, read_object


@dataclass(frozen=True, slots=True)
class WholeDataset:
    """A dataset with its items, oldest first."""

    dataset: Dataset
    items: list[DatasetItem]


async def export_dataset(request: Request) -> Response:
    """`POST /api/export/dataset`: a dataset by id, else by name; null when there is none, which is no error (§1.4)."""
    caller = await caller_of(request)
    body = await read_object(request)
    by_id, name = text(body.get("id")), text(body.get("name"))
    if not by_id and not name:
        raise Refused("id, name: one of them must be given")
    whole = await caller.store.read(_read, caller.project_id, by_id or None, name)
    return JsonResponse({"data": whole and _on_the_wire(whole)})


def _read(conn: Connection, project_id: str, by_id: str | None, name: str | None) -> WholeDataset | None:
    dataset = datasets.dataset(conn, project_id, id=by_id, name=name)
    return WholeDataset(dataset, datasets.items(conn, project_id, dataset.id)) if dataset else None


def _on_the_wire(whole: WholeDataset) -> dict[str, Any]:
    return {
        "id": whole.dataset.id,
        "createdAt": iso_milliseconds(whole.dataset.created_at),
        "name": whole.dataset.name,
        "description": whole.dataset.description,
        "metadata": whole.dataset.metadata,
        "type": whole.dataset.type,
        "items": [_item(item) for item in whole.items],
    }


def _item(item: DatasetItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "createdAt": iso_milliseconds(item.created_at),
        "datasetId": item.dataset_id,
        "metadata": item.metadata,
        "input": item.input,
        "expectedOutput": item.expected_output,
        "intermediarySteps": item.intermediary_steps,
        "stepId": item.step_id,
    }
