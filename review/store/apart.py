"""A batch that the database refuses because of one of its steps: the others are stored, that one is refused alone."""

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError

from review.records import StepUpdate
from review.store.writes import save_steps

_log = logging.getLogger(__name__)


def save_steps_apart(
    conn: Connection, project_id: str, steps: Sequence[StepUpdate], *, environment: str | None, received_at: datetime
) -> list[bool]:
    """Like `save_steps`, but a step that can't be stored costs no other: whether each was stored, in their order.

    Halves are tried in savepoints until what fails is one step, so a bad one of 512 costs about 20 tries. What is no
    step's fault (the disk is full, the server is gone) is raised, for the client to try again.
    """
    if not steps:
        return []
    try:
        with conn.begin_nested():
            save_steps(conn, project_id, steps, environment=environment, received_at=received_at)
    except Exception as error:
        if not _is_of_what_was_sent(error):
            raise
        if len(steps) == 1:
            _log.exception("the database refused step %s", steps[0].id)
            return [False]
    else:
        return [True] * len(steps)
    half = len(steps) // 2
    return [
        stored
        for some in (steps[:half], steps[half:])
        for stored in save_steps_apart(conn, project_id, some, environment=environment, received_at=received_at)
    ]


def _is_of_what_was_sent(error: Exception) -> bool:
    match error:
        case OperationalError():
            # Class 54 is PostgreSQL's "limit exceeded": a key too long for an index, for one.
            return str(getattr(error.orig, "sqlstate", None) or "").startswith("54")
        case DBAPIError():
            return not error.connection_invalidated
        case _:
            return isinstance(error, ValueError | TypeError | OverflowError)
