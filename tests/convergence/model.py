"""The plain model: what is on the server, what the store must know of it, and which removals must wait (R13)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from tests.servers import event_at

START: Final = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
FIRST_DAY: Final = datetime(2026, 12, 1, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
HOLD_FOR: Final = timedelta(hours=1)
GRACE: Final = timedelta(hours=24)
GRACE_RUNS: Final = 3
BLOCKING: Final = frozenset({"work", "home"})
"""Calendars with a role; the others are pulled and block nothing."""

Kind = Literal["busy", "free", "series"]
Rows = frozenset[tuple[datetime, datetime]]


@dataclass(frozen=True)
class Meeting:
    """One version of one event: ``number`` tells events apart, ``version`` their texts."""

    number: int
    kind: Kind
    version: int = 0

    @property
    def uid(self) -> str:
        """The same in every version and in every place."""
        return f"meeting-{self.number}@example.org"

    @property
    def rows(self) -> Rows:
        """When it takes place: every version at another time."""
        start = FIRST_DAY + self.number * HOUR + timedelta(minutes=self.version % 4)
        weeks = 3 if self.kind == "series" else 1
        return frozenset((start + timedelta(weeks=week), start + timedelta(weeks=week, minutes=30)) for week in range(weeks))

    @property
    def blocks(self) -> Rows:
        """When it takes somebody's time."""
        return frozenset() if self.kind == "free" else self.rows

    @property
    def text(self) -> str:
        """The calendar object."""
        starts, ends = min(self.rows)
        more = {"busy": (), "free": ("TRANSP:TRANSPARENT",), "series": ("RRULE:FREQ=WEEKLY;COUNT=3",)}[self.kind]
        form = "%Y%m%dT%H%M%SZ"
        return event_at(self.uid, starts.strftime(form), ends.strftime(form), summary=f"Version {self.version}", more=more)

    def edited(self, kind: Kind) -> Meeting:
        """The next version."""
        return replace(self, kind=kind, version=self.version + 1)


@dataclass
class OnServer:
    """A calendar as it is."""

    title: str
    objects: dict[str, Meeting] = field(default_factory=dict)
    revoked: bool = False


@dataclass
class Known:
    """A calendar as the store must know it."""

    title: str
    objects: dict[str, Meeting] = field(default_factory=dict)
    held: dict[str, datetime] = field(default_factory=dict)
    """Objects that are gone and whose removal waits, with since when (R13)."""
    lost_since: datetime | None = None
    """Out of reach since then: everything that was known of it stays, at least until the grace is over (H6, C12)."""
    runs: int = 0
    """Runs since then."""

    @property
    def lost(self) -> bool:
        """Whether it is out of reach."""
        return self.lost_since is not None

    def lose(self, now: datetime) -> None:
        """A run found it out of reach."""
        self.lost_since = self.lost_since or now
        self.runs += 1

    def may_be_forgotten(self, now: datetime) -> bool:
        """H6: a day, and three runs."""
        return self.lost_since is not None and now - self.lost_since >= GRACE and self.runs >= GRACE_RUNS


@dataclass
class Model:
    """Both sides, and the time."""

    now: datetime = START
    server: dict[str, OnServer] = field(default_factory=dict)
    known: dict[str, Known] = field(default_factory=dict)
    numbers: int = 0

    @property
    def visible(self) -> dict[str, OnServer]:
        """What the account's home lists."""
        return {slug: calendar for slug, calendar in self.server.items() if not calendar.revoked}

    def meeting(self, kind: Kind) -> Meeting:
        """A new event."""
        self.numbers += 1
        return Meeting(self.numbers, kind)

    def synced(self) -> None:
        """What a sync that nothing disturbs makes of the store."""
        for slug, calendar in self.visible.items():
            known = self.known.setdefault(slug, Known(calendar.title))
            known.title, known.lost_since, known.runs = calendar.title, None, 0
            waiting = self.waiting(slug)
            known.held = {name: min(known.held.get(name, self.now), self.now) for name in waiting}
            known.objects = {name: known.objects[name] for name in waiting} | calendar.objects
        for slug, known in self.known.items():
            if slug not in self.visible:
                known.lose(self.now)

    def waiting(self, slug: str) -> set[str]:
        """R13: more than ten and more than a fifth at once wait for a listing at least an hour later that shows the same."""
        known, calendar = self.known[slug], self.visible.get(slug)
        if calendar is None:
            return set(known.objects)
        gone = known.objects.keys() - calendar.objects.keys()
        proven = {name for name in gone & known.held.keys() if self.now - known.held[name] >= HOLD_FOR}
        rest = gone - proven
        if len(rest) > 10 and len(rest) > (len(known.objects) - len(proven)) / 5:
            return rest
        return rest & known.held.keys()

    def blocking(self) -> dict[tuple[str, str], Rows]:
        """What must be shown as busy: calendar and name to times."""
        return {
            (slug, name): meeting.blocks
            for slug, known in self.known.items()
            if slug in BLOCKING
            for name, meeting in known.objects.items()
            if meeting.blocks
        }
