"""A clinic whose user has a linked calendar on one of the servers, and the words that journeys about bookings share."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import icalsync
from icalsync.clock import SystemClock
from icalsync.settings import load_settings
from tests.faults.world import held_open
from tests.icloud.fixtures import ANNA, PASSWORD
from tests.journeys.conftest import connect
from tests.journeys.remote import CloudCalendar, DavCalendar, Remote

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from tests.icloud import ICloud
    from tests.journeys.conftest import Cli
    from tests.servers import DavServer

BERLIN = ZoneInfo("Europe/Berlin")
UTC_FORM = "%Y%m%dT%H%M%SZ"


def monday(hour: int, minute: int = 0) -> datetime:
    """A time on the Monday after next, in Berlin: to be booked, whatever the day of the test."""
    today = SystemClock().now().astimezone(BERLIN)
    day = today.date() + timedelta(days=14 - today.weekday())
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BERLIN)


def stamp(moment: datetime) -> str:
    """An instant as iCalendar writes it in UTC."""
    return moment.astimezone(ZoneInfo("UTC")).strftime(UTC_FORM)


@dataclass(frozen=True)
class Clinic:
    """The command line with anna's account connected and ``Work`` linked; ``work`` and ``private`` are her calendars."""

    cli: Cli
    integration_id: str
    work: Remote
    private: Remote

    def book(self, start: datetime, *options: str, minutes: int = 60, title: str = "First visit", code: int = 0) -> Any:
        """Book anna; the appointment's row."""
        end = start + timedelta(minutes=minutes)
        arguments = ("book", "ACME", "anna", "--start", start.isoformat(), "--end", end.isoformat(), "--title", title)
        return self.cli.json(*arguments, *options) if code == 0 else self.cli(*arguments, *options, "--json", code=code)

    def reschedule(self, appointment: dict[str, Any], start: datetime, *options: str, minutes: int = 60) -> Any:
        """Move an appointment."""
        end = start + timedelta(minutes=minutes)
        return self.cli.json("reschedule", appointment["appointment_id"], "--start", start.isoformat(), "--end", end.isoformat(), *options)

    def cancel(self, appointment: dict[str, Any]) -> Any:
        """Cancel one."""
        return self.cli.json("cancel", appointment["appointment_id"])

    def sync(self, *options: str, code: int | None = 0) -> dict[str, Any]:
        """Sync; the totals."""
        return self.cli.json("sync", *options, code=code)["totals"]

    def appointment(self, appointment: dict[str, Any]) -> dict[str, Any]:
        """Its row as it is now."""
        (row,) = self.rows("appointments", f"appointment_id = '{appointment['appointment_id']}'")
        return row

    def rows(self, view: str, where: str | None = None) -> list[dict[str, Any]]:
        """A public view's rows, through ``export``."""
        output = self.cli.directory / f"{view}.json"
        self.cli("export", view, "-o", str(output), *(("--where", where) if where else ()))
        return json.loads(output.read_text(encoding="utf-8"))

    def busy(self, start: datetime | None = None, *, code: int | None = 0) -> list[dict[str, Any]]:
        """What blocks anna on that day."""
        day = (start or monday(0)).date()
        return self.cli.json("busy", "ACME", "anna", "--from", str(day), "--to", str(day + timedelta(days=1)), code=code)

    def outbox(self) -> list[tuple[str, str]]:
        """Action and state of each intent, in order."""
        return [(row["action"], row["state"]) for row in sorted(self.rows("outbox"), key=lambda row: row["created_at"])]

    def drift(self) -> list[dict[str, Any]]:
        """What is not settled."""
        return self.cli.json("drift", "list", code=None)


@contextmanager
def clinic_on(server: str, cli: Cli, request: pytest.FixtureRequest) -> Iterator[Clinic]:
    """The clinic with its account on ``radicale``, ``xandikos`` or ``icloud``; the file stays open, which saves most of the time."""
    with held_open(icalsync.open(settings=load_settings(cli.environment))):
        if server == "icloud":
            yield clinic_on_icloud(cli, request.getfixturevalue("icloud"))
        else:
            yield clinic_on_dav(cli, request.getfixturevalue(server))


def clinic_on_dav(cli: Cli, server: DavServer) -> Clinic:
    """On a real CalDAV server."""
    for name in ("Work", "Private"):
        server.account.mkcalendar(f"{server.home}{name.lower()}/", name=name)
    done = connect(cli, server)
    cli("link", "ACME", "anna", "Work", *(() if _writable(done, "Work") else ("--assume-writable",)))
    cli("conflicts", "add", "ACME", "anna", "Private")
    cli("sync")
    places = {row["display_name"]: row["href"] for row in done["calendars"]}
    return Clinic(cli, done["integration_id"], DavCalendar(server.account, places["Work"]), DavCalendar(server.account, places["Private"]))


def clinic_on_icloud(cli: Cli, cloud: ICloud) -> Clinic:
    """On the look-alike."""
    cli.environment["ICALSYNC_ICLOUD_URL"] = cloud.url
    arguments = ("connect", "ACME", "anna", "--provider", "icloud", "--account", ANNA, "--password-stdin")
    done = cli.json(*arguments, stdin=PASSWORD + "\n")
    account = cloud.account(ANNA)
    private = account.add_calendar("Private")
    cli("link", "ACME", "anna", "Work")
    cli("sync")
    cli("conflicts", "add", "ACME", "anna", "Private")
    cli("sync")
    return Clinic(cli, done["integration_id"], CloudCalendar(account.calendar("Work")), CloudCalendar(private))


def _writable(done: dict[str, Any], name: str) -> bool:
    return any(row["access"] == "write" for row in done["calendars"] if row["display_name"] == name)
