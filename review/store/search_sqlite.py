"""Full-text search on SQLite: an index of three-letter pieces that only narrows down where to look.

    search_queue     what was written and is not indexed yet, a row for each batch
    search_document  which thread a row of the index is about
    search_index     FTS5 trigrams, without the text itself and without positions: a fifth of the usual size

1. The index may name a thread that does not hold the words (any more), never the other way round. Every candidate is
   checked against the stored steps, so nothing has to be unindexed when steps change, move or go.
2. A write appends one row to the queue. The writer thread indexes what waits a few times a second, in larger pieces
   than a request brings, and several steps of a thread as one document: half the time of indexing in the request.
3. What waits in the queue is a candidate, too, so a search finds what was answered before.
4. Steps without a thread are not searched: what a search finds is threads.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Text, and_, exists, func, or_, select, text, type_coerce

from review.records import new_id
from review.store.dialects import FOLD_ON_SQLITE, contains_text
from review.store.tables import step, thread
from review.store.texts import fold, searched_text

_BATCHES_A_PIECE: Final = 64
_IDS_A_QUERY: Final = 500
_DOCUMENT_CHARS: Final = 8_000  # larger documents make a smaller index that narrows down less
_DOCUMENTS_A_STATEMENT: Final = 128
_SHORTEST_PIECE: Final = 3  # letters; FTS5's trigrams know no others
MOST_LISTED: Final = 300  # threads that are checked one by one; beyond that the list is walked from its newest end
_MOST_WAITING: Final = 1_000  # batches in the queue that a search looks at
_MOST_TRIGRAMS: Final = 48  # of a query; the beginning of a long quotation narrows down enough
_MOST_COMPLETIONS: Final = 400  # trigrams that begin with a query of two letters
_MENTIONS: Final = "review_mentions"

_TEXTS: Final = (step.c.id, step.c.name, step.c.error, step.c.generation_prompt, step.c.generation_completion)
_JSON: Final = (step.c.input, step.c.output, step.c.generation_messages, step.c.generation_message_completion)

CREATE: Final = (
    """CREATE TABLE search_queue (
        project_id TEXT NOT NULL, id TEXT NOT NULL, step_ids TEXT NOT NULL, thread_ids TEXT NOT NULL,
        PRIMARY KEY (project_id, id)
    ) WITHOUT ROWID""",
    # The one number in a key: FTS5 knows its rows by nothing else, and this table only exists on SQLite.
    "CREATE TABLE search_document (doc_id INTEGER PRIMARY KEY, project_id TEXT NOT NULL, thread_id TEXT NOT NULL)",
    "CREATE INDEX ix_search_document_project_id_thread_id ON search_document (project_id, thread_id)",
    """CREATE VIRTUAL TABLE search_index USING fts5(
        body, content='', detail=none, columnsize=0, tokenize='trigram case_sensitive 1'
    )""",
    "CREATE VIRTUAL TABLE search_vocabulary USING fts5vocab(search_index, 'row')",
)


_ENQUEUE: Final = text(
    "INSERT INTO search_queue (project_id, id, step_ids, thread_ids) VALUES (:project_id, :id, :steps, :threads)"
)


@dataclass(frozen=True, slots=True)
class Found:
    """The threads a search finds, as a condition; `is_exact` when they are few enough to be counted."""

    condition: ColumnElement[bool]
    is_exact: bool


def register_functions(conn: sqlite3.Connection) -> None:
    """Gives a connection the functions that searches and filters call."""
    conn.create_function(FOLD_ON_SQLITE, 1, _fold_any, deterministic=True)
    conn.create_function(_MENTIONS, 1 + len(_TEXTS) + len(_JSON), _mentions, deterministic=True)


def changed(conn: Connection, project_id: str, *, steps: Sequence[str], threads: Sequence[str]) -> None:
    """Notes that steps and thread names have changed."""
    conn.execute(
        _ENQUEUE,
        {
            "project_id": project_id,
            "id": new_id(),
            "steps": orjson.dumps(steps).decode(),
            "threads": orjson.dumps(threads).decode(),
        },
    )


def forget_thread(conn: Connection, project_id: str, thread_id: str) -> None:
    """A thread is going: its rows of the index lead nowhere from now on."""
    conn.execute(
        text("DELETE FROM search_document WHERE project_id = :project_id AND thread_id = :thread_id"),
        {"project_id": project_id, "thread_id": thread_id},
    )


def index_some(conn: Connection) -> bool:
    """Indexes some of the batches that wait, of whatever project; True when more are left."""
    batches = conn.execute(
        text("SELECT project_id, id, step_ids, thread_ids FROM search_queue ORDER BY project_id, id LIMIT :most"),
        {"most": _BATCHES_A_PIECE},
    ).all()
    if not batches:
        return False
    for project_id, of_project in groupby(batches, key=lambda batch: batch.project_id):
        step_ids, thread_ids = _ids_in(of_project)
        _append(conn, project_id, [*_step_texts(conn, project_id, step_ids), *_names(conn, project_id, thread_ids)])
    conn.execute(
        text("DELETE FROM search_queue WHERE project_id = :project_id AND id = :id"),
        [{"project_id": batch.project_id, "id": batch.id} for batch in batches],
    )
    return len(batches) == _BATCHES_A_PIECE


def threads_with(conn: Connection, project_id: str, needle: str) -> Found:
    """The threads whose name, id or steps contain a folded text."""
    mentions = or_(contains_text(thread.c.name, needle), contains_text(thread.c.id, needle), _a_step_mentions(needle))
    found = candidates(conn, project_id, needle)
    if found is None:
        return Found(mentions, is_exact=False)
    return replace(found, condition=and_(found.condition, mentions))


def candidates(conn: Connection, project_id: str, needle: str) -> Found | None:
    """The threads that may mention a folded text, or None when it is too short or too frequent to narrow down."""
    query = _query(conn, needle)
    if query is None:
        return None
    parameters = {"query": query, "project_id": project_id, "most": MOST_LISTED + 1}
    listed = set(conn.execute(text(f"{_DOCUMENTS} LIMIT :most"), parameters).scalars())
    waiting = _waiting_threads(conn, project_id)
    if len(listed) <= MOST_LISTED:
        return Found(thread.c.id.in_(sorted(listed | waiting)), is_exact=True)
    indexed = thread.c.id.in_(text(_DOCUMENTS).bindparams(query=query, project_id=project_id))
    return Found(or_(indexed, thread.c.id.in_(sorted(waiting))), is_exact=False)


# CROSS JOIN is SQLite's way to say which table leads: the pieces, since the project has far more documents.
_DOCUMENTS: Final = (
    "SELECT DISTINCT thread_id FROM search_index CROSS JOIN search_document ON doc_id = search_index.rowid"
    " WHERE search_index MATCH :query AND project_id = :project_id"
)


def _query(conn: Connection, needle: str) -> str | None:
    """The pieces of a text in FTS5's language; None when they would not narrow anything down."""
    if len(needle) >= _SHORTEST_PIECE:
        pieces = dict.fromkeys(needle[start : start + 3] for start in range(len(needle) - 2))
        within_lines = [piece for piece in pieces if "\n" not in piece]  # a document has each of its lines once
        return " AND ".join(_quoted(piece) for piece in within_lines[:_MOST_TRIGRAMS]) or None
    if len(needle) < _SHORTEST_PIECE - 1:
        return None
    # Two letters are a whole word in Chinese: any piece that begins with them.
    completions = list(
        conn.execute(
            text("SELECT term FROM search_vocabulary WHERE term >= :first AND term < :last LIMIT :most"),
            {"first": needle, "last": needle[0] + chr(ord(needle[1]) + 1), "most": _MOST_COMPLETIONS + 1},
        ).scalars()
    )
    if len(completions) > _MOST_COMPLETIONS:
        return None
    return " OR ".join(_quoted(piece) for piece in completions) or _quoted(needle + "\x01")


def _quoted(piece: str) -> str:
    return '"' + piece.replace('"', '""') + '"'


def _waiting_threads(conn: Connection, project_id: str) -> set[str]:
    """The threads of what is written and not indexed yet."""
    batches = conn.execute(
        text("SELECT step_ids, thread_ids FROM search_queue WHERE project_id = :project_id LIMIT :most"),
        {"project_id": project_id, "most": _MOST_WAITING},
    )
    step_ids, threads = _ids_in(batches)
    for some in _pieces(step_ids):
        of_steps = select(step.c.thread_id).where(step.c.project_id == project_id, step.c.id.in_(some)).distinct()
        threads.update(thread_id for thread_id in conn.execute(of_steps).scalars() if thread_id is not None)
    return threads


def _ids_in(batches: Iterable[Row[Any]]) -> tuple[set[str], set[str]]:
    step_ids: set[str] = set()
    thread_ids: set[str] = set()
    for batch in batches:
        step_ids.update(orjson.loads(batch.step_ids))
        thread_ids.update(orjson.loads(batch.thread_ids))
    return step_ids, thread_ids


def _step_texts(conn: Connection, project_id: str, step_ids: Iterable[str]) -> list[tuple[str, str]]:
    """Thread id and text of steps, thread by thread."""
    found: list[tuple[str, str]] = []
    for some in _pieces(step_ids):
        # One row for all: see statements._many_rows_a_statement. And not "thread_id IS NOT NULL": without statistics
        # SQLite would walk the index of threads then, through the whole project.
        columns = (step.c.thread_id, *_TEXTS, *(func.json(type_coerce(column, Text)) for column in _JSON))
        asked = select(func.json_group_array(func.json(func.json_array(*columns)))).where(
            step.c.project_id == project_id, step.c.id.in_(some)
        )
        for thread_id, *values in orjson.loads(conn.execute(asked).scalar_one()):
            if thread_id is not None:
                found.append((thread_id, searched_text(*values)))
    return sorted(found, key=lambda of_step: of_step[0])


def _names(conn: Connection, project_id: str, thread_ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    for some in _pieces(thread_ids):
        asked = select(thread.c.id, thread.c.name).where(thread.c.project_id == project_id, thread.c.id.in_(some))
        for row in conn.execute(asked):
            yield row.id, searched_text(row.id, row.name)


def _append(conn: Connection, project_id: str, texts: Sequence[tuple[str, str]]) -> None:
    """Adds documents to the index, each a few texts of one thread: what a model call repeats is in them once."""
    documents = list(_documents(texts))
    next_id = conn.execute(text("SELECT coalesce(max(doc_id), 0) FROM search_document")).scalar_one() + 1
    for start in range(0, len(documents), _DOCUMENTS_A_STATEMENT):
        some = list(enumerate(documents[start : start + _DOCUMENTS_A_STATEMENT], start=next_id + start))
        leads = [(project_id, doc_id, thread_id) for doc_id, (thread_id, _) in some]
        _insert(conn, "search_document (project_id, doc_id, thread_id)", leads)
        _insert(conn, "search_index (rowid, body)", [(doc_id, body) for doc_id, (_, body) in some])


def _documents(texts: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Thread id and body of documents. They end with line ends, so that every two letters have a third."""
    for thread_id, of_thread in groupby(texts, key=lambda text_of: text_of[0]):
        body: dict[str, None] = {fold(thread_id): None}
        length = 0
        for _, text_of_step in of_thread:
            if length > _DOCUMENT_CHARS:
                yield thread_id, "\n".join([*body, "", ""])
                body, length = {}, 0
            for line in text_of_step.split("\n"):
                if line not in body:
                    body[line] = None
                    length += len(line)
        yield thread_id, "\n".join([*body, "", ""])


def _insert(conn: Connection, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts rows with one statement, during which the event loop runs on (see statements.py)."""
    places = ", ".join([f"({', '.join('?' * len(rows[0]))})"] * len(rows))
    values = tuple(value for row in rows for value in row)
    conn.exec_driver_sql(f"INSERT INTO {into} VALUES {places}", values)  # noqa: S608 - names of ours


def _pieces(ids: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), _IDS_A_QUERY):
        yield ordered[start : start + _IDS_A_QUERY]


def _a_step_mentions(needle: str) -> ColumnElement[bool]:
    mentions = getattr(func, _MENTIONS)(needle, *_TEXTS, *(type_coerce(column, Text) for column in _JSON))
    of_thread = and_(step.c.project_id == thread.c.project_id, step.c.thread_id == thread.c.id)
    return exists().where(of_thread, mentions == 1).correlate(thread)


def _fold_any(value: Any) -> Any:
    return fold(value) if isinstance(value, str) else value


def _mentions(needle: str, *columns: str | None) -> bool:
    """Whether one of a step's texts, or one of the strings in its JSON values, contains a folded text."""
    escaped = orjson.dumps(needle)[1:-1].decode()
    for position, column in enumerate(columns):
        if column is None:
            continue
        if position < len(_TEXTS):
            if needle in fold(column):
                return True
        # A glance at the JSON text spares most values the parser.
        elif escaped in fold(column) and needle in searched_text(orjson.loads(column)):
            return True
    return False
