"""Who may read the pages: the guard before each of them, the sign-in form, and the link with `?token=`."""

import logging
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from review.auth import is_same_origin
from review.context import review_of
from review.dashboard.error_pages import error_response
from review.dashboard.pages import SignInPage
from review.dashboard.render import PRIVATE_HEADERS, page_response, urls_of, wants_json
from review.dashboard.urls import safe_path, with_query
from review.errors import Forbidden, ReviewError, Unauthorized

logger = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]

SEE_OTHER: Final = 303
_REFUSED_LINK: Final = "That token isn't right. Copy it again from where the server was started."
_REFUSED: Final = "That isn't right. Copy the token again from where the server was started."
_REFUSED_BOTH: Final = "That is neither the token nor the password."


def for_people(endpoint: Endpoint) -> Endpoint:
    """Lets signed-in people through to a page, signs in by `?token=`, and sends everybody else to sign in."""

    @wraps(endpoint)
    async def guarded(request: Request) -> Response:
        token = request.query_params.get("token")
        if token is not None:
            return await _by_link(request, token)
        if review_of(request).sign_in.knows(request):
            return await endpoint(request)
        if wants_json(request):
            raise Unauthorized("Sign in first: open any page with ?token=…")
        return _redirect(urls_of(request).login(then=_here(request)))

    return with_error_pages(guarded)


def with_error_pages(endpoint: Endpoint) -> Endpoint:
    """Turns what goes wrong into a page; where JSON is asked for, the app's own handlers answer."""

    @wraps(endpoint)
    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Exception as error:
            if wants_json(request):
                raise
            if not isinstance(error, ReviewError):
                logger.exception("a page failed")
            return await error_response(request, error)

    return answered


async def login_form(request: Request) -> Response:
    """GET /login: the form, or, with a token in the address, straight in."""
    token = request.query_params.get("token")
    if token is not None:
        return await _by_link(request, token)
    return await _form(request, then=request.query_params.get("next", ""))


async def login(request: Request) -> Response:
    """POST /login: in, or the form again with what was wrong."""
    _refuse_other_sites(request)
    async with request.form(max_files=0, max_fields=4) as form:
        secret, then = str(form.get("secret", "")).strip(), str(form.get("next", ""))
    sign_in = review_of(request).sign_in
    if sign_in.accepts_token(secret) or sign_in.accepts_password(secret):
        return _signed_in(request, safe_path(then))
    wrong = _REFUSED_BOTH if sign_in.has_password else _REFUSED
    return await _form(request, then=then, problem=wrong)


async def logout(request: Request) -> Response:
    """POST /logout: out, and back to the form."""
    _refuse_other_sites(request)
    response = _redirect(urls_of(request).login())
    review_of(request).sign_in.forget(request, response)
    return response


async def _by_link(request: Request, token: str) -> Response:
    """Signs in by the token in the address, and goes on to the same address without it."""
    here = _here(request)
    if here.startswith("/login"):
        here = request.query_params.get("next", "")
    if review_of(request).sign_in.accepts_token(token):
        return _signed_in(request, safe_path(here))
    return await _form(request, then=here, problem=_REFUSED_LINK)


async def _form(request: Request, *, then: str, problem: str | None = None) -> Response:
    has_password = review_of(request).sign_in.has_password
    page = SignInPage(next=safe_path(then), has_password=has_password, problem=problem)
    return await page_response(request, page, project=None, status=401 if problem else 200)


def _signed_in(request: Request, then: str) -> Response:
    response = _redirect(urls_of(request).root + then)
    review_of(request).sign_in.remember(request, response)
    return response


def _redirect(url: str) -> Response:
    return RedirectResponse(url, SEE_OTHER, PRIVATE_HEADERS)


def _here(request: Request) -> str:
    """The path and query of this request as seen from the app's own root, without the token."""
    path = quote(request.scope["path"].removeprefix(request.scope.get("root_path", "")))
    return with_query(path, {name: value for name, value in request.query_params.items() if name != "token"})


def _refuse_other_sites(request: Request) -> None:
    if not is_same_origin(request):
        raise Forbidden("This form was sent from another site.")
