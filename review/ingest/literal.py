"""The arguments of the Literal API, in its own camelCase, as record updates.

Null means "not given" in steps and in everything nested in them, because the TypeScript SDK sends back fetched steps
with all their nulls (literal-api.md §3.2). Only threads tell null from absent. Unknown keys are ignored (§2.4).
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from review.errors import Refused, TooLarge
from review.ingest import coerce
from review.records import (
    UNSET,
    AttachmentUpdate,
    GenerationUpdate,
    Json,
    ScoreUpdate,
    StepUpdate,
    ThreadUpdate,
)

Arguments = Mapping[str, Any]

STEP_ARGUMENTS: Final = (
    "id",
    "threadId",
    "rootRunId",
    "parentId",
    "type",
    "name",
    "startTime",
    "endTime",
    "error",
    "input",
    "output",
    "metadata",
    "tags",
    "generation",
    "scores",
    "attachments",
)
SCORE_TYPES: Final = ("HUMAN", "CODE", "AI")
GENERATION_TYPES: Final = ("CHAT", "COMPLETION")

MAX_ID_CHARS: Final = 1_000
MAX_TEXT_CHARS: Final = 1_000_000
MAX_METADATA_BYTES: Final = 1 << 20
MAX_CONTENT_BYTES: Final = 8 << 20
MAX_GENERATION_BYTES: Final = 32 << 20
"""Above the vendor's 1 MB of metadata and 3 MB of input or output (§1.3): nothing it took is refused here."""


def step_update(arguments: Arguments) -> StepUpdate:
    """What `ingestStep` and its like say about a step.

    Raises:
        Refused: the step has no usable id, or a field is nested too deep to be kept.
        TooLarge: a field is over its limit; the message names both.
    """
    generation = coerce.objects(arguments.get("generation"))
    return StepUpdate(
        id=required_id(arguments.get("id")),
        thread_id=reference("threadId", arguments),
        root_run_id=reference("rootRunId", arguments),
        parent_id=reference("parentId", arguments),
        type=coerce.text(arguments.get("type")) or None,
        name=text("name", arguments),
        start_time=coerce.time(arguments.get("startTime")),
        end_time=coerce.time(arguments.get("endTime")),
        error=text("error", arguments),
        input=bounded("input", arguments.get("input"), MAX_CONTENT_BYTES),
        output=bounded("output", arguments.get("output"), MAX_CONTENT_BYTES),
        metadata=bounded("metadata", arguments.get("metadata"), MAX_METADATA_BYTES),
        tags=coerce.texts(arguments.get("tags")),
        generation=generation_update(generation[0]) if generation else None,
        scores=[score_update(score) for score in coerce.objects(arguments.get("scores"))],
        attachments=[attachment_update(attachment) for attachment in coerce.objects(arguments.get("attachments"))],
    )


def generation_update(payload: Arguments) -> GenerationUpdate:
    """What a `GenerationPayloadInput` says about a model call; its id is that of the step.

    Empty tags and metadata accompany every generation of the Python SDK and mean nothing.
    """
    bounded("generation", payload, MAX_GENERATION_BYTES)
    return GenerationUpdate(
        type=coerce.member(payload.get("type"), GENERATION_TYPES),
        prompt_id=coerce.reference(payload.get("promptId")),
        provider=text("provider", payload),
        model=text("model", payload),
        error=text("error", payload),
        settings=payload.get("settings"),
        variables=payload.get("variables"),
        tags=coerce.texts(payload.get("tags")) or None,
        metadata=bounded("generation.metadata", payload.get("metadata"), MAX_METADATA_BYTES) or None,
        tools=payload.get("tools"),
        token_count=coerce.count(payload.get("tokenCount")),
        input_token_count=coerce.count(payload.get("inputTokenCount")),
        output_token_count=coerce.count(payload.get("outputTokenCount")),
        tt_first_token=coerce.decimal(payload.get("ttFirstToken")),
        token_throughput=coerce.decimal(payload.get("tokenThroughputInSeconds")),
        duration=coerce.decimal(payload.get("duration")),
        messages=payload.get("messages"),
        message_completion=payload.get("messageCompletion"),
        prompt=coerce.text(payload.get("prompt")),
        completion=coerce.text(payload.get("completion")),
    )


def score_update(payload: Arguments) -> ScoreUpdate:
    """What a `ScorePayloadInput` says; `generationId` is the old name of `stepId` (§4.6)."""
    return ScoreUpdate(
        id=reference("id", payload),
        step_id=reference("stepId", payload) or reference("generationId", payload),
        dataset_experiment_item_id=reference("datasetExperimentItemId", payload),
        name=text("name", payload),
        type=coerce.member(payload.get("type"), SCORE_TYPES),
        value=coerce.decimal(payload.get("value")),
        label=text("label", payload),
        comment=text("comment", payload),
        scorer=text("scorer", payload),
        tags=coerce.texts(payload.get("tags")),
    )


def attachment_update(payload: Arguments) -> AttachmentUpdate:
    """What an `AttachmentPayloadInput` says."""
    return AttachmentUpdate(
        id=reference("id", payload),
        name=text("name", payload),
        mime=text("mime", payload),
        url=coerce.text(payload.get("url")),
        object_key=reference("objectKey", payload),
        metadata=bounded("attachment.metadata", payload.get("metadata"), MAX_METADATA_BYTES),
    )


def thread_update(arguments: Arguments, *, environment: str | None) -> ThreadUpdate:
    """What `upsertThread` and its like say about a thread: a null clears, an absent argument leaves.

    Raises:
        Refused: the thread has no usable id.
        TooLarge: a field is over its limit; the message names both.
    """
    return ThreadUpdate(
        id=required_id(arguments.get("id")),
        name=text("name", arguments) if "name" in arguments else UNSET,
        metadata=bounded("metadata", arguments["metadata"], MAX_METADATA_BYTES) if "metadata" in arguments else UNSET,
        tags=coerce.texts(arguments["tags"]) if "tags" in arguments else UNSET,
        participant=reference("participantId", arguments) if "participantId" in arguments else UNSET,
        environment=coerce.text(arguments.get("environment")) or environment,
    )


def required_id(value: Any) -> str:
    """The id of what is written: any text but an empty one; a number is taken as its text.

    Raises:
        Refused: there is none.
        TooLarge: it is too long to be a key.
    """
    given = coerce.text(value)
    if not given:
        raise Refused("id: must be given")
    return short("id", given)


def reference(name: str, arguments: Arguments) -> str | None:
    """The id of something else under a name, None where there is none.

    Raises:
        TooLarge: it is too long to be a key.
    """
    given = coerce.reference(arguments.get(name))
    return None if given is None else short(name, given)


def short(name: str, given: str) -> str:
    """The text, if it can be a key.

    Raises:
        TooLarge: it is too long.
    """
    if len(given) > MAX_ID_CHARS:
        raise TooLarge(f"{name}: {len(given)} characters are over the limit of {MAX_ID_CHARS}")
    return given


def text(name: str, arguments: Arguments) -> str | None:
    """The text under a name, None where there is none.

    Raises:
        TooLarge: it is over the limit.
    """
    given = coerce.text(arguments.get(name))
    if given is not None and len(given) > MAX_TEXT_CHARS:
        raise TooLarge(f"{name}: {len(given)} characters are over the limit of {MAX_TEXT_CHARS}")
    return given


def bounded(name: str, value: Json, limit: int) -> Json:
    """The value, if it is not too large.

    Raises:
        Refused: it is nested too deep to be kept.
        TooLarge: it is over the limit, in bytes of JSON.
    """
    if value is None:
        return None
    try:
        size = len(orjson.dumps(value))
    except TypeError as error:  # nested deeper than any reader of it could follow
        raise Refused(f"{name}: can't be kept as JSON: {error}") from None
    if size > limit:
        raise TooLarge(f"{name}: {size} bytes are over the limit of {limit}")
    return value
