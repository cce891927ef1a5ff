"""Errors on the wire: problem+json (RFC 9457), one shape for every route, no traceback and no secret in it."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from agent.errors import ProviderError
from agent.messages import InvalidHistory

logger = logging.getLogger("agent")


def problem(
    request: Request, status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any
) -> JSONResponse:
    """One error as `type, title, status, detail, instance, code, request_id` and whatever names the fault."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "code": code,
    }
    if request_id := getattr(request.state, "request_id", None):
        body["request_id"] = request_id
    return JSONResponse(body | more, status, headers, media_type="application/problem+json")


async def _invalid_history(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, InvalidHistory)  # noqa: S101  # what the handler is registered for
    where = "message_history" if error.index is None else f"message_history[{error.index}]"
    return problem(
        request, 422, "invalid_message_history", f"{where}: {error.reason}", message_index=error.index, pointer=where
    )


async def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # what the handler is registered for
    faults = [{"where": _where(fault["loc"]), "what": _what(fault)} for fault in error.errors()]
    detail = "; ".join(f"{fault['where']}: {fault['what']}" for fault in faults)
    return problem(request, 422, "invalid_request", detail, errors=faults)


def _what(fault: Mapping[str, Any]) -> str:
    if fault["loc"] == ("body",):
        return "The body must be a JSON object, sent with Content-Type: application/json"
    return str(fault["msg"])


def _where(location: tuple[int | str, ...]) -> str:
    inside = [str(part) for part in location if part != "body"]
    return ".".join(inside) or "body"


async def _provider_failed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProviderError)  # noqa: S101  # what the handler is registered for
    after = error.retry_after
    headers = None if after is None else {"Retry-After": str(max(1, round(after)))}
    return problem(request, error.status, error.code, str(error), headers=headers)


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  # what the handler is registered for
    code = HTTPStatus(error.status_code).name.lower()
    return problem(request, error.status_code, code, error.detail, headers=dict(error.headers or {}))


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    logger.error("unexpected error in %s %s", request.method, request.url.path, exc_info=error)
    return problem(request, 500, "internal_error", "Something broke on our side; the server's log has the details.")


def install(app: FastAPI) -> None:
    """Give every error of `app` the one shape."""
    app.add_exception_handler(InvalidHistory, _invalid_history)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(ProviderError, _provider_failed)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)
