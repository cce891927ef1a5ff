"""What every test has: a clean environment, only loopback, and an event loop that nobody may block."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster

import settings

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the developer's own machine reaches a test; relative paths end in the test's folder."""
    for section in settings.SECTIONS:
        for name in section.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)
            monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches for another machine fails at once, and says which."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in LOOPBACK:
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def nobody_blocks_the_loop(only_loopback: None) -> Iterator[BlockBuster]:
    """A blocking call on the event loop, made by our own code, raises.

    After `only_loopback`, so that what both patch is restored in the reverse order and not wrapped once more per test.
    """
    with_ours = BlockBuster(scanned_modules=["server", "agent", "monitor", "review", "tools"])
    with_ours.activate()
    yield with_ours
    with_ours.deactivate()


def pytest_configure() -> None:
    os.environ.setdefault("TZ", "UTC")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell starts what it runs in the background so, and the programs that tests start would inherit it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
