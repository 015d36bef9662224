"""The text we write: what iCloud takes, as little as R4 says; and a change that keeps everything an owner added (D38)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from icalsync.core.interval import Interval
from icalsync.core.model import Reading
from icalsync.core.own import own_fields, uid_of
from icalsync.core.reading import read_object
from icalsync.core.source import folded, read_source
from icalsync.core.writing import fields_of, new_event, patched_event
from tests.core.pushing import APPOINTMENT, NOW, START, content, moved, text

UID = uid_of(APPOINTMENT, 1)


def lines(raw: bytes) -> list[str]:
    """The unfolded lines."""
    source = read_source(raw)
    assert source is not None
    return [line.text for line in source.lines]


def test_the_whole_event_as_it_is_sent() -> None:
    """icloud.md §3.5: DTEND, VTIMEZONE for the TZID, stamps in UTC, STATUS in capitals."""
    berlin = lines(text())
    assert berlin[:6] == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//icalsync//icalsync//EN",
        "CALSCALE:GREGORIAN",
        "BEGIN:VTIMEZONE",
        "TZID:Europe/Berlin",
    ]
    assert berlin[berlin.index("BEGIN:VEVENT") :] == [
        "BEGIN:VEVENT",
        f"UID:{UID}",
        "DTSTAMP:20261124T120000Z",
        "CREATED:20261124T120000Z",
        "LAST-MODIFIED:20261124T120000Z",
        "SEQUENCE:0",
        "DTSTART;TZID=Europe/Berlin:20261126T140000",
        "DTEND;TZID=Europe/Berlin:20261126T150000",
        "SUMMARY:Check-up",
        "DESCRIPTION:Booking contact: Carla\\, carla@example.org",
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        "END:VEVENT",
        "END:VCALENDAR",
    ]


def test_nobody_is_sent_a_mail_p15() -> None:
    """P15: no METHOD, no ORGANIZER, no ATTENDEE, whatever the detail; a contact named like a property stays a text."""
    raw = text(content(contact_name="x\nATTENDEE:mailto:a@example.org", title="y\r\nMETHOD:REQUEST\r\nORGANIZER:z"))
    names = {line.split(":")[0].split(";")[0] for line in lines(raw)}
    assert not names & {"METHOD", "ATTENDEE", "ORGANIZER"}
    assert "SUMMARY:y METHOD:REQUEST ORGANIZER:z" in lines(raw)


@pytest.mark.parametrize(
    ("detail", "summary", "description"),
    [
        ("reference", "Booking 01234567", ""),
        ("title", "Check-up", ""),
        ("full", "Check-up", "Booking contact: Carla, carla@example.org"),
    ],
)
def test_as_much_is_written_as_the_sub_account_lets_out_r4(detail: str, summary: str, description: str) -> None:
    """R4: ``push_detail``."""
    one = content(detail=detail)
    assert (one.summary, one.description) == (summary, description)
    assert (b"Check-up" in text(one), b"carla" in text(one)) == (detail != "reference", detail == "full")


def test_an_event_without_a_title_or_a_contact_still_says_something() -> None:
    """And has no empty line of ours."""
    one = content(title=" \n", contact_name=" ", contact_email=None)
    assert (one.summary, one.description) == ("Booking 01234567", "")
    assert content(contact_email=None).description == "Booking contact: Carla"


def test_every_line_ends_with_crlf_and_is_no_longer_than_75_octets() -> None:
    """RFC 5545 §3.1; no character is cut in two."""
    raw = text(content(title="Ärztin 🙂 " * 60))
    physical = raw.split(b"\r\n")
    assert physical[-1] == b""
    assert all(len(line) <= 75 and line.decode() is not None for line in physical)
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert folded("A" * 75) == b"A" * 75 + b"\r\n"


IN_UTC = {
    "UTC": (START, "UTC"),
    "no yearly rules (Morocco)": (START, "Africa/Casablanca"),
    "the second of two equal hours": (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "Europe/Berlin"),
    "an unknown zone": (START, "Nowhere/Land"),
    "offsets with seconds": (datetime(1940, 1, 1, tzinfo=UTC), "Africa/Monrovia"),
}


@pytest.mark.parametrize("what", IN_UTC)
def test_what_the_zones_clocks_cannot_say_is_written_in_utc(what: str) -> None:
    """Then the instant is still right, and no VTIMEZONE is needed."""
    starts_at, zone = IN_UTC[what]
    raw = text(content(starts_at=starts_at, ends_at=starts_at + timedelta(hours=1), zone=zone))
    assert f"DTSTART:{starts_at:%Y%m%dT%H%M%SZ}" in lines(raw)
    assert b"TZID" not in raw


def test_the_first_of_two_equal_hours_is_written_in_the_zone() -> None:
    """D23: it is the one a local time means."""
    raw = text(content(starts_at=datetime(2026, 10, 25, 0, 30, tzinfo=UTC), ends_at=datetime(2026, 10, 25, 0, 45, tzinfo=UTC)))
    assert "DTSTART;TZID=Europe/Berlin:20261025T023000" in lines(raw)


def test_our_own_reader_understands_it() -> None:
    """What comes back on a pull is one occurrence, without a flag."""
    result = read_object(text(), Interval(NOW, NOW + timedelta(days=7)))
    assert isinstance(result, Reading)
    assert (result.uid, len(result.instances), result.instances[0].starts, result.flags) == (UID, 1, START, ())


# --- changes -------------------------------------------------------------------------------------------------------------------------

OWNERS = (
    b"LOCATION:Room 4\\, second floor\r\n"
    b'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-ADDRESS="Street 1\\nTown";X-TITLE="Room: 4\r\n ":geo:1.0,2.0 \r\n'
    b"X-UNKNOWN;A=b:kept  \r\n"
    b"BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDTSTART:20010101T000000Z\r\nSUMMARY:x\r\nSEQUENCE:9\r\nEND:VALARM\r\n"
)


def with_owners(raw: bytes) -> bytes:
    """Our event as its owner completed it."""
    raw = raw.replace(b"carla@example.org", b"carla@example.org\\n\\nbring the file\\, please")
    return raw.replace(b"END:VEVENT", OWNERS + b"END:VEVENT")


def test_a_change_replaces_our_own_lines_and_nothing_else_d38() -> None:
    """D38: alarm, place, notes, unknown properties, order and folds stay byte for byte."""
    before = with_owners(text())
    after = patched_event(before, moved(modified_at=NOW + timedelta(hours=5)))
    changed = {
        b"DTSTART;TZID=Europe/Berlin:20261126T140000": b"DTSTART;TZID=Europe/Berlin:20261126T150000",
        b"DTEND;TZID=Europe/Berlin:20261126T150000": b"DTEND;TZID=Europe/Berlin:20261126T160000",
        b"SEQUENCE:0": b"SEQUENCE:1",
        b"DTSTAMP:20261124T120000Z": b"DTSTAMP:20261124T170000Z",
        b"LAST-MODIFIED:20261124T120000Z": b"LAST-MODIFIED:20261124T170000Z",
    }
    assert after.split(b"\r\n") == [changed.get(line, line) for line in before.split(b"\r\n")]


def test_notes_stay_when_our_line_changes_or_goes() -> None:
    """Less detail takes our line out, and no more."""
    full = with_owners(text())
    other = patched_event(full, content(contact_name="Dora", contact_email=None))
    assert "DESCRIPTION:Booking contact: Dora\\n\\nbring the file\\, please" in lines(other)
    less = patched_event(full, content(detail="title"))
    assert b"Carla" not in less
    assert any(line.startswith("DESCRIPTION:") and "bring the file" in line for line in lines(less))
    bare = patched_event(text(), content(detail="title"))
    assert b"DESCRIPTION" not in bare


def test_the_sequence_rises_above_what_the_owners_device_made_of_it() -> None:
    """RFC 5545 §3.8.7.4; junk counts as nothing."""
    assert "SEQUENCE:8" in lines(patched_event(text().replace(b"SEQUENCE:0", b"SEQUENCE:7"), moved()))
    assert "SEQUENCE:1" in lines(patched_event(text().replace(b"SEQUENCE:0", b"SEQUENCE:junk"), moved()))
    assert "SEQUENCE:1" in lines(patched_event(text().replace(b"SEQUENCE:0\r\n", b""), moved()))


def test_stamps_are_not_doubled_and_line_ends_are_the_texts_own() -> None:
    """icloud.md §3.5: a REPORT adds a DTSTAMP; XML turns CRLF into LF."""
    doubled = text().replace(b"DTSTAMP:", b"DTSTAMP:20261125T000000Z\r\nDTSTAMP:").replace(b"\r\n", b"\n")
    after = patched_event(doubled, moved())
    assert [line for line in lines(after) if line.startswith("DTSTAMP")] == ["DTSTAMP:20261124T120000Z"]
    assert b"\r" not in after


def test_a_zone_the_text_lacks_is_added_and_one_it_has_is_used() -> None:
    """A TZID without its VTIMEZONE is refused (icloud.md §3.5); a second definition would be another zone's."""
    utc = text(content(zone="UTC"))
    added = lines(patched_event(utc, moved()))
    assert added.count("BEGIN:VTIMEZONE") == 1
    assert added.index("END:VTIMEZONE") < added.index("BEGIN:VEVENT")
    assert lines(patched_event(text(), moved())).count("BEGIN:VTIMEZONE") == 1
    other = lines(patched_event(text(), moved(zone="America/New_York")))
    assert {"TZID:Europe/Berlin", "TZID:America/New_York", "DTSTART;TZID=America/New_York:20261126T090000"} <= set(other)


def test_a_definition_that_says_something_else_is_not_used() -> None:
    """D20: a Europe/Berlin of the owner's own, five hours off, would put our time elsewhere; then it is written in UTC."""
    odd = text(content(zone="UTC")).replace(
        b"BEGIN:VEVENT",
        b"BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0530\r\n"
        b"TZOFFSETTO:+0530\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT",
    )
    after = patched_event(odd, moved())
    assert own_fields(after, UID) == fields_of(moved())
    assert "DTSTART:20261126T140000Z" in lines(after)
    assert b"+0530" in after


RESTORED = {
    "a series": b"RRULE:FREQ=DAILY\r\nEXDATE:20261127T130000Z\r\nSEQUENCE:3",
    "free": b"SEQUENCE:3\r\nTRANSP:TRANSPARENT",
    "two titles": b"SEQUENCE:3\r\nSUMMARY:Another",
}


@pytest.mark.parametrize("what", RESTORED)
def test_ours_stands_again_where_a_person_wants_it(what: str) -> None:
    """R11 ``restore``: what the owner made of our own fields goes, what they added stays."""
    changed = with_owners(text()).replace(b"SEQUENCE:0", RESTORED[what])
    after = patched_event(changed, content())
    assert own_fields(after, UID) == fields_of(content())
    assert OWNERS in after


def test_ours_stands_again_also_over_a_series_with_changed_days() -> None:
    """Its overrides go with it; they were occurrences of our event."""
    override = f"BEGIN:VEVENT\r\nUID:{UID}\r\nRECURRENCE-ID:20261127T130000Z\r\nDTSTART:20261127T150000Z\r\nSUMMARY:Late\r\nEND:VEVENT\r\n"
    series = with_owners(text()).replace(b"SEQUENCE:0", b"SEQUENCE:2\r\nRRULE:FREQ=DAILY")
    after = patched_event(series.replace(b"END:VCALENDAR", override.encode() + b"END:VCALENDAR"), content())
    assert own_fields(after, UID) == fields_of(content())
    assert (OWNERS in after, b"Late" in after) == (True, False)


@pytest.mark.parametrize("raw", [b"", b"junk", b"BEGIN:VCALENDAR\r\nEND:VEVENT\r\n", text()[:200], b"\xff\xfe"])
def test_what_cannot_be_patched_is_written_anew(raw: bytes) -> None:
    """Never half: what is sent says what it should."""
    assert patched_event(raw, content()) == new_event(content())


def test_nothing_is_kept_of_a_text_that_is_not_ours() -> None:
    """Only decided on by a person, over exactly that text."""
    foreign = text().replace(UID.encode(), b"somebody-else")
    assert patched_event(foreign, content()) == new_event(content())
