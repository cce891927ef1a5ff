"""Resolvers of datasets and their items: cases collected by hand, or from what was recorded."""

from typing import Any

from ariadne import MutationType, QueryType

from review.api.access import Caller, Info
from review.api.connection import Connection, connection, page_request
from review.api.selection import selects
from review.dataset_items import item_of_generation, item_of_step
from review.errors import NotFound
from review.evaluation import Dataset, DatasetItem
from review.ingest.evaluation import dataset_item_draft, dataset_type, dataset_update, metadata_of, required_name
from review.records import Json, Step
from review.store import Connection as Database
from review.store import datasets, reads

query = QueryType()
mutation = MutationType()


@query.field("datasets")
async def resolve_datasets(_: object, info: Info, **arguments: Any) -> Connection[Dataset]:
    """A page of datasets."""
    caller = info.context
    count = selects(info, "totalCount")
    page = await caller.store.read(datasets.datasets, caller.project_id, page_request(arguments), count=count)
    return connection(page, lambda dataset: dataset)


@query.field("datasetItem")
async def resolve_dataset_item(_: object, info: Info, **arguments: Any) -> DatasetItem | None:
    """One item, or null."""
    caller = info.context
    return await caller.store.read(datasets.item, caller.project_id, arguments["id"])


@mutation.field("createDataset")
async def resolve_create_dataset(_: object, info: Info, **arguments: Any) -> Dataset:
    """A new dataset; its name is its own in the project."""
    caller = info.context
    return await caller.store.write(
        datasets.create_dataset,
        caller.project_id,
        required_name(arguments),
        dataset_update(arguments),
        type_=dataset_type(arguments),
        now=caller.now,
    )


@mutation.field("updateDataset")
async def resolve_update_dataset(_: object, info: Info, **arguments: Any) -> Dataset:
    """Changes what is given; null clears (literal-api.md §3.2)."""
    caller = info.context
    return await caller.store.write(
        datasets.update_dataset, caller.project_id, arguments["id"], dataset_update(arguments)
    )


@mutation.field("deleteDataset")
async def resolve_delete_dataset(_: object, info: Info, **arguments: Any) -> Dataset:
    """Deletes a dataset and answers what it was; experiments on it stay."""
    caller = info.context
    return await caller.store.write(datasets.delete_dataset, caller.project_id, arguments["id"])


@mutation.field("createDatasetItem")
async def resolve_create_dataset_item(_: object, info: Info, **arguments: Any) -> DatasetItem:
    """A new item, made by hand."""
    caller = info.context
    draft = dataset_item_draft(arguments)
    return await caller.store.write(
        datasets.create_item, caller.project_id, arguments["datasetId"], draft, now=caller.now
    )


@mutation.field("deleteDatasetItem")
async def resolve_delete_dataset_item(_: object, info: Info, **arguments: Any) -> DatasetItem:
    """Deletes an item and answers what it was."""
    caller = info.context
    return await caller.store.write(datasets.delete_item, caller.project_id, arguments["id"])


@mutation.field("addStepToDataset")
async def resolve_add_step(_: object, info: Info, **arguments: Any) -> DatasetItem:
    """A new item that asks for what a step answered."""
    caller = info.context
    metadata = metadata_of(arguments)
    return await caller.store.write(_add_step, caller, arguments["datasetId"], arguments["stepId"], metadata)


@mutation.field("addGenerationToDataset")
async def resolve_add_generation(_: object, info: Info, **arguments: Any) -> DatasetItem:
    """A new item that asks for what a model answered."""
    caller = info.context
    metadata = metadata_of(arguments)
    return await caller.store.write(
        _add_generation, caller, arguments["datasetId"], arguments["generationId"], metadata
    )


def _add_step(conn: Database, caller: Caller, dataset_id: str, step_id: str, metadata: Json) -> DatasetItem:
    step = _existing_step(conn, caller.project_id, step_id)
    draft = item_of_step(step, reads.steps_below(conn, caller.project_id, step), metadata=metadata)
    return datasets.create_item(conn, caller.project_id, dataset_id, draft, now=caller.now)


def _add_generation(conn: Database, caller: Caller, dataset_id: str, generation_id: str, metadata: Json) -> DatasetItem:
    step = _existing_step(conn, caller.project_id, generation_id)
    if step.generation is None:
        raise NotFound(f"The step {generation_id} has no generation.")
    draft = item_of_generation(step, step.generation, metadata=metadata)
    return datasets.create_item(conn, caller.project_id, dataset_id, draft, now=caller.now)


def _existing_step(conn: Database, project_id: str, step_id: str) -> Step:
    step = reads.step(conn, project_id, step_id)
    if step is None:
        raise NotFound(f"There is no step {step_id}.")
    return step


bindables = (query, mutation)
