"""Full-text search on PostgreSQL: the folded text of each step in a table of its own, under a trigram index.

Without the pg_trgm extension (it ships with PostgreSQL; making it takes a right some operators withhold) the same
queries run without the index.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, MetaData, Table, Text, delete, or_, select

from review.store.dialects import contains_text
from review.store.statements import given_over_stored, insert_or_merge
from review.store.tables import step, thread
from review.store.texts import searched_text

_SEARCHED: Final = (
    step.c.name,
    step.c.error,
    step.c.generation_prompt,
    step.c.generation_completion,
    step.c.input,
    step.c.output,
    step.c.generation_messages,
    step.c.generation_message_completion,
)

search_text = Table(
    "search_text",
    MetaData(),
    Column("project_id", Text, primary_key=True),
    Column("step_id", Text, primary_key=True),
    Column("body", Text, nullable=False),
)

CREATE: Final = (
    """CREATE TABLE search_text (
        project_id TEXT NOT NULL, step_id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (project_id, step_id)
    )""",
)
CREATE_EXTENSION: Final = "CREATE EXTENSION IF NOT EXISTS pg_trgm"
CREATE_INDEX: Final = "CREATE INDEX ix_search_text_body ON search_text USING gin (body gin_trgm_ops)"


def changed(conn: Connection, project_id: str, steps: Sequence[str]) -> None:
    """Keeps the text of steps that have changed."""
    asked = select(step.c.id, *_SEARCHED).where(
        step.c.project_id == project_id, step.c.id.in_(steps), step.c.thread_id.is_not(None)
    )
    rows = [{"project_id": project_id, "step_id": row.id, "body": searched_text(*row)} for row in conn.execute(asked)]
    insert_or_merge(conn, search_text, rows, given_over_stored)


def forget_thread(conn: Connection, project_id: str, thread_id: str) -> None:
    """A thread and its steps are going."""
    its_steps = select(step.c.id).where(step.c.project_id == project_id, step.c.thread_id == thread_id)
    gone = delete(search_text).where(search_text.c.project_id == project_id, search_text.c.step_id.in_(its_steps))
    conn.execute(gone)


def forget_step(conn: Connection, project_id: str, step_id: str) -> None:
    """A step is gone."""
    conn.execute(delete(search_text).where(search_text.c.project_id == project_id, search_text.c.step_id == step_id))


def threads_with(project_id: str, needle: str) -> ColumnElement[bool]:
    """The threads whose name, id or steps contain a folded text."""
    name_or_id: list[ColumnElement[Any]] = [contains_text(thread.c.name, needle), contains_text(thread.c.id, needle)]
    return or_(*name_or_id, candidates(project_id, needle))


def candidates(project_id: str, needle: str) -> ColumnElement[bool]:
    """The threads of which a step contains a folded text."""
    with_text = (
        select(step.c.thread_id)
        .join(
            search_text,
            (search_text.c.project_id == step.c.project_id) & (search_text.c.step_id == step.c.id),
        )
        .where(step.c.project_id == project_id, search_text.c.project_id == project_id)
        .where(search_text.c.body.contains(needle, autoescape=True))
    )
    return thread.c.id.in_(with_text)
