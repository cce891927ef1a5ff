"""JSON as it enters and leaves: what clients really send is read, and what is sent back is always JSON."""

import json
import math
from typing import Any, cast

import orjson
from starlette.requests import Request
from starlette.responses import Response

from review.errors import Refused


class JsonResponse(Response):
    """A JSON answer; dates and numbers beyond 64 bits included."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The content as UTF-8 JSON."""
        return orjson.dumps(content)


async def read_object(request: Request) -> dict[str, Any]:
    """The request's body, which must be a JSON object.

    Raises:
        Refused: it is not.
    """
    value = parse(await request.body())
    if not isinstance(value, dict):
        raise Refused("The body must be a JSON object")
    return cast("dict[str, Any]", value)


def parse(body: bytes) -> Any:
    """The value of a JSON text, free of what no database can keep.

    NUL characters are stripped (literal-api.md §4.1 rule 9), and so are halves of surrogate pairs, which JavaScript
    leaves behind when it cuts an emoji in two. NaN and infinity, which older HTTP clients let through, become null.

    Raises:
        Refused: the text is not JSON.
    """
    try:
        value = orjson.loads(body)
        return _clean(value) if b"\\u0000" in body else value
    except orjson.JSONDecodeError:
        pass
    except RecursionError:
        raise Refused("The body is nested too deep") from None
    try:
        return _clean(json.loads(body, parse_constant=lambda _: None))
    except (ValueError, RecursionError) as error:
        raise Refused(f"The body is not JSON: {error}") from None


def _clean(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\x00", "").encode(errors="ignore").decode()
        case int() if not -(2**63) <= value < 2**64:
            return _clean(float(value) if value.bit_length() < 1024 else None)  # noqa: PLR2004 - the range of a double
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {_clean(key): _clean(child) for key, child in cast("dict[str, Any]", value).items()}
        case list():
            return [_clean(child) for child in cast("list[Any]", value)]
        case _:
            return value
