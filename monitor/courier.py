"""Delivery in a process of its own: it takes neither CPU nor the interpreter's lock from those who answer requests.

    service                              courier
    outbox ──── segments in the folder ────> Delivery ══> the Literal API
    Courier ─── stdin: orders, look, stop ───> main()
            <── stdout: figures, twice a second ──

A courier whose stdin ends without an order to stop has lost its service, and ends at once: the next start has its own.
One that dies while its service lives is started again.
"""

import io
import logging
import os
import random
import select
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson

from monitor.clock import SystemClock
from monitor.delivery import Delivery
from monitor.figures import Figures
from monitor.forks import begin_anew_in_children
from monitor.losses import Losses
from monitor.transport import Transport
from settings import MonitorSettings

log = logging.getLogger("monitor")

LOOK: Final = b"look\n"
STOP: Final = b"stop "
FIGURES_SECONDS: Final = 0.5
START_AGAIN_SECONDS: Final = 1.0
ENDING_SECONDS: Final = 2.0
"""What a courier may take to end, on top of what it may still deliver."""

PROGRAM: Final = (
    f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r}); from monitor import courier; courier.main()"
)


@dataclass(frozen=True)
class Orders:
    """What a courier is told at its start: where the records are, and whom to bring them. Holds the API key."""

    folder: str
    url: str
    api_key: str
    settings: dict[str, Any]

    @classmethod
    def of(cls, folder: Path, url: str, api_key: str, settings: MonitorSettings) -> "Orders":
        """Orders to deliver what waits in `folder`."""
        return cls(str(folder.absolute()), url, api_key, settings.model_dump(mode="json", exclude={"literal_api_key"}))


class Courier:
    """The service's side: starts the process, keeps it running, and knows its figures."""

    def __init__(self, orders: Orders) -> None:
        """Deliver as `orders` say. Starts nothing."""
        self._orders = orders
        self._begin()
        begin_anew_in_children(self)

    def _begin(self) -> None:
        self._figures = Figures()
        self._earlier = Figures()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def begin_in_child(self) -> None:
        """The courier is the parent's; holding its stdin open here would keep it from seeing the parent's end."""
        if (process := self._process) is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError, ValueError):  # it may be closed already
                        os.close(pipe.fileno())
            process.returncode = 0  # not ours to wait for
        self._begin()

    def start(self) -> None:
        """Start the courier, from a thread: starting a process takes longer than a request may wait."""
        if self._thread is None and not self._stopping.is_set():
            self._thread = threading.Thread(target=self._keep_running, name="monitor-courier", daemon=True)
            self._thread.start()

    def nudge(self) -> None:
        """Have it look for new records now."""
        self._order(LOOK)

    def stop(self, seconds: float) -> None:
        """Let it deliver for at most `seconds`, and wait for its end."""
        self._stopping.set()
        self._order(b"%b%f\n" % (STOP, seconds))
        if (process := self._process) is not None and process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()
            try:
                process.wait(seconds + ENDING_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        if self._thread is not None:
            self._thread.join(ENDING_SECONDS)

    def figures(self) -> Figures:
        """What it said last, with what the couriers before it had counted."""
        return added(self._earlier, self._figures)

    def _order(self, line: bytes) -> None:
        if (process := self._process) is not None and process.stdin is not None:
            with suppress(OSError, ValueError):
                process.stdin.write(line)
                process.stdin.flush()

    def _keep_running(self) -> None:
        while not self._stopping.is_set():
            try:
                self._run_once()
            except Exception as error:
                log.warning("[monitoring only] the courier can't be started: %s", error)
            self._earlier = replace(added(self._earlier, self._figures), delivering=False)
            self._figures = Figures()
            self._stopping.wait(START_AGAIN_SECONDS)

    def _run_once(self) -> None:
        with subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        ) as process:
            self._process = process
            self._order(orjson.dumps(asdict(self._orders)) + b"\n")
            assert process.stdout is not None  # noqa: S101  # it was asked for
            for line in process.stdout:
                with suppress(orjson.JSONDecodeError, TypeError):
                    self._figures = Figures.from_line(line)


def added(one: Figures, other: Figures) -> Figures:
    """What two couriers counted, one after the other; what waits is what the later one sees."""
    return replace(
        other,
        delivered=one.delivered + other.delivered,
        retried=one.retried + other.retried,
        buried=one.buried + other.buried,
        latency=[a + b for a, b in zip(one.latency, other.latency, strict=True)],
        latency_sum=one.latency_sum + other.latency_sum,
        last_error=other.last_error or one.last_error,
        lost={reason: one.lost.get(reason, 0) + other.lost.get(reason, 0) for reason in {*one.lost, *other.lost}},
    )


# ---- the courier's side


def main() -> None:
    """The courier: deliver until told to stop, or until the service is gone."""
    logging.basicConfig(format="%(levelname)s:     %(message)s")
    stdin = io.FileIO(0, closefd=False)  # unbuffered: what a buffer has read, select() does not see
    stdout = io.FileIO(1, "w", closefd=False)  # unbuffered: nothing is left to flush when the service is gone
    told = stdin.readline()
    if not told:
        return
    orders = Orders(**orjson.loads(told))
    settings = MonitorSettings(**orders.settings)
    clock = SystemClock()
    losses = Losses(Path(orders.folder), clock)
    delivery = Delivery(
        Path(orders.folder),
        lambda: Transport(orders.url, orders.api_key, timeout=settings.delivery_seconds),
        settings,
        losses=losses,
        clock=clock,
        rng=random.Random(),  # noqa: S311  # jitter is no secret
    )
    delivery.start()
    delivery.stop(obey(stdin, stdout, delivery, losses))
    _tell(stdout, delivery, losses)


def obey(stdin: io.FileIO, stdout: io.FileIO, delivery: Delivery, losses: Losses) -> float:
    """Take orders and tell figures until told to stop; answers for how many seconds to go on delivering."""
    while True:
        ready, _, _ = select.select([stdin], [], [], FIGURES_SECONDS)
        if ready:
            line = os.read(stdin.fileno(), 4096)
            if not line:
                return 0
            if STOP in line:
                return float(line.split(STOP)[1])
            delivery.nudge()
        if not _tell(stdout, delivery, losses):
            return 0


def _tell(stdout: io.FileIO, delivery: Delivery, losses: Losses) -> bool:
    """Write the figures; False when nobody reads them any more."""
    try:
        stdout.write(replace(delivery.figures(), lost=losses.by_reason()).to_line())
    except OSError:
        return False
    return True
