"""How fast steps are stored, how large they are and how fast they are read: `python -m bench.ingest`.

One `python -m review serve` gets threads of 24 steps (~1.2 kB each) in the SDK's own mutation document; what it has
answered is committed and readable. Beside it, in turns within the same run, a bare HTTP + SQLite executemany floor gets
the same requests (on PostgreSQL: COPY). Then the store is filled to each size, and read through the API.
Rates move with what else the machine does; CPU and the ratio to the floor do not. The table shows medians.
"""

import argparse
import asyncio
import itertools
import os
import sqlite3
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import psycopg
from literalai.api.helpers import gql

from bench.ingest_floor import copy_rate
from bench.ingest_steps import STEPS_PER_THREAD, bodies, rare_word, thread_id
from bench.monitor import KEY, free_port, process
from bench.postgresql import postgresql

BATCHES = {5: 16, 100: 4, 512: 4}
"""Steps in a request, and how many clients send such requests at once."""
STEPS_A_ROUND = {5: 6_000, 100: 30_000, 512: 40_960}
FILL_BATCH = 512
LABELLED = 4
"""One thread in so many has a name, tags, metadata and one of two participants."""
READS = 40


@dataclass
class Rate:
    """One load: what was stored a second until the answers, the server's CPU, and how long the search trailed."""

    steps_per_second: float
    cpu_ms_per_1000: float
    index_seconds: float = 0.0


class Server:
    """What is measured: where it answers, whose CPU counts, what waits to be indexed and how much is on disk."""

    def __init__(self, port: int, pids: Sequence[int]) -> None:
        self.port = port
        self._pids = pids

    def cpu_seconds(self) -> float:
        return sum(_cpu_seconds(pid) for pid in self._pids)

    def is_indexed(self) -> bool:
        """Whether the search trails nothing; on PostgreSQL it never does."""
        return True

    def size(self) -> int:
        raise NotImplementedError


class SqliteServer(Server):
    """The review server on a file."""

    def __init__(self, port: int, pid: int, path: Path) -> None:
        super().__init__(port, [pid])
        self._path = path

    def is_indexed(self) -> bool:
        return self._asked("SELECT count(*) FROM search_queue") == 0

    def size(self) -> int:
        return self._asked("PRAGMA page_count") * self._asked("PRAGMA page_size")

    def _asked(self, query: str) -> int:
        conn = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)
        try:
            return conn.execute(query).fetchone()[0]
        finally:
            conn.close()


class PostgresqlServer(Server):
    """The review server on PostgreSQL, whose processes count, too."""

    def __init__(self, port: int, pid: int, url: str, postmaster: int) -> None:
        super().__init__(port, [pid])
        self.url = url
        self._postmaster = postmaster

    def cpu_seconds(self) -> float:
        return super().cpu_seconds() + sum(_cpu_seconds(pid) for pid in _children(self._postmaster))

    def size(self) -> int:
        return self._asked("SELECT pg_database_size(current_database())")

    def _asked(self, query: str) -> int:
        with psycopg.connect(self.url) as conn:
            return conn.execute(query).fetchone()[0]  # type: ignore[arg-type, index]


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _children(parent: int) -> list[int]:
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(pid) for pid in found.split()]


def ask(port: int, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    headers = {"content-type": "application/json", "x-api-key": KEY}
    body = orjson.dumps({"query": query, "variables": variables})
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/graphql", body, headers)
    with urllib.request.urlopen(request, timeout=120) as answer:
        return orjson.loads(answer.read())["data"]


async def _send(port: int, requests: Iterator[bytes], clients: int) -> None:
    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for body in requests:
            head = (
                f"POST /api/graphql HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\n"
                f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            content = await reader.readexactly(length)
            if not answer.startswith(b"HTTP/1.1 200") or b'"ok":false' in content:
                raise RuntimeError(f"refused: {answer!r} {content[:300]!r}")
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))


def load(server: Server, first: int, count: int, batch: int) -> Rate:
    """Stores steps number `first` and following, then waits for the search index."""
    requests = list(bodies(first, count, batch))
    cpu, started = server.cpu_seconds(), time.perf_counter()
    asyncio.run(_send(server.port, iter(requests), BATCHES[batch]))
    answered = time.perf_counter()
    while not server.is_indexed():
        time.sleep(0.02)
    stored = len(requests) * batch
    return Rate(
        steps_per_second=stored / (answered - started),
        cpu_ms_per_1000=(server.cpu_seconds() - cpu) / stored * 1e6,
        index_seconds=time.perf_counter() - answered,
    )


def fill(server: Server, first: int, size: int) -> None:
    """Stores what is missing of a size, and labels some of the threads."""
    asyncio.run(_send(server.port, bodies(first, size - first + FILL_BATCH, FILL_BATCH), BATCHES[FILL_BATCH]))
    threads = range(-(-first // STEPS_PER_THREAD), size // STEPS_PER_THREAD)
    asyncio.run(_send(server.port, map(_label, (n for n in threads if n % LABELLED == 0)), 4))
    while not server.is_indexed():
        time.sleep(0.05)


def _label(number: int) -> bytes:
    variables = {
        "id": thread_id(number),
        "name": f"Trip {number}",
        "tags": ["vip"],
        "metadata": {"plan": "pro"},
        "participantId": f"person-{number // LABELLED % 2}",
    }
    return orjson.dumps({"query": gql.UPSERT_THREAD, "variables": variables})


def read_documents(server: Server, size: int) -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """What is read: a document and the variables of each repetition, by name."""
    threads = size // STEPS_PER_THREAD
    some = [threads * part // (READS + 1) for part in range(1, READS + 1)]
    person = ask(server.port, gql.GET_PARTICIPANT, {"identifier": "person-0"})["participant"]["id"]

    def filtered(field: str, operator: str, value: Any, path: str | None = None) -> list[dict[str, Any]]:
        return [
            {"first": 50, "filters": [{"field": field, "operator": operator, "value": value, "path": path}]}
        ] * READS

    return {
        "threads": (gql.LIST_THREADS, [{"first": 50}] * READS),
        "threads by participant": (gql.LIST_THREADS, filtered("participantId", "eq", person)),
        "threads by tag": (gql.LIST_THREADS, filtered("tags", "in", ["vip"])),
        "threads by metadata": (gql.LIST_THREADS, filtered("metadata", "eq", "pro", "plan")),
        "steps": (gql.GET_STEPS, [{"first": 50}] * READS),
        "steps by type": (gql.GET_STEPS, filtered("type", "eq", "tool")),
        "one thread": (gql.GET_THREAD, [{"id": thread_id(number)} for number in some]),
        "search, a rare word": (
            gql.LIST_THREADS,
            [filtered("stepOutput", "ilike", rare_word(number), "content")[0] for number in some],
        ),
    }


async def _latencies(port: int, bodies_: Sequence[bytes]) -> list[float]:
    seconds: list[float] = []
    for body in bodies_:
        started = time.perf_counter()
        await _send(port, iter([body]), 1)
        seconds.append(time.perf_counter() - started)
    return seconds


def read_latencies(server: Server, size: int) -> dict[str, float]:
    """The median latency of each read in milliseconds, after one that is not counted."""
    medians: dict[str, float] = {}
    for name, (query, variables) in read_documents(server, size).items():
        requests = [orjson.dumps({"query": query, "variables": some}) for some in variables]
        rows = ask(server.port, query, variables[0])
        if name.startswith("search") and len(rows["threads"]["edges"]) != 1:
            raise RuntimeError(f"a rare word is in {len(rows['threads']['edges'])} threads")
        seconds = asyncio.run(_latencies(server.port, requests[:3] + requests))[3:]
        medians[name] = statistics.median(seconds) * 1e3
    return medians


@contextmanager
def served(engine: str, folder: Path) -> Generator[SqliteServer | PostgresqlServer]:
    """The review server, alone on an empty database."""
    port = free_port()
    arguments = ("review", "serve", "--host", "127.0.0.1", "--port", str(port))
    environment = {"DATA_DIR": str(folder), "LITERAL_API_KEY": KEY}
    if engine == "sqlite":
        with process(*arguments, port=port, **environment) as child:
            yield SqliteServer(port, child.pid, folder / "review.db")
        return
    with postgresql() as postgres, process(*arguments, port=port, **environment, DATABASE_URL=postgres.url) as child:
        yield PostgresqlServer(port, child.pid, postgres.url, postgres.pid)


def measure_rates(server: SqliteServer | PostgresqlServer, folder: Path, rounds: int) -> int:
    """Prints the table of rates; returns how many steps were stored."""
    print(f"{'batch':<8}{'clients':>8}{'steps/s':>10}{'floor':>10}{'ratio':>8}{'CPU ms/1000':>13}{'index s':>9}")
    floor_port, numbers = free_port(), itertools.count(0, max(STEPS_A_ROUND.values()))
    rates: dict[int, list[tuple[Rate, float]]] = {batch: [] for batch in BATCHES}
    with process("bench.ingest_floor", str(floor_port), str(folder / "floor.db"), port=floor_port) as floor_process:
        floor = Server(floor_port, [floor_process.pid])
        for _ in range(rounds):
            for batch, clients in BATCHES.items():
                first, count = next(numbers), STEPS_A_ROUND[batch]
                load(server, first, batch * 2, batch)  # the document is known from here on
                beside = (
                    load(floor, first, count, batch).steps_per_second
                    if isinstance(server, SqliteServer)
                    else copy_rate(server.url, count, batch, clients)
                )
                rates[batch].append((load(server, first, count, batch), beside))
    for batch, measured in rates.items():
        median = statistics.median
        print(
            f"{batch:<8}{BATCHES[batch]:>8}{median(r.steps_per_second for r, _ in measured):>10.0f}"
            f"{median(beside for _, beside in measured):>10.0f}"
            f"{median(r.steps_per_second / beside for r, beside in measured):>8.2f}"
            f"{median(r.cpu_ms_per_1000 for r, _ in measured):>13.0f}"
            f"{max(r.index_seconds for r, _ in measured):>9.2f}",
            flush=True,
        )
    return next(numbers)


def measure_reads(server: Server, sizes: Sequence[int]) -> None:
    """Fills the store to each size and prints what reads cost there."""
    columns: dict[int, dict[str, float]] = {}
    filled = 0
    for size in sizes:
        started = time.perf_counter()
        fill(server, filled, size)
        filled = size
        columns[size] = read_latencies(server, size)
        columns[size]["bytes per step"] = server.size() / size
        print(f"filled to {size:,} after {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    print(f"{'p50 ms':<24}" + "".join(f"{size:>12,}" for size in sizes) + f"{'last / first':>14}")
    for name in columns[sizes[0]]:
        values = [columns[size][name] for size in sizes]
        print(f"{name:<24}" + "".join(f"{value:>12.1f}" for value in values) + f"{values[-1] / values[0]:>14.2f}")


def main() -> None:
    """Measures each engine and prints its tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--steps", default="10000,100000,1000000", help="sizes to measure reads at; '' for none")
    parser.add_argument("--rounds", type=int, default=3, help="of the rates; 0 for none")
    asked = parser.parse_args()
    sizes = [int(size) for size in asked.steps.split(",") if size]
    for engine in asked.engine or ["sqlite", "postgresql"]:
        print(f"\n{engine}", flush=True)
        if asked.rounds:
            with tempfile.TemporaryDirectory() as folder, served(engine, Path(folder)) as server:
                measure_rates(server, Path(folder), asked.rounds)
        if sizes:
            with tempfile.TemporaryDirectory() as folder, served(engine, Path(folder)) as server:
                measure_reads(server, sizes)


if __name__ == "__main__":
    main()
