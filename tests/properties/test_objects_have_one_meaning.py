"""Generated objects with exceptions: read twice by different code, in any order, through any window, they mean the same (issue 3)."""

# ruff: noqa: S311 - a seeded generator makes the examples, not a secret

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from icalsync.core.interval import Interval
from icalsync.core.model import Reading, Status
from icalsync.core.reach import touches
from icalsync.core.reading import read_object
from tests.properties import second_reading
from tests.properties.objects import Maker, text

SEEDS = st.integers(min_value=0, max_value=2**40)
LOW, HIGH = datetime(2025, 12, 1, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC)
PER_EXAMPLE = 15


def reading_of(events: list[list[str]], window: Interval) -> Reading:
    """The object as we read it."""
    result = read_object(text(events), window)
    assert isinstance(result, Reading), result
    return result


def as_set(reading: Reading) -> set[tuple]:
    """Its occurrences without identities."""
    return {(one.starts, one.ends, reading.events[one.component].status is Status.CANCELLED) for one in reading.instances}


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(seed=SEEDS)
def test_generated_objects_mean_what_the_rfcs_text_says(seed):
    """375 objects, compared with a reading written from RFC 5545's text; case 8, case 9, case 10."""
    window = Interval(LOW, HIGH)
    for number in range(PER_EXAMPLE):
        events = Maker(seed * PER_EXAMPLE + number).events()
        expected = {one for one in second_reading.occurrences(events) if touches(one[0], one[1], timedelta(), window)}
        assert as_set(reading_of(events, window)) == expected, text(events).decode()


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(seed=SEEDS, cut=st.integers(min_value=1, max_value=540 * 24))
def test_two_windows_side_by_side_show_what_one_over_both_shows(seed, cut):
    """Window invariance: expanding [a, c) is expanding [a, b) and [b, c) (D5)."""
    events = Maker(seed).events()
    middle = LOW + timedelta(hours=cut)
    whole = reading_of(events, Interval(LOW, HIGH))
    left, right = reading_of(events, Interval(LOW, middle)), reading_of(events, Interval(middle, HIGH))
    assert set(whole.instances) == set(left.instances) | set(right.instances)
    assert whole.content_hash == left.content_hash == right.content_hash
    assert whole.events == left.events == right.events


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(seed=SEEDS)
def test_the_order_of_components_and_lines_means_nothing(seed):
    """Reordering VEVENTs and the lines in them gives the same reading, to the last field (D17, case 25)."""
    events = Maker(seed).events()
    draw = random.Random(seed)
    shuffled = [draw.sample(event, len(event)) for event in draw.sample(events, len(events))]
    window = Interval(LOW, HIGH)
    assert reading_of(shuffled, window) == reading_of(events, window)


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(seed=SEEDS)
def test_folded_lines_and_other_line_ends_mean_the_same(seed):
    """Parsing what was serialised another way gives what we had: folds, LF, CR and CRCRLF (D29, D30)."""
    window = Interval(LOW, HIGH)
    raw = text(Maker(seed).events())
    plain = read_object(raw, window)
    folded = b"\r\n".join(b"\r\n ".join(line[at : at + 20] for at in range(0, len(line), 20)) for line in raw.split(b"\r\n"))
    for variant in (
        folded,
        raw.replace(b"\r\n", b"\n"),
        raw.replace(b"\r\n", b"\r\r\n"),
        raw.replace(b"\r\n", b"\r"),
        b"\xef\xbb\xbf" + raw,
    ):
        assert read_object(variant, window) == plain
