"""Finds out quickly whether a file that goes with one attachment is still another one's.

Written once and never changed: a later version adds a file.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds an index; nothing that is there changes."""
    condition = sa.text("object_key IS NOT NULL")
    op.create_index(
        "ix_attachment_files",
        "attachment",
        ["project_id", "object_key"],
        sqlite_where=condition,
        postgresql_where=condition,
    )
