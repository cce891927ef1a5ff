"""What is inside the JSON that clients send, as a person would want to read it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any, Final, cast

from review.dashboard.formats import iso
from review.records import Json

SHOWN_CHARS: Final = 20_000
"""A longer text is shown up to here, with a link to the whole. Browsers lay out some ten of these at once with ease."""

_TOO_DEEP: Final = '"(nested too deeply to be shown)"'
_TEXT_KEYS: Final = ("content", "text", "message", "value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """Some JSON, ready to be shown.

    Attributes:
        text: The plain text, where the JSON is nothing but one; else the JSON, indented.
        is_json: Whether `text` is JSON.
        cut_chars: How many characters are left out at the end.
    """

    text: str
    is_json: bool
    cut_chars: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """What a model asked for: a tool's name, its arguments, and the id its result will carry."""

    id: str | None
    name: str
    arguments: Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """One message of a model call.

    Attributes:
        role: Who speaks, as the client said.
        text: What is said.
        cut_chars: How many characters of it are left out at the end.
        images: Pictures that came with it: `data:` URLs, or links to be followed by hand.
        tool_calls: What the model asked for.
        answers: For a tool's message, the id of the call it answers.
    """

    role: str
    text: str
    cut_chars: int
    images: tuple[str, ...]
    tool_calls: tuple[ToolCall, ...]
    answers: str | None


def shown(value: Json) -> Payload:
    """The value as text or JSON; a string that holds JSON, as tool arguments do, is opened."""
    lone = text_of(value)
    if lone is not None:
        opened = _opened(lone)
        if opened is None:
            text, cut = head(lone)
            return Payload(text=text, is_json=False, cut_chars=cut)
        value = opened
    text, cut = head(as_json(value))
    return Payload(text=text, is_json=True, cut_chars=cut)


def text_of(value: Json) -> str | None:
    """The text of a value that is nothing else: a string, or an object that holds but one, like `{"content": "…"}`."""
    named = fields_of(value)
    if len(named) == 1 and next(iter(named)) in _TEXT_KEYS:
        value = next(iter(named.values()))
    return value if isinstance(value, str) else None


def message_text(*values: Json) -> str:
    """The text of the first value that has one: what a message step's output, else its input, says."""
    for value in values:
        named = fields_of(value)
        told = next((named[key] for key in _TEXT_KEYS if named.get(key)), None)
        text = content_text(told or (value or None))
        if text:
            return text
    return ""


def content_text(content: Json) -> str:
    """The text of a message's content: a string, or parts of which those with text are joined."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n\n".join(filter(None, map(_part_text, items_of(cast("Json", content)))))
    return as_json(content)


def chat_message(value: Json) -> ChatMessage:
    """A message of a model call; whatever isn't one is shown as JSON under the role "unknown"."""
    if not isinstance(value, Mapping):
        text, cut = head(content_text(value))
        return ChatMessage(role="unknown", text=text, cut_chars=cut, images=(), tool_calls=(), answers=None)
    message = fields_of(cast("Json", value))
    content = message.get("content")
    text, cut = head(content_text(content))
    answers = message.get("tool_call_id")
    return ChatMessage(
        role=str(message.get("role") or "unknown"),
        text=text,
        cut_chars=cut,
        images=tuple(_images(content)),
        tool_calls=tuple(_tool_calls(message)),
        answers=str(answers) if answers else None,
    )


def head(text: str) -> tuple[str, int]:
    """The beginning of a text, and how many characters are left out."""
    return text[:SHOWN_CHARS], max(len(text) - SHOWN_CHARS, 0)


def as_json(value: Json) -> str:
    """The value, which may hold records, as indented JSON in its own script."""
    try:
        return json.dumps(value, ensure_ascii=False, indent=2, default=_plain)
    except RecursionError:  # written by hand, most likely; the page it stands on still has to be readable
        return _TOO_DEEP


def one_line(value: Json, limit: int = 120) -> str:
    """Arguments as they would be written in a call, `city="sf", unit="celsius"`, cut at the limit."""
    opened = _opened(value) if isinstance(value, str) else value
    arguments = fields_of(opened).items()
    written = (f"{key}={json.dumps(item, ensure_ascii=False, default=_plain)}" for key, item in arguments)
    line = ", ".join(written) if arguments else content_text(value or None)
    line = " ".join(line.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _plain(value: Any) -> Json:
    if isinstance(value, datetime):
        return iso(value)
    return {field.name: getattr(value, field.name) for field in fields(value)} if is_dataclass(value) else str(value)


def _opened(text: str) -> Json | None:
    """The object or list inside a string, if there is one. Long strings are left alone: opening them costs time."""
    if text[:1] not in {"{", "["} or len(text) > SHOWN_CHARS:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _part_text(part: Json) -> str:
    if isinstance(part, str):
        return part
    named = fields_of(part)
    if isinstance(named.get("text"), str):
        return named["text"]
    return "" if "image_url" in named else as_json(part)


def _images(content: Json) -> Iterable[str]:
    for part in items_of(content):
        image = fields_of(part).get("image_url")
        url = fields_of(image).get("url", image)
        if isinstance(url, str):
            yield url


def _tool_calls(message: Mapping[str, Json]) -> Iterable[ToolCall]:
    old_style = message.get("function_call")
    for call in [*items_of(message.get("tool_calls")), *([{"function": old_style}] if old_style else [])]:
        named = fields_of(call)
        function = fields_of(named.get("function")) or named
        call_id = named.get("id")
        yield ToolCall(
            id=str(call_id) if call_id else None,
            name=str(function.get("name") or "unnamed"),
            arguments=shown(function.get("arguments")),
        )


def fields_of(value: Json) -> Mapping[str, Json]:
    """The fields of an object; none of anything else."""
    return cast("Mapping[str, Json]", value) if isinstance(value, Mapping) else {}


def items_of(value: Json) -> list[Json]:
    """The items of a list; none of anything else."""
    return cast("list[Json]", value) if isinstance(value, list) else []
