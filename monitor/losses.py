"""What was lost, counted by reason, and said: once per reason and minute in the log, always in a file."""

import logging
from collections import Counter
from pathlib import Path
from threading import Lock
from typing import cast

import orjson

from monitor.clock import Clock, iso

log = logging.getLogger("monitor")

SAY_AGAIN_SECONDS = 60
FILE = "losses.jsonl"


class Losses:
    """Counts by reason. Counting is memory only; `say()` logs and writes, and belongs on a thread that may wait."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Write to `losses.jsonl` in `folder`."""
        self._file = folder / FILE
        self._clock = clock
        self.begin_in_child()

    def begin_in_child(self) -> None:
        """Count from nothing, with a lock nobody holds: a forked child starts here too."""
        self._lock = Lock()
        self._counts: Counter[str] = Counter()
        self._unsaid: Counter[str] = Counter()
        self._unwritten: Counter[str] = Counter()
        self._said_at: dict[str, float] = {}

    def count(self, reason: str, number: int = 1) -> None:
        """Note that `number` records are gone, or left without their content, because of `reason`."""
        with self._lock:
            self._counts[reason] += number
            self._unsaid[reason] += number
            self._unwritten[reason] += number

    def trouble(self, what: str) -> None:
        """Note something that must be said though nothing is lost by it."""
        with self._lock:
            self._unsaid[what] += 1

    def by_reason(self) -> dict[str, int]:
        """What was counted since the process started."""
        with self._lock:
            return dict(self._counts)

    def say(self) -> None:
        """Log and keep what was counted since the last time. Never raises."""
        if not self._unsaid and not self._unwritten:
            return
        now = self._clock.seconds()
        with self._lock:
            due = [r for r in self._unsaid if now - self._said_at.get(r, -SAY_AGAIN_SECONDS) >= SAY_AGAIN_SECONDS]
            said = {reason: self._unsaid.pop(reason) for reason in due}
            unwritten, self._unwritten = self._unwritten, Counter()
        for reason, number in said.items():
            self._said_at[reason] = now
            log.warning("[monitoring only] %s (%d)", reason, number)
        if unwritten:
            self._write(unwritten)

    def _write(self, counts: Counter[str]) -> None:
        try:
            with self._file.open("ab") as file:
                for reason, number in counts.items():
                    line = {"at": iso(self._clock.wall()), "reason": reason, "records": number}
                    file.write(orjson.dumps(line) + b"\n")
        except OSError:  # a full disk is the likeliest reason of all: the count is tried again
            with self._lock:
                self._unwritten.update(counts)


def written_losses(folder: Path) -> dict[str, int]:
    """What all processes of this folder ever wrote down, by reason."""
    counts: Counter[str] = Counter()
    try:
        lines = (folder / FILE).read_bytes().splitlines()
    except OSError:
        return {}
    for line in lines:
        try:
            loss = cast("dict[str, object]", orjson.loads(line))
            counts[str(loss["reason"])] += int(str(loss["records"]))
        except (orjson.JSONDecodeError, KeyError, ValueError, TypeError):
            continue  # a line torn by a crash
    return dict(counts)
