"""The text of an event we write: correct, minimal, and what iCloud accepts (icloud.md §3.5).

DTEND always, a VTIMEZONE where a TZID is used, stamps in UTC, no METHOD, no ORGANIZER and no ATTENDEE, so that nobody is sent a mail
(P15). A change patches the text that is on the server: our own fields are replaced, and everything the owner added stays (D38).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from icalsync.core.model import Content
from icalsync.core.own import CONTACT_LINE, OwnFields, own_fields, own_lines, plain, uid_of
from icalsync.core.source import Block, Line, Source, escaped, folded, read_source, text_value
from icalsync.core.zone_text import vtimezone
from icalsync.core.zones import iana_name, to_utc, to_zone
from icalsync.messages import say

PRODID: Final = "-//icalsync//icalsync//EN"
_UTC: Final = frozenset(
    {"UTC", "Etc/UTC", "UCT", "Etc/UCT", "Zulu", "Etc/Zulu", "Universal", "Etc/Universal", "GMT", "Etc/GMT", "Greenwich"}
)
_NEVER_OURS: Final = frozenset({"DURATION", "RRULE", "RDATE", "EXRULE", "EXDATE", "RECURRENCE-ID"})
"""What an event of ours never has: one that an owner put in goes when a person lets ours stand again."""
_YEARS_AHEAD: Final = 6


def content_for(
    *,
    detail: str,
    appointment_id: str,
    generation: int,
    title: str,
    contact_name: str | None,
    contact_email: str | None,
    starts_at: datetime,
    ends_at: datetime,
    zone: str,
    sequence: int,
    created_at: datetime,
    modified_at: datetime,
) -> Content:
    """As much of an appointment as the sub-account's ``push_detail`` lets out (R4).

    ``reference``: nothing but that something is booked, with the beginning of its id · ``title``: its title · ``full``: its contact too.
    """
    reference = say("event.reference", reference=appointment_id[:8].upper())
    contact = ", ".join(" ".join(plain(part).split()) for part in (contact_name, contact_email) if part and plain(part))
    return Content(
        uid=uid_of(appointment_id, generation),
        starts_at=_whole(starts_at),
        ends_at=_whole(ends_at),
        zone=zone,
        summary=reference if detail == "reference" else " ".join(plain(title).split()) or reference,
        description=CONTACT_LINE + contact if detail == "full" and contact else "",
        sequence=sequence,
        created_at=_whole(created_at),
        modified_at=_whole(modified_at),
    )


def fields_of(content: Content) -> OwnFields:
    """What ``core.own.own_fields`` finds in the text of this content."""
    return OwnFields(
        starts_at=_whole(content.starts_at),
        ends_at=_whole(content.ends_at),
        summary=plain(content.summary),
        description=own_lines(content.description),
        status="CONFIRMED",
        transparency="OPAQUE",
        recurring=False,
    )


def new_event(content: Content) -> bytes:
    """The whole object for a creation: CRLF, folded at 75 octets."""
    definition, starts, ends = _times(content)
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{PRODID}",
        "CALSCALE:GREGORIAN",
        *definition,
        "BEGIN:VEVENT",
        f"UID:{content.uid}",
        f"DTSTAMP:{_stamp(content.modified_at)}",
        f"CREATED:{_stamp(content.created_at)}",
        f"LAST-MODIFIED:{_stamp(content.modified_at)}",
        f"SEQUENCE:{content.sequence}",
        starts,
        ends,
        f"SUMMARY:{escaped(plain(content.summary))}",
        *([f"DESCRIPTION:{escaped(own_lines(content.description))}"] if own_lines(content.description) else []),
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return b"".join(folded(line) for line in lines)


def patched_event(raw: bytes, content: Content) -> bytes:
    """The server's text with our own fields as they should be, every other line kept byte for byte (D38).

    SEQUENCE rises above what stands there. Where the text cannot be patched so that it says what it should, a new one takes its place:
    only a person's decision to let ours stand again meets that.
    """
    source = read_source(raw)
    wanted = fields_of(content)
    if source is not None:
        for form in (content, replace(content, zone="UTC")):
            patched = _patched(source, raw, form)
            if patched is not None and own_fields(patched, content.uid) == wanted:
                return patched
    return new_event(content)


def _patched(source: Source, raw: bytes, content: Content) -> bytes | None:
    """None where there is no event of ours in it."""
    ours = [block for block in source.events if source.uid(block) == content.uid]
    if not ours:
        return None
    masters = [block for block in ours if not any(line.name == "RECURRENCE-ID" for line in source.properties(block))]
    master = (masters or ours)[0]
    gone = {number for block in ours if block is not master for number in range(block.first, block.last + 1)}
    gone |= {number for number in master.own if source.lines[number].name in _NEVER_OURS}
    definition, wanted = _wanted(source.properties(master), raw, content)
    end = b"\r\n" if b"\r" in source.lines[master.first].raw else b"\n"
    changed: dict[int, bytes] = {}
    for name, text in wanted.items():
        places = [number for number in master.own if source.lines[number].name == name]
        gone.update(places[1:] if text is not None else places)
        if text is not None and places:
            changed[places[0]] = folded(text, end)
    missing = [text for name, text in wanted.items() if text is not None and not _has(source, master, name)]
    before = {_end_of_own(source, master): missing}
    if not {line.partition(":")[2] for line in definition if line.startswith("TZID:")} <= source.zones():
        before[source.blocks[0].first] = [*definition, *before.get(source.blocks[0].first, [])]
    parts = []
    for number, line in enumerate(source.lines):
        parts += [folded(text, end) for text in before.get(number, [])]
        parts += [] if number in gone else [changed.get(number, line.raw)]
    return b"".join(parts)


def _wanted(lines: Sequence[Line], raw: bytes, content: Content) -> tuple[Sequence[str], dict[str, str | None]]:
    """The definition of the zone that is used, and the lines to be set by name (None: taken out); what says the same already is left."""
    now, wanted = own_fields(raw, content.uid), fields_of(content)
    definition: Sequence[str] = ()
    stamp = _stamp(content.modified_at)
    lines_wanted: dict[str, str | None] = {
        "DTSTAMP": f"DTSTAMP:{stamp}",
        "LAST-MODIFIED": f"LAST-MODIFIED:{stamp}",
        "SEQUENCE": f"SEQUENCE:{_sequence(lines, content.sequence)}",
    }
    if now is None or (now.starts_at, now.ends_at, now.recurring) != (wanted.starts_at, wanted.ends_at, wanted.recurring):
        definition, lines_wanted["DTSTART"], lines_wanted["DTEND"] = _times(content)
    if now is None or now.summary != wanted.summary:
        lines_wanted["SUMMARY"] = f"SUMMARY:{escaped(wanted.summary)}"
    if now is None or now.description != wanted.description:
        description = _description(text_value(lines, "DESCRIPTION"), wanted.description)
        lines_wanted["DESCRIPTION"] = f"DESCRIPTION:{escaped(description)}" if description else None
    if now is None or now.status != wanted.status:
        lines_wanted["STATUS"] = f"STATUS:{wanted.status}"
    if now is None or now.transparency != wanted.transparency:
        lines_wanted["TRANSP"] = f"TRANSP:{wanted.transparency}"
    return definition, lines_wanted


def _sequence(lines: Iterable[Line], wanted: int) -> int:
    """Above what stands there (RFC 5545 §3.8.7.4)."""
    texts = [line.value.strip() for line in lines if line.name == "SEQUENCE"]
    there = max((int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 10), default=-1)  # noqa: PLR2004 - INTEGER
    return max(wanted, min(there + 1, 2**31 - 1))


def _description(there: str, ours: str) -> str:
    """Our line first, and below it the owner's notes as they are."""
    notes = [line for line in there.split("\n") if not line.startswith(CONTACT_LINE.rstrip())]
    return "\n".join(([ours] if ours else []) + (notes if any(notes) else []))


def _has(source: Source, block: Block, name: str) -> bool:
    return any(line.name == name for line in source.properties(block))


def _end_of_own(source: Source, block: Block) -> int:
    """Where a component's own lines end: at its first inner component, or at its END."""
    return next(number for number in range(block.first + 1, block.last + 1) if source.lines[number].name in {"BEGIN", "END"})


def _times(content: Content) -> tuple[Sequence[str], str, str]:
    """The VTIMEZONE's lines (none in UTC), DTSTART and DTEND.

    In the user's zone, so that calendars show it so; in UTC where the zone's clocks cannot say it: no yearly rules (Morocco), the second
    of two equal hours in autumn, an event over years.
    """
    starts, ends = _whole(content.starts_at), _whole(content.ends_at)
    in_utc = (), f"DTSTART:{_stamp(starts)}", f"DTEND:{_stamp(ends)}"
    zone = iana_name(content.zone)
    if zone is None or zone in _UTC or ends.year > starts.year + 1:
        return in_utc
    try:
        definition = vtimezone(zone, range(starts.year - 1, starts.year + _YEARS_AHEAD))
        walls = [to_zone(moment, zone).replace(tzinfo=None, fold=0) for moment in (starts, ends)]
    except (ValueError, OverflowError):
        return in_utc
    if [to_utc(wall, zone) for wall in walls] != [starts, ends] or walls[1] < walls[0]:
        return in_utc
    first, last = (f"{wall:%Y%m%dT%H%M%S}".rjust(15, "0") for wall in walls)
    return definition, f"DTSTART;TZID={zone}:{first}", f"DTEND;TZID={zone}:{last}"


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _stamp(moment: datetime) -> str:
    """A DATE-TIME in UTC (RFC 5545 §3.3.5): iCloud refuses others as stamps (icloud.md §3.5)."""
    return f"{_whole(moment):%Y%m%dT%H%M%SZ}".rjust(16, "0")
