"""The rows that an account's home comes with (icloud.md §2.2, §2.4, §6.3)."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, Final

from tests.icloud.state import Collection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.icloud.state import Account, State

UPGRADED: Final = ("The creator of this list has upgraded these reminders.", "Where are my reminders?")
"""The two to-dos that are left in a list that was upgraded (icloud.md §2.4)."""
_TODO: Final = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Apple Inc.//iCloud Calendar//EN\r\nBEGIN:VTODO\r\nUID:{uid}\r\n"
    "DTSTAMP:20200401T000000Z\r\nSUMMARY:{summary}\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"
)


def furnish(state: State, account: Account, *, fully: bool) -> None:
    """Give an account its collections; where not ``fully``, only ``home`` and what the system makes."""
    for collection in [*_system(), *(_calendars(account) if fully else [Collection("home", "Home", color="#34AADC")])]:
        account.collections[collection.id] = collection
        collection.content.sequence = state.next_sequence()
    if fully:
        for summary in UPGRADED:
            uid = apple_uuid(f"{account.name} {summary}")
            text = _TODO.format(uid=uid, summary=summary)
            state.store(account, account.collections["tasks"], f"{uid}.ics", text, by_device=True)
    account.sequence = state.next_sequence()


def apple_uuid(seed: str) -> str:
    """A UUID in capitals, the same for the same words."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"look-alike {seed}")).upper()


def shared_id(seed: str) -> str:
    """The 64 characters that name a calendar shared to somebody."""
    return hashlib.sha256(seed.encode()).hexdigest()


def _system() -> Iterator[Collection]:
    yield Collection("inbox", None, kind="inbox", color=None)
    yield Collection("notification", None, kind="notification", components=None, color=None)
    yield Collection("outbox", None, kind="outbox", components=("VEVENT", "VTODO"), color=None)


def _calendars(account: Account) -> Iterator[Collection]:
    def new(label: str) -> str:
        return apple_uuid(f"{account.name} {label}")

    yield Collection("home", "Home", components=("VEVENT", "VTODO", "VFREEBUSY"), color="#34AADC", sharing="shared-owner")
    yield Collection(new("work"), "Work", color="#1E4C63", order=1)
    yield Collection(shared_id(f"{account.name} rota"), "Team rota", color="#CC73E1", sharing="shared", writable=False, order=2)
    yield Collection(shared_id(f"{account.name} practice"), "Practice", components=None, color="#63DA38", sharing="shared", order=3)
    feed = "webcal://feeds.example.org/holidays.ics"
    yield Collection(new("holidays"), "Holidays", kind="subscribed", color="#FFCC00", writable=False, source=feed, order=4)
    yield Collection("tasks", "Reminders ⚠️", components=("VTODO",), color="#FF9500", order=5)
    yield Collection(new("nameless"), None, color=None, order=6)
    yield Collection(new("family one"), "Family", color="#FF2968", order=7)
    yield Collection(new("family two"), "Family", color="#FF2968", order=8)
