"""The people (and systems) threads are with: found by id or identifier, made when they are first named."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Row, delete, select, update

from review.errors import NotFound, Refused
from review.records import UNSET, Json, Participant, Unset, new_id
from review.store.statements import insert_or_keep
from review.store.tables import participant as table
from review.store.tables import thread
from review.store.types import storable_text


def participant(
    conn: Connection,
    project_id: str,
    *,
    id: str | None = None,  # noqa: A002 - the wire's word, and callers name it
    identifier: str | None = None,
) -> Participant | None:
    """The participant of an id or, when no id is given, of an identifier."""
    found = select(table).where(table.c.project_id == project_id)
    if id is not None:
        found = found.where(table.c.id == storable_text(id))
    elif identifier is not None:
        found = found.where(table.c.identifier == storable_text(identifier))
    else:
        return None
    row = conn.execute(found).one_or_none()
    return participant_record(row) if row else None


def participants_by_id(conn: Connection, project_id: str, ids: Collection[str]) -> dict[str, Participant]:
    """Some participants by id, in one query."""
    found = select(table).where(table.c.project_id == project_id, table.c.id.in_(sorted(ids)))
    return {row.id: participant_record(row) for row in conn.execute(found)} if ids else {}


def resolve_participant(conn: Connection, project_id: str, id_or_identifier: str, *, now: datetime) -> Participant:
    """The participant of an id, else of an identifier, else a new one of that identifier (literal-api.md §4.3)."""
    return participant(conn, project_id, id=id_or_identifier) or _get_or_create(
        conn, project_id, id_or_identifier, now=now
    )


def create_participant(
    conn: Connection, project_id: str, identifier: str, *, metadata: Json = None, now: datetime
) -> Participant:
    """The participant of this identifier, made unless there is one; metadata, when given, replaces what it had."""
    person = _get_or_create(conn, project_id, identifier, now=now)
    return person if metadata is None else update_participant(conn, project_id, person.id, metadata=metadata)


def update_participant(
    conn: Connection,
    project_id: str,
    participant_id: str,
    *,
    identifier: str | None = None,
    metadata: Json | Unset | None = UNSET,
) -> Participant:
    """Changes a participant; its threads show the new identifier. None as metadata clears it.

    Raises:
        NotFound: there is no such participant.
        Refused: the identifier is another participant's.
    """
    values: dict[str, Any] = {} if metadata is UNSET else {"metadata": metadata}
    if identifier is not None:
        holder = participant(conn, project_id, identifier=identifier)
        if holder is not None and holder.id != participant_id:
            raise Refused(f"Another participant is already called {identifier}.")
        values["identifier"] = storable_text(identifier)
    if values:
        this = (table.c.project_id == project_id, table.c.id == participant_id)
        conn.execute(update(table).where(*this).values(values))
    if identifier is not None:
        its_threads = (thread.c.project_id == project_id, thread.c.participant_id == participant_id)
        conn.execute(update(thread).where(*its_threads).values(participant_identifier=values["identifier"]))
    changed = participant(conn, project_id, id=participant_id)
    if changed is None:
        raise NotFound(f"There is no participant {participant_id}.")
    return changed


def delete_participant(conn: Connection, project_id: str, participant_id: str) -> bool:
    """Deletes a participant; its threads stay, without one. False when there was none."""
    its_threads = (thread.c.project_id == project_id, thread.c.participant_id == participant_id)
    conn.execute(update(thread).where(*its_threads).values(participant_id=None, participant_identifier=None))
    this = (table.c.project_id == project_id, table.c.id == participant_id)
    return conn.execute(delete(table).where(*this)).rowcount > 0


def _get_or_create(conn: Connection, project_id: str, identifier: str, *, now: datetime) -> Participant:
    existing = participant(conn, project_id, identifier=identifier)
    if existing is not None:
        return existing
    # Two servers that meet somebody new at once make the same id, so the second finds the first one's row.
    same_everywhere = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{project_id}\n{identifier}"))
    for id_ in (same_everywhere, new_id()):  # the second, when the first belongs to somebody renamed since
        new = {"project_id": project_id, "id": id_, "identifier": storable_text(identifier), "created_at": now}
        insert_or_keep(conn, table, [new])
        made = participant(conn, project_id, identifier=identifier)
        if made is not None:
            return made
    raise AssertionError("unreachable: an identifier is there or can be inserted under a fresh id")


def participant_record(row: Row[Any]) -> Participant:
    """A participant's record."""
    return Participant(
        id=row.id,
        identifier=row.identifier,
        # Clients refuse a participant whose metadata is no object (literal-api.md §2.5).
        metadata=cast("dict[str, Json]", row.metadata) if isinstance(row.metadata, dict) else {},
        created_at=row.created_at,
    )
