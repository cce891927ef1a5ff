"""What no ingest can be faster than: a bare server that puts the steps of a request into SQLite, and COPY.

    python -m bench.ingest_floor PORT FILE

The server parses the same requests, knows nothing but a fixed set of columns, and commits each request alone with the
durability of ours. It merges nothing, checks no key, counts nothing, indexes no text.
"""

import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import orjson
import psycopg
import uvicorn

from bench.ingest_steps import steps

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

COLUMNS = ("id", "threadId", "parentId", "type", "name", "startTime", "endTime")
_COLUMNS_OF_TEXT = ", ".join(f"{name} TEXT" for name in ("project_id", *COLUMNS, "payload"))
TABLE = f"CREATE TABLE floor ({_COLUMNS_OF_TEXT}, PRIMARY KEY (project_id, id))"
INDEXES = (
    "CREATE INDEX floor_thread ON floor (project_id, threadId)",
    "CREATE INDEX floor_time ON floor (project_id, startTime, id)",
)


def row(step: dict[str, Any]) -> tuple[Any, ...]:
    return ("p", *(step.get(name) for name in COLUMNS), orjson.dumps(step).decode())


def floor_app(path: str) -> Callable[[dict[str, Any], Receive, Send], Awaitable[None]]:
    """The server, as a raw ASGI app."""
    conn = sqlite3.connect(path, isolation_level=None)
    for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", TABLE, *INDEXES):
        conn.execute(statement)
    insert = f"INSERT OR REPLACE INTO floor VALUES ({', '.join('?' * (len(COLUMNS) + 2))})"
    answer = orjson.dumps({"data": {}})

    async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            event = await receive()
            body += event.get("body", b"")
            more = event.get("more_body", False)
        conn.execute("BEGIN IMMEDIATE")
        conn.executemany(insert, [row(step) for step in _steps_in(orjson.loads(body)["variables"])])
        conn.execute("COMMIT")
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    return app


def _steps_in(variables: dict[str, Any]) -> list[dict[str, Any]]:
    """The arguments of each step, from variables named `argument_number`."""
    found: dict[str, dict[str, Any]] = {}
    for variable, value in variables.items():
        name, _, number = variable.rpartition("_")
        found.setdefault(number, {})[name] = value
    return list(found.values())


def copy_rate(url: str, count: int, batch: int, clients: int) -> float:
    """Rows per second that COPY stores in transactions of one batch, from several connections at once."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("DROP TABLE IF EXISTS floor")
        for statement in (TABLE, *INDEXES):
            conn.execute(statement)
    rows = [row(step) for step in steps(0, count)]
    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(partial(_copy, url, batch), [rows[share::clients] for share in range(clients)]))
    return count / (time.perf_counter() - started)


def _copy(url: str, batch: int, rows: Sequence[tuple[Any, ...]]) -> None:
    with psycopg.connect(url) as conn, conn.cursor() as cursor:
        for start in range(0, len(rows), batch):
            with cursor.copy("COPY floor FROM STDIN") as copy:
                for each in rows[start : start + batch]:
                    copy.write_row(each)
            conn.commit()


if __name__ == "__main__":
    uvicorn.run(floor_app(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
