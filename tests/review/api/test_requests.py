"""What no SDK sends on purpose: other people's keys, bodies that are none, documents of our own."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from literalai.api.helpers import gql

from settings import ReviewSettings

THREAD = 'query { threadDetail(id: "t") { id name steps { id } } }'


def test_a_wrong_key_is_told_to_every_client(any_review: Any) -> None:
    """TypeScript reads `errors`, LiteLLM the status, Python prints the body (literal-api.md §1.4)."""
    for key in ("lsk_wrong", ""):
        answer = any_review.http().post("/api/graphql", json={"query": THREAD}, headers={"x-api-key": key})
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["www-authenticate"]
        assert answer.json()["errors"][0]["message"] == answer.json()["error"]
    with pytest.raises(Exception, match="API key is missing or wrong"):
        any_review.sdk("lsk_wrong").get_thread("t")


def test_a_wrong_key_of_a_rest_route_is_a_problem(any_review: Any) -> None:
    answer = any_review.http().post("/api/my-project", json={}, headers={"x-api-key": "lsk_wrong"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unauthorized"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", "must be a JSON object"),
        (b'"query"', "must be a JSON object"),
        (b"{}", "query: must be the text"),
        (b'{"query": 1}', "query: must be the text"),
        (b'{"query": "{ step(id: 1) { id } }", "variables": []}', "variables: must be an object"),
        (b'{"query": "{ step(id: "}', "Syntax Error"),
        (b'{"query": "{ nonsense }"}', "Cannot query field 'nonsense'"),
        (b'{"query": "query($id: String!) { step(id: $id) { id } }"}', "non-null type 'String!'"),
        (b'{"query": "{ threads(first: -1) { totalCount } }"}', "first: must not be negative"),
        (b'{"query": "{ threads(cursorAnchor: \\"soon\\") { totalCount } }"}', "cursorAnchor: is not a time"),
        (b'{"query": "{ threads(filters: [{field: \\"id\\"}]) { totalCount } }"}', "filters: each must be an object"),
        (
            b'{"query": "{ threads(orderBy: {column: \\"createdAt\\", direction: 1}) { totalCount } }"}',
            "orderBy: must be",
        ),
        (b'{"query": "{ threads(projectId: \\"other\\") { totalCount } }"}', "another project"),
        (
            b'{"query": "mutation { createScore(name: \\"n\\", type: \\"GOD\\", value: 1) { id } }"}',
            "type: must be one of",
        ),
        (
            b'{"query": "mutation { createScore(name: \\"n\\", type: \\"AI\\", value: 1) { id } }"}',
            "one of them must be",
        ),
    ],
)
def test_a_request_that_fails_as_a_whole_has_a_status_and_says_why(any_review: Any, body: bytes, told: str) -> None:
    answer = any_review.http().post("/api/graphql", content=body)
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/json"
    assert told in answer.json()["errors"][0]["message"]
    assert answer.json()["error"] == answer.json()["errors"][0]["message"]


def test_get_is_answered_with_json(any_review: Any) -> None:
    answer = any_review.http().get("/api/graphql")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert "POST" in answer.json()["error"]


def test_a_body_over_the_limit_is_refused_in_json(serve: Callable[[ReviewSettings], Any]) -> None:
    review = serve(ReviewSettings(max_ingest_bytes=1_000_000))
    client = review.http()
    padding = "x" * 1_000_000
    for content in (
        json.dumps({"query": THREAD, "padding": padding}).encode(),
        (chunk.encode() for chunk in (padding, padding)),  # chunked: the length is not declared
    ):
        answer = client.post("/api/graphql", content=content)
        assert answer.status_code == 413
        assert "over the limit of 1000000 bytes" in answer.json()["errors"][0]["message"]


def test_two_slashes_are_as_good_as_one(any_review: Any) -> None:
    """TypeScript and LiteLLM keep the slash at the end of the base URL."""
    answer = any_review.http().post(f"{any_review.url}//api/graphql", json={"query": THREAD})
    assert answer.json() == {"data": {"threadDetail": None}}
    assert any_review.http().post(f"{any_review.url}//api/my-project", json={}).json() == {"projectId": "default"}


def test_one_step_that_can_t_be_stored_is_refused_alone(review: Any) -> None:
    """The others of its batch are stored; the answer says which one and why."""
    steps: list[Any] = [{"id": "a", "threadId": "t"}, {"id": "b"}, {"id": "c", "threadId": "t"}]
    variables = gql.steps_variables_builder(steps)
    variables["metadata_1"] = {"k": "x" * 2_000_000}
    answer = review.ask(gql.steps_query_builder(steps), variables)
    assert answer.status_code == 200
    outcomes = answer.json()["data"]
    assert [outcome["ok"] for outcome in outcomes.values()] == [True, False, True]
    assert "metadata" in outcomes["step1"]["message"]
    assert [step["id"] for step in review.ask(THREAD).json()["data"]["threadDetail"]["steps"]] == ["a", "c"]


def test_ingesting_beside_other_operations_works_as_well(review: Any) -> None:
    ingest, upsert = (
        'ingestStep(id: "s", threadId: "t", tags: "one") { ok }',
        'upsertThread(id: "t", name: "n") { name }',
    )
    answer = review.ask(f"mutation {{ a: {ingest} {upsert} }}")
    assert answer.json() == {"data": {"a": {"ok": True}, "upsertThread": {"name": "n"}}}
    assert review.ask('{ step(id: "s") { tags } }').json()["data"]["step"] == {"tags": ["one"]}


def test_litellm_s_batch_of_512_steps_is_stored(review: Any) -> None:
    """One document with 8,192 variables, times without a zone, generations without a type."""
    steps: list[Any] = [
        {
            "id": f"chatcmpl-{number}",
            "threadId": "litellm",
            "type": "llm",
            "name": "gpt",
            "startTime": f"2026-11-20 12:00:{number % 60:02}.{number:06}",
            "endTime": "2026-11-20 12:01:00",
            "metadata": {},
            "generation": {
                "model": "gpt",
                "messages": [{"role": "user", "content": "hi"}],
                "tokenCount": 2,
                "tools": None,
            },
        }
        for number in range(512)
    ]
    answer = review.ask(gql.steps_query_builder(steps), gql.steps_variables_builder(steps), x_client_name="litellm")
    assert answer.status_code == 200
    assert [*answer.json()["data"]] == [f"step{number}" for number in range(512)]
    assert all(outcome["ok"] for outcome in answer.json()["data"].values())
    thread = review.ask('{ threadDetail(id: "litellm") { tokenCount duration steps { generation { type } } } }').json()
    thread = thread["data"]["threadDetail"]
    assert (len(thread["steps"]), thread["tokenCount"], thread["duration"]) == (512, 1024, 60.0)
    assert {step["generation"]["type"] for step in thread["steps"]} == {"CHAT"}


def test_undeclared_variables_and_trailing_commas_are_tolerated(any_review: Any) -> None:
    query = "mutation Add($id_0: String!, $name_0: String,) { s: ingestStep(id: $id_0, name: $name_0,) { ok, ok } }"
    assert any_review.ask(query, {"id_0": "s", "name_0": "n", "createdAt_0": 1, "environment_0": "x"}).json() == {
        "data": {"s": {"ok": True}}
    }


@pytest.mark.parametrize(
    "text", ["mutation CreateScores() {\n }", "mutation AddStep() {  }", "query{}", "mutation A {,}"]
)
def test_a_document_that_asks_nothing_is_answered_with_nothing(any_review: Any, text: str) -> None:
    answer = any_review.ask(text)
    assert (answer.status_code, answer.json()) == (200, {"data": {}})


def test_nul_is_stripped_from_text_and_json(review: Any) -> None:
    review.sdk().send_steps([{"id": "s\x00", "name": "n\x00m", "input": {"k\x00": "v\x00"}, "tags": ["t\x00"]}])
    assert review.ask('{ step(id: "s") { name input tags } }').json()["data"]["step"] == {
        "name": "nm",
        "input": {"k": "v"},
        "tags": ["t"],
    }


def test_times_are_answered_in_utc_with_milliseconds(review: Any) -> None:
    review.sdk().send_steps([{"id": "s", "startTime": "2026-11-20T13:00:00.123456+01:00"}])
    step = review.ask('{ step(id: "s") { startTime endTime createdAt } }').json()["data"]["step"]
    assert (step["startTime"], step["endTime"]) == ("2026-11-20T12:00:00.123Z", None)
    assert step["createdAt"].endswith("Z")


def test_a_step_knows_its_thread_and_participant(review: Any) -> None:
    review.sdk().upsert_thread(id="t", name="n", participant_id="ada")
    review.sdk().send_steps([{"id": "s", "threadId": "t"}, {"id": "alone"}])
    answer = review.ask('{ step(id: "s") { thread { id participant { identifier } } } }').json()["data"]["step"]
    assert answer == {"thread": {"id": "t", "participant": {"identifier": "ada"}}}
    more = review.ask('{ step(id: "s") { thread { name steps { id } } } }').json()["data"]["step"]
    assert more == {"thread": {"name": "n", "steps": [{"id": "s"}]}}
    assert review.ask('{ step(id: "alone") { thread { id } } }').json()["data"]["step"] == {"thread": None}
