"""Remembers what happened and delivers it to a Literal API; `from monitor import LiteralClient` is the drop-in.

The SDK takes a second to import, so the clients are imported when they are first asked for.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from monitor.status import Status
from settings import MonitorSettings

if TYPE_CHECKING:
    from monitor.literal import AsyncLiteralClient, LiteralClient

__all__ = ["AsyncLiteralClient", "LiteralClient", "Status", "open_client"]


def __getattr__(name: str) -> Any:
    if name in {"AsyncLiteralClient", "LiteralClient"}:
        from monitor import literal

        return getattr(literal, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def open_client(
    settings: MonitorSettings,
    *,
    data_dir: Path,
    url: str,
    api_key: str,
    transport: httpx.BaseTransport | None = None,
) -> "LiteralClient":
    """A client whose steps wait in `data_dir/outbox`, shared by all workers of the service. Starts nothing.

    Raises:
        ValueError: masking that can't be had.
    """
    from monitor.literal import LiteralClient

    return LiteralClient(
        api_key=api_key,
        url=url,
        settings=settings,
        outbox_dir=settings.outbox_dir or data_dir / "outbox",
        transport=transport,
    )
