"""Zones as an object means them: IANA's rules, or the VTIMEZONE the object brings along (RFC 5545 §3.6.5).

A definition belongs to the object that holds it and to no other: nothing is looked up by TZID alone (D20, deps.md §4).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from icalsync.core.bounds import Limits, Unreadable
from icalsync.core.clocks import IanaZone, Zone
from icalsync.core.expansion import instances
from icalsync.core.ics import Component, Property, parse_offset, parse_wall, values_of, wall_of
from icalsync.core.rules import parse_rule
from icalsync.core.zones import EARLIEST, LATEST, iana_name, to_zone

_HORIZON: Final = datetime(2200, 1, 1)  # noqa: DTZ001 - wall time; no moment beyond can be asked for (core.when)
_FIRST_ONSET: Final = datetime(1900, 1, 1)  # noqa: DTZ001 - wall time
_MOST_ONSETS: Final = 1_000
_YEARS_COMPARED: Final = range(2000, 2038)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DefinedZone:
    """A zone as one VTIMEZONE defines it."""

    name: str
    onsets: tuple[datetime, ...]
    """Instants at which an offset begins, in order."""
    offsets: tuple[timedelta, ...]
    """One more than ``onsets``: the first is what holds before them."""

    def offset(self, instant: datetime) -> timedelta:
        """The offset from UTC at an instant."""
        return self.offsets[bisect_right(self.onsets, instant)]

    def utc(self, wall: datetime) -> datetime:
        """The instant of a naive wall time."""
        as_utc = wall.replace(tzinfo=UTC)
        if not EARLIEST + 2 * _DAY < as_utc < LATEST - 2 * _DAY:
            return as_utc
        before, after = self.offset(as_utc - _DAY), self.offset(as_utc + _DAY)
        for offset in (before, after):
            if self.offset(as_utc - offset) == offset:
                return as_utc - offset
        return as_utc - before

    def wall(self, instant: datetime) -> datetime:
        """What clocks show at an instant, naive."""
        if not EARLIEST + 2 * _DAY < instant < LATEST - 2 * _DAY:
            return instant.replace(tzinfo=None)
        return (instant + self.offset(instant)).replace(tzinfo=None)


Text = tuple[tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...], ...]
"""A definition as plain text parts: the only key its meaning is kept under."""


@dataclass(frozen=True, slots=True)
class Zones:
    """The zones of one object, by TZID."""

    definitions: dict[str, Text]
    used: set[str]
    """TZIDs that meant a definition of the object's own."""

    def find(self, tzid: str, flags: set[str]) -> Zone:
        """The zone a TZID means in this object; ``Unreadable`` (TZ_UNRESOLVED) where nobody knows it, as a guess would free hours (D19).

        IANA's rules count where the definition agrees, or once agreed, with them: then it is a snapshot, perhaps a stale one (D26).
        A definition that never agreed counts for this object (D20, flag TZ_REDEFINED); without one, Windows names are understood.
        """
        name = iana_name(tzid)
        text = self.definitions.get(tzid)
        defined = None if text is None else _defined(tzid, text)
        if defined is None:
            if name is None:
                raise Unreadable("TZ_UNRESOLVED", f"TZID={tzid[:40]}")
            if text is not None:
                flags.add("TZ_DEFINITION_UNREADABLE")
            return IanaZone(name)
        if name is None:
            self.used.add(tzid)
            return defined
        if _agreed(defined, name):
            return IanaZone(name)
        flags.add("TZ_REDEFINED")
        self.used.add(tzid)
        return defined


def zones_of(components: Sequence[Component]) -> Zones:
    """The definitions in an object, unread until one is needed; of two with one TZID the longer text counts, whatever their order."""
    found: dict[str, Text] = {}
    for component in components:
        tzid = component.first("TZID")
        if tzid is not None:
            key = tzid.value.strip().strip('"')
            found[key] = max(_text(component), found.get(key, ()), key=lambda text: (sum(map(len, text)), text))
    return Zones(found, set())


def _text(component: Component) -> Text:
    return tuple(
        sorted(
            tuple(sorted((one.name, one.value.strip(), tuple(sorted(one.parameters.items()))) for one in child.properties))
            for child in component.children
        )
    )


@lru_cache(maxsize=512)
def _defined(tzid: str, text: Text) -> DefinedZone | None:
    """The definition read, or None where it cannot be. Kept by its whole text, so one account's cannot serve another's (deps.md §4)."""
    try:
        changes = sorted(onset for observance in text for onset in _onsets(observance))
    except Unreadable:
        return None
    if not changes:
        return None
    return DefinedZone(tzid, tuple(at for at, _, _ in changes), (changes[0][1], *(after for _, _, after in changes)))


def _onsets(observance: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]) -> list[tuple[datetime, timedelta, timedelta]]:
    """When one STANDARD or DAYLIGHT begins: (instant, offset before, offset after), within what its rule can cost (D21)."""
    component = Component("STANDARD", [Property(name, value, dict(parameters)) for name, value, parameters in observance])
    start, before, after = (component.first(name) for name in ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO"))
    if start is None or before is None or after is None:
        raise Unreadable("BAD_ZONE", "an observance without DTSTART, TZOFFSETFROM or TZOFFSETTO")
    offsets = parse_offset(before), parse_offset(after)
    first = max(_at(parse_wall(start).value), _FIRST_ONSET)
    walls = {first}
    for prop in component.every("RRULE"):
        walls.update(_repeated(prop.value, _at(parse_wall(start).value), first, offsets[0]))
    for prop, value in values_of(component.every("RDATE"), _MOST_ONSETS):
        walls.add(_at(wall_of(prop.name, value, None).value))
    if len(walls) > _MOST_ONSETS:
        raise Unreadable("BUDGET", "a zone that changes too often")
    return [((wall - offsets[0]).replace(tzinfo=UTC), *offsets) for wall in walls]


def _repeated(text: str, start: datetime, first: datetime, before: timedelta) -> list[datetime]:
    rule = parse_rule(text)
    until = _HORIZON
    if rule.until is not None:
        until = _at(rule.until.value) + (before if rule.until.tzid == "UTC" else timedelta()) + timedelta(seconds=1)
    found = []
    for wall in instances(rule, start, first, min(until, _HORIZON), Limits().steps):
        found.append(wall)
        if len(found) > _MOST_ONSETS:
            raise Unreadable("BUDGET", "a zone that changes too often")
    return found


def _at(value: datetime | date) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time())


@lru_cache(maxsize=512)
def _agreed(defined: DefinedZone, name: str) -> bool:
    """Whether the definition has the tz database's offsets throughout at least one year."""
    first = max(defined.onsets[0].year + 1, _YEARS_COMPARED[0]) if len(defined.onsets) > 1 else _YEARS_COMPARED[0]
    years = range(first, max(first, _YEARS_COMPARED[-1]) + 1)
    return any(all(_same(defined, name, year, month) for month in range(1, 13)) for year in years)


def _same(defined: DefinedZone, name: str, year: int, month: int) -> bool:
    moments = (datetime(year, month, day, 12, tzinfo=UTC) for day in (1, 8, 15, 22, 28))
    return all(defined.offset(moment) == to_zone(moment, name).utcoffset() for moment in moments)
