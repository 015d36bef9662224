"""Which objects are read without a process of their own: none that could run away, however it is spelt."""

from __future__ import annotations

import time

import pytest

from icalsync.core.model import Reading
from icalsync.core.reading import read_object
from icalsync.workers.harmless import SMALL, is_harmless
from tests.core.objects import MEETING, NOVEMBER, calendar, event

ZONE = (
    "BEGIN:VTIMEZONE",
    "TZID:Europe/Berlin",
    "BEGIN:DAYLIGHT",
    "DTSTART:19810329T020000",
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
    "TZOFFSETFROM:+0100",
    "TZOFFSETTO:+0200",
    "END:DAYLIGHT",
    "BEGIN:STANDARD",
    "DTSTART:19961027T030000",
    "RRULE:FREQ=YEARLY;UNTIL=20371025T010000Z;BYMONTH=10;BYDAY=-1SU",
    "TZOFFSETFROM:+0200",
    "TZOFFSETTO:+0100",
    "END:STANDARD",
    "END:VTIMEZONE",
)
PLAIN = calendar(*event(*MEETING))
DAILY = calendar(*event(*MEETING, "RRULE:FREQ=DAILY"))


@pytest.mark.parametrize(
    "raw",
    [
        PLAIN,
        calendar(*ZONE, *event(*MEETING)),
        calendar(*event(*MEETING, "RDATE:20261125T130000Z,20261126T130000Z")),
        calendar(*event("DTSTART;VALUE=DATE:20261124", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TU")),
    ],
    ids=["an event", "an event with its zone", "added dates", "a day of each year"],
)
def test_small_objects_that_repeat_at_most_like_a_zone_are_read_here(raw):
    """What servers write beside nearly every event must not cost a round trip."""
    assert is_harmless(raw)
    assert isinstance(read_object(raw, NOVEMBER), Reading)


@pytest.mark.parametrize(
    "raw",
    [
        DAILY,
        DAILY.lower(),
        DAILY.replace(b"RRULE", b"RR\r\n ULE"),
        DAILY.replace(b"RRULE", b"RR\r\n\tULE"),
        DAILY.replace(b"\r\n", b"\r"),
        DAILY.replace(b"\r\n", b"\n"),
        DAILY.replace(b"RRULE", b"RR\r ULE"),
        DAILY.replace(b"RRULE", b"R\0RULE"),
        b"\xef\xbb\xbf" + DAILY,
        DAILY.decode().encode("utf-16"),
        DAILY.decode().encode("utf-16-le"),
        DAILY.decode().encode("utf-16-be"),
    ],
    ids=["plain", "lower case", "folded", "by a tab", "CR", "LF", "CR folded", "NUL", "BOM", "UTF-16", "UTF-16-LE", "UTF-16-BE"],
)
def test_a_rule_is_found_however_it_is_spelt(raw):
    """The core reads each of these as a series, so none of them may be taken for a single event."""
    result = read_object(raw, NOVEMBER)
    assert isinstance(result, Reading)
    assert result.recurring
    assert not is_harmless(raw)


@pytest.mark.parametrize(
    "rule",
    [
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;BYHOUR=1,2,3",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU,MO",
        "RRULE:FREQ=YEARLY;UNTIL=20371025T010000Z;BYSECOND=1",
        "RRULE:FREQ=YEARLY;UNTIL=20371025;BYSECOND=1",
        "RRULE:FREQ=YEARLY;COUNT=999999999",
        "RRULE:FREQ=YEARLY;INTERVAL=2",
        "RRULE;X-A=b:FREQ=YEARLY",
        "EXRULE:FREQ=YEARLY",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1\r\n SU;BYHOUR=1",
        "RRULE:FREQ=MINUTELY",
    ],
)
def test_a_rule_that_says_more_than_a_zone_does_is_not_harmless_d21(rule):
    """D21: what hides in a zone definition is treated like any other rule."""
    hidden = [rule if line.endswith("3;BYDAY=-1SU") else line for line in ZONE]
    assert not is_harmless(calendar(*hidden, *event(*MEETING)))
    assert not is_harmless(calendar(*event(*MEETING, rule)))


def test_many_zones_or_rules_or_bytes_are_not_harmless():
    """Size is what bounds the cost, so there is a limit to each."""
    assert not is_harmless(calendar(*ZONE * 5, *event(*MEETING)))
    assert not is_harmless(calendar(*event(*MEETING, *["RRULE:FREQ=YEARLY"] * 9)))
    assert not is_harmless(calendar(*event(*MEETING, "DESCRIPTION:" + "x" * SMALL)))
    bomb = calendar(*ZONE[:3], *event(*MEETING)).replace(b"BEGIN:VTIMEZONE", b"BEGIN:VT\xc4\xb1MEZONE") * 9
    assert not is_harmless(bomb)


@pytest.mark.parametrize(
    "line",
    [
        "\r",
        "\r\n ",
        "BEGIN:VEVENT\r\n",
        "ATTENDEE:a\r\n",
        "RDATE:20261125T130000Z\r\n",
        "EXDATE;TZID=W. Europe Standard Time:20261125T130000\r\n",
    ],
)
def test_the_worst_of_what_is_read_here_takes_a_fraction_of_the_budget(line):
    """Filled to the brim with what costs most."""
    raw = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:u\r\nDTSTART:20261124T130000Z\r\n"
    raw += line.encode() * ((SMALL - 200) // len(line)) + b"\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    assert is_harmless(raw)
    began = time.process_time()
    read_object(raw, NOVEMBER)
    assert time.process_time() - began < 0.5
