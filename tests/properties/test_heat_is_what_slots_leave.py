"""Heat maps, what-if and slots say the same of every minute (R15): numpy sweeps against slots of one minute."""

# ruff: noqa: S311 - a seeded generator makes the examples, not a secret

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from icalsync.core.heat import BUFFER, CLAIMS, UNKNOWN_CLAIMS, open_pieces
from icalsync.core.interval import Interval
from icalsync.core.model import Busyness, Reason
from icalsync.core.slots import BusyRow, Person, slots
from icalsync.core.whatif import bookable
from icalsync.core.zones import to_zone
from icalsync.store import heat
from tests.properties.test_slots_are_what_is_judged import AROUND, somebody

MINUTE = timedelta(minutes=1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
KNOWN = tuple(claim for claim in CLAIMS if claim is not Reason.DRIFT)


def bare(person: Person, draw: random.Random, *, buffers: bool) -> Person:
    """Somebody whose moments depend on nothing but hours, buffers and busy time, each row with a reason of its kind."""
    hours = replace(person.hours, slot_step=MINUTE, notice=timedelta(), horizon=None, daily_limit=None)
    if not buffers:
        hours = replace(hours, buffer_before=timedelta(), buffer_after=timedelta())
    rows = []
    for row in person.busy:
        if row.busyness is not Busyness.FREE:
            unknown = row.busyness is Busyness.UNKNOWN
            rows.append(BusyRow(row.interval, row.busyness, "external", draw.choice(UNKNOWN_CLAIMS if unknown else KNOWN)))
    return replace(person, hours=hours, unknown="refuse", busy=tuple(rows))


def load_of(people: list[Person], window: Interval) -> heat.Load:
    """What the store would load for them."""
    first = (window.start - timedelta(days=1)).date()
    days = ((window.end + timedelta(days=1)).date() - first).days + 1
    told = [(number, row) for number, person in enumerate(people) for row in person.busy]
    rows = heat.Spans(
        np.array([number for number, _ in told], np.int64),
        np.array([(row.interval.start - window.start) // timedelta(microseconds=1) for _, row in told], np.int64),
        np.array([(row.interval.end - window.start) // timedelta(microseconds=1) for _, row in told], np.int64),
    )
    claims = np.array([heat.CLAIM[row.reason] for _, row in told], np.int64)
    groups = tuple(
        heat.group_of(person.hours, person.zone, np.arange(len(people)) == number, window, first) for number, person in enumerate(people)
    )
    return heat.Load(window, first, days * 24, rows, claims, groups)


def free_minutes(person: Person, window: Interval) -> set[datetime]:
    """The minutes at which a slot of one minute may stand, asked long ago."""
    return {slot.interval.start for slot in slots([person], window, MINUTE, "all", LONG_AGO)}


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(min_value=0, max_value=2**40))
def test_open_less_busy_less_unknown_is_where_a_slot_without_buffers_may_stand(seed):
    """R12, R15: hour by hour of each user's own day, DST days included, overlaps counted once."""
    draw = random.Random(seed)
    base = draw.choice(AROUND)
    window = Interval(base, base + timedelta(days=2))
    people = [bare(somebody(draw, base, name), draw, buffers=False) for name in ("anna", "ben")]
    load = load_of(people, window)
    minutes = load.minutes()
    expected = np.zeros(load.cells)
    for person in people:
        for start in free_minutes(person, window):
            local = to_zone(start, person.zone)
            expected[(local.date() - load.first).days * 24 + local.hour] += 1
    assert np.array_equal(minutes.open - minutes.busy - minutes.unknown, expected)
    assert (minutes.busy >= 0).all()
    assert (minutes.unknown >= 0).all()


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(min_value=0, max_value=2**40))
def test_every_open_minute_is_free_or_lost_to_one_cause(seed):
    """The causes add up: busy, unknown, buffers and what may be booked make the open time; and each minute goes to the first cause."""
    draw = random.Random(seed)
    base = draw.choice(AROUND)
    window = Interval(base, base + timedelta(days=2))
    person = bare(somebody(draw, base, "anna"), draw, buffers=True)
    load, free = load_of([person], window), free_minutes(person, window)
    lost = load.lost()
    expected: Counter[str] = Counter()
    for piece in open_pieces(person.hours, person.zone, window):
        start = piece.interval.start
        while start < piece.interval.end:
            over = {row.reason for row in person.busy if row.interval.overlaps(Interval(start, start + MINUTE))}
            cause = next((claim.value for claim in (*CLAIMS, *UNKNOWN_CLAIMS) if claim in over), None)
            if cause is not None or start not in free:
                expected[cause or BUFFER] += 1
            start += MINUTE
    assert lost == expected
    assert {start for piece in bookable(person, window) for start in _minutes(piece)} == free


def _minutes(piece: Interval) -> list[datetime]:
    return [piece.start + MINUTE * number for number in range(piece.length // MINUTE)]
