"""Outbox and delivery of one folder, as one thing: put in here, and it gets there."""

import atexit
import random
import threading
import time
import weakref
from collections import Counter
from itertools import accumulate
from pathlib import Path
from typing import Protocol

import httpx

from monitor.breaker import State
from monitor.clock import Clock, SystemClock
from monitor.courier import Courier, Orders
from monitor.delivery import Delivery
from monitor.figures import LATENCY_BOUNDS, Figures
from monitor.forks import begin_anew_in_children
from monitor.losses import Losses
from monitor.masking import Preprocess, masker_of
from monitor.outbox import Outbox
from monitor.records import Kind
from monitor.segments import bytes_waiting
from monitor.status import Latency, Status
from monitor.transport import Transport
from settings import MonitorSettings

WRITE_AT_CLOSE_SECONDS = 5.0
FLUSH_POLL_SECONDS = 0.02


class Deliverer(Protocol):
    """Delivery, by a thread of this process or by a process of its own."""

    def start(self) -> None: ...
    def stop(self, seconds: float) -> None: ...
    def nudge(self) -> None: ...
    def figures(self) -> Figures: ...


class Pipeline:
    """What a client puts its records into. Nothing here raises into the caller or does network I/O in its thread."""

    def __init__(
        self,
        settings: MonitorSettings,
        *,
        folder: Path,
        url: str,
        api_key: str,
        transport: httpx.BaseTransport | None = None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        """Deliver to the Literal API at `url` by way of `folder`. Starts nothing.

        Raises:
            ValueError: the masking that is asked for can't be had.
        """
        self._settings = settings
        self._clock: Clock = clock or SystemClock()
        self._outbox = Outbox(folder, settings, clock=self._clock)
        self._outbox.masker = masker_of(settings, self._outbox.losses)
        self._deliverer: Deliverer
        if settings.delivery_process and transport is None:
            self._deliverer = Courier(Orders.of(folder, url, api_key, settings))
        else:
            self._deliverer = Delivery(
                folder,
                lambda: Transport(url, api_key, timeout=settings.delivery_seconds, via=transport),
                settings,
                losses=self._outbox.losses,
                clock=self._clock,
                rng=rng or random.Random(),  # noqa: S311  # jitter is no secret
            )
        self.begin_in_child()
        begin_anew_in_children(self)

    def begin_in_child(self) -> None:
        """Not started yet."""
        self._start_lock = threading.Lock()
        self._started = False

    @property
    def losses(self) -> Losses:
        """Where faults and losses are counted."""
        return self._outbox.losses

    @property
    def folder(self) -> Path:
        """Where records wait."""
        return self._outbox.folder

    def set_preprocess(self, preprocess: Preprocess | None) -> None:
        """Let a function see, and change, every step before it is on disk."""
        self._outbox.masker.preprocess = preprocess

    def start(self) -> None:
        """Deliver, also what earlier processes left. The first put does it too."""
        with self._start_lock:
            if not self._started:
                self._started = True
                atexit.register(_close_if_alive, weakref.ref(self))
                self._deliverer.start()

    def put(self, kind: Kind, content: bytes, environment: str | None) -> None:
        """Take a record; memory only."""
        if not self._started:
            self.start()
        self._outbox.put(kind, content, environment)

    async def written(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109  # its answer is False, not an error
        """Wait until what was put so far is on disk; False, and counted, when it isn't within the time."""
        return self._count(await self._outbox.written(self._settings.written_seconds if timeout is None else timeout))

    def written_sync(self, timeout: float | None = None) -> bool:
        """The same for a thread without an event loop."""
        return self._count(self._outbox.written_sync(self._settings.written_seconds if timeout is None else timeout))

    def _count(self, ok: bool) -> bool:
        if not ok:
            self._outbox.losses.trouble("an answer left before its steps were on disk")
        return ok

    def delivered(self) -> bool:
        """Whether nothing waits any more, here or in another worker. Reads the folder."""
        return not self._outbox.in_memory()[0] and not bytes_waiting(self.folder)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait in this thread until everything is delivered; False when it isn't in time, or the server is down."""
        timeout = self._settings.delivery_stop_seconds if timeout is None else timeout
        deadline = time.monotonic() + timeout
        self.start()
        self.written_sync(timeout)
        self._deliverer.nudge()
        while not (done := self.delivered()) and time.monotonic() < deadline:
            if self._deliverer.figures().breaker == State.OPEN:
                break
            time.sleep(FLUSH_POLL_SECONDS)
        return done

    def close(self, deliver_seconds: float | None = None) -> None:
        """Write the rest, deliver for at most so many seconds, and leave what remains to the next start."""
        seconds = self._settings.delivery_stop_seconds if deliver_seconds is None else deliver_seconds
        self._outbox.close(WRITE_AT_CLOSE_SECONDS)
        self._deliverer.stop(seconds)

    def status(self) -> Status:
        """Figures from memory; cheap enough for every scrape."""
        records, size, oldest = self._outbox.in_memory()
        figures = self._deliverer.figures()
        puts = [put_at for put_at in (oldest, figures.oldest_put_at) if put_at is not None]
        age = max(0.0, self._clock.wall() - min(puts) / 1_000_000) if puts else 0.0
        stalled = None
        if age > self._settings.delivery_stalled_seconds:
            stalled = f"the oldest step has waited for {age:.0f} s: {figures.last_error or 'no delivery yet'}"
        return Status(
            delivering=figures.delivering,
            queued_steps=records + figures.waiting_records,
            queued_bytes=size + figures.waiting_bytes,
            in_memory=records,
            oldest_seconds=age,
            delivered=figures.delivered,
            retried=figures.retried,
            buried=figures.buried,
            lost=dict(Counter(self._outbox.losses.by_reason()) + Counter(figures.lost)),
            breaker=figures.breaker,
            last_error=figures.last_error,
            latency=Latency(
                dict(zip((*LATENCY_BOUNDS, float("inf")), accumulate(figures.latency), strict=True)),
                figures.delivered,
                figures.latency_sum,
            ),
            stalled=stalled,
        )


def _close_if_alive(pipeline: "weakref.ref[Pipeline]") -> None:
    """At exit: a script that never closed its client still delivers what it recorded."""
    if (alive := pipeline()) is not None:
        alive.close()
