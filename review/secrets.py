"""Secrets that the app makes for itself on its first start and keeps in files only its user can read."""

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

from review.auth import new_api_key
from settings import ReviewSettings


@dataclass(frozen=True)
class Secrets:
    """What the app needs to know on start; given by settings, or else read from (and first written to) files."""

    api_key: str
    admin_token: str
    session_secret: str


def api_key_file(data_dir: Path) -> Path:
    """Where the first project's key is, unless it was given."""
    return data_dir / "api-key"


def admin_token_file(data_dir: Path) -> Path:
    """Where the admin token is, unless it was given."""
    return data_dir / "admin-token"


def first_api_key(data_dir: Path, given: str | None) -> str:
    """The first project's key: the given one, else the one in the data folder, made when it is missing."""
    return given or get_or_create_secret(api_key_file(data_dir), new_api_key)


def load_secrets(settings: ReviewSettings, data_dir: Path, api_key: str | None) -> Secrets:
    """The secrets of an app with this data folder, made where they are missing.

    Raises:
        OSError: the folder or a file can't be read or written, or a file is empty.
    """
    token = settings.admin_token.get_secret_value() if settings.admin_token else None
    return Secrets(
        api_key=first_api_key(data_dir, api_key),
        admin_token=token or get_or_create_secret(admin_token_file(data_dir), token_urlsafe),
        session_secret=get_or_create_secret(data_dir / "session-secret", token_urlsafe),
    )


def get_or_create_secret(path: Path, make: Callable[[], str]) -> str:
    """The secret in a file, written there first when the file is missing. Workers that start at once agree on one.

    Args:
        path: The file; it is made with mode 0600, its folder when missing with 0700.
        make: Makes a new secret.

    Raises:
        OSError: the file can't be read or written, or is empty.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_once(path, make())
    secret = path.read_text(encoding="utf-8").strip()
    if not secret:
        raise OSError(f"{path} is empty; delete it to have a new secret made")
    return secret


def _write_once(path: Path, secret: str) -> None:
    """Writes a file that appears whole or not at all; the first of several writers wins."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mkstemp makes it 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secret + "\n")
        path.hardlink_to(draft)
    except FileExistsError:
        pass  # another worker was first: its secret counts
    finally:
        Path(draft).unlink()
