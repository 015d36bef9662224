"""The kinds of single events in the demo: when they lie, how they are marked, and whether they block by default (design.md §1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final, Literal
from zoneinfo import ZoneInfo

from icalsync.demo.cast import ADDRESSES, Person
from icalsync.demo.text import Entry, Guest, When

Span = tuple[When, When | None]
Place = Literal["work", "private", "family", "joint", "clinic", "football"]
Shape = Callable[[Random, date, ZoneInfo], Span]
Dress = Callable[[Random, Entry, Person], Entry]

WORKING_DAYS: Final = frozenset(range(5))
"""Monday to Friday."""
HOST: Final = Guest("dr.lindqvist@partner-clinic.example", "Dr Maja Lindqvist")
ELSEWHERE: Final = ("America/New_York", "Europe/Lisbon", "Asia/Tokyo", "America/Los_Angeles")


@dataclass(frozen=True, slots=True)
class Flavour:
    """One kind: how many there are in all, where they go, which days they want and what they are called."""

    kind: str
    count: int
    where: Place
    shape: Shape
    dress: Dress
    titles: tuple[str, ...]
    blocks: bool = True
    weekdays: frozenset[int] = WORKING_DAYS


def working_time(rng: Random, day: date, zone: ZoneInfo) -> Span:
    """Somewhere between 9 and 17, on a quarter of an hour, for 30 to 90 minutes."""
    return _working(rng, day, zone)


def _working(rng: Random, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    start = datetime.combine(day, time(9), zone) + timedelta(minutes=15 * rng.randrange(26))
    return start, start + timedelta(minutes=rng.choice((30, 30, 45, 45, 60, 60, 90)))


def evening(rng: Random, day: date, zone: ZoneInfo) -> Span:
    """After work, or in the daytime at weekends, for one or two hours."""
    first = 18 if day.weekday() in WORKING_DAYS else 10
    start = datetime.combine(day, time(first), zone) + timedelta(minutes=30 * rng.randrange(5))
    return start, start + timedelta(minutes=rng.choice((60, 90, 120)))


def floating(rng: Random, day: date, zone: ZoneInfo) -> Span:
    """A wall time without a zone: wherever the person is."""
    start, end = _working(rng, day, zone)
    return start.replace(tzinfo=None), end.replace(tzinfo=None)


def in_another_zone(rng: Random, day: date, zone: ZoneInfo) -> Span:
    """Working time here, but written in somebody else's zone."""
    other = ZoneInfo(rng.choice([name for name in ELSEWHERE if name != zone.key]))
    start, end = _working(rng, day, zone)
    return start.astimezone(other), end.astimezone(other)


def in_utc(rng: Random, day: date, zone: ZoneInfo) -> Span:
    """Working time here, written in UTC."""
    start, end = _working(rng, day, zone)
    return start.astimezone(UTC), end.astimezone(UTC)


def a_moment(rng: Random, day: date, zone: ZoneInfo) -> Span:
    """A time without an end: zero length (icloud.md §4)."""
    return _working(rng, day, zone)[0], None


def one_day(_rng: Random, day: date, _zone: ZoneInfo) -> Span:
    """All day."""
    return day, day + timedelta(days=1)


def several_days(rng: Random, day: date, _zone: ZoneInfo) -> Span:
    """All day, for two to five days."""
    return day, day + timedelta(days=rng.randint(2, 5))


def conference(_rng: Random, day: date, zone: ZoneInfo) -> Span:
    """Timed, from one morning to the afternoon of the next day."""
    return datetime.combine(day, time(9, 30), zone), datetime.combine(day + timedelta(days=1), time(15), zone)


def overnight(_rng: Random, day: date, zone: ZoneInfo) -> Span:
    """Across midnight."""
    return datetime.combine(day, time(21, 30), zone), datetime.combine(day + timedelta(days=1), time(5, 30), zone)


def marked(**properties: str) -> Dress:
    """A dress that sets properties of the event."""
    return lambda _rng, entry, _person: replace(entry, **properties)  # type: ignore[arg-type]  # the names are Entry's own


def invited(partstat: str) -> Dress:
    """A dress that makes the event an invitation, answered by the user's own address with ``partstat``."""

    def dress(rng: Random, entry: Entry, person: Person) -> Entry:
        address = rng.choice(ADDRESSES[person.user_id])
        return replace(entry, organizer=HOST, guests=(HOST, Guest(address, person.name, partstat)))

    return dress


def travelling(rng: Random, entry: Entry, _person: Person) -> Entry:
    """A dress that puts the way there before the event (X-APPLE-TRAVEL-DURATION)."""
    return replace(entry, travel=timedelta(minutes=rng.choice((15, 30, 45))), location="Hauptstraße 12, 2nd floor")
