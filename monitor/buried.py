"""Records the server refused for good: kept with the reason, until a person sends them again or deletes them."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, cast

import orjson

from monitor.clock import iso
from monitor.records import Kind, Record, to_line
from monitor.segments import SegmentWriter

FILE = "buried.jsonl"


class Buried(NamedTuple):
    """A buried record, when that was (ISO 8601), and what the server said."""

    record: Record
    buried_at: str
    reason: str


class Graveyard:
    """`buried.jsonl`: one JSON object per line, its content readable as it is."""

    def __init__(self, folder: Path) -> None:
        """The graveyard of the outbox in `folder`."""
        self._folder = folder
        self._file = folder / FILE

    def bury(self, record: Record, reason: str, now: float) -> None:
        """Append a record.

        Raises:
            OSError: the disk did not take it.
        """
        line = _line(Buried(record, iso(now), reason))
        with self._locked(), self._file.open("ab") as file:
            before = file.tell()
            try:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                with suppress(OSError):
                    os.ftruncate(file.fileno(), before)
                raise

    def all(self) -> list[Buried]:
        """What is buried, oldest first; a torn line is passed over."""
        try:
            lines = self._file.read_bytes().splitlines()
        except OSError:
            return []
        return [buried for line in lines if (buried := _read(line)) is not None]

    def retry(self, ids: set[str] | None, now: float) -> int:
        """Put buried records, all or those with these ids, back into the outbox; returns how many.

        Raises:
            OSError: the disk did not take them; they stay buried.
        """
        with self._locked():
            buried = self.all()
            again = [one for one in buried if ids is None or one.record.identity() in ids]
            if not again:
                return 0
            segment = SegmentWriter(self._folder, int(now * 1_000_000))
            try:
                segment.append(b"".join([to_line(one.record) for one in again]), sync=True)
            finally:
                segment.close()
            self._rewrite([one for one in buried if one not in again])
            return len(again)

    def _rewrite(self, buried: list[Buried]) -> None:
        new = self._file.with_suffix(".new")
        new.write_bytes(b"".join([_line(one) for one in buried]))
        new.replace(self._file)

    @contextmanager
    def _locked(self) -> Generator[None]:
        fd = os.open(self._folder / "buried.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


def _line(buried: Buried) -> bytes:
    record = buried.record
    return orjson.dumps(
        {
            "buried_at": buried.buried_at,
            "reason": buried.reason,
            "kind": record.kind,
            "environment": record.environment,
            "put_at": record.put_at,
            "content": orjson.Fragment(record.content),
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )


def _read(line: bytes) -> Buried | None:
    try:
        told = cast("dict[str, Any]", orjson.loads(line))
        record = Record(Kind(told["kind"]), told["environment"], int(told["put_at"]), orjson.dumps(told["content"]))
        return Buried(record, str(told["buried_at"]), str(told["reason"]))
    except (ValueError, KeyError, TypeError):
        return None
