"""What the look-alike knows: accounts, collections, objects, changes, tombstones. Pure data: no network, and time comes from a clock."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from tests.icloud.calendar_text import uid_in
from tests.icloud.members import Members, Stored
from tests.icloud.tokens import base36, milliseconds, sequence_in, sync_token

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from icalsync.ports import Clock
    from tests.icloud.switches import Switches

_PAGE_BITS: Final = 24
"""Members that an initial listing in pages may have: 16 million."""

Kind = Literal["calendar", "subscribed", "inbox", "outbox", "notification"]


@dataclass(frozen=True, slots=True)
class Change:
    """One object was stored or went away."""

    sequence: int
    before: int
    """The collection's sequence number until then."""
    name: str
    at: datetime


@dataclass(eq=False)
class Content:
    """What is in a collection; a shared one is seen through several accounts' homes."""

    members: Members = field(default_factory=Members)
    changes: list[Change] = field(default_factory=list)
    sequence: int = 1
    changed_at: datetime | None = None
    tombstones: set[str] = field(default_factory=set)
    """Names that were deleted (icloud.md §3.5)."""


@dataclass(eq=False)
class Collection:
    """One row of an account's home (icloud.md §2.2)."""

    id: str
    name: str | None
    kind: Kind = "calendar"
    components: tuple[str, ...] | None = ("VEVENT",)
    color: str | None = "#1E4C63"
    sharing: Literal["shared-owner", "shared"] | None = None
    writable: bool = True
    source: str | None = None
    order: int = 0
    content: Content = field(default_factory=Content)
    floor: int = 0
    """Tokens of earlier sequence numbers are refused."""


@dataclass(eq=False)
class Account:
    """One Apple Account."""

    name: str
    """The primary sign-in address."""
    password: str
    dsid: str
    display_name: str
    aliases: tuple[str, ...] = ()
    collections: dict[str, Collection] = field(default_factory=dict)
    tombstones: set[str] = field(default_factory=set)
    """UIDs that were deleted."""
    removed: dict[str, Collection] = field(default_factory=dict)
    service: bool = True
    """False: Calendar is off in the iCloud settings; 401 though the password is right (icloud.md §1.2)."""
    sequence: int = 1
    """Grows with every change in the home."""

    @property
    def principal(self) -> str:
        """``/<dsid>/principal/``."""
        return f"/{self.dsid}/principal/"

    @property
    def home(self) -> str:
        """``/<dsid>/calendars/``."""
        return f"/{self.dsid}/calendars/"

    def rows(self) -> list[Collection]:
        """The home's collections by id, as iCloud sorts them: UUIDs in capitals first, ``outbox`` last."""
        return sorted(self.collections.values(), key=lambda each: (each.kind == "outbox", each.id))

    def resource_with_uid(self, uid: str) -> tuple[Collection, str] | None:
        """Where a UID stands in this account; None where it does not."""
        for collection in self.collections.values():
            name = collection.content.members.name_of(uid)
            if name is not None:
                return collection, name
        return None


class State:
    """All accounts. Hold ``lock`` for as long as you look or change."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.switches = switches
        self.accounts: dict[str, Account] = {}
        self.throttled_until = 0.0
        self._sequence = 1000
        self._last_stamp = 0
        self.looks = 0
        """How often a ctag was asked for; makes the restless one restless."""

    def add_account(self, name: str, password: str, display_name: str) -> Account:
        """A new account with an empty home; its number (8–11 digits) follows from its name."""
        digest = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
        account = Account(name, password, str(10**9 + digest % (9 * 10**9)), display_name)
        self.accounts[name] = account
        return account

    def account_with_dsid(self, dsid: str) -> Account | None:
        """The account of that number."""
        return next((account for account in self.accounts.values() if account.dsid == dsid), None)

    def next_sequence(self) -> int:
        """Strictly increasing over everything."""
        self._sequence += 1
        return self._sequence

    def new_etag(self) -> str:
        """Quoted; base 36 of epoch milliseconds, strictly increasing (icloud.md §3.5)."""
        self._last_stamp = max(self._last_stamp + 1, milliseconds(self.clock.now()))
        return self.spelled(self._last_stamp)

    def spelled(self, stamp: int) -> str:
        """A stamp as an ETag."""
        return f'"{base36(stamp)}"' if self.switches.etag_style == "base36" else f'"{stamp % 10**11:011d}"'

    def reserve_stamps(self, count: int) -> int:
        """The first of so many stamps in a row."""
        self._last_stamp = max(self._last_stamp, milliseconds(self.clock.now()))
        first, self._last_stamp = self._last_stamp + 1, self._last_stamp + count
        return first

    # --- changes --------------------------------------------------------------------------------------------------------------

    def touch(self, content: Content, name: str | None) -> int:
        """Note a change of a collection, and which object it was."""
        sequence, moment = self.next_sequence(), self.clock.now()
        if name is not None:
            content.changes.append(Change(sequence, content.sequence, name, moment))
        content.sequence, content.changed_at = sequence, moment
        for account in self._seeing(content):
            account.sequence = sequence
        return sequence

    def store(self, account: Account, collection: Collection, name: str, text: str, *, by_device: bool) -> Stored:
        """Create or replace an object, without judging it."""
        content = collection.content
        before = content.members.get(name)
        sequence = self.touch(content, name)
        stored = Stored(
            name=name,
            uid=uid_in(text),
            etag=self.new_etag(),
            created=before.created if before else sequence,
            changed_at=self.clock.now(),
            body=text,
            by_device=by_device,
            older=(before.etag, before.text) if before else None,
        )
        content.members.put(stored)
        content.tombstones.discard(name)
        account.tombstones.discard(stored.uid or "")
        return stored

    def delete(self, account: Account, collection: Collection, name: str, *, moved: bool = False) -> None:
        """Remove an object; its name, and unless it was moved its UID, are burnt."""
        stored = collection.content.members.get(name)
        if stored is None:
            raise KeyError(name)
        collection.content.members.remove(name)
        collection.content.tombstones.add(name)
        if stored.uid and not moved:
            account.tombstones.add(stored.uid)
        self.touch(collection.content, name)

    def remove_collection(self, account: Account, collection: Collection) -> None:
        """A calendar goes, also from the homes it is shared to; one shared to this account is only unlinked (icloud.md §2.2)."""
        own = collection.sharing != "shared"
        if own:
            account.tombstones |= collection.content.members.uids()
        for each in list(self._seeing(collection.content)) if own else [account]:
            seen = next(row for row in each.collections.values() if row.content is collection.content)
            each.removed[seen.id] = each.collections.pop(seen.id)
            each.sequence = self.next_sequence()

    def _seeing(self, content: Content) -> Iterator[Account]:
        for account in self.accounts.values():
            if any(collection.content is content for collection in account.collections.values()):
                yield account

    # --- tokens ---------------------------------------------------------------------------------------------------------------

    def horizon(self, collection: Collection) -> int:
        """The sequence number up to which changes are listed (``listing_lag_seconds``)."""
        lag = self.switches.listing_lag_seconds
        if lag <= 0:
            return collection.content.sequence
        now = self.clock.now()
        young = [change.before for change in collection.content.changes if (now - change.at).total_seconds() < lag]
        return min(young, default=collection.content.sequence)

    def token(self, account: Account, collection: Collection, sequence: int | None = None) -> str:
        """The collection's sync token, now or at a sequence number."""
        number = self.horizon(collection) if sequence is None else sequence
        return sync_token(f"{account.dsid}/{collection.id}", max(number, collection.floor))

    def sequence_of(self, account: Account, collection: Collection, token: str) -> int | None:
        """The sequence number a token stands for; None where it is no token of this collection, or one that has expired."""
        sequence = sequence_in(token, f"{account.dsid}/{collection.id}")
        known = sequence is not None and collection.floor <= sequence <= max(collection.content.sequence, collection.floor)
        return sequence if known else None

    def expire(self, collection: Collection, *, visible: bool) -> None:
        """Refuse tokens given out so far; with ``visible`` also the newest, so that listings show another one."""
        if visible:
            collection.floor = self.next_sequence()
            collection.content.sequence = max(collection.content.sequence, collection.floor)
        else:
            collection.floor = collection.content.sequence

    def changed_since(self, collection: Collection, sequence: int) -> Iterator[tuple[int, str]]:
        """Names that changed after a sequence number, each once, with the number of its last change and in that order."""
        horizon = self.horizon(collection)
        for name in collection.content.members.generated_between(sequence, horizon):
            yield horizon, name
        last: dict[str, int] = {}
        for change in collection.content.changes:
            if sequence < change.sequence <= horizon:
                last.pop(change.name, None)
                last[change.name] = change.sequence
        yield from ((number, name) for name, number in last.items())

    def page_token(self, account: Account, collection: Collection, horizon: int, skip: int) -> str:
        """A token that goes on with the initial listing of a sequence number after so many members."""
        return sync_token(f"{account.dsid}/{collection.id}/page", horizon << _PAGE_BITS | skip)

    def page_of(self, account: Account, collection: Collection, token: str) -> tuple[int, int] | None:
        """The sequence number and the members to skip in such a token; None for any other token."""
        number = sequence_in(token, f"{account.dsid}/{collection.id}/page")
        return None if number is None else (number >> _PAGE_BITS, number & ((1 << _PAGE_BITS) - 1))

    # --- what lags ------------------------------------------------------------------------------------------------------------

    def delivered(self, collection: Collection, name: str) -> tuple[str, str] | None:
        """ETag and text as a multiget or GET gets them; None where there is nothing, or nothing yet (icloud.md §3.1)."""
        stored = collection.content.members.get(name)
        if stored is None:
            return None
        if not self._lags(collection, stored):
            return stored.etag, stored.text
        return stored.older if self.switches.lagging_reads == "stale" else None

    def _lags(self, collection: Collection, stored: Stored) -> bool:
        if (self.clock.now() - stored.changed_at).total_seconds() < self.switches.delivery_lag_seconds:
            return True
        patience = self.switches.delivery_lag_requests
        return patience > 0 and collection.content.members.asked_for(stored) <= patience
