"""What is imported in one piece: a thread with all that belongs to it, else a few rows. Read from a file of lines."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, cast

from review.errors import Refused
from review.store.portable import WITH_THREADS
from review.transfer.lines import HEADER, row_of
from review.wire import parse

_MOST_ROWS: Final = 200
_MOST_BYTES: Final = 4_000_000


@dataclass(slots=True)
class Unit:
    """Rows that are saved together or not at all, and the lines they stand on."""

    first_line: int = 0
    last_line: int = 0
    rows: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    size: int = 0

    @property
    def has_thread(self) -> bool:
        """Whether it begins with a thread, whose steps belong to it, however many."""
        return bool(self.rows) and self.rows[0][0] == "thread"

    def add(self, line: int, kind: str, row: dict[str, Any], *, size: int) -> None:
        """Takes a row in."""
        self.first_line = self.first_line or line
        self.last_line = line
        self.rows.append((kind, row))
        self.size += size

    def takes(self, kind: str, row: dict[str, Any]) -> bool:
        """Whether a row that follows belongs to it, too."""
        if not self.rows:
            return True
        if self.has_thread:
            return kind in WITH_THREADS and kind != "thread" and not (kind == "step" and not row.get("thread_id"))
        return kind != "thread" and len(self.rows) < _MOST_ROWS and self.size < _MOST_BYTES


def units_of(project_id: str, lines: Iterable[bytes]) -> Iterator[Unit]:
    """The units of an export's lines, for the project they go into; never more than one in memory.

    Raises:
        Refused: a line is not what it has to be; the message names the line.
    """
    unit = Unit()
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            line = parsed_line(text)
            if _is_header(line):
                continue
            kind, row = row_of(project_id, line)
        except Refused as refusal:
            raise at_line(number, refusal) from None
        if not unit.takes(kind, row):
            yield unit
            unit = Unit()
        unit.add(number, kind, row, size=len(text))
    if unit.rows:
        yield unit


def _is_header(line: dict[str, Any]) -> bool:
    if line.get("kind") != HEADER["kind"]:
        return False
    if line != HEADER:
        raise Refused(f"format: {line.get('format')!r} is not known here, only {HEADER['format']}")
    return True


def parsed_line(text: bytes) -> dict[str, Any]:
    """The object of a line.

    Raises:
        Refused: it is none.
    """
    value = parsed(text)
    if not isinstance(value, dict):
        raise Refused("it is no JSON object")
    return cast("dict[str, Any]", value)


def parsed(text: bytes) -> Any:
    """The value of a JSON text.

    Raises:
        Refused: it is none.
    """
    try:
        return parse(text)
    except Refused:
        raise Refused("it is no JSON") from None


def at_line(number: int, refusal: Refused) -> Refused:
    """The refusal with the line it is about, on one line."""
    return Refused(f"line {number}: {' '.join(refusal.message.split())}")
