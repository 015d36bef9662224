"""What every chapter plays on: the whole product over a database of its own, a clock that is told, and a tape."""

from __future__ import annotations

import math
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol
from unittest.mock import patch

import icalsync
from icalsync.settings import load_settings
from icalsync.store import instance
from tests.cassettes.invented import FOREIGN_TOKEN
from tests.icloud import MovableClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from icalsync.app import App, SyncReport
    from icalsync.ports import CalendarServer, Delta, Login, ServerDoor, Traffic
    from tests.cassettes.tape import Tape

WINDOW: Final = (datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC))
"""Where all events of the recordings lie."""
SUB_ACCOUNT: Final = "ACME"
PATIENCE: Final = 5.0


class UnexpectedTraffic(AssertionError):
    """A chapter did not go as it should."""


def expect(what: str, found: object, wanted: object) -> None:
    """Hold that two things are equal; a plain assert would say nothing outside of pytest."""
    if found != wanted:
        raise UnexpectedTraffic(f"{what}: {found!r}, expected {wanted!r}")


class Owner(Protocol):
    """Whoever changes things on the server while a chapter plays: past the product, and not on the tape."""

    def put(self, number: int, starts: str, ends: str) -> None:
        """Store event number so-and-so; UTC times (``20270104T090000Z``)."""

    def delete(self, number: int) -> None:
        """Delete it."""

    def expire_tokens(self) -> None:
        """Let the server forget the sync tokens it gave out."""

    def subscribe(self) -> None:
        """Add a subscribed calendar to the account."""

    def throttle(self) -> None:
        """Let the server refuse as iCloud does after a burst, until it recovers."""

    def overload(self) -> None:
        """Let the server say once that it is busy, and until when."""

    def recover(self) -> None:
        """Let it answer again."""

    def settle(self) -> None:
        """Wait, where the server shows later what was written."""


class Nobody:
    """Under replay everything has happened already."""

    def put(self, number: int, starts: str, ends: str) -> None:
        """It stands in the cassette."""

    def delete(self, number: int) -> None:
        """It is gone in the cassette."""

    def expire_tokens(self) -> None:
        """The cassette holds the refusal."""

    def subscribe(self) -> None:
        """It stands in the cassette's listing."""

    def throttle(self) -> None:
        """The cassette refuses."""

    def overload(self) -> None:
        """The cassette is busy."""

    def recover(self) -> None:
        """The cassette answers."""

    def settle(self) -> None:
        """The cassette does not lag."""


@dataclass(frozen=True)
class Account:
    """What a person gives to connect, and the display name of the calendar to be linked."""

    provider: str
    url: str
    name: str
    password: str = field(repr=False)
    calendar: str


@dataclass(frozen=True)
class Manners:
    """What is done differently on a server."""

    others_are_read: bool = True
    """Whether calendars besides the linked one may be pulled: not those of a real person."""
    tokens_expire: bool = True
    """False: the server cannot be made to forget its tokens, so it is asked with one it never gave out."""


@contextmanager
def opened_once(stage: Stage) -> Iterator[Stage]:
    """The same with its database file open all the time: two hundred openings of 25 ms each are no part of what is looked at here."""
    database = stage.app._parts.database
    file = instance.shared(database.path)
    with patch.object(instance, "YIELD_AFTER", math.inf):
        cursor = file.enter(time.monotonic() + PATIENCE, database._open)
        try:
            yield stage
        finally:
            file.leave(cursor)


class Stage:
    """The product as a whole, with two users; ``anna`` is the one who connects."""

    def __init__(
        self,
        directory: Path,
        account: Account,
        manners: Manners,
        clock: MovableClock,
        *,
        private_hosts: bool,
        door: ServerDoor | None = None,
    ) -> None:
        environment = {
            "ICALSYNC_SECRET_KEY_FILE": str(directory / "secret.key"),
            "ICALSYNC_ALLOW_PRIVATE_HOSTS": str(private_hosts).lower(),
            "ICALSYNC_PULL": "chosen",
        }
        if account.provider == "icloud":
            environment["ICALSYNC_ICLOUD_URL"] = account.url
        self.app: App = icalsync.open(directory / "clinic.duckdb", settings=load_settings(environment), clock=clock)
        self.account = account
        self.manners = manners
        self.door = CountingDoor(door or self.app._parts.door)
        self.app._parts.door = self.door
        self.owner: Owner = Nobody()
        self.tape: Tape
        self._clock = clock

    def people(self) -> None:
        """Who is there before the story begins."""
        self.app.add_sub_account(SUB_ACCOUNT, display_name="Acme Clinic", time_zone="Europe/Berlin")
        self.app.add_user(SUB_ACCOUNT, "anna", name="Anna Adler")
        self.app.add_user(SUB_ACCOUNT, "ben", name="Ben Brandt")

    def connect(self, user: str = "anna", *, password: str | None = None) -> dict[str, Any]:
        """Connect the account for a user."""
        self.owner.settle()
        url = None if self.account.provider == "icloud" else self.account.url
        with self.tape.rolling():
            return self.app.connect(
                SUB_ACCOUNT,
                user,
                provider=self.account.provider,
                account=self.account.name,
                password=password or self.account.password,
                url=url,
            )

    def sync(self, **totals: int) -> SyncReport:
        """Sync; these totals must come out, and those not named must be 0 (``requests`` and ``bytes`` are not looked at)."""
        self.owner.settle()
        with self.tape.rolling():
            report = self.app.sync()
        expect("runs", len(report.runs), 1)
        counts = ("added", "changed", "removed", "rejected", "pushed")
        expect("totals", {name: report.totals[name] for name in counts}, dict.fromkeys(counts, 0) | totals)
        return report

    def expire_tokens(self) -> None:
        """From now on the server refuses the tokens it gave out, or is asked with a foreign one."""
        self.owner.expire_tokens()
        self.door.foreign_token = not self.manners.tokens_expire

    def expect_busy(self, *starts: str) -> None:
        """Anna's busy time begins at these moments, and at no other ones: ``01-04 09:00``, in UTC."""
        rows = self.app.busy(SUB_ACCOUNT, "anna", *WINDOW, tz="UTC")
        external = rows[rows["source"] == "external"]
        expect("busy", sorted(moment.strftime("%m-%d %H:%M") for moment in external["starts_at"]), sorted(starts))

    def expect_events(self, count: int) -> None:
        """So many events are known, and no title of them is shown (R18)."""
        events = self.app.view("events")
        expect("events", len(events), count)
        expect("titles", set(events["summary"]), {"•••"})

    def calendars(self) -> list[dict[str, Any]]:
        """Every collection of the account."""
        return self.app.calendars(SUB_ACCOUNT, "anna")

    def linked(self) -> dict[str, Any]:
        """The calendar that is meant for linking."""
        return self.app.calendar(SUB_ACCOUNT, "anna", self.account.calendar)

    def advance(self, seconds: float) -> None:
        """Let time pass, here and (where it has our clock) at the server."""
        self._clock.advance(seconds)


class CountingDoor:
    """The product's door, whose traffic is counted: what vcrpy did not see went past it (deps.md §2)."""

    def __init__(self, door: ServerDoor) -> None:
        self._door = door
        self._traffic: list[Traffic] = []
        self._thread = threading.get_ident()
        self.foreign_token = False

    @property
    def requests(self) -> int:
        """Sent through this door so far."""
        return sum(each.requests for each in self._traffic)

    @contextmanager
    def open(self, login: Login) -> Iterator[CalendarServer]:
        """As ``ServerDoor.open``, in one thread: with several, vcrpy loses requests and lets others through to the network."""
        expect("the thread that opens an account", threading.get_ident(), self._thread)
        with self._door.open(login) as server:
            self._traffic.append(server.traffic)
            yield ForeignToken(server) if self.foreign_token else server


class ForeignToken:
    """A server that is asked for changes with a token it never gave out; for the rest it is what it is."""

    def __init__(self, server: CalendarServer) -> None:
        self._server = server

    def __getattr__(self, name: str) -> Any:
        return getattr(self._server, name)

    def changes_since(self, href: str, _token: str) -> Delta:
        """``SyncTokenInvalid``, whatever was given out before."""
        return self._server.changes_since(href, FOREIGN_TOKEN)
