"""Zones: names and the way between wall time and instants (D19, D22, D23)."""

# ruff: noqa: DTZ001 - wall times are naive; that is what is tested

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icalsync.core.windows_zones import IANA_OF_WINDOWS
from icalsync.core.zones import check_zone, iana_name, is_gap, start_of_day, to_utc, to_zone, zone_info
from icalsync.errors import InvalidInput

ZONES = ("Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "America/St_Johns", "UTC")


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        (" UTC ", "UTC"),
        ("W. Europe Standard Time", "Europe/Berlin"),
    ],
)
def test_a_zone_is_known_by_its_name(typed, zone):
    """IANA names in any case, Windows names too."""
    assert check_zone(typed) == zone


@pytest.mark.parametrize("typed", ["", "Berlin", "Mars/Olympus", "localtime", "../../etc/passwd", "Europe/Berlin\0", "+01:00"])
def test_an_unknown_zone_is_refused(typed):
    """Before it can reach a query and break it (store.md, trap 2)."""
    with pytest.raises(InvalidInput):
        check_zone(typed)


@pytest.mark.parametrize(
    ("tzid", "zone"),
    [
        ("/mozilla.org/20070129_1/Europe/Berlin", "Europe/Berlin"),
        ("/freeassociation.sourceforge.net/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("Romance Standard Time", "Europe/Paris"),
        ("GMT+0200", "Etc/GMT-2"),
        ("UTC-5", "Etc/GMT+5"),
        ("GMT", "GMT"),
        ("+00:00", "UTC"),
        ("GMT+0530", None),
        ("+15:00", None),
        ("Customized Time Zone", None),
    ],
)
def test_what_clients_write_for_a_zone_is_understood(tzid, zone):
    """D19: prefixed names, Windows names and whole-hour offsets; what cannot be told is None, never a guess."""
    assert iana_name(tzid) == zone


def test_every_windows_name_leads_to_a_zone():
    """The table holds nothing the tz database does not know."""
    assert set(IANA_OF_WINDOWS.values()) <= available_timezones()


def test_a_time_in_the_gap_counts_with_the_offset_before_it():
    """D22, RFC 5545 §3.3.5: 02:30 on the night clocks go forward is 03:30."""
    assert to_utc(datetime(2026, 3, 29, 2, 30), "Europe/Berlin") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert is_gap(datetime(2026, 3, 29, 2, 30), "Europe/Berlin")
    assert not is_gap(datetime(2026, 3, 29, 3, 0), "Europe/Berlin")


@pytest.mark.parametrize(
    ("wall", "zone", "instant"),
    [
        (datetime(2026, 10, 25, 2, 30), "Europe/Berlin", datetime(2026, 10, 25, 0, 30)),
        (datetime(2026, 11, 1, 0, 0), "America/Havana", datetime(2026, 11, 1, 4, 0)),
        (datetime(2026, 4, 5, 1, 45), "Australia/Lord_Howe", datetime(2026, 4, 4, 14, 45)),
    ],
)
def test_a_time_in_the_overlap_is_the_first_one(wall, zone, instant):
    """D23, store.md trap 1: where DuckDB takes the second."""
    assert to_utc(wall, zone) == instant.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "zone", "hour"),
    [(date(2026, 3, 8), "America/Havana", 5), (date(2026, 3, 9), "America/Havana", 4), (date(2026, 11, 24), "Europe/Berlin", 23)],
)
def test_a_day_begins_at_its_first_moment(day, zone, hour):
    """D25: midnight, or the end of the gap that swallows it."""
    assert start_of_day(day, zone).hour == hour
    assert to_zone(start_of_day(day, zone), zone).date() == day


def test_a_gap_that_begins_before_midnight_ends_within_the_day():
    """Toronto went from 23:30 to 00:30 in 1919: the day began at 00:30."""
    first = start_of_day(date(1919, 3, 31), "America/Toronto")
    assert to_zone(first, "America/Toronto").replace(tzinfo=None) == datetime(1919, 3, 31, 0, 30)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Pacific/Auckland"])
def test_the_ends_of_the_calendar_do_not_overflow(zone):
    """D27: the years 1 and 9999."""
    assert start_of_day(date.min, zone) <= start_of_day(date(1, 1, 3), zone)
    assert start_of_day(date.max, zone) >= start_of_day(date(9999, 12, 29), zone)


@given(st.datetimes(datetime(1950, 1, 1), datetime(2060, 1, 1)), st.sampled_from(ZONES))
def test_wall_times_that_exist_come_back(wall, zone):
    """To an instant and back is the same wall time, unless clocks jump over it."""
    wall = wall.replace(microsecond=0)
    back = to_zone(to_utc(wall, zone), zone).replace(tzinfo=None, fold=0)
    assert (back == wall) is not is_gap(wall, zone)


def test_a_zones_rules_are_looked_up_once():
    """The same object each time."""
    assert zone_info("Europe/Berlin") is zone_info("Europe/Berlin")
