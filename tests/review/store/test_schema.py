"""The rules that let the schema grow beyond one machine, and migrations that end at the tables we declare."""

import asyncio
import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Table, UniqueConstraint, create_engine, text

from review.errors import Refused
from review.store import Store, reads
from review.store.engines import open_database
from review.store.migrations import migrate
from review.store.search_postgresql import search_text
from review.store.tables import metadata

TABLES = [*metadata.sorted_tables, search_text]
# A request brings its key and nothing else: the project is what is asked for.
KNOWN_BY_ANOTHER = {"ix_api_key_key_hash"}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_key_starts_with_the_project(table: Table):
    first = [next(iter(table.primary_key)).name]
    first += [next(iter(c.columns)).name for c in table.constraints if isinstance(c, UniqueConstraint)]
    first += [next(iter(index.columns)).name for index in table.indexes if index.name not in KNOWN_BY_ANOTHER]
    assert set(first) == {"project_id"}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_nothing_an_early_child_names_has_to_exist_and_no_key_is_a_sequence(table: Table):
    assert not table.foreign_keys
    assert {str(column.type) for column in table.primary_key} == {"TEXT"}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'review.db'}"
    return request.getfixturevalue("empty_postgres_url")


def _differences(conn: Connection) -> list[object]:
    ours = set(metadata.tables)
    context = MigrationContext.configure(
        conn,
        opts={
            "compare_type": True,
            "include_name": lambda name, kind, _parents: kind != "table" or name in ours,
        },
    )
    return compare_metadata(context, metadata)


async def test_migrations_end_at_the_tables_we_declare(empty_url):
    store = await Store.open(empty_url)
    assert await store.write(_differences) == []
    await store.close()


async def test_opening_a_database_again_changes_nothing(empty_url):
    for _ in range(2):
        store = await Store.open(empty_url)
        assert (await store.read(reads.threads_page, "p")).total == 0
        await store.close()


async def test_several_servers_may_open_an_empty_database_at_once(empty_url):
    stores = await asyncio.gather(*(Store.open(empty_url) for _ in range(4)))
    totals = [(await store.read(reads.threads_page, "p")).total for store in stores]
    assert totals == [0] * 4
    await asyncio.gather(*(store.close() for store in stores))


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(empty_url):
    store = await Store.open(empty_url)
    await store.write(lambda conn: conn.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    await store.close()
    with pytest.raises(Refused, match="newer version"):
        await Store.open(empty_url)


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path):
    path = tmp_path / "review.db"
    with sqlite3.connect(path) as conn:
        conn.execute("CREATE TABLE thread (somebody_elses TEXT)")
    conn.close()
    with pytest.raises(Exception, match="already exists"):
        open_database(f"sqlite:///{path}")
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as conn:
        names = conn.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
    engine.dispose()
    assert names == ["thread"]
    assert migrate.__doc__
