"""The nouns of the review app as plain data: what is received, what is kept, what is asked.

Times are aware and in UTC, durations in seconds, `tt_first_token` in milliseconds. Ids are the caller's, opaque.
Nothing here knows about SQL, GraphQL or HTML.
"""

import secrets
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar

T = TypeVar("T")

Json: TypeAlias = Any
"""Any JSON value: object, list, string, number, boolean or None."""


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET
"""A field that was not given, where None means "clear it" (literal-api.md §3.2)."""


def new_id() -> str:
    """A UUIDv7: unique, and sorted by the time it was made (RFC 9562 §5.7)."""
    milliseconds = time.time_ns() // 1_000_000
    number = (milliseconds & ((1 << 48) - 1)) << 80 | secrets.randbits(80)
    number = number & ~(0xF << 76) | 7 << 76
    return str(uuid.UUID(int=number & ~(0b11 << 62) | 0b10 << 62))


# ---- what is received ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationUpdate:
    """What is newly known of a step's model call. None is "not given" and never erases (literal-api.md §2.4)."""

    type: str | None = None
    prompt_id: str | None = None
    provider: str | None = None
    model: str | None = None
    error: str | None = None
    settings: Json = None
    variables: Json = None
    tags: Sequence[str] | None = None
    metadata: Json = None
    tools: Json = None
    token_count: int | None = None
    input_token_count: int | None = None
    output_token_count: int | None = None
    tt_first_token: float | None = None
    token_throughput: float | None = None
    duration: float | None = None
    messages: Json = None
    message_completion: Json = None
    prompt: str | None = None
    completion: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreUpdate:
    """A score, new or changed. None is "not given". Without an id, equal content on one step is one score."""

    id: str | None = None
    step_id: str | None = None
    dataset_experiment_item_id: str | None = None
    name: str | None = None
    type: str | None = None
    value: float | None = None
    label: str | None = None
    comment: str | None = None
    scorer: str | None = None
    tags: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentUpdate:
    """An attachment, new or changed. None is "not given". Without an id, equal content on one step is one."""

    id: str | None = None
    name: str | None = None
    mime: str | None = None
    url: str | None = None
    object_key: str | None = None
    metadata: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUpdate:
    """What is newly known of a step. None is "not given" and never erases; empty tags, metadata, input and output do.

    `scores` and `attachments` are added to those the step has, or replace the fields given of those of the same id.
    """

    id: str
    thread_id: str | None = None
    parent_id: str | None = None
    root_run_id: str | None = None
    type: str | None = None
    name: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    error: str | None = None
    tags: Sequence[str] | None = None
    input: Json = None
    output: Json = None
    metadata: Json = None
    generation: GenerationUpdate | None = None
    scores: Sequence[ScoreUpdate] = ()
    attachments: Sequence[AttachmentUpdate] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadUpdate:
    """What to change of a thread: UNSET leaves a field, None clears it. `participant` is an id or an identifier."""

    id: str
    name: str | Unset | None = UNSET
    metadata: Json | Unset = UNSET
    tags: Sequence[str] | Unset | None = UNSET
    participant: str | Unset | None = UNSET
    environment: str | None = None


# ---- what is kept --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A tenant: everything else belongs to one, and a key opens one."""

    id: str
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A project's key as it is listed; the key itself is not kept, only its hash."""

    id: str
    project_id: str
    name: str
    tail: str
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """A person (or system) a thread is with. `metadata` is an object, never None."""

    id: str
    identifier: str
    metadata: dict[str, Json]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantActivity(Participant):
    """A participant with what their threads say about them; None where there is no thread, or no token in any."""

    last_engaged: datetime | None
    thread_count: int
    token_count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A judgement of a step (or of an experiment item)."""

    id: str
    step_id: str | None
    dataset_experiment_item_id: str | None
    name: str
    type: str
    value: float
    label: str | None
    comment: str | None
    scorer: str | None
    tags: list[str] | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file or link that belongs to a step. `url` is what the client gave; an `object_key` needs a signed one."""

    id: str
    step_id: str
    thread_id: str | None
    name: str | None
    mime: str | None
    url: str | None
    object_key: str | None
    metadata: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """The model call of a step; it shares the step's id. `type` is CHAT or COMPLETION, given or derived."""

    type: str
    prompt_id: str | None
    provider: str | None
    model: str | None
    error: str | None
    settings: Json
    variables: Json
    tags: list[str] | None
    metadata: Json
    tools: Json
    token_count: int | None
    input_token_count: int | None
    output_token_count: int | None
    tt_first_token: float | None
    token_throughput: float | None
    duration: float | None
    messages: Json
    message_completion: Json
    prompt: str | None
    completion: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadSummary:
    """One row of the thread list. The counts and times come from the thread's steps, not from the client's word.

    `turn_count` counts user messages; `duration` is from the first start to the last end, idle time included;
    `error_count` counts steps with an error of their own or of their generation.
    """

    id: str
    name: str | None
    participant_id: str | None
    participant_identifier: str | None
    tags: list[str] | None
    metadata: Json
    environment: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    duration: float | None
    step_count: int
    turn_count: int
    error_count: int
    token_count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSummary:
    """One line of a thread's tree: everything of a step but its payload.

    `type` is "undefined" when none was given. `tags` and `error` are those of the step or, where it has none, of its
    generation. `root_run_id` is the one given, else the topmost run above. `duration` is from start to end, else the
    generation's. `preview` is the beginning of the text.
    """

    id: str
    thread_id: str | None
    parent_id: str | None
    root_run_id: str | None
    type: str
    name: str | None
    start_time: datetime | None
    end_time: datetime | None
    created_at: datetime
    error: str | None
    tags: list[str] | None
    environment: str | None
    preview: str
    model: str | None
    provider: str | None
    input_tokens: int | None
    output_tokens: int | None
    token_count: int | None
    tt_first_token: float | None
    duration: float | None
    score_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(StepSummary):
    """A step with all there is. `thread_participant` is the (id, identifier) of its thread's participant."""

    input: Json
    output: Json
    metadata: Json
    generation: Generation | None
    scores: list[Score]
    attachments: list[Attachment]
    thread_participant_id: str | None
    thread_participant_identifier: str | None


# ---- what is asked -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition of literal-api.md §3.4; several are joined by AND."""

    field: str
    operator: str
    value: Json = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class OrderBy:
    """The one column a list is ordered by (literal-api.md §3.5). Nulls come last, ties are broken by id."""

    column: str
    direction: Literal["ASC", "DESC"] = "DESC"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Which part of a list is wanted (literal-api.md §3.3). Cursors are opaque and only good for the same order."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None
    skip: int | None = None
    cursor_anchor: datetime | None = None
    filters: Sequence[Filter] = ()
    order_by: OrderBy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """A part of a list, with a cursor for each row. `total` is None when it was not asked for."""

    rows: list[T]
    cursors: list[str]
    has_next: bool
    has_previous: bool
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadsSlice:
    """A part of the thread list for the pages: rows and the cursors of the neighbours, None at an end.

    `total` counts all rows that match; when `total_is_exact` is False there are at least so many.
    """

    rows: list[ThreadSummary] = field(default_factory=list[ThreadSummary])
    next: str | None = None
    previous: str | None = None
    total: int = 0
    total_is_exact: bool = True
