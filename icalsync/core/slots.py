"""Which slots a user can be booked for, and why not (R12, R14, R15): listing and judging are one function."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import zip_longest
from typing import Final, Literal

from icalsync.core.hours import LONGEST_BUFFER, OpeningHours, openings
from icalsync.core.interval import Interval
from icalsync.core.model import Busyness, Reason
from icalsync.core.zones import to_zone
from icalsync.errors import InvalidInput

OFFERED: Final = "OFFERED"
UNKNOWN: Final = "UNKNOWN"
AROUND: Final = timedelta(days=1, hours=2) + LONGEST_BUFFER
"""How far around a window busy time matters: a buffer, and the daily limit over the longest day a zone has."""


@dataclass(frozen=True, slots=True)
class BusyRow:
    """One stretch of a user's time that is not free, as the view ``busy`` shows it."""

    interval: Interval
    busyness: Busyness
    source: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Person:
    """Everything about a user that decides whether a slot is offered."""

    user_id: str
    zone: str
    hours: OpeningHours
    unknown: Literal["refuse", "warn"]
    """R12: whether a slot over UNKNOWN time is refused, or offered and marked."""
    busy: tuple[BusyRow, ...]
    appointments: tuple[Interval, ...] = ()
    """The user's own bookings, for the daily limit and for who has fewest."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a slot is offered, and every reason that speaks against it (or ``OFFERED``, with ``UNKNOWN`` where it is marked)."""

    offered: bool
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot that can be booked, the users it can be booked with (fewest appointments first), and whether that rests on UNKNOWN time."""

    interval: Interval
    users: tuple[str, ...]
    unknown: bool


def judge(person: Person, start: datetime, length: timedelta, asked_at: datetime) -> Judgement:
    """Whether the slot ``[start, start + length)`` is offered at ``asked_at`` (both aware).

    Codes, in this order: PAST or NOTICE · HORIZON · CLOSED or OFF_GRID · BUSY · BUFFER · UNKNOWN · DAILY_LIMIT. Buffers need not lie within
    the opening hours. ``InvalidInput`` for a length that is not positive.
    """
    _check(length)
    around = Interval(start - AROUND, start + length + AROUND)
    return _Agenda(person, around, length, asked_at).judge(Interval(start, start + length))


def slots(
    people: Sequence[Person], window: Interval, length: timedelta, need: Literal["all", "any"] | int, asked_at: datetime
) -> list[Slot]:
    """Every slot inside ``window`` for which ``judge`` offers enough of the people, in order of start.

    Starts are those of each person's grid: from each opening's start in steps of ``slot_step`` (or of the length). ``need`` is ``all``,
    ``any`` or a number of people; ``InvalidInput`` for a number no one can meet, or a length that is not positive.
    """
    _check(length)
    needed = _needed(need, len(people))
    if not people:
        return []
    agendas = [_Agenda(person, window, length, asked_at) for person in people]
    counted = [sum(window.overlaps(appointment) for appointment in person.appointments) for person in people]
    order = sorted(range(len(people)), key=lambda one: (counted[one], people[one].user_id))
    inside = (Interval(start, start + length) for start in _starts(agendas, needed) if start + length <= window.end)
    found = (_slot(agendas, order, interval, needed) for interval in inside)
    return [slot for slot in found if slot is not None]


def _check(length: timedelta) -> None:
    if length <= timedelta():
        raise InvalidInput(what="length", value=str(length), why="a slot must last some time")


def _needed(need: Literal["all", "any"] | int, people: int) -> int:
    if need == "all":
        return people
    if need == "any":
        return min(1, people)
    if not 1 <= need <= people:
        raise InvalidInput(what="need", value=need, why=f"it must be all, any or a number from 1 to {people}")
    return need


def _starts(agendas: Sequence[_Agenda], needed: int) -> Iterable[datetime]:
    """The starts worth judging: where all are needed, those of the grid with the fewest; else those on enough grids."""
    if needed == len(agendas):
        return min((agenda.starts() for agenda in agendas), key=len)
    counts = Counter(start for agenda in agendas for start in agenda.starts())
    return sorted(start for start, number in counts.items() if number >= needed)


def _slot(agendas: Sequence[_Agenda], order: Sequence[int], interval: Interval, needed: int) -> Slot | None:
    users: list[str] = []
    sure = 0
    for left, one in zip(range(len(order), 0, -1), order, strict=True):
        if len(users) + left < needed:
            return None
        judgement = agendas[one].judge(interval)
        if judgement.offered:
            users.append(agendas[one].person.user_id)
            sure += UNKNOWN not in judgement.because
    return Slot(interval, tuple(users), sure < needed) if len(users) >= needed else None


class _Spans:
    """Disjoint intervals in order, asked for overlaps by bisection."""

    def __init__(self, intervals: Iterable[Interval]) -> None:
        self._starts: list[datetime] = []
        self._ends: list[datetime] = []
        for start, end in sorted((interval.start, interval.end) for interval in intervals):
            if not self._ends or start > self._ends[-1]:
                self._starts.append(start)
                self._ends.append(end)
            elif end > self._ends[-1]:
                self._ends[-1] = end

    def touch(self, start: datetime, end: datetime) -> bool:
        """Whether any of them shares a moment with ``[start, end)``."""
        at = bisect_right(self._ends, start)
        return at < len(self._starts) and self._starts[at] < end

    def hold(self, start: datetime, end: datetime) -> bool:
        """Whether one of them holds all of ``[start, end)``."""
        at = bisect_right(self._starts, start) - 1
        return at >= 0 and end <= self._ends[at]

    def end_after(self, start: datetime) -> datetime:
        """The end of the interval that holds ``start``."""
        return self._ends[bisect_right(self._starts, start) - 1]


class _Agenda:
    """One person's opening hours and busy time over a window, prepared for many slots of one length."""

    def __init__(self, person: Person, window: Interval, length: timedelta, asked_at: datetime) -> None:
        self.person = person
        self._window = window
        self._asked_at = asked_at
        hours = person.hours
        self._step = hours.slot_step or length
        self._earliest = asked_at + hours.notice
        self._latest = None if hours.horizon is None else asked_at + hours.horizon
        around = Interval(window.start - AROUND, window.end + AROUND)
        single = openings(hours, person.zone, around)
        self._anchors = sorted({opening.start for opening in single})
        self._open = _Spans(single)
        reach = Interval(around.start - hours.buffer_before, around.end + hours.buffer_after)
        near = [row for row in person.busy if row.interval.overlaps(reach)]
        self._busy = _Spans(row.interval for row in near if row.busyness is not Busyness.FREE and row.busyness is not Busyness.UNKNOWN)
        self._unknown = _Spans(row.interval for row in near if row.busyness is Busyness.UNKNOWN)
        self._per_day = Counter(self._day(appointment.start) for appointment in person.appointments)

    def _day(self, instant: datetime) -> date:
        return to_zone(instant, self.person.zone).date()

    def starts(self) -> list[datetime]:
        """Every start on the grid within the window, whether offered or not."""
        result = []
        for anchor, following in zip_longest(self._anchors, self._anchors[1:]):
            closes = self._open.end_after(anchor)
            start = anchor
            end = closes if following is None else min(closes, following)
            while start < end:
                if self._window.start <= start < self._window.end:
                    result.append(start)
                start += self._step
        return result

    def judge(self, slot: Interval) -> Judgement:
        """``core.slots.judge`` for a slot of the length this agenda was prepared for."""
        hours, because = self.person.hours, []
        start, end = slot.start, slot.end
        if start < self._earliest:
            because.append("PAST" if start < self._asked_at else "NOTICE")
        if self._latest is not None and start > self._latest:
            because.append("HORIZON")
        if not self._open.hold(start, end):
            because.append("CLOSED")
        elif (start - self._anchors[bisect_right(self._anchors, start) - 1]) % self._step:
            because.append("OFF_GRID")
        padded = start - hours.buffer_before, end + hours.buffer_after
        if self._busy.touch(start, end):
            because.append("BUSY")
        elif self._busy.touch(*padded):
            because.append("BUFFER")
        unknown = self._unknown.touch(*padded)
        if unknown and self.person.unknown == "refuse":
            because.append(UNKNOWN)
        if hours.daily_limit is not None and self._per_day[self._day(start)] >= hours.daily_limit:
            because.append("DAILY_LIMIT")
        if because:
            return Judgement(offered=False, because=tuple(because))
        return Judgement(offered=True, because=(OFFERED, UNKNOWN) if unknown else (OFFERED,))
