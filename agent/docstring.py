"""Reads Google-style docstrings: the text before the sections, and what `Args:` says of each parameter."""

import inspect
import re
from collections.abc import Callable
from typing import Any

SECTION = re.compile(r"(Args|Arguments|Parameters|Returns?|Yields?|Raises|Examples?|Notes?|Attributes):\s*")
ARGUMENT = re.compile(r"\*{0,2}(?P<name>\w+)\s*(?:\([^)]*\))?:\s*(?P<text>.*)")


def read_docstring(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """The description, and a sentence per documented parameter; both empty when nothing is written."""
    sections = _sections(inspect.getdoc(function) or "")
    for title in ("Args", "Arguments", "Parameters"):
        if title in sections:
            return _flow(sections[""]), _arguments(sections[title])
    return _flow(sections[""]), {}


def _sections(text: str) -> dict[str, list[str]]:
    """Lines by section title; the description's title is empty."""
    lines: list[str] = []
    sections = {"": lines}
    for line in text.splitlines():
        if heading := SECTION.fullmatch(line):
            lines = sections.setdefault(heading[1], [])
        else:
            lines.append(line)
    return sections


def _arguments(lines: list[str]) -> dict[str, str]:
    """`name: text`, where deeper lines belong to the text above them."""
    described: dict[str, str] = {}
    written = [line for line in lines if line.strip()]
    margin = min((len(line) - len(line.lstrip()) for line in written), default=0)
    name = ""
    for line in written:
        argument = None if line[margin : margin + 1].isspace() else ARGUMENT.fullmatch(line.strip())
        if argument:
            name = argument["name"]
            described[name] = argument["text"].strip()
        elif name:
            described[name] = f"{described[name]} {line.strip()}".strip()
    return described


def _flow(lines: list[str]) -> str:
    """Paragraphs, each on one line: where the source broke its lines says nothing to a model."""
    paragraphs = re.split(r"\n\s*\n", "\n".join(lines).strip())
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
