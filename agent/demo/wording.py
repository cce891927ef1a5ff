"""How the demo model puts things: tool results as sentences, and what it is."""

import re
from dataclasses import dataclass
from typing import Any

import orjson

from agent.demo.plan import EXPRESSION, Offered
from agent.json_types import is_object

NAME = "offline-demo"
MAX_QUOTED_CHARS = 600
_FAILED = re.compile(r"\s*error\b:?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A tool call of this turn, and its result as the messages hold them."""

    tool: str
    arguments: dict[str, Any]
    content: str


def answer_from(outcomes: list[Outcome]) -> str:
    """What the results say, one sentence for each, and where they are from."""
    sources: dict[str, None] = {}
    sentences: list[str] = []
    for outcome in outcomes:
        result = _parsed(outcome.content)
        sentences.append(_sentence(outcome, result))
        if is_object(result) and isinstance(result.get("source"), str):
            sources[result["source"]] = None
    return " ".join([*sentences, *(f"(Source: {source}.)" for source in sources)])


def introduction(tools: list[Offered]) -> str:
    """What the model is and can do, for a question it does not understand."""
    told = "; ".join(f"{tool.name} ({_first_sentence(tool.description)})" for tool in tools)
    able = f"With the tools I am offered I can do this: {told}." if told else "I am offered no tools this time."
    return (
        f"I am {NAME}, a rule-based stand-in for a language model: I understand only simple questions. {able} "
        "Set OPENAI_API_KEY to talk to a real model."
    )


def which_place() -> str:
    """Asked of someone who wants the weather of nowhere."""
    return "For which place would you like to know the weather?"


def _parsed(content: str) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return content


def _sentence(outcome: Outcome, result: Any) -> str:
    subject = next((value for value in outcome.arguments.values() if isinstance(value, str)), "")
    if isinstance(result, str) and (failed := _FAILED.match(result)):
        reason = result[failed.end() :].rstrip(".") or "it gave no reason"
        return f"{outcome.tool.replace('_', ' ').capitalize()} failed{f' for {subject}' if subject else ''}: {reason}."
    if is_object(result) and isinstance(result.get("temperature"), int | float):
        return _weather(result, subject)
    if any(map(EXPRESSION.search, outcome.arguments)) and not isinstance(result, dict | list):
        return f"{subject} = {outcome.content}."
    return f"{outcome.tool.replace('_', ' ').capitalize()} says: {outcome.content[:MAX_QUOTED_CHARS]}"


def _weather(result: dict[str, Any], place: str) -> str:
    unit = {"celsius": " °C", "fahrenheit": " °F"}.get(str(result.get("unit")).lower(), " degrees")
    told = [f"In {result.get('location') or place} it is {result['temperature']:g}{unit}"]
    if conditions := result.get("conditions"):
        told.append(f", {conditions}")
    if isinstance(wind := result.get("wind_kmh"), int | float):
        told.append(f", wind {wind:g} km/h")
    if isinstance(humidity := result.get("humidity_percent"), int | float):
        told.append(f", humidity {humidity:g} %")
    return "".join(told) + "."


def _first_sentence(description: str) -> str:
    return re.split(r"[.:\n]", description, maxsplit=1)[0].strip()
