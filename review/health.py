"""Whether the app is alive, and whether it can work."""

from starlette.requests import Request
from starlette.responses import Response

from review.context import review_of
from review.store.keys import projects
from review.wire import JsonResponse


async def livez(_: Request) -> Response:
    """`GET /livez`: the process answers."""
    return JsonResponse({"status": "alive"})


async def readyz(request: Request) -> Response:
    """`GET /readyz`: the database answers, too."""
    await review_of(request).store.read(projects)
    return JsonResponse({"status": "ready"})
