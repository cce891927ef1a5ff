"""A step the database itself refuses, for a reason nobody thought of, costs none of the others of its batch."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from literalai.api.helpers import gql
from sqlalchemy import text

from review.store import Store

REFUSE = {
    "sqlite": """CREATE TRIGGER no_poison BEFORE INSERT ON step WHEN new.name = 'poison'
                 BEGIN SELECT RAISE(ABORT, 'poisoned'); END""",
    "postgresql": "ALTER TABLE step ADD CONSTRAINT no_poison CHECK (name <> 'poison')",
}
ALLOW = {"sqlite": "DROP TRIGGER no_poison", "postgresql": "ALTER TABLE step DROP CONSTRAINT no_poison"}


@pytest.fixture
async def no_poison(review: Any, store_url: str) -> AsyncIterator[None]:
    """The database refuses steps of that name."""
    store = await Store.open(store_url)
    await store.write(lambda conn: conn.execute(text(REFUSE[store.engine])))
    yield
    await store.write(lambda conn: conn.execute(text(ALLOW[store.engine])))
    await store.close()


@pytest.mark.usefixtures("no_poison")
@pytest.mark.parametrize("poisoned", [{3}, {0, 1, 8}, set(range(9))])
async def test_what_the_database_refuses_is_refused_alone(review: Any, poisoned: set[int]) -> None:
    steps: list[Any] = [
        {"id": f"s{number}", "threadId": "t", "name": "poison" if number in poisoned else "good"} for number in range(9)
    ]
    answer = review.ask(gql.steps_query_builder(steps), gql.steps_variables_builder(steps))
    assert answer.status_code == 200
    outcomes = list(answer.json()["data"].values())
    assert {number for number, outcome in enumerate(outcomes) if not outcome["ok"]} == poisoned
    assert {outcome["message"] for outcome in outcomes if not outcome["ok"]} == {
        "The server can't store this step; its log says why"
    }
    thread = review.ask('{ threadDetail(id: "t") { steps { id } } }').json()["data"]["threadDetail"]
    kept = {step["id"] for step in thread["steps"]} if thread else set()
    assert kept == {f"s{number}" for number in range(9) if number not in poisoned}


async def test_what_is_no_step_s_fault_fails_the_request(any_review: Any) -> None:
    """The client has to try again, so it must not hear that the steps are refused."""
    store = await Store.open(any_review.database)
    await store.write(lambda conn: conn.execute(text("ALTER TABLE step RENAME TO elsewhere")))
    await store.close()
    answer = any_review.ask('mutation { ingestStep(id: "s") { ok } }')
    assert answer.status_code == 500
    assert answer.json()["errors"][0]["extensions"]["code"] == "internal"
