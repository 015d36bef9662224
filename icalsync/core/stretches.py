"""A window as stretches of equal reason: moment by moment, by the judgement that makes slots (R15)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Final

from icalsync.core.hours import openings
from icalsync.core.interval import Interval
from icalsync.core.model import Busyness
from icalsync.core.slots import BusyRow, Person, judge
from icalsync.core.zones import start_of_day, to_zone

_MOMENT: Final = timedelta(microseconds=1)
_STRENGTH: Final = (Busyness.BUSY, Busyness.BUSY_UNAVAILABLE, Busyness.BUSY_TENTATIVE, Busyness.UNKNOWN)
_SOURCES: Final = ("appointment", "blocked_slot", "external", "coverage")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time with one reason throughout."""

    interval: Interval
    busyness: Busyness
    reason: str
    """That of the strongest row over it; where none is, what ``judge`` says first (``CLOSED``, ``BUFFER``, …), or ``OFFERED``."""
    source: str | None
    """``external``, ``appointment``, ``blocked_slot`` or ``coverage``; None where nothing lies over it."""
    offered: bool
    """Whether a slot may take this moment, the grid of starts apart."""


def stretches(person: Person, window: Interval, asked_at: datetime) -> list[Stretch]:
    """Every moment of ``window`` in order, neighbours of equal reason put together."""
    cuts = sorted({window.start, window.end, *(cut for cut in _cuts(person, window, asked_at) if window.start < cut < window.end)})
    result: list[Stretch] = []
    for start, end in pairwise(cuts):
        found = _judged(person, Interval(start, end), asked_at)
        if result and _alike(result[-1], found):
            result[-1] = replace(found, interval=Interval(result[-1].interval.start, end))
        else:
            result.append(found)
    return result


def _alike(one: Stretch, other: Stretch) -> bool:
    return replace(one, interval=other.interval) == other


def _cuts(person: Person, window: Interval, asked_at: datetime) -> Iterable[datetime]:
    """Every moment at which a judgement may change."""
    hours = person.hours
    yield from (asked_at, asked_at + hours.notice)
    if hours.horizon is not None:
        yield asked_at + hours.horizon + _MOMENT
    for opening in openings(hours, person.zone, window):
        yield from (opening.start, opening.end)
    for row in person.busy:
        yield from (row.interval.start, row.interval.end)
        yield from (row.interval.start - hours.buffer_after, row.interval.end + hours.buffer_before)
    if hours.daily_limit is not None:
        day = to_zone(window.start, person.zone).date()
        while datetime.combine(day, time(), window.end.tzinfo) <= window.end + timedelta(days=1):
            yield start_of_day(day, person.zone)
            day += timedelta(days=1)


def _judged(person: Person, piece: Interval, asked_at: datetime) -> Stretch:
    """One piece over which nothing changes, by its first moment; the grid of starts says nothing about a moment."""
    hours = replace(person.hours, slot_step=_MOMENT)
    reach = Interval(piece.start - hours.buffer_before - _MOMENT, piece.end + hours.buffer_after + _MOMENT)
    near = tuple(row for row in person.busy if row.interval.overlaps(reach))
    judgement = judge(replace(person, hours=hours, busy=near), piece.start, _MOMENT, asked_at)
    over = sorted((row for row in near if row.interval.overlaps(piece) and row.busyness is not Busyness.FREE), key=_rank)
    if over:
        return Stretch(piece, over[0].busyness, over[0].reason.value, over[0].source, judgement.offered)
    return Stretch(piece, Busyness.FREE, judgement.because[0], None, judgement.offered)


def _rank(row: BusyRow) -> tuple[int, int, str, Sequence[datetime]]:
    return _STRENGTH.index(row.busyness), _SOURCES.index(row.source), row.reason.value, (row.interval.start, row.interval.end)
