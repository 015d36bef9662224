"""The only place that asks what time it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """This machine's clock (``ports.Clock``)."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251  # the one place allowed to ask

    def monotonic(self) -> float:
        """Seconds that never go back, whatever happens to the wall clock (T12)."""
        return time.monotonic()
