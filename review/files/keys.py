"""The names of uploaded files: the project, the day and an id, e.g. `default/2026-11-20/019a…`."""

import re
from datetime import datetime
from typing import Final
from urllib.parse import quote

from review.records import new_id

_WITHIN_PROJECT: Final = re.compile(r"\d{4}-\d\d-\d\d/[0-9a-f-]{36}")


def new_key(project_id: str, *, now: datetime) -> str:
    """A key nobody has used. Nothing of it is the caller's choice, so it can't lead elsewhere."""
    return key_of(project_id, f"{now:%Y-%m-%d}/{new_id()}")


def key_of(project_id: str, rest: str) -> str:
    """The key whose part behind the project is known."""
    return _prefix(project_id) + rest


def within_project(project_id: str, key: str) -> str | None:
    """The part of a key behind its project; None when it is not a key of this project."""
    rest = key.removeprefix(_prefix(project_id))
    return rest if rest != key and _WITHIN_PROJECT.fullmatch(rest) else None


def is_key_of(project_id: str, key: str) -> bool:
    """Whether this is a key we made for this project."""
    return within_project(project_id, key) is not None


def _prefix(project_id: str) -> str:
    return quote(project_id, safe="").replace(".", "%2E") + "/"
