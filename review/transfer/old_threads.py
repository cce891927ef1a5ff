"""Threads as the Literal SDKs print them: the pages of `get_threads`, and exports of the old cloud (§2.5, §1.1)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from review.errors import Refused
from review.ingest import coerce
from review.ingest.literal import required_id, step_update, thread_update
from review.records import UNSET, StepUpdate, ThreadUpdate, Unset
from review.store import Connection, writes
from review.store.participants import create_participant


@dataclass(frozen=True, slots=True)
class OldThread:
    """A thread with what belongs to it. Steps come with when they were made and their environment, as they say it."""

    thread: ThreadUpdate
    created_at: datetime
    identifier: str | None
    participant_metadata: Any
    steps: Sequence[tuple[StepUpdate, datetime, str | None]]


def threads_in(document: Any) -> Iterator[Mapping[str, Any]]:
    """The threads of a page, however it is wrapped: a list, `data`, a connection's edges, or one thread.

    Raises:
        Refused: there is nothing like it.
    """
    match document:
        case list():
            for each in cast("list[Any]", document):
                yield from threads_in(each)
        case {"data": inner} | {"threads": inner} | {"edges": inner} | {"node": inner}:
            yield from threads_in(inner)
        case {"id": str()}:
            yield cast("dict[str, Any]", document)
        case _:
            raise Refused("it holds neither lines of an export nor threads as the SDK's get_threads prints them")


def old_thread(given: Mapping[str, Any], *, now: datetime) -> OldThread:
    """A thread of such a page as updates; what doesn't say when it was made was made `now`.

    Raises:
        Refused: it has no usable id, or a field can't be kept.
    """
    fields = {name: given[name] for name in ("id", "name", "metadata", "tags") if given.get(name) is not None}
    person = given.get("participant")
    participant: Mapping[str, Any] = cast("dict[str, Any]", person) if isinstance(person, dict) else {}
    created_at = coerce.time(given.get("createdAt")) or now
    thread_id = required_id(given.get("id"))
    return OldThread(
        thread=thread_update(fields, environment=coerce.text(given.get("environment"))),
        created_at=created_at,
        identifier=coerce.reference(participant.get("identifier")) or coerce.reference(participant.get("id")),
        participant_metadata=participant.get("metadata"),
        steps=[
            (
                step_update({**step, "threadId": thread_id}),
                coerce.time(step.get("createdAt")) or created_at,
                coerce.text(step.get("environment")),
            )
            for step in coerce.objects(given.get("steps"))
        ],
    )


def save_old_thread(conn: Connection, project_id: str, old: OldThread) -> None:
    """Adds a thread, or lays it over the one of its id."""
    participant: str | Unset = UNSET
    if old.identifier is not None:
        metadata = old.participant_metadata
        person = create_participant(conn, project_id, old.identifier, metadata=metadata or None, now=old.created_at)
        participant = person.id
    writes.upsert_thread(conn, project_id, replace(old.thread, participant=participant), received_at=old.created_at)
    for step, created_at, environment in old.steps:
        writes.save_steps(conn, project_id, [step], environment=environment, received_at=created_at)
