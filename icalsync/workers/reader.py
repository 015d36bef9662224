"""Reading objects within a budget: what may run away is read in a process that the kernel ends when the budget is spent.

One object's trouble is its own rejection, and nobody else's (D6 to D10, T15).
"""

from __future__ import annotations

from typing import Any, Final

from icalsync.core.bounds import Limits
from icalsync.core.interval import Interval
from icalsync.core.model import ReadResult, Rejected
from icalsync.workers.harmless import is_harmless
from icalsync.workers.pipe import READ
from icalsync.workers.process import SHARED, Ended, Workers

PLACING: Final = 0.1
"""Share of the CPU budget kept for telling the time of an object whose reading took the rest."""
_NOTHING_WALKED: Final = Limits(instances=0, steps=0)
"""Limits under which an object is parsed and not expanded: it is rejected at its first instance, with the time it takes."""
_ATTEMPTS: Final = 2


class BoundedReader:
    """``ports.ObjectReader`` with a budget per object: ``seconds`` of CPU, and ``memory`` bytes over what the reader had before."""

    def __init__(self, *, seconds: float = 1.0, memory: int = 100 * 1024 * 1024, workers: Workers = SHARED) -> None:
        self._seconds, self._memory, self._workers = seconds, memory, workers

    def read(self, raw: bytes, window: Interval) -> ReadResult:
        """Never raises for bad text, and never takes longer than its budget: that is a ``Rejected`` (``BUDGET``).

        What takes too long blocks from its start on where that can be told, as UNKNOWN. ``ReaderUnavailable`` where no process starts.
        """
        if len(raw) > Limits().object_bytes or is_harmless(raw):  # the first is refused unread
            from icalsync.core.reading import read_object  # noqa: PLC0415  # icalendar is heavy, and most commands read no object

            return read_object(raw, window)
        kind, result = self._ask(raw, window, (), self._seconds * (1 - PLACING))
        if kind == READ:
            read: ReadResult = result
            return read
        return self._placed(raw, window, self._why(result))

    def _why(self, what: str) -> Rejected:
        if what == "time":
            return Rejected("BUDGET", f"reading it takes more than {self._seconds:g} s of computing time")
        if what == "memory":
            return Rejected("BUDGET", f"reading it takes more than {self._memory / 1024 / 1024:.0f} MB of memory")
        return Rejected("UNEXPECTED", "reading it ends the reading process")

    def _placed(self, raw: bytes, window: Interval, why: Rejected) -> Rejected:
        """The rejection with the time the object takes, where parsing alone can tell it."""
        kind, told = self._ask(raw, window, (_NOTHING_WALKED,), self._seconds * PLACING)
        if kind != READ or not isinstance(told, Rejected):
            return why
        return Rejected(why.reason, why.detail, told.uid, told.starts, told.ends)

    def _ask(self, raw: bytes, window: Interval, limits: tuple[Limits, ...], seconds: float) -> tuple[str, Any]:
        """An answer. A process that was ended by others is tried again once, because the object may be as good as any (T15)."""
        for _ in range(_ATTEMPTS):
            try:
                kind, result = self._workers.ask(raw, window, limits, seconds, self._memory)
            except Ended:
                continue
            return kind, result
        return "over", "crash"

    def close(self) -> None:
        """End the idle processes; reading again starts new ones."""
        self._workers.close()
