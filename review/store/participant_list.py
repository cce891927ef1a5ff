"""The list of participants with what their threads say about them, and its filters (literal-api.md §3.4)."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, cast, func, select

from review.records import Page, PageRequest, Participant, ParticipantActivity
from review.store.filters import Field, Listing
from review.store.lists import listed
from review.store.participants import participant_record
from review.store.tables import participant, thread


def _of_its_threads(value: ColumnElement[Any]) -> ColumnElement[Any]:
    its_threads = (thread.c.project_id == participant.c.project_id, thread.c.participant_id == participant.c.id)
    return select(value).where(*its_threads).correlate(participant).scalar_subquery()


_LAST_ENGAGED: Final = _of_its_threads(
    func.max(func.coalesce(thread.c.ended_at, thread.c.started_at, thread.c.created_at))
)
_THREAD_COUNT: Final = _of_its_threads(func.count(thread.c.id))
_TOKEN_COUNT: Final = _of_its_threads(cast(func.sum(thread.c.token_count), BigInteger))

_WITH_ACTIVITY: Final = select(
    participant,
    _LAST_ENGAGED.label("last_engaged"),
    _THREAD_COUNT.label("thread_count"),
    _TOKEN_COUNT.label("token_count"),
)

PARTICIPANTS: Final = Listing(
    noun="participants",
    id=participant.c.id,
    fields={
        "id": Field("string", [participant.c.id]),
        "createdAt": Field("datetime", [participant.c.created_at]),
        "identifier": Field("list", [participant.c.identifier]),
        "lastEngaged": Field("datetime", [_LAST_ENGAGED]),
        "threadCount": Field("number", [_THREAD_COUNT]),
        "tokenCount": Field("number", [_TOKEN_COUNT]),
        "metadata": Field("json", [participant.c.metadata]),
    },
    columns={"createdAt": (participant.c.created_at, False)},
)


def participants(
    conn: Connection, project_id: str, request: PageRequest, *, count: bool = True
) -> Page[ParticipantActivity]:
    """The participants a list asks for. Arguments and errors as `review.store.lists.listed`."""
    within = [participant.c.project_id == project_id]
    return listed(conn, _WITH_ACTIVITY, PARTICIPANTS, request, _records, within=within, count=count)


def activity(conn: Connection, project_id: str, participant_id: str) -> ParticipantActivity | None:
    """One participant with what their threads say."""
    this = (participant.c.project_id == project_id, participant.c.id == participant_id)
    return next(iter(_records(conn.execute(_WITH_ACTIVITY.where(*this)).all())), None)


def _records(rows: Sequence[Row[Any]]) -> list[ParticipantActivity]:
    return [_record(participant_record(row), row) for row in rows]


def _record(person: Participant, row: Row[Any]) -> ParticipantActivity:
    return ParticipantActivity(
        id=person.id,
        identifier=person.identifier,
        metadata=person.metadata,
        created_at=person.created_at,
        last_engaged=row.last_engaged,
        thread_count=row.thread_count,
        token_count=row.token_count,
    )
