"""The routes beside GraphQL."""

from starlette.requests import Request
from starlette.responses import Response

from review.api.access import caller_of
from review.wire import JsonResponse


async def my_project(request: Request) -> Response:
    """`POST /api/my-project`: the project of the key. Chainlit asks at each page start."""
    caller = await caller_of(request)
    return JsonResponse({"projectId": caller.project_id})
