"""A clinic whose user has a linked calendar on one of the servers, and the words that journeys about bookings share."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import icalsync
from icalsync.clock import SystemClock
from icalsync.settings import load_settings
from tests import databases
from tests.faults.world import held_open
from tests.icloud.fixtures import ANNA, PASSWORD
from tests.journeys.conftest import connect, with_anna
from tests.journeys.remote import CloudCalendar, DavCalendar, Remote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

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


_templates: dict[tuple[str, str], Path] = {}
"""Clinics that were set up once, by the kind of their server and where it answers; the look-alike is the same wherever it answers."""


@contextmanager
def clinic_on(server: str, cli: Cli, request: pytest.FixtureRequest) -> Iterator[Clinic]:
    """The clinic with its account on ``radicale``, ``xandikos`` or ``icloud``, synced.

    It is set up once for each server, through the command line, and copied for every test; and the file stays open. Both together save most
    of the time of a test that asks two or three questions.
    """
    found = request.getfixturevalue(server)
    places = _made_on(server, found)
    template = _template(server, cli, found, request.getfixturevalue("tmp_path_factory"))
    shutil.copytree(template, cli.directory, dirs_exist_ok=True)
    if server == "icloud":
        cli.environment["ICALSYNC_ICLOUD_URL"] = found.url
    app = icalsync.open(settings=load_settings(cli.environment))
    with held_open(app):
        if server == "icloud":
            with app._parts.database.write() as tx:
                tx.execute("UPDATE _kept.integration_login SET url = ?", [found.url])
        cli("sync")
        yield Clinic(cli, app.integrations()[0]["integration_id"], *places)


def _made_on(server: str, found: Any) -> tuple[Remote, Remote]:
    """Anna's two calendars, made on her server."""
    if server == "icloud":
        account = found.account(ANNA)
        private = account.add_calendar("Private")
        return CloudCalendar(account.calendar("Work")), CloudCalendar(private)
    for name in ("Work", "Private"):
        found.account.mkcalendar(f"{found.home}{name.lower()}/", name=name)
    return DavCalendar(found.account, f"{found.home}work/"), DavCalendar(found.account, f"{found.home}private/")


def _template(server: str, cli: Cli, found: Any, directories: pytest.TempPathFactory) -> Path:
    key = (server, "" if server == "icloud" else found.url)
    if key not in _templates:
        _templates[key] = directories.mktemp(f"clinic-{server}")
        first = with_anna(cli.moved(_templates[key]))
        if server == "icloud":
            first.environment["ICALSYNC_ICLOUD_URL"] = found.url
            arguments = ("connect", "ACME", "anna", "--provider", "icloud", "--account", ANNA, "--password-stdin")
            _set_up(first, first.json(*arguments, stdin=PASSWORD + "\n"))
        else:
            _set_up(first, connect(first, found))
        databases.let_go()
    return _templates[key]


def clinic_on_dav(cli: Cli, server: DavServer) -> Clinic:
    """The clinic on a real CalDAV server, through the command line from the first step."""
    places = _made_on(server.kind, server)
    return Clinic(cli, _set_up(cli, connect(cli, server)), *places)


def _set_up(cli: Cli, connected: dict[str, Any]) -> str:
    """Choose anna's calendars, and sync; which integration it is."""
    writable = any(row["access"] == "write" for row in connected["calendars"] if row["display_name"] == "Work")
    cli("link", "ACME", "anna", "Work", *(() if writable else ("--assume-writable",)))
    cli("conflicts", "add", "ACME", "anna", "Private")
    cli("sync")
    return str(connected["integration_id"])
