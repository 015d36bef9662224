"""Whatever is booked, the text we write says exactly that: to us, to another library, and after every kind of patching."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import icalendar
from hypothesis import example, given, settings
from hypothesis import strategies as st

from icalsync.core.own import mark_of, own_fields, plain, uid_of
from icalsync.core.push import Found, decide
from icalsync.core.source import escaped, folded, read_source, text_value
from icalsync.core.writing import fields_of, new_event, patched_event
from tests.core.pushing import APPOINTMENT, NOW, content, moved, task, text

UID = uid_of(APPOINTMENT, 1)
ZONES = (
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Africa/Casablanca",
    "Asia/Tehran",
    "Pacific/Chatham",
    "America/Havana",
    "Africa/Cairo",
    "Etc/GMT+5",
    "UTC",
    "W. Europe Standard Time",
)
MOMENTS = st.integers(-(10**9), 6 * 10**9).map(lambda seconds: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
"""1968 to 2190."""
TITLES = st.text(max_size=80)


@st.composite
def contents(draw):
    """An appointment of up to two days anywhere, with any words."""
    starts_at = draw(MOMENTS)
    return content(
        detail=draw(st.sampled_from(("reference", "title", "full"))),
        title=draw(TITLES),
        contact_name=draw(st.none() | TITLES),
        contact_email=draw(st.none() | TITLES),
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=draw(st.integers(1, 2880))),
        zone=draw(st.sampled_from(ZONES)),
        sequence=draw(st.integers(0, 5)),
    )


@given(contents())
@example(content(starts_at=datetime(2144, 7, 1, 9, tzinfo=UTC), ends_at=datetime(2144, 7, 1, 10, tzinfo=UTC), zone="Europe/Berlin"))
@settings(max_examples=80, deadline=None)
def test_what_is_written_is_what_is_read(one):
    """By our own reader, field by field."""
    assert own_fields(new_event(one), UID) == fields_of(one)


@given(contents())
@settings(max_examples=50, deadline=None)
def test_another_library_reads_the_same_instants(one):
    """As other people's calendars will: by icalendar, with the VTIMEZONE that is sent along."""
    calendar = icalendar.Calendar.from_ical(new_event(one))
    (event,) = calendar.walk("VEVENT")
    assert (event["DTSTART"].dt.astimezone(UTC), event["DTEND"].dt.astimezone(UTC)) == (one.starts_at, one.ends_at)
    assert plain(str(event["SUMMARY"])) == one.summary
    zones = {zone["TZID"] for zone in calendar.walk("VTIMEZONE")}
    assert {event[name].params["TZID"] for name in ("DTSTART", "DTEND") if "TZID" in event[name].params} <= zones


@given(contents(), contents())
@settings(max_examples=50, deadline=None)
def test_a_patched_text_says_what_it_should(before, after):
    """From anything we wrote to anything else, also twice."""
    once = patched_event(new_event(before), after)
    assert own_fields(once, UID) == fields_of(after)
    assert own_fields(patched_event(once, before), UID) == fields_of(before)


PIECES = (
    b"\r\n",
    b"\n",
    b" ",
    b":",
    b";",
    b'"',
    b"\xff",
    b"BEGIN:VEVENT\r\n",
    b"END:VEVENT\r\n",
    b"BEGIN:X\r\n",
    b"RRULE:FREQ=DAILY\r\n",
    b"\0",
    b"\\",
)


@st.composite
def damaged(draw):
    """Our text with bytes put in, taken out and doubled."""
    raw = bytearray(text())
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(raw)))
        match draw(st.integers(0, 2)):
            case 0:
                raw[at:at] = draw(st.sampled_from(PIECES))
            case 1:
                del raw[at : at + draw(st.integers(1, 60))]
            case _:
                raw[at:at] = raw[at : at + draw(st.integers(1, 200))]
    return bytes(raw)


@given(damaged())
@settings(max_examples=120, deadline=None)
def test_whatever_became_of_a_text_nothing_is_raised_and_what_is_sent_is_right(raw):
    """R12: what cannot be read is never taken for ours; what is written over it says what was wanted."""
    assert own_fields(patched_event(raw, moved()), UID) == fields_of(moved())
    assert isinstance(mark_of(raw, UID), str)
    for action in ("create", "update", "delete"):
        decide(task(action), Found("/x.ics", '"e"', raw), NOW)


@given(damaged() | st.binary(max_size=200))
@settings(max_examples=120, deadline=None)
def test_lines_are_the_bytes_they_were_made_of(raw):
    """D38: put together again they are the text."""
    source = read_source(raw)
    if source is not None:
        assert b"".join(line.raw for line in source.lines) == raw


@given(TITLES)
def test_folding_and_escaping_are_undone_by_reading(title):
    """RFC 5545 §3.1, §3.3.11."""
    value = plain(title)
    raw = b"BEGIN:VCALENDAR\r\nBEGIN:X\r\n" + folded(f"SUMMARY:{escaped(value)}") + b"END:X\r\nEND:VCALENDAR\r\n"
    source = read_source(raw)
    assert source is not None
    assert text_value(source.properties(source.blocks[0]), "SUMMARY") == value
