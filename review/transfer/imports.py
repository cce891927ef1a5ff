"""Reads a file into a project: lines of an export, or threads as the SDKs print them; a thread whole or not at all."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import IO, Any

from review.errors import Refused
from review.files.folder import Folder
from review.files.keys import within_project
from review.files.store import FileStore
from review.projects import ensure_project_of_id
from review.store import Store, arrivals
from review.transfer.old_threads import OldThread, old_thread, save_old_thread, threads_in
from review.transfer.units import Unit, at_line, parsed, parsed_line, units_of


class Import:
    """One import. What is there already is kept, and what the file gives is laid over it: twice is once.

    Args:
        store: Where the rows go.
        project_id: Whose they become; the project is made if it is new.
        files: Where the project's uploaded files go.
        folder: Where the files of the export are; None: they are there already, or missed.
    """

    def __init__(self, store: Store, project_id: str, *, files: FileStore, folder: Folder | None = None) -> None:
        self._store = store
        self._project_id = project_id
        self._files = files
        self._folder = folder
        self._people: dict[str, str] = {}  # of those known here under another id, theirs to ours
        self.counts: Counter[str] = Counter()

    async def run(self, file: IO[bytes]) -> None:
        """Imports a file.

        Raises:
            Refused: some of it can't be used; what came before it is imported, and the message names the line.
        """
        now = datetime.now(UTC)
        await self._store.write(ensure_project_of_id, self._project_id, now=now)
        pieces = _pieces(self._project_id, file, now)
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            if isinstance(piece, OldThread):
                await self._store.write(save_old_thread, self._project_id, piece)
                self.counts += Counter(thread=1, step=len(piece.steps))
            else:
                await self._save(piece, now)

    async def _save(self, unit: Unit, now: datetime) -> None:
        for kind, row in unit.rows:
            if kind == "attachment" and row.get("object_key"):
                await self._copy(row["object_key"])
            if kind == "thread" and row.get("participant_id") in self._people:
                row["participant_id"] = self._people[row["participant_id"]]
        try:
            known = await self._store.write_sized(unit.size, arrivals.save_rows, self._project_id, unit.rows, now=now)
        except Refused as refusal:
            raise Refused(f"lines {unit.first_line} to {unit.last_line}: {refusal.message}") from None
        self._people.update(known)
        self.counts.update(kind for kind, _ in unit.rows)

    async def _copy(self, key: str) -> None:
        name = within_project(self._project_id, key)
        if name is None or self._folder is None:
            return
        size = await self._folder.size(name)
        if size is None:
            self.counts["missing file"] += 1
        else:
            await self._files.save(key, self._folder.read(name, 0, size))
            self.counts["file"] += 1


def _pieces(project_id: str, file: IO[bytes], now: datetime) -> Iterator[Unit | OldThread]:
    """What is saved in one piece each; the first line tells what kind of file it is."""
    first = file.readline()
    try:
        is_of_an_export = "kind" in parsed_line(first)
    except Refused:
        yield from _threads_of_a_document(parsed(first + file.read()), now)
    else:
        lines = chain([first], file)
        yield from units_of(project_id, lines) if is_of_an_export else _threads_of_lines(lines, now)


def _threads_of_lines(lines: Iterable[bytes], now: datetime) -> Iterator[OldThread]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield from [old_thread(thread, now=now) for thread in threads_in(parsed_line(line))]
            except Refused as refusal:
                raise at_line(number, refusal) from None


def _threads_of_a_document(document: Any, now: datetime) -> Iterator[OldThread]:
    for number, thread in enumerate(threads_in(document), start=1):
        try:
            yield old_thread(thread, now=now)
        except Refused as refusal:
            raise Refused(f"thread {number}: {refusal.message}") from None
