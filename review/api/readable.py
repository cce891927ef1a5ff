"""Values as the Python SDK can read them: it validates what it fetches, and one odd message loses it the whole page.

Odd are messages that other clients write and our store keeps as they are: roles the SDK was written before, image URLs
that are strings in TypeScript, settings that are lists (literal-api.md §2.5). Only its own client gets these forms.
"""

import json
from typing import Any, Final, cast

from review.records import Json

PYTHON_CLIENT: Final = "py-literal-client"

_ROLES: Final = ("user", "assistant", "tool", "function", "system")
_TEXT_KEYS: Final = ("uuid", "name", "tool_call_id")


def json_object(value: Json) -> dict[str, Any] | None:
    """The value if it is an object; a list of settings is lost to this client."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def json_objects(value: Json) -> list[dict[str, Any]] | None:
    """The objects of a list."""
    if not isinstance(value, list):
        return None
    return [cast("dict[str, Any]", item) for item in cast("list[Any]", value) if isinstance(item, dict)]


def messages(value: Json) -> list[dict[str, Any]] | None:
    """The messages of a list; a bare text among them is taken as the user's."""
    if not isinstance(value, list):
        return None
    return [_message(item) for item in cast("list[Any]", value)]


def message(value: Json) -> dict[str, Any] | None:
    """One message, or none."""
    return None if value is None else _message(value)


def _message(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {"role": "user", "content": _text(value)}
    readable = dict(cast("dict[str, Any]", value))
    if "role" in readable and readable["role"] not in _ROLES:
        readable["role"] = "system" if readable["role"] == "developer" else "user"
    if "content" in readable:
        readable["content"] = _content(readable["content"])
    for key in _TEXT_KEYS:
        if not isinstance(readable.get(key), str | None):
            readable[key] = _text(readable[key])
    if not isinstance(readable.get("templated"), bool | None):
        readable["templated"] = None
    if "function_call" in readable:
        readable["function_call"] = json_object(readable["function_call"])
    if "tool_calls" in readable:
        readable["tool_calls"] = json_objects(readable["tool_calls"])
    return readable


def _content(content: Any) -> Any:
    if isinstance(content, list):
        return [_part(part) for part in cast("list[Any]", content)]
    return content if isinstance(content, str | None) else _text(content)


def _part(part: Any) -> dict[str, Any]:
    match part:
        case {"type": "text", "text": str()} | {"type": "image_url", "image_url": dict()}:
            return cast("dict[str, Any]", part)
        case {"type": "image_url", "image_url": str(url)}:
            return {**cast("dict[str, Any]", part), "image_url": {"url": url}}
        case _:
            return {"type": "text", "text": _text(part)}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
