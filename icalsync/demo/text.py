"""iCalendar text of the demo's objects, written out plainly: RFC 5545 content lines, folded at 75 octets, CRLF."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from icalsync.core.zone_text import vtimezone

PRODID: Final = "-//icalsync//demo//EN"
FOLD_AT: Final = 75
"""Octets of a content line, without its line break (RFC 5545 §3.1)."""

When = datetime | date
"""A zoned ``datetime`` (``ZoneInfo`` or UTC), a naive one (floating) or a ``date`` (all-day)."""


@dataclass(frozen=True, slots=True)
class Guest:
    """One ATTENDEE: address, common name and PARTSTAT."""

    address: str
    name: str
    partstat: str = "ACCEPTED"


@dataclass(frozen=True, slots=True)
class Entry:
    """One VEVENT as the demo wants it written; the names are those of the properties (RFC 5545 §3.6.1)."""

    uid: str
    summary: str
    dtstart: When
    dtend: When | None
    """Exclusive; None leaves DTEND out (a moment without length)."""
    rrule: str | None = None
    exdates: tuple[When, ...] = ()
    recurrence_id: When | None = None
    status: str | None = None
    transp: str | None = None
    location: str | None = None
    organizer: Guest | None = None
    guests: tuple[Guest, ...] = ()
    travel: timedelta | None = None
    """X-APPLE-TRAVEL-DURATION: time before the start (icloud.md §4)."""
    cdo: str | None = None
    """X-MICROSOFT-CDO-BUSYSTATUS, as invitations from Outlook carry it."""
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """One VTODO, as a list of reminders holds it."""

    uid: str
    summary: str
    due: date


def event_object(entries: Iterable[Entry], *, stamped: datetime) -> bytes:
    """One calendar object: a master and its overrides, with every time zone they name defined; ``stamped`` is their DTSTAMP, UTC."""
    entries = tuple(entries)
    zones = sorted({zone for entry in entries for zone in _zones(entry)})
    first = min(entry.dtstart.year for entry in entries)
    years = range(first - 1, max(entry.dtstart.year for entry in entries) + 6)
    lines = [line for zone in zones for line in vtimezone(zone, years)]
    lines += [line for entry in entries for line in _vevent(entry, stamped)]
    return _calendar(lines)


def task_object(task: Task, *, stamped: datetime) -> bytes:
    """One calendar object with one VTODO; ``stamped`` is its DTSTAMP, UTC."""
    return _calendar(
        [
            "BEGIN:VTODO",
            f"UID:{task.uid}",
            f"DTSTAMP:{_instant(stamped)}",
            f"SUMMARY:{escaped(task.summary)}",
            moment("DUE", task.due),
            "STATUS:NEEDS-ACTION",
            "END:VTODO",
        ]
    )


def escaped(text: str) -> str:
    """A TEXT value (RFC 5545 §3.3.11)."""
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def moment(name: str, when: When) -> str:
    """A property line with a DATE, a floating, a zoned or a UTC DATE-TIME."""
    if not isinstance(when, datetime):
        return f"{name};VALUE=DATE:{when:%Y%m%d}"
    if when.tzinfo is UTC:
        return f"{name}:{_instant(when)}"
    if isinstance(when.tzinfo, ZoneInfo):
        return f"{name};TZID={when.tzinfo.key}:{when:%Y%m%dT%H%M%S}"
    return f"{name}:{when:%Y%m%dT%H%M%S}"


def duration(length: timedelta) -> str:
    """A DURATION of whole minutes (RFC 5545 §3.3.6)."""
    hours, minutes = divmod(round(length.total_seconds() / 60), 60)
    return "PT" + (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes or not hours else "")


def folded(line: str) -> bytes:
    """The content line with its line breaks: at most 75 octets each, never cut inside a character (RFC 5545 §3.1)."""
    pieces = [b""]
    for character in line:
        octets = character.encode()
        if len(pieces[-1]) + len(octets) > FOLD_AT:
            pieces.append(b" ")
        pieces[-1] += octets
    return b"\r\n".join(pieces) + b"\r\n"


def _calendar(lines: Iterable[str]) -> bytes:
    framed = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODID}", "CALSCALE:GREGORIAN", *lines, "END:VCALENDAR"]
    return b"".join(folded(line) for line in framed)


def _vevent(entry: Entry, stamped: datetime) -> Iterator[str]:
    yield from ("BEGIN:VEVENT", f"UID:{entry.uid}", f"DTSTAMP:{_instant(stamped)}", f"SEQUENCE:{entry.sequence}")
    if entry.recurrence_id is not None:
        yield moment("RECURRENCE-ID", entry.recurrence_id)
    yield moment("DTSTART", entry.dtstart)
    if entry.dtend is not None:
        yield moment("DTEND", entry.dtend)
    if entry.rrule is not None:
        yield f"RRULE:{entry.rrule}"
    yield from (moment("EXDATE", exdate) for exdate in entry.exdates)
    yield f"SUMMARY:{escaped(entry.summary)}"
    if entry.location is not None:
        yield f"LOCATION:{escaped(entry.location)}"
    if entry.status is not None:
        yield f"STATUS:{entry.status}"
    if entry.transp is not None:
        yield f"TRANSP:{entry.transp}"
    if entry.cdo is not None:
        yield f"X-MICROSOFT-CDO-BUSYSTATUS:{entry.cdo}"
    yield from _people(entry)
    if entry.travel is not None:
        yield f"X-APPLE-TRAVEL-DURATION;VALUE=DURATION:{duration(entry.travel)}"
        yield "X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC"
    yield "END:VEVENT"


def _people(entry: Entry) -> Iterator[str]:
    if entry.organizer is not None:
        yield f'ORGANIZER;CN="{entry.organizer.name}":mailto:{entry.organizer.address}'
    for guest in entry.guests:
        rsvp = ";RSVP=TRUE" if guest.partstat == "NEEDS-ACTION" else ""
        yield f'ATTENDEE;CN="{guest.name}";PARTSTAT={guest.partstat};ROLE=REQ-PARTICIPANT{rsvp}:mailto:{guest.address}'


def _zones(entry: Entry) -> Iterator[str]:
    for when in (entry.dtstart, entry.dtend, entry.recurrence_id, *entry.exdates):
        if isinstance(when, datetime) and isinstance(when.tzinfo, ZoneInfo):
            yield when.tzinfo.key


def _instant(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y%m%dT%H%M%SZ}"
