"""Which tools the demo model calls for a question: it reads the schemas it is offered, and knows none by name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agent.demo.language import expression_in, weather_asked
from agent.json_types import JsonObject

_ABOUT_WEATHER = re.compile(r"weather|forecast", re.IGNORECASE)
_ABOUT_ARITHMETIC = re.compile(r"arithmetic|calculat|\bmath", re.IGNORECASE)
_PLACE = re.compile(r"location|city|place|town|where|address", re.IGNORECASE)
EXPRESSION = re.compile(r"expression|formula|equation|calculation", re.IGNORECASE)
_UNIT = re.compile(r"celsius|fahrenheit", re.IGNORECASE)
_COMMON_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a about all an and any are as at be by can could do does for from get give has have how i if in into is it its
        make me my no not of on one or our please so some tell that the their them then there this to up us use was
        what when where which who will with would you your
        """,
    )
)
_ENDINGS = ("ing", "ies", "es", "ed", "s", "e")
_SHORTEST_STEM = 3
_ENOUGH = 3  # one word of the tool's name, or three of its description
_NAME_SPAN = 3  # words further behind the tool's name are what is meant, not which tool
_QUOTED = re.compile(r"[\"\u201c\u00ab]([^\"\u201d\u00bb]+)[\"\u201d\u00bb]|(?<!\w)'([^']+)'(?!\w)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Offered:
    """A tool as the request describes it."""

    name: str
    description: str
    properties: dict[str, JsonObject]
    required: list[str]

    @property
    def words(self) -> str:
        """All it says of itself."""
        told = [f"{name} {schema.get('description', '')}" for name, schema in self.properties.items()]
        return " ".join([self.name.replace("_", " "), self.description, *told])

    def strings(self) -> Iterator[str]:
        """Names of the string parameters, required ones first."""
        for name in sorted(self.properties, key=lambda name: name not in self.required):
            if self.properties[name].get("type") == "string" and "enum" not in self.properties[name]:
                yield name

    def parameter(self, meaning: re.Pattern[str]) -> str | None:
        """The string parameter that means this, by its name or else its description; the first one otherwise."""
        strings = list(self.strings())
        by_name = (name for name in strings if meaning.search(name))
        by_description = (name for name in strings if meaning.search(self.properties[name].get("description", "")))
        return next((name for names in (by_name, by_description, strings) for name in names), None)


@dataclass(frozen=True, slots=True)
class Planned:
    """A call worth making."""

    name: str
    arguments: dict[str, Any]


def offered_tools(tools: list[JsonObject]) -> list[Offered]:
    """The request's tools, made easy to read."""
    return [_offered(tool["function"]) for tool in tools]


def _offered(function: JsonObject) -> Offered:
    parameters: JsonObject = function.get("parameters") or {}
    properties: dict[str, JsonObject] = parameters.get("properties") or {}
    required: list[str] = parameters.get("required") or []
    return Offered(function["name"], function.get("description") or "", properties, required)


def plan(questions: list[str], tools: list[Offered]) -> list[Planned]:
    """The calls that answer the last question, each once; several can be made at the same time."""
    calls = [*_weather_calls(questions, tools), *_arithmetic_calls(questions[-1], tools)]
    return calls or _best_match(questions[-1], tools)


def _weather_calls(questions: list[str], tools: list[Offered]) -> Iterator[Planned]:
    asked = weather_asked(questions)
    tool = next((tool for tool in tools if _ABOUT_WEATHER.search(tool.words)), None)
    place = tool.parameter(_PLACE) if tool else None
    if not asked or not tool or not place:
        return
    unit = next((name for name, schema in tool.properties.items() if _UNIT.search(str(schema.get("enum", "")))), None)
    for name in asked.places:
        yield Planned(tool.name, {place: name} | ({unit: asked.unit} if unit and asked.unit else {}))


def _arithmetic_calls(question: str, tools: list[Offered]) -> Iterator[Planned]:
    expression = expression_in(question)
    for tool in tools:
        parameter = tool.parameter(EXPRESSION)
        if parameter and (EXPRESSION.search(parameter) or _ABOUT_ARITHMETIC.search(tool.words)):
            if expression:
                yield Planned(tool.name, {parameter: expression})
            return


def _best_match(question: str, tools: list[Offered]) -> list[Planned]:
    """The tool whose name and description share most words with the question, if its parameters can be filled."""
    asked = _stems(question)
    scored = [
        (_ENOUGH * len(asked & _stems(tool.name)) + len(asked & _stems(tool.description)), tool) for tool in tools
    ]
    for score, tool in sorted(scored, key=lambda pair: -pair[0]):
        arguments = _filled(tool, question)
        if score >= _ENOUGH and arguments is not None:
            return [Planned(tool.name, arguments)]
    return []


def _stems(text: str) -> set[str]:
    """The words that mean something, without their endings; `createNote` and `create_note` are two words."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", text).lower()
    return {_stem(word) for word in re.findall(r"[^\W\d]{2,}", spaced) if word not in _COMMON_WORDS}


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending)
    return word


def _filled(tool: Offered, question: str) -> dict[str, Any] | None:
    """Arguments from the question: quoted texts, numbers, a choice's name, else what is left of it. None: can't be."""
    texts = [double or single for double, single in _QUOTED.findall(question)] or [_left_over(tool, question)]
    numbers = _NUMBER.findall(_QUOTED.sub(" ", question))
    arguments: dict[str, Any] = {}
    for name in tool.required:
        value = _value(tool.properties.get(name, {}), question, texts, numbers)
        if value is None:
            return None
        arguments[name] = value
    for name, schema in tool.properties.items():
        if name not in arguments and "enum" in schema and (chosen := _choice(schema, question)) is not None:
            arguments[name] = chosen
    return arguments


def _value(schema: dict[str, Any], question: str, texts: list[str], numbers: list[str]) -> Any:
    kind = schema.get("type")
    if "enum" in schema:
        return _choice(schema, question)
    if kind == "string":
        return texts.pop(0) or None if texts else None
    if kind in {"integer", "number"}:
        number = numbers.pop(0) if numbers else None
        return number if number is None else (int(float(number)) if kind == "integer" else float(number))
    if kind == "boolean":
        return not re.search(r"\b(?:no|not|off|false|without)\b", question, re.IGNORECASE)
    if kind == "array" and schema.get("items", {}).get("type") == "string":
        rest = [text for text in texts if text]
        texts.clear()
        return rest or None
    return None


def _choice(schema: dict[str, Any], question: str) -> Any:
    said = question.lower()
    return next((value for value in schema["enum"] if str(value).lower() in said), None)


def _left_over(tool: Offered, question: str) -> str:
    """The question behind the words that picked the tool: "search the web for red pandas" → "red pandas"."""
    picked = _stems(f"{tool.name} {tool.description}")
    words = question.strip(" ?!.\n").split()
    last = max((at for at, word in enumerate(words) if _stems(word) & picked and _stems(word)), default=-1)
    named = _stems(tool.name)
    first = next((at for at, word in enumerate(words) if _stems(word) & named), last)
    rest = words[(last if last - first <= _NAME_SPAN else first) + 1 :]
    while rest and (rest[0].lower().strip(":,") in _COMMON_WORDS or not rest[0].strip(":,-")):
        rest.pop(0)
    return " ".join(rest).lstrip(":,- ") or " ".join(words)
