"""Datasets, experiments and prompts; the lists of participants and generations, and what is below a step.

Written once and never changed: a later version adds a file.
"""

import sqlalchemy as sa
from alembic import op

from review.store.types import JsonValue, UtcTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds what is missing; nothing that is there changes."""
    op.create_table(
        "dataset",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("metadata", JsonValue()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_dataset"),
    )
    op.create_index("ix_dataset_project_id_created_at_id", "dataset", ["project_id", "created_at", "id"])
    op.create_index("uq_dataset_project_id_name", "dataset", ["project_id", "name"], unique=True)
    op.create_table(
        "dataset_experiment",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("dataset_id", sa.Text()),
        sa.Column("prompt_variant_id", sa.Text()),
        sa.Column("prompt_id", sa.Text()),
        sa.Column("params", JsonValue()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_dataset_experiment"),
    )
    op.create_index(
        "ix_dataset_experiment_project_id_dataset_id",
        "dataset_experiment",
        ["project_id", "dataset_id", "created_at", "id"],
    )
    op.create_table(
        "dataset_experiment_item",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("dataset_experiment_id", sa.Text(), nullable=False),
        sa.Column("dataset_item_id", sa.Text()),
        sa.Column("experiment_run_id", sa.Text()),
        sa.Column("input", JsonValue()),
        sa.Column("output", JsonValue()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_dataset_experiment_item"),
    )
    op.create_index(
        "ix_dataset_experiment_item_project_id_dataset_experiment_id",
        "dataset_experiment_item",
        ["project_id", "dataset_experiment_id", "created_at", "id"],
    )
    op.create_table(
        "dataset_item",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("dataset_id", sa.Text(), nullable=False),
        sa.Column("step_id", sa.Text()),
        sa.Column("metadata", JsonValue()),
        sa.Column("input", JsonValue()),
        sa.Column("expected_output", JsonValue()),
        sa.Column("intermediary_steps", JsonValue()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_dataset_item"),
    )
    op.create_index(
        "ix_dataset_item_project_id_dataset_id", "dataset_item", ["project_id", "dataset_id", "created_at", "id"]
    )
    op.create_table(
        "prompt_lineage",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("deleted_at", UtcTime()),
        sa.Column("description", sa.Text()),
        sa.Column("rollouts", JsonValue()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_prompt_lineage"),
    )
    op.create_index("uq_prompt_lineage_project_id_name", "prompt_lineage", ["project_id", "name"], unique=True)
    op.create_table(
        "prompt_variant",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("from_lineage_id", sa.Text()),
        sa.Column("from_version", sa.Integer()),
        sa.Column("score_template_id", sa.Text()),
        sa.Column("template_messages", JsonValue()),
        sa.Column("tools", JsonValue()),
        sa.Column("settings", JsonValue()),
        sa.Column("variables", JsonValue()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_prompt_variant"),
    )
    op.create_table(
        "prompt_version",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("lineage_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("template_messages", JsonValue()),
        sa.Column("tools", JsonValue()),
        sa.Column("settings", JsonValue()),
        sa.Column("variables", JsonValue()),
        sa.Column("variables_default_values", JsonValue()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_prompt_version"),
    )
    op.create_index(
        "uq_prompt_version_project_id_lineage_id_version",
        "prompt_version",
        ["project_id", "lineage_id", "version"],
        unique=True,
    )
    op.create_index("ix_participant_project_id_created_at_id", "participant", ["project_id", "created_at", "id"])
    _index_where(
        "ix_step_generations",
        "step",
        ["project_id", "created_at", "id", "has_generation"],
        "has_generation IS NOT NULL",
    )
    _index_where("ix_step_threadless_children", "step", ["project_id", "parent_id"], "thread_id IS NULL")
    _index_where(
        "ix_score_experiment_items",
        "score",
        ["project_id", "dataset_experiment_item_id"],
        "dataset_experiment_item_id IS NOT NULL",
    )


def _index_where(name: str, table: str, columns: list[str], condition: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))
