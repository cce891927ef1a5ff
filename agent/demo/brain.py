"""The demo model's answer to a checked request: text, or tool calls. The same request gets the same answer."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from agent.demo.language import weather_asked
from agent.demo.plan import Planned, offered_tools, plan
from agent.demo.wording import Outcome, answer_from, introduction, which_place
from agent.json_types import is_array, is_object

MAX_QUESTIONS = 20  # the last ones; understanding is by patterns, whose time grows faster than the text
MAX_QUESTION_CHARS = 1000


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model says; either may be empty."""

    text: str = ""
    calls: list[Planned] = field(default_factory=list[Planned])


def reply_to(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> Reply:
    """Answer the last question: from the results of its tool calls if there are any, else by calling tools."""
    asked = [message for message in messages if message["role"] == "user"][-MAX_QUESTIONS:]
    questions = [_text(message)[:MAX_QUESTION_CHARS] for message in asked]
    if outcomes := _outcomes(messages):
        return Reply(answer_from(outcomes))
    offered = offered_tools(tools)
    if not questions:
        return Reply(introduction(offered))
    if calls := plan(questions, offered):
        return Reply(calls=calls)
    weather = weather_asked(questions)
    return Reply(which_place() if offered and weather and not weather.places else introduction(offered))


def _outcomes(messages: list[dict[str, Any]]) -> list[Outcome]:
    """The tool calls since the last question, with their results."""
    calls: dict[str, tuple[str, str]] = {}
    outcomes: list[Outcome] = []
    for message in messages:
        match message["role"]:
            case "user":
                outcomes.clear()
            case "tool":
                name, arguments = calls[message["tool_call_id"]]
                outcomes.append(Outcome(name, _object(arguments), _text(message)))
            case _:
                for call in message.get("tool_calls", ()):
                    calls[call["id"]] = (call["function"]["name"], call["function"]["arguments"])
    return outcomes


def _object(text: str) -> dict[str, Any]:
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return parsed if is_object(parsed) else {}


def _text(message: dict[str, Any]) -> str:
    content = message.get("content")
    if is_array(content):
        return " ".join(str(part.get("text", "")) for part in content)
    return content or ""
