"""Half-open intervals of time and their algebra. Instants are aware UTC datetimes; ``[start, end)``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from icalsync.errors import StartAfterEnd


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """``[start, end)``, never empty and never backwards; ``StartAfterEnd`` otherwise."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Both ends become UTC, so that equal instants are equal and hash alike."""
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))
        if self.start >= self.end:
            raise StartAfterEnd(start=self.start.isoformat(), end=self.end.isoformat())

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        return self.end - self.start

    def overlaps(self, other: Interval) -> bool:
        """Whether both share a moment; touching ends do not."""
        return self.start < other.end and other.start < self.end

    def contains(self, other: Interval) -> bool:
        """Whether ``other`` lies inside."""
        return self.start <= other.start and other.end <= self.end

    def clip(self, window: Interval) -> Interval | None:
        """The part inside ``window``, or None."""
        start, end = max(self.start, window.start), min(self.end, window.end)
        return Interval(start, end) if start < end else None


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time as the fewest intervals, in order; touching ones become one."""
    result: list[Interval] = []
    for interval in sorted(intervals):
        if result and interval.start <= result[-1].end:
            if interval.end > result[-1].end:
                result[-1] = Interval(result[-1].start, interval.end)
        else:
            result.append(interval)
    return result


def without(intervals: Iterable[Interval], taken: Iterable[Interval]) -> list[Interval]:
    """What of ``intervals`` is left when ``taken`` is cut out."""
    cuts = merged(taken)
    return [piece for interval in merged(intervals) for piece in _cut(interval, cuts)]


def _cut(interval: Interval, cuts: list[Interval]) -> Iterator[Interval]:
    start = interval.start
    for cut in cuts:
        if cut.end <= start:
            continue
        if cut.start >= interval.end:
            break
        if start < cut.start:
            yield Interval(start, cut.start)
        start = max(start, cut.end)
    if start < interval.end:
        yield Interval(start, interval.end)


def common(one: Iterable[Interval], other: Iterable[Interval]) -> list[Interval]:
    """The time that lies in both."""
    left, right = merged(one), merged(other)
    result: list[Interval] = []
    i = j = 0
    while i < len(left) and j < len(right):
        shared = left[i].clip(right[j])
        if shared is not None:
            result.append(shared)
        if left[i].end <= right[j].end:
            i += 1
        else:
            j += 1
    return result
