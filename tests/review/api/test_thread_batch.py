"""Many threads in one document: one transaction, and the same answers as one by one."""

from typing import Any

import pytest
from graphql import parse

from review.api.thread_batch import thread_plan_of


def batch(count: int, *, asking: str = "id") -> str:
    declared = " ".join(f"$id_{n}: String! $name_{n}: String $tags_{n}: [String!]" for n in range(count))
    fields = " ".join(
        f"thread{n}: upsertThread(id: $id_{n} name: $name_{n} tags: $tags_{n}) {{ {asking} }}" for n in range(count)
    )
    return f"mutation M({declared}) {{ {fields} }}"


def names(review: Any, *ids: str) -> list[str | None]:
    threads = (review.ask(f'{{ threadDetail(id: "{id_}") {{ name }} }}').json()["data"]["threadDetail"] for id_ in ids)
    return [thread and thread["name"] for thread in threads]


def test_a_batch_of_threads_is_stored_and_answered_in_its_order(review: Any) -> None:
    variables = {f"id_{n}": f"t{9 - n}" for n in range(10)} | {f"name_{n}": f"name {n}" for n in range(10)}
    answer = review.ask(batch(10), variables)
    assert list(answer.json()["data"].items()) == [(f"thread{n}", {"id": f"t{9 - n}"}) for n in range(10)]
    assert names(review, "t0", "t9") == ["name 9", "name 0"]


def test_what_is_absent_leaves_and_null_clears_as_with_one_thread(review: Any) -> None:
    review.ask(batch(1), {"id_0": "t", "name_0": "first", "tags_0": ["x"]})
    review.ask(batch(1), {"id_0": "t"})
    assert names(review, "t") == ["first"]
    review.ask(batch(1), {"id_0": "t", "name_0": None})
    thread = review.ask('{ threadDetail(id: "t") { name tags } }').json()["data"]["threadDetail"]
    assert thread == {"name": None, "tags": ["x"]}


def test_the_later_of_two_updates_of_one_thread_wins(review: Any) -> None:
    review.ask(batch(2), {"id_0": "t", "name_0": "first", "id_1": "t", "name_1": "second"})
    assert names(review, "t") == ["second"]


def test_a_thread_that_can_not_be_stored_costs_none_of_the_others(review: Any) -> None:
    variables = {"id_0": "good", "name_0": "kept", "id_1": "x" * 2000, "id_2": "fine", "name_2": "kept too"}
    answer = review.ask(batch(3), variables).json()
    assert [error["path"] for error in answer["errors"]] == [["thread1"]]
    assert answer["data"] == {"thread0": {"id": "good"}, "thread1": None, "thread2": {"id": "fine"}}
    assert names(review, "good", "fine") == ["kept", "kept too"]


@pytest.mark.parametrize(
    "text",
    [
        batch(2, asking="id name"),
        "mutation($id: String!) { upsertThread(id: $id) { id } ingestStep(id: $id) { ok } }",
        "mutation($id: String!) { updateThread(id: $id) { id } }",
        'mutation { upsertThread(id: "literal") { id } }',
        "query($id: String!) { threadDetail(id: $id) { id } }",
    ],
)
def test_any_other_document_has_no_plan(text: str) -> None:
    assert thread_plan_of(parse(text)) is None
