"""Everything there is: a server, the proxy before it, a database with one person, and a clock that the test moves."""

from __future__ import annotations

import math
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

import icalsync
from icalsync.caldav.client import CalDavDoor
from icalsync.caldav.hosts import SystemResolver
from icalsync.caldav.transport import Limits
from icalsync.settings import load_settings
from icalsync.store import instance
from tests import databases
from tests.faults.asked import Kind
from tests.faults.catalogue import FAULTS
from tests.faults.proxy import FaultProxy
from tests.faults.sites import CALENDARS, PASSWORD, DavSite, LookAlike, Object, Site, facts_of
from tests.icloud import MovableClock
from tests.servers import event_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from icalsync.app import App

MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 25 * HOUR
"""A little more than a day: discovery and reconciliation are due."""
PATIENT: Final = Limits(connect_timeout=10.0, read_timeout=10.0, total_deadline=20.0, max_body=8 * 1024 * 1024)
HASTY: Final = Limits(connect_timeout=0.3, read_timeout=0.1, total_deadline=0.2, max_body=8 * 1024 * 1024)
_FIRST_DAY: Final = datetime(2026, 12, 1, 8, tzinfo=UTC)
_FORM: Final = "%Y%m%dT%H%M%SZ"
_STORED: Final = """
    SELECT c.integration_key, v.path_key, v.etag, v.kind, r.raw FROM _kept.object_version v
    JOIN _kept.raw_text r USING (version_key) JOIN _kept.calendar c USING (calendar_key)
    WHERE v.known_to = 'infinity'
"""


@dataclass(frozen=True, slots=True)
class Known:
    """One object as the store has it."""

    object: Object
    kind: str
    """``event``, ``rejected`` or ``skipped``."""


_connected: dict[str, bytes] = {}
"""The files of a database that is connected to the look-alike, by name."""


def _files(directory: Path, below: Iterable[str]) -> dict[str, bytes]:
    paths = [path for name in below for path in (directory / name).rglob("*") if path.is_file()]
    return {str(path.relative_to(directory)): path.read_bytes() for path in paths}


def times_of(number: int) -> tuple[datetime, datetime]:
    """Half an hour that belongs to this number alone."""
    start = _FIRST_DAY + timedelta(minutes=30 * number)
    return start, start + timedelta(minutes=30)


def text_of(uid: str, number: int) -> str:
    """An event at the number's time; umlauts, so that encodings matter."""
    start, end = (moment.strftime(_FORM) for moment in times_of(number))
    return event_at(uid, start, end, summary=f"Prüfung größer {number}")


class World:
    """A context manager. Objects are edited through it, so that it knows everything the server ever said."""

    def __init__(self, site: Site, directory: Path, clock: MovableClock) -> None:
        self.site = site
        self.clock = clock
        self.ever: dict[str, set[tuple[str, ...]]] = {}
        """What each place ever held, by path key."""
        self._directory = directory
        self._stack = ExitStack()
        self._number = 0
        self._uids: dict[tuple[str, str], str] = {}
        self._names: dict[str, list[str]] = {calendar: [] for calendar in CALENDARS}

    def __enter__(self) -> Self:
        self._stack.enter_context(self.site)  # type: ignore[arg-type]  # every site is a context manager
        self.proxy = self._stack.enter_context(FaultProxy(self.site.origins))
        if self.site.provider == "icloud":
            self._copied()
        else:
            self.app = self._opened()
            self._connect()
        self._stack.enter_context(held_open(self.app))
        return self

    def _copied(self) -> None:
        """Connected as the first world of this process was: the look-alike is the same for all, but for its port."""
        if not _connected:
            self.app = self._opened()
            self._connect()
            databases.let_go()
            _connected.update(_files(self._directory, ("data", "keys")))
            return
        for name, content in _connected.items():
            path = self._directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o600)
        self.app = self._opened()
        with self.app._parts.database.write() as tx:
            tx.execute("UPDATE _kept.integration_login SET url = ?", [self.proxy.url])

    def __exit__(self, *failure: object) -> None:
        self._stack.close()

    def restart(self) -> None:
        """The product ends and is started anew: nothing but the file and the secrets is left."""
        self.app = self._opened()

    def _opened(self) -> App:
        settings = load_settings(
            {},
            database=self._directory / "data" / "clinic.duckdb",
            secret_key_file=self._directory / "keys" / "secret.key",
            icloud_url=self.proxy.url,
            allow_private_hosts=True,
        )
        app = icalsync.open(settings=settings, clock=self.clock)
        self._doors = {limits: CalDavDoor(SystemResolver(allow_private=True), limits, clock=self.clock) for limits in (PATIENT, HASTY)}
        app._parts.__dict__["door"] = self._doors[PATIENT]
        return app

    def _connect(self) -> None:
        url = {} if self.site.provider == "icloud" else {"url": self.proxy.url}
        self.app.add_sub_account("ACME", time_zone="UTC")
        self.app.add_user("ACME", "anna")
        self.app.connect("ACME", "anna", provider=self.site.provider, account=self.site.account, password=PASSWORD, **url)
        self.app.link("ACME", "anna", "Work")
        self.app.add_conflicts("ACME", "anna", ["Side"])

    # --- what the owner does --------------------------------------------------------------------------------------------------

    def names(self, calendar: str) -> list[str]:
        """The objects that stand there now."""
        return list(self._names[calendar])

    def put(self, calendar: str, name: str) -> None:
        """Create an object, or change its title and time."""
        uid = self._uids.setdefault((calendar, name), f"{name}-{calendar}-{self._number}")
        self.put_text(calendar, name, text_of(uid, self.next_number()))

    def next_number(self) -> int:
        """A number that no object of this world has had."""
        self._number += 1
        return self._number

    def put_text(self, calendar: str, name: str, text: str) -> None:
        """The same with a text of one's own."""
        self.site.put(calendar, name, text)
        if name not in self._names[calendar]:
            self._names[calendar].append(name)
        self._witness(calendar, name, text)

    def delete(self, calendar: str, name: str) -> None:
        """Delete one."""
        self.site.delete(calendar, name)
        self._names[calendar].remove(name)
        self._uids.pop((calendar, name), None)

    def move(self, calendar: str, name: str, other: str) -> None:
        """Drag one to another calendar, where there is none of that name."""
        key, target = (f"{self.site.place(each).rstrip('/')}/{name}" for each in (calendar, other))
        self.site.move(calendar, name, other)
        self._names[calendar].remove(name)
        self._names[other].append(name)
        self._uids[other, name] = self._uids.pop((calendar, name))
        self.ever.setdefault(target, set()).update(self.ever[key])

    def _witness(self, calendar: str, name: str, text: str) -> None:
        key = f"{self.site.place(calendar).rstrip('/')}/{name}"
        self.ever.setdefault(key, set()).add(facts_of(text))

    # --- what is known --------------------------------------------------------------------------------------------------------

    def on_the_server(self) -> dict[str, Object]:
        """Everything in both calendars, by path key."""
        return {key: found for calendar in CALENDARS for key, found in self.site.objects(calendar).items()}

    def known(self) -> dict[str, Known]:
        """Everything that the store holds now."""
        with self.app._parts.database.read() as tx:
            rows = tx.rows(_STORED)
        return {
            row["path_key"]: Known(Object(facts_of(bytes(row["raw"]).decode("utf-8", "replace")), row["etag"]), row["kind"]) for row in rows
        }

    def blocked(self) -> list[tuple[datetime, datetime]]:
        """What blocks Anna, as intervals in order."""
        with self.app._parts.database.read() as tx:
            rows = tx.rows("SELECT starts_at, ends_at FROM busy WHERE user_id = 'anna' ORDER BY 1")
        return [(row["starts_at"].astimezone(UTC), row["ends_at"].astimezone(UTC)) for row in rows]

    def until_a_listing(self) -> float:
        """Seconds until discovery or a full listing is due; nothing where a calendar has no token to ask for changes with."""
        with self.app._parts.database.read() as tx:
            row = tx.row(
                "SELECT least((SELECT min(discovered_at) FROM _kept.integration_freshness), min(reconciled_at)) AS last, "
                "count(*) = count(sync_token) AS tokens FROM _kept.calendar_sync JOIN _kept.calendar_role_version USING (calendar_key)"
            )
        assert row is not None
        return 24 * HOUR - (self.clock.now() - row["last"]).total_seconds() if row["tokens"] else 0.0

    # --- what the product does ------------------------------------------------------------------------------------------------

    def sync(self, *, hasty: bool = False) -> dict[str, Any]:
        """One run, with the usual deadlines or very short ones; its row."""
        self.app._parts.__dict__["door"] = self._doors[HASTY if hasty else PATIENT]
        report = self.app.sync()
        if report.runs:
            return report.runs[0]
        (refused,) = report.refused  # its host asked for patience a while ago, and is not asked now
        return {"outcome": "refused", "status": self.app.integrations()[0]["status"], "error_code": refused["error"]}

    def without_sync_collection(self) -> None:
        """Until the next ``heal`` the server does not know this report, so that listings are asked for (H8)."""
        self.proxy.inject(FAULTS["status_501"], [Kind.SYNC, Kind.FIRST], times=None)


@contextmanager
def held_open(app: App) -> Iterator[None]:
    """Keep the database file open meanwhile: it is not what is tried here, and opening it takes most of a small run's time."""
    database = app._parts.database
    file = instance.shared(database.path)
    cursor = file.enter(time.monotonic() + 5.0, database._open)
    file._opened_at = math.inf  # as if it had only just been opened, so that nobody is asked to let go of it
    try:
        yield
    finally:
        file.leave(cursor)


def make_site(kind: str, directory: Path, clock: MovableClock) -> Site:
    """A server of that kind, not yet started."""
    if kind == "icloud":
        return LookAlike(clock)
    directory.mkdir(parents=True, exist_ok=True)
    return DavSite("radicale" if kind == "radicale" else "xandikos", directory)


def make_world(kind: str, directory: Path) -> World:
    """A world around a server of that kind."""
    clock = MovableClock()
    return World(make_site(kind, directory / "server", clock), directory, clock)
