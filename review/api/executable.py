"""The schema that is executed: the SDL of the nouns, bound to their resolvers."""

from functools import cache
from pathlib import Path
from typing import Any, Final

from ariadne import (
    load_schema_from_path,  # pyright: ignore[reportUnknownVariableType]  # partly typed in Ariadne
    make_executable_schema,
)
from ariadne.utils import convert_camel_case_to_snake
from graphql import GraphQLField, GraphQLFieldResolver, GraphQLSchema

from review.api import (
    attachment,
    dataset,
    experiment,
    generation,
    participant,
    prompt,
    scalars,
    score,
    step,
    thread,
)
from review.api.access import Info

SDL_FOLDER: Final = Path(__file__).parent / "schema"

_NOUNS: Final = (scalars, step, thread, participant, generation, score, attachment, dataset, experiment, prompt)

_FIELD_PATH: Final = 2
"""How long the path to a field is, for Ariadne's name converter; an argument's is longer."""


@cache
def executable_schema() -> GraphQLSchema:
    """The schema; reads the SDL files, so not to be called for the first time on an event loop."""
    schema = make_executable_schema(
        load_schema_from_path(SDL_FOLDER),
        *(bindable for noun in _NOUNS for bindable in noun.bindables),
        convert_names_case=_attribute_of_field,
    )
    for root in (schema.query_type, schema.mutation_type):
        for field in root.fields.values() if root else ():
            _guard_project(field)
    return schema


def _attribute_of_field(name: str, _: GraphQLSchema, path: tuple[str, ...]) -> str:
    # Arguments keep the wire's names: `review.ingest.literal` reads them like any other payload.
    return convert_camel_case_to_snake(name) if len(path) == _FIELD_PATH else name


def _guard_project(field: GraphQLField) -> None:
    """Makes every operation that takes a `projectId` refuse another project's, so that none can forget to."""
    resolve: GraphQLFieldResolver | None = field.resolve
    if "projectId" not in field.args or resolve is None:
        return

    def guarded(source: Any, info: Info, **arguments: Any) -> Any:
        caller = info.context
        caller.must_be_in(arguments.pop("projectId", None))
        return resolve(source, info, **arguments)

    field.resolve = guarded
