"""The real SDK collects datasets and runs experiments on them."""

from typing import Any

import pytest
from literalai import LiteralClient
from literalai.evaluation.dataset_experiment import DatasetExperimentItem

from review.store import Store, experiments

MESSAGES = [{"role": "user", "content": "weather in sf?"}]
ANSWER = {"role": "assistant", "content": "sunny"}


def test_a_dataset_is_created_renamed_and_deleted(review: Any) -> None:
    sdk = review.sdk()
    made = sdk.create_dataset(name="cities", description="hard ones", metadata={"v": 1})
    assert (made.name, made.description, made.metadata, made.type, made.items) == (
        "cities",
        "hard ones",
        {"v": 1},
        "key_value",
        [],
    )
    made.update(name="towns")
    assert (made.name, made.description, made.metadata) == ("towns", "hard ones", {"v": 1})
    fetched = sdk.get_dataset(id=made.id)
    assert (fetched.name, fetched.created_at, fetched.items) == ("towns", made.created_at, [])
    made.delete()
    assert sdk.get_dataset(id=made.id) is None


def test_a_dataset_is_known_by_name_and_the_name_is_its_own(review: Any) -> None:
    sdk = review.sdk()
    made = sdk.create_dataset(name="cities", type="generation")
    other = sdk.create_dataset(name="towns")
    assert sdk.get_dataset(name="cities").id == made.id
    assert sdk.get_dataset(id=other.id, name="cities").id == other.id
    assert sdk.get_dataset(name="nothing") is None
    for change in (lambda: sdk.create_dataset(name="cities"), lambda: other.update(name="cities")):
        with pytest.raises(Exception, match="There already is a dataset cities"):
            change()
    other.update(name="towns")
    made.delete()
    sdk.create_dataset(name="cities")


def test_null_clears_a_dataset_s_field_and_absence_keeps_it(review: Any) -> None:
    made = review.sdk().create_dataset(name="cities", description="d", metadata={"v": 1})
    query = (
        "mutation($id: String!) { updateDataset(id: $id, metadata: null, name: null) { name description metadata } }"
    )
    changed = review.ask(query, {"id": made.id}).json()["data"]["updateDataset"]
    assert changed == {"name": "cities", "description": "d", "metadata": {}}


def test_datasets_are_listed_newest_first_by_pages(review: Any) -> None:
    for name in ("b", "a", "c"):
        review.sdk().create_dataset(name=name)
    query = """query($after: ID, $order: DatasetOrderByInput, $filters: [datasetsInputType!]) {
      datasets(first: 2, after: $after, orderBy: $order, filters: $filters) {
        totalCount pageInfo { endCursor hasNextPage } edges { node { name } } } }"""

    def names(**variables: Any) -> tuple[str, dict[str, Any]]:
        page = review.ask(query, variables).json()["data"]["datasets"]
        assert page["totalCount"] >= len(page["edges"])
        return " ".join(edge["node"]["name"] for edge in page["edges"]), page["pageInfo"]

    first, info = names()
    assert (first, info["hasNextPage"]) == ("c a", True)
    assert names(after=info["endCursor"])[0] == "b"
    assert names(order={"column": "name", "direction": "ASC"})[0] == "a b"
    assert names(filters=[{"field": "name", "operator": "in", "value": ["b", "x"]}])[0] == "b"


def test_items_are_made_by_hand_read_and_deleted(review: Any) -> None:
    sdk = review.sdk()
    dataset = sdk.create_dataset(name="cities")
    first = dataset.create_item(input={"q": 1}, expected_output={"a": 1}, metadata={"m": 1})
    second = dataset.create_item(input={"q": 2})
    assert (second.expected_output, second.metadata, second.intermediary_steps) == (None, {}, [])
    assert sdk.get_dataset_item(first.id).to_dict() == first.to_dict()
    assert [item.id for item in sdk.get_dataset(id=dataset.id).items] == [first.id, second.id]
    assert sdk.delete_dataset_item(first.id).input == {"q": 1}
    assert [item.id for item in sdk.get_dataset(name="cities").items] == [second.id]
    query = "query($id: String!) { datasetItem(id: $id) { id } }"
    assert review.ask(query, {"id": first.id}).json() == {"data": {"datasetItem": None}}
    dataset.delete()
    assert review.ask(query, {"id": second.id}).json() == {"data": {"datasetItem": None}}


@pytest.mark.parametrize("thread_id", ["t", None])
def test_a_step_becomes_an_item_with_what_happened_below_it(review: Any, thread_id: str | None) -> None:
    sdk = review.sdk()
    call = {"messages": MESSAGES, "messageCompletion": ANSWER}
    steps: list[Any] = [
        {"id": "run", "type": "run", "name": "agent", "input": {"q": 1}, "output": {"a": 1}, "startTime": "2026-11-20"},
        {"id": "late", "parentId": "run", "type": "tool", "output": "x", "startTime": "2026-11-20T02:00:00Z"},
        {"id": "below", "parentId": "llm", "name": "n", "error": "e", "startTime": "2026-11-20T01:30:00Z"},
        {"id": "llm", "parentId": "run", "type": "llm", "generation": call, "startTime": "2026-11-20T01:00:00Z"},
        {"id": "beside", "type": "tool", "startTime": "2026-11-20T01:00:00Z"},
    ]
    sdk.send_steps([{**step, "threadId": thread_id} for step in steps])
    dataset = sdk.create_dataset(name="cities")
    item = dataset.add_step("run", metadata={"m": 1})
    assert (item.input, item.expected_output, item.metadata) == ({"q": 1}, {"a": 1}, {"m": 1})
    below = item.intermediary_steps
    assert [step["id"] for step in below] == ["llm", "below", "late"]
    assert (below[0]["type"], below[0]["input"], below[0]["output"]) == ("llm", {"messages": MESSAGES}, ANSWER)
    assert (below[1]["name"], below[1]["error"], below[2]["output"]) == ("n", "e", "x")
    alone = dataset.add_step("llm")
    assert (alone.input, alone.expected_output) == ({"messages": MESSAGES}, ANSWER)


@pytest.mark.parametrize("thread_id", ["t", None])
def test_steps_that_are_each_other_s_parents_end_somewhere(review: Any, thread_id: str | None) -> None:
    sdk = review.sdk()
    sdk.send_steps([{"id": a, "parentId": b, "threadId": thread_id} for a, b in ("ab", "ba")])
    item = sdk.create_dataset(name="cities").add_step("a")
    assert [step["id"] for step in item.intermediary_steps] == ["b"]


def test_a_chat_becomes_an_item(review: Any) -> None:
    sdk = review.sdk()
    call = {"type": "CHAT", "model": "m", "messages": MESSAGES, "messageCompletion": ANSWER, "variables": {"x": 1}}
    tools = [{"type": "function", "function": {"name": "weather"}}]
    sdk.send_steps([{"id": "plain", "generation": call}, {"id": "tools", "generation": {**call, "tools": tools}}])
    dataset = sdk.create_dataset(name="cities", type="generation")
    item = dataset.add_generation("plain", metadata={"model": "mine", "more": 1})
    assert (item.input, item.expected_output) == ({"messages": MESSAGES}, ANSWER)
    assert item.metadata == {"promptType": "CHAT", "variables": {"x": 1}, "model": "mine", "more": 1}
    assert dataset.add_generation("tools").input == {"messages": MESSAGES, "tools": tools}


def test_an_item_knows_the_step_it_was_made_of(review: Any) -> None:
    sdk = review.sdk()
    sdk.send_steps([{"id": "s", "generation": {"prompt": "p"}}])
    dataset = sdk.create_dataset(name="cities")
    by_hand = """mutation($id: String!) {
      it: createDatasetItem(datasetId: $id, input: {}, generationId: "of another") { stepId } }"""
    assert review.ask(by_hand, {"id": dataset.id}).json() == {"data": {"it": {"stepId": "of another"}}}
    query = "query($id: String!) { datasetItem(id: $id) { stepId } }"
    for item in (dataset.add_step("s"), dataset.add_generation("s")):
        assert review.ask(query, {"id": item.id}).json() == {"data": {"datasetItem": {"stepId": "s"}}}


def test_a_completion_and_a_call_without_answer_become_items(review: Any) -> None:
    sdk = review.sdk()
    dataset = sdk.create_dataset(name="cities", type="generation")
    sdk.send_steps([{"id": "text", "generation": {"prompt": "p", "completion": "c"}}])
    sdk.send_steps([{"id": "silent", "generation": {"messages": MESSAGES}}, {"id": "none"}])
    item = dataset.add_generation("text")
    assert (item.input, item.expected_output) == ({"prompt": "p"}, {"completion": "c"})
    assert item.metadata == {"promptType": "COMPLETION", "variables": {}}
    assert dataset.add_generation("silent").expected_output == {}
    with pytest.raises(Exception, match="has no generation"):
        dataset.add_generation("none")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ('mutation { createDataset(name: " ") { id } }', "name: must be given"),
        (f'mutation {{ createDataset(name: "{"n" * 1001}") {{ id }} }}', "name: 1001 characters are over the limit"),
        ('mutation { createDataset(name: "n", type: "table") { id } }', "type: must be one of"),
        ('mutation { updateDataset(id: "none", name: "n") { id } }', "There is no dataset none"),
        ('mutation { deleteDataset(id: "none") { id } }', "There is no dataset none"),
        ('mutation { createDatasetItem(datasetId: "none", input: {}) { id } }', "There is no dataset none"),
        ('mutation { deleteDatasetItem(id: "none") { id } }', "There is no dataset item none"),
        ('mutation { addStepToDataset(datasetId: "none", stepId: "none") { id } }', "There is no step none"),
        ('mutation { createDatasetExperiment(name: "n", datasetId: "none") { id } }', "There is no dataset none"),
        ('mutation { createDatasetExperimentItem(datasetExperimentId: "none") { id } }', "There is no experiment none"),
    ],
)
def test_what_can_t_be_done_is_refused_by_name(any_review: Any, query: str, told: str) -> None:
    answer = any_review.ask(query)
    assert 400 <= answer.status_code < 500
    assert told in answer.json()["error"]


def test_an_export_needs_an_id_or_a_name(any_review: Any) -> None:
    answer = any_review.http().post("/api/export/dataset", json={"id": None})
    assert (answer.status_code, answer.json()["detail"]) == (400, "id, name: one of them must be given")
    assert any_review.http().post("/api/export/dataset", json={"id": "none"}).json() == {"data": None}


async def test_an_experiment_s_items_are_scored_and_outlive_its_dataset(review: Any, store_url: str) -> None:
    sdk = review.sdk()
    dataset = sdk.create_dataset(name="cities")
    case = dataset.create_item(input={"q": 1})
    experiment = dataset.create_experiment(name="try", params={"k": 1})
    assert (experiment.dataset_id, experiment.params) == (dataset.id, {"k": 1})
    scores: Any = [{"name": name, "type": "AI", "value": value} for name, value in (("exact", 1), ("kind", 0.5))]
    logged = experiment.log({"datasetItemId": case.id, "input": {"q": 1}, "output": {"a": 1}, "scores": scores})
    assert (logged.dataset_experiment_id, logged.dataset_item_id, logged.output) == (experiment.id, case.id, {"a": 1})
    assert [score["name"] for score in logged.scores] == ["exact", "kind"]
    unscored = experiment.log({"input": {"q": 2}})
    dataset.delete()
    store = await Store.open(store_url)
    kept = await store.read(experiments.experiment, "default", experiment.id)
    assert kept is not None
    assert (kept.name, kept.dataset_id) == ("try", None)
    items = await store.read(experiments.items, "default", experiment.id)
    await store.close()
    assert [(item.id, item.input) for item in items] == [(logged.id, {"q": 1}), (unscored.id, {"q": 2})]
    assert [[(score.name, score.value) for score in item.scores] for item in items] == [
        [("exact", 1), ("kind", 0.5)],
        [],
    ]


def test_an_experiment_needs_no_dataset_and_names_any_variant(review: Any) -> None:
    sdk = review.sdk()
    experiment = sdk.create_experiment(name="free", prompt_variant_id="no variant of ours")
    assert (experiment.dataset_id, experiment.params) == (None, None)
    assert experiment.prompt_variant_id == "no variant of ours"
    listed = sdk.create_experiment(name="free", params=[{"a": 1}])
    assert listed.params == [{"a": 1}]


def test_the_run_of_an_item_arrives_later_in_the_environment_experiment(review: Any) -> None:
    client = LiteralClient(api_key=review.key, url=review.url)
    try:
        experiment = client.api.create_experiment(name="try")
        with client.experiment_item_run():
            item = experiment.log({"input": {"q": 1}, "output": {"a": 1}, "scores": []})
        client.flush()
    finally:
        client.flush_and_stop()
    assert isinstance(item, DatasetExperimentItem)
    run = review.sdk().get_step(item.experiment_run_id)
    assert (run.type, run.environment) == ("run", "experiment")
