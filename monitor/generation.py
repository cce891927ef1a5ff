"""A Chat Completions call as a Literal generation (literal-api.md §2.4, GenerationPayloadInput). Pure.

Requests and answers are plain dicts, as they travel: https://platform.openai.com/docs/api-reference/chat.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

Json = Mapping[str, Any]

NO_SETTINGS = frozenset(
    {"messages", "tools", "extra_headers", "extra_query", "extra_body", "timeout", "metadata", "user", "stream_options"}
)


def generation(
    request: Json,
    response: Json | None = None,
    *,
    provider: str | None = "openai",
    seconds: float | None = None,
    first_token_seconds: float | None = None,
    error: str | None = None,
    tags: Sequence[str] | None = None,
    metadata: Json | None = None,
) -> dict[str, Any]:
    """The generation of one chat completion, as the wire has it.

    Args:
        request: what was sent: model, messages, tools and every setting.
        response: what came back, streamed answers put together; none when the call failed.
        provider: who answered.
        seconds: from sending to the last byte.
        first_token_seconds: from sending to the first content; streamed answers only.
        error: why the call failed.
        tags: tags of the generation.
        metadata: kept beside what the usage says in detail.
    """
    response = response or {}
    usage = cast("Json", response.get("usage") or {})
    output_tokens = usage.get("completion_tokens")
    choice = _first_choice(response)
    model = response.get("model") or request.get("model")
    settings = {key: value for key, value in request.items() if key not in NO_SETTINGS and value is not None}
    told = {
        "type": "CHAT",
        "provider": provider,
        "model": model,
        "error": error,
        "settings": {**settings, "model": model},
        "tags": list(tags) if tags else None,
        "metadata": {**(metadata or {}), **_details(response, choice, usage)} or None,
        "tools": request.get("tools") or None,
        "messages": request.get("messages") or [],
        "messageCompletion": _without_nulls(cast("Json", choice.get("message") or {})) or None,
        "inputTokenCount": usage.get("prompt_tokens"),
        "outputTokenCount": output_tokens,
        "tokenCount": usage.get("total_tokens"),
        "duration": seconds,
        "ttFirstToken": None if first_token_seconds is None else first_token_seconds * 1000,
        "tokenThroughputInSeconds": output_tokens / seconds if output_tokens and seconds else None,
    }
    return _without_nulls(told)


def _first_choice(response: Json) -> Json:
    choices = cast("Sequence[Json]", response.get("choices") or ())
    return choices[0] if choices else {}


def _details(response: Json, choice: Json, usage: Json) -> dict[str, Any]:
    """What a generation has no field for: why it ended, and tokens that were cached or thought."""
    prompt = cast("Json", usage.get("prompt_tokens_details") or {})
    completion = cast("Json", usage.get("completion_tokens_details") or {})
    return _without_nulls(
        {
            "finish_reason": choice.get("finish_reason"),
            "response_id": response.get("id"),
            "cached_tokens": prompt.get("cached_tokens") or None,
            "reasoning_tokens": completion.get("reasoning_tokens") or None,
        }
    )


def _without_nulls(told: Json) -> dict[str, Any]:
    return {key: value for key, value in told.items() if value is not None}


class StreamedResponse:
    """Puts a streamed chat completion together: text, every parallel tool call, usage, model and finish reason."""

    def __init__(self) -> None:
        self.started = False
        """Whether a chunk with content has come."""
        self._message: dict[str, Any] = {"role": "assistant", "content": None}
        self._tool_calls: dict[int, dict[str, Any]] = {}
        self._told: dict[str, Any] = {}
        self._finish_reason: str | None = None

    def add(self, chunk: Json) -> None:
        """Take one chunk, as a dict."""
        for key in ("id", "model", "usage"):
            if chunk.get(key) is not None:
                self._told[key] = chunk[key]
        choice = _first_choice(chunk)
        self._finish_reason = choice.get("finish_reason") or self._finish_reason
        delta = cast("Json", choice.get("delta") or {})
        for key in ("content", "refusal", "reasoning_content"):
            if text := delta.get(key):
                self._message[key] = (self._message.get(key) or "") + text
                self.started = True
        if call := cast("Json | None", delta.get("function_call")):
            self._message["function_call"] = _grown(self._message.get("function_call") or {}, call)
            self.started = True
        for position, call in enumerate(cast("Sequence[Json]", delta.get("tool_calls") or ())):
            self._add_tool_call(position, call)
            self.started = True

    def _add_tool_call(self, position: int, call: Json) -> None:
        """Parts of a call carry its index; one without (some providers) is told by its place in the chunk."""
        index = call.get("index")
        whole = self._tool_calls.setdefault(
            position if index is None else int(index), {"id": None, "type": "function", "function": {}}
        )
        whole["id"] = call.get("id") or whole["id"]
        whole["function"] = _grown(whole["function"], cast("Json", call.get("function") or {}))

    def response(self) -> dict[str, Any]:
        """The completion as it would have come unstreamed."""
        message = dict(self._message)
        if self._tool_calls:
            message["tool_calls"] = [self._tool_calls[index] for index in sorted(self._tool_calls)]
        return {**self._told, "choices": [{"index": 0, "message": message, "finish_reason": self._finish_reason}]}


def _grown(call: Json, part: Json) -> dict[str, Any]:
    """A function's name and arguments with the next part of them."""
    return {
        "name": part.get("name") or call.get("name") or "",
        "arguments": f"{call.get('arguments') or ''}{part.get('arguments') or ''}",
    }
