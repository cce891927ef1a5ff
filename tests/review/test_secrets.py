"""Secrets are made once, kept readable for their owner only, and agreed on by all workers."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from review.secrets import get_or_create_secret, load_secrets
from settings import ReviewSettings


def test_a_secret_is_made_once_and_read_ever_after(tmp_path: Path) -> None:
    path = tmp_path / "data" / "api-key"
    assert get_or_create_secret(path, lambda: "first") == "first"
    assert get_or_create_secret(path, lambda: "second") == "first"


def test_only_the_owner_can_read_a_secret(tmp_path: Path) -> None:
    path = tmp_path / "data" / "api-key"
    get_or_create_secret(path, lambda: "secret")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_workers_that_start_at_once_agree(tmp_path: Path) -> None:
    number = count()
    with ThreadPoolExecutor(8) as workers:
        made = workers.map(lambda _: get_or_create_secret(tmp_path / "key", lambda: str(next(number))), range(64))
    assert len(set(made)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_an_empty_file_is_said_and_not_used(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    with pytest.raises(OSError, match="is empty; delete it"):
        get_or_create_secret(tmp_path / "key", lambda: "secret")


def test_what_is_given_is_not_written(tmp_path: Path) -> None:
    secrets = load_secrets(ReviewSettings(admin_token="token"), tmp_path, "key")  # type: ignore[arg-type]
    assert (secrets.admin_token, secrets.api_key) == ("token", "key")
    assert [path.name for path in tmp_path.iterdir()] == ["session-secret"]
