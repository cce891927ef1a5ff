"""What the demo model understands of a question: the weather of places, and arithmetic. English, by rules."""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass

MAX_PLACES = 8
MAX_PLACE_CHARS = 80

SHORT_NAMES = {
    "sf": "San Francisco",
    "nyc": "New York",
    "la": "Los Angeles",
    "dc": "Washington, D.C.",
    "philly": "Philadelphia",
    "vegas": "Las Vegas",
}

_WEATHER = re.compile(
    r"\b(weather|forecast|temperatures?|rain(?:ing|y)?|snow(?:ing|y)?|sunny|cloudy|windy|foggy|humid(?:ity)?|umbrella"
    r"|how (?:hot|cold|warm|cool))\b",
    re.IGNORECASE,
)
_FOLLOW_UP = re.compile(
    r"\s*(?:(?:ok(?:ay)?|also|then|now)\b[\s,]*)?(?:and|or|what about|how about|same|in|for)\b[\s,]*", re.IGNORECASE
)
_UNIT = re.compile(r"\b(?:(?:in|as|to|using|with)\s+)?(?:degrees\s+)?(celsius|centigrade|fahrenheit)\b", re.IGNORECASE)
_TIME = re.compile(
    r"\b(?:right now|at the moment|today|tonight|tomorrow|currently|now|outside|please|thanks?(?: you)?"
    r"|this (?:week|weekend|morning|afternoon|evening)|instead|too|as well)\b",
    re.IGNORECASE,
)
_BEFORE_PLACE = re.compile(r"\b(?:in|for|at|near|of)\s+(.+)", re.IGNORECASE | re.DOTALL)
_FILLER = re.compile(
    r"\b(?:what(?:'s|\u2019s| is| are)?|how(?:'s|\u2019s| is| about)?|what about|tell me|show me|give me|do you know"
    r"|i need|(?:can|could|would) you|(?:is|will|does) (?:it|there)|be|get|check|the|like|there|do|hi|hello|hey"
    r"|current|going to)\b",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[?!;\n]+|(?<=\w\w\w)\.(?=\s|$)")
_AND = re.compile(r"\s*(?:&|\band\b|\bor\b|\bvs\.?(?=\s)|\bversus\b|\bplus\b|\bthen\b)\s*", re.IGNORECASE)
_LEADING = re.compile(
    r"^(?:(?:what about|how about|the weather|weather|in|for|at|near|of|also|the city of)\s+)+", re.IGNORECASE
)
_NO_PLACE = re.compile(
    r"\d|[=*/^]|^(?:what|how|calculate|compute|tell|give|is|are|who|why|it|here|there|you|me|i|that|this|a|an)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class WeatherAsked:
    """The weather is wanted; without a place when none was named, without a unit when any will do."""

    places: tuple[str, ...]
    unit: str | None


def weather_asked(questions: Iterable[str]) -> WeatherAsked | None:
    """What the last of these questions wants to know of the weather; "and in Paris?" leans on those before."""
    asked, before = None, None
    for question in questions:
        asked = _weather_in(question, before)
        before = asked or before
    return asked


def _weather_in(question: str, before: WeatherAsked | None) -> WeatherAsked | None:
    said, unit = _without_extras(question), _unit_in(question)
    follow_up = _FOLLOW_UP.match(question)
    if _WEATHER.search(said):
        places = _places_in(said)
    elif before and follow_up and expression_in(question) is None:
        places = _named(_without_extras(question[follow_up.end() :]))
    elif before and not _FILLER.sub(" ", said).strip(" .,?!"):
        places = ()  # nothing is left of it but perhaps a unit
    else:
        return None
    if before is None or (places and not follow_up):
        return WeatherAsked(places, unit)
    if not places and not unit and not _WEATHER.search(said):
        return None
    return WeatherAsked(places or before.places, unit or before.unit)


def _unit_in(question: str) -> str | None:
    said = _UNIT.search(question)
    return said and ("fahrenheit" if said[1].lower() == "fahrenheit" else "celsius")


def _without_extras(text: str) -> str:
    return _TIME.sub(" ", _UNIT.sub(" ", text))


def _places_in(said: str) -> tuple[str, ...]:
    """The places of a sentence about the weather: behind a preposition, or what is left without the usual words."""
    for sentence in _SENTENCE_END.split(said):
        behind = _BEFORE_PLACE.search(sentence)
        places = _named(behind[1] if behind else _FILLER.sub(" ", _WEATHER.sub(" ", sentence)))
        if places:
            return places
    return ()


def _named(listed: str) -> tuple[str, ...]:
    """The places of a list such as "sf, rome and new york"; "Paris, France" is one."""
    listed = _SENTENCE_END.split(listed.strip(" ?!.,;"))[0]
    stripped = (_LEADING.sub("", part.strip() + " ", count=1) for part in _AND.split(listed))
    parts = [part for part in stripped if not _NO_PLACE.search(part)]
    if len(parts) > 1 or listed.count(",") > 1:
        with_country = len(parts) > 1 and all(part.count(",") == 1 for part in parts)
        parts = parts if with_country else [piece for part in parts for piece in part.split(",")]
    places: dict[str, None] = {}
    for part in parts:
        place = " ".join(part.strip(" ?!.,;\"'").split())
        if place and len(place) <= MAX_PLACE_CHARS:
            places[SHORT_NAMES.get(place.lower(), place.title() if place.islower() else place)] = None
    return tuple(places)[:MAX_PLACES]


_NUMBER = r"\d+(?:\.\d+)?"
_WORDS = (
    (re.compile(r"(?<=\d),(?=\d{3}\b)"), ""),
    (re.compile(rf"({_NUMBER})\s*(?:%|percent)\s+of\s+({_NUMBER})", re.IGNORECASE), r"\1 / 100 * \2"),
    (re.compile(rf"\b(?:the )?square root of\s+({_NUMBER})", re.IGNORECASE), r"sqrt(\1)"),
    (re.compile(r"\s*(?:\u00d7|\btimes\b|\bmultiplied by\b)\s*|(?<=\d)\s*x\s*(?=\d)", re.IGNORECASE), " * "),
    (re.compile(r"\s*(?:\u00f7|\bdivided by\b|\bover\b)\s*", re.IGNORECASE), " / "),
    (re.compile(r"\s*\bplus\b\s*", re.IGNORECASE), " + "),
    (re.compile(r"\s*(?:\u2212|\bminus\b)\s*", re.IGNORECASE), " - "),
    (re.compile(r"\s*(?:\^|\b(?:raised )?to the power of\b)\s*", re.IGNORECASE), " ** "),
    (re.compile(r"\s*\bsquared\b", re.IGNORECASE), " ** 2"),
    (re.compile(r"\s*\bcubed\b", re.IGNORECASE), " ** 3"),
    (re.compile(r"\s*\bmod(?:ulo)?\b\s*", re.IGNORECASE), " % "),
)
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_FUNCTION = r"(?:abs|round|min|max|factorial|sqrt|exp|log2|log10|log|floor|ceil|a?sin|a?cos|a?tan)(?=\s*\()"
_RUN = re.compile(rf"(?:\b{_NUMBER}(?:e[-+]?\d+)?\b|\b{_FUNCTION}|\bpi\b|\*\*|//|[-+*/%(),]|\s)+", re.IGNORECASE)
_COMMAND = re.compile(r"\b(?:calculate|compute|evaluate|solve)\b[\s:]*(.+)", re.IGNORECASE | re.DOTALL)
_CUE = re.compile(r"\b(?:what|how much|result|sum|equals?|calculate|compute|evaluate|solve|and)\b|=", re.IGNORECASE)
_CODE = re.compile(r"[_'\"\[\]{}]|^[\d\s.*/%()+-]+$")


def expression_in(question: str) -> str | None:
    """The arithmetic in a question, as an expression; None when there is none."""
    command = _COMMAND.search(question)
    ordered = re.sub(r"\bplease\b", "", command[1]).strip(" ?!.\n") if command else ""
    if ordered and _CODE.search(ordered):
        return ordered.strip("`")  # asked to calculate exactly this, whatever it is
    text = _DATE.sub(" ", question)
    for pattern, symbol in _WORDS:
        text = pattern.sub(symbol, text)
    runs = [run for match in _RUN.finditer(text) if (run := _computable(match[0]))]
    longest = max(runs, key=len, default=None)
    if longest and (_CUE.search(question) or len(longest) * 2 > len(question)):
        return longest
    return None


def _computable(run: str) -> str | None:
    """The run without what hangs over at its ends, if it computes something."""
    expression = " ".join(run.split()).strip(" ,*/%+").rstrip("-( ")
    expression += ")" * (expression.count("(") - expression.count(")"))
    try:
        tree = ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return expression if any(isinstance(node, ast.BinOp | ast.Call) for node in ast.walk(tree)) else None
