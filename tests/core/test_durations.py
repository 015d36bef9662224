"""Lengths of time as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icalsync.core.durations import format_duration, parse_duration
from icalsync.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("30m", 30),
        ("30min", 30),
        ("1h", 60),
        ("1h30m", 90),
        ("1h 30m", 90),
        ("90s", 1.5),
        ("2d", 2880),
        ("1w", 10080),
        ("PT30M", 30),
        ("pt1h30m", 90),
        ("P1D", 1440),
        ("P1DT2H", 1560),
        ("0", 0),
        ("0m", 0),
        (" 45M ", 45),
    ],
)
def test_both_ways_of_writing_are_read(text, minutes):
    """The short way and RFC 5545's."""
    assert parse_duration(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "30", "m", "-30m", "1m1h", "P", "PT", "half an hour", "1.5h", "30m30", "99999999h", "4000d", "٣٠m"])
def test_anything_else_is_refused_by_name(text):
    """The error names what was meant; nothing is guessed."""
    with pytest.raises(InvalidInput, match="buffer cannot be"):
        parse_duration(text, what="buffer")


@given(st.integers(min_value=0, max_value=3660 * 86400))
def test_what_is_written_is_read_back(seconds):
    """Any length up to ten years."""
    assert parse_duration(format_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)
