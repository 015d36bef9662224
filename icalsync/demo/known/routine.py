"""The ordinary life of the known world: series, appointments, evenings, holidays, and bookings that went well."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from icalsync.demo.known.people import Member
from icalsync.demo.known.stage import Stage
from icalsync.demo.text import Entry, Guest

AHEAD: Final = 35
"""Days after the last one in which there is something, too."""
_QUARTER: Final = timedelta(minutes=15)
_HOST: Final = Guest("dr.lindqvist@partner-clinic.example", "Dr Maja Lindqvist")
_WORK: Final = ("Case conference", "Team briefing", "Report writing", "Phone hour", "Training", "Home visit", "Supervision", "Stock taking")
_PRIVATE: Final = ("Dinner with friends", "Choir", "Cinema", "Parents' evening", "Five-a-side", "Book club")
_LEISURE: Final = ("Concert tickets", "Hiking group", "Chess league", "Pub quiz")
_VISITS: Final = ("First assessment", "Follow-up", "Consultation", "Check-up")
_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class _Weekly:
    """A weekly series: when, for how long, and what it is called."""

    weekday: int
    at: time
    minutes: int
    summary: str


def fill(stage: Stage) -> None:
    """What each member does; called after the defects, because what comes later gives way."""
    for number, member in enumerate(stage.cast.members):
        if member.alone:
            _holidays(stage, member, number)
        _series(stage, member, member.work, _Weekly(number % 4, time(8 + 2 * (number % 5), 30), 45, "Team meeting"))
        if member.alone:
            _series(stage, member, member.conflicts[0], _Weekly((number + 2) % 4, time(19), 90, "Language course"))
        _singles(stage, member)


def _holidays(stage: Stage, member: Member, number: int) -> None:
    """A few days away, all day and marked as busy, where nothing else is."""
    zone = ZoneInfo(member.time_zone)
    for turn in range(60):
        first = stage.first_day + timedelta(days=stage.rng.randrange((stage.until - stage.first_day).days + AHEAD - 5))
        last = first + timedelta(days=2 + (number + turn) % 3)
        start, end = (datetime.combine(day, time(), zone) for day in (first, last))
        if stage.agenda.is_free(member.human, start, end):
            stage.agenda.take(member.human, start, end)
            entry = Entry(stage.uid(), "Away", first, last, transp="OPAQUE")
            stage.put(member, member.conflicts[0], entry, at=start - timedelta(days=20 + turn))
            return


def _series(stage: Stage, member: Member, slug: str, weekly: _Weekly) -> None:
    """Over the whole time. Occurrences that would collide are taken out, and now and then one is moved by two hours, or cancelled."""
    zone, uid = ZoneInfo(member.time_zone), stage.uid()
    days = _weeks(stage, weekly.weekday)
    until = datetime.combine(days[-1], time(23), zone).astimezone(ZoneInfo("UTC"))
    length = timedelta(minutes=weekly.minutes)
    exdates: list[datetime] = []
    overrides: list[Entry] = []
    for day in days:
        start = datetime.combine(day, weekly.at, zone)
        luck = stage.rng.random()
        moved = start + timedelta(hours=2)
        if luck < 0.06 and stage.agenda.is_free(member.human, moved, moved + length):  # noqa: PLR2004  # one in sixteen
            stage.agenda.take(member.human, moved, moved + length)
            overrides.append(Entry(uid, weekly.summary, moved, moved + length, recurrence_id=start, sequence=1))
        elif not stage.agenda.is_free(member.human, start, start + length):
            exdates.append(start)
        elif luck > 0.96:  # noqa: PLR2004  # one in twenty-five
            overrides.append(Entry(uid, weekly.summary, start, start + length, recurrence_id=start, status="CANCELLED", sequence=1))
        else:
            stage.agenda.take(member.human, start, start + length)
    first = datetime.combine(days[0], weekly.at, zone)
    rule = f"FREQ=WEEKLY;BYDAY={_WEEKDAYS[weekly.weekday]};UNTIL={until:%Y%m%dT%H%M%SZ}"
    master = Entry(uid, weekly.summary, first, first + length, rrule=rule, exdates=tuple(exdates))
    stage.put(member, slug, master, *overrides, at=stage.begins_at)


def _weeks(stage: Stage, weekday: int) -> list[date]:
    last = stage.until + timedelta(days=AHEAD)
    first = stage.first_day + timedelta(days=weekday)
    return [first + timedelta(days=7 * week) for week in range((last - first).days // 7)]


def _singles(stage: Stage, member: Member) -> None:
    """About one a week at work, less at home; some of them are moved later."""
    weeks = ((stage.until - stage.first_day).days + AHEAD) // 7
    for _ in range(weeks):
        _single(stage, member, member.work, _at_work(stage, member), _WORK)
    if member.alone:
        for _ in range(weeks // 2):
            _single(stage, member, member.conflicts[0], _in_the_evening(stage, member), _PRIVATE)
        for _ in range(weeks // 4):
            _single(stage, member, member.unchosen[0], _in_the_evening(stage, member), _LEISURE)


def _single(stage: Stage, member: Member, slug: str, start: datetime, titles: tuple[str, ...]) -> None:
    length = timedelta(minutes=stage.rng.choice((30, 45, 60, 60, 90)))
    if not stage.agenda.is_free(member.human, start, start + length):
        return
    stage.agenda.take(member.human, start, start + length)
    written = start - timedelta(days=stage.rng.randrange(1, 40), minutes=stage.rng.randrange(600))
    if written > stage.ends_at:
        written = stage.ends_at - timedelta(days=stage.rng.randrange(1, 6))
    entry = Entry(stage.uid(), stage.rng.choice(titles), start, start + length)
    entry = _dressed(stage, member, entry)
    name = stage.put(member, slug, entry, at=written)
    later, change = start + timedelta(days=1), start - timedelta(hours=20)
    if stage.rng.random() < 0.05 and written < change < stage.ends_at and stage.agenda.is_free(member.human, later, later + length):  # noqa: PLR2004
        stage.agenda.take(member.human, later, later + length)
        stage.put(member, slug, replace(entry, dtstart=later, dtend=later + length, sequence=1), at=change, name=name)


def _dressed(stage: Stage, member: Member, entry: Entry) -> Entry:
    """One in twelve pencilled in, one in twelve an invitation that was accepted."""
    luck = stage.rng.randrange(12)
    if luck == 0 and "tentative" not in stage.policies.get(member.who, {}):
        return replace(entry, status="TENTATIVE")
    if luck == 1:
        return replace(entry, organizer=_HOST, guests=(_HOST, Guest(member.email, member.name)))
    return entry


def _day(stage: Stage, weekdays: int) -> date:
    while True:
        day = stage.first_day + timedelta(days=stage.rng.randrange((stage.until - stage.first_day).days + AHEAD - 2))
        if day.weekday() < weekdays:
            return day


def _at_work(stage: Stage, member: Member) -> datetime:
    return datetime.combine(_day(stage, 5), time(9), ZoneInfo(member.time_zone)) + _QUARTER * stage.rng.randrange(29)


def _in_the_evening(stage: Stage, member: Member) -> datetime:
    return datetime.combine(_day(stage, 7), time(19), ZoneInfo(member.time_zone)) + _QUARTER * stage.rng.randrange(6)


def routine_syncs(stage: Stage, every: int) -> None:
    """Each account is synced about every ``every`` weeks, not all on the same day; right afterwards some of its users are booked."""
    weeks = (stage.until - stage.first_day).days // 7
    for week in range(1, weeks):
        for number, account in enumerate(stage.cast.accounts):
            if (week + number) % every:
                continue
            at = stage.begins_at + timedelta(weeks=week, minutes=number)
            stage.sync(account.name, at=at)
            for member in stage.cast.members:
                if member.account == account.name:
                    for minutes in (5, 9):
                        _ordinary_booking(stage, member, at + timedelta(minutes=minutes))
    stage.sync(*(account.name for account in stage.cast.accounts), at=stage.ends_at - timedelta(minutes=30))


def _ordinary_booking(stage: Stage, member: Member, at: datetime) -> None:
    """One booking in the three weeks after ``at`` where nothing is near, and sometimes a blocked slot."""
    zone = ZoneInfo(member.time_zone)
    for _ in range(20):
        day = (at + timedelta(days=stage.rng.randrange(1, 21))).date()
        start = datetime.combine(day, time(10), zone) + _QUARTER * stage.rng.randrange(20)
        end = start + timedelta(minutes=45)
        if day.weekday() < 4 and stage.agenda.is_free(member.human, start, end, timedelta(minutes=15)):  # noqa: PLR2004  # Friday
            stage.agenda.take(member.human, start, end)
            if stage.rng.random() < 0.1:  # noqa: PLR2004  # one in ten
                stage.block(member, start, end, at=at)
            else:
                stage.book(member, start, end, stage.rng.choice(_VISITS), at=at, polled=False)
            return
