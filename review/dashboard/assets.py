"""Our own style sheet, scripts and mark: read once, served under addresses that change with their content."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "static"
_MEDIA_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of ours. `fingerprint` is a few characters that change when the file does."""

    content: bytes
    media_type: str
    fingerprint: str


@cache
def assets() -> dict[str, Asset]:
    """All of them by name. Reads files the first time, so it isn't called on an event loop."""
    found: dict[str, Asset] = {}
    for path in _FOLDER.iterdir():
        content = path.read_bytes()
        found[path.name] = Asset(content, _MEDIA_TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:10])
    return found
