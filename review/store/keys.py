"""Projects and the keys that open them. The store never sees a key, only its SHA-256 (`review.auth.hash_api_key`)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from review.records import ApiKey, Project, new_id
from review.store.statements import insert_or_keep
from review.store.tables import api_key, project


def ensure_project(conn: Connection, project_id: str, name: str, *, now: datetime) -> Project:
    """The project of this id, made unless it is there."""
    insert_or_keep(conn, project, [{"project_id": project_id, "name": name, "created_at": now}])
    return _project(conn.execute(select(project).where(project.c.project_id == project_id)).one())


def projects(conn: Connection) -> list[Project]:
    """All projects, oldest first."""
    return [_project(row) for row in conn.execute(select(project).order_by(project.c.created_at, project.c.project_id))]


def add_key(conn: Connection, project_id: str, *, key_hash: str, tail: str, name: str, now: datetime) -> ApiKey:
    """Lets a key open the project. The same key again changes nothing, not even a revocation.

    Args:
        conn: A connection of `store.write`.
        project_id: The project it opens.
        key_hash: SHA-256 of the key, in hex.
        tail: The last characters of the key, by which people tell keys apart.
        name: What people call it.
        now: When it was made.
    """
    columns = {"project_id": project_id, "key_hash": key_hash, "id": new_id(), "name": name, "tail": tail}
    insert_or_keep(conn, api_key, [{**columns, "created_at": now}])
    of_key = select(api_key).where(api_key.c.project_id == project_id, api_key.c.key_hash == key_hash)
    return _key(conn.execute(of_key).one())


def project_of_key(conn: Connection, key_hash: str) -> Project | None:
    """The project a key opens; None when the key is unknown or revoked."""
    opened = (
        select(project)
        .join(api_key, api_key.c.project_id == project.c.project_id)
        .where(api_key.c.key_hash == key_hash, api_key.c.revoked_at.is_(None))
        .order_by(api_key.c.created_at)
        .limit(1)
    )
    row = conn.execute(opened).one_or_none()
    return _project(row) if row else None


def keys(conn: Connection, project_id: str) -> list[ApiKey]:
    """All keys of a project, revoked ones too, oldest first."""
    of_project = select(api_key).where(api_key.c.project_id == project_id).order_by(api_key.c.created_at, api_key.c.id)
    return [_key(row) for row in conn.execute(of_project)]


def revoke_key(conn: Connection, project_id: str, key_id: str, *, now: datetime) -> bool:
    """Ends a key at once. False when there is no such key or it was revoked before."""
    revoked = (
        update(api_key)
        .where(api_key.c.project_id == project_id, api_key.c.id == key_id, api_key.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    return conn.execute(revoked).rowcount > 0


def _project(row: Row[Any]) -> Project:
    return Project(id=row.project_id, name=row.name, created_at=row.created_at)


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        tail=row.tail,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )
