"""Slots: what is offered, what is not, and why (R12, R14, R15)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from icalsync.core.hours import parse
from icalsync.core.interval import Interval
from icalsync.core.model import Busyness, Reason
from icalsync.core.slots import BusyRow, Person, judge, slots
from icalsync.core.when import parse_moment, parse_window
from icalsync.core.zones import to_zone
from icalsync.errors import InvalidInput

BERLIN = "Europe/Berlin"
ASKED = datetime(2026, 11, 1, tzinfo=UTC)
HALF = timedelta(minutes=30)
HOUR = timedelta(hours=1)


def at(text: str, zone: str = BERLIN) -> datetime:
    """A wall time of Tuesday, 24 November 2026, or any moment."""
    return parse_moment(text if "-" in text else f"2026-11-24 {text}", zone)


def busy(start: str, end: str, busyness: Busyness = Busyness.BUSY, reason: Reason = Reason.BUSY) -> BusyRow:
    """A row of that day."""
    return BusyRow(Interval(at(start), at(end)), busyness, "external", reason)


def unknown(start: str, end: str) -> BusyRow:
    """A row that is not covered."""
    return busy(start, end, Busyness.UNKNOWN, Reason.NOT_COVERED)


def person(
    *rows: BusyRow, name: str = "anna", unknown: str = "refuse", booked: tuple[Interval, ...] = (), zone: str = BERLIN, **fields: str
):
    """Somebody with office hours."""
    return Person(name, zone, parse(fields), unknown, rows, booked)


def because(one: Person, start: str, length: timedelta = HALF, asked: datetime = ASKED) -> tuple[str, ...]:
    """The codes for a slot of that day."""
    return judge(one, at(start), length, asked).because


def starts(found: list, zone: str = BERLIN) -> list[str]:
    """The starts of slots as wall times."""
    return [f"{to_zone(slot.interval.start, zone):%H:%M}" for slot in found]


def day(*people: Person, length: timedelta = HOUR, need="all", asked: datetime = ASKED) -> list:
    """The slots of that day."""
    return slots(people, parse_window("2026-11-24", "2026-11-25", BERLIN), length, need, asked)


def test_office_hours_are_cut_into_slots():
    """From the opening on, as long as a whole slot fits."""
    assert starts(day(person(weekly="Tue 09:00-12:30"))) == ["09:00", "10:00", "11:00"]


def test_a_step_gives_more_starts_than_the_length():
    """Slots of an hour every half hour."""
    assert starts(day(person(weekly="Tue 09:00-11:00", slot_step="30m"))) == ["09:00", "09:30", "10:00"]


def test_the_grid_begins_anew_at_each_opening():
    """After lunch from 13:15, not from a multiple of an hour."""
    assert starts(day(person(weekly="Tue 09:00-11:00,13:15-15:15"))) == ["09:00", "10:00", "13:15", "14:15"]


def test_busy_time_takes_the_slots_it_touches():
    """Half-open: an event until 10:00 leaves the slot at 10:00."""
    one = person(busy("09:30", "10:00"), busy("11:30", "11:45"), weekly="Tue 09:00-13:00")
    assert starts(day(one)) == ["10:00", "12:00"]
    assert because(one, "09:00", HOUR) == ("BUSY",)
    assert because(one, "10:00", HOUR) == ("OFFERED",)


@pytest.mark.parametrize("busyness", [Busyness.BUSY, Busyness.BUSY_TENTATIVE, Busyness.BUSY_UNAVAILABLE])
def test_every_kind_of_busy_blocks(busyness):
    """Tentative and out of office as well; only FREE does not."""
    assert because(person(busy("09:00", "10:00", busyness)), "09:30") == ("BUSY",)


def test_a_free_row_blocks_nothing():
    """R6: a free event is shown, and blocks nothing."""
    assert because(person(busy("09:00", "10:00", Busyness.FREE, Reason.TRANSPARENT)), "09:30") == ("OFFERED",)


def test_buffers_keep_their_distance_from_what_is_busy():
    """Before and after, also beyond the opening hours; the slot itself counts as BUSY first."""
    one = person(busy("12:00", "13:00"), buffer_before="15m", buffer_after="30m")
    assert because(one, "11:30") == ("BUFFER",)
    assert because(one, "11:00") == ("OFFERED",)
    assert because(one, "13:00") == ("BUFFER",)
    assert because(one, "13:30") == ("OFFERED",)
    assert because(one, "12:30") == ("BUSY",)
    assert because(person(busy("08:50", "09:00"), buffer_before="15m"), "09:00") == ("BUFFER",)


def test_unknown_time_is_refused_or_marked_as_the_policy_says():
    """R12: refuse does not offer it, warn offers it marked; it is never simply free."""
    assert because(person(unknown("09:00", "12:00")), "09:30") == ("UNKNOWN",)
    assert because(person(unknown("09:00", "12:00"), unknown="warn"), "09:30") == ("OFFERED", "UNKNOWN")
    found = day(person(unknown("09:00", "10:00"), unknown="warn", weekly="Tue 09:00-11:00"))
    assert [(slot.unknown, slot.users) for slot in found] == [(True, ("anna",)), (False, ("anna",))]


def test_the_past_the_notice_and_the_horizon():
    """PAST and NOTICE exclude each other; the horizon counts from the moment of asking."""
    one = person(notice="2h", horizon="3d")
    assert because(one, "10:00", asked=at("10:30")) == ("PAST",)
    assert because(one, "12:00", asked=at("10:30")) == ("NOTICE",)
    assert because(one, "12:30", asked=at("10:30")) == ("OFFERED",)
    assert because(one, "12:00", asked=at("2026-11-21 12:00")) == ("OFFERED",)
    assert because(one, "12:30", asked=at("2026-11-21 12:00")) == ("HORIZON",)


def test_closed_and_off_the_grid():
    """What does not fit into the opening is closed; what does not stand on the grid is not offered either."""
    one = person(weekly="Tue 09:00-12:00")
    assert because(one, "08:30") == ("CLOSED",)
    assert because(one, "11:45") == ("CLOSED",)
    assert because(one, "09:10") == ("OFF_GRID",)


def test_every_reason_is_told():
    """Support sees all that speaks against a slot, not the first alone."""
    one = person(
        busy("20:00", "21:00"), unknown("20:00", "21:00"), horizon="1d", daily_limit="1", booked=(Interval(at("10:00"), at("11:00")),)
    )
    assert because(one, "20:00") == ("HORIZON", "CLOSED", "BUSY", "UNKNOWN", "DAILY_LIMIT")


def test_the_daily_limit_counts_the_local_day():
    """Two bookings of that day close it, also where they lie on another day in UTC."""
    booked = (Interval(at("00:30"), at("01:00")), Interval(at("10:00"), at("11:00")))
    assert because(person(booked=booked, daily_limit="2"), "15:00") == ("DAILY_LIMIT",)
    assert because(person(booked=booked, daily_limit="3"), "15:00") == ("OFFERED",)
    assert because(person(booked=booked, daily_limit="2"), "2026-11-25 15:00") == ("OFFERED",)


def test_all_any_and_a_number_of_people():
    """Who is free is named, those with fewest bookings first."""
    anna = person(busy("09:00", "10:00"), weekly="Tue 09:00-11:00", booked=(Interval(at("10:00"), at("11:00")),))
    ben = person(busy("10:00", "10:30"), weekly="Tue 09:00-11:00", name="ben")
    cleo = person(weekly="Tue 09:00-11:00", name="cleo")
    shown = {need: [(slot.interval.start, slot.users) for slot in day(anna, ben, cleo, need=need)] for need in ("all", "any", 2, 3)}
    assert shown["all"] == shown[3] == []
    assert shown["any"] == shown[2] == [(at("09:00"), ("ben", "cleo")), (at("10:00"), ("cleo", "anna"))]


def test_the_slot_is_unknown_only_if_too_few_are_surely_free():
    """For ``any``, one person known to be free is enough (case 22)."""
    dim = person(unknown("09:00", "11:00"), unknown="warn", weekly="Tue 09:00-10:00")
    clear = person(weekly="Tue 09:00-10:00", name="ben")
    assert [slot.unknown for slot in day(dim, clear, need="any")] == [False]
    assert [slot.unknown for slot in day(dim, clear, need="all")] == [True]


def test_a_broken_member_does_not_stop_the_others():
    """Case 22: refuse closes one person's time, not the team's ``any``."""
    dim = person(unknown("00:00", "2026-11-25"), weekly="Tue 09:00-10:00")
    assert [slot.users for slot in day(dim, person(name="ben", weekly="Tue 09:00-10:00"), need="any")] == [("ben",)]


def test_people_in_different_zones_meet_where_both_are_open():
    """Berlin 15:00 is New York 09:00."""
    york = person(name="york", zone="America/New_York")
    assert starts(day(person(), york)) == ["15:00", "16:00"]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-03-29", "2026-03-30", ["00:00", "01:00", "03:00", "04:00"]),
        ("2026-10-25", "2026-10-26", ["00:00", "01:00", "02:00", "02:00", "03:00", "04:00"]),
    ],
)
def test_slots_are_right_on_the_days_clocks_change(start, end, expected):
    """A night from 00:00 to 05:00 has four hours in March and six in October."""
    one = person(weekly="Sun 00:00-05:00")
    asked = datetime(2026, 1, 1, tzinfo=UTC)
    assert starts(slots([one], parse_window(start, end, BERLIN), HOUR, "all", asked)) == expected


def test_a_slot_may_run_over_midnight():
    """Where the opening does."""
    one = person(weekly="Tue 22:00-24:00; Wed 00:00-02:00")
    found = slots([one], parse_window("2026-11-24", "2026-11-26", BERLIN), timedelta(minutes=90), "all", ASKED)
    assert starts(found) == ["22:00", "23:30", "00:00"]


def test_only_slots_that_lie_whole_in_the_window_are_listed():
    """The window is half-open at both ends."""
    one = person(weekly="Tue 09:00-12:00")
    window = Interval(at("09:30"), at("11:30"))
    assert starts(slots([one], window, HOUR, "all", ASKED)) == ["10:00"]


@pytest.mark.parametrize("need", [0, -1, 3])
def test_a_number_nobody_can_meet_is_refused(need):
    """From one to the number of people."""
    with pytest.raises(InvalidInput):
        day(person(), person(name="ben"), need=need)


@pytest.mark.parametrize("length", [timedelta(), -HALF])
def test_a_slot_must_last_some_time(length):
    """Zero and negative lengths are refused by both."""
    with pytest.raises(InvalidInput):
        judge(person(), at("09:00"), length, ASKED)
    with pytest.raises(InvalidInput):
        day(person(), length=length)


def test_nobody_has_no_slots():
    """An empty team is no error."""
    assert day() == []
    assert day(need="any") == []
