"""The real SDK lists generations and users."""

from typing import Any

from literalai.observability.generation import ChatGeneration


def test_the_newest_generation_is_listed_first_under_its_step_s_id(review: Any) -> None:
    sdk = review.sdk()
    sdk.send_steps([{"id": "old", "type": "llm", "generation": {"model": "m"}}, {"id": "no call", "type": "run"}])
    made = sdk.create_generation(
        ChatGeneration(provider="p", model="new", messages=[{"role": "user", "content": "hi"}], tags=["t"])
    )
    found = sdk.get_generations(first=1)
    [newest] = found.data
    assert (newest.id, newest.model, newest.tags) == (made.id, "new", ["t"])
    assert (found.total_count, found.page_info.has_next_page) == (2, True)
    second = sdk.get_generations(first=5, after=found.page_info.end_cursor)
    assert [generation.id for generation in second.data] == ["old"]


def test_generations_are_filtered_and_ordered(review: Any) -> None:
    sdk = review.sdk()
    for number, model in enumerate(("b", "a", "c")):
        generation = {"model": model, "tokenCount": number}
        sdk.send_steps([{"id": model, "threadId": "t", "type": "llm", "generation": generation}])
    sdk.upsert_thread(id="t", participant_id="ann")
    filters: Any = [
        {"field": "tokenCount", "operator": "lt", "value": 2},
        {"field": "participant", "operator": "in", "value": ["ann"]},
    ]
    found = sdk.get_generations(filters=filters, order_by={"column": "model", "direction": "ASC"})
    assert [generation.model for generation in found.data] == ["a", "b"]


def test_a_generation_of_the_list_knows_its_step_thread_and_person(review: Any) -> None:
    review.sdk().upsert_thread(id="t", participant_id="ann")
    review.sdk().send_steps([{"id": "s", "threadId": "t", "generation": {"prompt": "p"}}])
    query = (
        "{ generations { edges { node { projectId stepId type step { thread { participant { identifier } } } } } } }"
    )
    [edge] = review.ask(query).json()["data"]["generations"]["edges"]
    thread = {"participant": {"identifier": "ann"}}
    assert edge["node"] == {"projectId": "default", "stepId": "s", "type": "COMPLETION", "step": {"thread": thread}}


def test_an_odd_message_does_not_break_the_page_of_the_python_sdk(review: Any) -> None:
    odd = {"messages": [{"role": "developer", "content": {"no": "text"}}], "settings": ["list"]}
    review.sdk().send_steps([{"id": "s", "type": "llm", "generation": odd}])
    [generation] = review.sdk().get_generations().data
    assert generation.messages[0]["role"] == "system"


def test_users_are_listed_and_filtered(review: Any) -> None:
    sdk = review.sdk()
    for name in ("ann", "bob"):
        sdk.create_user(name, metadata={"first": name[0]})
    sdk.send_steps([{"id": "s", "threadId": "t", "generation": {"tokenCount": 9}}])
    sdk.upsert_thread(id="t", participant_id="ann")
    found = sdk.get_users(first=1)
    assert [user.identifier for user in found.data] == ["bob"]
    assert (found.total_count, found.page_info.has_next_page) == (2, True)
    met: Any = [{"field": "threadCount", "operator": "gt", "value": 0}]
    [ann] = sdk.get_users(filters=met).data
    assert (ann.identifier, ann.metadata) == ("ann", {"first": "a"})


def test_a_participant_met_anywhere_knows_what_the_list_says(review: Any) -> None:
    review.sdk().send_steps([{"id": "s", "threadId": "t", "startTime": "2026-11-20T12:00:00Z"}])
    review.sdk().upsert_thread(id="t", participant_id="ann")
    asked = "participant { lastEngaged threadCount tokenCount }"
    for query in (f'{{ threadDetail(id: "t") {{ {asked} }} }}', f'{{ step(id: "s") {{ thread {{ {asked} }} }} }}'):
        answer = review.ask(query).json()["data"]
        person = (answer.get("threadDetail") or answer["step"]["thread"])["participant"]
        assert person == {"lastEngaged": "2026-11-20T12:00:00.000Z", "threadCount": 1, "tokenCount": None}
