"""A database on disk, a clock that is told, and a small world: two sub-accounts, one account that serves both."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from icalsync.core.interval import Interval
from icalsync.core.model import Attendee, CdoStatus, Event, Instance, Participation, Reading, Rejected, Status, Timing, Transparency
from icalsync.ports import Collection, Discovered, Finish, Lease, ObjectWrite, PullBatch
from icalsync.store.accounts import Accounts
from icalsync.store.answers import Answers
from icalsync.store.choices import Choices
from icalsync.store.database import Database
from icalsync.store.people import People
from icalsync.store.pulls import Pulls
from icalsync.store.roles import Roles

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
WINDOW = Interval(datetime(2026, 10, 24, tzinfo=UTC), datetime(2027, 12, 28, tzinfo=UTC))
TOKEN = "t1"
WORK, HOME, FEED = "/dav/anna/work/", "/dav/anna/home/", "/dav/anna/feed/"


@dataclass
class ToldClock:
    """A clock that stands where it is put."""

    at: datetime = NOW

    def now(self) -> datetime:
        """Where it was put."""
        return self.at

    def monotonic(self) -> float:
        """The same, in seconds."""
        return self.at.timestamp()

    def pass_(self, **lapse: float) -> datetime:
        """Let time pass, and say what time it is then."""
        self.at += timedelta(**lapse)
        return self.at


def collection(href: str, name: str, **more: object) -> Collection:
    """A calendar that can be written, unless said otherwise."""
    facts = {
        "kinds": frozenset({"collection", "calendar"}),
        "components": frozenset({"VEVENT"}),
        "privileges": frozenset({"read", "write"}),
    }
    return Collection(href=href, display_name=name, **(facts | more))


def discovered(
    *collections: Collection, addresses: tuple[str, ...] = ("anna@acme.example",), principal: str = "/dav/principals/anna/"
) -> Discovered:
    """An account with a work and a home calendar, and a subscribed one."""
    found = collections or (
        collection(WORK, "Work"),
        collection(HOME, "Home", privileges=frozenset({"read"})),
        collection(FEED, "Holidays", kinds=frozenset({"collection", "subscribed"})),
    )
    return Discovered("https://cal.example", principal, "Anna", addresses, ("/dav/anna/",), found)


def meeting(uid: str, start: datetime, end: datetime, **more: object) -> Reading:
    """A plain event at an instant, or, with naive times or dates, a local one."""
    timing = (
        Timing.INSTANT if isinstance(start, datetime) and start.tzinfo else Timing.FLOATING if isinstance(start, datetime) else Timing.DATE
    )
    facts = {
        "summary": "CANARY TITLE",
        "transparency": Transparency.OPAQUE,
        "status": Status.CONFIRMED,
        "cdo": CdoStatus.UNSET,
        "attendees": (),
        "rrule": None,
    }
    travel = more.pop("travel", timedelta())
    event = Event(
        recurrence_id=None, timing=timing, starts=start, ends=end, time_zone="UTC" if timing is Timing.INSTANT else None, **(facts | more)
    )
    content = f"{uid}{start}{end}{travel}{sorted((k, str(v)) for k, v in more.items())}"
    return Reading(uid, (event,), (Instance(0, None, start, end, travel),), recurring=False, flags=(), content_hash=content)


def invited(uid: str, start: datetime, end: datetime, answer: Participation, address: str = "anna@acme.example") -> Reading:
    """A meeting somebody else organised."""
    return meeting(uid, start, end, attendees=(Attendee(address, answer), Attendee("guest@else.example", Participation.ACCEPTED)))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant in November 2026."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def day(number: int) -> date:
    """A date in November 2026."""
    return date(2026, 11, number)


@dataclass
class World:
    """Everything the store offers, on one file."""

    db: Database
    clock: ToldClock
    people: People = field(init=False)
    accounts: Accounts = field(init=False)
    roles: Roles = field(init=False)
    choices: Choices = field(init=False)
    pulls: Pulls = field(init=False)
    answers: Answers = field(init=False)

    def __post_init__(self) -> None:
        self.people, self.accounts, self.roles = People(self.db), Accounts(self.db), Roles(self.db)
        self.choices, self.pulls, self.answers = Choices(self.db), Pulls(self.db), Answers(self.db)

    def connect(self, user: str = "anna", sub_account: str = "acme", found: Discovered | None = None, integration: str = "int-1") -> None:
        """Let an account serve a user."""
        self.accounts.connect(
            integration_id=integration,
            provider="caldav",
            url="https://cal.example/",
            found=found or discovered(),
            account="anna",
            sub_account=sub_account,
            user_id=user,
        )

    def id_of(self, name: str, user: str = "anna", sub_account: str = "acme") -> str:
        """The id of a calendar."""
        return self.accounts.calendar(sub_account, user, name)["calendar_id"]

    def lease(self, integration: str = "int-1") -> Lease:
        """A lease just taken, and free again at once for the next one."""
        lease = self.pulls.acquire(integration, "test", 60)
        self.pulls.release(lease)
        return lease

    def pull(
        self, calendar: str, *writes: tuple[str, object], token: str = TOKEN, removals: tuple[str, ...] = (), before: str | None = None
    ) -> object:
        """Commit objects of a calendar as a whole pull does: (name, result), each with an ETag of its own."""
        calendar_id = self.id_of(calendar)
        batch = PullBatch(
            calendar_id,
            before,
            tuple(
                ObjectWrite(f"/dav/x/{name}.ics", f'"{name}-{token}"', f"raw {name} {result}".encode(), result) for name, result in writes
            ),
            WINDOW,
            Finish(token, f"c-{token}", token, tuple(f"/dav/x/{name}.ics" for name in removals), (), full=before is None),
        )
        return self.pulls.commit(self.lease(), batch)

    def busy(
        self, user: str = "anna", sub_account: str = "acme", start: datetime | None = None, end: datetime | None = None, **asked: object
    ) -> list[tuple]:
        """(from, to, busyness, reason) of what takes a user's time in November 2026."""
        frame = self.answers.busy([(sub_account, user)], start or at(1, 0), end or at(30, 0), **asked)
        return [(r.starts_at.to_pydatetime(), r.ends_at.to_pydatetime(), r.busyness, r.reason) for r in frame.itertuples()]

    def rows(self, sql: str) -> list[dict]:
        """Rows of any table."""
        with self.db.read() as tx:
            return tx.rows(sql)


@pytest.fixture
def clock() -> ToldClock:
    """A clock at NOW."""
    return ToldClock()


@pytest.fixture
def db(tmp_path: Path, clock: ToldClock) -> Database:
    """A new database."""
    return Database(tmp_path / "data" / "clinic.duckdb", clock)


@dataclass(frozen=True)
class Template:
    """A world made once per test process, to be copied: making one takes a dozen transactions."""

    directory: Path
    at: datetime

    def copy(self, db: Database, clock: ToldClock) -> World:
        """The same world in a file of one's own, at the same time."""
        shutil.copytree(self.directory, db.path.parent)
        clock.at = self.at
        return World(db, clock)


@pytest.fixture(scope="session")
def connected_template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """See ``world``."""
    directory, clock = tmp_path_factory.mktemp("world") / "data", ToldClock()
    world = World(Database(directory / "clinic.duckdb", clock), clock)
    world.people.add_sub_account("acme", "Acme", "Europe/Berlin")
    world.people.add_sub_account("globex", "Globex", "America/New_York")
    world.people.add_user("acme", "anna", name="Anna", email="anna@acme.example")
    world.people.add_user("acme", "ben", name="Ben", time_zone="Asia/Tokyo")
    world.people.add_user("globex", "carla", name="Carla")
    world.connect()
    return Template(directory, clock.pass_(minutes=1))


@pytest.fixture(scope="session")
def chosen_template(tmp_path_factory: pytest.TempPathFactory, connected_template: Template) -> Template:
    """See ``chosen``."""
    directory, clock = tmp_path_factory.mktemp("chosen") / "data", ToldClock()
    world = connected_template.copy(Database(directory / "clinic.duckdb", clock), clock)
    world.roles.link("acme", "anna", "Work", actor="tester")
    world.pull("Work", token="t0")
    return Template(directory, clock.pass_(minutes=1))


@pytest.fixture
def world(db: Database, clock: ToldClock, connected_template: Template) -> World:
    """Sub-account acme with anna and ben, globex with carla; anna's account is connected, nothing is chosen."""
    return connected_template.copy(db, clock)


@pytest.fixture
def chosen(db: Database, clock: ToldClock, chosen_template: Template) -> World:
    """The same, with Work linked and pulled, empty."""
    return chosen_template.copy(db, clock)


def rejected(reason: str = "BAD_DATE", starts: datetime | None = None, ends: datetime | None = None) -> Rejected:
    """An object that could not be read."""
    return Rejected(reason, "DTSTART", "uid-x", starts, ends)
