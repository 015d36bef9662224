"""Opening hours: their texts, their inheritance, and the instants they mean."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from icalsync.core.hours import FIELDS, OpeningHours, check_field, effective, open_intervals, parse
from icalsync.core.interval import Interval
from icalsync.core.when import parse_window
from icalsync.core.zones import to_zone
from icalsync.errors import InvalidInput

BERLIN = "Europe/Berlin"


def shown(weekly: str, start: str, end: str, zone: str = BERLIN, **fields: str) -> list[str]:
    """The opening hours of a window, as wall times."""
    hours = parse({"weekly": weekly, **fields})
    found = open_intervals(hours, zone, parse_window(start, end, zone))
    return [f"{to_zone(one.start, zone):%a %H:%M}-{to_zone(one.end, zone):%H:%M}" for one in found]


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("Mon-Fri 09:00-17:00", "Mon-Fri 09:00-17:00"),
        ("mon-fri 9:00-17:00", "Mon-Fri 09:00-17:00"),
        ("Monday 09:00-12:00,13:00-17:00", "Mon 09:00-12:00,13:00-17:00"),
        ("Mon,Wed 13:00-17:00, 09:00-12:00; Sat-Sun 10:00-12:00", "Mon,Wed 09:00-12:00,13:00-17:00; Sat-Sun 10:00-12:00"),
        ("Fri-Mon 22:00-02:00", "Mon,Fri-Sun 22:00-02:00"),
        ("Mon-Sun 00:00-24:00", "Mon-Sun 00:00-24:00"),
        ("Mon 22:00-00:00", "Mon 22:00-24:00"),
        ("Mon 09:00-17:00; Tue closed", "Mon 09:00-17:00"),
        ("CLOSED", "closed"),
    ],
)
def test_weekly_hours_have_one_canonical_text(text, canonical):
    """Which is read back as itself."""
    assert check_field("weekly", text) == canonical
    assert check_field("weekly", canonical) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "",
        "always",
        "Mon",
        "09:00-17:00",
        "Mon 09:00",
        "Mon 9-17",
        "Mon 09:00-25:00",
        "Mon 09:60-17:00",
        "Mon 24:30-25:00",
        "Xyz 09:00-17:00",
        "Mon 09:00-09:00",
        "Mon 09:00-12:00,11:00-13:00",
        "Mon 09:00-12:00; Mon 13:00-17:00",
        "Mo 09:00-17:00",
        "Mon-Fri 24:00-02:00",
    ],
)
def test_weekly_hours_nobody_can_read_are_refused(text):
    """And say how they are written."""
    with pytest.raises(InvalidInput, match="weekly cannot be"):
        check_field("weekly", text)


def test_exceptions_have_one_canonical_text():
    """Single dates and spans, closed or with hours of their own."""
    text = "2026-12-24 closed;2026-12-31 9:00-12:00 ;  2026-12-25 .. 2026-12-26 closed"
    assert check_field("exceptions", text) == "2026-12-24 closed; 2026-12-31 09:00-12:00; 2026-12-25..2026-12-26 closed"
    assert check_field("exceptions", "none") == "none"


@pytest.mark.parametrize(
    "text", ["Christmas closed", "2026-12-24", "2026-02-30 closed", "2026-12-26..2026-12-24 closed", "2026-12-24 open"]
)
def test_exceptions_nobody_can_read_are_refused(text):
    """Also dates that do not exist, and spans that run backwards."""
    with pytest.raises(InvalidInput, match="exceptions cannot be"):
        check_field("exceptions", text)


@pytest.mark.parametrize(
    ("name", "text", "canonical"),
    [
        ("buffer_before", "0:15", None),
        ("buffer_before", "15min", "15m"),
        ("buffer_after", "none", "0m"),
        ("slot_length", "PT45M", "45m"),
        ("slot_step", "none", "none"),
        ("slot_step", "0m", None),
        ("slot_length", "30s", None),
        ("notice", "24h", "1d"),
        ("horizon", "60d", "60d"),
        ("horizon", "0d", None),
        ("daily_limit", " 8 ", "8"),
        ("daily_limit", "none", "none"),
        ("daily_limit", "0", None),
        ("daily_limit", "-1", None),
        ("daily_limit", "eight", None),
        ("daily_limit", "²", None),
        ("lunch", "12:00", None),
    ],
)
def test_each_setting_is_checked(name, text, canonical):
    """Canonical text, or a plain error."""
    if canonical is None:
        with pytest.raises(InvalidInput):
            check_field(name, text)
    else:
        assert check_field(name, text) == canonical


def test_settings_are_inherited_field_by_field():
    """The user's own, else the sub-account's, else the default; ``none`` lifts an inherited limit."""
    found = effective({"weekly": "Mon 09:00-12:00", "daily_limit": "3"}, {"daily_limit": "none", "notice": "1h"})
    assert set(found) == set(FIELDS)
    assert found["weekly"] == ("Mon 09:00-12:00", "sub_account")
    assert found["daily_limit"] == ("none", "user")
    assert found["notice"] == ("1h", "user")
    assert found["buffer_after"] == ("0m", "default")
    hours = parse({name: value for name, (value, _) in found.items()})
    assert hours.daily_limit is None
    assert hours.notice == timedelta(hours=1)


def test_nothing_set_means_office_hours():
    """The default of the contract, no buffers, no limits."""
    hours = parse({})
    assert hours.weekly == (((540, 1020),),) * 5 + ((), ())
    assert hours == OpeningHours(weekly=hours.weekly)


def test_an_unknown_setting_is_no_silent_default():
    """A misspelt name is an error."""
    with pytest.raises(InvalidInput):
        parse({"buffer": "5m"})


def test_hours_follow_the_clocks_of_the_zone():
    """09:00 stays 09:00 before and after the change of October 2026; in UTC it moves by an hour."""
    hours = parse({"weekly": "Mon-Sun 09:00-17:00"})
    found = open_intervals(hours, BERLIN, parse_window("2026-10-24", "2026-10-26", BERLIN))
    assert [one.start for one in found] == [datetime(2026, 10, 24, 7, tzinfo=UTC), datetime(2026, 10, 25, 8, tzinfo=UTC)]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-24", 24)])
def test_a_whole_day_is_as_long_as_the_day(day, hours):
    """00:00-24:00 on the days clocks change, and on another."""
    end = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    found = open_intervals(parse({"weekly": "Mon-Sun 00:00-24:00"}), BERLIN, parse_window(day, end, BERLIN))
    assert [one.length for one in found] == [timedelta(hours=hours)]


def test_a_range_inside_the_gap_is_no_time():
    """02:00-03:00 does not take place on the night clocks go forward; 02:30-04:00 is half an hour."""
    assert shown("Sun 02:00-03:00", "2026-03-28", "2026-03-31") == []
    assert shown("Sun 02:30-04:00", "2026-03-28", "2026-03-31") == ["Sun 03:30-04:00"]


def test_a_range_over_midnight_belongs_to_the_day_it_begins_on():
    """Friday's night ends on Saturday, also where the window begins after midnight."""
    assert shown("Fri 22:00-02:00", "2026-11-26", "2026-11-30") == ["Fri 22:00-02:00"]
    assert shown("Fri 22:00-02:00", "2026-11-28", "2026-11-30") == ["Sat 00:00-02:00"]


def test_neighbouring_ranges_become_one():
    """Friday until 24:00 and Saturday from 00:00."""
    assert shown("Fri 22:00-24:00; Sat 00:00-02:00", "2026-11-26", "2026-11-30") == ["Fri 22:00-02:00"]


def test_exceptions_replace_the_weekly_hours():
    """Closed on a holiday, open on a Sunday, and of two for one date the later one counts."""
    text = "2026-11-24..2026-11-26 closed; 2026-11-25 10:00-11:00; 2026-11-29 10:00-12:00"
    found = shown("Mon-Fri 09:00-17:00", "2026-11-23", "2026-11-30", exceptions=text)
    assert found == ["Mon 09:00-17:00", "Wed 10:00-11:00", "Fri 09:00-17:00", "Sun 10:00-12:00"]


def test_closed_means_never_open():
    """And nothing else."""
    assert shown("closed", "2026-01-01", "2027-01-01") == []


def test_hours_are_clipped_to_the_window():
    """A window inside the day sees only its part."""
    window = Interval(datetime(2026, 11, 24, 9, tzinfo=UTC), datetime(2026, 11, 24, 10, tzinfo=UTC))
    assert open_intervals(parse({}), BERLIN, window) == [window]
