"""Stretches of many users at once: what sorting finds is what looking at every moment finds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icalsync.store import sweep
from icalsync.store.sweep import Spans

LENGTH = 24
STRETCH = st.tuples(st.integers(0, 3), st.integers(-5, 28), st.integers(-5, 28))
STRETCHES = st.lists(STRETCH, max_size=14)


def spans(rows):
    """As columns."""
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    return Spans(*columns)


def moments(found):
    """(user, moment) that the spans hold, and how often."""
    told = [(u, m) for u, s, e in zip(found.user.tolist(), found.start.tolist(), found.end.tolist(), strict=True) for m in range(s, e)]
    return sorted(told)


def shown(rows):
    """Each moment within the window once."""
    return sorted({(u, m) for u, s, e in rows for m in range(max(s, 0), min(e, LENGTH))})


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(rows=STRETCHES)
def test_merged_spans_hold_each_moment_once_and_do_not_touch(rows):
    """Ties, neighbours and stretches within others; by user and start."""
    found = sweep.merged(spans(rows).clipped(LENGTH), LENGTH)
    assert moments(found) == shown(rows)
    triples = list(zip(found.user.tolist(), found.start.tolist(), found.end.tolist(), strict=True))
    assert triples == sorted(triples)
    assert all(one[0] != two[0] or one[2] < two[1] for one, two in pairwise(triples))


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(rows=STRETCHES, other=STRETCHES)
def test_what_is_left_without_others_is_their_difference(rows, other):
    """Moment by moment."""
    left = sweep.without(*(sweep.merged(spans(each).clipped(LENGTH), LENGTH) for each in (rows, other)), LENGTH)
    assert moments(left) == sorted(set(shown(rows)) - set(shown(other)))


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(rows=STRETCHES, cuts=st.lists(st.integers(0, LENGTH), min_size=2, max_size=6, unique=True).map(sorted))
def test_overlaps_with_pieces_are_counted_for_all_spans_together(rows, cuts):
    """Whosesoever they are, and overlapping or not."""
    start, end = np.array(cuts[:-1], np.int64), np.array(cuts[1:], np.int64)
    within = spans(rows).clipped(LENGTH)
    expected = [sum(first <= m < last for _, m in moments(within)) for first, last in zip(start, end, strict=True)]
    assert sweep.overlap(within, start, end).tolist() == expected


@pytest.mark.parametrize("users", [(0, 1), (7, 2**40)])
def test_a_window_too_long_for_one_number_is_swept_in_parts(monkeypatch, users):
    """A user and a moment share one number of 62 bits; where they do not fit, some users at a time."""
    monkeypatch.setattr(sweep, "_BITS", 46)
    length = 2**40
    rows = [(user % 60, start, start + 5) for user in users for start in (3, 6, length - 5)]
    found = sweep.merged(spans(rows), length)
    assert found.end.tolist() == [11, length] * 2
    assert found.user.tolist() == sorted(user % 60 for user in users for _ in range(2))
