"""The time an object takes that cannot be read: as UNKNOWN it blocks wherever one of its occurrences could be (R12)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from icalsync.core.bounds import Limits, Unreadable
from icalsync.core.ics import Component, parse_duration_value, parse_wall
from icalsync.core.model import EventTime
from icalsync.core.reach import ZONE_SLACK, clock_of, minus, plus
from icalsync.core.stamp import NO_TIME, ONE_DAY
from icalsync.core.vevent import VeventReader
from icalsync.core.vtimezone import Zones

FAR: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""The end of an event whose end nobody can tell: it blocks from its start on, as UNKNOWN."""
_UNTIL: Final = re.compile(r"UNTIL=(\d{4})(\d{2})(\d{2})", re.IGNORECASE | re.ASCII)
_DAY: Final = re.compile(r"\b(\d{4})(\d{2})(\d{2})", re.ASCII)
_BEFORE: Final = timedelta(days=9)
_ANYWHERE: Final = frozenset({"TZ_UNRESOLVED", "MIXED_TIMES"})
"""Reasons for which the wall times are known and the zone is not."""


@dataclass(frozen=True, slots=True)
class _Times:
    """The time one VEVENT states, whatever else in it cannot be read."""

    starts: EventTime
    ends: EventTime
    longest: timedelta
    endless: bool
    """Whether it claims to last longer than any calendar."""


def envelope(components: Sequence[Component], zones: Zones, limits: Limits) -> tuple[EventTime | None, EventTime | None]:
    """From the earliest start to the latest end of all components; nothing where one of them cannot be told.

    A recurring event lasts until its rule's UNTIL, else until ``FAR``: no instance of an unreadable series may open a slot. Where times
    are of several kinds, or their zone is unknown, the span is one of instants and covers every zone there is (D19).
    """
    spans = []
    for component in components:
        try:
            times = _times(component, zones, limits)
        except (Unreadable, OverflowError):
            return None, None
        spans.append((_first(component, times), max(times.ends, _last(component, times), key=_sortable)))
    if len({(type(start), getattr(start, "tzinfo", None) is None) for start, _ in spans}) > 1:
        spans = [(_earliest(start), _latest(end)) for start, end in spans]
    return min((start for start, _ in spans), key=_sortable), max((end for _, end in spans), key=_sortable)


def _times(component: Component, zones: Zones, limits: Limits) -> _Times:
    """Start, time of travel included, and end; ``Unreadable`` where they cannot be told."""
    reader = VeventReader(component, zones, limits, set())
    try:
        start, length = reader.times()
        ends = length.end(start)
    except Unreadable as error:
        if error.reason in _ANYWHERE:
            return _anywhere(component, reader)
        if error.reason != "BAD_DURATION":
            raise
        value = reader.start().value
        return _Times(value, value, NO_TIME, endless=True)
    value, travel = start.value, reader.travel()
    return _Times(value - travel if isinstance(value, datetime) else value - ONE_DAY * bool(travel), ends, length.most, endless=False)


def _anywhere(component: Component, reader: VeventReader) -> _Times:
    """The same where nobody knows the zone: the wall times as UTC, with as much to spare as a zone can be away from it."""
    written, ends, lasts = (component.first(name) for name in ("DTSTART", "DTEND", "DURATION"))
    if written is None:
        raise Unreadable("NO_DTSTART", "a VEVENT without DTSTART")
    wall = parse_wall(written)
    first = last = clock_of(wall.value)
    if ends is not None:
        end = parse_wall(ends)
        last = plus(clock_of(end.value), ONE_DAY if end.is_date or wall.is_date else NO_TIME)
    elif lasts is not None:
        try:
            duration = parse_duration_value("DURATION", lasts.value)
        except Unreadable:
            return _Times(_earliest(first), _latest(first), NO_TIME, endless=True)
        last = plus(first, max(timedelta(days=duration.days) + duration.exact, NO_TIME) + ONE_DAY * bool(duration.days or wall.is_date))
    elif wall.is_date:
        last = plus(first, ONE_DAY)
    starts, latest = _earliest(minus(first, reader.travel())), max(_latest(first), _latest(last))
    return _Times(starts, latest, latest - starts, endless=False)


def _earliest(value: EventTime) -> datetime:
    """The first instant a time can be, whatever its zone; an instant is what it is."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    return minus(clock_of(value), ZONE_SLACK).replace(tzinfo=UTC)


def _latest(value: EventTime) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    return plus(clock_of(value), ZONE_SLACK).replace(tzinfo=UTC)


def _first(component: Component, times: _Times) -> EventTime:
    """The start, or a while before an RDATE that is earlier still: as long as zones and time of travel can make it."""
    days = [day for prop in component.every("RDATE") for day in _DAY.findall(prop.value)]
    try:
        year, month, day = min((int(year), int(month), int(day)) for year, month, day in days)
        earliest = minus(datetime(year, month, day), _BEFORE).replace(tzinfo=UTC)  # noqa: DTZ001 - wall time
    except ValueError:  # none, or no date of any calendar
        return times.starts
    return min(times.starts, _like(times.starts, earliest), key=_sortable)


def _last(component: Component, times: _Times) -> EventTime:
    recurrence = component.first("RECURRENCE-ID")
    if times.endless or (recurrence is not None and recurrence.parameters.get("RANGE")):
        return _like(times.starts, FAR)
    rules = [prop.value for prop in component.every("RRULE")]
    if component.first("RDATE") is None and not rules:
        return times.ends
    limits = [_UNTIL.search(rule) for rule in rules]
    if component.first("RDATE") is not None or not all(limits):
        return _like(times.starts, FAR)
    latest = max((match.groups() for match in limits if match is not None), default=("2200", "01", "01"))
    try:
        bound = datetime(int(latest[0]), int(latest[1]), int(latest[2]), tzinfo=UTC) + timedelta(days=2) + times.longest
    except (ValueError, OverflowError):
        return _like(times.starts, FAR)
    return _like(times.starts, min(bound, FAR))


def _like(value: EventTime, moment: datetime) -> EventTime:
    if not isinstance(value, datetime):
        return moment.date()
    return moment.replace(tzinfo=None) if value.tzinfo is None else moment


def _sortable(value: EventTime) -> str:
    return value.isoformat()
