"""The demo model on the wire: `POST /v1/chat/completions`, streaming or not, and `GET /v1/models`, as an ASGI app.

Source: OpenAI's API reference, "Chat Completions" and "Streaming".
"""

import hashlib
import re
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from agent.demo.brain import Reply, reply_to
from agent.demo.requests import Fault, fault_in
from agent.demo.wording import NAME
from agent.json_types import JsonObject

MODEL = NAME


async def chat_completions(request: Request) -> Response:
    """Answer a chat."""
    try:
        body: Any = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        body = None
    if fault := fault_in(body, served=MODEL):
        return _refusal(fault)
    tools: list[JsonObject] = [] if body.get("tool_choice") == "none" else body.get("tools") or []
    answer = _Answer(body, reply_to(body["messages"], tools))
    if not body.get("stream"):
        return _json(answer.whole())
    options: JsonObject = body.get("stream_options") or {}
    return StreamingResponse(
        _events(answer.chunks(with_usage=bool(options.get("include_usage")))), media_type="text/event-stream"
    )


async def models(_: Request) -> Response:
    """List the one model."""
    return _json({"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "offline"}]})


class _Answer:
    """A reply as the API words it."""

    def __init__(self, body: JsonObject, reply: Reply) -> None:
        pieces = re.findall(r"\s*\S+", reply.text)
        limit = body.get("max_completion_tokens") or body.get("max_tokens")
        cut = isinstance(limit, int) and len(pieces) > limit
        self._pieces = pieces[:limit] if cut else pieces
        self._calls = [_call(body, place, call.name, call.arguments) for place, call in enumerate(reply.calls)]
        self._finish_reason = "tool_calls" if self._calls else "length" if cut else "stop"
        self._usage = _usage(body, self._pieces, self._calls)
        self._head = {"id": f"chatcmpl-{_digest(body)}", "created": int(time.time()), "model": MODEL}

    def whole(self) -> JsonObject:
        message: JsonObject = {"role": "assistant", "content": "".join(self._pieces) or None, "refusal": None}
        if self._calls:
            message["tool_calls"] = self._calls
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self._finish_reason}
        return {**self._head, "object": "chat.completion", "choices": [choice], "usage": self._usage}

    def chunks(self, *, with_usage: bool) -> Iterator[JsonObject]:
        head = {**self._head, "object": "chat.completion.chunk"} | ({"usage": None} if with_usage else {})
        for delta in self._deltas():
            yield {**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]}
        end: JsonObject = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": self._finish_reason}
        yield {**head, "choices": [end]}
        if with_usage:
            yield {**head, "choices": [], "usage": self._usage}

    def _deltas(self) -> Iterator[JsonObject]:
        yield {"role": "assistant", "content": None if self._calls else ""}
        for piece in self._pieces:
            yield {"content": piece}
        for index, call in enumerate(self._calls):
            function = call["function"]
            yield {"tool_calls": [{"index": index, **call, "function": {"name": function["name"], "arguments": ""}}]}
            for part in re.findall(r"(?s).{1,12}", function["arguments"]):
                yield {"tool_calls": [{"index": index, "function": {"arguments": part}}]}


def _call(body: JsonObject, place: int, name: str, arguments: JsonObject) -> JsonObject:
    written = orjson.dumps(arguments).decode()
    call_id = f"call_{_digest([body['messages'], place])}"
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": written}}


def _usage(body: JsonObject, pieces: list[str], calls: list[JsonObject]) -> JsonObject:
    """Words and signs, counted as tokens; four more for the frame of each message, as tokenizers have it."""
    asked = sum(_tokens(message) + 4 for message in body["messages"]) + _tokens(body.get("tools"))
    said = len(pieces) + _tokens(calls)
    return {
        "prompt_tokens": asked,
        "completion_tokens": said,
        "total_tokens": asked + said,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def _tokens(value: Any) -> int:
    return len(re.findall(r"\w+|[^\w\s\"]", orjson.dumps(value).decode())) if value else 0


def _digest(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value)).hexdigest()[:24]


async def _events(chunks: Iterator[JsonObject]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield b"data: " + orjson.dumps(chunk) + b"\n\n"
    yield b"data: [DONE]\n\n"


def _refusal(fault: Fault) -> Response:
    error = {"message": fault.message, "type": "invalid_request_error", "param": fault.param, "code": fault.code}
    return _json({"error": error}, status=fault.status)


def _json(body: JsonObject, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")


app = Starlette(
    routes=[
        Route("/v1/chat/completions", chat_completions, methods=["POST"]),
        Route("/v1/models", models, methods=["GET"]),
    ]
)
