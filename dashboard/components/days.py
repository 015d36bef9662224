"""Stretches of time cut at local midnight, as a page by days needs them. Nothing is judged here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from data import day as written
from data import say

if TYPE_CHECKING:
    import pandas as pd

DAYS: Final = 7
"""How many days a page shows."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Part:
    """What of a row lies on one day; ``starts`` and ``ends`` count from that day's midnight, as clocks there show it."""

    day: date
    starts: timedelta
    ends: timedelta
    row: Mapping[str, Any]
    at: datetime
    """The part's first moment, with its zone: what is asked about when somebody wants to know more."""

    @property
    def says(self) -> str:
        """``09:00–09:30``, or that it is the whole day."""
        if self.ends - self.starts == _DAY:
            return say("page.whole_day")
        return f"{clock(self.starts)}–{clock(self.ends)}"


def days_from(first: date) -> list[date]:
    """The days a page shows."""
    return [first + timedelta(days=number) for number in range(DAYS)]


def name_of(day: date) -> str:
    """``Mon 2026-11-23``, or as the reader's language writes it."""
    return say("page.day", weekday=weekday(day.weekday()), day=written(day))


def weekday(number: int) -> str:
    """``Mon`` for 0."""
    return say("page.weekdays").split()[number]


def parts(frame: pd.DataFrame, first: date) -> Iterator[Part]:
    """The rows of a frame in the user's zone, cut at each midnight, day by day and in order of start."""
    rows = sorted(frame.to_dict("records"), key=lambda row: (row["starts_at"], row["ends_at"]))
    walls = [(*_wall(row["starts_at"], row["ends_at"]), row) for row in rows]
    for day in days_from(first):
        midnight = datetime.combine(day, time())
        for starts, ends, row in walls:
            if starts < midnight + _DAY and ends > midnight:
                at = row["starts_at"] if starts >= midnight else midnight.replace(tzinfo=row["starts_at"].tzinfo)
                yield Part(day, max(starts - midnight, timedelta()), min(ends - midnight, _DAY), row, at)


def _wall(starts: pd.Timestamp, ends: pd.Timestamp) -> tuple[datetime, datetime]:
    """As clocks show them. In the hour that comes twice an end may read before its start: then the true length counts."""
    first, last = starts.to_pydatetime().replace(tzinfo=None), ends.to_pydatetime().replace(tzinfo=None)
    return first, last if last > first else first + (ends - starts).to_pytimedelta()


def clock(since_midnight: timedelta) -> str:
    """``09:00``."""
    hours, minutes = divmod(int(since_midnight.total_seconds()) // 60, 60)
    return f"{hours:02}:{minutes:02}"
