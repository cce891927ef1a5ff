"""Is everything in place for steps to be kept and delivered? Each check is a sentence about this machine, now."""

import os
import shutil
import sqlite3
import sys
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from monitor.clock import SystemClock
from monitor.inspection import look_into
from monitor.losses import Losses
from monitor.masking import masker_of
from monitor.transport import Later, Rejected, Transport
from settings import MonitorSettings

SDK = "0.1.300"
SLOW_SYNC_SECONDS = 0.05


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `ok` is None when it is only worth knowing."""

    about: str
    ok: bool | None
    says: str


def examine(folder: Path, settings: MonitorSettings, transport: Transport | None) -> list[Finding]:
    """Every check; `transport` leads to the server, none when no address or key is known."""
    return [
        Finding("python", None, sys.version.split()[0]),
        _sdk(),
        Finding("sqlite", None, f"{sqlite3.sqlite_version}; the outbox is made of plain files and does not use it"),
        _masking(settings),
        _disk(folder, settings),
        _contents(folder, settings),
        _server(transport),
    ]


def _sdk() -> Finding:
    try:
        found = version("literalai")
    except PackageNotFoundError:
        return Finding("literalai", ok=False, says="not installed")
    return Finding("literalai", found == SDK, f"{found}; the monitor is made for {SDK}")


def _masking(settings: MonitorSettings) -> Finding:
    try:
        masker_of(settings, Losses(Path(), SystemClock()))
    except ValueError as error:
        return Finding("masking", ok=False, says=str(error))
    return Finding("masking", None, settings.mask_patterns or "off")


def _disk(folder: Path, settings: MonitorSettings) -> Finding:
    """Writes and syncs a small file where the outbox is, or will be."""
    place = next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
    probe = place / f".doctor-{os.getpid()}"
    try:
        started = time.perf_counter()
        fd = os.open(probe, os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(fd, b"x" * 4096)
        os.fsync(fd)
        os.close(fd)
        took = time.perf_counter() - started
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Finding("disk", ok=False, says=f"{place}: {error.strerror}")
    finally:
        probe.unlink(missing_ok=True)
    says = f"{place}: {free // 1_000_000} MB free, a sync takes {took * 1000:.1f} ms"
    if free < settings.outbox_max_bytes:
        return Finding("disk", ok=False, says=f"{says}; less than OUTBOX_MAX_BYTES ({settings.outbox_max_bytes})")
    slow = settings.outbox_synchronous == "FULL" and took > SLOW_SYNC_SECONDS
    return Finding("disk", not slow, says + ("; slow for OUTBOX_SYNCHRONOUS=FULL" if slow else ""))


def _contents(folder: Path, settings: MonitorSettings) -> Finding:
    found = look_into(folder)
    age = time.time() - found.oldest_put_at if found.oldest_put_at else 0.0
    trouble = [
        f"{number} {what}"
        for number, what in (
            (found.damaged, "damaged lines"),
            (found.buried, "buried (python -m monitor buried)"),
            (sum(found.lost.values()), f"lost or withheld: {', '.join(found.lost)}"),
        )
        if number
    ]
    if age > settings.delivery_stalled_seconds:
        trouble.append(f"the oldest step has waited for {age:.0f} s")
    says = f"{found.queued_steps} wait, {'a' if found.delivering else 'no'} process delivers"
    return Finding("outbox", not trouble, "; ".join([says, *trouble]))


def _server(transport: Transport | None) -> Finding:
    if transport is None:
        return Finding(
            "server", None, "no address: LITERAL_API_URL and LITERAL_API_KEY, or a service that was started once"
        )
    outcome = transport.ask()
    transport.close()
    if isinstance(outcome, Later | Rejected):
        return Finding("server", ok=False, says=outcome.reason)
    return Finding("server", ok=True, says="takes steps with this key")
