"""Documents are parsed once, and what is kept of them is bounded."""

import pytest
from graphql import GraphQLSchema
from literalai.api.helpers import gql

from review.api.documents import Documents
from review.api.executable import executable_schema


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return executable_schema()


async def test_a_document_asked_for_again_is_the_same(schema: GraphQLSchema) -> None:
    documents = Documents(schema)
    first = await documents.prepared(gql.GET_THREAD)
    assert first.document
    assert await documents.prepared(gql.GET_THREAD) is first


async def test_a_batch_is_kept_as_its_plan_and_not_as_a_document(schema: GraphQLSchema) -> None:
    prepared = await Documents(schema).prepared(gql.steps_query_builder([{}] * 100))
    assert prepared.plan is not None
    assert len(prepared.plan) == 100
    assert prepared.document is None


async def test_the_document_used_longest_ago_is_dropped_first(schema: GraphQLSchema) -> None:
    documents = Documents(schema, max_documents=2)
    thread, step = await documents.prepared(gql.GET_THREAD), await documents.prepared(gql.GET_STEP)
    assert await documents.prepared(gql.GET_THREAD) is thread
    await documents.prepared(gql.GET_THREADS)
    assert await documents.prepared(gql.GET_THREAD) is thread
    assert await documents.prepared(gql.GET_STEP) is not step


async def test_the_texts_that_are_kept_are_bounded_together(schema: GraphQLSchema) -> None:
    documents = Documents(schema, max_chars=len(gql.GET_THREAD) + len(gql.GET_STEP))
    thread, step = await documents.prepared(gql.GET_THREAD), await documents.prepared(gql.GET_STEP)
    assert await documents.prepared(gql.GET_STEP) is step
    assert await documents.prepared(gql.GET_THREAD) is thread
    assert not (await documents.prepared(gql.GET_THREADS)).errors
    assert await documents.prepared(gql.GET_STEP) is not step


async def test_a_document_with_errors_is_not_kept_and_says_where_they_are(schema: GraphQLSchema) -> None:
    documents = Documents(schema)
    refused = await documents.prepared("query {\n  nonsense\n}")
    [error] = refused.errors
    assert [(place.line, place.column) for place in error.locations or ()] == [(2, 3)]
    assert await documents.prepared("query {\n  nonsense\n}") is not refused


@pytest.mark.parametrize("text", ["mutation A", "query { }}", "{ } { }", "subscription { }", ""])
async def test_only_an_empty_selection_asks_nothing(schema: GraphQLSchema, text: str) -> None:
    prepared = await Documents(schema).prepared(text)
    assert prepared.errors
    assert prepared.plan is None
