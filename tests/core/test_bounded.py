"""Bounded: what would run away ends at once, as a reading or a rejection (issue 3; D5 to D11, D21, D27, D31, D32)."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from icalsync.core.model import Reading, Rejected
from icalsync.core.reading import read_object
from tests.core.objects import MEETING, NOVEMBER, calendar, event

HOUR = ("DTSTART:20200106T100000Z", "DURATION:PT1H")
SINCE_1970 = ("DTSTART:19700101T000000Z", "DURATION:PT30S")
BOMB = ("BEGIN:VTIMEZONE", "TZID:Bomb", "BEGIN:STANDARD", "DTSTART:19000101T000000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0100")
CASES = {
    "SECONDLY, D6": (calendar(*event(*HOUR, "RRULE:FREQ=SECONDLY")), "BUDGET"),
    "SECONDLY with COUNT=1e9, D10": (calendar(*event(*HOUR, "RRULE:FREQ=SECONDLY;COUNT=1000000000")), "BUDGET"),
    "MINUTELY since 1970, D6": (calendar(*event(*SINCE_1970, "RRULE:FREQ=MINUTELY")), "BUDGET"),
    "MINUTELY with filters and COUNT, D10": (calendar(*event(*SINCE_1970, "RRULE:FREQ=MINUTELY;BYHOUR=9;COUNT=999999999")), "BUDGET"),
    "MINUTELY that never happens, D9": (calendar(*event(*SINCE_1970, "RRULE:FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30")), None),
    "the same with COUNT, D9": (calendar(*event(*SINCE_1970, "RRULE:FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30;COUNT=5")), None),
    "YEARLY that never happens, D9": (calendar(*event(*HOUR, "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=5")), None),
    "COUNT=1e9, D10": (calendar(*event(*HOUR, "RRULE:FREQ=DAILY;COUNT=1000000000")), None),
    "COUNT=1e9 with filters, D10": (calendar(*event(*HOUR, "RRULE:FREQ=DAILY;BYDAY=MO;COUNT=1000000000")), None),
    "dense BY parts with COUNT=1, D9": (
        calendar(
            *event(
                *HOUR, "RRULE:FREQ=YEARLY;COUNT=1;BYSECOND=" + ",".join(map(str, range(60))) + ";BYMINUTE=" + ",".join(map(str, range(60)))
            )
        ),
        None,
    ),
    "INTERVAL=0, D7": (calendar(*event(*HOUR, "RRULE:FREQ=DAILY;INTERVAL=0")), "BAD_RULE"),
    "EXRULE equal to RRULE, D8": (calendar(*event(*HOUR, "RRULE:FREQ=DAILY", "EXRULE:FREQ=DAILY")), None),
    "daily since the year 1, D27": (calendar(*event("DTSTART:00010101T100000Z", "RRULE:FREQ=DAILY")), None),
    "counted since the year 1, D27": (calendar(*event("DTSTART:00010101T100000Z", "RRULE:FREQ=DAILY;BYDAY=MO;COUNT=999999")), "BUDGET"),
    "yearly in the year 9999, D27": (calendar(*event("DTSTART;VALUE=DATE:99991231", "RRULE:FREQ=YEARLY")), None),
    "10,000 BEGINs inside each other, D32": (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" + b"BEGIN:X-A\r\n" * 10_000, "TOO_DEEP"),
    "100,000 components, D32": (calendar(*["BEGIN:VTODO", "END:VTODO"] * 100_000), "TOO_LARGE"),
    "a description of 10 MB, D31": (calendar(*event(*MEETING, "DESCRIPTION:" + "x" * 10_000_000)), None),
    "a folded description of 10 MB, D31": (calendar(*event(*MEETING, "DESCRIPTION:" + "\r\n ".join(["x" * 73] * 136_000))), None),
    "a title of 10 MB, D31": (calendar(*event(*MEETING, "SUMMARY:" + "x" * 10_000_000)), None),
    "an object of 50 MB, D31": (calendar(*event(*MEETING, "ATTACH:" + "x" * 50_000_000)), "TOO_LARGE"),
    "1,000 attendees, D31": (calendar(*event(*MEETING, *(f'ATTENDEE;CN="A {n}":mailto:a{n}@example.org' for n in range(1000)))), None),
    "100,000 EXDATEs, D13": (calendar(*event(*HOUR, "RRULE:FREQ=DAILY", *["EXDATE:20200107T100000Z"] * 100_000)), "BUDGET"),
    "an EXDATE of 2 MB, D31": (calendar(*event(*HOUR, "RRULE:FREQ=DAILY", "EXDATE:" + "20200107T100000Z," * 120_000)), "TOO_LARGE"),
    "a rule of 2 MB, D31": (calendar(*event(*HOUR, "RRULE:FREQ=DAILY;BYHOUR=" + "1," * 1_000_000)), "TOO_LARGE"),
    "an RRULE bomb in a VTIMEZONE, D21": (
        calendar(*BOMB, "RRULE:FREQ=MINUTELY", "END:STANDARD", "END:VTIMEZONE", *event("DTSTART;TZID=Bomb:20261124T140000")),
        "TZ_UNRESOLVED",
    ),
    "500 overrides of a counted rule, D10": (
        calendar(
            *event("DTSTART:19700101T100000Z", "RRULE:FREQ=DAILY;BYHOUR=10,11;COUNT=90000", "DURATION:PT1H"),
            *(
                line
                for n in range(500)
                for line in event(f"RECURRENCE-ID:{1980 + n // 28}06{n % 28 + 1:02}T100000Z", f"DTSTART:{1980 + n // 28}0601T120000Z")
            ),
        ),
        None,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_ends_within_a_second_of_cpu(name):
    """One second of CPU each; quarantined or read, and no other object waits for it."""
    raw, reason = CASES[name]
    began = time.process_time()
    result = read_object(raw, NOVEMBER)
    assert time.process_time() - began < 1
    if reason is None:
        assert isinstance(result, Reading), result
    else:
        assert isinstance(result, Rejected)
        assert result.reason == reason, result.detail


@pytest.mark.parametrize(
    "name", ["a folded description of 10 MB, D31", "MINUTELY since 1970, D6", "100,000 components, D32", "1,000 attendees, D31"]
)
def test_it_takes_less_than_a_hundred_megabytes(name):
    """100 MB over baseline, the object itself apart."""
    raw, _ = CASES[name]
    tracemalloc.start()
    try:
        read_object(raw, NOVEMBER)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000_000


@pytest.mark.parametrize("name", [name for name, (_, reason) in CASES.items() if reason == "BUDGET" and "EXDATE" not in name])
def test_a_rule_over_its_budget_blocks_from_its_start_on(name):
    """R12: where nobody can count the instances, none of their time is free."""
    result = read_object(CASES[name][0], NOVEMBER)
    assert isinstance(result, Rejected)
    assert result.starts is not None
    assert result.ends is not None
    assert result.ends.year == 2200
