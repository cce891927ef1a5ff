"""The database's schema through time: numbered steps in `versions/`, applied when a store is opened."""

from pathlib import Path

from sqlalchemy import Connection

from review.errors import Refused


def migrate(conn: Connection, revision: str = "head") -> None:
    """Brings the database to a revision, in the caller's transaction; the caller holds a lock that keeps others out.

    Raises:
        Refused: the database was migrated by a newer version of this program.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = conn
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise Refused(f"The database can't be migrated; a newer version may have written it. {error}") from error
