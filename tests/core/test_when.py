"""Moments and windows as people type them (design.md §5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from icalsync.core.when import parse_moment, parse_window
from icalsync.errors import InvalidInput, StartAfterEnd

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-24", datetime(2026, 11, 23, 23, tzinfo=UTC)),
        ("2026-11-24 14:00", datetime(2026, 11, 24, 13, tzinfo=UTC)),
        ("2026-11-24T14:00", datetime(2026, 11, 24, 13, tzinfo=UTC)),
        ("2026-11-24T14:00:30", datetime(2026, 11, 24, 13, 0, 30, tzinfo=UTC)),
        ("2026-11-24T14:00:00Z", datetime(2026, 11, 24, 14, tzinfo=UTC)),
        ("2026-11-24t14:00z", datetime(2026, 11, 24, 14, tzinfo=UTC)),
        ("2026-11-24T14:00+01:00", datetime(2026, 11, 24, 13, tzinfo=UTC)),
        ("2026-11-24 14:00-0530", datetime(2026, 11, 24, 19, 30, tzinfo=UTC)),
        ("  2026-07-01 14:00  ", datetime(2026, 7, 1, 12, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_in_the_users_zone(text, instant):
    """A bare date is midnight there; an offset or Z speaks for itself."""
    assert parse_moment(text, BERLIN) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "24.11.2026",
        "2026-11-31",
        "2026-13-01",
        "2026-11-24 25:00",
        "2026-11-24 14",
        "2026-11-24T14:00+25:00",
        "20261124",
        "2026-11-24Z",
        "9999-12-31",
        "0001-01-01",
        "2026-11-24 14:00 Europe/Berlin",
        "2026-11-24\n14:00",
        "２０２６-11-24",
    ],
)
def test_what_is_no_moment_is_refused(text):
    """With the forms that can be read, and nothing tried."""
    with pytest.raises(InvalidInput, match="moment cannot be"):
        parse_moment(text, BERLIN)


def test_a_time_that_clocks_jump_over_is_an_error():
    """D22: 02:30 does not exist on 29 March 2026 in Berlin; with an offset it does."""
    with pytest.raises(InvalidInput, match="jump over it"):
        parse_moment("2026-03-29 02:30", BERLIN)
    assert parse_moment("2026-03-29 02:30+01:00", BERLIN) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_time_that_clocks_show_twice_is_the_first():
    """D23."""
    assert parse_moment("2026-10-25 02:30", BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_date_whose_midnight_does_not_exist_begins_at_its_first_moment():
    """Havana, 8 March 2026: 01:00 there."""
    assert parse_moment("2026-03-08", "America/Havana") == datetime(2026, 3, 8, 5, tzinfo=UTC)


def test_a_window_is_half_open():
    """Two dates span the days up to the second one."""
    window = parse_window("2026-11-24", "2026-11-25", BERLIN)
    assert window.length == timedelta(days=1)


@pytest.mark.parametrize(
    ("start", "end"), [("2026-11-24", "2026-11-24"), ("2026-11-25", "2026-11-24"), ("2026-11-24T00:00Z", "2026-11-24")]
)
def test_a_window_that_does_not_go_forward_is_refused(start, end):
    """Start after end, and an empty window."""
    with pytest.raises(StartAfterEnd):
        parse_window(start, end, BERLIN)
