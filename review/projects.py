"""The project every installation starts with, and new keys. Functions of a connection, for `store.write`."""

from datetime import datetime
from typing import Final

from review.auth import hash_api_key, new_api_key
from review.errors import NotFound
from review.records import ApiKey, Project
from review.store import Connection
from review.store.keys import add_key, ensure_project, keys, project_of_key, revoke_key

FIRST_PROJECT_ID: Final = "default"
"""Fixed, so that workers that start at once on an empty database make one project and not several."""
FIRST_PROJECT_NAME: Final = "Default project"

_TAIL_CHARS: Final = 4


def ensure_first_project(conn: Connection, api_key: str, *, now: datetime) -> Project:
    """The first project, opened by this key from now on, unless the key was revoked or opens another project."""
    project = ensure_project(conn, FIRST_PROJECT_ID, FIRST_PROJECT_NAME, now=now)
    if project_of_key(conn, hash_api_key(api_key)) is None:
        _add(conn, project.id, api_key, name="first key", now=now)
    return project


def ensure_project_of_id(conn: Connection, project_id: str, *, now: datetime) -> Project:
    """The project of this id, made if it is new."""
    name = FIRST_PROJECT_NAME if project_id == FIRST_PROJECT_ID else project_id
    return ensure_project(conn, project_id, name, now=now)


def create_key(conn: Connection, project_id: str, *, name: str, now: datetime) -> tuple[str, ApiKey]:
    """A new key for a project, which is made if it is new. This is the only time the key itself is seen."""
    ensure_project_of_id(conn, project_id, now=now)
    key = new_api_key()
    return key, _add(conn, project_id, key, name=name, now=now)


def rotate_key(conn: Connection, project_id: str, key_id: str, *, now: datetime) -> tuple[str, ApiKey]:
    """A new key of the same name in place of one, which ends at once.

    Raises:
        NotFound: the project has no such key in use.
    """
    old = next((key for key in keys(conn, project_id) if key.id == key_id), None)
    if old is None or not revoke_key(conn, project_id, key_id, now=now):
        raise NotFound(f"project {project_id} has no key {key_id} in use")
    return create_key(conn, project_id, name=old.name, now=now)


def _add(conn: Connection, project_id: str, key: str, *, name: str, now: datetime) -> ApiKey:
    return add_key(conn, project_id, key_hash=hash_api_key(key), tail=key[-_TAIL_CHARS:], name=name, now=now)
