"""A list costs the same number of statements for one row as for many."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from literalai.api.helpers import gql
from sqlalchemy import Engine, event


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """What the store's readers send; its writer indexes for the search when it pleases."""
    sent: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        if threading.current_thread().name.startswith("review-reader"):
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    "document",
    [
        *("GET_THREADS", "LIST_THREADS", "GET_STEPS", "GET_SCORES", "GET_THREAD"),
        *("GET_GENERATIONS", "GET_PARTICIPANTS"),
    ],
)
def test_a_read_costs_the_same_for_one_row_as_for_many(any_review: Any, statements: list[str], document: str) -> None:
    sdk = any_review.sdk()

    def cost() -> int:
        statements.clear()
        variables = {"id": "t0"} if document == "GET_THREAD" else {"first": 50}
        answer = any_review.ask(getattr(gql, document), variables)
        assert "errors" not in answer.json()
        return len(statements)

    def add(number: int) -> None:
        thread = "t0" if document == "GET_THREAD" else f"t{number}"
        sdk.upsert_thread(id=thread, participant_id=f"p{number}")
        score = {"name": "n", "type": "AI", "value": 1}
        file = {"name": "f", "url": "u"}
        step = {"id": f"s{number}", "threadId": thread, "scores": [score], "attachments": [file]}
        sdk.send_steps([{**step, "generation": {"model": "m"}}])

    add(0)
    for_one = cost()
    for number in range(1, 10):
        add(number)
    assert cost() == for_one > 0
