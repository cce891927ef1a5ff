"""Files and links that belong to steps. The bytes are elsewhere; here is what they are called and where they are."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, delete, select, update

from review.errors import NotFound
from review.records import UNSET, Attachment, AttachmentUpdate, Json, Unset, new_id
from review.store.scores import id_by_content
from review.store.statements import StepIds, given_over_stored, insert_or_merge
from review.store.tables import attachment as table
from review.store.tables import step
from review.store.types import storable_text

_TEXTS: Final = ("name", "mime", "url", "object_key")


def save_attachments(
    conn: Connection, project_id: str, attachments: Sequence[tuple[str, AttachmentUpdate]], *, now: datetime
) -> None:
    """Adds attachments to steps, or changes what is given of those that exist. None is ever removed by this.

    Args:
        conn: A connection of `store.write`.
        project_id: The project of the steps.
        attachments: Step id and attachment, in the order they were received.
        now: When new ones were made.
    """
    rows: dict[str, dict[str, Any]] = {}
    for step_id, given in attachments:
        row = _row(project_id, step_id, given, now)
        kept = rows.setdefault(row["id"], row)
        kept.update((name, value) for name, value in row.items() if value is not None)
    insert_or_merge(conn, table, list(rows.values()), given_over_stored)


def create_attachment(
    conn: Connection, project_id: str, step_id: str, given: AttachmentUpdate, *, now: datetime
) -> Attachment:
    """A new attachment, as it is stored."""
    row = {**_row(project_id, step_id, given, now), "id": given.id or new_id()}
    insert_or_merge(conn, table, [row], given_over_stored)
    return _existing(conn, project_id, row["id"])


def update_attachment(
    conn: Connection,
    project_id: str,
    attachment_id: str,
    *,
    name: str | Unset | None = UNSET,
    mime: str | Unset | None = UNSET,
    url: str | Unset | None = UNSET,
    object_key: str | Unset | None = UNSET,
    metadata: Json | Unset | None = UNSET,
) -> Attachment:
    """Changes what is given; None clears.

    Raises:
        NotFound: there is no such attachment.
    """
    given = {"name": name, "mime": mime, "url": url, "object_key": object_key, "metadata": metadata}
    values = {column: value for column, value in given.items() if value is not UNSET}
    if values:
        this = (table.c.project_id == project_id, table.c.id == attachment_id)
        conn.execute(update(table).where(*this).values(values))
    return _existing(conn, project_id, attachment_id)


def delete_attachment(conn: Connection, project_id: str, attachment_id: str) -> bool:
    """Deletes an attachment. False when there was none."""
    gone = delete(table).where(table.c.project_id == project_id, table.c.id == attachment_id)
    return conn.execute(gone).rowcount > 0


def attachment(conn: Connection, project_id: str, attachment_id: str) -> Attachment | None:
    """One attachment."""
    row = conn.execute(_with_thread(project_id).where(table.c.id == attachment_id)).one_or_none()
    return _record(row) if row else None


def attachments_of_steps(conn: Connection, project_id: str, step_ids: StepIds) -> dict[str, list[Attachment]]:
    """The attachments of some steps by step id, oldest first, in one query."""
    by_step: dict[str, list[Attachment]] = {}
    found = _with_thread(project_id).where(table.c.step_id.in_(step_ids))
    for row in conn.execute(found.order_by(table.c.created_at, table.c.id)):
        by_step.setdefault(row.step_id, []).append(_record(row))
    return by_step


def _existing(conn: Connection, project_id: str, attachment_id: str) -> Attachment:
    found = attachment(conn, project_id, attachment_id)
    if found is None:
        raise NotFound(f"There is no attachment {attachment_id}.")
    return found


def _with_thread(project_id: str) -> Select[Any]:
    """Attachments with their step's thread; the step may not have arrived."""
    of_step = and_(step.c.project_id == table.c.project_id, step.c.id == table.c.step_id)
    return (
        select(table, step.c.thread_id)
        .join_from(table, step, of_step, isouter=True)
        .where(table.c.project_id == project_id)
    )


def _row(project_id: str, step_id: str, given: AttachmentUpdate, now: datetime) -> dict[str, Any]:
    texts = {
        name: value if value is None else storable_text(value) for name in _TEXTS for value in [getattr(given, name)]
    }
    return {
        "project_id": project_id,
        "id": storable_text(given.id) if given.id else id_by_content(step_id, given),
        "step_id": step_id,
        **texts,
        "metadata": given.metadata,
        "created_at": now,
    }


def _record(row: Row[Any]) -> Attachment:
    return Attachment(
        id=row.id,
        step_id=row.step_id,
        thread_id=row.thread_id,
        name=row.name,
        mime=row.mime,
        url=row.url,
        object_key=row.object_key,
        metadata=row.metadata,
    )
