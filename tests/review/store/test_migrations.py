"""A database of any earlier version, with what people kept in it, is brought to the tables of today."""

import pytest
from sqlalchemy import bindparam, create_engine, make_url, text

from review.records import PageRequest
from review.store import Store, datasets, participant_list, reads
from review.store.migrations import migrate
from review.store.types import UtcTime

KEPT = (
    "INSERT INTO participant (project_id, id, identifier, created_at) VALUES ('p', 'a', 'ann', :at)",
    "INSERT INTO thread (project_id, id, participant_id, created_at, token_count) VALUES ('p', 't', 'a', :at, 7)",
    "INSERT INTO step (project_id, id, thread_id, has_generation, created_at) VALUES ('p', 's', 't', true, :at)",
    "INSERT INTO score (project_id, id, step_id, value, created_at, updated_at) VALUES ('p', 'c', 's', 1, :at, :at)",
)


@pytest.fixture(params=["sqlite", "postgresql"])
def url_of_0001(request, tmp_path, at):
    """A database as the first version left it, with a little of everything."""
    url = f"sqlite:///{tmp_path / 'review.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("empty_postgres_url")
    driver = "postgresql+psycopg" if request.param == "postgresql" else "sqlite"
    engine = create_engine(make_url(url).set(drivername=driver))
    with engine.begin() as conn:
        migrate(conn, "0001")
        for statement in KEPT:
            conn.execute(text(statement).bindparams(bindparam("at", at(0), UtcTime())))
    engine.dispose()
    return url


async def test_what_the_first_version_kept_is_listed_by_this_one(url_of_0001):
    store = await Store.open(url_of_0001)
    generations = await store.read(reads.generations, "p", PageRequest())
    assert [(step.id, step.thread_id, len(step.scores)) for step in generations.rows] == [("s", "t", 1)]
    people = await store.read(participant_list.participants, "p", PageRequest())
    assert [(person.identifier, person.thread_count, person.token_count) for person in people.rows] == [("ann", 1, 7)]
    assert (await store.read(datasets.datasets, "p", PageRequest())).total == 0
    await store.close()
