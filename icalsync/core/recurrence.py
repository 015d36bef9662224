"""The occurrences of one UID: masters, exceptions and added dates put together (RFC 5545 §3.8.4.4, §3.8.5).

What the RFC leaves open is decided towards busy: DTSTART always counts as the first instance, also where its rule does not make it;
an override whose RECURRENCE-ID matches nothing (or something EXDATE removed) still takes place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import chain
from typing import Final

from icalsync.core.bounds import Limits, Unreadable
from icalsync.core.expansion import instances
from icalsync.core.interval import Interval
from icalsync.core.model import EventTime, Timing
from icalsync.core.reach import clock_of, minus, plus, touches
from icalsync.core.rules import Rule
from icalsync.core.stamp import NO_TIME, ONE_DAY, Length, Stamp, recurrence_key
from icalsync.core.vevent import Vevent

_SECOND: Final = timedelta(seconds=1)
_REACH: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Taken:
    """One occurrence: the VEVENT it comes from, its identity, its time."""

    source: Vevent
    recurrence_id: str | None
    starts: EventTime
    ends: EventTime


def distinct(events: Sequence[Vevent], flags: set[str]) -> list[Vevent]:
    """The VEVENTs of one UID, masters first, with one override per RECURRENCE-ID: the highest SEQUENCE, then DTSTAMP (D17)."""
    best: dict[str, Vevent] = {}
    for event in events:
        if event.event.recurrence_id is not None:
            key = event.event.recurrence_id
            if key in best:
                flags.add("DUPLICATE_OVERRIDE")
            if key not in best or event.rank > best[key].rank:
                best[key] = event
    return [event for event in events if event.recurrence is None] + [best[key] for key in sorted(best)]


def occurrences(events: Sequence[Vevent], window: Interval, limits: Limits, flags: set[str]) -> list[Taken]:
    """Everything the ``distinct`` VEVENTs of one UID mean: the instances that touch ``window``, or all of it where nothing recurs.

    ``Unreadable`` (BUDGET) where there are more of them than ``limits`` allow.
    """
    masters = [event for event in events if event.recurrence is None]
    overrides = [event for event in events if event.recurrence is not None]
    if not masters:
        flags.add("ORPHAN_OVERRIDE")
    if len(masters) > 1:
        flags.add("SEVERAL_MASTERS")
    recurring = any(master.recurring for master in masters)
    matched: dict[int, str] = {}
    result: list[Taken] = []
    for master in masters:
        if master.recurring:
            result.extend(_Series(master, overrides, window, limits, flags).occurrences(matched))
        else:
            result.extend(_single(master, overrides, matched))
    for index, override in enumerate(overrides):
        if masters and index not in matched:
            flags.add("ORPHAN_OVERRIDE")
        ends = override.length.end(override.start)
        if not recurring or touches(override.start.value, ends, override.travel, window):
            result.append(Taken(override, matched.get(index, override.event.recurrence_id), override.start.value, ends))
    if len(result) > limits.instances:
        raise Unreadable("BUDGET", f"more than {limits.instances} occurrences")
    return result


def _single(master: Vevent, overrides: Sequence[Vevent], matched: dict[int, str]) -> Iterator[Taken]:
    """An event that does not recur; an override of it replaces it."""
    replaced = [index for index, override in enumerate(overrides) if _means(override.recurrence, master.start)]
    for index in replaced:
        matched[index] = overrides[index].event.recurrence_id or ""
    if not replaced:
        yield Taken(master, None, master.start.value, master.length.end(master.start))


def _means(recurrence: Stamp | None, start: Stamp) -> bool:
    """Whether a RECURRENCE-ID or an EXDATE names the instance: the same moment, or the same local day where one of them is a DATE (D13)."""
    if recurrence is None:
        return False
    if Timing.DATE in {recurrence.timing, start.timing}:
        return recurrence.day == start.day
    if recurrence.timing is start.timing:
        return recurrence.value == start.value
    return recurrence.clock == start.clock


class _Series:
    """One master that recurs, over one window."""

    def __init__(self, master: Vevent, overrides: Sequence[Vevent], window: Interval, limits: Limits, flags: set[str]) -> None:
        self._master = master
        self._overrides = overrides
        self._window = window
        self._limits = limits
        self._flags = flags
        self._shifts = sorted((self._shift(one) for one in overrides if one.and_future), key=lambda shift: shift[0])

    def occurrences(self, matched: dict[int, str]) -> Iterator[Taken]:
        """The instances that are neither removed nor replaced; ``matched`` gets the identity each override stands for."""
        starts = self._starts()
        overridden = self._overridden(starts, matched)
        excluded = self._excluded(starts)
        for key, (start, length) in starts.items():
            if key in excluded or key in overridden:
                continue
            source, value, ends = self._as_changed(key, start, length)
            if touches(value, ends, source.travel, self._window):
                yield Taken(source, recurrence_key(key), value, ends)

    def _shift(self, override: Vevent) -> tuple[datetime, timedelta, Vevent]:
        """From which wall time on, by how much, and as what the series goes on (RANGE=THISANDFUTURE, D16)."""
        recurrence = override.recurrence or override.start
        since, begins = self._wall(recurrence), self._wall(override.start)
        if recurrence.timing is Timing.DATE:
            since = datetime.combine(recurrence.day, time())
            return since, begins - datetime.combine(recurrence.day, self._master.start.clock.time()), override
        return since, begins - since, override

    def _wall(self, stamp: Stamp) -> datetime:
        """A moment as the master's clocks show it."""
        zone, value = self._master.start.zone, stamp.value
        if zone is not None and isinstance(value, datetime) and value.tzinfo is not None:
            return zone.wall(value)
        return stamp.clock

    def _as_changed(self, key: EventTime, start: Stamp, length: Length) -> tuple[Vevent, EventTime, EventTime]:
        """Where an instance comes from and when it takes place, RANGE=THISANDFUTURE considered (D16)."""
        clock = self._wall(start) if self._shifts else start.clock
        for since, shift, override in reversed(self._shifts):
            if clock >= since:
                moved = start.at(plus(start.clock, shift))
                return override, moved.value, override.length.end(moved)
        return self._master, key, length.end(start, key)

    def _stretch(self) -> tuple[datetime, datetime]:
        """The wall times between which a start can matter to the window."""
        zone = self._master.start.zone
        longest = max([self._master.length.most, *(one.length.most for one in self._overrides if one.and_future)])
        travel = max([self._master.travel, *(one.travel for one in self._overrides if one.and_future)])
        shift = max([NO_TIME, *(abs(shift) for _, shift, _ in self._shifts)])
        low, high = (
            (clock_of(self._window.start), clock_of(self._window.end))
            if zone is None
            else map(zone.wall, (self._window.start, self._window.end))
        )
        return minus(low, longest + shift + _REACH), plus(high, travel + shift + _REACH)

    def _starts(self) -> dict[EventTime, tuple[Stamp, Length]]:
        """Every instance around the window and at every override's RECURRENCE-ID, by its moment, in order; EXDATE not yet considered."""
        master, spans = self._master, self._spans()
        found: dict[EventTime, tuple[Stamp, Length]] = {}
        if any(first <= master.start.clock < last for first, last in spans):
            found[master.start.value] = (master.start, master.length)
        for rule in master.rules:
            for stamp in self._made_by(self._counting_start(rule), spans):
                found.setdefault(stamp.value, (stamp, master.length))
                self._check(len(found))
        for added in master.added:
            if added.length is not None or added.start.value not in found:
                found[added.start.value] = (added.start, added.length or master.length)
        excluded: set[EventTime] = set()
        for rule in master.excluding:
            for stamp in self._made_by(rule, spans):
                excluded.add(stamp.value)
                self._check(len(excluded))
        return {key: found[key] for key in sorted(set(found) - excluded, key=clock_of)}

    def _check(self, number: int) -> None:
        if number > self._limits.instances:
            raise Unreadable("BUDGET", f"more than {self._limits.instances} occurrences")

    def _spans(self) -> list[tuple[datetime, datetime]]:
        """The stretch around the window, and where the instances begin that overrides far from it replace; disjoint, in order."""
        low, high = self._stretch()
        spans = {(low, high)}
        for override in self._overrides:
            if override.recurrence is not None:
                clock = self._wall(override.recurrence)
                day = clock.replace(hour=0, minute=0, second=0)
                dated = override.recurrence.timing is Timing.DATE
                first, last = (day, plus(day, ONE_DAY)) if dated else (clock, plus(clock, _SECOND))
                if not low <= first < last <= high:
                    spans.add((first, last))
        result: list[tuple[datetime, datetime]] = []
        for first, last in sorted(spans):
            begins = max(first, result[-1][1]) if result else first
            if begins < last:
                result.append((begins, last))
        return result

    def _counting_start(self, rule: Rule) -> Rule | None:
        """The rule less the instance that DTSTART already is: COUNT counts DTSTART, made by the rule or not (RFC 5545 §3.3.10)."""
        clock = self._master.start.clock
        first = instances(replace(rule, count=None, until=None), clock, clock, plus(clock, _SECOND), self._limits.steps)
        if next(first, None) == clock:
            return rule
        self._flags.add("DTSTART_OUTSIDE_RULE")
        if rule.count is None:
            return rule
        return replace(rule, count=rule.count - 1) if rule.count > 1 else None

    def _made_by(self, rule: Rule | None, spans: Sequence[tuple[datetime, datetime]]) -> Iterator[Stamp]:
        """The instances one rule makes in stretches of wall time, UNTIL considered."""
        if rule is None:
            return
        start, steps = self._master.start, self._limits.steps
        bound, last = self._until(rule)
        if rule.count is None:
            clocks: Iterator[datetime] = chain.from_iterable(
                instances(rule, start.clock, low, min(high, bound), steps) for low, high in spans
            )
        else:  # it walks from its start, so once is enough
            clocks = _within(instances(rule, start.clock, spans[0][0], min(spans[-1][1], bound), steps), spans)
        for clock in clocks:
            stamp = start.at(clock)
            if last is None or clock_of(stamp.value) <= last:
                yield stamp

    def _until(self, rule: Rule) -> tuple[datetime, datetime | None]:
        """UNTIL as an exclusive wall time, and, for an instant, as the last UTC time (D12).

        Dates hold for the whole local day, local times for DTSTART's zone; an instant is compared as one.
        """
        start, until = self._master.start, rule.until
        if until is None:
            return datetime.max, None  # noqa: DTZ901 - wall time
        clock = Stamp(until.value).clock
        if until.is_date or start.timing is Timing.DATE:
            return plus(clock.replace(hour=0, minute=0, second=0), ONE_DAY), None
        if until.tzid == "UTC" and start.zone is not None:
            return plus(clock, _REACH), clock
        return plus(clock, _SECOND), None

    def _overridden(self, starts: dict[EventTime, tuple[Stamp, Length]], matched: dict[int, str]) -> set[EventTime]:
        """The instances that overrides replace: by moment, or by local day where one of the two is a DATE (D13)."""
        if not self._overrides:
            return set()
        days: dict[date, list[EventTime]] = {}
        for key, (start, _) in starts.items():
            days.setdefault(start.day, []).append(key)
        taken: set[EventTime] = set()
        for index, override in enumerate(self._overrides):
            replaced = self._instance_of(override.recurrence, starts, days)
            if replaced is not None:
                taken.add(replaced)
                matched[index] = recurrence_key(replaced)
        return taken

    def _instance_of(
        self, recurrence: Stamp | None, starts: dict[EventTime, tuple[Stamp, Length]], days: dict[date, list[EventTime]]
    ) -> EventTime | None:
        if recurrence is None:
            return None
        if recurrence.value in starts:
            return recurrence.value
        return next((key for key in days.get(recurrence.day, ()) if _means(recurrence, starts[key][0])), None)

    def _excluded(self, starts: dict[EventTime, tuple[Stamp, Length]]) -> set[EventTime]:
        """The instances that EXDATE removes."""
        if not self._master.excluded:
            return set()
        exact = {stamp.value for stamp in self._master.excluded}
        loose: dict[date, list[Stamp]] = {}
        for stamp in self._master.excluded:
            if stamp.timing is not self._master.start.timing:
                loose.setdefault(stamp.day, []).append(stamp)
        return {
            key for key, (start, _) in starts.items() if key in exact or any(_means(stamp, start) for stamp in loose.get(start.day, ()))
        }


def _within(clocks: Iterator[datetime], spans: Sequence[tuple[datetime, datetime]]) -> Iterator[datetime]:
    """Those of ascending moments that lie in one of ascending spans."""
    rest = iter(spans)
    low, high = next(rest)
    for clock in clocks:
        while clock >= high:
            following = next(rest, None)
            if following is None:
                return
            low, high = following
        if clock >= low:
            yield clock
