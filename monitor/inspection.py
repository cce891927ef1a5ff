"""What lies in an outbox, read from its files without disturbing whoever uses them."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from monitor.backlog import LOCK, QUARANTINE
from monitor.buried import Graveyard
from monitor.losses import written_losses
from monitor.records import DamagedRecordError, Record, from_line
from monitor.segments import lines_waiting, segments


@dataclass(frozen=True)
class Contents:
    """One outbox, at one moment."""

    folder: Path
    exists: bool = False
    queued_steps: int = 0
    queued_bytes: int = 0
    oldest_put_at: float | None = None
    """Seconds since 1970."""
    segments: int = 0
    damaged: int = 0
    """Lines that wait and can't be read."""
    buried: int = 0
    quarantined_bytes: int = 0
    lost: dict[str, int] = field(default_factory=dict[str, int])
    """What all processes wrote down, by reason."""
    delivering: bool = False
    """Whether a process holds the lease."""


def look_into(folder: Path) -> Contents:
    """Read a whole outbox. A folder that isn't there is an empty one."""
    if not folder.is_dir():
        return Contents(folder)
    count = size = damaged = 0
    oldest: int | None = None
    found = segments(folder)
    for segment in found:
        for line in lines_waiting(segment):
            try:
                put_at = from_line(line).put_at
            except DamagedRecordError:
                damaged += line != b"\n"
                continue
            count += 1
            size += len(line)
            oldest = put_at if oldest is None else min(oldest, put_at)
    return Contents(
        folder=folder,
        exists=True,
        queued_steps=count,
        queued_bytes=size,
        oldest_put_at=None if oldest is None else oldest / 1_000_000,
        segments=len(found),
        damaged=damaged,
        buried=len(Graveyard(folder).all()),
        quarantined_bytes=_bytes_in(folder / QUARANTINE),
        lost=written_losses(folder),
        delivering=someone_delivers(folder),
    )


def waiting_records(folder: Path) -> Iterator[Record]:
    """Every readable record that waits, segment by segment."""
    for segment in segments(folder):
        for line in lines_waiting(segment):
            with suppress(DamagedRecordError):
                yield from_line(line)


def someone_delivers(folder: Path) -> bool:
    """Whether a process holds the lease of this folder."""
    try:
        fd = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


def _bytes_in(folder: Path) -> int:
    total = 0
    with suppress(OSError):
        for path in folder.iterdir():
            total += path.stat().st_size
    return total
