"""The seeded double bookings, one chapter for each cause (``core.audit``), and what only looks like one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import cycle
from typing import Final

from icalsync.core.audit import Cause
from icalsync.demo.known.people import Member
from icalsync.demo.known.stage import Stage
from icalsync.demo.known.story import Lock, Unlock
from icalsync.demo.text import Entry, Guest

HOUR: Final = timedelta(hours=1)
HALF: Final = timedelta(minutes=30)
NEAR: Final = timedelta(hours=1)
"""Kept clear around every defect, beyond any buffer."""
HOST: Final = Guest("round.table@partners.example", "Partners' round table")
VISITS: Final = ("First assessment", "Follow-up", "Consultation", "Check-up", "Planning talk")
ERRANDS: Final = ("Dentist", "School concert", "Plumber", "Car service", "Eye test")

Chapter = Callable[[Stage, Member, int], None]


def late_arrival(stage: Stage, member: Member, number: int) -> None:
    """Booked over what the owner writes down only afterwards."""
    start = stage.free_time((member,), 90, before=NEAR, after=NEAR)
    made = stage.earlier(start, member.account)
    stage.book(member, start, start + HOUR, VISITS[number % 5], at=made)
    written = made + timedelta(minutes=3 + 11 * (number % 7))
    stage.put(member, _own(member), _event(stage, ERRANDS[number % 5], start + HALF), at=written)
    stage.sync(member.account, at=written + timedelta(minutes=4))
    stage.answer(member, start + HALF, start + HOUR, Cause.LATE_ARRIVAL)


def race(stage: Stage, member: Member, number: int) -> None:
    """Written down while the booking was being made, and seen seconds later."""
    start = stage.free_time((member,), 60, before=NEAR, after=NEAR)
    made = stage.earlier(start, member.account)
    stage.book(member, start, start + HOUR, VISITS[number % 5], at=made)
    stage.put(member, _own(member), _event(stage, ERRANDS[number % 5], start), at=made + timedelta(seconds=1))
    stage.sync(member.account, at=made + timedelta(seconds=4))
    stage.answer(member, start, start + HOUR, Cause.RACE)


def rule_let_it_through(stage: Stage, member: Member, number: int) -> None:
    """Known, and free by its marks or by a policy: marked as free, declined, or only pencilled in."""
    detail = ("TRANSPARENT", "DECLINED", "TENTATIVE")[number % 3]
    start = stage.free_time((member,), 60, before=NEAR, after=NEAR)
    made = stage.earlier(start, member.account)
    event = _event(stage, "Open consultation hour" if detail == "TRANSPARENT" else "Round table", start)
    if detail == "TRANSPARENT":
        event = replace(event, transp="TRANSPARENT")
    elif detail == "DECLINED":
        event = replace(event, organizer=HOST, guests=(HOST, Guest(member.email, member.name, "DECLINED")))
    else:
        event = replace(event, status="TENTATIVE")
        stage.policies.setdefault(member.who, {})["tentative"] = "free"
    stage.put(member, member.work, event, at=made - timedelta(days=1))
    stage.book(member, start, start + HOUR, VISITS[number % 5], at=made)
    stage.answer(member, start, start + HOUR, Cause.RULE_LET_IT_THROUGH, detail)


def not_a_conflict_calendar(stage: Stage, member: Member, number: int) -> None:
    """It stands in a calendar that nobody chose."""
    start = stage.free_time((member,), 90, before=NEAR, after=NEAR)
    made = stage.earlier(start, member.account)
    stage.put(member, member.unchosen[0], _event(stage, ERRANDS[number % 5], start + HALF), at=made - timedelta(days=1))
    stage.book(member, start, start + HOUR, VISITS[number % 5], at=made)
    stage.answer(member, start + HALF, start + HOUR, Cause.NOT_A_CONFLICT_CALENDAR)


def source_down(stage: Stage, member: Member, number: int) -> None:
    """Booked while the account's password was no longer good, by a user whose policy takes the risk."""
    stage.policies.setdefault(member.who, {})["unknown"] = "warn"
    start = stage.free_time((member,), 60, before=NEAR, after=NEAR)
    made = stage.earlier(start, member.account)
    stage.steps.append(Lock(made - 2 * HOUR, member.account))
    for minutes in (10, 25, 40):  # so often, over so long, and the password counts as dead (H1)
        stage.sync(member.account, at=made - 2 * HOUR + timedelta(minutes=minutes))
    stage.put(member, _own(member), _event(stage, ERRANDS[number % 5], start), at=made - HOUR)
    stage.book(member, start, start + HOUR, VISITS[number % 5], at=made)
    stage.steps.append(Unlock(made + timedelta(hours=2 + number % 4), member.account))
    stage.answer(member, start, start + HOUR, Cause.SOURCE_DOWN, "REAUTHENTICATION_NEEDED")


def zone_shift(stage: Stage, member: Member, number: int) -> None:
    """A copy of a private event arrives in the work calendar hours off, because its zone was lost on the way; and lies over a booking."""
    shift = (2 + number % 2) * HOUR
    start = stage.free_time((member,), 60, before=NEAR, after=shift + NEAR)
    made = stage.earlier(start, member.account)
    title = "Travel to the trade fair"
    event = _event(stage, title, start + shift)
    if number % 2:  # known as a twin by its guests; else by its UID
        event = replace(event, organizer=HOST, guests=(HOST, Guest(member.email, member.name)))
    stage.put(member, _own(member), event, at=made - timedelta(days=1))
    stage.book(member, start, start + HOUR, VISITS[number % 5], at=made)
    copied = replace(event, uid=stage.uid() if number % 2 else event.uid, dtstart=start, dtend=start + HOUR)
    stage.put(member, member.work, copied, at=made + 5 * HOUR, name=f"copy-{event.uid}.ics")
    stage.sync(member.account, at=made + 5 * HOUR + timedelta(minutes=7))
    stage.answer(member, start, start + HOUR, Cause.ZONE_SHIFT)


def forced(stage: Stage, member: Member, number: int) -> None:
    """Somebody saw the event, and booked all the same."""
    start = stage.free_time((member,), 60, before=NEAR, after=NEAR)
    made = stage.earlier(start, member.account)
    stage.put(member, member.work, _event(stage, "Team meeting", start), at=made - timedelta(days=2))
    stage.sync(member.account, at=made - HOUR)
    stage.book(member, start, start + HOUR, VISITS[number % 5], at=made, check=False)
    stage.answer(member, start, start + HOUR, Cause.FORCED)


def external_only(stage: Stage, member: Member, number: int) -> None:
    """Two events of the owner's own calendars; no booking of ours is in it."""
    start = stage.free_time((member,), 90, before=NEAR, after=NEAR)
    made = stage.earlier(start, member.account)
    stage.put(member, member.work, _event(stage, "Supervision", start), at=made - timedelta(days=3))
    stage.put(member, _own(member), _event(stage, ERRANDS[number % 5], start + HALF), at=made)
    stage.answer(member, start + HALF, start + HOUR, Cause.EXTERNAL_ONLY)


def cross_sub_account(stage: Stage, one: Member, other: Member, number: int) -> None:
    """One human, booked at both sub-accounts: each finds it, and sees of the other the time alone."""
    start = stage.free_time((one, other), 90, before=NEAR, after=NEAR)
    made = stage.earlier(start, one.account, other.account)
    stage.book(one, start, start + HOUR, VISITS[number % 5], at=made, polled=False)
    stage.book(other, start + HALF, start + HOUR + HALF, VISITS[(number + 1) % 5], at=made + HOUR, polled=False)
    for member in (one, other):
        stage.answer(member, start + HALF, start + HOUR, Cause.CROSS_SUB_ACCOUNT)


def one_meeting_twice(stage: Stage, member: Member, number: int) -> None:
    """No defect: the same event in two calendars is one."""
    start = stage.free_time((member,), 60, before=NEAR, after=NEAR)
    made = stage.earlier(start, member.account)
    event = _event(stage, "Quarterly review", start)
    stage.put(member, member.work, event, at=made)
    stage.put(member, _own(member), event, at=made + timedelta(days=number % 2), name=f"invitation-{event.uid}.ics")


def cancelled_before(stage: Stage, member: Member, number: int) -> None:
    """No defect: what was cancelled takes nobody's time."""
    start = stage.free_time((member,), 60, before=NEAR, after=NEAR)
    made = stage.earlier(start, member.account)
    event = _event(stage, "Site visit", start)
    name = stage.put(member, _own(member), event, at=made - timedelta(days=3))
    stage.put(member, _own(member), replace(event, status="CANCELLED", sequence=1), at=made - timedelta(days=1), name=name)
    stage.book(member, start, start + HOUR, VISITS[number % 5], at=made)


def next_to_each_other(stage: Stage, member: Member, number: int) -> None:
    """No defect: one ends when the other begins."""
    start = stage.free_time((member,), 120, before=NEAR, after=NEAR)
    made = stage.earlier(start, member.account)
    stage.book(member, start, start + HOUR, VISITS[number % 5], at=made, polled=False)
    stage.put(member, _own(member), _event(stage, "Lunch", start + HOUR), at=made + HOUR)


CAUSES: Final[tuple[Chapter, ...]] = (
    late_arrival,
    race,
    rule_let_it_through,
    not_a_conflict_calendar,
    source_down,
    zone_shift,
    forced,
    external_only,
)
DECOYS: Final[tuple[Chapter, ...]] = (one_meeting_twice, cancelled_before, next_to_each_other)


def seed_defects(stage: Stage, each: int) -> None:
    """So many of each cause, and of each that only looks like one, spread over the users with an account of their own."""
    alone = [member for member in stage.cast.members if member.alone]
    turns = cycle(alone)
    for number in range(each):
        for chapter in (*CAUSES, *DECOYS):
            chapter(stage, next(turns), number)
    pairs = cycle(_twins(stage))
    for number in range(each):
        cross_sub_account(stage, *next(pairs), number)


def _twins(stage: Stage) -> Iterator[tuple[Member, Member]]:
    """Users who are one human, two by two."""
    people: dict[str, list[Member]] = {}
    for member in stage.cast.members:
        people.setdefault(member.human, []).append(member)
    return iter([(both[0], both[1]) for both in people.values() if len(both) > 1])


def _event(stage: Stage, summary: str, start: datetime) -> Entry:
    return Entry(stage.uid(), summary, start, start + HOUR)


def _own(member: Member) -> str:
    return member.conflicts[0]
