"""Resolvers of generations. One is a step with a model call (literal-api.md §4.5), so what is resolved is the step."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType

from review.api import readable
from review.api.access import Caller, Info
from review.api.connection import Connection, connection, page_request
from review.api.selection import selects
from review.errors import Refused
from review.ingest.coerce import decimal
from review.ingest.literal import step_update
from review.records import Generation, Json, Step, StepUpdate, new_id
from review.store import Connection as Database
from review.store import reads, writes

query = QueryType()
mutation = MutationType()
generation_type = ObjectType("Generation")

_OWN_FIELDS: Final = {
    "type": "type",
    "provider": "provider",
    "model": "model",
    "prompt": "prompt",
    "completion": "completion",
    "tokenCount": "token_count",
    "inputTokenCount": "input_token_count",
    "outputTokenCount": "output_token_count",
    "ttFirstToken": "tt_first_token",
    "tokenThroughputInSeconds": "token_throughput",
    "duration": "duration",
}
_PAYLOAD_FIELDS: Final[dict[str, tuple[str, Callable[[Json], Json]]]] = {
    "settings": ("settings", readable.json_object),
    "variables": ("variables", readable.json_object),
    "tools": ("tools", readable.json_objects),
    "messages": ("messages", readable.messages),
    "messageCompletion": ("message_completion", readable.message),
}
"""Fields in which one odd value makes a whole page unreadable for the Python SDK, and what it can read (§2.5)."""

_Resolver = Callable[[Step, Info], Any]


@query.field("generation")
async def resolve_generation(_: object, info: Info, **arguments: Any) -> Step | None:
    """One generation by its step's id, or null."""
    caller = info.context
    step = await caller.store.read(reads.step, caller.project_id, arguments["id"])
    return step if step and step.generation else None


@query.field("generations")
async def resolve_generations(_: object, info: Info, **arguments: Any) -> Connection[Step]:
    """A page of generations, those of steps of any type."""
    caller = info.context
    count = selects(info, "totalCount")
    page = await caller.store.read(reads.generations, caller.project_id, page_request(arguments), count=count)
    return connection(page, lambda step: step)


@mutation.field("createGeneration")
async def resolve_create_generation(_: object, info: Info, **arguments: Any) -> Step | None:
    """Creates the step a generation is: of type llm, ending now, with the generation's tags, metadata and error."""
    caller = info.context
    payload = arguments["generation"]
    if not isinstance(payload, dict):
        raise Refused("generation: must be an object")
    seconds = max(decimal(payload.get("duration")) or 0, 0)
    update = step_update(
        {
            "id": payload.get("id") or new_id(),
            "type": "llm",
            "startTime": (caller.now - timedelta(seconds=min(seconds, 10**9))).isoformat(),
            "endTime": caller.now.isoformat(),
            "error": payload.get("error"),
            "tags": payload.get("tags"),
            "metadata": payload.get("metadata"),
            "generation": payload,
        }
    )
    return await caller.store.write(_create_and_read, caller, update)


@generation_type.field("id")
@generation_type.field("stepId")
def resolve_id(step: Step, _: Info) -> str:
    """The id of the step."""
    return step.id


@generation_type.field("projectId")
def resolve_project_id(_: Step, info: Info) -> str:
    """The project of the request's key: nobody reads another's."""
    caller = info.context
    return caller.project_id


@generation_type.field("step")
def resolve_step(step: Step, _: Info) -> Step:
    """The step, as a step."""
    return step


@generation_type.field("error")
def resolve_error(step: Step, _: Info) -> str | None:
    """The error of the call or, where it has none, of the step."""
    return _of(step).error or step.error


@generation_type.field("tags")
def resolve_tags(step: Step, _: Info) -> list[str]:
    """The tags of the call and of the step, each once: clients set one or the other (§4.1 rule 6)."""
    return list(dict.fromkeys([*(_of(step).tags or ()), *(step.tags or ())]))


@generation_type.field("metadata")
def resolve_metadata(step: Step, _: Info) -> Json:
    """The metadata of the call or, where it has none, of the step."""
    metadata = _of(step).metadata
    return step.metadata if metadata is None else metadata


def _of(step: Step) -> Generation:
    if step.generation is None:
        raise TypeError(f"step {step.id} was resolved as a generation and has none")
    return step.generation


def _own(attribute: str) -> _Resolver:
    return lambda step, _: getattr(_of(step), attribute)


def _payload(attribute: str, as_readable: Callable[[Json], Json]) -> _Resolver:
    def resolve(step: Step, info: Info) -> Json:
        value = getattr(_of(step), attribute)
        caller = info.context
        return as_readable(value) if caller.client_name == readable.PYTHON_CLIENT else value

    return resolve


def _create_and_read(conn: Database, caller: Caller, update: StepUpdate) -> Step | None:
    writes.save_steps(conn, caller.project_id, [update], environment=caller.environment, received_at=caller.now)
    return reads.step(conn, caller.project_id, update.id)


for _name, _attribute in _OWN_FIELDS.items():
    generation_type.set_field(_name, _own(_attribute))
for _name, (_attribute, _as_readable) in _PAYLOAD_FIELDS.items():
    generation_type.set_field(_name, _payload(_attribute, _as_readable))

bindables = (query, mutation, generation_type)
