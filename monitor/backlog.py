"""The reading side of the outbox: the undelivered records of every worker of a folder, oldest first.

One process of a folder holds `delivery.lock` and with it the only lease there is. It reads what all others write.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from monitor.buried import Graveyard
from monitor.clock import Clock
from monitor.losses import Losses
from monitor.segments import Leased, SegmentReader, delete, segments

LOCK = "delivery.lock"
QUARANTINE = "quarantine"


class Backlog:
    """What waits in a folder. Every method but `acquire` and `close` is for the holder of the lock."""

    def __init__(self, folder: Path, losses: Losses, clock: Clock, *, max_age_seconds: float) -> None:
        """Read from `folder`; records older than `max_age_seconds` are given up."""
        self.folder = folder
        self.graveyard = Graveyard(folder)
        self._losses = losses
        self._clock = clock
        self._max_age = int(max_age_seconds * 1_000_000)
        self._readers: dict[Path, SegmentReader] = {}
        self._unreadable: set[Path] = set()
        self._lock_fd: int | None = None
        self.more_is_ready = False
        """Whether the last lease left records behind."""

    # ---- who delivers

    def acquire(self) -> bool:
        """Become the one who delivers, if nobody is. The kernel gives the lock back when the process ends."""
        if self._lock_fd is not None:
            return True
        try:
            fd = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:  # no folder yet: nothing was ever put
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            return False
        self._lock_fd = fd
        return True

    def close(self) -> None:
        """Give the lock back, for the next process to take."""
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    # ---- lease, ack, release, bury

    def lease(self, max_records: int, max_bytes: int) -> list[Leased]:
        """The oldest records, in the order they were put; one at least, when any waits.

        Every lease ends with `release`: it gives back what was neither acked nor buried.
        """
        leased: list[Leased] = []
        size = 0
        readers = {reader: head for reader in self._readers.values() if (head := reader.head()) is not None}
        while readers and len(leased) < max_records:
            first = min(readers.values(), key=_put_at) if len(readers) > 1 else next(iter(readers.values()))
            size += len(first.record.content)
            if leased and size > max_bytes:
                break
            leased.append(first.reader.pop())
            if (following := first.reader.head()) is None:
                del readers[first.reader]
            else:
                readers[first.reader] = following
        self.more_is_ready = bool(readers)
        return leased

    def ack(self, leased: list[Leased]) -> None:
        """These records are stored by the server."""
        by_reader: dict[SegmentReader, list[Leased]] = {}
        for one in leased:
            by_reader.setdefault(one.reader, []).append(one)
        for reader, records in by_reader.items():
            reader.settle(records)

    def release(self) -> None:
        """Give back whatever was leased and has not met its fate."""
        for reader in self._readers.values():
            reader.release()

    def bury(self, leased: Leased, reason: str) -> None:
        """Put a record that is refused for good aside, with the reason.

        Raises:
            OSError: the disk did not take it; the record stays in the backlog.
        """
        self.graveyard.bury(leased.record, reason, self._clock.wall())
        self.ack([leased])

    # ---- housekeeping

    def refresh(self) -> None:
        """See what is new in the folder, give up what is too old, and delete what is done."""
        present = set(segments(self.folder))
        for path in self._readers.keys() - present:  # dropped by a worker, to make room
            self._readers.pop(path).close()
        for path in sorted(present - self._readers.keys() - self._unreadable):
            try:
                self._readers[path] = SegmentReader(path, quarantine=self._quarantine)
            except OSError as error:
                self._unreadable.add(path)
                self._losses.trouble(f"a segment can't be opened: {error.strerror}")
        self._give_up_old()
        for path, reader in list(self._readers.items()):
            if reader.unreadable:
                self._losses.trouble(f"a segment can't be read: {reader.unreadable}")
            elif reader.finished():
                self._readers.pop(path).close()
                with suppress(OSError):  # a folder that can't be changed: it is read again, and sent again
                    delete(path)

    def _give_up_old(self) -> None:
        oldest_allowed = int(self._clock.wall() * 1_000_000) - self._max_age
        for reader in self._readers.values():
            old: list[Leased] = []
            while (head := reader.head()) is not None and head.record.put_at < oldest_allowed:
                old.append(reader.pop())
            if old:
                reader.settle(old)
                self._losses.count("too old", len(old))

    def oldest_put_at(self) -> int | None:
        """When the oldest waiting record was put, in µs; to be asked between two leases."""
        heads = [reader.head() for reader in self._readers.values()]
        return min((head.record.put_at for head in heads if head is not None), default=None)

    def waiting(self) -> tuple[int, int]:
        """Records and bytes that wait, of all workers."""
        counts = [reader.waiting() for reader in self._readers.values()]
        return sum(records for records, _ in counts), sum(size for _, size in counts)

    def _quarantine(self, name: str, damaged: bytes) -> None:
        self._losses.count("damaged on disk: in quarantine")
        with suppress(OSError):
            folder = self.folder / QUARANTINE
            folder.mkdir(exist_ok=True)
            with (folder / name).open("ab") as file:
                file.write(damaged.rstrip(b"\n") + b"\n")


def _put_at(leased: Leased) -> int:
    return leased.record.put_at
