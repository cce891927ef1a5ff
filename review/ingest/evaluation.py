"""The arguments of datasets and experiments, in the wire's camelCase, as what to make or change (§4.9, §4.10)."""

from typing import Final

from review.errors import Refused
from review.evaluation import DatasetItemDraft, DatasetUpdate, ExperimentDraft, ExperimentItemDraft
from review.ingest import coerce
from review.ingest.literal import (
    MAX_CONTENT_BYTES,
    MAX_METADATA_BYTES,
    Arguments,
    bounded,
    reference,
    required_id,
    short,
    text,
)
from review.records import UNSET, Json

DATASET_TYPES: Final = ("key_value", "generation")


def required_name(arguments: Arguments) -> str:
    """The name of what is made.

    Raises:
        Refused: there is none.
        TooLarge: it is too long to be a key.
    """
    given = coerce.text(arguments.get("name"))
    if not given or not given.strip():
        raise Refused("name: must be given")
    return short("name", given)


def dataset_type(arguments: Arguments) -> str:
    """The type of a new dataset, key_value by default.

    Raises:
        Refused: there is no such type.
    """
    given = arguments.get("type")
    known = coerce.member(DATASET_TYPES[0] if given is None else given, DATASET_TYPES)
    if known is None:
        raise Refused(f"type: must be one of {', '.join(DATASET_TYPES)}")
    return known


def dataset_update(arguments: Arguments) -> DatasetUpdate:
    """What `createDataset` and `updateDataset` say: a null clears, an absent argument leaves."""
    return DatasetUpdate(
        name=required_name(arguments) if arguments.get("name") is not None else UNSET,
        description=text("description", arguments) if "description" in arguments else UNSET,
        metadata=metadata_of(arguments) if "metadata" in arguments else UNSET,
    )


def dataset_item_draft(arguments: Arguments) -> DatasetItemDraft:
    """What `createDatasetItem` says."""
    return DatasetItemDraft(
        input=_content("input", arguments),
        expected_output=_content("expectedOutput", arguments),
        metadata=metadata_of(arguments),
        step_id=reference("generationId", arguments),
    )


def experiment_draft(arguments: Arguments) -> ExperimentDraft:
    """What `createDatasetExperiment` says; `promptExperimentId` is the wire's word for a prompt variant."""
    return ExperimentDraft(
        name=required_name(arguments),
        dataset_id=reference("datasetId", arguments),
        prompt_variant_id=reference("promptExperimentId", arguments),
        prompt_id=reference("promptId", arguments),
        params=_content("params", arguments),
    )


def experiment_item_draft(arguments: Arguments) -> ExperimentItemDraft:
    """What `createDatasetExperimentItem` says."""
    return ExperimentItemDraft(
        dataset_experiment_id=required_id(arguments.get("datasetExperimentId")),
        dataset_item_id=reference("datasetItemId", arguments),
        experiment_run_id=reference("experimentRunId", arguments),
        input=_content("input", arguments),
        output=_content("output", arguments),
    )


def metadata_of(arguments: Arguments) -> Json:
    """The metadata given, within its limit."""
    return bounded("metadata", arguments.get("metadata"), MAX_METADATA_BYTES)


def _content(name: str, arguments: Arguments) -> Json:
    return bounded(name, arguments.get(name), MAX_CONTENT_BYTES)
