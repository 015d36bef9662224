"""What happens in the known world, as plain data in the order of time; ``playing`` lets it happen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from icalsync.demo.known.people import Cast, Who


@dataclass(frozen=True, slots=True)
class Put:
    """The owner writes an object into a calendar, or writes over it."""

    at: datetime
    account: str
    slug: str
    name: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Remove:
    """The owner deletes it."""

    at: datetime
    account: str
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Sync:
    """These accounts are synced."""

    at: datetime
    accounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Book:
    """Somebody books a user's time: ``check`` or by force; ``polled``: the user's calendars are asked first (R14)."""

    at: datetime
    who: Who
    start: datetime
    end: datetime
    title: str
    check: bool = True
    polled: bool = True


@dataclass(frozen=True, slots=True)
class Block:
    """Somebody blocks a user's time in the system."""

    at: datetime
    who: Who
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Lock:
    """The account's password is changed, and nobody tells us."""

    at: datetime
    account: str


@dataclass(frozen=True, slots=True)
class Unlock:
    """Somebody reconnects the account with the new one."""

    at: datetime
    account: str


Step = Put | Remove | Sync | Book | Block | Lock | Unlock


@dataclass(frozen=True, slots=True)
class Answer:
    """One seeded double booking: for whom, when both are on, and why; ``detail`` as the view has it."""

    sub_account: str
    user_id: str
    starts_at: datetime
    ends_at: datetime
    cause: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class KnownWorld:
    """Everybody, what happens from the first day on, and the double bookings that are in it."""

    until: date
    seed: int
    weeks: int
    cast: Cast
    begins_at: datetime
    """When the accounts are connected and synced for the first time."""
    ends_at: datetime
    """The last thing that happens; what lies beyond it is the future."""
    policies: Mapping[Who, Mapping[str, str]]
    steps: tuple[Step, ...]
    answers: tuple[Answer, ...]
