"""The doors as the engine sees them: protocols, and the plain data that goes through them.

``engine`` knows only these. ``caldav``, ``store``, ``secret`` and ``workers`` implement them; ``app`` wires them together. Hrefs are
server paths (no host: icloud.md §1.1.5), kept as the server spells them; compare them by ``core.paths.path_key``.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal, Protocol

from icalsync.core.backoff import WELL, Standing
from icalsync.core.interval import Interval
from icalsync.core.model import Content, ReadResult

# --- time, secrets, names ----------------------------------------------------------------------------------------------------


class Clock(Protocol):
    """The only source of time; the core never asks, it is told."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; for deadlines and leases within one process."""
        ...


class Secret:
    """A password that does not print, pickle, hash or compare leakily (S1). ``reveal()`` is the only way in."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """The password itself: call it only where it is sent or encrypted, and keep no copy."""
        return self.__value

    def __repr__(self) -> str:
        return "Secret(•••)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__value.encode(), other.reveal().encode())

    __hash__ = None  # type: ignore[assignment]  # a hash would put the secret's identity into sets and caches

    def __reduce__(self) -> Any:
        raise TypeError("a Secret cannot be pickled or copied")

    def __bool__(self) -> bool:
        return bool(self.__value)


class SecretStore(Protocol):
    """Keeps one password per integration; never in the database, never in plain text."""

    def get(self, integration_id: str) -> Secret:
        """The password; ``SecretNotFound``, ``SecretKeyMissing``, ``SecretKeyWrong``, ``SecretStoreUnavailable``."""
        ...

    def put(self, integration_id: str, secret: Secret) -> None:
        """Store or replace it; the same errors."""
        ...

    def delete(self, integration_id: str) -> None:
        """Forget it; nothing happens where there is none."""
        ...


class Resolver(Protocol):
    """Names to addresses, and the judgement whether an address may be talked to (S14, design.md §5 "Hosts")."""

    def resolve(self, host: str, port: int) -> Sequence[str]:
        """Numeric addresses of ``host``, all of them allowed; ``HostUnknown`` or ``PrivateHost``."""
        ...

    def check_peer(self, host: str, address: str) -> None:
        """The address a connection really has; ``PrivateHost`` where it is not allowed (DNS rebinding)."""
        ...


# --- what a CalDAV server says ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Login:
    """What opening an account takes. ``url`` is where discovery starts, or the origin the account was connected at."""

    provider: str
    """``icloud`` or ``caldav``: a key of ``core.providers.PROVIDERS``."""
    url: str
    account: str
    password: Secret = field(repr=False)


@dataclass(frozen=True, slots=True)
class Collection:
    """One row of a home listing, as the server told it (RFC 4918, 4791, 3744; icloud.md §2)."""

    href: str
    kinds: frozenset[str]
    """Local names in ``resourcetype``: ``collection``, ``calendar``, ``subscribed``, ``schedule-inbox``, ``notification``, …"""
    display_name: str | None = None
    color: str | None = None
    """``#RRGGBB``."""
    components: frozenset[str] | None = None
    """``supported-calendar-component-set``; None where the server does not say."""
    privileges: frozenset[str] | None = None
    """Local names in ``current-user-privilege-set``; None where the server does not say (R3: then access is read)."""
    ctag: str | None = None
    sync_token: str | None = None
    reports: frozenset[str] | None = None
    """Local names in ``supported-report-set``; None where the server does not say."""
    source: str | None = None
    """The feed of a subscription (CalendarServer ``source``); may hold a token, never shown."""


@dataclass(frozen=True, slots=True)
class Discovered:
    """What discovery found: all paths, no hosts."""

    origin: str
    """``scheme://host[:port]`` the account was connected at, after same-site redirects."""
    principal: str
    display_name: str | None
    addresses: tuple[str, ...]
    """The principal's ``calendar-user-address-set``: lower-case e-mail addresses without ``mailto:``."""
    homes: tuple[str, ...]
    collections: tuple[Collection, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """One object in a listing. ``etag`` is None where the server gave none (C6, H28)."""

    href: str
    etag: str | None


@dataclass(frozen=True, slots=True)
class FullListing:
    """Every member of a collection. Only this, and only when ``clean``, proves absence (R13)."""

    members: tuple[Member, ...]
    sync_token: str | None
    clean: bool = True
    """False where any row could not be read or had a 4xx/5xx of its own: then nothing may be removed (H27)."""


@dataclass(frozen=True, slots=True)
class Delta:
    """What changed since a token. A removal is an explicit 404 row (RFC 6578 §3.5), which is proof."""

    changed: tuple[Member, ...]
    removed: tuple[str, ...]
    sync_token: str
    clean: bool = True


@dataclass(frozen=True, slots=True)
class Fetched:
    """One object's text; the ETag comes from the same answer as the text (C28)."""

    href: str
    etag: str | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What a batch of hrefs brought. ``missing`` were not delivered, by multiget nor by GET: no removal follows from that (H7, C25)."""

    objects: tuple[Fetched, ...]
    missing: tuple[str, ...] = ()


@dataclass(slots=True)
class Traffic:
    """Requests sent and bytes received (as sent on the wire, before decompression) on one opened account."""

    requests: int = 0
    bytes: int = 0


STAGES: Final = ("address", "principal", "calendars")
"""Of a discovery: where the account is met, who it is, what calendars it has."""


class CalendarServer(Protocol):
    """One account, opened. Raises the ``ServerError`` tree only; every call is one logical request and counts in ``traffic``."""

    traffic: Traffic

    def discover(self, told: Callable[[str], None] | None = None) -> Discovered:
        """Principal, homes and every collection; also addresses. ``told`` hears each stage as it begins: ``STAGES``."""
        ...

    def list_homes(self, homes: Sequence[str]) -> tuple[Collection, ...]:
        """One PROPFIND Depth 1 per home set (design.md §7)."""
        ...

    def look_at(self, href: str) -> Collection:
        """One PROPFIND Depth 0 on a collection outside the homes; ``CalendarGone`` for 404 and 410."""
        ...

    def changes_since(self, href: str, token: str) -> Delta:
        """sync-collection with a token, all its pages; ``SyncTokenInvalid``, ``Unsupported``."""
        ...

    def list_with_token(self, href: str) -> FullListing:
        """sync-collection with an empty token (RFC 6578 §3.4), all its pages; ``Unsupported``."""
        ...

    def list_members(self, href: str) -> FullListing:
        """PROPFIND Depth 1 ``getetag``: the listing every server has."""
        ...

    def fetch(self, href: str, hrefs: Sequence[str], *, multiget: bool = True) -> FetchResult:
        """calendar-multiget in batches of at most 50, GET for what it does not deliver (and for all where ``multiget`` is false)."""
        ...

    def read(self, href: str) -> Fetched | None:
        """One object by GET; None where there is none (404, 410)."""
        ...

    def create(self, href: str, raw: bytes) -> str | None:
        """PUT with ``If-None-Match: *``; the strong ETag, or None where the server gave none (H35).

        Nothing was written: ``PreconditionFailed``, ``UidConflict``, ``ObjectRefused``, ``AccessDenied``, ``CalendarGone``, ``ServerBusy``,
        ``AuthenticationRejected``. After any other ``ServerError`` the outcome is unknown (H18). Never sent twice.
        """
        ...

    def replace(self, href: str, raw: bytes, etag: str) -> str | None:
        """PUT with ``If-Match``; else as ``create``."""
        ...

    def remove(self, href: str, etag: str) -> None:
        """DELETE with ``If-Match`` and without ``Depth`` (icloud.md §3.6); what is already gone is success. Errors as ``create``."""
        ...


class ServerDoor(Protocol):
    """Opens accounts."""

    def open(self, login: Login) -> AbstractContextManager[CalendarServer]:
        """Nothing is sent yet. ``InsecureUrl``, ``UrlRefused``."""
        ...


class ObjectReader(Protocol):
    """Reads calendar objects: parsing and expansion, bounded."""

    def read(self, raw: bytes, window: Interval) -> ReadResult:
        """Never raises for bad text: that is a ``Rejected``."""
        ...


# --- what the engine tells the store ----------------------------------------------------------------------------------------------


class Purpose(StrEnum):
    """Why a run was made (``sync_runs.purpose``)."""

    CONNECT = "connect"
    SYNC = "sync"
    DISCOVERY = "discovery"
    RECONCILE = "reconcile"
    BOOKING = "booking"


Outcome = Literal["ok", "partial", "failed"]


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to change one integration's data; a commit under an older ``fence`` is refused (``LeaseLost``)."""

    integration_id: str
    holder: str
    fence: int


@dataclass(frozen=True, slots=True)
class CalendarState:
    """What the store knows of a calendar when a run starts."""

    calendar_id: str
    href: str
    display_name: str
    selectable: bool
    in_home: bool
    sync_token: str | None
    listed_ctag: str | None
    """ctag and token as the home listing before the last complete pull told them: equal again means unchanged."""
    listed_token: str | None
    reports: frozenset[str] | None
    state: str
    """``ok``, ``never_pulled``, ``failing``, ``access_lost``."""
    reconciled_at: datetime | None
    """When a full listing was last compared."""
    color: str | None = None
    access: str = "read"
    not_selectable_reason: str | None = None
    """The code, or None where it can be chosen."""
    roles: frozenset[str] = frozenset()
    """Roles it has for anybody (``LINKED``, ``CONFLICT``): setting ``pull = chosen`` limits pulling to these."""
    holds_ours: bool = False
    """Whether an event of ours stands there, or may: it is pulled under ``pull = chosen``, too, so that drift is seen (R11)."""
    held: Mapping[str, datetime] = field(default_factory=dict)
    """Removals that are held (R13): path key → since when."""
    pulled_at: datetime | None = None
    """When a pull last ended."""


@dataclass(frozen=True, slots=True)
class IntegrationState:
    """What the store knows of an integration when a run starts."""

    integration_id: str
    provider: str
    url: str
    account: str
    principal: str
    homes: tuple[str, ...]
    discovered_at: datetime | None
    calendars: tuple[CalendarState, ...]
    window: Interval
    """The horizon that is expanded; a run reads objects over it."""
    standing: Standing = WELL
    """What its past runs mean for this one."""
    host: str = ""
    """The host it starts at: what is asked for by a host holds for all accounts of that name (H15)."""
    held_until: datetime | None = None
    """Until when that host asked for patience; None where it did not, or that is over."""


@dataclass(frozen=True, slots=True)
class ObjectWrite:
    """One object as it now is on the server, and how it was read."""

    href: str
    etag: str | None
    raw: bytes
    result: ReadResult


@dataclass(frozen=True, slots=True)
class Finish:
    """What ends the pull of one calendar; saved in the transaction of the last rows it describes."""

    sync_token: str | None
    listed_ctag: str | None
    listed_token: str | None
    removals: tuple[str, ...]
    held: tuple[str, ...]
    """Removals that are held (R13): they stay, and still block."""
    full: bool
    """Whether a complete listing was compared."""


@dataclass(frozen=True, slots=True)
class SoFar:
    """Requests, bytes and intents carried out of a run that is not over; its objects are counted by its commits."""

    requests: int = 0
    bytes: int = 0
    pushed: int = 0


@dataclass(frozen=True, slots=True)
class PullBatch:
    """Rows of one calendar for one transaction.

    ``started_from`` is the token the pull began with: a commit is thrown away (``LeaseLost``) where the stored one differs.
    """

    calendar_id: str
    started_from: str | None
    writes: tuple[ObjectWrite, ...]
    window: Interval
    finish: Finish | None
    so_far: SoFar | None = None
    """What the run has done until now; its row shows that while it runs, and where it is broken off."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Objects added, changed, removed and rejected (quarantined) by a commit, a calendar or a run."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    rejected: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Sum, field by field."""
        return Counts(self.added + other.added, self.changed + other.changed, self.removed + other.removed, self.rejected + other.rejected)


@dataclass(frozen=True, slots=True)
class CalendarRun:
    """One calendar in one run; written for calendars that were asked."""

    calendar_id: str
    requests: int
    bytes: int
    counts: Counts
    outcome: Outcome
    error_code: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """One run over one integration (``sync_runs``)."""

    run_id: str
    integration_id: str
    purpose: Purpose
    started_at: datetime
    ended_at: datetime
    requests: int
    bytes: int
    counts: Counts
    pushed: int
    outcome: Outcome
    error_code: str | None
    status: str
    """The integration's state after it: ``ok``, ``throttled``, ``unreachable``, ``reauthentication_needed``, ``failing``."""
    status_reason: str | None
    """A sentence for people, or None."""
    calendars: tuple[CalendarRun, ...] = ()
    fresh: tuple[str, ...] = ()
    """Ids of the calendars this run found clean and up to date, asked or not: their ``last_synced_at`` becomes ``ended_at``."""
    whole: bool = True
    """Whether it was about all of the account's calendars, not some that were named."""
    standing: Standing | None = None
    """What it means for the next one; None: an account whose status is ``ok`` is well, any other stands as before."""
    held_until: datetime | None = None
    """Until when the account's host asked for patience in this run (H15)."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """A run as it begins: its row in ``sync_runs`` is there from then on, with the outcome ``running``."""

    run_id: str
    purpose: Purpose
    started_at: datetime
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What somebody who waits for an account's lease finds."""

    held: bool
    """Whether it still is held."""
    run: Run | None
    """The newest recorded run over the whole account that began after the moment asked for."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the watch plans for it."""

    integration_id: str
    host: str
    standing: Standing
    held_until: datetime | None
    last_started_at: datetime | None


class PullStore(Protocol):
    """What pulling needs of the store. Each call is one short opening of the file and one transaction."""

    def acquire(self, integration_id: str, holder: str, seconds: float, beginning: Beginning | None = None) -> Lease:
        """Take the lease for so long, and with ``beginning`` write the run down; ``AnotherSyncIsRunning`` where a fresh one is held.

        Runs of this account that never ended are marked ``aborted``: whoever made them is gone.
        """
        ...

    def renew(self, lease: Lease, seconds: float) -> None:
        """Hold it for so long from now on, and let the run's heartbeat be seen; ``LeaseLost``."""
        ...

    def release(self, lease: Lease, *, asked: bool = True, so_far: SoFar | None = None) -> None:
        """Give it back; nothing happens where it was lost. A run that was not recorded is ``aborted``, with what it had done ``so_far``.

        Not ``asked``: it never was.
        """
        ...

    def elsewhere(self, integration_id: str, since: datetime) -> Elsewhere:
        """Whether the lease is held, and the newest run over the whole account that began after ``since``."""
        ...

    def load(self, integration_id: str) -> IntegrationState:
        """``UnknownIntegration``."""
        ...

    def etags(self, calendar_id: str) -> Mapping[str, str | None]:
        """Stored href → ETag, quarantined objects included."""
        ...

    def odd(self, calendar_id: str, most: int) -> frozenset[str]:
        """Hrefs of stored objects that could not be read, and of those that were odd but understood: at most so many of each.

        Others on each day where there are more.
        """
        ...

    def save_discovery(self, lease: Lease, found: Discovered) -> None:
        """Addresses, homes, collections with their access, new and vanished ones."""
        ...

    def save_listing(self, lease: Lease, collections: Sequence[Collection]) -> None:
        """Collections of the homes with their access, new and vanished ones, as a home listing told them; nothing else changes."""
        ...

    def commit(self, lease: Lease, batch: PullBatch) -> Counts:
        """Rows and, with ``finish``, the token: one transaction; ``LeaseLost``."""
        ...

    def mark_calendar(self, lease: Lease, calendar_id: str, state: str, reason: str | None) -> None:
        """``failing`` or ``access_lost`` with an error code as reason; R12 lowers coverage from then on."""
        ...

    def record(self, lease: Lease, run: Run) -> None:
        """The run, its calendars, the integration's status and the freshness times."""
        ...

    def accounts(self, integration_ids: Sequence[str] | None = None) -> tuple[Account, ...]:
        """The accounts that serve somebody, all or those named, with when they may be asked next."""
        ...

    def sweep(self) -> int:
        """Mark the runs ``aborted`` whose process is gone; how many."""
        ...


# --- what is pushed ----------------------------------------------------------------------------------------------------------------

PushAction = Literal["create", "update", "delete"]


@dataclass(frozen=True, slots=True)
class PushTask:
    """One intent of the outbox that may be tried now, with all that deciding about it takes."""

    outbox_id: str
    action: PushAction
    attempts: int
    appointment_id: str
    calendar_id: str
    calendar_href: str
    writable: bool
    """Whether the calendar can be written to now; where not, ``obstacle`` says why, and the row is parked."""
    obstacle: str | None
    generation: int
    uid: str
    href: str
    content: Content | None = field(repr=False)
    """The event as it should be; None for a deletion."""
    sent: frozenset[str]
    """Fingerprints of texts that may be written over or deleted now: of the last one known to be there, of what was sent since, and of a
    version that a person said to write over. A remote text with another one was changed by its owner."""
    exists: bool
    """Whether this generation is known to have been on the server."""
    doubtful_since: datetime | None
    """When an attempt of this generation was sent whose outcome is still unknown."""
    puts: int
    """PUTs that the server accepted for the present version of the appointment (P14); refused and unanswered ones do not count."""
    pushed_at: datetime | None = None
    """When the server last accepted a PUT of this generation: it may not show it for a moment (icloud.md §3.1)."""


PushResult = Literal["done", "again", "parked", "failed", "next_generation", "diverged"]


@dataclass(frozen=True, slots=True)
class PushOutcome:
    """What became of an attempt."""

    outbox_id: str
    result: PushResult
    code: str | None = None
    """The error's code, or why it was parked."""
    unknown: bool = False
    """The request may have been carried out (H18): the generation stays doubtful."""
    next_try_at: datetime | None = None
    etag: str | None = None
    raw: bytes | None = field(default=None, repr=False)
    """The text as it now is on the server, where it was written or read."""
    sent: str | None = None
    """The fingerprint of what was sent."""
    kind: Literal["edited", "deleted", "moved"] | None = None
    """For ``diverged``: what the owner did (R11)."""
    href: str | None = None
    """For ``diverged`` by moving: where the event stands now."""


class PushStore(Protocol):
    """What pushing needs of the store. Each call is one short opening of the file and one transaction."""

    def due(self, integration_id: str, now: datetime) -> tuple[PushTask, ...]:
        """The oldest open intent of each appointment that may be tried at ``now``; parked ones whose obstacle is gone, too."""
        ...

    def begin(self, lease: Lease, task: PushTask, fingerprint: str | None) -> bool:
        """State ``sending``, one attempt more, journal first (T5), before anything is written remotely; ``LeaseLost``.

        False where the intent or its appointment changed meanwhile: nothing may be sent, and what is due is to be asked again.
        """
        ...

    def settle(self, lease: Lease, outcome: PushOutcome) -> None:
        """What became of it: outbox, appointment, drift and alerts in one transaction; ``LeaseLost``."""
        ...

    def following(self, integration_id: str, now: datetime) -> tuple[PushTask, ...]:
        """Deletions of former events that become due once the intents before them are done: shown by a plan."""
        ...

    def due_integrations(self, now: datetime) -> tuple[str, ...]:
        """Accounts with something to send at ``now``."""
        ...

    def apply_policies(self, lease: Lease, pulled: Sequence[str]) -> int:
        """Settle drift where the connection's policy is ``accept`` or ``restore`` (R11), in calendars this run found clean; how many."""
        ...


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """What somebody wants to book: instants aware; ``check`` False is a forced booking, and is recorded as one."""

    sub_account: str
    user_id: str
    starts_at: datetime
    ends_at: datetime
    title: str = field(repr=False)
    contact_name: str | None = field(default=None, repr=False)
    contact_email: str | None = field(default=None, repr=False)
    check: bool = True
