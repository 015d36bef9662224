"""The interval algebra as sets of hours: what is computed on ends must be true for every hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from icalsync.core.interval import Interval, common, merged, without

ZERO = datetime(2026, 11, 24, tzinfo=UTC)
HOURS = range(48)


def spans():
    """Lists of intervals on whole hours of two days."""
    ends = st.tuples(st.integers(0, 47), st.integers(0, 47)).filter(lambda pair: pair[0] != pair[1])
    return st.lists(ends.map(lambda pair: Interval(*(ZERO + timedelta(hours=hour) for hour in sorted(pair)))), max_size=8)


def hours_of(intervals: list[Interval]) -> set[int]:
    """The hours they hold."""
    return {hour for hour in HOURS if any(one.start <= ZERO + timedelta(hours=hour) < one.end for one in intervals)}


def is_canonical(intervals: list[Interval]) -> bool:
    """In order, with gaps between them."""
    return all(one.end < other.start for one, other in pairwise(intervals))


@given(spans())
def test_merging_keeps_the_time_and_uses_the_fewest_intervals(some):
    """The same hours, canonical, and once is enough."""
    result = merged(some)
    assert hours_of(result) == hours_of(some)
    assert is_canonical(result)
    assert merged(result) == result


@given(spans(), spans())
def test_cutting_out_is_the_difference_of_sets(some, taken):
    """Hour by hour."""
    result = without(some, taken)
    assert hours_of(result) == hours_of(some) - hours_of(taken)
    assert is_canonical(result)


@given(spans(), spans())
def test_what_is_common_is_the_intersection_of_sets(some, others):
    """Hour by hour, whichever comes first."""
    result = common(some, others)
    assert hours_of(result) == hours_of(some) & hours_of(others)
    assert result == common(others, some)


@given(spans(), spans())
def test_a_part_and_the_rest_make_the_whole(some, taken):
    """What is cut out and what is left are the whole, and share nothing."""
    left, out = without(some, taken), common(some, taken)
    assert merged([*left, *out]) == merged(some)
    assert common(left, out) == []
