"""The nouns of evaluation as plain data: datasets of ideal cases, and experiments that were run on them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from review.records import UNSET, Json, Score, Unset


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetUpdate:
    """What to change of a dataset: UNSET leaves a field, None clears it. A dataset always has a name."""

    name: str | Unset = UNSET
    description: str | Unset | None = UNSET
    metadata: Json | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A named collection of items. `type` is key_value or generation; `metadata` is never None."""

    id: str
    name: str
    type: str
    description: str | None
    metadata: Json
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetItemDraft:
    """What an item is made of, by hand or from the step `step_id`."""

    input: Json
    expected_output: Json = None
    metadata: Json = None
    intermediary_steps: Sequence[Json] = ()
    step_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetItem:
    """A case: what goes in and what should come out. `metadata` and `intermediary_steps` are never None."""

    id: str
    dataset_id: str
    created_at: datetime
    input: Json
    expected_output: Json
    metadata: Json
    intermediary_steps: list[Json]
    step_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentDraft:
    """A new experiment; the dataset is the only thing it names that has to exist."""

    name: str
    dataset_id: str | None = None
    prompt_variant_id: str | None = None
    prompt_id: str | None = None
    params: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A run over the items of a dataset, or over none."""

    id: str
    name: str
    dataset_id: str | None
    prompt_variant_id: str | None
    prompt_id: str | None
    params: Json
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentItemDraft:
    """One result of an experiment. Its run arrives later, and its dataset item may be gone."""

    dataset_experiment_id: str
    dataset_item_id: str | None = None
    experiment_run_id: str | None = None
    input: Json = None
    output: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentItem:
    """One result of an experiment, with the scores it was given, oldest first."""

    id: str
    dataset_experiment_id: str
    dataset_item_id: str | None
    experiment_run_id: str | None
    input: Json
    output: Json
    created_at: datetime
    scores: list[Score] = field(default_factory=list[Score])
