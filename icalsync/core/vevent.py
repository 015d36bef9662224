"""One VEVENT, read: what it says about time, and the facts a verdict depends on (RFC 5545 §3.6.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from icalsync.core.bounds import Limits, Unreadable
from icalsync.core.clocks import across_gap
from icalsync.core.ics import Component, Duration, Property, Wall, parse_duration_value, parse_wall, text_of, values_of, wall_of
from icalsync.core.marks import attendees_of, cdo_of, status_of, transparency_of
from icalsync.core.model import Event, EventTime, Timing
from icalsync.core.rules import Rule, parse_rule
from icalsync.core.stamp import NO_TIME, ONE_DAY, Length, Stamp, recurrence_key
from icalsync.core.vtimezone import Zones

_LONGEST_TRAVEL: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Added:
    """One RDATE: a start, and a length of its own where it is a PERIOD."""

    start: Stamp
    length: Length | None = None


@dataclass(frozen=True, slots=True)
class Vevent:
    """One VEVENT with its times resolved."""

    uid: str
    start: Stamp
    length: Length
    recurrence: Stamp | None
    and_future: bool
    rules: tuple[Rule, ...]
    excluding: tuple[Rule, ...]
    added: tuple[Added, ...]
    excluded: tuple[Stamp, ...]
    travel: timedelta
    rank: tuple[int, str, str]
    """SEQUENCE, the earliest DTSTAMP (iCloud adds one at each reading, icloud.md §3.5) and the text: which of two copies counts (D17)."""
    event: Event

    @property
    def recurring(self) -> bool:
        """Whether it makes a set of occurrences."""
        return bool(self.rules or self.added)


def read_vevent(component: Component, zones: Zones, limits: Limits, flags: set[str]) -> Vevent:
    """A VEVENT with everything resolved; ``Unreadable`` where its time, or which instances it has, cannot be told."""
    return VeventReader(component, zones, limits, flags).read()


class VeventReader:
    """Reads one component: all of it, or only its times."""

    def __init__(self, component: Component, zones: Zones, limits: Limits, flags: set[str]) -> None:
        self._component = component
        self._zones = zones
        self._limits = limits
        self._flags = flags

    def read(self) -> Vevent:
        """All of it; ``Unreadable``."""
        start, length, added = self._kept_in_its_series(*self.times())
        self._start = start
        first = self._component.first
        recurrence = first("RECURRENCE-ID")
        stamp = None if recurrence is None else self._stamp(parse_wall(recurrence))
        master = recurrence is None
        return Vevent(
            uid=self._uid(),
            start=start,
            length=length,
            recurrence=stamp,
            and_future=recurrence is not None and recurrence.parameters.get("RANGE", "").upper() == "THISANDFUTURE",
            rules=tuple(self._rule(prop) for prop in self._component.every("RRULE") if master),
            excluding=tuple(self._rule(prop) for prop in self._component.every("EXRULE") if master),
            added=(*self._added(), *added) if master else (),
            excluded=tuple(self._excluded()) if master else (),
            travel=self.travel(),
            rank=self._rank(),
            event=self._event(start, length, stamp),
        )

    def times(self) -> tuple[Stamp, Length]:
        """Start and length; ``Unreadable``."""
        start = self.start()
        ends, lasts = self._component.first("DTEND"), self._component.first("DURATION")
        if ends is not None:
            start, length = self._until(start, parse_wall(ends))
        elif lasts is not None:
            length = self._lasting(start, parse_duration_value("DURATION", lasts.value))
        else:
            length = Length(days=1) if start.timing is Timing.DATE else Length()
        length.end(start)
        return start, length

    def _kept_in_its_series(self, start: Stamp, length: Length) -> tuple[Stamp, Length, tuple[Added, ...]]:
        """A series goes on from its start as written, also where clocks jump over that one; then what they leave of it is added."""
        written, recurrence = self.start(), self._component.first("RECURRENCE-ID")
        if start == written:
            return start, length, ()
        if recurrence is not None and recurrence.parameters.get("RANGE"):
            raise Unreadable("BAD_DATE", "a series moved to a time that does not exist")
        if recurrence is not None or (self._component.first("RRULE") is None and self._component.first("RDATE") is None):
            return start, length, ()
        whole = Length(exact=timedelta(seconds=_seconds(written.value, length.end(start))))
        return written, whole, (Added(start, length),)

    def start(self) -> Stamp:
        """DTSTART; ``Unreadable``."""
        prop = self._component.first("DTSTART")
        if prop is None:
            raise Unreadable("NO_DTSTART", "a VEVENT without DTSTART")
        return self._stamp(parse_wall(prop))

    def _stamp(self, wall: Wall) -> Stamp:
        if wall.tzid is None:
            return Stamp(wall.value)
        return Stamp(wall.value, self._zones.find(wall.tzid, self._flags))

    def _until(self, start: Stamp, wall: Wall) -> tuple[Stamp, Length]:
        end = self._stamp(wall)
        if start.timing is Timing.DATE:
            days = (end.day - start.day).days + (1 if end.clock.time() != time() else 0)
            if days == 0:
                self._flags.add("ALL_DAY_WITHOUT_LENGTH")
                days = 1
            return start, Length(days=self._positive(days))
        mixed = end.timing is not start.timing
        if mixed:
            self._flags.add("MIXED_TIMES")
            if end.zone is not None or (start.zone is not None and start.zone.name == "UTC"):
                raise Unreadable("MIXED_TIMES", f"only one of DTSTART and {wall.value.isoformat()} has a zone")
            end = start.at(end.clock)  # only the TZID is missing, or it is a date
        seconds = _seconds(start.value, end.value)
        if seconds > 0:
            return start, Length(exact=timedelta(seconds=seconds))
        if mixed:
            raise Unreadable("MIXED_TIMES", f"{wall.value.isoformat()} is not after DTSTART, and of another kind")
        return self._backwards(start, end, seconds)

    def _backwards(self, start: Stamp, end: Stamp, seconds: int) -> tuple[Stamp, Length]:
        """An end at or before the start: no time where clocks say so too (D3), else what blocks more (D22, D23, R12)."""
        if start.zone is not None and end.zone is not None:
            shown = end.clock if end.zone == start.zone else start.zone.wall(end.zone.utc(end.clock))
            if shown > start.clock:
                first, last = across_gap(start.clock, shown, start.zone)
                return Stamp(start.zone.wall(first), start.zone), Length(exact=last - first)
            rest = end.clock - end.zone.wall(start.zone.utc(start.clock))
            if rest > NO_TIME:  # the end lies in an overlap, and the later one is meant
                return start, Length(exact=rest)
            if seconds < 0 and end.clock > start.clock:
                raise Unreadable("MIXED_TIMES", "the end is before the start in its zone, and after it on the clock")
        return start, Length(exact=timedelta(seconds=self._positive(seconds)))

    def _lasting(self, start: Stamp, duration: Duration) -> Length:
        if duration.days < 0 or duration.exact < NO_TIME:
            self._flags.add("NEGATIVE_DURATION")
            return Length()
        if start.timing is not Timing.DATE:
            return Length(duration.days, duration.exact)
        days = duration.days + -(-duration.exact // ONE_DAY)
        return Length(days=days or 1)

    def _positive(self, number: int) -> int:
        if number < 0:
            self._flags.add("NEGATIVE_DURATION")
        return max(number, 0)

    def _uid(self) -> str:
        prop = self._component.first("UID")
        if prop is None or not prop.value.strip():
            self._flags.add("NO_UID")
            return ""
        return prop.value.strip()

    def _rule(self, prop: Property) -> Rule:
        rule = parse_rule(prop.value)
        if self._start.timing is Timing.DATE and rule.freq in {"HOURLY", "MINUTELY"}:
            raise Unreadable("BAD_RULE", f"FREQ={rule.freq} of an all-day event")
        if rule.count is not None and rule.until is not None:
            self._flags.add("COUNT_AND_UNTIL")
        return rule

    def _added(self) -> Iterator[Added]:
        for prop, value in values_of(self._component.every("RDATE"), self._limits.dates):
            text, _, end = value.partition("/")
            start = self._alike(self._value(prop, text))
            if not end:
                yield Added(start)
            elif end.lstrip("+-").upper().startswith("P"):
                yield Added(start, self._lasting(start, parse_duration_value("RDATE", end)))
            else:
                yield Added(*self._until(start, self._wall(prop, end)))

    def _alike(self, stamp: Stamp) -> Stamp:
        """An added date in the form of DTSTART: a bare date at DTSTART's time of day, a time as its date for an all-day event (D18)."""
        if (stamp.timing is Timing.DATE) is (self._start.timing is Timing.DATE):
            return stamp
        self._flags.add("MIXED_TIMES")
        if self._start.timing is Timing.DATE:
            return Stamp(stamp.day)
        return self._start.at(datetime.combine(stamp.day, self._start.clock.time()))

    def _excluded(self) -> Iterator[Stamp]:
        for prop, value in values_of(self._component.every("EXDATE"), self._limits.dates):
            yield self._value(prop, value.partition("/")[0])

    def _value(self, prop: Property, value: str) -> Stamp:
        return self._stamp(self._wall(prop, value))

    def _wall(self, prop: Property, value: str) -> Wall:
        as_date = prop.parameters.get("VALUE", "").upper() == "DATE"
        return wall_of(prop.name, value, prop.parameters.get("TZID"), as_date=as_date)

    def travel(self) -> timedelta:
        """X-APPLE-TRAVEL-DURATION: time before the start, at most a week (icloud.md §4)."""
        prop = self._component.first("X-APPLE-TRAVEL-DURATION")
        if prop is None or not prop.value.strip():
            return NO_TIME
        try:
            duration = parse_duration_value(prop.name, prop.value)
        except Unreadable:
            self._flags.add("TRAVEL_UNREADABLE")
            return NO_TIME
        travel = timedelta(days=duration.days) + duration.exact
        if not NO_TIME <= travel <= _LONGEST_TRAVEL:
            self._flags.add("TRAVEL_UNREADABLE")
        return min(max(travel, NO_TIME), _LONGEST_TRAVEL)

    def _rank(self) -> tuple[int, str, str]:
        sequence = self._component.first("SEQUENCE")
        number = sequence.value.strip() if sequence is not None else ""
        stamps = [prop.value.strip() for prop in self._component.every("DTSTAMP")]
        text = "\n".join(sorted(f"{prop.name}:{prop.value}" for prop in self._component.properties if prop.name != "DTSTAMP"))
        return (int(number) if number.isascii() and number.isdigit() else 0, min(stamps, default=""), text)

    def _event(self, start: Stamp, length: Length, recurrence: Stamp | None) -> Event:
        first = self._component.first
        written = first("DTSTART")
        tzid = None if written is None or start.timing is not Timing.INSTANT else parse_wall(written).tzid
        rules = [prop.value.strip() for prop in self._component.every("RRULE")] if recurrence is None else []
        return Event(
            recurrence_id=None if recurrence is None else recurrence_key(recurrence.value),
            summary=text_of(first("SUMMARY"), self._limits.summary_chars, self._flags),
            timing=start.timing,
            starts=start.value,
            ends=length.end(start),
            time_zone=tzid,
            transparency=transparency_of(first("TRANSP")),
            status=status_of(first("STATUS")),
            cdo=cdo_of(first("X-MICROSOFT-CDO-BUSYSTATUS")),
            attendees=tuple(dict.fromkeys(one for prop in self._component.every("ATTENDEE") for one in attendees_of(prop))),
            rrule="\n".join(rules) or None,
        )


def _seconds(start: EventTime, end: EventTime) -> int:
    if isinstance(start, datetime) and isinstance(end, datetime):
        return int((end - start).total_seconds())
    return int((Stamp(end).clock.replace(tzinfo=UTC) - Stamp(start).clock.replace(tzinfo=UTC)).total_seconds())
