"""Every document the SDK ships is valid under our SDL, and its batches are planned."""

import re
from collections.abc import Iterator

import pytest
from graphql import GraphQLSchema, parse, validate
from literalai.api.helpers import gql
from literalai.api.helpers.score_helpers import create_scores_query_builder

from review.api.batch import plan_of
from review.api.executable import executable_schema


def documents() -> Iterator[tuple[str, str]]:
    for name, text in vars(gql).items():
        if isinstance(text, str) and re.match(r"\s*(query|mutation)", text):
            yield name, text
    for size in (1, 5, 512):
        yield f"steps_{size}", gql.steps_query_builder([{}] * size)
    for size in (1, 3):
        yield f"scores_{size}", create_scores_query_builder([{}] * size)  # type: ignore[typeddict-item]


DOCUMENTS = dict(documents())


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return executable_schema()


def test_the_sdk_still_ships_what_it_did() -> None:
    assert len(DOCUMENTS) >= 44


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_of_the_sdk_is_valid(schema: GraphQLSchema, name: str) -> None:
    assert not validate(schema, parse(DOCUMENTS[name]))


@pytest.mark.parametrize("size", [1, 5, 512])
def test_a_batch_of_the_sdk_has_a_plan(size: int) -> None:
    plan = plan_of(parse(DOCUMENTS[f"steps_{size}"]))
    assert plan is not None
    assert [step.key for step in plan] == [f"step{number}" for number in range(size)]
    assert plan[-1].variable_of["threadId"] == f"threadId_{size - 1}"


@pytest.mark.parametrize(
    "text",
    [
        'mutation { ingestStep(id: "literal") { ok } }',
        'mutation($id: String! = "x") { ingestStep(id: $id) { ok } }',
        "mutation($id: String!) { ingestStep(id: $id) { ok } deleteStep(id: $id) { id } }",
        "mutation($id: String!) { ingestStep(id: $id) { ok } ingestStep(id: $id) { message } }",
        "mutation($id: String!, $no: Boolean!) { ingestStep(id: $id) @skip(if: $no) { ok } }",
        "mutation($id: String!) { ingestStep(id: $id, colour: $id) { ok } }",
        "mutation($id: String!) { ingestStep(id: $other) { ok } }",
        "mutation($id: String!) { ingestStep(threadId: $id) { ok } }",
        "mutation($id: String!) { ingestStep(id: $id) }",
        "mutation($id: String!) { ingestStep(id: $id) { nonsense } }",
        "query($id: String!) { step(id: $id) { id } }",
        "mutation A { deleteStep(id: 1) { id } } mutation B { deleteStep(id: 1) { id } }",
    ],
)
def test_anything_else_goes_the_general_way(text: str) -> None:
    assert plan_of(parse(text)) is None
