"""Heat maps: opening hours cut into local hours, and the order in which causes claim the time that is lost (issue 6).

Of the open time of an hour, ``busy`` is what BUSY, BUSY_TENTATIVE and BUSY_UNAVAILABLE rows take, each moment once; ``unknown`` is what
UNKNOWN rows take of the rest. What remains is exactly where a slot without buffers may stand under the policy ``unknown = refuse`` (R15).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from icalsync.core.hours import OpeningHours, open_intervals
from icalsync.core.interval import Interval
from icalsync.core.model import Reason
from icalsync.core.zones import to_zone

BUFFER: Final = "BUFFER"
"""Neither busy nor unknown, but too near to such time for the buffers."""
CLAIMS: Final = (
    Reason.OWN_APPOINTMENT,
    Reason.DRIFT,
    Reason.BLOCKED_SLOT,
    Reason.BUSY,
    Reason.ALL_DAY,
    Reason.UNANSWERED,
    Reason.TENTATIVE,
    Reason.TRAVEL,
)
"""Which cause a busy moment counts for where several take it: the first. Time that is unknown follows, then ``BUFFER``."""
UNKNOWN_CLAIMS: Final = (Reason.UNREADABLE, Reason.NOT_COVERED)
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class OpenPiece:
    """Open time within one local hour; an hour that clocks show twice has two."""

    interval: Interval
    day: date
    hour: int


def open_pieces(hours: OpeningHours, zone: str, window: Interval) -> Iterator[OpenPiece]:
    """The opening hours within ``window``, cut where clocks in ``zone`` show a full hour: on DST days as long as those hours really are."""
    for opening in open_intervals(hours, zone, window):
        start = opening.start
        while start < opening.end:
            local = to_zone(start, zone)
            end = min(start + _HOUR - _into(local), opening.end)
            yield OpenPiece(Interval(start, end), local.date(), local.hour)
            start = end


def _into(local: datetime) -> timedelta:
    """How much of its hour has passed."""
    return timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)


def share(busy: float, opened: float) -> float | None:
    """The part of open time that is taken; None where nothing is open."""
    return busy / opened if opened else None
