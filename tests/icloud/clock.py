"""Time that a test moves."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class MovableClock:
    """A clock that stands still until it is moved (``ports.Clock``)."""

    def __init__(self, start: datetime = datetime(2026, 11, 22, 12, tzinfo=UTC)) -> None:
        self._lock = threading.Lock()
        self._start = start
        self._passed = timedelta()

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        with self._lock:
            return self._start + self._passed

    def monotonic(self) -> float:
        """Seconds since the start."""
        with self._lock:
            return self._passed.total_seconds()

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass; negative ones set the clock back."""
        with self._lock:
            self._passed += timedelta(seconds=seconds)
