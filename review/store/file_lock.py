"""A lock that processes share by a file."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: SQLite's own lock is the only one there
    fcntl = None


class FileLock:
    """Held by one process at a time; let go of when the process dies. Not for threads of one process."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @contextmanager
    def held(self) -> Generator[None]:
        """Waits for the lock and holds it for the block."""
        if fcntl is None:
            yield
            return
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Gives the file back; the file itself stays, since another process may be waiting at it."""
        os.close(self._file)
