"""Resolvers of steps. A document that is nothing but `ingestStep` never comes here: see `batch`."""

from collections.abc import Mapping
from typing import Any

from ariadne import MutationType, ObjectType, QueryType

from review.api.access import Caller, Info
from review.api.batch import Outcome, ingest
from review.api.connection import Connection, connection, page_request
from review.api.selection import selected_names, selects
from review.api.thread import ParticipantOfThread, ThreadNode, read_thread
from review.ingest.literal import required_id, step_update
from review.records import Step, StepUpdate, new_id
from review.store import Connection as Database
from review.store import deletions, reads, writes

query = QueryType()
mutation = MutationType()
step_type = ObjectType("Step")


@query.field("step")
async def resolve_step(_: object, info: Info, **arguments: Any) -> Step | None:
    """One step with everything, or null."""
    caller = info.context
    return await caller.store.read(reads.step, caller.project_id, arguments["id"])


@query.field("steps")
async def resolve_steps(_: object, info: Info, **arguments: Any) -> Connection[Step]:
    """A page of steps of all types, in threads or not."""
    caller = info.context
    count = selects(info, "totalCount")
    page = await caller.store.read(reads.steps, caller.project_id, page_request(arguments), count=count)
    return connection(page, lambda step: step)


@mutation.field("ingestStep")
async def resolve_ingest_step(_: object, info: Info, **arguments: Any) -> Outcome:
    """Creates a step or adds to it what is given."""
    [outcome] = await ingest(info.context, [arguments])
    return outcome


@mutation.field("createStep")
async def resolve_create_step(_: object, info: Info, **arguments: Any) -> Step | None:
    """A new step under an id of the server's."""
    caller = info.context
    return await caller.store.write(_create_and_read, caller, step_update({**arguments, "id": new_id()}))


@mutation.field("updateStep")
async def resolve_update_step(_: object, info: Info, **arguments: Any) -> Step | None:
    """Changes what is given of a step that exists; null changes nothing, as Python sends it for all it doesn't set."""
    caller = info.context
    return await caller.store.write(_update_and_read, caller, step_update(arguments))


@mutation.field("deleteStep")
async def resolve_delete_step(_: object, info: Info, **arguments: Any) -> Mapping[str, str]:
    """Deletes a step; the same answer when it is gone already (literal-api.md §5)."""
    caller = info.context
    files = await caller.store.write(deletions.delete_step, caller.project_id, arguments["id"])
    await caller.files.delete(caller.project_id, files)
    return {"id": required_id(arguments["id"])}


@step_type.field("generation")
def resolve_generation(step: Step, _: Info) -> Step | None:
    """The step itself, read as a generation: the two share their id and more (see `generation`)."""
    return step if step.generation else None


@step_type.field("thread")
async def resolve_thread(step: Step, info: Info) -> ThreadNode | None:
    """The step's thread. Its id and participant come with the step; only more than that costs a read."""
    if step.thread_id is None:
        return None
    if selected_names(info) <= {"id", "participant"} and not selects(info, "participant", "metadata"):
        return ThreadNode(
            id=step.thread_id,
            participant=ParticipantOfThread(
                id=step.thread_participant_id, identifier=step.thread_participant_identifier
            )
            if step.thread_participant_id
            else None,
        )
    caller = info.context
    with_steps = selects(info, "steps")
    return await caller.store.read(read_thread, caller.project_id, step.thread_id, with_steps=with_steps)


def _create_and_read(conn: Database, caller: Caller, update: StepUpdate) -> Step | None:
    writes.save_steps(conn, caller.project_id, [update], environment=caller.environment, received_at=caller.now)
    return reads.step(conn, caller.project_id, update.id)


def _update_and_read(conn: Database, caller: Caller, update: StepUpdate) -> Step | None:
    writes.update_step(conn, caller.project_id, update, received_at=caller.now)
    return reads.step(conn, caller.project_id, update.id)


bindables = (query, mutation, step_type)
