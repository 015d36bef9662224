"""Stretches of time cut at local midnight, as a page by days needs them. Nothing is judged here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from data import day as written
from data import say, to_wall

if TYPE_CHECKING:
    import pandas as pd

ENGLISH: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
"""The days as texts of opening hours name them."""
DAYS: Final = 7
"""How many days a page shows."""
NO_SLOT: Final = "NO_SLOT"
"""Of a gap in which nothing is against a slot, but none of the chosen length begins."""
_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)


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


def span_of(starts: datetime, ends: datetime, zone: str) -> str:
    """From when to when, as clocks in ``zone`` show it, on two lines: the day once where it is one, else both."""
    first, last = to_wall(starts, zone), to_wall(ends, zone)
    facts = {"start": say("page.clock", moment=first), "end": say("page.clock", moment=last)}
    if first.date() == last.date():
        return say("page.when", day=name_of(first.date()), **facts)
    return say("page.when_days", first=written(first.date()), last=written(last.date()), **facts)


def hours_in_words(weekly: str) -> str:
    """The text of opening hours with the reader's names of days: ``Mo–Do 08:00–18:00; Fr 08:00–14:00``."""
    if weekly == "closed":
        return say("page.gap.CLOSED")
    names = dict(zip(ENGLISH, say("page.weekdays").split(), strict=True))
    return re.sub("|".join(ENGLISH), lambda found: names[found[0]], weekly).replace("-", "–")


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


def ground_of(stretches: pd.DataFrame, starts: Iterable[datetime], first: date) -> Iterator[Part]:
    """The gaps between what blocks; the seconds between the last full minute and now are none to a reader.

    One that is offered is asked about where its first slot begins, of those that begin at ``starts``: at its own first moment none may.
    """
    begins = sorted(starts)
    for part in parts(stretches, first):
        if part.row["busyness"] == "FREE" and part.ends - part.starts >= _MINUTE:
            yield _at_a_slot(part, begins) if part.row["offered"] else part


def _at_a_slot(part: Part, begins: Sequence[datetime]) -> Part:
    inside = (moment for moment in begins if part.at <= moment < part.row["ends_at"] and moment.date() == part.day)
    moment = next(inside, None)
    return replace(part, row={**part.row, "offered": False, "reason": NO_SLOT}) if moment is None else replace(part, at=moment)


def _wall(starts: pd.Timestamp, ends: pd.Timestamp) -> tuple[datetime, datetime]:
    """As clocks show them. In the hour that comes twice an end may read before its start: then the true length counts."""
    first, last = starts.to_pydatetime().replace(tzinfo=None), ends.to_pydatetime().replace(tzinfo=None)
    return first, last if last > first else first + (ends - starts).to_pytimedelta()


def clock(since_midnight: timedelta) -> str:
    """``09:00``."""
    hours, minutes = divmod(int(since_midnight.total_seconds()) // 60, 60)
    return f"{hours:02}:{minutes:02}"
