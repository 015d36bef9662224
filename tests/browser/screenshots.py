"""Every page as a picture, to be looked at: ``make screenshots``. The demo's world, on a day on which something is wrong."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatch
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
VIEWS: Final = {
    "heat": ("availability", "page.week.view_heat"),
    "book": ("bookings", "page.book.view_book"),
    "blocked": ("bookings", "page.book.view_blocked"),
    "outbox": ("bookings", "page.book.view_outbox"),
    "drift": ("bookings", "page.book.view_drift"),
    "ahead": ("health", "page.health.view_ahead"),
    "history": ("health", "page.health.view_history"),
    "quarantine": ("health", "page.health.view_quarantine"),
}
"""What is only seen after a click: by the name of its picture, the page and what is clicked."""


@dataclass(frozen=True, slots=True)
class Setting:
    """On which screen, by day or by night, and for whom a page is drawn."""

    kind: str = ""
    """What is added to the pictures' names."""
    width: int = 1280
    scheme: str = "light"
    language: str = "en"
    user: tuple[str, str] = ANNA.key
    """Whose pages, where they are somebody's."""

    def name(self, page: str, view: str | None) -> str:
        """The name of a picture: ``health-history-tablet-light``."""
        return "-".join(part for part in (page, view, self.kind, self.scheme) if part)

    @property
    def habits(self) -> dict[str, Any]:
        """The browser of such a person."""
        size = {"width": self.width, "height": 900}
        return {"viewport": size, "color_scheme": self.scheme, "locale": {"en": "en-GB", "de": "de-DE"}[self.language]}


SETTINGS: Final = (Setting(), Setting(scheme="dark"), Setting("tablet", width=820), Setting("german", language="de"))
Wanted = Callable[[str], bool]
"""Whether a picture is wanted, by its name."""
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


def every_page(browser: Browser, url: str, day: date, setting: Setting, wanted: Wanted) -> None:
    """All pages and views in one setting."""
    shots = [(page, view) for page in PAGES for view in (None, *(view for view, (home, _) in VIEWS.items() if home == page))]
    _pictures(browser, url, day, setting, [shot for shot in shots if wanted(setting.name(*shot))])


def blind(browser: Browser, url: str, day: date, setting: Setting, wanted: Wanted) -> None:
    """What is known of Clara, whose password died: her week, her heat map, and why she cannot be booked."""
    here = replace(setting, kind="-".join(part for part in ("dead", setting.kind) if part), user=CLARA.key)
    shots = [("availability", None), ("availability", "heat"), ("why", None)]
    _pictures(browser, url, day, here, [shot for shot in shots if wanted(here.name(*shot))])


def _pictures(browser: Browser, url: str, day: date, setting: Setting, shots: Sequence[tuple[str, str | None]]) -> None:
    if not shots:
        return
    speak(setting.language)
    visitor = Visitor(browser, url, **setting.habits)
    opened = None
    for page, view in shots:
        if page != opened:
            asked = {"at": datetime.combine(day, time(9, 30), BERLIN).isoformat(), "length": "30m"} if page == "why" else {"from": str(day)}
            visitor.open(opened := page, user="/".join(setting.user), **asked)
        if view is not None:
            visitor.pick(say(VIEWS[view][1]))
            visitor.page.wait_for_timeout(400)
        picture(visitor, setting.name(page, view))
    visitor.context.close()
    speak("en")


def the_rest(browser: Browser, url: str, app: App, wanted: Wanted) -> None:
    """The way to a new account, an invitation, and signing in, by day and by night."""
    for scheme in ("light", "dark"):
        connecting(browser, url, scheme, wanted)
        for language, kind in (("en", ""), ("de", "german")):
            setting = Setting(kind, scheme=scheme, language=language)
            if wanted(setting.name("invitation", None)):
                visitor = Visitor(browser, url, **setting.habits)
                visitor.go_to(f"{url}/{app.invite('ACME', 'ben')['path']}")
                picture(visitor, setting.name("invitation", None))
    if wanted("signing_in-light") or wanted("signing_in-dark"):
        app.add_reader("nora", "analyst", "twelve letters and more")  # from now on everybody has to sign in
        for scheme in ("light", "dark"):
            visitor = Visitor(browser, url, color_scheme=scheme)
            visitor.open("health")
            picture(visitor, f"signing_in-{scheme}")


def connecting(browser: Browser, url: str, scheme: str, wanted: Wanted) -> None:
    """The first two steps to a new account."""
    names = [f"connecting-{step}-{scheme}" for step in ("provider", "guide")]
    if not any(map(wanted, names)):
        return
    visitor = Visitor(browser, url, color_scheme=scheme)
    visitor.open("connections", user="ACME/ben")
    visitor.click("page.add_new")
    visitor.sees(say("page.provider.icloud"))
    picture(visitor, names[0])
    visitor.click("page.next")
    visitor.sees(say("page.guide_done"))
    picture(visitor, names[1])
    visitor.context.close()


def main(patterns: Sequence[str]) -> int:
    """Write them all, or those whose names one of the patterns fits (``'health*' '*-tablet-*'``); where they lie is printed."""
    OUT.mkdir(parents=True, exist_ok=True)

    def wanted(name: str) -> bool:
        return not patterns or any(fnmatch(name, pattern) for pattern in patterns)

    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        clinic, day = stack.enter_context(bad_day(directory))
        browser = stack.enter_context(chromium())
        url = stack.enter_context(Dashboard(clinic.environment, directory / "dashboard.log")).url
        for setting in SETTINGS:
            every_page(browser, url, day, setting, wanted)
            blind(browser, url, day, setting, wanted)
        the_rest(browser, url, clinic.app, wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
