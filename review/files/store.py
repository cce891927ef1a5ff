"""Where the bytes of uploaded files are kept: a folder by default, any S3-compatible store when one is configured."""

from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from review.errors import Refused
from review.files.folder import Folder
from settings import ReviewSettings


class FileStore(Protocol):
    """Files by key. A key is a path of plain names, made by `review.files.keys`."""

    async def save(self, key: str, chunks: AsyncIterable[bytes]) -> None:
        """Keeps a file, which appears whole or, when `chunks` raises, not at all. It replaces one of the same key."""
        ...

    async def size(self, key: str) -> int | None:
        """How many bytes a file has; None when there is none."""
        ...

    def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes of a file from `start` up to, not including, `end`."""
        ...

    async def delete(self, key: str) -> None:
        """Deletes a file, if it is there."""
        ...


def open_file_store(settings: ReviewSettings, data_dir: Path) -> FileStore:
    """The store the settings name. Nothing is read or written yet.

    Raises:
        Refused: the address names no store we have, or its library is not installed.
    """
    if settings.files_url is None:
        return Folder(data_dir / "files")
    parts = urlsplit(settings.files_url)
    if parts.scheme != "s3" or not parts.netloc:
        raise Refused(f"FILES_URL: {settings.files_url} is no address like s3://bucket/folder")
    try:
        from review.files.s3 import Bucket
    except ImportError as error:
        raise Refused("FILES_URL: an s3:// address needs the package obstore (pip install obstore)") from error
    return Bucket(parts.netloc, parts.path.strip("/"), settings)
