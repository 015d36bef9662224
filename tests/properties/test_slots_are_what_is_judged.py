"""Slots and judgement are one function, and hours do not depend on the window they are seen through (R15)."""

# ruff: noqa: S311 - a seeded generator makes the examples, not a secret

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from icalsync.core.hours import open_intervals, parse
from icalsync.core.interval import Interval, common, merged
from icalsync.core.model import Busyness, Reason
from icalsync.core.slots import BusyRow, Person, judge, slots

ZONES = ("Europe/Berlin", "America/New_York", "Pacific/Auckland", "America/Havana", "UTC")
WEEKS = (
    "Mon-Fri 09:00-17:00",
    "Mon-Sun 00:00-24:00",
    "Mon-Thu 08:15-12:00,13:00-18:30; Sat-Sun 22:00-03:00",
    "Tue,Sun 23:00-01:30; Wed 00:30-02:00",
    "closed",
)
AROUND = (
    datetime(2026, 3, 27, tzinfo=UTC),
    datetime(2026, 10, 23, tzinfo=UTC),
    datetime(2026, 11, 23, tzinfo=UTC),
    datetime(2026, 3, 6, tzinfo=UTC),
)
STEP = timedelta(minutes=5)


def somebody(draw: random.Random, base: datetime, name: str) -> Person:
    """A person with hours, limits, busy and unknown time, and bookings."""

    def interval(most: int) -> Interval:
        start = base + timedelta(minutes=15 * draw.randrange(-100, 400))
        return Interval(start, start + timedelta(minutes=draw.choice((5, 15, 60, most))))

    fields = {"weekly": draw.choice(WEEKS)}
    for field, values in {
        "buffer_before": ("15m", "1h"),
        "buffer_after": ("10m",),
        "slot_step": ("15m", "45m"),
        "notice": ("4h",),
        "horizon": ("2d",),
        "daily_limit": ("1", "2"),
        "exceptions": (f"{base.date() + timedelta(days=1)} closed", f"{base.date() + timedelta(days=1)} 10:00-11:10"),
    }.items():
        if draw.random() < 0.3:
            fields[field] = draw.choice(values)
    rows = [BusyRow(interval(600), draw.choice(list(Busyness)), "external", Reason.BUSY) for _ in range(draw.randrange(6))]
    booked = tuple(interval(60) for _ in range(draw.randrange(3)))
    return Person(name, draw.choice(ZONES), parse(fields), draw.choice(("refuse", "warn")), tuple(rows), booked)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(min_value=0, max_value=2**40))
def test_slots_are_exactly_the_starts_that_judge_offers(seed):
    """R15: at every fifth minute of two days, for all, any and a number of people."""
    draw = random.Random(seed)
    base = draw.choice(AROUND)
    people = [somebody(draw, base, name) for name in ("anna", "ben", "cleo")[: draw.randint(1, 3)]]
    length = timedelta(minutes=draw.choice((15, 30, 50)))
    asked = base - timedelta(hours=draw.choice((0, 30)))
    window = Interval(base, base + timedelta(days=2))
    need = draw.choice(("all", "any", len(people)))
    enough = 1 if need == "any" else len(people)
    expected = []
    start = window.start
    while start + length <= window.end:
        judged = {one.user_id: judge(one, start, length, asked) for one in people}
        offered = {name for name, judgement in judged.items() if judgement.offered}
        if len(offered) >= enough:
            sure = sum("UNKNOWN" not in judged[name].because for name in offered)
            expected.append((start, offered, sure < enough))
        start += STEP
    found = slots(people, window, length, need, asked)
    assert [(slot.interval.start, set(slot.users), slot.unknown) for slot in found] == expected
    assert all(slot.interval.length == length for slot in found)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(min_value=0, max_value=2**40))
def test_opening_hours_do_not_depend_on_the_window(seed):
    """[a, c) shows what [a, b) and [b, c) show together."""
    draw = random.Random(seed)
    base = draw.choice(AROUND)
    hours, zone = somebody(draw, base, "anna").hours, draw.choice(ZONES)
    first, middle, last = (base + timedelta(minutes=minutes) for minutes in sorted(draw.sample(range(9 * 1440), 3)))
    left, right = (open_intervals(hours, zone, Interval(*ends)) for ends in ((first, middle), (middle, last)))
    assert open_intervals(hours, zone, Interval(first, last)) == merged([*left, *right])


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(min_value=0, max_value=2**40))
def test_no_slot_lies_over_time_that_is_not_free(seed):
    """R12: neither over busy time, nor over unknown time without being marked, nor outside the hours."""
    draw = random.Random(seed)
    base = draw.choice(AROUND)
    one = somebody(draw, base, "anna")
    window = Interval(base, base + timedelta(days=3))
    for slot in slots([one], window, timedelta(minutes=30), "all", base):
        over = {row.busyness for row in one.busy if row.interval.overlaps(slot.interval)} - {Busyness.FREE}
        assert over <= ({Busyness.UNKNOWN} if slot.unknown else set())
        opened = open_intervals(one.hours, one.zone, Interval(base - timedelta(days=2), base + timedelta(days=5)))
        assert common(opened, [slot.interval]) == [slot.interval]
