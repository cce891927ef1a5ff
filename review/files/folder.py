"""Files in a folder of this machine."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path
from typing import IO, Final

_CHUNK: Final = 256 * 1024
_PRIVATE: Final = 0o700


class Folder:
    """A file a key, in folders below `root` that are made when the first file comes; only their user can read them."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def save(self, key: str, chunks: AsyncIterable[bytes]) -> None:
        """Writes beside the file's place and moves there at the end, so nobody ever reads half a file."""
        path = self._path(key)
        draft = await asyncio.to_thread(_draft_beside, path)
        try:
            async for chunk in chunks:
                await asyncio.to_thread(draft.write, chunk)
            await asyncio.to_thread(_put_in_place, draft, path)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(_throw_away, draft))
            raise

    async def size(self, key: str) -> int | None:
        """How many bytes a file has; None when there is none."""
        return await asyncio.to_thread(_size, self._path(key))

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """A part of a file, in pieces."""
        file = await asyncio.to_thread(self._path(key).open, "rb")
        try:
            await asyncio.to_thread(file.seek, start)
            left = end - start
            while left > 0 and (chunk := await asyncio.to_thread(file.read, min(_CHUNK, left))):
                left -= len(chunk)
                yield chunk
        finally:
            file.close()

    async def delete(self, key: str) -> None:
        """Deletes a file, if it is there."""
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    def _path(self, key: str) -> Path:
        names = key.split("/")
        if any(name in {"", ".", ".."} or "\\" in name or "\x00" in name for name in names):
            raise ValueError(f"no key of ours: {key!r}")
        return self._root.joinpath(*names)


def _draft_beside(path: Path) -> IO[bytes]:
    path.parent.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    return tempfile.NamedTemporaryFile(dir=path.parent, prefix=".draft-", delete=False)


def _put_in_place(draft: IO[bytes], path: Path) -> None:
    draft.flush()
    os.fsync(draft.fileno())  # the client is told that the file is here, and forgets its own
    draft.close()
    Path(draft.name).replace(path)


def _throw_away(draft: IO[bytes]) -> None:
    draft.close()
    Path(draft.name).unlink(missing_ok=True)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return None
