"""The demo's iCalendar text is what RFC 5545 says, and its time zones are the real ones."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical
from icalendar import Calendar

from icalsync.core.zone_text import vtimezone
from icalsync.demo.text import Entry, Guest, Task, duration, event_object, folded, task_object

STAMPED = datetime(2026, 11, 22, 5, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
ENTRY = Entry("U-1", "Follow-up", datetime(2026, 11, 24, 9, tzinfo=BERLIN), datetime(2026, 11, 24, 10, tzinfo=BERLIN))


def lines_of(raw: bytes) -> list[bytes]:
    """The content lines as they stand in the octets, before unfolding."""
    assert raw.endswith(b"\r\n")
    return raw.removesuffix(b"\r\n").split(b"\r\n")


def test_a_long_line_is_folded_at_75_octets():
    """No line is longer than 75 octets, and unfolding gives the line back (RFC 5545 §3.1)."""
    line = "SUMMARY:" + "abc " * 100
    pieces = lines_of(folded(line))
    assert max(map(len, pieces)) == 75
    assert b"".join([pieces[0], *(piece[1:] for piece in pieces[1:])]).decode() == line


@pytest.mark.parametrize("shift", range(5))
def test_a_line_is_never_folded_inside_a_character(shift):
    """Each physical line decodes by itself, wherever the fold falls (D30)."""
    line = "SUMMARY:" + "x" * shift + "Nguyễn Öztürk 🏥 " * 20
    pieces = lines_of(folded(line))
    assert all(len(piece) <= 75 and piece.decode() for piece in pieces)
    assert "".join([pieces[0].decode(), *(piece.decode()[1:] for piece in pieces[1:])]) == line


def test_a_line_of_exactly_75_octets_stays_one():
    """The limit itself is allowed."""
    assert folded("x" * 75) == b"x" * 75 + b"\r\n"
    assert folded("x" * 76).count(b"\r\n") == 2


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "Europe/London", "Europe/Lisbon", "America/New_York", "America/Los_Angeles", "Asia/Tokyo"]
)
def test_a_vtimezone_agrees_with_the_zone_data(zone):
    """Read by another library, its offsets are those of the zone data, in every hour of four years that the clock shows once."""
    text = "\r\n".join(["BEGIN:VCALENDAR", *vtimezone(zone, range(2025, 2031)), "END:VCALENDAR", ""])
    read = tzical(io.StringIO(text)).get(zone)
    real = ZoneInfo(zone)
    for hours in range(4 * 365 * 24):
        wall = datetime(2026, 1, 1) + timedelta(hours=hours)  # noqa: DTZ001  # a wall time, seen in both zones
        if wall.replace(tzinfo=real).utcoffset() == wall.replace(tzinfo=real, fold=1).utcoffset():
            assert wall.replace(tzinfo=read).utcoffset() == wall.replace(tzinfo=real).utcoffset(), wall


def test_a_zone_that_two_rules_cannot_tell_is_refused():
    """Morocco's clock follows the moon: a wrong definition would be worse than none."""
    with pytest.raises(ValueError, match="no yearly rule"):
        vtimezone("Africa/Casablanca", range(2025, 2031))


def test_every_form_of_time_is_written_as_the_standard_names_it():
    """Zoned, UTC, floating and all-day (RFC 5545 §3.3.4, §3.3.5)."""
    forms = {
        datetime(2026, 11, 24, 9, tzinfo=BERLIN): b"DTSTART;TZID=Europe/Berlin:20261124T090000\r\n",
        datetime(2026, 11, 24, 9, tzinfo=UTC): b"DTSTART:20261124T090000Z\r\n",
        datetime(2026, 11, 24, 9): b"DTSTART:20261124T090000\r\n",  # noqa: DTZ001  # floating
        date(2026, 11, 24): b"DTSTART;VALUE=DATE:20261124\r\n",
    }
    for when, line in forms.items():
        raw = event_object([Entry("U-1", "x", when, None)], stamped=STAMPED)
        assert line in raw
        assert (b"BEGIN:VTIMEZONE" in raw) is (b"TZID=" in line)


def test_an_event_comes_back_from_a_parser_as_it_was_meant():
    """Text with separators, people and travel time survive a reading by another library."""
    guest = Guest("anna@acme.example", "Anna Berger", "NEEDS-ACTION")
    entry = Entry(
        "U-1",
        "A, b; c \\ d\ne",
        ENTRY.dtstart,
        ENTRY.dtend,
        rrule="FREQ=WEEKLY;BYDAY=TU",
        exdates=(datetime(2026, 12, 1, 9, tzinfo=BERLIN),),
        location="Street 1, here",
        organizer=Guest("boss@acme.example", "Boss"),
        guests=(guest,),
        travel=timedelta(minutes=75),
        transp="OPAQUE",
    )
    (event,) = Calendar.from_ical(event_object([entry], stamped=STAMPED)).walk("VEVENT")
    assert (event["SUMMARY"], event["LOCATION"]) == ("A, b; c \\ d\ne", "Street 1, here")
    assert event["DTSTART"].dt == entry.dtstart
    assert event["EXDATE"].dts[0].dt == entry.exdates[0]
    assert (event["ATTENDEE"], event["ATTENDEE"].params["PARTSTAT"]) == ("mailto:anna@acme.example", "NEEDS-ACTION")
    assert event["X-APPLE-TRAVEL-DURATION"].to_ical() == b"PT1H15M"


def test_a_duration_is_never_empty():
    """RFC 5545 §3.3.6 wants at least one part."""
    assert [duration(timedelta(minutes=minutes)) for minutes in (0, 15, 60, 90)] == ["PT0M", "PT15M", "PT1H", "PT1H30M"]


def test_a_task_is_a_vtodo_and_no_event():
    """Lists of reminders hold nothing else (R10)."""
    raw = task_object(Task("T-1", "Order tape", date(2026, 11, 24)), stamped=STAMPED)
    (task,) = Calendar.from_ical(raw).walk("VTODO")
    assert (task["SUMMARY"], task["DUE"].dt) == ("Order tape", date(2026, 11, 24))
    assert not Calendar.from_ical(raw).walk("VEVENT")
