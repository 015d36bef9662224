"""Who is taken when: the demo's own book-keeping while it fills calendars, and afterwards the answer key of its busy times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from icalsync.core.interval import Interval, merged
from icalsync.demo.cast import Person
from icalsync.demo.text import When


class Diary:
    """The blocking time of every user, so that nothing collides unless it is meant to."""

    def __init__(self) -> None:
        self._days: dict[tuple[tuple[str, str], date], list[Interval]] = defaultdict(list)
        self._taken: dict[tuple[str, str], list[Interval]] = defaultdict(list)

    def is_free(self, people: Sequence[Person], start: When, end: When, travel: timedelta = timedelta()) -> bool:
        """Whether nobody of ``people`` is taken between ``start`` (less the way there) and ``end``, each in their own zone."""
        for person in people:
            wanted = span(start, end, person.time_zone, travel)
            if any(taken.overlaps(wanted) for day in _days(wanted) for taken in self._days[person.key, day]):
                return False
        return True

    def take(self, people: Sequence[Person], start: When, end: When, travel: timedelta = timedelta()) -> None:
        """Write that time down for everybody of ``people``; whether it was free is the caller's business."""
        for person in people:
            taken = span(start, end, person.time_zone, travel)
            self._taken[person.key].append(taken)
            for day in _days(taken):
                self._days[person.key, day].append(taken)

    def taken(self) -> dict[tuple[str, str], tuple[Interval, ...]]:
        """Per user, all blocking time as the fewest intervals."""
        return {key: tuple(merged(intervals)) for key, intervals in self._taken.items()}


def span(start: When, end: When, zone: str, travel: timedelta = timedelta()) -> Interval:
    """The instants an event takes for somebody in ``zone``: floating and all-day times are read there (design.md §1)."""
    return Interval(_instant(start, zone) - travel, _instant(end, zone))


def _instant(when: When, zone: str) -> datetime:
    if not isinstance(when, datetime):
        when = datetime.combine(when, time())
    if when.tzinfo is None:
        when = when.replace(tzinfo=ZoneInfo(zone))
    return when.astimezone(UTC)


def _days(interval: Interval) -> Iterator[date]:
    day = interval.start.date()
    while day <= interval.end.date():
        yield day
        day += timedelta(days=1)
