"""Errors as pages: what happened, and what to do now. Programs get problem+json instead (review/problems.py)."""

from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from review import problems
from review.context import review_of
from review.dashboard.pages import ErrorPage
from review.dashboard.render import page_response
from review.errors import NotFound, ReviewError

_ADVICE: Final = {
    HTTPStatus.BAD_REQUEST: "The link may be old or cut short. Start again from the list.",
    HTTPStatus.FORBIDDEN: "Go back, reload the page and try once more.",
    HTTPStatus.NOT_FOUND: (
        "Threads arrive in the background: one that was just recorded may need a moment, so reload the page. "
        "It may also have been deleted."
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: "Too much is arriving at once. Wait a moment, then reload the page.",
}
_TITLES: Final = {
    HTTPStatus.BAD_REQUEST: "That link doesn't work",
    HTTPStatus.FORBIDDEN: "Not allowed",
    HTTPStatus.NOT_FOUND: "Not found",
    HTTPStatus.SERVICE_UNAVAILABLE: "Busy",
}
_OUR_FAULT: Final = ErrorPage(
    status=500,
    title="Something went wrong here",
    detail="This page could not be made. The server's log says why.",
    advice="Reload the page. If it stays so, the log of the server is the place to look.",
)


async def http_error(request: Request, error: Exception) -> Response:
    """Answers an error of the framework (no such page, wrong method): people get a page, programs a problem."""
    is_lost = isinstance(error, HTTPException) and error.status_code == HTTPStatus.NOT_FOUND
    if is_lost and "text/html" in request.headers.get("accept", ""):
        return await error_response(request, NotFound("There is no page at this address."))
    return await problems.http_error(request, error)


async def error_response(request: Request, error: Exception) -> Response:
    """The page for an error of ours, with its status; any other exception tells nothing of itself."""
    review = review_of(request)
    page, headers = _OUR_FAULT, {}
    if isinstance(error, ReviewError):
        status = HTTPStatus(error.status)
        headers = problems.headers_of(error)
        page = ErrorPage(
            status=status,
            title=_TITLES.get(status, status.phrase),
            detail=error.message,
            advice=_ADVICE.get(status, "Start again from the list."),
        )
    project = review.project.name if review.sign_in.knows(request) else None
    response = await page_response(request, page, project=project, status=page.status)
    response.headers.update(headers)
    return response
