"""Pages become HTML here, and only here: the templates, what they may use, and the headers that keep them safe."""

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlencode

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from review.dashboard import formats, highlight, legend, markdown
from review.dashboard.assets import assets
from review.dashboard.pages import Page
from review.dashboard.urls import Urls

_TEMPLATES: Final = Path(__file__).parent / "templates"

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; media-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
PRIVATE_HEADERS: Final = {**SECURITY_HEADERS, "Cache-Control": "no-store", "Vary": "Cookie, Accept"}
"""Conversations are nobody else's: no proxy and no disk cache keeps them."""

THEMES: Final = frozenset({"light", "dark"})


async def page_response(request: Request, page: Page, *, project: str | None, status: int = 200) -> Response:
    """The page as HTML, or as JSON if that is wanted. `project` is the name in the sidebar; None hides the sidebar."""
    if wants_json(request):
        return Response(as_json(page), status, PRIVATE_HEADERS, "application/json")
    theme = request.cookies.get("theme")
    context = {
        "page": page,
        "project": project,
        "urls": urls_of(request),
        "theme": theme if theme in THEMES else None,
        "as_json": f"?{urlencode({**request.query_params, 'format': 'json'})}",
    }
    # Markdown of a long conversation takes a while, and templates are files: nothing for the event loop.
    html = await run_in_threadpool(_html, page.template, context)
    return Response(html.encode(errors="replace"), status, PRIVATE_HEADERS, "text/html")


def _html(template: str, context: dict[str, Any]) -> str:
    return _environment().get_template(template).render(context)


def wants_json(request: Request) -> bool:
    """Whether the address or the Accept header asks for JSON rather than a page."""
    if asked := request.query_params.get("format"):
        return asked == "json"
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted


def as_json(page: Page) -> bytes:
    """The page's fields as JSON; times are ISO 8601 in UTC with milliseconds."""
    told = {field.name: getattr(page, field.name) for field in fields(page)}
    return orjson.dumps(told, default=_other_as_json, option=orjson.OPT_PASSTHROUGH_DATETIME)


def urls_of(request: Request) -> Urls:
    """The links of this request's pages."""
    return Urls(root=request.scope.get("root_path", ""), fingerprint=lambda name: assets()[name].fingerprint)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    filters = cast("dict[str, Callable[..., Any]]", environment.filters)
    filters.update(
        {
            "markdown": _markdown,
            "json_colours": _json_colours,
            "count": formats.count,
            "duration": formats.duration,
            "moment": formats.moment,
            "iso": formats.iso,
            "is_slow": legend.is_slow,
        }
    )
    return environment


def _markdown(text: str) -> Markup:
    return Markup(markdown.to_html(text))  # noqa: S704 - nh3 has cleaned it


def _json_colours(text: str) -> Markup:
    return Markup(highlight.json_html(text))  # noqa: S704 - every part of it is escaped


def _other_as_json(value: Any) -> str:
    return formats.iso(value) if isinstance(value, datetime) else str(value)
