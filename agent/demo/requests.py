"""Checks a Chat Completions request as a provider does, so that what passes here passes there.

Written apart from `agent.messages` on purpose: a hole there is found here.
"""

import re
from dataclasses import dataclass
from typing import Any

from agent.json_types import JsonObject, is_array, is_object

ROLES = {"system", "developer", "user", "assistant", "tool"}
TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a request is refused: status, sentence, and the field it is about."""

    status: int
    message: str
    param: str | None = None
    code: str | None = None


def fault_in(body: Any, *, served: str) -> Fault | None:
    """The first thing wrong with a request; None when it can be answered."""
    if not is_object(body):
        return Fault(400, "We could not parse the JSON body of your request.")
    model: Any = body.get("model")
    if not isinstance(model, str) or not model:
        return Fault(400, "You must provide a model parameter.", "model")
    if model != served:
        return Fault(404, f"The model `{model}` does not exist; this is `{served}`.", "model", "model_not_found")
    messages: Any = body.get("messages")
    if not is_array(messages) or not messages:
        return Fault(400, "'messages' must be a non-empty array.", "messages")
    return _fault_in_messages(messages) or _fault_in_tools(body.get("tools"))


def _fault_in_messages(messages: list[Any]) -> Fault | None:
    for index, message in enumerate(messages):
        if fault := _fault_in_message(message, f"messages[{index}]"):
            return fault
    return _fault_in_pairs(messages)


def _fault_in_message(message: Any, where: str) -> Fault | None:
    if not is_object(message) or message.get("role") not in ROLES:
        return Fault(400, f"Invalid role in '{where}'. Supported are {', '.join(sorted(ROLES))}.", f"{where}.role")
    calls = message.get("tool_calls", [None])
    if not is_array(calls) or not calls:
        return Fault(400, f"'{where}.tool_calls' must be a non-empty array.", f"{where}.tool_calls")
    if "tool_calls" in message and not all(map(_is_call, calls)):
        return Fault(400, f"Invalid tool call in '{where}.tool_calls'.", f"{where}.tool_calls")
    if not _has_content(message):
        return Fault(400, f"Invalid value for 'content' in '{where}': expected a string.", f"{where}.content")
    return None


def _has_content(message: JsonObject) -> bool:
    content = message.get("content")
    if content is None:
        return message["role"] == "assistant" and bool(message.get("tool_calls") or message.get("refusal"))
    if is_array(content):
        return bool(content) and all(is_object(part) and "type" in part for part in content)
    return isinstance(content, str)


def _fault_in_pairs(messages: list[JsonObject]) -> Fault | None:
    unanswered: list[str] = []
    for index, message in enumerate(messages):
        if message["role"] != "tool":
            if unanswered:
                break
            unanswered = [call["id"] for call in message.get("tool_calls", ())]
        elif message.get("tool_call_id") in unanswered:
            unanswered.remove(message["tool_call_id"])
        else:
            told = "messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
            return Fault(400, f"Invalid parameter: {told}", f"messages[{index}].role")
    if unanswered:
        told = "An assistant message with 'tool_calls' must be followed by tool messages responding to each call."
        return Fault(400, f"{told} Without response: {', '.join(unanswered)}", "messages")
    return None


def _is_call(call: Any) -> bool:
    match call:
        case {"id": str(call_id), "type": "function", "function": {"name": str(name), "arguments": str()}}:
            return bool(call_id and name)
        case _:
            return False


def _fault_in_tools(tools: Any) -> Fault | None:
    if tools is None:
        return None
    if not is_array(tools) or not tools:
        return Fault(400, "'tools' must be a non-empty array.", "tools")
    for index, tool in enumerate(tools):
        function: Any = tool.get("function") if is_object(tool) and tool.get("type") == "function" else None
        if not is_object(function) or not TOOL_NAME.fullmatch(str(function.get("name", ""))):
            return Fault(400, f"Invalid 'tools[{index}]'.", f"tools[{index}]")
        parameters: Any = function.get("parameters", {"type": "object"})
        if not is_object(parameters) or parameters.get("type") != "object":
            told = f"Invalid schema for function '{function['name']}'."
            return Fault(400, told, f"tools[{index}].function.parameters")
    return None
