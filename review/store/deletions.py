"""Deleting what may have files: the rows go here, and the caller deletes the files once that is committed.

Each function returns the keys of files that nothing refers to any more. Several attachments may share a file.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from review.store import writes
from review.store.attachments import delete_attachment as delete_attachment_row
from review.store.tables import attachment, step


def delete_thread(conn: Connection, project_id: str, thread_id: str) -> Sequence[str]:
    """Deletes a thread with everything in it."""
    of_thread = select(step.c.id).where(step.c.project_id == project_id, step.c.thread_id == thread_id)
    keys = _keys(conn, project_id, attachment.c.step_id.in_(of_thread))
    writes.delete_thread(conn, project_id, thread_id)
    return _unused(conn, project_id, keys)


def delete_step(conn: Connection, project_id: str, step_id: str) -> Sequence[str]:
    """Deletes a step with its scores and attachments; its children stay."""
    keys = _keys(conn, project_id, attachment.c.step_id == step_id)
    writes.delete_step(conn, project_id, step_id)
    return _unused(conn, project_id, keys)


def delete_attachment(conn: Connection, project_id: str, attachment_id: str) -> Sequence[str]:
    """Deletes an attachment."""
    keys = _keys(conn, project_id, attachment.c.id == attachment_id)
    delete_attachment_row(conn, project_id, attachment_id)
    return _unused(conn, project_id, keys)


def _keys(conn: Connection, project_id: str, condition: ColumnElement[Any]) -> list[str]:
    named = select(attachment.c.object_key).where(
        attachment.c.project_id == project_id, condition, attachment.c.object_key.is_not(None)
    )
    return list(conn.execute(named.distinct()).scalars())


def _unused(conn: Connection, project_id: str, keys: Sequence[str]) -> Sequence[str]:
    if not keys:
        return keys
    named = attachment.c.object_key
    # The last condition says what the index of files says, without which SQLite would not use it.
    others = select(named).where(attachment.c.project_id == project_id, named.in_(keys), named.is_not(None))
    used = set(conn.execute(others).scalars())
    return [key for key in keys if key not in used]
