"""Everything of a project, or some of its threads, as lines: read piece by piece, so that its size does not matter.

The order is people, threads with all that belongs to each, steps without a thread, then the rest, kind by kind. Each
thread is read at one instant; the whole is not, for that would hold up the database's own housekeeping meanwhile.
"""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, Final

from review.files.folder import Folder
from review.files.keys import within_project
from review.files.store import FileStore
from review.store import Store, portable
from review.store.portable import KINDS, Chosen, Place, Rows
from review.transfer.lines import header_line, line_of

_ROWS_A_READ: Final = 200


class Export:
    """One export. `counts` tells, at the end, how many rows of each kind there were, and how many files.

    Args:
        store: Where the rows are.
        project_id: Whose.
        chosen: Which threads; with a choice, they and their people are all that is exported.
        files: Where the project's uploaded files are.
        folder: Where copies of them go; None leaves them where they are, and only their names are exported.
    """

    def __init__(
        self,
        store: Store,
        project_id: str,
        chosen: Chosen,
        *,
        files: FileStore | None = None,
        folder: Folder | None = None,
    ) -> None:
        self._store = store
        self._project_id = project_id
        self._chosen = chosen
        self._files = files
        self._folder = folder
        self.counts: Counter[str] = Counter()

    async def lines(self) -> AsyncIterator[bytes]:
        """Some lines at a time, each ended by a newline."""
        yield header_line()
        async for rows in self._pieces():
            for kind, row in rows:
                self.counts[kind] += 1
                if kind == "attachment" and row["object_key"]:
                    await self._copy(row["object_key"])
            yield b"".join(line_of(self._project_id, kind, row) for kind, row in rows)

    async def _pieces(self) -> AsyncIterator[Rows]:
        async for rows in self._of_kind("participant"):
            yield rows
        async for rows in self._threads():
            yield rows
        if not self._chosen.is_all:
            return
        async for rows in self._loose_steps():
            yield rows
        for kind in KINDS:
            if kind not in {"participant", "thread", "step"}:
                async for rows in self._of_kind(kind):
                    yield rows

    async def _threads(self) -> AsyncIterator[Rows]:
        place: Place | None = None
        while rows := await self._store.read(portable.thread_after, self._project_id, self._chosen, place):
            _, thread = rows[0]
            place = thread["created_at"], thread["id"]
            yield rows

    async def _loose_steps(self) -> AsyncIterator[Rows]:
        place: Place | None = None
        read = portable.loose_steps_after
        while rows := await self._store.read(read, self._project_id, place, limit=_ROWS_A_READ):
            last = [row for kind, row in rows if kind == "step"][-1]
            place = last["created_at"], last["id"]
            yield rows

    async def _of_kind(self, kind: str) -> AsyncIterator[Rows]:
        place: list[Any] | None = None
        while rows := await self._store.read(
            portable.rows_after, self._project_id, kind, place, chosen=self._chosen, limit=_ROWS_A_READ
        ):
            _, last = rows[-1]
            place = [last[name] for name in portable.key_of(kind)]
            yield rows

    async def _copy(self, key: str) -> None:
        name = within_project(self._project_id, key)
        if name is None or self._files is None or self._folder is None:
            return
        size = await self._files.size(key)
        if size is None:
            self.counts["missing file"] += 1
        else:
            await self._folder.save(name, self._files.read(key, 0, size))
            self.counts["file"] += 1
