"""Our own events: their names follow from the appointment, and what an owner changes is told from what a server changes."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest

from icalsync.core.own import mark_of, name_of, own_fields, plain, uid_of, uids_in
from icalsync.core.writing import fields_of
from tests.core.pushing import APPOINTMENT, START, content, mark, text

UID = uid_of(APPOINTMENT, 1)


def edited(old: str, new: str) -> bytes:
    """Our event's text with something else in it."""
    ours = text().decode()
    assert old in ours
    return ours.replace(old, new).encode()


def test_uid_and_name_follow_from_appointment_and_generation_alone() -> None:
    """P1, P2: after a crash the same request is made again. The values are fixed: events with them stand in people's calendars."""
    assert uid_of(APPOINTMENT, 1) == UID == "C43620E2-7A5F-5C80-85F1-582485E0AC2C"
    assert name_of(UID) == f"{UID}.ics"


def test_each_generation_and_each_appointment_has_a_uid_of_its_own() -> None:
    """A UID that was deleted, or exists elsewhere, is refused for good (icloud.md §3.5)."""
    uids = [uid_of(uuid4().hex, generation) for generation in range(1, 6) for _ in range(200)]
    assert len(set(uids)) == len(uids)
    assert all(re.fullmatch(r"[0-9A-F]{8}-[0-9A-F]{4}-5[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}", uid) for uid in uids)


def test_our_text_says_what_was_to_be_written() -> None:
    """What is sent and what is compared are one thing."""
    fields = own_fields(text(), UID)
    assert fields == fields_of(content())
    assert (fields.starts_at, fields.summary, fields.description) == (START, "Check-up", "Booking contact: Carla, carla@example.org")


REWRITTEN = {
    "another PRODID": ("PRODID:-//icalsync//icalsync//EN", "PRODID:-//Apple Inc.//iCloud Calendar//EN"),
    "a second DTSTAMP": ("DTSTAMP:20261124T120000Z", "DTSTAMP:20261125T010101Z\r\nDTSTAMP:20261124T120000Z"),
    "X-APPLE properties": ("TRANSP:OPAQUE", "TRANSP:OPAQUE\r\nX-APPLE-CREATOR-IDENTITY:com.apple.calendar"),
    "TRANSP left out": ("TRANSP:OPAQUE\r\n", ""),
    "STATUS left out": ("STATUS:CONFIRMED\r\n", ""),
    "times in UTC": (
        "DTSTART;TZID=Europe/Berlin:20261126T140000\r\nDTEND;TZID=Europe/Berlin:20261126T150000",
        "DTSTART:20261126T130000Z\r\nDTEND:20261126T140000Z",
    ),
    "DURATION for DTEND": ("DTEND;TZID=Europe/Berlin:20261126T150000", "DURATION:PT1H"),
    "another order": ("SUMMARY:Check-up\r\n", ""),
    "other parameters": ("SUMMARY:Check-up", "SUMMARY;LANGUAGE=de:Check-up"),
    "a trailing blank": ("SUMMARY:Check-up", "SUMMARY:Check-up "),
    "line ends of LF": ("\r\n", "\n"),
    "another SEQUENCE": ("SEQUENCE:0", "SEQUENCE:7"),
}


@pytest.mark.parametrize("what", REWRITTEN)
def test_what_a_server_rewrites_is_no_edit(what: str) -> None:
    """P14: compared by meaning, or it would be written again for ever."""
    raw = edited(*REWRITTEN[what])
    if what == "another order":
        raw = raw.replace(b"UID:", b"SUMMARY:Check-up\r\nUID:")
    assert mark_of(raw, UID) == mark(content())


ADDED = {
    "an alarm": "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:Booking contact: nobody\r\nSUMMARY:x\r\nEND:VALARM",
    "a place": "LOCATION:Room 4",
    "travel time": "X-APPLE-TRAVEL-DURATION;VALUE=DURATION:PT30M",
    "a guest": "ORGANIZER:mailto:anna@example.org\r\nATTENDEE:mailto:ben@example.org",
}


@pytest.mark.parametrize("what", ADDED)
def test_what_an_owner_adds_is_no_edit_of_ours(what: str) -> None:
    """Issue 5: alarm, place and notes are the owner's."""
    assert mark_of(edited("END:VEVENT", ADDED[what] + "\r\nEND:VEVENT"), UID) == mark(content())


def test_notes_beside_our_line_are_no_edit() -> None:
    """The description is shared: our line is ours, the rest is the owner's."""
    notes = edited("carla@example.org", "carla@example.org\\n\\nbring the file\\, and a pen")
    assert own_fields(notes, UID) == fields_of(content())
    bare = text(content(detail="title")).replace(b"STATUS:", b"DESCRIPTION:only mine\r\nSTATUS:")
    assert own_fields(bare, UID) == fields_of(content(detail="title"))


EDITED = {
    "another time": ("DTSTART;TZID=Europe/Berlin:20261126T140000", "DTSTART;TZID=Europe/Berlin:20261126T133000"),
    "another end": ("DTEND;TZID=Europe/Berlin:20261126T150000", "DTEND;TZID=Europe/Berlin:20261126T160000"),
    "another title": ("SUMMARY:Check-up", "SUMMARY:Lunch"),
    "no title": ("SUMMARY:Check-up\r\n", ""),
    "our line changed": ("Carla", "Dora"),
    "our line gone": ("DESCRIPTION:Booking contact: Carla\\, carla@example.org\r\n", ""),
    "shown as free": ("TRANSP:OPAQUE", "TRANSP:TRANSPARENT"),
    "cancelled": ("STATUS:CONFIRMED", "STATUS:CANCELLED"),
    "a series": ("SEQUENCE:0", "RRULE:FREQ=WEEKLY;COUNT=3\r\nSEQUENCE:0"),
    "a second date": ("SEQUENCE:0", "RDATE;TZID=Europe/Berlin:20261201T140000\r\nSEQUENCE:0"),
}


@pytest.mark.parametrize("what", EDITED)
def test_what_an_owner_changes_is_an_edit(what: str) -> None:
    """R11: it is told, and what it says now."""
    raw = edited(*EDITED[what])
    assert own_fields(raw, UID) is not None
    assert mark_of(raw, UID) != mark(content())


NO_LONGER_ONE = {
    "all-day": (
        "DTSTART;TZID=Europe/Berlin:20261126T140000\r\nDTEND;TZID=Europe/Berlin:20261126T150000",
        "DTSTART;VALUE=DATE:20261126\r\nDTEND;VALUE=DATE:20261127",
    ),
    "floating": (";TZID=Europe/Berlin:2026", ":2026"),
    "an override beside it": (
        "END:VCALENDAR",
        f"BEGIN:VEVENT\r\nUID:{UID}\r\nRECURRENCE-ID:20261126T130000Z\r\nDTSTART:20261126T130000Z\r\nEND:VEVENT\r\nEND:VCALENDAR",
    ),
    "another event beside it": ("END:VCALENDAR", "BEGIN:VEVENT\r\nUID:x\r\nDTSTART:20261126T130000Z\r\nEND:VEVENT\r\nEND:VCALENDAR"),
    "another UID": (f"UID:{UID}", "UID:somebody-else"),
    "cut short": ("END:VEVENT\r\nEND:VCALENDAR\r\n", ""),
    "an impossible date": ("20261126T140000", "20261199T140000"),
    "an unknown zone": ("TZID=Europe/Berlin:2026", "TZID=Nowhere/Land:2026"),
}


@pytest.mark.parametrize("what", NO_LONGER_ONE)
def test_what_is_no_single_event_at_fixed_instants_says_nothing(what: str) -> None:
    """And never equals anything we wrote; its own mark stays the same for the same text."""
    raw = edited(*NO_LONGER_ONE[what])
    assert own_fields(raw, UID) is None
    assert mark_of(raw, UID).startswith("raw:")
    assert mark_of(raw, UID) == mark_of(raw.replace(b"DTSTAMP:20261124T120000Z\r\n", b""), UID)


def test_a_damaged_text_still_tells_whose_it_is_where_it_can() -> None:
    """The UID of each event, also beside others."""
    assert uids_in(edited(*NO_LONGER_ONE["another event beside it"])) == {UID, "x"}
    assert uids_in(b"<html>") == uids_in(b"") == frozenset()


def test_a_fingerprint_holds_no_title() -> None:
    """R18: hexadecimal digits alone."""
    assert re.fullmatch(r"[0-9a-f]{64}", mark(content()))


def test_texts_are_compared_composed_and_without_blanks_at_line_ends() -> None:
    """Apple decomposes accents, editors trim."""
    assert plain("  Cafe\u0301 \t\r\nzwei\x00\x07 \n\n") == "Café\nzwei"
