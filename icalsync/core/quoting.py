"""The iCalendar lines an answer rests on, quoted so that no title, place, description or person is in them (R18)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from icalsync.core.bounds import Limits, Unreadable
from icalsync.core.ics import Component, Property, parse_document, text_of
from icalsync.core.marks import attendees_of
from icalsync.core.masking import MASK
from icalsync.core.naming import one_line
from icalsync.core.recurrence import distinct
from icalsync.core.vevent import Vevent, read_vevent
from icalsync.core.vtimezone import Zones, zones_of

_QUOTED: Final = (
    "UID", "RECURRENCE-ID", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE", "SEQUENCE", "STATUS", "TRANSP",
    "X-MICROSOFT-CDO-BUSYSTATUS", "X-APPLE-TRAVEL-DURATION", "ATTENDEE", "SUMMARY",
)  # fmt: skip
_PLAIN: Final = frozenset(_QUOTED) - {"ATTENDEE", "SUMMARY", "STATUS", "TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS"}
_MARKS: Final = {
    "STATUS": {"CONFIRMED", "TENTATIVE", "CANCELLED"},
    "TRANSP": {"OPAQUE", "TRANSPARENT"},
    "X-MICROSOFT-CDO-BUSYSTATUS": {"FREE", "TENTATIVE", "BUSY", "OOF", "WORKINGELSEWHERE"},
}
_PARAMETERS: Final = frozenset({"TZID", "VALUE", "RANGE", "PARTSTAT"})
_ANSWERS: Final = {"NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE", "DELEGATED"}
_LONGEST: Final = 200
_MOST_ATTENDEES: Final = 20
_EXDATE: Final = re.compile(rb"^EXDATE\b[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n?", re.MULTILINE | re.IGNORECASE)
_LIMITS: Final = Limits()


def quoted(raw: bytes, component: int, own: frozenset[str], *, reveal: bool = False) -> tuple[str, ...]:
    """The lines of one VEVENT of an object that time and busyness rest on; none where the text does not hold it.

    ``component`` counts as ``core.reading`` does. Of attendees only the user's own answer shows, without the address; with ``reveal``
    titles and people show too. Whatever is free text is masked.
    """
    found = _component(raw, component)
    if found is None:
        return ()
    lines = [line for prop in _in_order(found.properties) if (line := _line(prop, own, reveal=reveal))]
    attendees = [line for line in lines if line.startswith("ATTENDEE")]
    return tuple(line for line in lines if line not in attendees[_MOST_ATTENDEES:])


def defines_zone(raw: bytes, component: int, tzid: str) -> bool:
    """Whether a TZID means what the object itself defines, and not IANA's rules (D20)."""
    flags: set[str] = set()
    try:
        zones = zones_of(parse_document(raw, _LIMITS, flags).zones)
        zones.find(tzid, flags)
    except Unreadable:
        return False
    return _component(raw, component) is not None and tzid in zones.used


def without_exdates(raw: bytes) -> bytes:
    """The object with every date that was taken out of its series put back in: what would be there but for EXDATE."""
    return _EXDATE.sub(b"", raw)


def _component(raw: bytes, number: int) -> Component | None:
    flags: set[str] = set()
    try:
        document = parse_document(raw, _LIMITS, flags)
        zones = zones_of(document.zones)
        return dict(enumerate(_used(document.events, zones))).get(number)
    except Unreadable:
        return None


def _used(components: Iterable[Component], zones: Zones) -> list[Component]:
    """The VEVENTs in the order in which ``core.reading`` numbers them."""
    flags: set[str] = set()
    of: dict[int, Component] = {}
    by_uid: dict[str, list[Vevent]] = {}
    read = [(read_vevent(component, zones, _LIMITS, flags), component) for component in components]
    for event, component in sorted(read, key=lambda pair: (pair[0].uid, pair[0].event.recurrence_id or "", pair[0].rank)):
        by_uid.setdefault(event.uid, []).append(event)
        of[id(event)] = component
    return [of[id(event)] for events in by_uid.values() for event in distinct(events, flags)]


def _in_order(properties: Iterable[Property]) -> list[Property]:
    return sorted((prop for prop in properties if prop.name in _QUOTED), key=lambda prop: _QUOTED.index(prop.name))


def _line(prop: Property, own: frozenset[str], *, reveal: bool) -> str:
    parameters = "".join(
        f";{name}={value}" for name in sorted(prop.parameters) if name in _PARAMETERS and (value := _parameter(name, prop.parameters[name]))
    )
    return f"{prop.name}{parameters}:{_value(prop, own, reveal=reveal)}"


def _parameter(name: str, value: str) -> str:
    if name == "PARTSTAT":
        return value.upper() if value.upper() in _ANSWERS else MASK
    return _short(value)


def _value(prop: Property, own: frozenset[str], *, reveal: bool) -> str:
    if prop.name in _PLAIN:
        return _short(prop.value.strip())
    if prop.name in _MARKS:
        value = prop.value.strip().upper()
        return value if value in _MARKS[prop.name] else MASK
    if reveal:
        return one_line(text_of(prop, _LONGEST, set()))
    if prop.name == "ATTENDEE" and any(attendee.address in own for attendee in attendees_of(prop)):
        return f"{MASK} (own)"
    return MASK if prop.value.strip() else ""


def _short(text: str) -> str:
    plain = "".join(ch for ch in text if ch.isprintable())
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"
