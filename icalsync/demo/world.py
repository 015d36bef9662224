"""The demo world: about 600 believable events around a day, the same for the same day and seed, with the answers to check against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from icalsync.core.interval import Interval
from icalsync.demo.cast import ANNA, BEN, CALENDARS, CLARA, OLIVIA, PEOPLE, PRIVATE, WORK, Person, calendar, readers
from icalsync.demo.diary import Diary, span
from icalsync.demo.flavours import WORKING_DAYS, Flavour, Place
from icalsync.demo.kinds import FLAVOURS, PLAIN_PRIVATE, PLAIN_WORK, SURNAMES
from icalsync.demo.series import SERIES, Rule, Series, Teller
from icalsync.demo.text import Entry, Task, event_object, task_object

EVENTS: Final = 600
"""Calendar objects with a VEVENT in the whole world; a series is one."""
TASKS: Final = ("Order tape", "Renew the insurance", "Send the annual report", "Water the plants", "Book the train", "Return the keys")

_FIRST_DAY, _USUAL_DAY, _LAST_DAY = -25, 5, 45
"""Where single events lie, in days from today: densest soon after it."""
_ATTEMPTS: Final = 400


@dataclass(frozen=True, slots=True)
class DemoObject:
    """One calendar object as it is stored on the server."""

    calendar: tuple[str, str]
    """Account and slug of its collection."""
    name: str
    """The last path segment of its href."""
    uid: str
    kinds: frozenset[str]
    """What it shows: ``recurring``, ``moved``, ``travel``, ``declined``, …"""
    raw: bytes


@dataclass(frozen=True, slots=True)
class DoubleBooking:
    """Two events that really collide: for whom, when, and which."""

    sub_account: str
    user_id: str
    both: Interval
    """The time they share."""
    uids: frozenset[str]


@dataclass(frozen=True, slots=True)
class World:
    """Everything that is put on the server, and what is true of it."""

    today: date
    objects: tuple[DemoObject, ...]
    double_bookings: tuple[DoubleBooking, ...]
    taken: Mapping[tuple[str, str], tuple[Interval, ...]]
    """Per user (sub-account, user id), all time that blocks under the default policies, merged."""

    def of_kind(self, kind: str) -> tuple[DemoObject, ...]:
        """The objects that show ``kind``."""
        return tuple(found for found in self.objects if kind in found.kinds)

    def of_calendar(self, account: str, slug: str) -> tuple[DemoObject, ...]:
        """The objects of one calendar."""
        return tuple(found for found in self.objects if found.calendar == (account, slug))


def world(today: date, seed: int = 7) -> World:
    """The world around ``today`` (a date in Europe/Berlin): the same bytes for the same day and seed."""
    return _Builder(today, seed).build()


class _Builder:
    def __init__(self, today: date, seed: int) -> None:
        self._today = today
        self._rng = Random(f"{today.isoformat()}/{seed}")  # noqa: S311 - a believable world, no secret
        self._stamped = datetime.combine(today, time(5), UTC)
        self._diary = Diary()
        self._objects: list[DemoObject] = []
        self._double: list[DoubleBooking] = []

    def build(self) -> World:
        """In this order, because what comes later gives way: double bookings, long events, series, single events."""
        self._clash_across_calendars()
        self._clash_after_a_move()
        long, short = _split(FLAVOURS)
        for flavour in long:
            self._flavour(flavour)
        for series in SERIES:
            self._series(series)
        for flavour in short:
            self._flavour(flavour)
        self._fill()
        self._tasks()
        return World(self._today, tuple(self._objects), tuple(self._double), self._diary.taken())

    def _clash_across_calendars(self) -> None:
        """A patient in the work calendar and a dentist in the private one, at the same time."""
        start = datetime.combine(_working_day(self._today, 2), time(15), ZoneInfo(ANNA.time_zone))
        patient = self._entry(f"First assessment: {SURNAMES[0]}", start, 60)
        dentist = self._entry("Dentist", start + timedelta(minutes=30), 60)
        for entry, slug in ((patient, "patients"), (dentist, "private")):
            self._take(entry, (ANNA,))
            self._put(("anna", slug), (entry,), {"double_booking"})
        self._note(ANNA, patient, dentist)

    def _clash_after_a_move(self) -> None:
        """One instance of a weekly review, moved onto a concert that stands in another calendar."""
        zone = ZoneInfo(OLIVIA.time_zone)
        tuesday = _next_weekday(_working_day(self._today, 2), 1)
        thursday = datetime.combine(tuesday + timedelta(days=2), time(14), zone)
        concert = self._entry("School concert", thursday + timedelta(minutes=30), 90)
        self._take(concert, (OLIVIA,))
        self._put(("olivia", "personal"), (concert,), {"double_booking"})
        review = Series(("olivia", "clients"), "Case review", Rule((1,)), time(10), 60, OLIVIA.time_zone, vary=False)
        uid = self._uid()
        told = Teller(review, (OLIVIA,), self._diary, uid, forced={tuesday: thursday}).tell(self._today, self._rng)
        self._put(review.calendar, told.entries, told.kinds | {"double_booking"})
        moved = next(entry for entry in told.entries if entry.dtstart == thursday)
        self._note(OLIVIA, moved, concert)

    def _series(self, series: Series) -> None:
        people = readers(calendar(*series.calendar))
        told = Teller(series, people, self._diary, self._uid()).tell(self._today, self._rng)
        kinds = {"free"} if series.transp == "TRANSPARENT" and series.at is not None else set()
        self._put(series.calendar, told.entries, told.kinds | kinds)

    def _flavour(self, flavour: Flavour) -> None:
        targets = _targets(flavour.where)
        for number in range(flavour.count):
            person, key = targets[number % len(targets)]
            self._place(flavour, person, key)

    def _fill(self) -> None:
        """Plain appointments until the world is full."""
        while len(self._objects) < EVENTS:
            number = len(self._objects)
            flavour = PLAIN_PRIVATE if number % 4 == 0 else PLAIN_WORK
            targets = _targets(flavour.where)
            person, key = targets[number % len(targets)]
            self._place(flavour, person, key)

    def _place(self, flavour: Flavour, person: Person, key: tuple[str, str]) -> None:
        people = readers(calendar(*key))
        for _ in range(_ATTEMPTS):
            day = self._today + timedelta(days=round(self._rng.triangular(_FIRST_DAY, _LAST_DAY, _USUAL_DAY)))
            start, end = flavour.shape(self._rng, day, ZoneInfo(person.time_zone))
            entry = flavour.dress(self._rng, Entry(self._uid(), self._title(flavour), start, end), person)
            if day.weekday() not in flavour.weekdays:
                continue
            if not flavour.blocks:
                break
            if self._is_free(entry, people):
                self._take(entry, people)
                break
        else:
            raise RuntimeError(f"no room for another {flavour.kind} of {person.name}")
        self._put(key, (entry,), {flavour.kind})

    def _title(self, flavour: Flavour) -> str:
        title = self._rng.choice(flavour.titles)
        return f"{title}: {self._rng.choice(SURNAMES)}" if flavour is PLAIN_WORK else title

    def _entry(self, summary: str, start: datetime, minutes: int) -> Entry:
        return Entry(self._uid(), summary, start, start + timedelta(minutes=minutes))

    def _is_free(self, entry: Entry, people: tuple[Person, ...]) -> bool:
        return entry.dtend is None or self._diary.is_free(people, entry.dtstart, entry.dtend, entry.travel or timedelta())

    def _take(self, entry: Entry, people: tuple[Person, ...]) -> None:
        if entry.dtend is not None:
            self._diary.take(people, entry.dtstart, entry.dtend, entry.travel or timedelta())

    def _note(self, person: Person, one: Entry, other: Entry) -> None:
        first, second = (span(entry.dtstart, entry.dtend or entry.dtstart, person.time_zone) for entry in (one, other))
        both = first.clip(second)
        if both is None:
            raise RuntimeError(f"the double booking of {person.name} is none")
        self._double.append(DoubleBooking(person.sub_account, person.user_id, both, frozenset({one.uid, other.uid})))

    def _tasks(self) -> None:
        lists = [plan for plan in CALENDARS if plan.component == "VTODO"]
        for number, summary in enumerate(TASKS):
            uid = self._uid()
            raw = task_object(Task(uid, summary, self._today + timedelta(days=number)), stamped=self._stamped)
            self._objects.append(DemoObject(lists[number % len(lists)].key, f"{uid}.ics", uid, frozenset({"task"}), raw))

    def _put(self, key: tuple[str, str], entries: tuple[Entry, ...], kinds: frozenset[str] | set[str]) -> None:
        uid = entries[0].uid
        self._objects.append(DemoObject(key, f"{uid}.ics", uid, frozenset(kinds), event_object(entries, stamped=self._stamped)))

    def _uid(self) -> str:
        return str(UUID(int=self._rng.getrandbits(128), version=4)).upper()


def _targets(where: Place) -> list[tuple[Person, tuple[str, str]]]:
    """Whose calendar a kind goes to, in turns."""
    fixed = {
        "joint": [(BEN, ("joint", "projects"))],
        "clinic": [(ANNA, ("anna", "clinic-dates"))],
        "football": [(BEN, ("ben", "football"))],
        "family": [(ANNA, ("anna", "family")), (CLARA, ("clara", "family"))],
    }
    if where in fixed:
        return fixed[where]
    slugs = WORK if where == "work" else PRIVATE
    return [(person, (person.user_id, slugs[person.key])) for person in PEOPLE]


def _split(flavours: tuple[Flavour, ...]) -> tuple[list[Flavour], list[Flavour]]:
    long = [flavour for flavour in flavours if flavour.kind in {"all_day", "all_day_unanswered", "multi_day", "overnight"}]
    return long, [flavour for flavour in flavours if flavour not in long]


def _working_days(since: date) -> Iterator[date]:
    day = since
    while True:
        day += timedelta(days=1)
        if day.weekday() in WORKING_DAYS:
            yield day


def _working_day(since: date, number: int) -> date:
    """The nth working day after ``since``."""
    return next(day for position, day in enumerate(_working_days(since), 1) if position == number)


def _next_weekday(since: date, weekday: int) -> date:
    return since + timedelta(days=(weekday - since.weekday()) % 7)
