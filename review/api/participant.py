"""Resolvers of participants: the people (or systems) threads are with."""

from collections.abc import Mapping
from typing import Any, cast

from ariadne import MutationType, QueryType

from review.api.access import Info
from review.errors import Refused
from review.ingest.literal import required_id
from review.records import UNSET, Participant
from review.store import participants

query = QueryType()
mutation = MutationType()


@query.field("participant")
async def resolve_participant(_: object, info: Info, **arguments: Any) -> Participant | None:
    """One participant by id or by identifier, or null. Python sends the other one as null."""
    caller = info.context
    by_id, by_identifier = arguments.get("id"), arguments.get("identifier")
    if by_id is None and by_identifier is None:
        raise Refused("id, identifier: one of them must be given")
    return await caller.store.read(
        participants.participant, caller.project_id, id=by_id, identifier=by_identifier if by_id is None else None
    )


@mutation.field("createParticipant")
async def resolve_create_participant(_: object, info: Info, **arguments: Any) -> Participant:
    """A new participant, or the one who has that identifier: two processes may well greet the same person at once."""
    caller = info.context
    return await caller.store.write(
        participants.create_participant,
        caller.project_id,
        required_id(arguments["identifier"]),
        metadata=_object(arguments.get("metadata")),
        now=caller.now,
    )


@mutation.field("updateParticipant")
async def resolve_update_participant(_: object, info: Info, **arguments: Any) -> Participant:
    """Changes what is given; null metadata clears it."""
    caller = info.context
    return await caller.store.write(
        participants.update_participant,
        caller.project_id,
        arguments["id"],
        identifier=arguments.get("identifier"),
        metadata=_object(arguments["metadata"]) if "metadata" in arguments else UNSET,
    )


@mutation.field("deleteParticipant")
async def resolve_delete_participant(_: object, info: Info, **arguments: Any) -> Mapping[str, str]:
    """Deletes a participant; the threads stay, without one (literal-api.md §5)."""
    caller = info.context
    await caller.store.write(participants.delete_participant, caller.project_id, arguments["id"])
    return {"id": required_id(arguments["id"])}


def _object(metadata: Any) -> dict[str, Any] | None:
    if not isinstance(metadata, dict | None):
        raise Refused("metadata: must be an object")
    return cast("dict[str, Any] | None", metadata)


bindables = (query, mutation)
