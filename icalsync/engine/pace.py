"""How fast one host is written to: a burst, then a steady rate, for all its accounts together (P17)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from icalsync.core.backoff import Bucket

BURST: Final = 30.0
RATE: Final = 10.0
"""Writes a second once the burst is used up: the backlog of a long outage must not look like an attack."""


class Pace:
    """A token bucket per host, shared by the threads of this process."""

    def __init__(self, *, burst: float = BURST, rate: float = RATE) -> None:
        self._burst, self._rate = burst, rate
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}

    def wait(self, host: str, sleep: Callable[[float], None]) -> None:
        """Wait until one more write may be sent to this host."""
        while not self._taken(host):
            sleep(1 / self._rate)

    def _taken(self, host: str) -> bool:
        now = time.monotonic()
        with self._lock:
            bucket = self._buckets.get(host) or Bucket(self._burst, self._rate, self._burst, now)
            taken = bucket.take(now)
            if taken is not None:
                self._buckets[host] = taken
            return taken is not None


PACE: Final = Pace()
