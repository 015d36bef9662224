"""Every page as a picture, to be looked at: ``make screenshots``. The demo's world, on a day on which something is wrong."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from icalsync.clock import SystemClock
from icalsync.demo.cast import ADDRESSES, ANNA, BEN, CALENDARS, CLARA
from icalsync.demo.seed import seed
from icalsync.demo.server import RadicaleServer
from icalsync.demo.show import next_working_day
from icalsync.demo.tenants import set_up
from icalsync.demo.world import world
from icalsync.messages import say, speak
from icalsync.ports import Secret
from tests.browser.conftest import clinic_in
from tests.browser.hands import PAGES, Visitor, chromium
from tests.browser.serving import Dashboard
from tests.journeys.remote import DavCalendar, edited
from tests.servers import Account

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from icalsync.app import App
    from tests.browser.conftest import Clinic

OUT: Final = Path(__file__).resolve().parents[2] / "build" / "screenshots"
WIDTHS: Final = {"": 1280, "-tablet": 820}
VIEWS: Final = {
    "heat": ("availability", "page.week.view_heat"),
    "book": ("bookings", "page.book.view_book"),
    "blocked": ("bookings", "page.book.view_blocked"),
    "outbox": ("bookings", "page.book.view_outbox"),
    "drift": ("bookings", "page.book.view_drift"),
    "history": ("health", "page.health.view_history"),
    "quarantine": ("health", "page.health.view_quarantine"),
}
"""What is only seen after a click: by the name of its picture, the page and what is clicked."""
BERLIN: Final = ZoneInfo("Europe/Berlin")
PASSWORD: Final = "of the demo's own server"  # nobody else's
TALLEST: Final = 4000


@contextmanager
def bad_day(directory: Path) -> Iterator[tuple[Clinic, date]]:
    """The demo's world, synced; then bookings, one dragged away by its owner, a password that died and an event nobody can read."""
    today = SystemClock().now().astimezone(BERLIN).date()
    passwords = dict.fromkeys(ADDRESSES, PASSWORD)
    clinic = clinic_in(directory)
    with RadicaleServer(directory / "server", passwords) as server:
        seed(world(today), server.url, passwords)
    read_only = ["/".join(plan.key) for plan in CALENDARS if plan.read_only]
    with RadicaleServer(directory / "server", passwords, read_only=read_only) as server:
        app = clinic.app
        set_up(app, server.url, passwords)
        app.sync()
        day = next_working_day(today)
        book(app, day)
        trouble(app, server.url)
        yield clinic, day


def book(app: App, day: date) -> None:
    """Three appointments and a blocked hour, in the first slots that are free."""
    for person, title in ((ANNA, "First visit"), (ANNA, "Follow-up"), (BEN, "Back pain, second visit")):
        free = app.slots(person.sub_account, [person.user_id], day, day + timedelta(days=7), length="30m")
        slot = free.iloc[len(free) // 2]
        app.book(*person.key, slot["starts_at"].to_pydatetime(), slot["ends_at"].to_pydatetime(), title, contact_name="Kim Lee")
    noon = datetime.combine(day + timedelta(days=1), time(12), BERLIN)
    app.block(*CLARA.key, noon, noon + timedelta(hours=1), note="Team lunch")
    app.sync()


def trouble(app: App, url: str) -> None:
    """What a person at the dashboard then has to deal with."""
    patients, home = (
        DavCalendar(Account(url, name, PASSWORD), f"/{name}/{slug}/") for name, slug in (("anna", "patients"), ("ben", "home"))
    )
    href, text = next((href, text) for href, text in patients.texts().items() if "SUMMARY:First visit" in text)
    patients.put(href, later(text))
    home.put("unreadable", edited(edited(text, "UID", "UID:odd"), "RRULE", "RRULE:FREQ=SECONDLY"))
    app._parts.secrets.put(next(row["integration_id"] for row in app.integrations() if row["account_name"] == "clara"), Secret("gone"))
    app.sync()
    app.book(*ANNA.key, *_free(app), "To be written yet")


def _free(app: App) -> tuple[datetime, datetime]:
    today = SystemClock().now().astimezone(BERLIN).date()
    slot = app.slots(*ANNA.key[:1], [ANNA.user_id], today + timedelta(days=8), today + timedelta(days=15), length="30m").iloc[0]
    return slot["starts_at"].to_pydatetime(), slot["ends_at"].to_pydatetime()


def later(text: str) -> str:
    """The event, five hours later and an hour long."""
    start = datetime.strptime(_wall(text), "%Y%m%dT%H%M%S").replace(tzinfo=BERLIN) + timedelta(hours=5)
    stamps = [moment.astimezone(ZoneInfo("UTC")).strftime("%Y%m%dT%H%M%SZ") for moment in (start, start + timedelta(hours=1))]
    return edited(edited(text, "DTSTART", f"DTSTART:{stamps[0]}"), "DTEND", f"DTEND:{stamps[1]}")


def _wall(text: str) -> str:
    inside = text[text.index("BEGIN:VEVENT") :]
    line = next(line for line in inside.splitlines() if line.startswith("DTSTART"))
    return line.rpartition(":")[2].rstrip("Z")


def picture(visitor: Visitor, name: str) -> None:
    """The whole page, as tall as it is."""
    visitor.settle()
    visitor.page.wait_for_timeout(600)
    width = visitor.page.viewport_size["width"]
    tall = visitor.page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    visitor.page.set_viewport_size({"width": width, "height": max(900, min(tall, TALLEST))})
    visitor.page.wait_for_timeout(600)
    path = OUT / f"{name}.png"
    visitor.page.screenshot(path=path)
    visitor.page.set_viewport_size({"width": width, "height": 900})
    print(path)  # noqa: T201  # what this is run for


def every_page(browser: Browser, url: str, day: date, width: str, scheme: str) -> None:
    """All pages and views at one width, by day or by night."""
    visitor = Visitor(browser, url, viewport={"width": WIDTHS[width], "height": 900}, color_scheme=scheme)
    for name in PAGES:
        asked = {"at": datetime.combine(day, time(9, 30), BERLIN).isoformat(), "length": "30m"} if name == "why" else {"from": str(day)}
        visitor.open(name, user="ACME/anna", **asked)
        picture(visitor, f"{name}{width}-{scheme}")
        for view, (page, sentence) in VIEWS.items() if not width else ():
            if page == name:
                visitor.pick(say(sentence))
                visitor.page.wait_for_timeout(400)
                picture(visitor, f"{name}-{view}{width}-{scheme}")
    visitor.context.close()


def the_rest(browser: Browser, url: str, app: App, day: date) -> None:
    """The way to a new account, one page in German, an invitation, and signing in."""
    visitor = Visitor(browser, url)
    visitor.open("connections", user="ACME/ben")
    visitor.click("page.add_new")
    visitor.sees(say("page.provider.icloud"))
    picture(visitor, "connecting-provider-light")
    visitor.click("page.next")
    visitor.sees(say("page.guide_done"))
    picture(visitor, "connecting-guide-light")
    speak("de")
    german: Any = {"locale": "de-DE"}
    for name in ("availability", "connections"):
        visitor = Visitor(browser, url, **german)
        visitor.open(name, user="ACME/anna", **({"from": str(day)} if name == "availability" else {}))
        picture(visitor, f"{name}-german-light")
    visitor = Visitor(browser, url, **german)
    visitor.go_to(f"{url}/{app.invite('ACME', 'ben')['path']}")
    picture(visitor, "invitation-german-light")
    speak("en")
    app.add_reader("nora", "analyst", "twelve letters and more")
    for scheme in ("light", "dark"):
        visitor = Visitor(browser, url, color_scheme=scheme)
        visitor.open("health")
        picture(visitor, f"signing_in-{scheme}")


def main() -> int:
    """Write them all; where they lie is printed."""
    OUT.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        clinic, day = stack.enter_context(bad_day(directory))
        browser = stack.enter_context(chromium())
        url = stack.enter_context(Dashboard(clinic.environment, directory / "dashboard.log")).url
        for width, scheme in (("", "light"), ("", "dark"), ("-tablet", "light")):
            every_page(browser, url, day, width, scheme)
        the_rest(browser, url, clinic.app, day)
    return 0


if __name__ == "__main__":
    sys.exit(main())
