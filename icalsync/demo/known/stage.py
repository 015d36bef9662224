"""What the chapters of the known world write on: chance, the agenda, the steps and the answers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from icalsync.demo.known.agenda import Agenda
from icalsync.demo.known.people import Cast, Member, Who
from icalsync.demo.known.story import Answer, Block, Book, Put, Remove, Step, Sync
from icalsync.demo.text import Entry, event_object

WORKING_DAYS = range(4)
"""Monday to Thursday: on Fridays some close early."""
_ATTEMPTS = 2000


@dataclass(slots=True)
class Stage:
    """The world while it is being written. All chance comes from ``rng``: the same seed and date give the same bytes."""

    cast: Cast
    rng: Random
    first_day: date
    """A Monday."""
    until: date
    begins_at: datetime
    ends_at: datetime
    agenda: Agenda = field(default_factory=Agenda)
    steps: list[Step] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    policies: dict[Who, dict[str, str]] = field(default_factory=dict)
    _kept: dict[str, set[date]] = field(default_factory=lambda: defaultdict(set))

    def uid(self) -> str:
        """A UID nobody else has."""
        return str(UUID(int=self.rng.getrandbits(128), version=4)).upper()

    def put(self, member: Member, slug: str, *entries: Entry, at: datetime, name: str | None = None) -> str:
        """An event as its owner writes it at ``at``; its name, to write over it or remove it later."""
        name = name or f"{entries[0].uid}.ics"
        at = max(at.astimezone(UTC), self.begins_at - timedelta(days=1))
        self.steps.append(Put(at, member.account, slug, name, event_object(entries, stamped=at.replace(microsecond=0))))
        return name

    def remove(self, member: Member, slug: str, name: str, *, at: datetime) -> None:
        """Its owner deletes it."""
        self.steps.append(Remove(at.astimezone(UTC), member.account, slug, name))

    def book(
        self, member: Member, start: datetime, end: datetime, title: str, *, at: datetime, check: bool = True, polled: bool = True
    ) -> None:
        """Somebody books the member."""
        self.steps.append(Book(at.astimezone(UTC), member.who, start.astimezone(UTC), end.astimezone(UTC), title, check, polled))

    def block(self, member: Member, start: datetime, end: datetime, *, at: datetime) -> None:
        """Somebody blocks the member's time."""
        self.steps.append(Block(at.astimezone(UTC), member.who, start.astimezone(UTC), end.astimezone(UTC)))

    def sync(self, *accounts: str, at: datetime) -> None:
        """These accounts are synced."""
        self.steps.append(Sync(at.astimezone(UTC), accounts))

    def answer(self, member: Member, start: datetime, end: datetime, cause: str, detail: str | None = None) -> None:
        """A line of the answer key."""
        self.answers.append(Answer(*member.who, start.astimezone(UTC), end.astimezone(UTC), cause, detail))

    def free_time(self, members: tuple[Member, ...], minutes: int, *, before: timedelta, after: timedelta) -> datetime:
        """The start of so many minutes within everybody's working hours, in the first one's zone, with nothing else near; taken at once."""
        zone = ZoneInfo(members[0].time_zone)
        days = (self.until - self.first_day).days
        for _ in range(_ATTEMPTS):
            day = self.first_day + timedelta(days=self.rng.randrange(9, max(10, days - 1)))
            start = datetime.combine(day, time(10), zone) + timedelta(minutes=15 * self.rng.randrange(13))
            end = start + timedelta(minutes=minutes)
            fits = day.weekday() in WORKING_DAYS and all(_is_open(member, start, end) for member in members)
            if fits and all(self.agenda.is_free(member.human, start - before, end + after) for member in members):
                for member in members:
                    self.agenda.take(member.human, start - before, end + after)
                return start
        raise RuntimeError(f"no room left for {members[0].name}")

    def earlier(self, start: datetime, *accounts: str) -> datetime:
        """A moment of a working morning some days before ``start``, on a day when nothing else that matters befalls these accounts."""
        for back in range(2, 9):
            day = start.date() - timedelta(days=back)
            if all(day not in self._kept[account] for account in accounts):
                for account in accounts:
                    self._kept[account].add(day)
                return datetime.combine(day, time(9 + back % 3, self.rng.randrange(50)), UTC)
        raise RuntimeError(f"no day left before {start:%Y-%m-%d} for {', '.join(accounts)}")


def _is_open(member: Member, start: datetime, end: datetime) -> bool:
    zone = ZoneInfo(member.time_zone)
    first, last = start.astimezone(zone), end.astimezone(zone)
    return time(9, 30) <= first.time() and last.time() <= time(16, 30) and first.date() == last.date()
