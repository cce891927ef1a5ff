"""Resolvers of participants: the people (or systems) threads are with."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias, cast

from ariadne import MutationType, ObjectType, QueryType

from review.api.access import Info
from review.api.connection import Connection, connection, page_request
from review.api.selection import selects
from review.api.thread import ParticipantOfThread
from review.errors import Refused
from review.ingest.literal import required_id
from review.records import UNSET, Participant, ParticipantActivity
from review.store import participant_list, participants

query = QueryType()
mutation = MutationType()
participant_type = ObjectType("Participant")

_Person: TypeAlias = Participant | ParticipantOfThread


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


@query.field("participants")
async def resolve_participants(_: object, info: Info, **arguments: Any) -> Connection[ParticipantActivity]:
    """A page of participants, each with what their threads say."""
    caller = info.context
    count = selects(info, "totalCount")
    page = await caller.store.read(
        participant_list.participants, caller.project_id, page_request(arguments), count=count
    )
    return connection(page, lambda person: person)


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


@participant_type.field("lastEngaged")
async def resolve_last_engaged(person: _Person, info: Info) -> datetime | None:
    """When the latest of their threads ended."""
    activity = await _activity(person, info)
    return activity and activity.last_engaged


@participant_type.field("threadCount")
async def resolve_thread_count(person: _Person, info: Info) -> int | None:
    """How many threads are with them."""
    activity = await _activity(person, info)
    return activity and activity.thread_count


@participant_type.field("tokenCount")
async def resolve_token_count(person: _Person, info: Info) -> int | None:
    """The tokens of all their threads."""
    activity = await _activity(person, info)
    return activity and activity.token_count


async def _activity(person: _Person, info: Info) -> ParticipantActivity | None:
    """The list brings it along; who is met elsewhere is looked up, which no client asks for."""
    if isinstance(person, ParticipantActivity):
        return person
    caller = info.context
    return await caller.store.read(participant_list.activity, caller.project_id, person.id) if person.id else None


def _object(metadata: Any) -> dict[str, Any] | None:
    if not isinstance(metadata, dict | None):
        raise Refused("metadata: must be an object")
    return cast("dict[str, Any] | None", metadata)


bindables = (query, mutation, participant_type)
