"""Ids for steps and threads: UUIDs of version 7 (RFC 9562), made from random bytes that are fetched in bulk.

Asking the kernel for 16 bytes can cost more than the rest of a step (28 µs on a small virtual machine), and ids that
grow with time keep a database's index compact.
"""

import os
import threading
import time

from monitor.forks import begin_anew_in_children

RANDOM_BYTES = 10
IDS_PER_FETCH = 512


class Ids:
    """Makes ids; a forked child never repeats its parent's."""

    def __init__(self) -> None:
        self.begin_in_child()
        begin_anew_in_children(self)

    def begin_in_child(self) -> None:
        """Forget the random bytes: the parent will use them."""
        self._lock = threading.Lock()
        self._random = ""
        self._at = 0

    def next(self) -> str:
        """For example `019a9c1e-7b3c-7d41-9f0a-3b5c7d9e1f20`."""
        with self._lock:
            if self._at >= len(self._random):
                self._random = os.urandom(RANDOM_BYTES * IDS_PER_FETCH).hex()
                self._at = 0
            digits = self._random[self._at : self._at + 2 * RANDOM_BYTES]
            self._at += 2 * RANDOM_BYTES
        now = f"{time.time_ns() // 1_000_000:012x}"
        variant = "89ab"[int(digits[3], 16) & 3]
        return f"{now[:8]}-{now[8:]}-7{digits[:3]}-{variant}{digits[4:7]}-{digits[7:19]}"
