"""Resolvers of experiments: results of trying something on the items of a dataset, to be scored."""

from typing import Any

from ariadne import MutationType, ObjectType

from review.api.access import Info
from review.evaluation import Experiment, ExperimentItem
from review.ingest.evaluation import experiment_draft, experiment_item_draft
from review.store import experiments

mutation = MutationType()
experiment_type = ObjectType("DatasetExperiment")


@mutation.field("createDatasetExperiment")
async def resolve_create_experiment(_: object, info: Info, **arguments: Any) -> Experiment:
    """A new experiment, with or without a dataset."""
    caller = info.context
    draft = experiment_draft(arguments)
    return await caller.store.write(experiments.create_experiment, caller.project_id, draft, now=caller.now)


@mutation.field("createDatasetExperimentItem")
async def resolve_create_experiment_item(_: object, info: Info, **arguments: Any) -> ExperimentItem:
    """A new result of an experiment; its scores follow by `createScore`, its run by `ingestStep`."""
    caller = info.context
    draft = experiment_item_draft(arguments)
    return await caller.store.write(experiments.create_item, caller.project_id, draft, now=caller.now)


@experiment_type.field("promptExperimentId")
def resolve_prompt_experiment_id(experiment: Experiment, _: Info) -> str | None:
    """The API's name of the prompt variant."""
    return experiment.prompt_variant_id


bindables = (mutation, experiment_type)
