"""Our own events on other people's servers: how they are named, and how one is told from what its owner made of it (R11).

An appointment's event has a UID and a name that follow from the appointment and a generation alone, so that after a crash or a lost
answer the same request is made again, and never a second event (P1, P2). What we wrote is compared by meaning, not by bytes, because
servers rewrite texts (P14, icloud.md §3.5).
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid5

from icalsync.core.bounds import Limits, Unreadable
from icalsync.core.ics import parse_document
from icalsync.core.model import Event, Timing, Transparency
from icalsync.core.source import Source, read_source, text_value
from icalsync.core.vevent import Vevent, read_vevent
from icalsync.core.vtimezone import zones_of

NAMESPACE: Final = UUID("5f0c1a3e-7d54-4c58-9a0b-6f2b8e1d9c47")
"""Names our events: never to be changed, or events already written would no longer be known."""
CONTACT_LINE: Final = "Booking contact: "
"""Begins the line of a description that is ours; every other line is the owner's notes. The same in every language, as it is compared."""
_FAULTS: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_LIMITS: Final = Limits()


def uid_of(appointment_id: str, generation: int) -> str:
    """The UID of an appointment's event (RFC 5545 §3.8.4.7).

    iCloud refuses a UID that exists in another calendar and, for good, one that was deleted (icloud.md §3.5): then the next generation is
    written, under another UID.
    """
    return str(uuid5(NAMESPACE, f"{appointment_id}/{generation}")).upper()


def name_of(uid: str) -> str:
    """The last part of its href: ``<uid>.ics``, as Apple's own clients name events (icloud.md §3.3)."""
    return f"{uid}.ics"


@dataclass(frozen=True, slots=True)
class OwnFields:
    """What we write into an event, and compare; everything else in it is its owner's (alarms, place, notes, guests)."""

    starts_at: datetime
    ends_at: datetime
    """Instants, in UTC, to the second."""
    summary: str
    description: str
    """Our own line of it (``CONTACT_LINE``), or nothing: notes an owner adds are no edit of ours."""
    status: str
    transparency: str
    """``OPAQUE`` also where the property is missing (RFC 5545 §3.8.2.7)."""
    recurring: bool
    """Whether the owner made a series of it."""

    @property
    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal: equal for texts that mean the same to us; no title can be read from it (R18)."""
        times = [moment.astimezone(UTC).replace(microsecond=0).isoformat() for moment in (self.starts_at, self.ends_at)]
        form = [*times, self.summary, self.description, self.status, self.transparency, self.recurring]
        return hashlib.sha256(json.dumps(form, ensure_ascii=True).encode()).hexdigest()


def own_fields(raw: bytes, uid: str) -> OwnFields | None:
    """What a server's text says of our event.

    None where it cannot be read, or is anything but one VEVENT with that UID at fixed instants: all-day, floating, a series with changed
    occurrences, several events. Never raises.
    """
    source = read_source(raw)
    if source is None or len(source.events) != 1 or source.uids() != {uid}:
        return None
    try:
        event = _event(raw)
        if event is None or event.uid != uid or event.recurrence is not None:
            return None
        return _fields(source, event.event, recurring=event.recurring)
    except (Unreadable, *_FAULTS):
        return None


def uids_in(raw: bytes) -> frozenset[str]:
    """The UIDs of the events in a text, as far as they can be told; empty where it is no calendar at all."""
    source = read_source(raw)
    return frozenset() if source is None else source.uids()


def mark_of(raw: bytes, uid: str) -> str:
    """The fingerprint of a server's text: of our fields where they can be told, else of the whole text without its time of reading."""
    fields = own_fields(raw, uid)
    if fields is not None:
        return fields.fingerprint
    lines = (line for line in raw.replace(b"\r", b"\n").split(b"\n") if line and not line.upper().startswith(b"DTSTAMP"))
    return "raw:" + hashlib.sha256(b"\n".join(lines)).hexdigest()


def plain(text: str) -> str:
    """A text as servers give it back: composed characters (NFC), no control characters, no blanks at the ends of lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    kept = "".join(one for one in unicodedata.normalize("NFC", text) if one in "\n\t" or unicodedata.category(one) != "Cc")
    return "\n".join(line.rstrip() for line in kept.split("\n")).strip()


def own_lines(description: str) -> str:
    """The lines of a description that are ours."""
    return "\n".join(line for line in plain(description).split("\n") if line.startswith(CONTACT_LINE.rstrip()))


def _event(raw: bytes) -> Vevent | None:
    flags: set[str] = set()
    document = parse_document(raw, _LIMITS, flags)
    if len(document.events) != 1 or document.misplaced is not None:
        return None
    return read_vevent(document.events[0], zones_of(document.zones), _LIMITS, flags)


def _fields(source: Source, event: Event, *, recurring: bool) -> OwnFields | None:
    if event.timing is not Timing.INSTANT or not isinstance(event.starts, datetime) or not isinstance(event.ends, datetime):
        return None
    lines = source.properties(source.events[0])
    return OwnFields(
        starts_at=event.starts.astimezone(UTC),
        ends_at=event.ends.astimezone(UTC),
        summary=plain(text_value(lines, "SUMMARY")),
        description=own_lines(text_value(lines, "DESCRIPTION")),
        status=event.status.value,
        transparency=(Transparency.OPAQUE if event.transparency is Transparency.UNSET else event.transparency).value,
        recurring=recurring,
    )
