"""The walk over all operations with another project's key: it sees nothing of ours, and changes nothing."""

from typing import Any

from review.api.executable import executable_schema

OPERATIONS = {
    "step": '{ it: step(id: "s") { id } }',
    "threadDetail": '{ it: threadDetail(id: "t") { id } }',
    "generation": '{ it: generation(id: "s") { id } }',
    "attachment": '{ it: attachment(id: "a") { id } }',
    "participant": '{ it: participant(identifier: "ada") { id } }',
    "steps": "{ it: steps { totalCount edges { node { id } } } }",
    "scores": "{ it: scores { totalCount edges { node { id } } } }",
    "threads": "{ it: threads { totalCount edges { node { id } } } }",
    "deleteStep": 'mutation { it: deleteStep(id: "s") { id } }',
    "deleteThread": 'mutation { it: deleteThread(id: "t") { id } }',
    "deleteScore": 'mutation { it: deleteScore(id: "c") { id } }',
    "deleteAttachment": 'mutation { it: deleteAttachment(id: "a") { id } }',
    "deleteParticipant": "mutation($p: String!) { it: deleteParticipant(id: $p) { id } }",
    "updateStep": 'mutation { it: updateStep(id: "s", name: "stolen") { id } }',
    "updateThread": 'mutation { it: updateThread(id: "t", name: "stolen") { id } }',
    "updateScore": 'mutation { it: updateScore(id: "c", value: 0) { id } }',
    "updateAttachment": 'mutation { it: updateAttachment(id: "a", name: "stolen") { id } }',
    "updateParticipant": 'mutation($p: String!) { it: updateParticipant(id: $p, identifier: "stolen") { id } }',
    "ingestStep": 'mutation { it: ingestStep(id: "s", threadId: "t", name: "stolen") { ok } }',
    "upsertThread": 'mutation { it: upsertThread(id: "t", name: "stolen") { id } }',
    "createScore": 'mutation { it: createScore(name: "stolen", type: "AI", value: 0, stepId: "s") { id } }',
    "createAttachment": 'mutation { it: createAttachment(name: "stolen", stepId: "s", url: "u") { id } }',
    "createGeneration": 'mutation { it: createGeneration(generation: {id: "s", model: "stolen"}) { id } }',
    "createStep": 'mutation { it: createStep(name: "stolen", threadId: "t") { id } }',
    "createThread": 'mutation { it: createThread(name: "stolen", participantId: "ada") { id } }',
    "createParticipant": 'mutation { it: createParticipant(identifier: "ada", metadata: {stolen: true}) { id } }',
    "generations": "{ it: generations { totalCount edges { node { id } } } }",
    "participants": "{ it: participants { totalCount edges { node { id } } } }",
    "datasets": "{ it: datasets { totalCount edges { node { id } } } }",
    "datasetItem": "query($i: String!) { it: datasetItem(id: $i) { id } }",
    "createDataset": 'mutation { it: createDataset(name: "cases", description: "stolen") { id } }',
    "updateDataset": 'mutation($d: String!) { it: updateDataset(id: $d, name: "stolen") { id } }',
    "deleteDataset": "mutation($d: String!) { it: deleteDataset(id: $d) { id } }",
    "createDatasetItem": "mutation($d: String!) { it: createDatasetItem(datasetId: $d, input: {}) { id } }",
    "deleteDatasetItem": "mutation($i: String!) { it: deleteDatasetItem(id: $i) { id } }",
    "addStepToDataset": 'mutation($d: String!) { it: addStepToDataset(datasetId: $d, stepId: "s") { id } }',
    "addGenerationToDataset": """
      mutation($d: String!) { it: addGenerationToDataset(datasetId: $d, generationId: "s") { id } }""",
    "createDatasetExperiment": """
      mutation($d: String!) { it: createDatasetExperiment(name: "stolen", datasetId: $d) { id } }""",
    "createDatasetExperimentItem": """
      mutation($e: String!) { it: createDatasetExperimentItem(datasetExperimentId: $e) { id } }""",
    "promptLineage": '{ it: promptLineage(name: "prompt") { id } }',
    "promptVersion": "query($v: String!) { it: promptVersion(id: $v) { id } }",
    "promptLineageRollout": """
      { it: promptLineageRollout(lineageName: "prompt") { totalCount edges { node { version } } } }""",
    "updatePromptLineageRollout": """
      mutation { it: updatePromptLineageRollout(name: "prompt", rollouts: [{version: 0, rollout: 1}]) { id: ok } }""",
    "promotePromptVersion": "mutation($l: String!) { it: promotePromptVersion(lineageId: $l, version: 0) { id } }",
    "createPromptLineage": 'mutation { it: createPromptLineage(name: "prompt", description: "stolen") { id } }',
    "createPromptVersion": """
      mutation($l: String!) { it: createPromptVersion(lineageId: $l, templateMessages: ["stolen"]) { id } }""",
    "createPromptExperiment": """
      mutation($l: String!) { it: createPromptExperiment(fromLineageId: $l, templateMessages: ["stolen"]) { id } }""",
}
LISTS = {
    *("steps", "threads", "scores", "generations", "participants"),
    *("datasets", "promptLineageRollout"),
}
NEEDS_OURS = {
    *("updateStep", "updateThread", "updateScore", "updateAttachment", "updateParticipant"),
    *("updateDataset", "deleteDataset", "createDatasetItem", "deleteDatasetItem"),
    *("addStepToDataset", "addGenerationToDataset", "createDatasetExperiment", "createDatasetExperimentItem"),
    *("createPromptVersion", "promotePromptVersion"),
}
"""What can't be done without something of ours, which is not found."""
EVERYTHING = """
query($i: String!, $v: String!) {
  threadDetail(id: "t") {
    name participant { id identifier metadata threadCount }
    steps { id name scores { id name value } attachments { id name } generation { model } }
  }
  threads { totalCount }
  steps { totalCount }
  scores { totalCount }
  generations { totalCount }
  participants { totalCount }
  datasets { totalCount edges { node { id name description } } }
  datasetItem(id: $i) { id input }
  promptVersion(id: $v) { version templateMessages lineage { id name championId } }
  latest: promptVersion(name: "prompt", version: 1) { id }
  promptLineageRollout(lineageName: "prompt") { edges { node { version rollout } } }
}
"""


def test_every_operation_is_walked() -> None:
    schema = executable_schema()
    assert schema.query_type
    assert schema.mutation_type
    assert {*schema.query_type.fields, *schema.mutation_type.fields} == OPERATIONS.keys()


def _ours(review: Any) -> dict[str, str]:
    """Something of everything, and the ids by which a stranger asks for it."""
    sdk = review.sdk()
    sdk.upsert_thread(id="t", name="mine", participant_id="ada")
    score, attachment = {"id": "c", "name": "n", "type": "HUMAN", "value": 1}, {"id": "a", "name": "file", "url": "u"}
    sdk.send_steps(
        [{"id": "s", "threadId": "t", "scores": [score], "attachments": [attachment], "generation": {"model": "m"}}]
    )
    dataset = sdk.create_dataset(name="cases")
    return {
        "p": sdk.get_user(identifier="ada").id,
        "d": dataset.id,
        "i": dataset.create_item(input={"q": 1}).id,
        "e": dataset.create_experiment(name="try").id,
        "v": sdk.get_or_create_prompt(name="prompt", template_messages=[{"role": "user", "content": "hi"}]).id,
        "l": sdk.get_or_create_prompt_lineage(name="prompt")["id"],
    }


def test_another_project_s_key_sees_and_changes_nothing(review: Any) -> None:
    ids = _ours(review)
    before = review.ask(EVERYTHING, ids).json()
    assert "errors" not in before
    stranger = review.http(review.key_of_another_project())
    # Reads come first: some writes make something of the stranger's own.
    for name, text in sorted(OPERATIONS.items(), key=lambda operation: "mutation" in operation[1]):
        answer = stranger.post("/api/graphql", json={"query": text, "variables": ids}).json()
        if name in LISTS:
            assert answer["data"]["it"] == {"totalCount": 0, "edges": []}, name
        elif name in NEEDS_OURS:
            assert answer["errors"][0]["extensions"]["code"] == "not_found", name
        elif name == "updatePromptLineageRollout":
            assert answer["data"]["it"] == {"id": False}
        elif not name.startswith(("create", "delete", "upsert", "ingest")):
            assert answer["data"]["it"] is None, name
        assert review.ask(EVERYTHING, ids).json() == before, name


def test_another_project_s_key_exports_no_dataset_of_ours(review: Any) -> None:
    ids = _ours(review)
    stranger = review.http(review.key_of_another_project())
    for asked in ({"id": ids["d"]}, {"name": "cases"}):
        assert stranger.post("/api/export/dataset", json=asked).json() == {"data": None}
