"""`python -m review export` and `import`: their arguments, and what they tell the terminal."""

import argparse
import asyncio
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Final

from review.errors import NotFound
from review.files.folder import Folder
from review.files.store import FileStore
from review.ingest import coerce
from review.store import Store
from review.store.keys import projects
from review.store.portable import Chosen
from review.transfer.export import Export
from review.transfer.imports import Import

_TERMINAL: Final = "-"


def add_export_arguments(parser: argparse.ArgumentParser) -> None:
    """What `export` can be told."""
    parser.add_argument("file", nargs="?", default=_TERMINAL, metavar="FILE", help="where to; default: - (the output)")
    parser.add_argument("--thread", action="append", default=[], metavar="ID", help="this thread only; may be repeated")
    parser.add_argument("--since", type=_time, metavar="TIME", help="threads made then or later, e.g. 2026-11-20")
    parser.add_argument("--until", type=_time, metavar="TIME", help="threads made before then")
    parser.add_argument(
        "--files", type=Path, metavar="FOLDER", help="copy the uploaded files there; default: leave them"
    )


def add_import_arguments(parser: argparse.ArgumentParser) -> None:
    """What `import` can be told."""
    parser.add_argument(
        "file", metavar="FILE", help="an export, or pages of the SDK's get_threads as JSON; - the input"
    )
    parser.add_argument("--files", type=Path, metavar="FOLDER", help="where the export's uploaded files are")


async def export(given: argparse.Namespace, store: Store, files: FileStore) -> str:
    """Writes a project's lines to a file, which appears when it is whole and is for its user alone, or to the output.

    Returns:
        What was exported.

    Raises:
        NotFound: there is no such project.
        OSError: the file can't be written.
    """
    if given.project not in {project.id for project in await store.read(projects)}:
        raise NotFound(f"there is no project {given.project}")
    chosen = Chosen(ids=given.thread, since=given.since, until=given.until)
    folder = Folder(given.files) if given.files else None
    exported = Export(store, given.project, chosen, files=files, folder=folder)
    if given.file == _TERMINAL:
        async for lines in exported.lines():
            await asyncio.to_thread(sys.stdout.buffer.write, lines)
        await asyncio.to_thread(sys.stdout.buffer.flush)
    else:
        path = Path(given.file)
        await Folder(path.parent).save(path.name, exported.lines())
    return _told("exported", exported.counts)


async def import_(given: argparse.Namespace, store: Store, files: FileStore) -> str:
    """Reads a file, or the input, into a project.

    Returns:
        What was imported.

    Raises:
        Refused: some of it can't be used; what stands before it is imported.
        OSError: the file can't be read.
    """
    folder = Folder(given.files) if given.files else None
    imported = Import(store, given.project, files=files, folder=folder)
    if given.file == _TERMINAL:
        await imported.run(sys.stdin.buffer)
    else:
        with await asyncio.to_thread(Path(given.file).open, "rb") as file:
            await imported.run(file)
    return _told("imported", imported.counts)


def _told(what: str, counts: Counter[str]) -> str:
    told = (f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in counts.items())
    return f"{what} {', '.join(told) or 'nothing'}"


def _time(text: str) -> datetime:
    time = coerce.time(text)
    if time is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time like 2026-11-20 or 2026-11-20T12:00:00Z")
    return time
