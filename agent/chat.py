"""What a chat with a model is made of: plain values, and the one thing asked of a model."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import orjson

Message: TypeAlias = dict[str, Any]
"""A message as the Chat Completions API takes it: plain JSON."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call as the model wrote it; `arguments` is its JSON text, not yet checked."""

    id: str
    name: str
    arguments: str

    @property
    def readable_arguments(self) -> dict[str, Any]:
        """The arguments for whoever reads the record: parsed when they can be, as they were written when not."""
        try:
            arguments: object = orjson.loads(self.arguments or "{}")
        except orjson.JSONDecodeError:
            arguments = None
        return arguments if isinstance(arguments, dict) else {"arguments": self.arguments}  # pyright: ignore[reportUnknownVariableType]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What the model is told about a call; `error` is set when the call failed."""

    content: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one model call, or of several added up. `None`: the provider did not say."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    @property
    def body(self) -> dict[str, Any]:
        """The counts as the Chat Completions API spells them."""
        return {
            "prompt_tokens": self.input_tokens,
            "completion_tokens": self.output_tokens,
            "total_tokens": self.total_tokens,
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens},
            "completion_tokens_details": {"reasoning_tokens": self.reasoning_tokens},
        }

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            _sum(self.cached_tokens, other.cached_tokens),
            _sum(self.reasoning_tokens, other.reasoning_tokens),
        )


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None and other is None else (one or 0) + (other or 0)


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One question to a model. `settings` are the API's other fields: temperature, stream and so on."""

    model: str
    messages: list[Message]
    tools: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    settings: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def body(self) -> dict[str, Any]:
        """The request as the Chat Completions API takes it."""
        body = {"model": self.model, "messages": self.messages, **self.settings}
        return body | {"tools": self.tools} if self.tools else body


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer of a model. Seconds count from the request; `first_token_seconds` is known only when streaming."""

    message: Message
    model: str
    provider: str
    finish_reason: str | None
    usage: Usage | None
    first_token_seconds: float | None
    seconds: float

    @property
    def body(self) -> dict[str, Any]:
        """The answer as the Chat Completions API spells it."""
        choice = {"index": 0, "message": self.message, "finish_reason": self.finish_reason}
        return {"model": self.model, "choices": [choice], "usage": self.usage.body if self.usage else None}

    @property
    def text(self) -> str:
        """What the model said, without its tool calls."""
        return self.message.get("content") or ""

    @property
    def tool_calls(self) -> list[ToolCall]:
        """Every call the model asked for, in its order."""
        return [
            ToolCall(call["id"], call["function"]["name"], call["function"]["arguments"])
            for call in self.message.get("tool_calls", ())
        ]


class Model(Protocol):
    """Somebody who answers messages."""

    @property
    def name(self) -> str:
        """The model that is asked for."""
        ...

    @property
    def provider(self) -> str:
        """Who serves it."""
        ...

    @property
    def settings(self) -> dict[str, Any]:
        """Request fields that every call carries."""
        ...

    async def ask(self, request: ModelRequest, on_text: Callable[[str], None]) -> Completion:
        """Answer once; `on_text` gets the pieces as they come when `request.settings["stream"]` is set.

        Raises:
            ProviderError: no usable answer; says what the caller of the service should be told.
        """
        ...
