"""How a file is served: with headers that keep an uploaded page from ever being a page of ours, and in parts."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

_MAY_BE_SHOWN: Final = re.compile(
    r"image/(png|jpeg|gif|webp|avif|bmp)|(audio|video)/[a-z0-9.+-]+|application/pdf|text/plain"
)
"""What browsers show without running it. SVG, HTML and XML are not among them."""
_ANYTHING_ELSE: Final = "application/octet-stream"
_PDF: Final = "application/pdf"
_POLICY: Final = "default-src 'none'; sandbox"
_POLICY_OF_PDF: Final = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'"
_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def is_shown(mime: str | None) -> bool:
    """Whether a file of this type is shown by browsers, rather than saved."""
    return _MAY_BE_SHOWN.fullmatch(_bare(mime)) is not None


def safe_headers(name: str | None, mime: str | None) -> dict[str, str]:
    """The headers of a file, whatever its sender says it is.

    What can't be shown safely is downloaded, as bytes of no type. A signed link is for any page it is put in, of
    Chainlit for one, so other origins may show and fetch it.
    """
    given, shown = _bare(mime), is_shown(mime)
    # Chrome's own viewer for PDF does not start in a sandbox; it runs no script of the document in our origin.
    policy = _POLICY_OF_PDF if given == _PDF else _POLICY
    return {
        "Content-Type": f"{given}; charset=utf-8" if given == "text/plain" else given if shown else _ANYTHING_ELSE,
        "Content-Disposition": _disposition("inline" if shown else "attachment", name),
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Access-Control-Allow-Origin": "*",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "private, no-store",
        "Accept-Ranges": "bytes",
    }


def part_asked_for(headers: Mapping[str, str], size: int) -> tuple[int, int] | None:
    """Start and end of the one range a request asks for (RFC 9110 §14), end excluded; None for the whole file.

    Several ranges at once may be answered with the whole. An empty range lies outside of the file.
    """
    asked = _RANGE.fullmatch(headers.get("range", ""))
    if asked is None or asked[1] == asked[2] == "":
        return None
    if not asked[1]:
        return max(0, size - int(asked[2])), size
    start = min(int(asked[1]), size)
    return start, min(int(asked[2]) + 1, size) if asked[2] else size


def _bare(mime: str | None) -> str:
    return (mime or "").partition(";")[0].strip().lower()


def _disposition(kind: str, name: str | None) -> str:
    """RFC 6266: the name in ASCII for old programs, and in full."""
    if not name:
        return kind
    clean = _CONTROLS.sub("", name)
    plain = re.sub(r'[^\x20-\x7e]|["\\%;]', "_", clean)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(clean, safe='')}"
