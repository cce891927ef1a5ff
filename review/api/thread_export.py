"""`POST /api/export/threads`: numbered pages of whole threads, for the Python SDK up to 0.0.3xx (§1.1, §8)."""

import math
from collections.abc import Mapping
from functools import cache
from inspect import isawaitable
from typing import Any, Final, cast

from graphql import (
    DocumentNode,
    execute,  # pyright: ignore[reportUnknownVariableType]  # partly typed in graphql-core
    parse,
)
from starlette.requests import Request
from starlette.responses import Response

from review.api.access import Caller, caller_of
from review.api.executable import executable_schema
from review.errors import Refused, ReviewError
from review.ingest import coerce
from review.wire import JsonResponse, read_object

_THREADS_A_PAGE: Final = 50
_FIELD_OF_OLD: Final = {
    "createdAt": "createdAt",
    "afterCreatedAt": "createdAt",
    "beforeCreatedAt": "createdAt",
    "environment": "environment",
    "feedbacksValue": "scoreValue",
    "participantsIdentifier": "participantIdentifiers",
    "search": "stepOutput",
}
"""What that SDK could filter by, as our lists call it."""
_OPERATOR_OF_OLD: Final = {"like": "ilike", "nlike": "nilike"}
_PAGE: Final = """
query ExportThreads($first: Int, $skip: Int, $cursorAnchor: DateTime, $filters: [ThreadsInputType!]) {
  threads(first: $first, skip: $skip, cursorAnchor: $cursorAnchor, filters: $filters) {
    pageInfo { hasNextPage hasPreviousPage }
    totalCount
    edges { node {
      id name metadata tags createdAt tokenCount duration
      participant { id identifier metadata }
      steps {
        id threadId rootRunId parentId startTime endTime createdAt type error input output metadata environment name
        tags
        scores { id type name value comment }
        generation {
          type provider model error settings variables tags tools prompt completion messages messageCompletion
          tokenCount inputTokenCount outputTokenCount ttFirstToken tokenThroughputInSeconds duration
        }
        attachments { id stepId threadId metadata mime name objectKey url }
      }
    } }
  }
}
"""


async def export_threads(request: Request) -> Response:
    """One page; it has these five keys and no other, because the SDK makes a dataclass of them."""
    caller = await caller_of(request)
    body = await read_object(request)
    number = coerce.count(body.get("page")) or 1
    if number < 1:
        raise Refused("page: pages are counted from 1")
    variables = {
        "first": _THREADS_A_PAGE,
        "skip": (number - 1) * _THREADS_A_PAGE,
        "cursorAnchor": body.get("cursorAnchor"),
        "filters": _filters(body.get("filters")),
    }
    found = await _answered(caller, variables)
    return JsonResponse(
        {
            "totalCount": found["totalCount"],
            "totalPage": math.ceil(found["totalCount"] / _THREADS_A_PAGE),
            "hasNextPage": found["pageInfo"]["hasNextPage"],
            "hasPreviousPage": found["pageInfo"]["hasPreviousPage"],
            "data": [edge["node"] for edge in found["edges"]],
        }
    )


async def _answered(caller: Caller, variables: Mapping[str, Any]) -> Mapping[str, Any]:
    """The page as GraphQL has it: a thread is the same whichever way it is asked for."""
    result = execute(executable_schema(), _document(), context_value=caller, variable_values=dict(variables))
    result = await result if isawaitable(result) else result
    if result.data is None or result.errors:
        cause = result.errors[0].original_error if result.errors else None
        raise cause if isinstance(cause, ReviewError) else RuntimeError("threads could not be exported") from cause
    return cast("Mapping[str, Any]", result.data["threads"])


@cache
def _document() -> DocumentNode:
    return parse(_PAGE, no_location=True)


def _filters(given: Any) -> list[Any]:
    """Filters in the old form, an object with a condition a field; or in that of our lists."""
    if not isinstance(given, dict):
        return given or []
    filters: list[dict[str, Any]] = []
    for name, condition in cast("dict[str, Any]", given).items():
        match condition:
            case None:
                pass
            case {"operator": str(operator), "value": value} if name in _FIELD_OF_OLD:
                operator = _OPERATOR_OF_OLD.get(operator, operator)
                filters.append({"field": _FIELD_OF_OLD[name], "operator": operator, "value": value})
            case _:
                raise Refused(f"filters: {name} can't be used; there are {', '.join(_FIELD_OF_OLD)}")
    return filters
