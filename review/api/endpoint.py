"""`POST /api/graphql`: who asks, what they ask, and the answer in the form every client can read."""

import logging
from collections.abc import Mapping, Sequence
from inspect import isawaitable
from typing import Any, cast

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    execute,  # pyright: ignore[reportUnknownVariableType]  # partly typed in graphql-core
)
from starlette.requests import Request
from starlette.responses import Response

from review.api.access import Caller, caller_of
from review.api.batch import carry_out
from review.api.documents import Documents
from review.api.thread_batch import carry_out_threads
from review.errors import Refused, ReviewError
from review.problems import headers_of
from review.wire import JsonResponse, read_object

logger = logging.getLogger(__name__)

_FAULT = "The server failed; its log says why"


class GraphQLEndpoint:
    """Answers GraphQL over POST, always with JSON.

    A request that fails as a whole gets a 4xx or 5xx, since LiteLLM looks at nothing else, with the `errors` TypeScript
    wants and an `error` for people (literal-api.md §1.4). One step of a batch that fails does not fail the request.
    """

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._documents = Documents(schema)

    async def __call__(self, request: Request) -> Response:
        """Answers one request."""
        if request.method != "POST":
            return _failure(405, "method_not_allowed", "GraphQL is answered over POST only", {"Allow": "POST"})
        try:
            caller = await caller_of(request)
            return await self._answer(caller, await read_object(request))
        except ReviewError as error:
            return _failure(error.status, error.code, error.message, headers_of(error))
        except Exception:
            logger.exception("a GraphQL request failed")
            return _failure(500, ReviewError.code, _FAULT)

    async def _answer(self, caller: Caller, body: Mapping[str, Any]) -> Response:
        text, variables = body.get("query"), body.get("variables")
        if not isinstance(text, str):
            raise Refused("query: must be the text of a GraphQL document")
        if not isinstance(variables, dict | None):
            raise Refused("variables: must be an object")
        values = cast("dict[str, Any]", variables or {})
        prepared = await self._documents.prepared(text)
        if prepared.plan is not None:
            return JsonResponse({"data": await carry_out(prepared.plan, caller, values)})
        if prepared.thread_plan and (data := await carry_out_threads(prepared.thread_plan, caller, values)):
            return JsonResponse({"data": data})
        if prepared.document is None:
            return _refusal(prepared.errors)
        result = execute(
            self._schema,
            prepared.document,
            context_value=caller,
            variable_values=values,
            operation_name=body.get("operationName"),
        )
        return _result(await result if isawaitable(result) else result)


def _result(result: ExecutionResult) -> Response:
    if not result.errors:
        return JsonResponse({"data": result.data})
    if not any(value is not None for value in (result.data or {}).values()):
        return _refusal(result.errors)
    return JsonResponse({"data": result.data, "errors": [_formatted(error) for error in result.errors]})


def _refusal(errors: Sequence[GraphQLError]) -> Response:
    """Nothing of the document could be answered: the first error decides the status."""
    first = _cause(errors[0])
    formatted = [_formatted(error) for error in errors]
    return JsonResponse(
        {"errors": formatted, "error": formatted[0]["message"], "data": None},
        status_code=first.status,
        headers=headers_of(first),
    )


def _failure(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    content = {"errors": [{"message": message, "extensions": {"code": code}}], "error": message}
    return JsonResponse(content, status_code=status, headers=headers)


def _formatted(error: GraphQLError) -> dict[str, Any]:
    cause = _cause(error)
    if cause.status == ReviewError.status:
        logger.error("a GraphQL resolver failed", exc_info=error.original_error)
    return {**error.formatted, "message": cause.message, "extensions": {"code": cause.code}}


def _cause(error: GraphQLError) -> ReviewError:
    """The error in our family: a resolver's own, a document's fault, or a fault of ours, which is masked."""
    match error.original_error:
        case ReviewError() as ours:
            return ours
        case None | GraphQLError():
            return Refused(error.message)
        case _:
            return ReviewError(_FAULT)
