"""A file store of every kind: a folder, and a bucket of a real S3 server that lives as long as the test session."""

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest

from review.files.store import FileStore, open_file_store
from settings import ReviewSettings

BUCKET = "files-of-tests"


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """An S3 server in a process of its own. Without moto and obstore: a failure where CI=true, else a loud skip."""
    if not (find_spec("moto") and find_spec("flask") and find_spec("obstore")):
        reason = "NO S3 SERVER: install moto[s3], flask, flask-cors and obstore; buckets are not tested"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    told = next(filter(None, (re.search(r"http://127\.0\.0\.1:\d+", line) for line in process.stderr)), None)
    assert told, "the S3 server did not start"
    yield told[0]
    process.kill()
    process.communicate()


@pytest.fixture
def bucket_settings(s3_url: str, tmp_path: Path) -> dict[str, Any]:
    """What makes the app keep its files in that server's bucket, in a folder of the test's own."""
    httpx.put(f"{s3_url}/{BUCKET}").raise_for_status()
    return {
        "files_url": f"s3://{BUCKET}/{tmp_path.name}",
        "aws_endpoint_url": s3_url,
        "aws_region": "us-east-1",
        "aws_access_key_id": "tests",
        "aws_secret_access_key": "secret",
    }


@pytest.fixture(params=["folder", "bucket"])
def file_settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The settings of each kind of file store."""
    return {} if request.param == "folder" else request.getfixturevalue("bucket_settings")


@pytest.fixture
def files(file_settings: dict[str, Any], tmp_path: Path) -> FileStore:
    """A file store, once of each kind."""
    return open_file_store(ReviewSettings(**file_settings), tmp_path)


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    """The bytes of a file as they arrive."""
    for chunk in chunks:
        yield chunk


@pytest.fixture
def arriving():
    """Makes the bytes of a file that arrives."""
    return pieces
