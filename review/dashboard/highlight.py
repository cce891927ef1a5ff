"""JSON in colour, without a script: keys, strings, numbers and words are marked for the style sheet."""

import re
from html import escape
from typing import Final

_TOKENS: Final = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=\s*:)'
    r'|(?P<string>"(?:[^"\\]|\\.)*"?)'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<word>\b(?:true|false|null)\b)"
)


def json_html(text: str) -> str:
    """Indented JSON, which may have been cut short, as HTML. Everything in it is escaped."""
    parts: list[str] = []
    end = 0
    for token in _TOKENS.finditer(text):
        parts.append(escape(text[end : token.start()]))
        parts.append(f'<span class="j-{token.lastgroup}">{escape(token.group())}</span>')
        end = token.end()
    return "".join([*parts, escape(text[end:])])
