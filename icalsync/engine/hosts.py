"""How many accounts of one host are asked at a time, and how fast they follow each other after an outage (P17)."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Final

from icalsync.core.backoff import Bucket

PER_HOST: Final = 4
"""Accounts of one host synced at the same time; one that hangs delays at most those behind it at its own host, and no other host's."""
IN_ALL: Final = 64
BURST: Final = 20.0
RATE: Final = 10.0
"""Runs begun at one host: so many at once, then so many a second (P17: after a long outage everything is due together)."""


class Hosts:
    """Counts who is where, for the threads of this process."""

    def __init__(self, *, per_host: int = PER_HOST, in_all: int = IN_ALL, burst: float = BURST, rate: float = RATE) -> None:
        self._per_host, self._in_all, self._burst, self._rate = per_host, in_all, burst, rate
        self._lock = threading.Lock()
        self._there: Counter[str] = Counter()
        self._buckets: dict[str, Bucket] = {}

    def enter(self, host: str) -> bool:
        """Take a place at a host; False where none is free now."""
        now = time.monotonic()
        with self._lock:
            if self._there[host] >= self._per_host or self._there.total() >= self._in_all:
                return False
            taken = self._buckets.get(host, Bucket(self._burst, self._rate, self._burst, now)).take(now)
            if taken is None:
                return False
            self._buckets[host] = taken
            self._there[host] += 1
            return True

    def leave(self, host: str) -> None:
        """Give the place back."""
        with self._lock:
            self._there[host] -= 1
