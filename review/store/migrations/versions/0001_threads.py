"""Projects and keys; participants, threads, steps, scores, attachments; search.

Written once and never changed: a later version adds a file.
"""

import logging

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import DBAPIError

from review.store import search_postgresql, search_sqlite
from review.store.types import JsonValue, UtcTime

_log = logging.getLogger(__name__)

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes everything, in an empty database."""
    op.create_table(
        "api_key",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tail", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("revoked_at", UtcTime()),
        sa.PrimaryKeyConstraint("project_id", "key_hash", name="pk_api_key"),
    )
    op.create_index("ix_api_key_key_hash", "api_key", ["key_hash"])
    op.create_table(
        "attachment",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("mime", sa.Text()),
        sa.Column("object_key", sa.Text()),
        sa.Column("url", sa.Text()),
        sa.Column("metadata", JsonValue()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_attachment"),
    )
    op.create_index("ix_attachment_project_id_step_id", "attachment", ["project_id", "step_id"])
    op.create_table(
        "participant",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("metadata", JsonValue()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_participant"),
    )
    op.create_index("uq_participant_project_id_identifier", "participant", ["project_id", "identifier"], unique=True)
    op.create_table(
        "project",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_project"),
    )
    op.create_table(
        "score",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("step_id", sa.Text()),
        sa.Column("dataset_experiment_item_id", sa.Text()),
        sa.Column("name", sa.Text()),
        sa.Column("type", sa.Text()),
        sa.Column("value", sa.Float()),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("label", sa.Text()),
        sa.Column("scorer", sa.Text()),
        sa.Column("tags", JsonValue()),
        sa.Column("comment", sa.Text()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_score"),
    )
    op.create_index("ix_score_project_id_created_at_id", "score", ["project_id", "created_at", "id"])
    op.create_index("ix_score_project_id_step_id", "score", ["project_id", "step_id"])
    op.create_table(
        "step",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("thread_id", sa.Text()),
        sa.Column("parent_id", sa.Text()),
        sa.Column("root_run_id", sa.Text()),
        sa.Column("type", sa.Text()),
        sa.Column("name", sa.Text()),
        sa.Column("environment", sa.Text()),
        sa.Column("start_time", UtcTime()),
        sa.Column("end_time", UtcTime()),
        sa.Column("has_generation", sa.Boolean()),
        sa.Column("generation_type", sa.Text()),
        sa.Column("generation_prompt_id", sa.Text()),
        sa.Column("generation_provider", sa.Text()),
        sa.Column("generation_model", sa.Text()),
        sa.Column("generation_token_count", sa.BigInteger()),
        sa.Column("generation_input_token_count", sa.BigInteger()),
        sa.Column("generation_output_token_count", sa.BigInteger()),
        sa.Column("generation_tt_first_token", sa.Float()),
        sa.Column("generation_token_throughput", sa.Float()),
        sa.Column("generation_duration", sa.Float()),
        sa.Column("preview", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("generation_error", sa.Text()),
        sa.Column("tags", JsonValue()),
        sa.Column("generation_tags", JsonValue()),
        sa.Column("metadata", JsonValue()),
        sa.Column("input", JsonValue()),
        sa.Column("output", JsonValue()),
        sa.Column("generation_metadata", JsonValue()),
        sa.Column("generation_settings", JsonValue()),
        sa.Column("generation_variables", JsonValue()),
        sa.Column("generation_tools", JsonValue()),
        sa.Column("generation_messages", JsonValue()),
        sa.Column("generation_message_completion", JsonValue()),
        sa.Column("generation_prompt", sa.Text()),
        sa.Column("generation_completion", sa.Text()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_step"),
    )
    op.create_index("ix_step_project_id_created_at_id", "step", ["project_id", "created_at", "id"])
    op.create_index("ix_step_project_id_thread_id", "step", ["project_id", "thread_id"])
    op.create_table(
        "thread",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("environment", sa.Text()),
        sa.Column("participant_id", sa.Text()),
        sa.Column("participant_identifier", sa.Text()),
        sa.Column("started_at", UtcTime()),
        sa.Column("ended_at", UtcTime()),
        sa.Column("step_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("turn_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("token_count", sa.BigInteger()),
        sa.Column("tags", JsonValue()),
        sa.Column("metadata", JsonValue()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_thread"),
    )
    op.create_index("ix_thread_project_id_created_at_id", "thread", ["project_id", "created_at", "id"])
    op.create_index(
        "ix_thread_project_id_participant_id", "thread", ["project_id", "participant_id", "created_at", "id"]
    )
    if op.get_bind().dialect.name == "postgresql":
        _make_search_on_postgresql()
    else:
        for statement in search_sqlite.CREATE:
            op.execute(statement)


def _make_search_on_postgresql() -> None:
    for statement in search_postgresql.CREATE:
        op.execute(statement)
    # Whether the extension may be made is the operator's choice; asking in a savepoint keeps the migration alive.
    try:
        with op.get_bind().begin_nested():
            op.execute(search_postgresql.CREATE_EXTENSION)
            op.execute(search_postgresql.CREATE_INDEX)
    except DBAPIError as error:
        _log.warning("Search runs without an index: pg_trgm can't be made (%s)", error.orig)
