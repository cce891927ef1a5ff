"""Markdown that strangers and models wrote, as HTML that can be put on a page.

Two locks: markdown-it makes no HTML of the text's own HTML, and nh3 lets through only what is listed here. No image is
loaded from anywhere: it becomes a link, so that reading a thread tells no other host that it was read.
"""

from collections.abc import Sequence
from typing import Any, Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

_CONTAINERS: Final = {"ul", "ol", "blockquote", "table"}
_TAGS: Final = _CONTAINERS | {
    *("p", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "br", "pre", "code"),
    *("a", "strong", "em", "s", "li", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES: Final = {"a": {"href", "title"}, "code": {"class"}, "ol": {"start"}}
# A container finds its side from the text in it, but looks past children that have a `dir` of their own.
_DIRECTION: Final = {tag: {"dir": "auto"} for tag in _CONTAINERS}
_SCHEMES: Final = {"http", "https", "mailto"}


def _image_as_link(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: dict[str, Any]
) -> str:
    token = tokens[index]
    source = str(token.attrs.get("src", ""))
    name = renderer.renderInlineAsText(token.children or [], options, env) or source[:80]
    return f'<a href="{nh3.clean_text(source)}">{nh3.clean_text(name)}</a>'


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True, "maxNesting": 40})
    parser.enable(["table", "strikethrough"])
    parser.add_render_rule("image", _image_as_link)
    return parser


_MARKDOWN: Final = _parser()


def to_html(text: str) -> str:
    """The text as safe HTML: no script, style, image, form or foreign attribute is in it."""
    return nh3.clean(
        _MARKDOWN.render(text),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        set_tag_attribute_values=_DIRECTION,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )
