"""What happens to every request before a route sees it. Plain ASGI, so that context variables pass through."""

import re
import uuid

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.api.problems import problem

REQUEST_ID = re.compile(r"[\w.:/+=-]{1,128}")


class RequestId:
    """Takes the caller's `X-Request-ID`, or makes one, and answers with it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Request(scope).headers.get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        await self.app(scope, receive, send_with_id)


class BodyLimit:
    """Answers 413 to a body over the limit: at once when its length is announced, else when it has grown too long."""

    def __init__(self, app: ASGIApp, max_bytes: int, *, exempt: str | None = None) -> None:
        """Limit bodies to `max_bytes`; paths below `exempt` have a limit of their own."""
        self.app = app
        self.max_bytes = max_bytes
        self.exempt = exempt

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (self.exempt and scope["path"].startswith(self.exempt)):
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        announced = request.headers.get("content-length", "")
        body = b"" if announced.isdigit() and int(announced) > self.max_bytes else None
        if body is None:
            body = await _read_at_most(receive, self.max_bytes)
            if body is not None:
                await self.app(scope, _replay(body, receive), send)
                return
        detail = f"The body is larger than {self.max_bytes:,} bytes (MAX_BODY_BYTES). Send less history or raise it."
        await problem(request, 413, "body_too_large", detail, headers={"Connection": "close"})(scope, receive, send)


async def _read_at_most(receive: Receive, max_bytes: int) -> bytes | None:
    """The whole body, or None once it is longer than `max_bytes`."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > max_bytes:
            return None
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that hands out `body` once, then what really comes (a disconnect, for one)."""
    rest: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return rest.pop() if rest else await receive()

    return replayed


class PlainStartFailure:
    """Says in one line why the start failed when the operator can put it right; a fault of ours keeps its traceback."""

    def __init__(self, app: ASGIApp, *, causes: tuple[type[Exception], ...]) -> None:
        """Tell errors of these types by their message alone."""
        self.app = app
        self.causes = causes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        held_back: list[Message] = []

        async def send_unless_failed(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                held_back.append(message)
            else:
                await send(message)

        try:
            await self.app(scope, receive, send_unless_failed)
        except self.causes as error:
            if not held_back:
                raise
            await send({"type": "lifespan.startup.failed", "message": f"Can't start: {error}"})
        except BaseException:
            for message in held_back:
                await send(message)
            raise
