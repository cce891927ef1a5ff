"""The in-process transport: streams as it is written, and tells the app when its client leaves."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from agent.demo.transport import InProcess


def client(handler) -> httpx2.AsyncClient:
    app = Starlette(routes=[Route("/{path:path}", handler, methods=["GET", "POST"])])
    return httpx2.AsyncClient(transport=InProcess(app), base_url="http://app.test")


async def test_the_app_sees_the_request_as_it_was_sent():
    async def echo(request: Request) -> Response:
        told = {
            "path": request.scope["raw_path"].decode(),
            "query": request.url.query,
            "method": request.method,
            "body": (await request.body()).decode(),
        }
        return JSONResponse(told | {"x": request.headers["x-test"]}, 201)

    async with client(echo) as http:
        response = await http.post("/a%20b?c=d", content="hello", headers={"X-Test": "1"})
    assert response.status_code == 201
    assert response.json() == {"path": "/a%20b", "query": "c=d", "method": "POST", "body": "hello", "x": "1"}


async def test_a_chunk_arrives_before_the_next_is_written():
    """Were the body collected first, the app would wait for ever to be allowed to go on."""
    read = asyncio.Event()

    async def write(_: Request) -> Response:
        async def body() -> AsyncIterator[str]:
            yield "first"
            await read.wait()
            yield "second"

        return StreamingResponse(body())

    chunks: list[bytes] = []
    async with client(write) as http, http.stream("GET", "/") as response:
        async for chunk in response.aiter_bytes():
            chunks.append(chunk)
            read.set()
    assert chunks == [b"first", b"second"]


async def test_closing_the_response_early_stops_the_app():
    stopped = asyncio.Event()

    async def write(_: Request) -> Response:
        async def body() -> AsyncIterator[str]:
            try:
                yield "first"
                await asyncio.Event().wait()
            finally:
                stopped.set()

        return StreamingResponse(body())

    async with client(write) as http, http.stream("GET", "/") as response:
        await anext(response.aiter_bytes())
    assert stopped.is_set()


async def test_cancelling_a_request_stops_the_app():
    started, stopped = asyncio.Event(), asyncio.Event()

    async def hang(_: Request) -> Response:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return Response()

    async with client(hang) as http:
        asking = asyncio.create_task(http.get("/"))
        await started.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    assert stopped.is_set()


async def test_an_app_that_fails_is_a_server_error_before_and_a_broken_answer_after_it_began():
    async def fail(_: Request) -> Response:
        raise RuntimeError("no")

    async def break_off(_: Request) -> Response:
        async def body() -> AsyncIterator[str]:
            yield "first"
            raise RuntimeError("no")

        return StreamingResponse(body())

    async with client(fail) as http:
        assert (await http.get("/")).status_code == 500
    async with client(break_off) as http:
        with pytest.raises(httpx2.RemoteProtocolError):
            await http.get("/")
