"""Serving the review app alone: a socket of its own, and a word to the terminal once it is ready."""

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import uvicorn
from starlette.applications import Starlette

from settings import ServerSettings

_BACKLOG: Final = 2048
_THIS_MACHINE: Final[dict[str, str]] = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - shown, not bound


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        OSError: the address can't be had; the message says how to choose another.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise OSError(
            f"can't listen on {host}:{port} ({error.strerror}); choose another with --host and --port"
        ) from None


def base_url(listening: socket.socket) -> str:
    """Where a browser on this machine reaches the socket."""
    address = listening.getsockname()
    host, port = str(address[0]), int(address[1])
    shown = _THIS_MACHINE.get(host, host)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def serve(app: Starlette, listening: socket.socket, settings: ServerSettings, *, ready: Callable[[], None]) -> bool:
    """Serves until a signal says stop, then finishes what is running.

    Args:
        app: The review app; its lifespan is entered and left here.
        listening: What it is served on; closed at the end.
        settings: The log level, and how long a stop waits.
        ready: Called once the app answers.

    Returns:
        Whether the app could be started.
    """
    config = uvicorn.Config(
        app,
        log_level=settings.log_level,
        access_log=False,  # addresses may hold the admin token
        timeout_graceful_shutdown=round(settings.stop_seconds),
    )
    server = _AnnouncedServer(config, ready)
    with suppress(KeyboardInterrupt):  # uvicorn raises Ctrl-C again, once it has stopped
        server.run(sockets=[listening])
    return server.started


class _AnnouncedServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()
