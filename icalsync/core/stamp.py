"""Moments and lengths of an event once its zones are known (RFC 5545 §3.3.4, §3.3.5, §3.8.5.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from icalsync.core.clocks import Zone
from icalsync.core.model import EventTime, Timing
from icalsync.core.zones import LATEST

NO_TIME: Final = timedelta()
ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A resolved moment: a date, or a wall time with its zone (None: floating)."""

    wall: datetime | date
    zone: Zone | None = None

    @property
    def value(self) -> EventTime:
        """The moment as the model has it: an instant, a floating wall time or a date."""
        if isinstance(self.wall, datetime) and self.zone is not None:
            return self.zone.utc(self.wall)
        return self.wall

    @property
    def clock(self) -> datetime:
        """The wall time; midnight for a date."""
        return self.wall if isinstance(self.wall, datetime) else datetime.combine(self.wall, time())

    @property
    def day(self) -> date:
        """The local date."""
        return self.clock.date()

    def at(self, clock: datetime) -> Stamp:
        """The same kind of moment at another wall time."""
        return Stamp(clock if isinstance(self.wall, datetime) else clock.date(), self.zone)

    @property
    def timing(self) -> Timing:
        """Which kind of moment it is."""
        if not isinstance(self.wall, datetime):
            return Timing.DATE
        return Timing.FLOATING if self.zone is None else Timing.INSTANT


@dataclass(frozen=True, slots=True)
class Length:
    """How long an event lasts: nominal days, and an exact rest (RFC 5545 §3.8.5.3)."""

    days: int = 0
    exact: timedelta = NO_TIME

    def end(self, start: Stamp, value: EventTime | None = None) -> EventTime:
        """The exclusive end of an occurrence that starts there, at most the end of the year 9999 (D27).

        ``value`` is the start's, for who has it already.
        """
        try:
            if self.days == 0:
                return (value or start.value) + self.exact
            later = start.at(start.clock + timedelta(days=self.days)).value
            return later + self.exact if isinstance(later, datetime) else later
        except OverflowError:
            return _last(start)

    @property
    def most(self) -> timedelta:
        """No occurrence lasts longer, whatever clocks do."""
        return timedelta(days=self.days) + self.exact + (ONE_DAY if self.days else NO_TIME)


def _last(start: Stamp) -> EventTime:
    if not isinstance(start.wall, datetime):
        return date.max
    return LATEST.replace(microsecond=0, tzinfo=None if start.zone is None else UTC)


def recurrence_key(value: EventTime) -> str:
    """The identity of an instance, in basic iCalendar form (model.Event.recurrence_id)."""
    if not isinstance(value, datetime):
        return f"{value.year:04}{value.month:02}{value.day:02}"
    text = f"{value.year:04}{value.month:02}{value.day:02}T{value.hour:02}{value.minute:02}{value.second:02}"
    return text + "Z" if value.tzinfo is not None else text
