"""Delivery: lease, send, and give every record its fate; a thread of its own, never the request's.

A batch that is refused as a whole is cut in two until the record that is to blame is alone; that one is buried with
the reason and the others are delivered. A server that refuses record after record is treated like one that is down,
so that a wrong deployment does not bury the backlog.
"""

import random
import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from monitor.backlog import Backlog
from monitor.breaker import Breaker, State
from monitor.clock import Clock
from monitor.documents import batches
from monitor.figures import LATENCY_BOUNDS, Figures, no_latencies
from monitor.forks import begin_anew_in_children
from monitor.losses import Losses
from monitor.segments import Leased
from monitor.transport import Later, Rejected, Sent, Transport
from monitor.wakeup import Wakeup
from settings import MonitorSettings

REFRESH_SECONDS = 1.0
STOPPING_POLL_SECONDS = 0.02
PROBE_RECORDS = 8
REFUSALS_IN_A_ROW = 20


@dataclass
class Counters:
    """What delivery did since the process started. `latency` counts records by seconds from put to stored."""

    delivered: int = 0
    retried: int = 0
    buried: int = 0
    latency: list[int] = field(default_factory=no_latencies)
    latency_sum: float = 0.0
    last_error: str | None = None


class Delivery:
    """Takes records from the backlog to the server. `turn` is the whole work; `start` runs turns on a thread."""

    def __init__(
        self,
        folder: Path,
        connect: Callable[[], Transport],
        settings: MonitorSettings,
        *,
        losses: Losses,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        """Deliver what waits in `folder` through the transport that `connect` makes. Starts nothing."""
        self._folder = folder
        self._connect = connect
        self._settings = settings
        self._losses = losses
        self._clock = clock
        self._rng = rng
        self._begin()
        begin_anew_in_children(self)

    def _begin(self) -> None:
        settings = self._settings
        self.counters = Counters()
        self.delivering = False
        self.waiting = (0, 0)
        self.oldest_put_at: int | None = None
        self.breaker = Breaker(
            self._clock,
            self._rng,
            first=settings.delivery_backoff_seconds,
            longest=settings.delivery_backoff_max_seconds,
        )
        self._backlog = Backlog(
            self._folder, self._losses, self._clock, max_age_seconds=settings.outbox_max_age_days * 86_400
        )
        self._transport: Transport | None = None
        self._wakeup = Wakeup()
        self._refreshed_at = float("-inf")
        self._refusals_in_a_row = 0
        self._stop_at: float | None = None
        self._thread: threading.Thread | None = None

    # ---- the thread

    def start(self) -> None:
        """Deliver on a thread, until `stop`. Starting twice is starting once."""
        if self._thread is None and self._stop_at is None:
            self._thread = threading.Thread(target=self._run, name="monitor-delivery", daemon=True)
            self._thread.start()

    def stop(self, seconds: float) -> None:
        """Deliver what waits for at most `seconds`, then end; what is left stays on disk for the next start."""
        self._stop_at = self._clock.seconds() + seconds
        self._wakeup.set()
        if self._thread is not None:
            self._thread.join(seconds + 0.1)

    def nudge(self) -> None:
        """Look for new records now."""
        self._refreshed_at = float("-inf")
        self._wakeup.set()

    def figures(self) -> Figures:
        """What it knows of itself, from memory."""
        counters = self.counters
        return Figures(
            delivering=self.delivering,
            waiting_records=self.waiting[0],
            waiting_bytes=self.waiting[1],
            oldest_put_at=self.oldest_put_at,
            delivered=counters.delivered,
            retried=counters.retried,
            buried=counters.buried,
            latency=list(counters.latency),
            latency_sum=counters.latency_sum,
            last_error=counters.last_error,
            breaker=self.breaker.state(),
        )

    def _run(self) -> None:
        while True:
            try:
                pause = self.turn()
            except Exception as error:  # a fault of ours, or of the disk: the records are still there
                self._losses.trouble(f"fault in delivery: {error!r}")
                pause = REFRESH_SECONDS
            self._losses.say()
            if self._stop_at is not None:
                if self._nothing_more_to_do():
                    break
                pause = min(pause, STOPPING_POLL_SECONDS)
            if pause:
                self._wakeup.wait(pause)
        self.close()

    def _nothing_more_to_do(self) -> bool:
        """When stopping: the time is over, somebody else delivers, all is delivered, or the server is down."""
        self._refreshed_at = float("-inf")
        over = self._stop_at is not None and self._clock.seconds() >= self._stop_at
        return over or not self.delivering or not self.waiting[0] or self.breaker.state() is State.OPEN

    def close(self) -> None:
        """Let go of the server and of the lock; on the thread that runs turns."""
        self._backlog.close()
        self.delivering = False
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    # ---- one turn

    def turn(self) -> float:
        """Deliver one lease, if there is one and the server may be asked.

        Returns:
            Seconds until the next turn is worth it.
        """
        if not self._folder.is_dir():  # nothing was ever put; the first step shall not wait longer than others
            self.delivering = False
            return self._settings.delivery_poll_seconds
        self.delivering = self._backlog.acquire()
        if not self.delivering:
            return REFRESH_SECONDS
        self._look()
        if self.oldest_put_at is None:
            return self._settings.delivery_poll_seconds
        if wait := self.breaker.wait():
            return min(wait, REFRESH_SECONDS)
        size = PROBE_RECORDS if self.breaker.state() is State.HALF_OPEN else self._settings.delivery_steps
        leased = self._backlog.lease(size, self._settings.delivery_bytes)
        try:
            delivered = self._deliver(leased)
        finally:
            self._backlog.release()
        return 0 if delivered and self._backlog.more_is_ready else self._settings.delivery_poll_seconds

    def _look(self) -> None:
        """See what waits; the folder itself is read when nothing does, and once a second."""
        now = self._clock.seconds()
        self.oldest_put_at = self._backlog.oldest_put_at()
        if self.oldest_put_at is None or now - self._refreshed_at >= REFRESH_SECONDS:
            self._backlog.refresh()
            self._refreshed_at = now
            self.oldest_put_at = self._backlog.oldest_put_at()
            self.waiting = self._backlog.waiting()

    def _deliver(self, leased: Sequence[Leased]) -> bool:
        """Send a lease; False as soon as the server can't be had, with the rest for later."""
        records = [one.record for one in leased]
        return all(self._send([leased[position] for position in batch]) for batch in batches(records))

    def _send(self, batch: list[Leased]) -> bool:
        """Send a batch, halving what is refused as a whole until each record has its own verdict."""
        parts = deque([batch])
        while parts:
            part = parts.popleft()
            outcome = self._connected().send([leased.record for leased in part])
            match outcome:
                case Sent(refused):
                    self._ack([leased for position, leased in enumerate(part) if position not in refused])
                    verdicts = [(part[position], reason) for position, reason in refused.items()]
                case Rejected(reason) if len(part) == 1:
                    verdicts = [(part[0], reason)]
                case Rejected():
                    half = len(part) // 2
                    parts.extendleft((part[half:], part[:half]))
                    continue
                case Later(reason, after):
                    self.counters.retried += len(part) + sum(map(len, parts))
                    return self._failed(reason, after)
            if not all(self._bury(leased, reason) for leased, reason in verdicts):
                return False
        return True

    def _ack(self, leased: list[Leased]) -> None:
        if not leased:
            return
        self._backlog.ack(leased)
        self.breaker.succeeded()
        self._refusals_in_a_row = 0
        counters = self.counters
        counters.delivered += len(leased)
        now = self._clock.wall()
        for one in leased:
            seconds = now - one.record.put_at / 1_000_000
            counters.latency[bisect_left(LATENCY_BOUNDS, seconds)] += 1
            counters.latency_sum += seconds

    def _bury(self, leased: Leased, reason: str) -> bool:
        """Put a refused record aside; False when the disk won't, or when the server seems to refuse everything."""
        try:
            self._backlog.bury(leased, reason)
        except OSError as error:
            return self._failed(f"a refused step can't be put aside: {error.strerror}", 0)
        self.counters.buried += 1
        self.counters.last_error = reason
        self._losses.trouble(f"refused by the server and buried: {reason}")
        self._refusals_in_a_row += 1
        if self._refusals_in_a_row >= REFUSALS_IN_A_ROW:
            return self._failed(f"{self._refusals_in_a_row} steps in a row were refused: {reason}", 0)
        return True

    def _failed(self, reason: str, after: float) -> Literal[False]:
        self.counters.last_error = reason
        self.breaker.failed(after)
        self._losses.trouble(f"not delivered, tried again later: {reason}")
        return False

    def _connected(self) -> Transport:
        """The transport, made on the thread that uses it: a client's TLS context alone takes longer than a request."""
        if self._transport is None:
            self._transport = self._connect()
        return self._transport

    def begin_in_child(self) -> None:
        """The lock, the files and the connections are the parent's; closing our copies leaves them to it."""
        self.close()
        self._begin()
