"""Which file format should the outbox have? CPU per request of three candidates, on this disk, in this Python.

Every candidate stores the 8 records of a request (7 steps and a thread, 1 kB each), 1, 4 or 16 requests to a commit,
then reads them back in batches and forgets what was read: the whole life of a record but the network.
"""

import os
import sqlite3
import statistics
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

REQUESTS, RECORDS, GROUPS, BATCH = 8_000, 8, (1, 4, 16), 64
RECORD = b'{"id":"' + b"x" * 1_000 + b'"}'
ROUNDS = 3


def groups(size: int) -> Iterator[list[bytes]]:
    """What arrives at each commit."""
    for _ in range(REQUESTS // size):
        yield [RECORD] * (size * RECORDS)


def sqlite_row_per_record(folder: Path, size: int) -> int:
    """WAL, synchronous=NORMAL, one row per record, deleted by range."""
    conn = sqlite3.connect(folder / "outbox.db", isolation_level=None)
    conn.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
    conn.execute("CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, put_at INTEGER, record BLOB)")
    read = 0
    for group in groups(size):
        conn.execute("BEGIN IMMEDIATE")
        conn.executemany("INSERT INTO outbox (put_at, record) VALUES (?, ?)", [(1, record) for record in group])
        conn.execute("COMMIT")
        while rows := conn.execute("SELECT seq, record FROM outbox ORDER BY seq LIMIT ?", (BATCH,)).fetchall():
            read += len(rows)
            conn.execute("DELETE FROM outbox WHERE seq <= ?", (rows[-1][0],))
    conn.close()
    return read


def sqlite_row_per_commit(folder: Path, size: int) -> int:
    """The same, but the records of one commit are one row."""
    conn = sqlite3.connect(folder / "outbox.db", isolation_level=None)
    conn.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
    conn.execute("CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, put_at INTEGER, records BLOB)")
    read = 0
    for group in groups(size):
        conn.execute("INSERT INTO outbox (put_at, records) VALUES (?, ?)", (1, b"\n".join(group)))
        for seq, records in conn.execute("SELECT seq, records FROM outbox ORDER BY seq").fetchall():
            read += len(records.split(b"\n"))
            conn.execute("DELETE FROM outbox WHERE seq <= ?", (seq,))
    conn.close()
    return read


def segment_lines(folder: Path, size: int) -> int:
    """Append-only file of checksummed lines; what was read is one number in a second file."""
    segment = os.open(folder / "segment", os.O_RDWR | os.O_CREAT | os.O_APPEND)
    cursor = os.open(folder / "cursor", os.O_RDWR | os.O_CREAT)
    read = offset = 0
    for group in groups(size):
        os.write(segment, b"".join([b"%08x 1 step %b\n" % (zlib.crc32(record), record) for record in group]))
        lines = iter(os.pread(segment, 1 << 20, offset).splitlines(keepends=True))
        while batch := list(islice(lines, BATCH)):
            for line in batch:
                checksum, _, _, record = line.split(b" ", 3)
                if int(checksum, 16) == zlib.crc32(record[:-1]):
                    read += 1
            offset += sum(map(len, batch))
            os.pwrite(cursor, b"%020d\n" % offset, 0)
    os.close(segment)
    os.close(cursor)
    return read


def measure(candidate: Callable[[Path, int], int], size: int) -> tuple[float, float]:
    """CPU and wall microseconds per request."""
    with tempfile.TemporaryDirectory() as folder:
        cpu, wall = time.process_time(), time.perf_counter()
        if candidate(Path(folder), size) != REQUESTS * RECORDS:
            raise RuntimeError(f"{candidate.__name__} lost records")
        return (time.process_time() - cpu) / REQUESTS * 1e6, (time.perf_counter() - wall) / REQUESTS * 1e6


def main() -> None:
    """Prints one line per candidate and group size: the median of the interleaved rounds."""
    cases = [(f, size) for size in GROUPS for f in (sqlite_row_per_record, sqlite_row_per_commit, segment_lines)]
    rounds = [[measure(candidate, size) for candidate, size in cases] for _ in range(ROUNDS)]
    print(f"SQLite {sqlite3.sqlite_version}; {REQUESTS} requests of {RECORDS} records of 1 kB")
    print(f"{'format':<26}{'requests/commit':>16}{'CPU us/request':>16}{'wall us/request':>17}")
    for i, (candidate, size) in enumerate(cases):
        cpu, wall = (statistics.median(r[i][k] for r in rounds) for k in (0, 1))
        print(f"{candidate.__name__:<26}{size:>16}{cpu:>16.1f}{wall:>17.1f}")


if __name__ == "__main__":
    main()
