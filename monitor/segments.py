"""The files of the outbox: append-only segments of lines, each with one writer and one number of what is done.

`<created at, µs>-<pid>-<random>.segment` is locked by the process that appends to it, so that everybody else can tell
a segment that may still grow from one that has ended. `….done` beside it holds the offset up to which every record
has met its fate; it may lag behind after a power cut, which sends records twice and loses none.
"""

import errno
import fcntl
import os
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from monitor.records import DamagedRecordError, Record, from_line

SUFFIX = ".segment"
READ_BYTES = 256 * 1024


class SegmentWriter:
    """Appends lines to a new segment. A segment is never opened for writing again."""

    def __init__(self, folder: Path, created_at: int) -> None:
        """Create an empty segment in `folder`.

        Raises:
            OSError: the folder can't be written to.
        """
        self.path = folder / f"{created_at:017d}-{os.getpid()}-{secrets.token_hex(3)}{SUFFIX}"
        # Locked before it has its name: a reader that sees an unlocked segment may delete it.
        unnamed = self.path.with_suffix(".new")
        self._fd = os.open(unnamed, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        unnamed.rename(self.path)
        self.size = 0
        self._torn = False

    def append(self, lines: bytes, *, sync: bool) -> None:
        """Append whole lines; with `sync` they are on the medium when this returns.

        Raises:
            OSError: nothing of `lines` counts as written.
        """
        if self._torn:
            lines = b"\n" + lines
        try:
            view = memoryview(lines)
            while view:
                view = view[os.write(self._fd, view) :]
            if sync:
                os.fdatasync(self._fd)
                if not self.size:
                    sync_folder(self.path.parent)
        except OSError:
            self._torn = True
            with suppress(OSError):
                os.ftruncate(self._fd, self.size)
                self._torn = False
            raise
        self._torn = False
        self.size += len(lines)

    def close(self) -> None:
        """End the segment: its lock goes, and with it the promise that it may grow."""
        with suppress(OSError):
            os.close(self._fd)


class Leased(NamedTuple):
    """A record that was read for delivery, and where it lies."""

    record: Record
    reader: "SegmentReader"
    start: int
    end: int


class SegmentReader:
    """Reads the records of one segment in their order, and remembers which have met their fate."""

    def __init__(self, path: Path, *, quarantine: Callable[[str, bytes], None]) -> None:
        """Open the segment at `path`, to be read from where it is done.

        Raises:
            OSError: it can't be opened.
        """
        self.path = path
        self._quarantine = quarantine
        if not path.is_file():
            raise OSError(errno.EINVAL, "not a file")
        self._fd = os.open(path, os.O_RDONLY)
        self._done_path = done_path(path)
        self._done_fd: int | None = None
        self.done = min(read_done(path), os.fstat(self._fd).st_size)
        self._next = self.done
        self._ready: deque[Leased] = deque()
        self.unreadable: str | None = None
        """Why the disk does not give back what follows, when it doesn't."""
        self._leased = 0
        self._settled: dict[int, int] = {}
        self._counted_to = self.done
        self._waiting = 0

    def head(self) -> Leased | None:
        """The next record that nobody has leased; `None` at the end of what is written so far."""
        if not self._ready:
            self._read()
        return self._ready[0] if self._ready else None

    def pop(self) -> Leased:
        """Take the head."""
        self._leased += 1
        return self._ready.popleft()

    def release(self) -> None:
        """Forget every lease: what was leased and has not met its fate will be read again."""
        if self._leased:
            self._leased = 0
            self._ready.clear()
            self._next = self.done

    def settle(self, leased: list[Leased]) -> None:
        """Note that these records have met their fate."""
        for one in leased:
            self._settled[one.start] = one.end
        self._leased -= len(leased)
        self._waiting -= len(leased)
        self._advance()

    def waiting(self) -> tuple[int, int]:
        """Records and bytes that have not met their fate. Looks only at what was written since the last time."""
        while chunk := os.pread(self._fd, READ_BYTES, self._counted_to):
            self._waiting += chunk.count(b"\n")
            self._counted_to += len(chunk)
        return self._waiting, self._counted_to - self.done

    def size(self) -> int:
        """Bytes in the file."""
        return os.fstat(self._fd).st_size

    def finished(self) -> bool:
        """Whether nothing of this segment waits and nothing can be added. Quarantines a torn last line."""
        if self._ready or self._settled or not self._ended():
            return False
        size = self.size()
        if self.done < size and self._next == self.done:
            rest = os.pread(self._fd, size - self.done, self.done)
            if b"\n" in rest:
                return False
            self._quarantine(self.path.name, rest)
            self.done = self._next = size
        return self.done >= size

    def close(self) -> None:
        """Let go of the files."""
        for fd in (self._fd, self._done_fd):
            if fd is not None:
                with suppress(OSError):
                    os.close(fd)

    def _read(self) -> None:
        """Make the next lines ready; a line longer than one read makes the read longer."""
        want = READ_BYTES
        while True:
            try:
                chunk = os.pread(self._fd, want, self._next)
            except OSError as error:
                self.unreadable = error.strerror
                return
            end = chunk.rfind(b"\n") + 1
            if end or len(chunk) < want:
                break
            want *= 4
        at = self._next
        skipped = False
        for line in chunk[:end].splitlines(keepends=True):
            start, at = at, at + len(line)
            if start in self._settled:
                continue
            try:
                self._ready.append(Leased(from_line(line), self, start, at))
            except DamagedRecordError:
                if line != b"\n":  # what a writer puts behind a torn line
                    self._quarantine(self.path.name, line)
                self._settled[start] = at
                self._waiting -= 1
                skipped = True
        self._next = at
        if skipped:
            self._advance()

    def _advance(self) -> None:
        before = self.done
        while (end := self._settled.pop(self.done, None)) is not None:
            self.done = end
        if self.done != before:
            with suppress(OSError):  # a full disk: after a restart these records are sent twice, which harms nobody
                if self._done_fd is None:
                    self._done_fd = os.open(self._done_path, os.O_WRONLY | os.O_CREAT, 0o600)
                os.pwrite(self._done_fd, b"%020d\n" % self.done, 0)

    def _ended(self) -> bool:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return False
        fcntl.flock(self._fd, fcntl.LOCK_UN)
        return True


def segments(folder: Path) -> list[Path]:
    """The segments of a folder, oldest first; none when there is no folder, or it can't be read."""
    try:
        return sorted(folder / name for name in os.listdir(folder) if name.endswith(SUFFIX))  # noqa: PTH208  # one call, no objects
    except OSError:
        return []


def done_path(segment: Path) -> Path:
    """Where the offset of what is done is kept."""
    return segment.with_suffix(".done")


def read_done(segment: Path) -> int:
    """The offset up to which every record met its fate; 0 when it was never noted or can't be read."""
    try:
        return int(done_path(segment).read_bytes())
    except (OSError, ValueError):
        return 0


def has_ended(segment: Path) -> bool:
    """Whether no process can append to it any more."""
    try:
        fd = os.open(segment, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(fd)
    return True


def delete(segment: Path) -> None:
    """Remove a segment. The file goes first: without it the offset means nothing."""
    segment.unlink(missing_ok=True)
    done_path(segment).unlink(missing_ok=True)


def bytes_waiting(folder: Path) -> int:
    """Bytes of all segments that have not met their fate."""
    total = 0
    for segment in segments(folder):
        with suppress(OSError):
            total += max(0, segment.stat().st_size - read_done(segment))
    return total


def lines_waiting(segment: Path) -> Iterator[bytes]:
    """The lines of a segment from where it is done."""
    with suppress(OSError), segment.open("rb") as file:
        file.seek(read_done(segment))
        yield from file


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
