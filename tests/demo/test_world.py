"""The demo world is the same for the same day, holds every kind of event, and double-books exactly twice."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import recurring_ical_events
from icalendar import Calendar

from icalsync.core.interval import Interval, common, merged
from icalsync.demo.cast import ADDRESSES, CALENDARS, LINKS, PEOPLE, calendar, readers
from icalsync.demo.diary import span
from icalsync.demo.world import EVENTS, TASKS, world

TODAY = date(2026, 11, 22)
DAYS = [TODAY, *(date(2026, 1, 1) + timedelta(days=days) for days in (2, 57, 86, 121, 300, 357))]
"""Also in a leap of the clock, at a turn of the year, and on each sort of weekday."""
KINDS = (
    "accepted",
    "all_day",
    "all_day_free",
    "all_day_unanswered",
    "cancelled",
    "cancelled_instance",
    "declined",
    "exdate",
    "floating",
    "free",
    "invited_tentative",
    "moved",
    "multi_day",
    "not_chosen",
    "other_zone",
    "outlook",
    "outlook_free",
    "overnight",
    "plain",
    "read_only",
    "recurring",
    "shared",
    "task",
    "tentative",
    "travel",
    "unanswered",
    "utc",
    "zero_length",
)


@pytest.fixture(scope="module")
def today():
    """The world around one day, made once."""
    return world(TODAY)


def test_the_same_day_and_seed_give_the_same_octets(today):
    """Nothing in it depends on the clock, the process or the order of a set."""
    assert world(TODAY) == today


def test_another_seed_or_day_gives_another_world(today):
    """The seed decides, and events move with the day."""
    assert world(TODAY, seed=8).objects != today.objects
    assert world(TODAY + timedelta(days=1)).objects != today.objects


def test_it_holds_six_hundred_events_and_some_tasks(today):
    """As many as the demo promises; a series is one."""
    kinds = Counter("task" if "task" in item.kinds else "event" for item in today.objects)
    assert kinds == {"event": EVENTS, "task": len(TASKS)}
    assert EVENTS == 600


def test_no_two_objects_share_a_uid_or_a_place(today):
    """One UID per object, one href per object (RFC 4791 §4.1)."""
    assert len({item.uid for item in today.objects}) == len({(item.calendar, item.name) for item in today.objects}) == len(today.objects)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_there(today, kind):
    """The demo shows what real calendars hold."""
    assert today.of_kind(kind)


def test_no_kind_goes_untested(today):
    """A kind added to the world is added here."""
    assert {kind for item in today.objects for kind in item.kinds} == {*KINDS, "double_booking"}


def test_the_kinds_say_what_the_text_holds(today):
    """Each label is borne out by the properties themselves."""
    marks = {
        "moved": b"RECURRENCE-ID",
        "cancelled_instance": b"STATUS:CANCELLED",
        "exdate": b"EXDATE",
        "recurring": b"RRULE:",
        "tentative": b"STATUS:TENTATIVE",
        "travel": b"X-APPLE-TRAVEL-DURATION;VALUE=DURATION:PT",
        "declined": b"PARTSTAT=DECLINED",
        "unanswered": b"PARTSTAT=NEEDS-ACTION",
        "all_day": b"DTSTART;VALUE=DATE:",
        "all_day_free": b"TRANSP:TRANSPARENT",
        "outlook": b"X-MICROSOFT-CDO-BUSYSTATUS",
        "task": b"BEGIN:VTODO",
    }
    for kind, mark in marks.items():
        assert all(mark in item.raw for item in today.of_kind(kind)), kind
    assert all(b"DTEND" not in item.raw for item in today.of_kind("zero_length"))
    assert all(b"TZID" not in item.raw and b"Z\r\nSUMMARY" not in item.raw for item in today.of_kind("floating"))


def test_every_line_is_short_and_ends_in_crlf(today):
    """RFC 5545 §3.1, for every object."""
    for item in today.objects:
        assert item.raw.count(b"\n") == item.raw.count(b"\r\n")
        assert max(map(len, item.raw.split(b"\r\n"))) <= 75


def test_one_calendar_serves_two_users_of_both_sub_accounts():
    """R9: one account, two connections."""
    served = Counter(link.account for link in LINKS)
    assert [account for account, number in served.items() if number > 1] == ["joint"]
    assert {person.sub_account for person in readers(calendar("joint", "projects"))} == {"ACME", "NORTH"}


def test_there_is_a_read_only_a_subscribed_and_a_task_calendar():
    """R3, R6, R10: a calendar of each sort that limits what can be chosen."""
    assert any(plan.read_only for plan in CALENDARS)
    assert any(plan.source for plan in CALENDARS)
    assert any(plan.component == "VTODO" for plan in CALENDARS)
    assert len(PEOPLE) == 5


@pytest.mark.parametrize("day", [*DAYS[:2], *(pytest.param(day, marks=pytest.mark.long) for day in DAYS[2:])], ids=str)
def test_exactly_two_double_bookings_lie_in_the_text(day):
    """Read by other libraries than ours, the blocking events of each user collide twice in all, where the answer key says."""
    made = world(day)
    collisions = {}
    for person in PEOPLE:
        rows = sorted(blocking(made, person, day))
        for number, (one, uid) in enumerate(rows):
            for other, other_uid in rows[number + 1 :]:
                if other.start >= one.end:
                    break
                collisions[person.key, frozenset({uid, other_uid})] = one.clip(other)
    assert collisions == {((found.sub_account, found.user_id), found.uids): found.both for found in made.double_bookings}
    assert len(collisions) == 2


def test_the_answer_key_is_the_blocking_time_in_the_text(today):
    """What the diary kept is what another reading of the objects finds, for 60 days."""
    start = datetime(2026, 11, 1, tzinfo=UTC)
    window = Interval(start, start + timedelta(days=60))
    for person in PEOPLE:
        read = merged(part for interval, _ in blocking(today, person, TODAY) if (part := interval.clip(window)))
        kept = [part for interval in today.taken[person.key] if (part := interval.clip(window))]
        assert read == kept


def test_the_double_bookings_lie_soon_after_today():
    """A person who tries the demo finds them in the next two weeks."""
    for day in DAYS:
        assert all(0 < (found.both.start.date() - day).days <= 14 for found in world(day).double_bookings)


def test_working_days_are_neither_empty_nor_full(today):
    """Believable: of the working time of the coming four weeks, everybody is taken for a part that leaves room."""
    for person in PEOPLE:
        zone = ZoneInfo(person.time_zone)
        days = [day for number in range(1, 29) if (day := TODAY + timedelta(days=number)).weekday() < 5]
        work = [Interval(datetime.combine(day, time(9), zone), datetime.combine(day, time(17), zone)) for day in days]
        taken = common(work, today.taken[person.key])
        assert 0.2 < sum((part.length for part in taken), timedelta()) / timedelta(hours=8 * len(days)) < 0.8, person


def blocking(made, person, day):
    """Every blocking interval of a user and its UID, by the busy rules of design.md §1, written anew with the libraries alone."""
    for link in (link for link in LINKS if link.person == person):
        for slug in {slug for slug in (link.linked, *link.conflicts) if slug}:
            for item in made.of_calendar(link.account, slug):
                read = recurring_ical_events.of(Calendar.from_ical(item.raw))
                for event in read.between(day - timedelta(days=60), day + timedelta(days=400)):
                    if blocks(event, ADDRESSES[link.account]):
                        travel = event["X-APPLE-TRAVEL-DURATION"].dt if "X-APPLE-TRAVEL-DURATION" in event else timedelta()
                        yield span(event["DTSTART"].dt, event["DTEND"].dt, person.time_zone, travel), item.uid


def blocks(event, own):
    """Whether the default policies let it block."""
    guests = event.get("ATTENDEE", [])
    answers = {guest.removeprefix("mailto:"): guest.params["PARTSTAT"] for guest in (guests if isinstance(guests, list) else [guests])}
    free_in_outlook = "TRANSP" not in event and event.get("X-MICROSOFT-CDO-BUSYSTATUS") == "FREE"
    declined = any(answers.get(address) == "DECLINED" for address in own)
    empty = event["DTSTART"].dt == event.get("DTEND", event["DTSTART"]).dt
    return not (event.get("STATUS") == "CANCELLED" or event.get("TRANSP") == "TRANSPARENT" or free_in_outlook or declined or empty)


def test_neighbours_in_the_answer_key_do_not_touch(today):
    """The key is the fewest intervals, so that comparing it with an answer compares times and not how they are cut."""
    for intervals in today.taken.values():
        assert all(one.end < other.start for one, other in pairwise(intervals))
