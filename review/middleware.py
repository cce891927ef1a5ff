"""What holds for every request: a bound on its size, and an id to find it again by."""

import re
import uuid
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from review.errors import TooLarge

_FORM_BYTES: Final = 1_000_000
_REQUEST_ID: Final = re.compile(r"[\x21-\x7e]{1,128}")


class BodyLimit:
    """Raises `TooLarge` in whoever reads a body over the limit, so that each route refuses it in its own shape.

    The rest of a body that is not absurdly larger is read and dropped first: a client that is still sending when the
    connection is closed sees a broken pipe instead of the answer.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, other: Mapping[str, int] | None = None) -> None:
        """Bounds bodies.

        Args:
            app: Who reads them.
            max_bytes: How large one may be.
            other: How large a file may be that is sent to one of these paths; the form around it comes on top.
        """
        self.app = app
        self.max_bytes = max_bytes
        self.other = other or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, counting."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        max_bytes = self._limit_of(scope)
        declared = Headers(scope=scope).get("content-length", "")
        expected = int(declared) if declared.isdecimal() else 0
        received = 0

        async def receive_bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if max(expected, received) > max_bytes:
                while message.get("more_body") and received <= 2 * max_bytes:
                    message = await receive()
                    received += len(message.get("body", b""))
                raise TooLarge(f"The body is over the limit of {max_bytes} bytes")
            return message

        await self.app(scope, receive_bounded, send)

    def _limit_of(self, scope: Scope) -> int:
        path = str(scope["path"]).removeprefix(scope.get("root_path", ""))
        file = self.other.get("/" + path.lstrip("/"))
        return self.max_bytes if file is None else file + _FORM_BYTES


class RequestId:
    """Answers with the caller's `X-Request-ID`, or one made for them; routes find it in `request.state.request_id`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, named."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        await self.app(scope, receive, send_named)
