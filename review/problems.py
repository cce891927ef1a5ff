"""Errors of the routes that don't speak GraphQL, as `application/problem+json` (RFC 9457)."""

import math
from http import HTTPStatus
from typing import cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from review.errors import Busy, ReviewError, Unauthorized
from review.wire import JsonResponse


class ProblemResponse(JsonResponse):
    """A problem in the shape of RFC 9457."""

    media_type = "application/problem+json"


def problem(request: Request, status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    """An error as the caller sees it."""
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "code": code,
    }
    return ProblemResponse(content, status_code=status, headers=headers)


def headers_of(error: ReviewError) -> dict[str, str]:
    """The headers that belong to an error, whatever its body looks like."""
    match error:
        case Unauthorized():
            return {"WWW-Authenticate": 'ApiKey header="x-api-key"'}
        case Busy():
            return {"Retry-After": str(math.ceil(error.retry_after))}
        case _:
            return {}


async def review_error(request: Request, error: Exception) -> Response:
    """Answers an error of ours."""
    ours = cast("ReviewError", error)
    return problem(request, ours.status, ours.code, ours.message, headers_of(ours))


async def http_error(request: Request, error: Exception) -> Response:
    """Answers an error of the framework: no such page, wrong method."""
    http = cast("HTTPException", error)
    code = HTTPStatus(http.status_code).name.lower()
    return problem(request, http.status_code, code, http.detail, dict(http.headers or {}))


async def fault(request: Request, _: Exception) -> Response:
    """Answers a fault of ours without telling its secrets; Starlette raises it again, so the log has the traceback."""
    return problem(request, 500, "internal", "The server failed; its log says why")
