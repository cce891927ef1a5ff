"""Delivery to a review app that lives in this very process: the same requests, without a socket."""

import asyncio

import httpx


class InProcessTransport(httpx.BaseTransport):
    """Lets the delivery thread call an ASGI app on the event loop that serves it.

    The embedded review app answers on the server's own loop, and its port may not be known (`uvicorn --port`), so
    requests go straight to the app. A loop that has stopped refuses like a server that is down.
    """

    def __init__(self, app: object, loop: asyncio.AbstractEventLoop) -> None:
        """Deliver to `app`, an ASGI application, on `loop`."""
        self._asgi = httpx.ASGITransport(app)  # pyright: ignore[reportArgumentType]  # any ASGI callable
        self._loop = loop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request; called from the delivery thread only.

        Raises:
            httpx.ConnectError: the loop has stopped.
            httpx.ReadTimeout: no answer within the request's read timeout.
        """
        if not self._loop.is_running():
            raise httpx.ConnectError("the event loop of the review app has stopped", request=request)
        seconds = request.extensions.get("timeout", {}).get("read")
        answer = asyncio.run_coroutine_threadsafe(self._answer(request), self._loop)
        try:
            return answer.result(seconds)
        except TimeoutError:
            answer.cancel()
            raise httpx.ReadTimeout("the review app did not answer in time", request=request) from None

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        copied = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
        response = await self._asgi.handle_async_request(copied)
        return httpx.Response(response.status_code, headers=response.headers, content=await response.aread())
