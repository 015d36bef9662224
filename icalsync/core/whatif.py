"""The same answers under other rules: what would be gained, lost, and refused (issue 6). Judged by the functions that make slots (R15)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from icalsync.core.hours import open_intervals
from icalsync.core.interval import Interval, without
from icalsync.core.model import Busyness
from icalsync.core.slots import OFFERED, Person, judge, slots

_NOT_ABOUT_RULES = frozenset({OFFERED, "OFF_GRID", "PAST"})
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Booked:
    """A booking that stands: where it lies, and when it came to lie there."""

    appointment_id: str
    interval: Interval
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Collision:
    """A booking that would have been refused under the other rules, and was not under those in force."""

    booked: Booked
    because: tuple[str, ...]
    """Codes of ``core.slots.judge``."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One user under the rules in force (``now``) and under others (``then``)."""

    user_id: str
    now: tuple[Interval, ...]
    """Bookable time, see ``bookable``."""
    then: tuple[Interval, ...]
    slots_now: tuple[Interval, ...]
    slots_then: tuple[Interval, ...]
    collisions: tuple[Collision, ...]

    @property
    def gained(self) -> tuple[Interval, ...]:
        """Bookable then, and not now."""
        return tuple(without(self.then, self.now))

    @property
    def lost(self) -> tuple[Interval, ...]:
        """Bookable now, and not then."""
        return tuple(without(self.now, self.then))


def bookable(person: Person, window: Interval) -> list[Interval]:
    """Every moment of ``window`` that a slot may take, however short.

    It is open, and with the buffers around it neither busy nor, by the policy ``unknown = refuse``, unknown. Notice, horizon and daily
    limit are no matter of moments; slots know them.
    """
    hours = person.hours
    blocking = (row for row in person.busy if row.busyness is not Busyness.FREE)
    counting = (row for row in blocking if row.busyness is not Busyness.UNKNOWN or person.unknown == "refuse")
    taken = (Interval(row.interval.start - hours.buffer_after, row.interval.end + hours.buffer_before) for row in counting)
    return without(open_intervals(hours, person.zone, window), taken)


def compare(now: Person, then: Person, window: Interval, length: timedelta, asked_at: datetime, booked: Iterable[Booked]) -> Difference:
    """One user under both, with the slots of ``length`` listed at ``asked_at``, and bookings judged as of when they were made.

    A booking does not stand in its own way. Everything else is as known now, also for bookings of the past.
    """
    return Difference(
        user_id=now.user_id,
        now=tuple(bookable(now, window)),
        then=tuple(bookable(then, window)),
        slots_now=_slots(now, window, length, asked_at),
        slots_then=_slots(then, window, length, asked_at),
        collisions=tuple(_collisions(now, then, booked)),
    )


def _slots(person: Person, window: Interval, length: timedelta, asked_at: datetime) -> tuple[Interval, ...]:
    return tuple(slot.interval for slot in slots([person], window, length, "all", asked_at))


def _collisions(now: Person, then: Person, booked: Iterable[Booked]) -> Iterable[Collision]:
    for each in booked:
        before, after = _against(now, each), _against(then, each)
        new = [code for code in after if code not in before and not (code == "BUFFER" and "BUSY" in before)]
        if new:
            yield Collision(each, tuple(new))


def _against(person: Person, each: Booked) -> Sequence[str]:
    """What speaks against a booking, its own row and its own grid apart."""
    rows, own = list(person.busy), list(person.appointments)
    mine = next((row for row in rows if row.source == "appointment" and row.interval == each.interval), None)
    if mine is not None:
        rows.remove(mine)
    if each.interval in own:
        own.remove(each.interval)
    alone = replace(person, busy=tuple(rows), appointments=tuple(own), hours=replace(person.hours, slot_step=_MICROSECOND))
    judgement = judge(alone, each.interval.start, each.interval.length, each.made_at)
    return [code for code in judgement.because if code not in _NOT_ABOUT_RULES]
