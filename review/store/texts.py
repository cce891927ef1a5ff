"""The text in a JSON value: what a list shows of it, and what a search looks at."""

import unicodedata
from collections.abc import Iterator
from typing import Any, Final, cast

PREVIEW_CHARS: Final = 200
_MOST_SEARCHED_CHARS: Final = 200_000  # of one value; beyond that it is a file, not something people remember words of


def fold(text: str) -> str:
    """The form in which texts are compared: no case, no compatibility forms (full width, Arabic presentation forms)."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()


def preview_of(value: Any) -> str:
    """The beginning of a value's text on one line: a message's content, a string, else all strings in it."""
    text = " ".join(_strings(_content(value), PREVIEW_CHARS * 2))
    return " ".join(text[: PREVIEW_CHARS * 2].split())[:PREVIEW_CHARS]


def _content(value: Any) -> Any:
    """The content of a message, the value itself when it is none."""
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    content = fields.get("content")
    return fields if content is None else _without_part_types(content)


def _without_part_types(content: Any) -> Any:
    """A message's content, of whose parts (`{"type": "text", "text": …}`) only the text is for reading."""
    if not isinstance(content, list):
        return content
    parts = cast("list[Any]", content)
    return [cast("dict[str, Any]", part).get("text") if isinstance(part, dict) else part for part in parts]


def searched_text(*values: Any) -> str:
    """All text in some values, folded, one string a line. It ends with line ends so that each pair has a third."""
    lines: list[str] = []
    for value in values:
        if value is not None:
            lines.extend(_strings(value, _MOST_SEARCHED_CHARS))
    return fold("\n".join(lines))


def _strings(value: Any, most_chars: int) -> Iterator[str]:
    """The strings and whole numbers in a value in reading order, up to some length; inlined files are skipped."""
    left = [value]
    while left and most_chars > 0:
        current: Any = left.pop()
        match current:
            case str() as text:
                if not text.startswith("data:"):
                    yield text[:most_chars]
                    most_chars -= len(text)
            case bool() | None | float():
                pass
            case int() as number:
                yield str(number)
            case dict():
                left.extend(reversed(list(cast("dict[str, Any]", current).values())))
            case list():
                left.extend(reversed(cast("list[Any]", current)))
            case _:
                pass
