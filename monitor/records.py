"""One record of the outbox, and its line on disk.

    1f0c77a2 1763672000123456 step prod {"id":"…","threadId":"…"}
    crc32    put at, in µs    kind env  content, as JSON    (env is * when there is none)

JSON as orjson writes it holds no line break, so a line is a record: a torn or damaged line costs itself and nothing
after it, and the files can be read with the tools every machine has.
"""

from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote
from zlib import crc32

import orjson

NO_ENVIRONMENT = b"*"  # quoting never makes it


class Kind(StrEnum):
    """What a record tells the server: a step as it ended, or a thread as it is now."""

    STEP = "step"
    THREAD = "thread"


class DamagedRecordError(ValueError):
    """A line that is not what was written: torn by a crash, or changed on disk."""


class Record(NamedTuple):
    """A step or thread on its way. `content` is the JSON of a dict without nulls; `put_at` counts microseconds."""

    kind: Kind
    environment: str | None
    put_at: int
    content: bytes

    def identity(self) -> str:
        """The id of the step or thread; empty when the content has none that is text."""
        value = orjson.loads(self.content).get("id")
        return value if isinstance(value, str) else ""


def to_line(record: Record) -> bytes:
    """The line that is appended to a segment."""
    body = b"%d %b %b %b" % (
        record.put_at,
        record.kind.value.encode(),
        _written_environment(record.environment),
        record.content,
    )
    return b"%08x %b\n" % (crc32(body), body)


def from_line(line: bytes) -> Record:
    """The record of a line, its line break included.

    Raises:
        DamagedRecordError: the line is not complete or its checksum is wrong.
    """
    try:
        if crc32(memoryview(line)[9:-1]) != int(line[:8], 16) or line[-1:] != b"\n":
            raise DamagedRecordError("wrong checksum")
        _, put_at, kind, environment, content = line.split(b" ", 4)
        return Record(_KINDS[kind], _read_environment(environment), int(put_at), content[:-1])
    except (ValueError, KeyError) as error:
        raise DamagedRecordError(str(error)) from None


_KINDS = {kind.value.encode(): kind for kind in Kind}


@lru_cache(maxsize=64)
def _written_environment(environment: str | None) -> bytes:
    """One word: an environment is free text, the fields of a line are parted by blanks."""
    return quote(environment, safe="").encode() if environment else NO_ENVIRONMENT


@lru_cache(maxsize=64)
def _read_environment(written: bytes) -> str | None:
    return None if written == NO_ENVIRONMENT else unquote(written.decode())
