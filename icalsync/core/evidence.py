"""What an explanation rests on, as plain frozen data: what touches a slot, where it is from, and how it came to be known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from icalsync.core.interval import Interval
from icalsync.core.model import Busyness, Facts, Policy, Reason, Verdict
from icalsync.core.slots import Judgement, Person

Kind = Literal["external", "appointment", "blocked_slot", "coverage"]

NOT_CHOSEN: Final = "NOT_CHOSEN"
"""It lies in a calendar that is no conflict calendar of the user's."""
OWN_COPY: Final = "OWN_COPY"
"""It is the copy of an appointment, which counts once, as the appointment (R11)."""
ANOTHER_USER: Final = "ANOTHER_USER"
"""It takes another user's time."""
MOVED_AWAY: Final = "MOVED_AWAY"
"""An occurrence of a series that was here, and was moved elsewhere (case 10)."""
EXCLUDED: Final = "EXCLUDED"
"""An occurrence of a series that was taken out of it (EXDATE)."""


@dataclass(frozen=True, slots=True)
class Source:
    """The calendar and the account an event lies in, as they were known."""

    calendar_id: str
    calendar: str
    """Its display name."""
    integration_id: str
    provider: str
    blocks: bool = True
    """Whether it is a conflict calendar of the user's (R6)."""
    linked: bool = False
    not_selectable: str | None = None
    """Why it cannot be chosen (R10)."""
    state: str = "ok"
    """``ok``, ``never_pulled``, ``failing`` or ``access_lost``."""
    last_clean_at: datetime | None = None
    """When it was last found clean and up to date."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """The sync run that brought a version of an object."""

    run_id: str
    purpose: str
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Saying:
    """What the calendar object says about the occurrence, apart from its verdict."""

    title: str = ""
    timing: str = "instant"
    """``instant``, ``floating`` or ``date``: how it states its time."""
    time_zone: str | None = None
    """The TZID as written, for an instant."""
    rrule: str | None = None
    """The rules of its series; None where there are none, or only added dates."""
    recurring: bool = False
    changed: bool = False
    """Whether it is an exception of its series: a VEVENT with RECURRENCE-ID."""
    own_address: str | None = None
    """The account's own address among the attendees; None where there is none (case 6)."""
    attendees: int = 0
    flags: tuple[str, ...] = ()
    rejected: str | None = None
    """Why the object cannot be read."""
    lines: tuple[str, ...] = ()
    """The iCalendar lines it rests on, masked as far as nobody asked to see them."""
    foreign: bool = False
    """Whether another user's booking was written here as this event: then its text is not shown, not even on request (R11)."""
    defined_zone: bool = False
    """Whether its zone is what the object defines, and not IANA's."""


@dataclass(frozen=True, slots=True)
class Touch:
    """Something that touches the slot or its buffers, with its own verdict; ``blocks`` says whether it takes the user's time."""

    kind: Kind
    interval: Interval | None
    """None for an event without length."""
    starts_at: datetime
    ends_at: datetime
    verdict: Verdict
    blocks: bool
    set_aside: str | None = None
    """Why it does not block: a reason of the busy rules, or a code of this module."""
    known_from: datetime | None = None
    source: Source | None = None
    href: str | None = None
    uid: str | None = None
    recurrence_id: str | None = None
    version: int | None = None
    """Which stored version of the object it is from."""
    component: int = 0
    """Which VEVENT of that object."""
    ref: str | None = None
    """The appointment's or blocked slot's id; of a drifted copy, its appointment's."""
    owner: str | None = None
    """The other user of the sub-account whose time it takes (set aside as ``ANOTHER_USER``)."""
    facts: Facts | None = None
    policy: Policy | None = None
    saying: Saying = field(default_factory=Saying)
    arrival: Arrival | None = None

    @property
    def event(self) -> tuple[str | None, ...]:
        """What makes it one occurrence of one object, its time of travel included; or the appointment, the blocked slot, the gap."""
        calendar_id = self.source.calendar_id if self.source else None
        return (self.kind, calendar_id, self.href, self.recurrence_id, self.ref, self.owner)

    @property
    def drifted(self) -> bool:
        """Whether it is an appointment's copy that somebody changed: it blocks whatever its marks say (R11)."""
        return self.verdict.reason is Reason.DRIFT

    def during(self, slot: Interval) -> bool:
        """Whether it shares a moment with the slot itself; an event without length, whether it lies in it."""
        return slot.start <= self.starts_at < slot.end if self.interval is None else self.interval.overlaps(slot)


@dataclass(frozen=True, slots=True)
class Learned:
    """Something that became known after the moment asked about: ``what`` is a key of the sentences ``explain.since.…``."""

    at: datetime | None
    """None where only the two answers tell that it differs."""
    what: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """Everything an explanation is made of: the question, the one judgement, and what lies around it."""

    sub_account: str
    user_id: str
    name: str
    slot: Interval
    asked_at: datetime
    known_at: datetime | None
    present: datetime
    """What ages are measured against."""
    person: Person
    hours: Mapping[str, Any]
    """The texts of the opening hours in force, each with where it is from as NAME_from."""
    judgement: Judgement
    touches: tuple[Touch, ...]
    calendars: tuple[Source, ...]
    """Every calendar of the user's accounts."""
    coverage: Mapping[str, Any]
    """``complete``, ``as_of``, ``missing`` (design.md §5)."""
    policies: Mapping[str, Any] = field(default_factory=dict)
    """The policies in force, each with where it is from as NAME_from."""
    revealed: bool = False
    own_titles: bool = False
    """Whether the titles of our own bookings are shown without a reveal: to admins and support at a desk (R18)."""
    learned: tuple[Learned, ...] = ()
    now: tuple[Judgement, Verdict] | None = None
    """For a past ``known_at``: what the same question is answered now."""

    @property
    def zone(self) -> str:
        """The user's zone."""
        return self.person.zone

    @property
    def padded(self) -> Interval:
        """The slot with its buffers: what must be free."""
        return Interval(self.slot.start - self.person.hours.buffer_before, self.slot.end + self.person.hours.buffer_after)


_STRENGTH: Final = {
    Busyness.BUSY: 0,
    Busyness.BUSY_UNAVAILABLE: 1,
    Busyness.BUSY_TENTATIVE: 2,
    Busyness.UNKNOWN: 3,
    Busyness.FREE: 4,
}
_KINDS: Final = ("appointment", "blocked_slot", "external", "coverage")


def strongest_first(touches: tuple[Touch, ...], slot: Interval) -> list[Touch]:
    """What blocks the slot itself first, then what blocks its buffers, then near misses; the strongest busyness first."""
    return sorted(touches, key=lambda one: _rank(one, slot))


def _rank(one: Touch, slot: Interval) -> tuple[Any, ...]:
    strength = _STRENGTH[one.verdict.busyness]
    aside = _aside(one)
    return not one.blocks, not one.during(slot), aside, strength, _KINDS.index(one.kind), one.starts_at, one.ends_at, *map(str, one.event)


def _aside(one: Touch) -> int:
    """Near misses in the order in which people look for them: in a calendar that counts, in one that does not, elsewhere."""
    return {NOT_CHOSEN: 1, OWN_COPY: 2, MOVED_AWAY: 3, EXCLUDED: 4, ANOTHER_USER: 5}.get(one.set_aside or "", 0)


def winning(touches: tuple[Touch, ...], slot: Interval) -> Touch | None:
    """The interval that decides how busy the slot is; None where nothing blocks it."""
    found = next(iter(strongest_first(touches, slot)), None)
    return found if found is not None and found.blocks and found.during(slot) else None
