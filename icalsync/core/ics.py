"""Text to components and properties (RFC 5545 §3): the one door to ``icalendar``, and the checks before it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from icalendar.parser import Contentline

from icalsync.core.bounds import Limits, Unreadable
from icalsync.core.lines import logical_lines

KEPT: Final = frozenset({"VEVENT", "VTIMEZONE", "STANDARD", "DAYLIGHT"})
_NO_PARAMETERS: Final[Mapping[str, str]] = MappingProxyType({})
_DATE: Final = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z)?)?", re.ASCII | re.IGNORECASE)
_DURATION: Final = re.compile(r"([+-])?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.ASCII | re.IGNORECASE)
_OFFSET: Final = re.compile(r"([+-])(\d{2})(\d{2})(\d{2})?", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ESCAPE: Final = re.compile(r"\\([nN,;\\])")
_TIMES: Final = ("DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE")
_LEAP_SECOND: Final = 60
_FRAME: Final = re.compile(r"\s*(BEGIN|END)\s*(?:;[^:]*)?:\s*\"?([^\s;\"]*)", re.IGNORECASE)
"""Also with blanks and parameters, which no RFC allows: a BEGIN that is not seen would make an event vanish (R12)."""
_OBSERVANCES: Final = frozenset({"STANDARD", "DAYLIGHT"})
_OF_AN_EVENT: Final = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "RECURRENCE-ID")


@dataclass(frozen=True, slots=True)
class Property:
    """One content line: its name (upper case), parameters (names upper case) and raw value."""

    name: str
    value: str
    parameters: Mapping[str, str]


@dataclass(slots=True)
class Component:
    """A VEVENT or VTIMEZONE as it stands in the text."""

    name: str
    properties: list[Property] = field(default_factory=list)
    children: list[Component] = field(default_factory=list)
    passed_over: bool = False
    """Whether it holds times that were not kept."""

    def first(self, name: str) -> Property | None:
        """The first property of that name, or None."""
        return next((one for one in self.properties if one.name == name), None)

    def every(self, name: str) -> Iterator[Property]:
        """All properties of that name, in order."""
        return (one for one in self.properties if one.name == name)


@dataclass(slots=True)
class Document:
    """What an object's text holds: events and zone definitions, and which other components there were."""

    events: list[Component] = field(default_factory=list)
    zones: list[Component] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    calendars: int = 0
    misplaced: str | None = None
    """Where a VEVENT stood that belongs elsewhere: its time can be told, the object cannot be trusted (D32)."""


@dataclass(frozen=True, slots=True)
class Wall:
    """A date or a time as written: naive, with the TZID it refers to (``UTC`` for a trailing Z; empty: nobody knows it), or none."""

    value: datetime | date
    tzid: str | None = None

    @property
    def is_date(self) -> bool:
        """Whether it is a DATE (all-day)."""
        return not isinstance(self.value, datetime)


@dataclass(frozen=True, slots=True)
class Duration:
    """RFC 5545 §3.3.6: days and weeks are nominal (a day of wall time), the rest is exact."""

    days: int
    exact: timedelta


def parse_document(raw: bytes, limits: Limits, flags: set[str]) -> Document:
    """The events and zone definitions in ``raw``; ``Unreadable`` (NOT_ICALENDAR, EMPTY, INCOMPLETE, TOO_DEEP, TOO_LARGE).

    Alarms, attachments and everything else no answer needs are passed over. An END without its BEGIN is ignored, an inner component
    whose END is missing ends with the outer one; a text that stops before the last END is incomplete, and nothing of it is used.
    No VEVENT, and no time of one, is lost that way: where that could be, the object is incomplete too (D32, R12).
    """
    if len(raw) > limits.object_bytes:
        raise Unreadable("TOO_LARGE", f"{len(raw)} bytes")
    if not raw.strip():
        raise Unreadable("EMPTY", "no text at all")
    builder = _Builder(limits, flags)
    for line in logical_lines(raw, limits, flags):
        builder.take(line)
    return builder.finish()


class _Builder:
    """Builds a document line by line, without recursion."""

    def __init__(self, limits: Limits, flags: set[str]) -> None:
        self.document = Document()
        self._limits = limits
        self._flags = flags
        self._open: list[Component] = []
        self._seen = 0

    def take(self, line: str) -> None:
        frame = _FRAME.match(line)
        if frame is not None:
            (self._begin if frame.group(1).upper() == "BEGIN" else self._end)(frame.group(2).upper())
        elif self._open and self._open[-1].name in KEPT:
            prop = parse_line(line, self._flags)
            if prop is not None:
                self._open[-1].properties.append(prop)
        elif self._open and line.lstrip().upper().startswith(_OF_AN_EVENT):
            self._open[-1].passed_over = True

    def _begin(self, name: str) -> None:
        self._seen += 1
        if self._seen > self._limits.components:
            raise Unreadable("TOO_LARGE", f"more than {self._limits.components} components")
        if len(self._open) >= self._limits.depth:
            raise Unreadable("TOO_DEEP", f"components nested deeper than {self._limits.depth}")
        if name == "VEVENT" and any(one.name == "VEVENT" for one in self._open):
            raise Unreadable("INCOMPLETE", "a VEVENT inside a VEVENT")
        if name == "VCALENDAR":
            self.document.calendars += 1
        self._open.append(Component(name))

    def _end(self, name: str) -> None:
        if not any(one.name == name for one in self._open):
            if name == "VEVENT":
                raise Unreadable("INCOMPLETE", "an END:VEVENT without its BEGIN")
            self._flags.add("UNBALANCED")
            return
        while True:
            done = self._open.pop()
            self._close(done)
            if done.name == name:
                return
            self._flags.add("UNBALANCED")
            self._check_unended(done, name)

    def _check_unended(self, done: Component, ended_by: str) -> None:
        """Lines behind a missing END belong to the wrong component; where they could be an event's times, nothing can be told."""
        if done.name == "VEVENT" and ended_by != "VCALENDAR":
            raise Unreadable("INCOMPLETE", f"a VEVENT ends with its {ended_by[:40]}")
        if done.passed_over and any(one.name == "VEVENT" for one in (*self._open, Component(ended_by))):
            raise Unreadable("INCOMPLETE", f"{done.name[:40]} does not end, and holds times of its VEVENT")

    def _close(self, done: Component) -> None:
        parent = self._open[-1] if self._open else None
        if done.name == "VEVENT":
            self.document.events.append(done)
            if parent is not None and parent.name in KEPT:
                self.document.misplaced = parent.name
                for one in self._open:
                    one.passed_over = True
        elif parent is not None and parent.name in KEPT:
            zone = next((one for one in reversed(self._open) if one.name == "VTIMEZONE"), parent)
            if done.name in _OBSERVANCES:
                zone.children.append(done)
        elif done.name == "VTIMEZONE":
            if done.passed_over:
                done.children.clear()  # it may lack its other half; the name still helps (D21)
            self.document.zones.append(done)
        elif done.name != "VCALENDAR":
            self.document.others.append(done.name)

    def finish(self) -> Document:
        if self._open:
            raise Unreadable("INCOMPLETE", f"{self._open[-1].name[:40]} does not end")
        if not self.document.calendars:
            if not self.document.events:
                raise Unreadable("NOT_ICALENDAR", "there is no BEGIN:VCALENDAR")
            self._flags.add("NO_VCALENDAR")
        return self.document


def parse_line(line: str, flags: set[str]) -> Property | None:
    """One content line; None (and a flag) where its parameters cannot be told from its value."""
    timed = line.lstrip().upper().startswith(_TIMES)  # their values hold no colon, but careless zone names do
    head, colon, value = line.rpartition(":") if timed else line.partition(":")
    if '"' not in head:
        name, semicolon, rest = head.partition(";")
        if not semicolon:
            return Property(name.strip().upper(), value, _NO_PARAMETERS) if colon else None
        pairs = (pair.partition("=") for pair in rest.split(";"))
        return Property(name.strip().upper(), value, {key.strip().upper(): text.strip() for key, _, text in pairs})
    try:
        name, parameters, value = Contentline(line).parts()  # type: ignore[no-untyped-call]  # the library's constructor has no hints
    except ValueError:
        flags.add("BAD_PROPERTY")
        name = head.partition(";")[0].strip().upper()
        if name in {"ATTENDEE", "SUMMARY"}:
            return None  # without it an event blocks at least as much
        raise Unreadable("BAD_PROPERTY", f"{name} cannot be split into parameters and value") from None
    plain = {str(key).upper(): one if isinstance(one, str) else ",".join(one) for key, one in parameters.items()}
    return Property(str(name).upper(), str(value), plain)


def text_of(prop: Property | None, most: int, flags: set[str]) -> str:
    """A TEXT value without its escapes and control characters, at most ``most`` characters long."""
    if prop is None:
        return ""
    text = _CONTROL.sub("", _ESCAPE.sub(_unescaped, prop.value[: most * 2 + 2])).strip()
    if len(text) > most or len(prop.value) > most * 2 + 2:
        flags.add("TRUNCATED")
    return text[:most]


def _unescaped(match: re.Match[str]) -> str:
    return "\n" if match.group(1) in "nN" else match.group(1)


def parse_wall(prop: Property) -> Wall:
    """A DATE or DATE-TIME property; ``Unreadable`` (BAD_DATE) for what no calendar has (D1)."""
    return wall_of(prop.name, prop.value, prop.parameters.get("TZID"), as_date=prop.parameters.get("VALUE", "").upper() == "DATE")


def wall_of(name: str, value: str, tzid: str | None, *, as_date: bool = False) -> Wall:
    """The same for one value; a leap second counts as the second before it (RFC 5545 §3.3.12)."""
    match = _DATE.fullmatch(value.strip())
    if match is None:
        raise Unreadable("BAD_DATE", f"{name}:{value.strip()[:40]}")
    year, month, day, hour, minute, second, zulu = match.groups()
    try:
        if hour is None:
            return Wall(date(int(year), int(month), int(day)))
        seconds = min(int(second), _LEAP_SECOND - 1) if int(second) == _LEAP_SECOND else int(second)
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), seconds)  # noqa: DTZ001 - wall time
    except ValueError:
        raise Unreadable("BAD_DATE", f"{name}:{value.strip()[:40]}") from None
    if as_date and moment.time() == datetime.min.time():
        return Wall(moment.date())
    return Wall(moment, "UTC" if zulu else tzid)


def parse_duration_value(name: str, value: str) -> Duration:
    """A DURATION value; ``Unreadable`` (BAD_DURATION) where it is none, or too long to be added to any date (D4)."""
    match = _DURATION.fullmatch(value.strip())
    if match is None or not any(match.groups()[1:]):
        raise Unreadable("BAD_DURATION", f"{name}:{value.strip()[:40]}")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    sign = -1 if match.group(1) == "-" else 1
    nominal, exact = weeks * 7 + days, hours * 3600 + minutes * 60 + seconds
    if nominal + exact // 86400 > 400 * 366:
        raise Unreadable("BAD_DURATION", f"{name}:{value.strip()[:40]}")
    return Duration(sign * nominal, timedelta(seconds=sign * exact))


def parse_offset(prop: Property) -> timedelta:
    """A UTC-OFFSET value; ``Unreadable`` (BAD_ZONE) where it is none."""
    match = _OFFSET.fullmatch(prop.value.strip())
    if match is None or int(match.group(2)) > 23 or int(match.group(3)) > 59:  # noqa: PLR2004 - hours and minutes
        raise Unreadable("BAD_ZONE", f"{prop.name}:{prop.value.strip()[:40]}")
    hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    return (-1 if match.group(1) == "-" else 1) * timedelta(hours=hours, minutes=minutes, seconds=seconds)


def values_of(properties: Iterable[Property], most: int) -> Iterator[tuple[Property, str]]:
    """Every value of properties that hold lists (RDATE, EXDATE); ``Unreadable`` (BUDGET) above ``most``."""
    number = 0
    for prop in properties:
        for value in prop.value.split(","):
            if value.strip():
                number += 1
                if number > most:
                    raise Unreadable("BUDGET", f"more than {most} values of {prop.name}")
                yield prop, value.strip()
