"""Lets the known world happen to the product: every row comes from a sync, a booking or a choice, by the product's own code.

The clock is told, so that each thing becomes known when the story says. The accounts' calendars lie on a real CalDAV server, or for speed
in memory behind the same port (``shelf``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from icalsync.app import App
from icalsync.app.parts import Parts
from icalsync.app.syncing import prepare
from icalsync.demo.known.shelf import Shelves
from icalsync.demo.known.story import Block, Book, KnownWorld, Lock, Put, Remove, Step, Sync, Unlock
from icalsync.engine.fleet import Refused, sync_integrations
from icalsync.engine.visit import Wish
from icalsync.errors import AlreadyExists, IcalsyncError, SecretNotFound
from icalsync.ports import BookingRequest, IntegrationState, Secret, ServerDoor
from icalsync.settings import load_settings
from icalsync.store import place
from icalsync.store.held import HeldDatabase
from icalsync.store.pulls import Pulls

if TYPE_CHECKING:
    from icalsync.core.interval import Interval
    from icalsync.core.model import ReadResult
    from icalsync.demo.known.people import Cast, Member, Who

ACTOR: Final = "known world"
UNATTENDED: Final = Wish(attended=False)


class Owners(Protocol):
    """Where the accounts' calendars lie, from their owners' side."""

    @property
    def url(self) -> str:
        """Where the accounts are connected at."""
        ...

    def password(self, account: str) -> str:
        """What the account opens with now."""
        ...

    def lock(self, account: str) -> None:
        """Change the account's password."""
        ...

    def put(self, account: str, slug: str, name: str, raw: bytes) -> None:
        """Write an object, or write over it."""
        ...

    def remove(self, account: str, slug: str, name: str) -> None:
        """Delete one."""
        ...


class ToldClock:
    """A clock that stands where it is put."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """Where it was put."""
        return self.at

    def monotonic(self) -> float:
        """The same, in seconds: the story never goes back."""
        return self.at.timestamp()


class Given:
    """Passwords in memory (``ports.SecretStore``): those of the known world open nothing."""

    def __init__(self) -> None:
        self._secrets: dict[str, Secret] = {}

    def get(self, integration_id: str) -> Secret:
        """See ``ports.SecretStore``."""
        if integration_id not in self._secrets:
            raise SecretNotFound(integration_id=integration_id)
        return self._secrets[integration_id]

    def put(self, integration_id: str, secret: Secret) -> None:
        """See ``ports.SecretStore``."""
        self._secrets[integration_id] = secret

    def delete(self, integration_id: str) -> None:
        """See ``ports.SecretStore``."""
        self._secrets.pop(integration_id, None)


class TrustingReader:
    """Reads objects in this process (``ports.ObjectReader``): what the known world wrote itself does not run away."""

    def read(self, raw: bytes, window: Interval) -> ReadResult:
        """See ``ports.ObjectReader``."""
        from icalsync.core.reading import read_object  # noqa: PLC0415  # icalendar is heavy

        return read_object(raw, window)


class WithoutReconciling(Pulls):
    """Pulls as ever, but for the daily comparison of whole listings: the shelves' tokens tell all, and the story leaps over days."""

    def load(self, integration_id: str) -> IntegrationState:
        """See ``ports.PullStore``; every calendar was compared just now."""
        state, now = super().load(integration_id), self._clock.now() if self._clock else None
        compared = tuple(replace(one, reconciled_at=now if one.reconciled_at else None) for one in state.calendars)
        return replace(state, calendars=compared)


def load(world: KnownWorld, database: Path) -> None:
    """The known world straight into a new database, history and all. ``AlreadyExists`` where the file is there."""
    if place.exists(database):
        raise AlreadyExists(kind="database", name=str(database))
    shelves = Shelves(world.cast.accounts)
    with told(world, database, door=shelves) as player:
        player.play(world, shelves)


@contextmanager
def told(world: KnownWorld, database: Path, *, door: ServerDoor | None = None) -> Iterator[Player]:
    """A player with a clock of its own over a new database, which it holds until it is done; without a door the product's own."""
    clock = ToldClock(world.begins_at - timedelta(hours=1))
    settings = load_settings({}, database=database, allow_private_hosts=True)
    with HeldDatabase(database, clock, stale_after=settings.stale_after) as held:
        yield Player(Parts(settings, clock, ACTOR, held), clock, door)


class Player:
    """Does what the story says, step by step."""

    def __init__(self, parts: Parts, clock: ToldClock, door: ServerDoor | None) -> None:
        vars(parts)["secrets"] = Given()
        if door is not None:
            vars(parts)["door"] = door
            parts.pulls = WithoutReconciling(parts.database, clock=clock)
            parts.reader = TrustingReader()  # type: ignore[assignment]  # what both are: ports.ObjectReader
        self._parts, self._clock = parts, clock
        self.app = App(parts)
        self._integrations: dict[str, str] = {}

    def play(self, world: KnownWorld, owners: Owners, *, progress: Callable[[datetime], None] = lambda _at: None) -> None:
        """All of it. What the product refuses is a fault of the story, and raised."""
        self._set_up(world, owners)
        begun = False
        for step in world.steps:
            if not begun and step.at > world.begins_at:
                self._first_sync(world.begins_at)
                begun = True
            self._clock.at = max(step.at, self._clock.at)
            self._do(step, owners)
            progress(step.at)
        self._clock.at = world.ends_at

    def _set_up(self, world: KnownWorld, owners: Owners) -> None:
        for tenant in world.cast.tenants:
            self.app.add_sub_account(tenant.name, display_name=tenant.display_name, time_zone=tenant.time_zone)
            self.app.set_hours(tenant.name, None, tenant.hours)
        for member in world.cast.members:
            self.app.add_user(*member.who, name=member.name, email=member.email, person=member.person)
            self._connect(world.cast, member, owners)
            if member.who in world.policies:
                self.app.set_policy(*member.who, world.policies[member.who])

    def _connect(self, cast: Cast, member: Member, owners: Owners) -> None:
        account = cast.account(member.account)
        secret = owners.password(account.name)
        found = self.app.connect(*member.who, provider="caldav", account=account.name, password=secret, url=owners.url)
        if account.name not in self._integrations:
            self._integrations[account.name] = found["integration_id"]
            self.app.add_addresses(found["integration_id"], account.addresses)
        ids = {row["href"].rstrip("/").rpartition("/")[2]: row["calendar_id"] for row in found["calendars"]}
        if member.alone:
            self.app.link(*member.who, ids[member.work])
        self.app.add_conflicts(*member.who, [ids[slug] for slug in (member.work, *member.conflicts)])

    def _first_sync(self, at: datetime) -> None:
        self._clock.at = at
        prepare(self._parts)
        self._sync(tuple(self._integrations))

    def _do(self, step: Step, owners: Owners) -> None:
        match step:
            case Put():
                owners.put(step.account, step.slug, step.name, step.raw)
            case Remove():
                owners.remove(step.account, step.slug, step.name)
            case Sync():
                self._sync(step.accounts)
            case Book():
                self._book(step)
            case Block():
                self.app.block(*step.who, step.start, step.end)
            case Lock():
                owners.lock(step.account)
            case Unlock():
                self.app.reconnect(self._integrations[step.account], owners.password(step.account))

    def _sync(self, accounts: tuple[str, ...]) -> None:
        """As a watch does it: nobody sits before it who could be asked for a password."""
        context = replace(self._parts.context(), discover_every=timedelta(days=3660))
        for result in sync_integrations(context, [self._integrations[name] for name in accounts], UNATTENDED):
            if isinstance(result, Refused):
                raise result.error

    def _book(self, step: Book) -> None:
        try:
            if step.polled:
                self.app.book(*step.who, step.start, step.end, title=step.title, check=step.check)
            else:
                self._book_unasked(step.who, step)
        except IcalsyncError as error:
            error.add_note(f"{step.who} at {step.at:%Y-%m-%d %H:%M}, for {step.start:%Y-%m-%d %H:%M}")
            raise

    def _book_unasked(self, who: Who, step: Book) -> None:
        """Booked right after a sync: coverage is taken as it stands, and the calendars are not asked again."""
        request = BookingRequest(*who, step.start, step.end, step.title, None, None, check=step.check)
        self._parts.bookings.book(request, actor=ACTOR, asked_at=self._clock.at, polled_since=None)
