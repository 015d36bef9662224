"""A practice whose user has a linked calendar on a real server, with what pages about bookings need."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from icalsync.clock import SystemClock
from tests.conftest import PASSWORD
from tests.faults.world import held_open
from tests.journeys.remote import DavCalendar, edited
from tests.servers import event_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.conftest import Clinic
    from tests.servers import DavServer

BERLIN = ZoneInfo("Europe/Berlin")


def monday(hour: int, minute: int = 0) -> datetime:
    """A time on the Monday after next, in Berlin: to be booked, whatever the day of the test."""
    today = SystemClock().now().astimezone(BERLIN)
    day = today.date() + timedelta(days=14 - today.weekday())
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BERLIN)


def stamp(moment: datetime) -> str:
    """An instant as iCalendar writes it in UTC."""
    return moment.astimezone(ZoneInfo("UTC")).strftime("%Y%m%dT%H%M%SZ")


def _instant(text: str) -> datetime:
    """An instant as iCalendar writes it, in UTC or in Berlin."""
    return datetime.strptime(text.rstrip("Z"), "%Y%m%dT%H%M%S").replace(tzinfo=ZoneInfo("UTC") if text.endswith("Z") else BERLIN)


@dataclass(frozen=True)
class Practice:
    """Anna's linked calendar ``Work`` on the server, beside the database."""

    clinic: Clinic
    work: DavCalendar

    def starts(self) -> list[datetime]:
        """When the events on the server begin, in order."""
        found = [re.search(r"BEGIN:VEVENT.*?DTSTART[^:]*:(\w+)", text, re.DOTALL) for text in self.work.texts().values()]
        return sorted(_instant(match[1]) for match in found if match)

    def drag(self, hour: int) -> None:
        """The owner drags the one event of ours to another hour; the next sync sees it."""
        ((href, text),) = ((href, text) for href, text in self.work.texts().items() if "UID:own" not in text)
        text = edited(text, "DTSTART", f"DTSTART:{stamp(monday(hour))}")
        self.work.put(href, edited(text, "DTEND", f"DTEND:{stamp(monday(hour + 1))}"))
        self.clinic.app.sync()


@contextmanager
def practice_on(clinic: Clinic, server: DavServer) -> Iterator[Practice]:
    """The practice, its database open meanwhile, which saves most of the time."""
    app = clinic.app
    app.users()  # made before it is held
    with held_open(app):
        yield _furnished(clinic, server)


def _furnished(clinic: Clinic, server: DavServer) -> Practice:
    """Anna, open on weekdays from 9 to 17, with an event of her own at 13:00 in the calendar that is linked and blocks."""
    path = f"{server.home}work/"
    server.account.mkcalendar(path, name="Work")
    server.account.put(f"{path}own.ics", event_at("own", stamp(monday(13)), stamp(monday(14)), summary="Secret plan"))
    app = clinic.app
    app.add_sub_account("ACME", time_zone="Europe/Berlin")
    app.add_user("ACME", "anna", name="Anna Adler")
    app.connect("ACME", "anna", provider="caldav", url=server.url, account="anna", password=PASSWORD)
    app.link("ACME", "anna", "Work")
    app.set_hours("ACME", None, {"weekly": "Mon-Fri 09:00-17:00"})
    app.sync()
    return Practice(clinic, DavCalendar(server.account, path))
