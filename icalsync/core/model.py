"""The words of icalsync as plain, frozen data. RFC 5545 names where it has one; nothing here does I/O or knows the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

EventTime = datetime | date
"""A moment as an event says it: an aware UTC ``datetime`` (instant), a naive ``datetime`` (floating wall time) or a ``date`` (all-day)."""


class Busyness(StrEnum):
    """RFC 5545 FBTYPE, plus UNKNOWN: what cannot be known is never free (R12)."""

    FREE = "FREE"
    BUSY = "BUSY"
    BUSY_TENTATIVE = "BUSY_TENTATIVE"
    BUSY_UNAVAILABLE = "BUSY_UNAVAILABLE"
    UNKNOWN = "UNKNOWN"


class Reason(StrEnum):
    """Why a stretch of time is busy, free or unknown (design.md §1, busy rules)."""

    UNREADABLE = "UNREADABLE"
    OWN_APPOINTMENT = "OWN_APPOINTMENT"
    CANCELLED = "CANCELLED"
    TRANSPARENT = "TRANSPARENT"
    DECLINED = "DECLINED"
    ZERO_LENGTH = "ZERO_LENGTH"
    ALL_DAY = "ALL_DAY"
    UNANSWERED = "UNANSWERED"
    TENTATIVE = "TENTATIVE"
    BUSY = "BUSY"
    TRAVEL = "TRAVEL"
    BLOCKED_SLOT = "BLOCKED_SLOT"
    NOT_COVERED = "NOT_COVERED"
    DRIFT = "DRIFT"


class Role(StrEnum):
    """What a calendar is to a user (R4, R6)."""

    LINKED = "LINKED"
    CONFLICT = "CONFLICT"


class Timing(StrEnum):
    """How an event states its time."""

    INSTANT = "instant"
    FLOATING = "floating"
    DATE = "date"


class Transparency(StrEnum):
    """RFC 5545 §3.8.2.7; UNSET where the property is missing (it then means OPAQUE, but a CDO status may speak)."""

    UNSET = "UNSET"
    OPAQUE = "OPAQUE"
    TRANSPARENT = "TRANSPARENT"


class Status(StrEnum):
    """RFC 5545 §3.8.1.11 for VEVENT; a missing STATUS is CONFIRMED."""

    CONFIRMED = "CONFIRMED"
    TENTATIVE = "TENTATIVE"
    CANCELLED = "CANCELLED"


class Participation(StrEnum):
    """RFC 5545 §3.2.12 PARTSTAT of the account's own address; NONE where it is not among the attendees."""

    NONE = "NONE"
    ACCEPTED = "ACCEPTED"
    TENTATIVE = "TENTATIVE"
    DECLINED = "DECLINED"
    NEEDS_ACTION = "NEEDS-ACTION"


class CdoStatus(StrEnum):
    """X-MICROSOFT-CDO-BUSYSTATUS; UNSET where missing."""

    UNSET = "UNSET"
    FREE = "FREE"
    TENTATIVE = "TENTATIVE"
    BUSY = "BUSY"
    OOF = "OOF"


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything about an occurrence that a verdict depends on, apart from the user's policy and whether the event is our own."""

    readable: bool = True
    transparency: Transparency = Transparency.UNSET
    status: Status = Status.CONFIRMED
    participation: Participation = Participation.NONE
    cdo: CdoStatus = CdoStatus.UNSET
    all_day: bool = False
    zero_length: bool = False
    travel: bool = False


Choice = Literal["busy", "free"]
AllDay = Literal["as_marked", "always", "never"]


@dataclass(frozen=True, slots=True)
class Policy:
    """The busy policies in force for one user and one calendar (design.md §1)."""

    unanswered: Choice = "busy"
    tentative: Choice = "busy"
    travel: Choice = "busy"
    all_day: AllDay = "as_marked"


ALL_POLICIES: Final = tuple(
    Policy(unanswered, tentative, travel, all_day)
    for unanswered in ("busy", "free")
    for tentative in ("busy", "free")
    for travel in ("busy", "free")
    for all_day in ("as_marked", "always", "never")
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement and its reason; ``blocks`` is true for everything but FREE."""

    busyness: Busyness
    reason: Reason

    @property
    def blocks(self) -> bool:
        """Whether availability is taken (UNKNOWN is not free, R12)."""
        return self.busyness is not Busyness.FREE


@dataclass(frozen=True, slots=True)
class Attendee:
    """A calendar user address, lower case and without ``mailto:``, and its PARTSTAT."""

    address: str
    participation: Participation


@dataclass(frozen=True, slots=True)
class Event:
    """One VEVENT as it stands in an object: a master, a single event or an override."""

    recurrence_id: str | None
    """RECURRENCE-ID in basic iCalendar form as instance identity (``20261124T130000Z``, ``20261124T140000`` floating, ``20261124``)."""
    summary: str
    timing: Timing
    starts: EventTime
    ends: EventTime
    """Exclusive (RFC 5545 §3.6.1)."""
    time_zone: str | None
    """The TZID of DTSTART, or ``UTC``; None for floating and all-day."""
    transparency: Transparency
    status: Status
    cdo: CdoStatus
    attendees: tuple[Attendee, ...]
    rrule: str | None


@dataclass(frozen=True, slots=True)
class Instance:
    """One occurrence of an object, before it is seen by a user: times as the event says them."""

    component: int
    """Index into ``Reading.events`` of the VEVENT it comes from."""
    recurrence_id: str | None
    """None for an event that does not recur."""
    starts: EventTime
    ends: EventTime
    travel: timedelta
    """X-APPLE-TRAVEL-DURATION: time before ``starts``; zero where there is none."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A calendar object that was understood."""

    uid: str
    events: tuple[Event, ...]
    instances: tuple[Instance, ...]
    """Those of a recurring object that touch the window; all of one that does not recur."""
    recurring: bool
    flags: tuple[str, ...]
    """What was odd but understood (``MIXED_TIMES``, ``TRUNCATED``, ``NEGATIVE_DURATION``, ``ORPHAN_OVERRIDE``, …)."""
    content_hash: str
    """Of what the object means to us, without DTSTAMP (icloud.md §3.5: it changes at each reading)."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A calendar object that could not be understood: kept raw, quarantined, visible; lowers coverage, never opens a slot (R12)."""

    reason: str
    """An upper-case code: ``NOT_ICALENDAR``, ``BAD_DATE``, ``BAD_RULE``, ``TZ_UNRESOLVED``, ``TOO_LARGE``, ``BUDGET``, ``EMPTY``, …"""
    detail: str
    """What exactly, without any title."""
    uid: str | None = None
    starts: EventTime | None = None
    """Where the time can be told, that time blocks as UNKNOWN; else the calendar's coverage falls."""
    ends: EventTime | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A calendar object without any VEVENT (C22): nothing to read, and nothing wrong."""

    component: str


ReadResult = Reading | Rejected | Skipped


@dataclass(frozen=True, slots=True)
class Content:
    """An appointment as its event should be on the server; instants aware, shown in ``zone`` (IANA)."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    summary: str
    description: str
    sequence: int
    created_at: datetime
    modified_at: datetime
