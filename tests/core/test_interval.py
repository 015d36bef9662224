"""Half-open intervals: the cases by hand; the algebra stands in tests/properties."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from icalsync.core.interval import Interval, common, merged, without
from icalsync.errors import StartAfterEnd


def at(hour: int) -> datetime:
    """An hour of one day, UTC."""
    return datetime(2026, 11, 24, tzinfo=UTC) + timedelta(hours=hour)


def span(start: int, end: int) -> Interval:
    """Hours of that day."""
    return Interval(at(start), at(end))


@pytest.mark.parametrize(("start", "end"), [(9, 9), (10, 9)])
def test_an_interval_is_never_empty_nor_backwards(start, end):
    """It is refused where it is made."""
    with pytest.raises(StartAfterEnd):
        span(start, end)


def test_equal_instants_make_equal_intervals():
    """Whatever zone they were given in."""
    ahead = timezone(timedelta(hours=1))
    assert Interval(at(9).astimezone(ahead), at(10).astimezone(ahead)) == span(9, 10)
    assert Interval(at(9).astimezone(ahead), at(10)).start.tzinfo is UTC


def test_touching_ends_do_not_overlap():
    """[9, 10) and [10, 11) share nothing, and merge into one."""
    assert not span(9, 10).overlaps(span(10, 11))
    assert span(9, 11).overlaps(span(10, 12))
    assert merged([span(10, 11), span(9, 10)]) == [span(9, 11)]


def test_an_interval_contains_itself():
    """And what lies inside, not what sticks out."""
    assert span(9, 12).contains(span(9, 12))
    assert not span(9, 12).contains(span(11, 13))


def test_clipping_to_a_window():
    """The part inside, or None."""
    assert span(9, 12).clip(span(10, 20)) == span(10, 12)
    assert span(9, 10).clip(span(10, 20)) is None
    assert span(9, 12).length == timedelta(hours=3)


def test_cutting_out_what_is_taken():
    """Pieces on both sides remain."""
    assert without([span(9, 17)], [span(8, 10), span(12, 13), span(16, 20)]) == [span(10, 12), span(13, 16)]
    assert without([span(9, 10), span(11, 12)], [span(0, 24)]) == []


def test_the_common_time_of_two_lists():
    """Of unordered, overlapping ones too."""
    assert common([span(13, 15), span(9, 12)], [span(11, 14), span(9, 10)]) == [span(9, 10), span(11, 12), span(13, 14)]
