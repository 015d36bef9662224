"""Who of the known world is where, so that nobody is in two places unless a defect says so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from icalsync.core.interval import Interval


class Agenda:
    """All that is written down about each human, whatever it says: also what blocks nothing would be found under a booking."""

    def __init__(self) -> None:
        self._days: dict[tuple[str, date], list[Interval]] = defaultdict(list)

    def is_free(self, human: str, start: datetime, end: datetime, margin: timedelta = timedelta()) -> bool:
        """Whether nothing is written down from ``margin`` before to ``margin`` after."""
        wanted = Interval((start - margin).astimezone(UTC), (end + margin).astimezone(UTC))
        return not any(taken.overlaps(wanted) for day in _days(wanted) for taken in self._days[human, day])

    def take(self, human: str, start: datetime, end: datetime) -> None:
        """Write it down."""
        taken = Interval(start.astimezone(UTC), end.astimezone(UTC))
        for day in _days(taken):
            self._days[human, day].append(taken)


def _days(interval: Interval) -> Iterator[date]:
    day = interval.start.date()
    while day <= interval.end.date():
        yield day
        day += timedelta(days=1)
