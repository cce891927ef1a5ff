"""Pages of whole threads over REST, as the Python SDK up to 0.0.3xx asks for them."""

from typing import Any

import httpx
import pytest


def page(review: Any, **body: Any) -> httpx.Response:
    return review.http().post("/api/export/threads", json=body)


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [thread["id"] for thread in answer.json()["data"]]


def test_a_page_has_five_keys_and_whole_threads(review: Any) -> None:
    sdk = review.sdk()
    sdk.upsert_thread(id="t", name="Weather", tags=["a"], participant_id="ada")
    sdk.send_steps([{"id": "s", "threadId": "t", "type": "run", "output": {"content": "mild"}}])
    sdk.create_score(step_id="s", name="user-feedback", type="HUMAN", value=1)
    answer = page(review)
    assert answer.json().keys() == {"totalCount", "totalPage", "hasNextPage", "hasPreviousPage", "data"}
    assert (answer.json()["totalCount"], answer.json()["totalPage"], answer.json()["hasNextPage"]) == (1, 1, False)
    [thread] = answer.json()["data"]
    assert (thread["name"], thread["tags"], thread["participant"]["identifier"]) == ("Weather", ["a"], "ada")
    [step] = thread["steps"]
    assert (step["id"], step["output"], step["scores"][0]["value"]) == ("s", {"content": "mild"}, 1)


def test_nothing_is_a_page_too(any_review: Any) -> None:
    assert page(any_review).json() == {
        "totalCount": 0,
        "totalPage": 0,
        "hasNextPage": False,
        "hasPreviousPage": False,
        "data": [],
    }


def test_pages_are_counted_from_one_and_stay_where_they_are_under_an_anchor(review: Any) -> None:
    review.sdk().send_steps([{"id": f"s{n}", "threadId": f"t{n:03}"} for n in range(120)])
    newest = review.ask("{ threads(first: 1) { edges { node { createdAt } } } }").json()
    anchor = newest["data"]["threads"]["edges"][0]["node"]["createdAt"].replace("Z", "999Z")
    review.sdk().upsert_thread(id="came later")
    pages = [page(review, page=number, cursorAnchor=anchor) for number in (1, 2, 3, 4)]
    assert [len(ids(answer)) for answer in pages] == [50, 50, 20, 0]
    assert len({thread_id for answer in pages for thread_id in ids(answer)} - {"came later"}) == 120
    assert [(answer.json()["hasPreviousPage"], answer.json()["hasNextPage"]) for answer in pages] == [
        (False, True),
        (True, True),
        (True, False),
        (True, False),
    ]
    assert pages[0].json()["totalPage"] == 3
    assert ids(page(review))[0] == "came later"


def test_the_old_filters_are_understood(review: Any) -> None:
    sdk = review.sdk()
    for name, value in (("good", 1), ("bad", 0)):
        sdk.upsert_thread(id=name, participant_id=f"of {name}")
        sdk.send_steps([{"id": name, "threadId": name, "output": {"content": f"A {name} ANSWER"}}])
        sdk.create_score(step_id=name, name="user-feedback", type="HUMAN", value=value)

    def found(**filters: Any) -> list[str]:
        return ids(page(review, filters=filters))

    assert found(feedbacksValue={"operator": "in", "value": [1]}, createdAt=None) == ["good"]
    assert found(participantsIdentifier={"operator": "in", "value": ["of bad"]}) == ["bad"]
    assert found(search={"operator": "like", "value": "good answer"}) == ["good"]
    assert found(afterCreatedAt={"operator": "gt", "value": "2999-01-01"}) == []
    assert found(beforeCreatedAt={"operator": "lt", "value": "2999-01-01"}) == ["bad", "good"]
    assert ids(page(review, filters=[{"field": "id", "operator": "eq", "value": "good"}])) == ["good"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"page": -1}, "page: "),
        ({"filters": {"colour": {"operator": "eq", "value": 1}}}, "filters: colour"),
        ({"filters": {"search": "x"}}, "filters: search"),
        ({"cursorAnchor": "noon"}, "cursorAnchor: "),
    ],
)
def test_what_can_t_be_used_is_refused_by_name(any_review: Any, body: dict[str, Any], told: str) -> None:
    answer = page(any_review, **body)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(told)


def test_it_needs_a_key_and_shows_its_project_only(any_review: Any) -> None:
    any_review.sdk().upsert_thread(id="mine")
    assert httpx.post(f"{any_review.url}/api/export/threads", json={}).status_code == 401
    stranger = any_review.http(any_review.key_of_another_project())
    assert stranger.post("/api/export/threads", json={}).json()["data"] == []
