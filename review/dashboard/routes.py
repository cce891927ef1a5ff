"""Which address shows which page. Thin: reads the request, has the page filled, has it rendered."""

from datetime import UTC, datetime
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from review.context import review_of
from review.dashboard.assets import assets
from review.dashboard.pages import Page, View, thread_page, threads_page
from review.dashboard.payload import as_json, text_of
from review.dashboard.render import PRIVATE_HEADERS, SECURITY_HEADERS, page_response, urls_of
from review.dashboard.sign_in import for_people, login, login_form, logout, with_error_pages
from review.errors import NotFound
from review.records import Json, Step
from review.store import reads

SANDBOX: Final = {**PRIVATE_HEADERS, "Content-Security-Policy": "default-src 'none'; sandbox"}
"""Raw payloads are shown as text, whatever is in them."""


def routes() -> list[BaseRoute]:
    """All routes of the pages."""
    return [
        Route("/", for_people(_home)),
        Route("/threads", for_people(_threads)),
        Route("/threads/{thread_id:path}", for_people(_thread)),
        Route("/raw/{part}/{step_id:path}", for_people(_raw)),
        Route("/projects/{project_id}/logs/threads/{thread_id:path}", for_people(_thread_of_old)),
        Route("/login", with_error_pages(login_form), methods=["GET"]),
        Route("/login", with_error_pages(login), methods=["POST"]),
        Route("/logout", with_error_pages(logout), methods=["POST"]),
        Route("/static/{name}", with_error_pages(_static)),
    ]


async def _home(request: Request) -> Response:
    return RedirectResponse(urls_of(request).threads(), headers=PRIVATE_HEADERS)


async def _threads(request: Request) -> Response:
    review, asked = review_of(request), request.query_params
    page = await threads_page(
        review.store,
        review.project.id,
        search=asked.get("search", "").strip(),
        after=asked.get("after"),
        before=asked.get("before"),
        api_url=review.settings.review_url or str(request.base_url).rstrip("/"),
    )
    return await _answer(request, page)


async def _thread(request: Request) -> Response:
    review, asked = review_of(request), request.query_params
    views: dict[str | None, View] = {"chat": "chat", "tree": "tree"}
    page = await thread_page(
        review.store,
        review.files,
        review.project.id,
        request.path_params["thread_id"],
        view=views.get(asked.get("view")),
        step_id=asked.get("step"),
        now=datetime.now(UTC),
    )
    return await _answer(request, page)


async def _thread_of_old(request: Request) -> Response:
    """The address a thread had in Literal AI's own app, as SDKs and old notes still write it."""
    step_id = request.query_params.get("currentStepId")
    url = urls_of(request).thread(request.path_params["thread_id"], step=step_id)
    return RedirectResponse(url, headers=PRIVATE_HEADERS)


async def _raw(request: Request) -> Response:
    """One part of a step, whole: text as text, anything else as JSON."""
    review = review_of(request)
    step = await review.store.read(reads.step, review.project.id, request.path_params["step_id"])
    if step is None:
        raise NotFound(f"No step has the id {request.path_params['step_id']!r}.")
    value = _part(step, request.path_params["part"])
    text = text_of(value)
    return PlainTextResponse(as_json(value) if text is None else text, headers=SANDBOX)


def _part(step: Step, part: str) -> Json:
    parts: dict[str, Json] = {
        "input": step.input,
        "output": step.output,
        "metadata": step.metadata,
        "generation": step.generation,
        "step": step,
    }
    if part not in parts:
        raise NotFound(f"A step has no part {part!r}, only {', '.join(parts)}.")
    return parts[part]


async def _answer(request: Request, page: Page) -> Response:
    return await page_response(request, page, project=review_of(request).project.name)


async def _static(request: Request) -> Response:
    """A file of ours, kept by browsers for good: its address changes with its content."""
    asset = (await run_in_threadpool(assets)).get(request.path_params["name"])
    if asset is None:
        raise NotFound("There is no such file.")
    headers = {**SECURITY_HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}
    return Response(asset.content, headers=headers, media_type=asset.media_type)
