"""An HTTP transport into an ASGI app of the same process and event loop: no socket.

httpx2's own `ASGITransport` hands over a body only when the app has finished it; here each chunk arrives when it is
sent, so that streaming is streaming.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import httpx2

Message: TypeAlias = MutableMapping[str, Any]
ASGIApp: TypeAlias = Callable[
    [dict[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]


class InProcess(httpx2.AsyncBaseTransport):
    """Sends requests to an ASGI app. Closing a response early cancels the app's work on it, as a lost client does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Start the app on this request; return once it has started to answer."""
        exchange = _Exchange(await request.aread())
        exchange.task = asyncio.create_task(exchange.run(self._app, _scope(request)))
        try:
            start = await exchange.next()
        except BaseException:
            await exchange.aclose()
            raise
        return httpx2.Response(start["status"], headers=start["headers"], stream=exchange)


def _scope(request: httpx2.Request) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.split(b"?")[0],
        "query_string": request.url.query,
        "server": (request.url.host, request.url.port),
        "client": ("127.0.0.1", 0),
        "root_path": "",
    }


class _Exchange(httpx2.AsyncByteStream):
    """One request and the messages its answer is made of."""

    def __init__(self, body: bytes) -> None:
        self.task: asyncio.Task[None] | None = None
        self._body: bytes | None = body
        self._left = asyncio.Event()
        # One chunk at a time: an app that writes faster than it is read waits.
        self._messages: asyncio.Queue[Message | None] = asyncio.Queue(maxsize=1)

    async def run(self, app: ASGIApp, scope: dict[str, Any]) -> None:
        try:
            await app(scope, self._receive, self._messages.put)
        finally:
            if not self._left.is_set():
                await self._messages.put(None)

    async def _receive(self) -> Message:
        if self._body is None:
            await self._left.wait()
            return {"type": "http.disconnect"}
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def next(self) -> Message:
        message = await self._messages.get()
        if message is None:
            raise httpx2.RemoteProtocolError("the app ended without finishing its answer")
        return message

    async def __aiter__(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self.next()
            more = message.get("more_body", False)
            if body := message.get("body"):
                yield body

    async def aclose(self) -> None:
        self._left.set()
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
