"""A disk that can be filled and freed while a process writes to it: a small tmpfs for root, else a limit on files."""

import resource
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

TMPFS_BYTES = 64_000_000
ROOM_BYTES = 200_000
"""What is left when the disk is filled, so that it becomes full in the middle of a write."""


@dataclass(frozen=True)
class Disk(ABC):
    """Where a process keeps its files."""

    folder: Path
    how: ClassVar[str]

    @abstractmethod
    def fill(self, pid: int) -> None:
        """Let the process find no room any more."""

    @abstractmethod
    def free(self, pid: int) -> None:
        """Let it find room again."""


class Tmpfs(Disk):
    """A file system of its own, filled with a file; for whoever writes to it."""

    how = "tmpfs"

    def fill(self, pid: int) -> None:  # noqa: ARG002  # full for everybody
        """Take all but a little."""
        free = shutil.disk_usage(self.folder).free
        (self.folder / "ballast").write_bytes(bytes(free - ROOM_BYTES))

    def free(self, pid: int) -> None:  # noqa: ARG002  # free for everybody
        """Give it back."""
        (self.folder / "ballast").unlink()


class FileSizeLimit(Disk):
    """The process may let no file grow; what it gets to see is EFBIG instead of ENOSPC."""

    how = "RLIMIT_FSIZE"

    def fill(self, pid: int) -> None:
        """Not a byte more."""
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, hard))

    def free(self, pid: int) -> None:
        """As before."""
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


@contextmanager
def small_disk(folder: Path) -> Generator[Disk]:
    """The best that can be had here, mounted at `folder` or simulated in it."""
    folder.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES}", "tmpfs", str(folder))
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        yield FileSizeLimit(folder)
        return
    try:
        yield Tmpfs(folder)
    finally:
        subprocess.run(("umount", "--lazy", str(folder)), check=True)
