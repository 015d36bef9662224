"""The recurring events of the demo, with moved, cancelled and left-out instances; their dates are told here without any library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from icalsync.demo.cast import Person
from icalsync.demo.diary import Diary
from icalsync.demo.text import Entry, When

HORIZON: Final = timedelta(days=460)
"""How far ahead instances are written into the diary; a sync expands 400 days."""

NEAR: Final = range(-21, 36)
"""Days from today in which instances are moved, cancelled and left out."""
MOVED, CANCELLED, LEFT_OUT = 0.10, 0.17, 0.24
"""Which part of them, cumulated."""

_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class Rule:
    """A weekly rule, or a monthly one on the nth weekday of the month."""

    weekdays: tuple[int, ...]
    """0 is Monday."""
    every: int = 1
    """Weeks between two; for a monthly rule it is 1."""
    nth: int | None = None
    """Which of the month's weekdays; None for a weekly rule."""
    count: int | None = None

    def text(self) -> str:
        """The RRULE."""
        if self.nth is not None:
            parts = ["FREQ=MONTHLY", f"BYDAY={self.nth}{_WEEKDAYS[self.weekdays[0]]}"]
        else:
            parts = ["FREQ=WEEKLY", f"BYDAY={','.join(_WEEKDAYS[day] for day in self.weekdays)}"]
        parts += [f"INTERVAL={self.every}"] if self.every > 1 else []
        parts += [f"COUNT={self.count}"] if self.count is not None else []
        return ";".join(parts)

    def dates(self, since: date, until: date) -> Iterator[date]:
        """Its dates between ``since`` and ``until``, both included; the first one becomes DTSTART."""
        monday = since - timedelta(days=since.weekday())
        found = 0
        for offset in range((until - since).days + 1):
            day = since + timedelta(days=offset)
            if self._fits(day, monday):
                found += 1
                if self.count is not None and found > self.count:
                    return
                yield day

    def _fits(self, day: date, monday: date) -> bool:
        if day.weekday() not in self.weekdays:
            return False
        if self.nth is not None:
            return (day.day - 1) // 7 + 1 == self.nth
        return (day - monday).days // 7 % self.every == 0


@dataclass(frozen=True, slots=True)
class Series:
    """One recurring event. ``starts`` counts from today; ``at`` and ``zone`` say when on each day; ``at`` None means all day."""

    calendar: tuple[str, str]
    summary: str
    rule: Rule
    at: time | None
    minutes: int
    zone: str
    starts: int = -70
    """Days from today."""
    transp: str | None = None
    vary: bool = True
    """Whether some instances near today are moved or cancelled."""


def _weekly(*weekdays: int, every: int = 1, count: int | None = None) -> Rule:
    return Rule(weekdays, every=every, count=count)


def _monthly(nth: int, weekday: int) -> Rule:
    return Rule((weekday,), nth=nth)


SERIES: Final = (
    Series(("joint", "projects"), "Joint stand-up", _weekly(0, 2), time(9, 15), 30, "Europe/London"),
    Series(("joint", "projects"), "Joint steering round", _monthly(2, 3), time(14), 90, "Europe/Berlin"),
    Series(("anna", "patients"), "Team meeting", _weekly(0), time(8, 30), 45, "Europe/Berlin"),
    Series(("anna", "patients"), "Back school", _weekly(1, 3), time(16), 60, "Europe/Berlin", starts=-200),
    Series(("anna", "patients"), "Video consultation hour", _weekly(4), time(10), 60, "Europe/Berlin", starts=-40, transp="TRANSPARENT"),
    Series(("anna", "private"), "Pilates", _weekly(2), time(18, 30), 60, "Europe/Berlin"),
    Series(("anna", "family"), "School run", _weekly(0, 1, 2, 3, 4), time(7, 15), 30, "Europe/Berlin", vary=False),
    Series(("anna", "clinic-dates"), "Hygiene briefing", _monthly(1, 2), time(12, 30), 30, "Europe/Berlin"),
    Series(("anna", "clinic-dates"), "Clinic lunch", _weekly(4, every=2), time(12), 60, "Europe/Berlin"),
    Series(("ben", "patients"), "Team meeting", _weekly(0), time(8, 30), 45, "Europe/Berlin"),
    Series(("ben", "patients"), "Sports injury clinic", _weekly(1, 3), time(14), 120, "Europe/Berlin"),
    Series(("ben", "home"), "Nursery pick-up", _weekly(0, 2, 4), time(16, 30), 45, "Europe/Berlin", starts=-120),
    Series(("ben", "home"), "Language course", _weekly(3, count=40), time(19), 90, "Europe/Berlin"),
    Series(("ben", "football"), "Match of the week", _weekly(5), time(15, 30), 105, "Europe/Berlin"),
    Series(("clara", "courses"), "Prenatal course", _weekly(0, count=30), time(10), 90, "Europe/Berlin", starts=-30),
    Series(("clara", "courses"), "Aqua gymnastics", _weekly(2), time(11, 15), 45, "Europe/Berlin"),
    Series(("clara", "family"), "Piano lesson", _weekly(1), time(15), 45, "Europe/Berlin"),
    Series(("clara", "family"), "Grandparents", _weekly(6, every=2), time(12), 180, "Europe/Berlin", vary=False),
    Series(("clara", "family"), "Paper bin", _weekly(3, every=2), None, 0, "Europe/Berlin", transp="TRANSPARENT", vary=False),
    Series(("olivia", "clients"), "Morning briefing with London", _weekly(0, 2, 4), time(14), 30, "Europe/London"),
    Series(("olivia", "clients"), "Supervision group", _weekly(3, every=2), time(11), 90, "America/New_York"),
    Series(("olivia", "personal"), "Yoga", _weekly(1, 4), time(7, 30), 60, "America/New_York"),
    Series(("olivia", "personal"), "Volunteering", _monthly(3, 5), time(10), 240, "America/New_York", vary=False),
    Series(("james", "clients"), "Drop-in advice", _weekly(1, 3), time(10), 120, "Europe/London", starts=-150),
    Series(("james", "clients"), "Casework supervision", _weekly(4, every=2), time(15), 60, "Europe/London"),
    Series(("james", "home"), "Piano", _weekly(1), time(18), 60, "Europe/London"),
    Series(("james", "home"), "Parkrun", _weekly(5), time(9), 60, "Europe/London", vary=False),
)
"""Of every sort: weekly, fortnightly, monthly, counted and without an end, free, all-day, in zones that shift against the reader's."""


@dataclass(frozen=True, slots=True)
class Told:
    """A series as it is written: the master with its EXDATEs, its overrides, and which of these it shows."""

    entries: tuple[Entry, ...]
    kinds: frozenset[str]


class Teller:
    """Writes one series into the diary. An instance that would collide is left out or cancelled: a series never double-books."""

    def __init__(
        self, series: Series, people: Sequence[Person], diary: Diary, uid: str, *, forced: Mapping[date, When] | None = None
    ) -> None:
        """``forced`` moves the instances of those dates to those times, whatever is there."""
        self._series = series
        self._forced = forced or {}
        self._people = people
        self._diary = diary
        self._uid = uid
        self._exdates: list[When] = []
        self._overrides: list[Entry] = []

    def tell(self, today: date, rng: Random) -> Told:
        """The series, from its first date until far beyond what a sync expands."""
        rule = self._series.rule
        days = list(rule.dates(today + timedelta(days=self._series.starts), today + HORIZON))
        for number, day in enumerate(days):
            near = self._series.vary and (day - today).days in NEAR
            self._instance(self._entry(day), number, rng.random() if near else 1.0)
        master = replace(self._entry(days[0]), rrule=rule.text(), exdates=tuple(self._exdates))
        return Told((master, *self._overrides), self._kinds())

    def _instance(self, entry: Entry, number: int, luck: float) -> None:
        moved = self._forced_to(entry) or (self._moved(entry) if luck < MOVED else None)
        if moved is not None:
            self._overrides.append(replace(moved, recurrence_id=entry.dtstart, sequence=1))
            self._take(moved)
        elif luck < CANCELLED or (not self._fits(entry) and number % 2):
            self._overrides.append(replace(entry, recurrence_id=entry.dtstart, status="CANCELLED", sequence=1))
        elif luck < LEFT_OUT or not self._fits(entry):
            self._exdates.append(entry.dtstart)
        else:
            self._take(entry)

    def _entry(self, day: date) -> Entry:
        series = self._series
        if series.at is None:
            return Entry(self._uid, series.summary, day, day + timedelta(days=1), transp=series.transp)
        start = datetime.combine(day, series.at, ZoneInfo(series.zone))
        return Entry(self._uid, series.summary, start, start + timedelta(minutes=series.minutes), transp=series.transp)

    def _moved(self, entry: Entry) -> Entry | None:
        """The instance at another time of the same day, or at its time on the next; None where nothing is free."""
        if entry.dtend is None:
            return None
        for shift in (timedelta(hours=1), timedelta(hours=-1), timedelta(hours=2), timedelta(days=1)):
            moved = replace(entry, dtstart=entry.dtstart + shift, dtend=entry.dtend + shift)
            if self._fits(moved):
                return moved
        return None

    def _forced_to(self, entry: Entry) -> Entry | None:
        start = self._forced.get(_day(entry.dtstart))
        if start is None or entry.dtend is None:
            return None
        return replace(entry, dtstart=start, dtend=start + timedelta(minutes=self._series.minutes))

    def _fits(self, entry: Entry) -> bool:
        return entry.transp == "TRANSPARENT" or entry.dtend is None or self._diary.is_free(self._people, entry.dtstart, entry.dtend)

    def _take(self, entry: Entry) -> None:
        if entry.transp != "TRANSPARENT" and entry.dtend is not None:
            self._diary.take(self._people, entry.dtstart, entry.dtend)

    def _kinds(self) -> frozenset[str]:
        cancelled = any(override.status == "CANCELLED" for override in self._overrides)
        moved = any(override.status is None for override in self._overrides)
        shown = {"recurring": True, "exdate": bool(self._exdates), "cancelled_instance": cancelled, "moved": moved}
        return frozenset(kind for kind, is_shown in shown.items() if is_shown)


def _day(when: When) -> date:
    return when.date() if isinstance(when, datetime) else when
