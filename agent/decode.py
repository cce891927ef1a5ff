"""Reads what providers answer: a body, or the chunks of a stream, into one assistant message. Pure.

"OpenAI-compatible" providers differ in small ways that are harmless when tolerated here: no usage, null content,
arguments as an object, calls without an id, chunks without an index.
"""

import uuid
from dataclasses import dataclass, field
from typing import Any

import orjson

from agent.chat import Message, Usage
from agent.errors import AnswerMalformed
from agent.json_types import JsonObject, is_array, is_object


@dataclass(slots=True)
class Answer:
    """What a provider said, once it is complete."""

    message: Message
    model: str | None
    finish_reason: str | None
    usage: Usage | None


@dataclass
class _Call:
    id: str
    name: str = ""
    arguments: list[str] = field(default_factory=list[str])


@dataclass
class _Parts:
    """A message that is being put together; a whole one is a single part."""

    text: list[str] = field(default_factory=list[str])
    refusal: list[str] = field(default_factory=list[str])
    calls: list[_Call] = field(default_factory=list[_Call])
    _by_index: dict[Any, _Call] = field(default_factory=dict[Any, _Call])

    def add(self, part: JsonObject) -> str:
        text = _text(part.get("content"))
        if text:
            self.text.append(text)
        if refusal := part.get("refusal"):
            self.refusal.append(_text(refusal))
        for place, call in enumerate(part.get("tool_calls") or ()):
            index, call_id = (call.get("index"), call.get("id")) if is_object(call) else (None, None)
            self.add_call(call, index=place if index is None and not call_id else index)
        return text

    def add_call(self, part: Any, *, index: Any) -> None:
        function: Any = part.get("function") if is_object(part) else None
        if not is_object(function):
            raise AnswerMalformed("A tool call in the provider's answer names no function.")
        call = self._call_of(index, part.get("id") or "")
        call.name += _text(function.get("name"))
        arguments: Any = function.get("arguments")
        if arguments is not None:
            call.arguments.append(arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode())

    def _call_of(self, index: Any, call_id: str) -> _Call:
        """The call a part belongs to: told by its index; but a new id always begins a new call."""
        call = self._by_index.get(index)
        if call is None or (call_id and call.id and call.id != call_id):
            call = _Call(call_id)
            self.calls.append(call)
            self._by_index[index] = call
        call.id = call.id or call_id
        return call

    def answer(self, model: Any, finish_reason: Any, usage: Usage | None) -> Answer:
        message: Message = {"role": "assistant", "content": "".join(self.text) or None}
        if self.calls:
            message["tool_calls"] = [_written(call, seen=self.calls[:place]) for place, call in enumerate(self.calls)]
        elif message["content"] is None:
            message["content"] = "".join(self.refusal)  # the API takes no message back that says nothing at all
        return Answer(
            message,
            model if isinstance(model, str) else None,
            finish_reason if isinstance(finish_reason, str) else None,
            usage,
        )


def read_body(body: object) -> Answer:
    """The answer in a non-streaming body.

    Raises:
        AnswerMalformed: there is none in it.
    """
    if not is_object(body):
        raise AnswerMalformed("The provider's answer is no JSON object.")
    choice = _first_choice(body)
    message: Any = choice.get("message")
    if not is_object(message):
        raise AnswerMalformed("The provider's answer holds no message.")
    parts = _Parts()
    for place, call in enumerate(message.get("tool_calls") or ()):
        parts.add_call(call, index=place)
    parts.add({**message, "tool_calls": None})
    return parts.answer(body.get("model"), choice.get("finish_reason"), read_usage(body.get("usage")))


@dataclass
class StreamedAnswer:
    """Collects the chunks of a streamed answer."""

    _parts: _Parts = field(default_factory=_Parts)
    _model: str | None = None
    _finish_reason: str | None = None
    _usage: Usage | None = None
    _chunks: int = 0

    def add(self, chunk: object) -> str:
        """Take a chunk in; the text that came with it, often none.

        Raises:
            AnswerMalformed: this is no chunk.
        """
        if not is_object(chunk):
            raise AnswerMalformed("A chunk of the provider's stream is no JSON object.")
        self._model = chunk.get("model") or self._model
        self._usage = read_usage(chunk.get("usage")) or self._usage
        if not chunk.get("choices"):
            return ""  # the chunk that only carries usage
        choice = _first_choice(chunk)
        self._chunks += 1
        self._finish_reason = choice.get("finish_reason") or self._finish_reason
        return self._parts.add(choice.get("delta") or {})

    @property
    def started(self) -> bool:
        """Text or a tool call has come."""
        return bool(self._parts.text or self._parts.calls)

    def answer(self) -> Answer:
        """The whole.

        Raises:
            AnswerMalformed: the stream held no answer.
        """
        if not self._chunks:
            raise AnswerMalformed("The provider's stream ended without an answer.")
        return self._parts.answer(self._model, self._finish_reason, self._usage)


def read_usage(usage: Any) -> Usage | None:
    """Token counts, as far as the provider gave them."""
    if not is_object(usage):
        return None
    return Usage(
        _count(usage, "prompt_tokens") or 0,
        _count(usage, "completion_tokens") or 0,
        _count(usage.get("prompt_tokens_details"), "cached_tokens"),
        _count(usage.get("completion_tokens_details"), "reasoning_tokens"),
    )


def _count(counts: Any, name: str) -> int | None:
    value: Any = counts.get(name) if is_object(counts) else None
    return value if isinstance(value, int) else None


def _first_choice(body: JsonObject) -> JsonObject:
    choices = body.get("choices")
    if is_array(choices) and choices and is_object(choices[0]):
        return choices[0]
    raise AnswerMalformed("The provider's answer holds no choices.")


def _text(value: Any) -> str:
    """A text without halves of surrogate pairs, which could not be sent on."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _written(call: _Call, *, seen: list[_Call]) -> JsonObject:
    """A call as the API takes it back; an id that is missing or used twice is replaced."""
    if not call.id or any(call.id == other.id for other in seen):
        call.id = f"call_{uuid.uuid4().hex}"
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": "".join(call.arguments) or "{}"},
    }
