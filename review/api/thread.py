"""Resolvers of threads."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ariadne import MutationType, QueryType

from review.api.access import Caller, Info
from review.api.connection import Connection, connection, page_request
from review.api.selection import selects
from review.ingest.literal import required_id, thread_update
from review.records import Json, Page, PageRequest, Participant, Step, ThreadSummary, ThreadUpdate, new_id
from review.store import Connection as Database
from review.store import deletions, participants, reads, writes

query = QueryType()
mutation = MutationType()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantOfThread:
    """The little that a step knows of the participant of its thread."""

    id: str | None
    identifier: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadNode:
    """A thread as the wire has it; `steps` is None when they were not asked for."""

    id: str
    name: str | None = None
    metadata: Json = None
    tags: Sequence[str] | None = None
    created_at: datetime | None = None
    token_count: int | None = None
    duration: float | None = None
    participant: Participant | ParticipantOfThread | None = None
    steps: Sequence[Step] | None = None


@query.field("threadDetail")
async def resolve_thread_detail(_: object, info: Info, **arguments: Any) -> ThreadNode | None:
    """One thread with all its steps, or null."""
    caller = info.context
    with_steps = selects(info, "steps")
    return await caller.store.read(read_thread, caller.project_id, arguments["id"], with_steps=with_steps)


@query.field("threads")
async def resolve_threads(_: object, info: Info, **arguments: Any) -> Connection[ThreadNode]:
    """A page of threads; `stepTypesToKeep` trims the steps of each, it filters no thread."""
    caller = info.context
    page = await caller.store.read(
        _read_page,
        caller.project_id,
        page_request(arguments),
        count=selects(info, "totalCount"),
        with_steps=selects(info, "edges", "node", "steps"),
        types=arguments.get("stepTypesToKeep") or None,
    )
    return connection(page, lambda node: node)


@mutation.field("createThread")
async def resolve_create_thread(_: object, info: Info, **arguments: Any) -> ThreadNode | None:
    """A new thread under an id of the server's."""
    caller = info.context
    return await _change(info, thread_update({**arguments, "id": new_id()}, environment=caller.environment))


@mutation.field("upsertThread")
async def resolve_upsert_thread(_: object, info: Info, **arguments: Any) -> ThreadNode | None:
    """Creates a thread or changes what is given of it."""
    caller = info.context
    return await _change(info, thread_update(arguments, environment=caller.environment))


@mutation.field("updateThread")
async def resolve_update_thread(_: object, info: Info, **arguments: Any) -> ThreadNode | None:
    """Changes what is given of a thread that exists."""
    caller = info.context
    return await _change(info, thread_update(arguments, environment=caller.environment), must_exist=True)


@mutation.field("deleteThread")
async def resolve_delete_thread(_: object, info: Info, **arguments: Any) -> Mapping[str, str]:
    """Deletes a thread and everything in it; the same answer when it is gone already (literal-api.md §5)."""
    caller = info.context
    files = await caller.store.write(deletions.delete_thread, caller.project_id, arguments["id"])
    await caller.files.delete(caller.project_id, files)
    return {"id": required_id(arguments["id"])}


def read_thread(conn: Database, project_id: str, thread_id: str, *, with_steps: bool) -> ThreadNode | None:
    """A thread with its participant and, when wanted, all its steps."""
    summary = reads.thread_summary(conn, project_id, thread_id)
    return _nodes(conn, project_id, [summary], with_steps=with_steps)[0] if summary else None


async def _change(info: Info, update: ThreadUpdate, *, must_exist: bool = False) -> ThreadNode | None:
    caller = info.context
    return await caller.store.write(
        _save_and_read, caller, update, must_exist=must_exist, with_steps=selects(info, "steps")
    )


def _save_and_read(
    conn: Database, caller: Caller, update: ThreadUpdate, *, must_exist: bool, with_steps: bool
) -> ThreadNode | None:
    save = writes.update_thread if must_exist else writes.upsert_thread
    save(conn, caller.project_id, update, received_at=caller.now)
    return read_thread(conn, caller.project_id, update.id, with_steps=with_steps)


def _read_page(
    conn: Database,
    project_id: str,
    request: PageRequest,
    *,
    count: bool,
    with_steps: bool,
    types: Collection[str] | None,
) -> Page[ThreadNode]:
    page = reads.threads(conn, project_id, request, count=count)
    nodes = _nodes(conn, project_id, page.rows, with_steps=with_steps, types=types)
    return Page(
        rows=nodes, cursors=page.cursors, has_next=page.has_next, has_previous=page.has_previous, total=page.total
    )


def _nodes(
    conn: Database,
    project_id: str,
    threads: Sequence[ThreadSummary],
    *,
    with_steps: bool,
    types: Collection[str] | None = None,
) -> list[ThreadNode]:
    people = participants.participants_by_id(conn, project_id, {t.participant_id for t in threads if t.participant_id})
    steps = (
        reads.steps_of_threads(conn, project_id, [thread.id for thread in threads], types=types) if with_steps else {}
    )
    return [
        ThreadNode(
            id=thread.id,
            name=thread.name,
            metadata=thread.metadata,
            tags=thread.tags,
            created_at=thread.created_at,
            token_count=thread.token_count,
            duration=thread.duration,
            participant=people.get(thread.participant_id) if thread.participant_id else None,
            steps=steps.get(thread.id, []) if with_steps else None,
        )
        for thread in threads
    ]


bindables = (query, mutation)
