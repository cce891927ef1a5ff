"""The real SDK writes to a real server over a real socket, and reads back what it wrote."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from literalai import LiteralClient
from literalai.observability.generation import ChatGeneration, CompletionGeneration
from literalai.observability.step import Attachment, Score

CHAT: dict[str, Any] = {
    "type": "CHAT",
    "provider": "openai",
    "model": "gpt",
    "settings": {"temperature": 0.5},
    "messages": [{"role": "user", "content": "weather in sf?"}],
    "messageCompletion": {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function"}]},
    "tools": [{"type": "function", "function": {"name": "weather"}}],
    "inputTokenCount": 30,
    "outputTokenCount": 12,
    "tokenCount": 42,
    "ttFirstToken": 120.5,
    "duration": 1.5,
}


@contextlib.contextmanager
def client_of(review: Any, **options: Any) -> Iterator[LiteralClient]:
    """A whole client, whose background thread is ended with the test."""
    client = LiteralClient(api_key=review.key, url=review.url, **options)
    try:
        yield client
    finally:
        client.flush_and_stop()


def test_my_project_is_that_of_the_key(review: Any) -> None:
    assert review.sdk().get_my_project_id() == "default"


def test_a_decorated_program_is_recorded_as_a_thread(review: Any) -> None:
    with client_of(review) as client:

        @client.step(type="tool", name="weather")
        def weather(city: str) -> str:
            return f"sunny in {city}"

        @client.step(type="run", name="agent")
        def agent(question: str) -> str:
            with client.step(type="llm", name="gpt") as step:
                step.generation = ChatGeneration(
                    provider="openai", model="gpt", messages=[{"role": "user", "content": question}], token_count=42
                )
            return weather("sf")

        with client.thread(thread_id="thread 1", name="Weather", tags=["demo"], metadata={"release": "1"}):
            client.message(content="weather in sf?", type="user_message", name="ada")
            agent("weather in sf?")
            client.message(content="sunny in sf", type="assistant_message", name="bot")
        client.flush()

        thread = client.api.get_thread("thread 1")
        assert thread is not None
        assert (thread.name, thread.tags, thread.metadata) == ("Weather", ["demo"], {"release": "1"})
        steps = {step.name: step for step in thread.steps or []}
        assert [step.type for step in thread.steps or []] == [
            "user_message",
            "run",
            "llm",
            "tool",
            "assistant_message",
        ]
        assert steps["gpt"].parent_id == steps["weather"].parent_id == steps["agent"].id
        assert steps["agent"].parent_id is None
        assert steps["weather"].input == {"city": "sf"}
        assert steps["weather"].output == {"content": "sunny in sf"}
        assert steps["gpt"].generation.token_count == 42
        assert steps["gpt"].generation.messages == [{"role": "user", "content": "weather in sf?"}]


def test_a_batch_stored_twice_is_stored_once(review: Any) -> None:
    sdk = review.sdk()
    steps: list[Any] = [{"id": f"s{n}", "threadId": "t", "type": "tool", "name": f"tool {n}"} for n in range(5)]
    for _ in range(2):
        assert list(sdk.send_steps(steps)["data"]) == ["step0", "step1", "step2", "step3", "step4"]
    assert len(sdk.get_thread("t").steps) == 5


def test_a_late_null_never_erases_what_was_given(review: Any) -> None:
    sdk = review.sdk()
    first = {
        "id": "s",
        "threadId": "t",
        "name": "n",
        "input": {"q": 1},
        "tags": ["a"],
        "generation": CHAT,
        "type": "llm",
    }
    sdk.send_steps([first])
    nulls = dict.fromkeys(("threadId", "parentId", "name", "input", "output", "tags", "generation", "error", "type"))
    sdk.make_gql_call("resend", *again({"id": "s", "scores": [], "attachments": [], **nulls}))
    step = sdk.get_step("s")
    assert (step.thread_id, step.name, step.input, step.tags) == ("t", "n", {"q": 1}, ["a"])
    assert step.generation.model == "gpt"


def again(step: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The SDK's own document with nulls it would have dropped, as the TypeScript SDK sends them."""
    from literalai.api.helpers import gql

    return gql.steps_query_builder([step]), {f"{name}_0": value for name, value in step.items()}


def test_a_generation_reads_back_as_it_was_sent(review: Any) -> None:
    sdk = review.sdk()
    sdk.send_steps([{"id": "llm", "type": "llm", "name": "gpt", "generation": CHAT}])
    generation = sdk.get_step("llm").generation
    assert isinstance(generation, ChatGeneration)
    assert {key: value for key, value in generation.to_dict().items() if key in CHAT} == CHAT


def test_a_message_of_another_client_does_not_break_the_page(review: Any) -> None:
    """The SDK validates what it fetches; a newer role or an image URL as text would lose it the whole thread."""
    messages = [
        {"role": "developer", "content": "be kind"},
        {"role": "user", "content": [{"type": "image_url", "image_url": "https://a.test/b.png"}, {"type": "audio"}]},
        {"role": "robot", "content": {"parts": []}, "tool_calls": "none"},
        "just text",
    ]
    odd = {"messages": messages, "settings": ["list"], "tools": "none", "variables": [], "messageCompletion": "hi"}
    sdk = review.sdk()
    sdk.send_steps([{"id": "llm", "threadId": "t", "type": "llm", "generation": odd}])
    [step] = sdk.get_thread("t").steps
    assert [message["role"] for message in step.generation.messages] == ["system", "user", "user", "user"]
    assert step.generation.messages[1]["content"][0]["image_url"] == {"url": "https://a.test/b.png"}
    assert step.generation.settings is None
    as_it_is = review.ask('{ step(id: "llm") { generation { messages settings } } }').json()["data"]["step"][
        "generation"
    ]
    assert as_it_is == {"messages": messages, "settings": ["list"]}


def test_scores_and_attachments_travel_with_their_step(review: Any) -> None:
    sdk = review.sdk()
    score = Score(
        id="score 1",
        name="user-feedback",
        type="HUMAN",
        value=1,
        step_id=None,
        dataset_experiment_item_id=None,
        comment="good",
        tags=None,
    )
    attachment = Attachment(id="file 1", name="a.png", mime="image/png", url="https://a.test/a.png", metadata={"w": 1})
    sdk.send_steps([{"id": "s", "threadId": "t", "scores": [score.to_dict()], "attachments": [attachment.to_dict()]}])
    sdk.send_steps([{"id": "s", "scores": [], "attachments": []}])
    [step] = sdk.get_thread("t").steps
    [kept] = step.scores
    assert (kept.id, kept.name, kept.type, kept.value, kept.comment) == ("score 1", "user-feedback", "HUMAN", 1, "good")
    [file] = step.attachments
    assert (file.id, file.name, file.url, file.metadata) == ("file 1", "a.png", "https://a.test/a.png", {"w": 1})
    assert (file.step_id, file.thread_id) == ("s", "t")


def test_the_environment_is_that_of_the_request_and_stays(review: Any) -> None:
    review.sdk(environment="staging").send_steps([{"id": "s", "name": "first"}])
    review.sdk().send_steps([{"id": "s", "name": "second"}])
    step = review.sdk().get_step("s")
    assert (step.name, step.environment) == ("second", "staging")


def test_what_does_not_exist_is_none(review: Any) -> None:
    sdk = review.sdk()
    assert sdk.get_step("nobody") is None
    assert sdk.get_thread("nobody") is None
    assert sdk.get_attachment("nobody") is None
    assert sdk.get_user(identifier="nobody") is None


def test_threads_are_listed_newest_first_by_pages(review: Any) -> None:
    sdk = review.sdk()
    for number in range(5):
        sdk.upsert_thread(id=f"t{number}", name=f"thread {number}")
        sdk.send_steps([{"id": f"s{number}", "threadId": f"t{number}", "type": "run"}])
    first = sdk.get_threads(first=2)
    assert [thread.id for thread in first.data] == ["t4", "t3"]
    assert first.total_count == 5
    assert first.page_info.has_next_page
    second = sdk.get_threads(first=3, after=first.page_info.end_cursor)
    assert [thread.id for thread in second.data] == ["t2", "t1", "t0"]
    assert not second.page_info.has_next_page
    assert [step.id for step in second.data[0].steps or []] == ["s2"]
    before = sdk.get_threads(first=2, before=second.page_info.start_cursor)
    assert [thread.id for thread in before.data] == ["t4", "t3"]


def test_threads_keep_only_the_types_of_steps_asked_for(review: Any) -> None:
    sdk = review.sdk()
    sdk.send_steps([{"id": "a", "threadId": "t", "type": "run"}, {"id": "b", "threadId": "t", "type": "user_message"}])
    [thread] = sdk.get_threads(step_types_to_keep=["user_message"]).data
    assert [step.id for step in thread.steps or []] == ["b"]


def test_the_light_list_serves_chainlit_s_sidebar(review: Any) -> None:
    """Its three filters at once, as Chainlit's data layer sends them (literal-api.md §4.13)."""
    sdk = review.sdk()
    ada = sdk.create_user("ada")
    for name in ("good", "bad"):
        sdk.upsert_thread(id=name, participant_id=ada.id)
        sdk.send_steps([{"id": f"of {name}", "threadId": name, "output": {"content": f"A {name} ANSWER"}}])
        sdk.create_score(step_id=f"of {name}", name="user-feedback", type="HUMAN", value=1 if name == "good" else 0)
    found = sdk.list_threads(
        first=10,
        filters=[
            {"field": "participantId", "operator": "eq", "value": ada.id},
            {"field": "stepOutput", "operator": "ilike", "value": "answer", "path": "content"},
            {"field": "scoreValue", "operator": "eq", "value": 1, "path": "user-feedback"},
        ],
        order_by={"column": "createdAt", "direction": "DESC"},
    )
    [thread] = found.data
    assert (thread.id, thread.participant_identifier) == ("good", "ada")


def test_steps_are_filtered_by_tag(review: Any) -> None:
    sdk = review.sdk()
    sdk.send_steps([{"id": "a", "tags": ["x", "y"]}, {"id": "b", "tags": ["z"]}, {"id": "c"}])
    found = sdk.get_steps(first=10, filters=[{"field": "tags", "operator": "in", "value": ["y", "q"]}])
    assert [step.id for step in found.data] == ["a"]
    assert found.total_count == 1


def test_a_thread_is_created_changed_and_deleted(review: Any) -> None:
    sdk = review.sdk()
    thread = sdk.create_thread(name="new", metadata={"a": 1}, tags=["x"], participant_id="ada")
    assert thread.participant_identifier == "ada"
    assert thread.participant_id == sdk.get_user(identifier="ada").id
    changed = sdk.update_thread(id=thread.id, tags=["y"])
    assert (changed.name, changed.metadata, changed.tags) == ("new", {"a": 1}, ["y"])
    assert changed.created_at == thread.created_at
    assert sdk.delete_thread(thread.id)
    assert sdk.get_thread(thread.id) is None


def test_updating_a_thread_that_does_not_exist_is_an_error(review: Any) -> None:
    with pytest.raises(Exception, match="not_found"):
        review.sdk().update_thread(id="nobody", name="n")


def test_null_clears_a_thread_s_field_and_absence_keeps_it(review: Any) -> None:
    review.sdk().upsert_thread(id="t", name="n", tags=["a"], metadata={"k": 1})
    cleared = review.ask('mutation { upsertThread(id: "t", name: null) { name tags metadata } }').json()
    assert cleared == {"data": {"upsertThread": {"name": None, "tags": ["a"], "metadata": {"k": 1}}}}


def test_a_step_is_created_changed_and_deleted(review: Any) -> None:
    sdk = review.sdk()
    step = sdk.create_step(name="made", type="tool", input={"q": 1}, metadata={"m": 1}, tags=["a"])
    assert step.created_at
    changed = sdk.update_step(id=step.id, tags=["b"])
    assert (changed.name, changed.type, changed.input, changed.tags) == ("made", "tool", {"q": 1}, ["b"])
    assert (changed.thread_id, changed.parent_id) == (None, None)
    assert sdk.delete_step(step.id)
    assert sdk.get_step(step.id) is None


def test_a_generation_alone_is_a_step_of_type_llm(review: Any) -> None:
    sdk = review.sdk()
    made = sdk.create_generation(CompletionGeneration(prompt="p", completion="c", model="m", tags=["a"], duration=2.0))
    assert isinstance(made, CompletionGeneration)
    step = sdk.get_step(made.id)
    assert (step.type, step.thread_id, step.tags, step.generation.completion) == ("llm", None, ["a"], "c")


def test_a_participant_is_created_once_changed_and_deleted(review: Any) -> None:
    sdk = review.sdk()
    ada = sdk.create_user("ada")
    assert ada.metadata == {}
    assert sdk.create_user("ada", metadata={"role": "admin"}).id == ada.id
    assert sdk.get_user(identifier="ada").metadata == {"role": "admin"}
    assert sdk.update_user(id=ada.id, metadata={"role": "user"}).identifier == "ada"
    sdk.upsert_thread(id="t", participant_id="ada")
    assert sdk.delete_user(ada.id) == ada.id
    assert sdk.get_user(id=ada.id) is None
    assert sdk.get_thread("t").participant_id is None
    with pytest.raises(Exception, match="not_found"):
        sdk.update_user(id=ada.id, metadata={})


def test_scores_are_created_changed_and_deleted(review: Any) -> None:
    sdk = review.sdk()
    sdk.send_steps([{"id": "s"}])
    score = sdk.create_score(step_id="s", name="user-feedback", type="HUMAN", value=0, comment="bad", tags=["t"])
    assert (score.name, score.value, score.step_id, score.comment, score.tags) == (
        "user-feedback",
        0,
        "s",
        "bad",
        ["t"],
    )
    assert sdk.update_score(id=score.id, update_params={"value": 1}).comment == "bad"
    assert sdk.update_score(id=score.id, update_params={"value": 1, "comment": None}).comment is None
    sdk.delete_score(score.id)
    assert not sdk.get_step("s").scores


def test_scores_are_listed_with_their_step_s_thread_and_filtered(review: Any) -> None:
    sdk = review.sdk()
    for number, person in enumerate(("ada", "bob", "ada")):
        sdk.upsert_thread(id=f"t{number}", participant_id=person)
        sdk.send_steps([{"id": f"s{number}", "threadId": f"t{number}"}])
        sdk.create_score(step_id=f"s{number}", name="quality", type="AI", value=number, tags=[f"tag{number}"])
    sdk.create_score(dataset_experiment_item_id="item", name="orphan", type="CODE", value=1)

    def found(field: str, operator: str, value: Any) -> list[str]:
        filters: Any = [{"field": field, "operator": operator, "value": value}]
        return [score.step_id for score in sdk.get_scores(filters=filters).data]

    assert found("name", "eq", "quality") == ["s2", "s1", "s0"]
    assert found("value", "gte", 1) == [None, "s2", "s1"]
    assert found("type", "neq", "AI") == [None]
    assert found("tags", "in", ["tag0", "tag1"]) == ["s1", "s0"]
    assert found("participant", "in", ["ada"]) == ["s2", "s0"]
    assert found("participant", "nin", ["ada"]) == [None, "s1"]
    assert found("comment", "is", None) == [None, "s2", "s1", "s0"]
    assert sdk.get_scores(first=1).total_count == 4
    query = "{ scores(first: 2) { edges { node { step { thread { id participant { identifier } } } } } } }"
    nodes = [edge["node"] for edge in review.ask(query).json()["data"]["scores"]["edges"]]
    assert nodes == [{"step": None}, {"step": {"thread": {"id": "t2", "participant": {"identifier": "ada"}}}}]


def test_a_batch_of_scores_comes_back_in_order(review: Any) -> None:
    made = review.sdk().create_scores(
        [{"name": name, "type": "CODE", "value": 0.5, "stepId": "s", "scorer": "me"} for name in ("b", "a")]
    )
    assert [(score["name"], score["scorer"]) for score in made] == [("b", "me"), ("a", "me")]


def test_an_empty_batch_is_no_error(review: Any) -> None:
    sdk = review.sdk()
    assert sdk.create_scores([]) == []
    assert sdk.send_steps([]) == {"data": {}}


def test_an_attachment_by_url_is_created_changed_and_deleted(review: Any) -> None:
    sdk = review.sdk()
    sdk.send_steps([{"id": "s", "threadId": "t"}])
    made = sdk.create_attachment(step_id="s", url="https://a.test/a", name="a", metadata={"k": 1})
    assert (made.thread_id, made.step_id, made.url) == ("t", "s", "https://a.test/a")
    renamed = sdk.update_attachment(id=made.id, update_params={"name": "b"})
    assert (renamed.name, renamed.metadata) == ("b", {"k": 1})
    sdk.delete_attachment(made.id)
    assert sdk.get_attachment(made.id) is None


def test_steps_that_start_at_the_same_instant_are_in_order_of_their_arrival(review: Any) -> None:
    """TypeScript's clock has milliseconds only: an answer often starts at the instant of its question."""
    sdk = review.sdk()
    for step_id in ("z question", "a answer"):
        sdk.send_steps([{"id": step_id, "threadId": "t", "startTime": "2026-11-20T12:00:00.000Z"}])
    assert [step.id for step in sdk.get_thread("t").steps] == ["z question", "a answer"]
