"""Zones as ways between wall time and instants, and what an event takes where clocks jump (RFC 5545 §3.3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from icalsync.core.zones import EARLIEST, LATEST, to_utc, to_zone

_ENDS: Final = timedelta(days=2)


class Zone(Protocol):
    """A way from wall time to instants and back."""

    @property
    def name(self) -> str:
        """The IANA name, or the TZID of a definition of its own."""
        ...

    def utc(self, wall: datetime) -> datetime:
        """The instant of a naive wall time: before a gap, first in an overlap (RFC 5545 §3.3.5)."""
        ...

    def wall(self, instant: datetime) -> datetime:
        """What clocks show at an instant, naive."""
        ...


@dataclass(frozen=True, slots=True)
class IanaZone:
    """A zone of the tz database."""

    name: str

    def utc(self, wall: datetime) -> datetime:
        """The instant of a naive wall time."""
        return wall.replace(tzinfo=UTC) if self.name == "UTC" else to_utc(wall, self.name)

    def wall(self, instant: datetime) -> datetime:
        """What clocks show at an instant, naive."""
        try:
            return to_zone(instant, self.name).replace(tzinfo=None)
        except OverflowError:  # the first and the last hours of the calendar (D27)
            return instant.replace(tzinfo=None)


def across_gap(start: datetime, end: datetime, zone: Zone) -> tuple[datetime, datetime]:
    """The instants of an event from one wall time to a later one whose start clocks jump over, so far that its end comes first.

    RFC 5545 §3.3.5 puts the start behind the end then. What blocks more counts (R12): from the first moment after the gap, which is
    where the time as written begins to exist, until the whole length after the start as the RFC has it.
    """
    begins = zone.utc(start)
    if not EARLIEST + _ENDS < begins < LATEST - _ENDS:  # the ends of the calendar (D27)
        return begins, max(begins, zone.utc(end))
    low, high = begins - (zone.wall(begins) - start), begins
    after = zone.wall(begins) - begins.replace(tzinfo=None)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if zone.wall(middle) - middle.replace(tzinfo=None) == after:
            high = middle
        else:
            low = middle
    return high, begins + (end - start)
