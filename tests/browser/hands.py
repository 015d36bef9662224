"""A browser in a person's hands: they go to pages by their names, type, choose, click and read. What a page does besides is watched."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import expect, sync_playwright

from icalsync.messages import say

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page

PAGES: Final = ("availability", "why", "bookings", "double_bookings", "connections", "configuration", "health")
PATIENCE: Final = 30_000
"""Milliseconds until what has to come counts as missing: other tests may keep the machine busy."""
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PERSON: Final = {"viewport": {"width": 1280, "height": 900}, "timezone_id": "Europe/Berlin", "locale": "en-GB"}
PROBES: Final = re.compile(r"/[a-z_]+/_stcore/(health|host-config)")
"""Opened at the address of a page, Streamlit's own client first asks for its server below that address, and finds it after two 404s."""
SETTLED: Final = '[data-testid="stApp"][data-test-script-state="notRunning"]'
_HEED: Final = """() => {
  const at = document.querySelector('[data-testid="stApp"]'), state = 'data-test-script-state';
  window.ran = false;
  const observer = new MutationObserver(() => { window.ran = window.ran || at.getAttribute(state) !== 'notRunning'; });
  observer.observe(at, {attributes: true, attributeFilter: [state]});
}"""
"""From now on ``window.ran`` says whether the page's script has begun to run."""
TRACES: Final = ("Traceback (most recent", "StreamlitAPIException", ".py, line", '.py", line')


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium; without one this fails, and says what to install."""
    found = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
    assert found, "the browser tests need Chromium: install the package chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield running
        running.close()


@dataclass
class Watched:
    """What a page did besides showing something."""

    errors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def watch(self, page: Page, base: str, others: tuple[str, ...] = ()) -> None:
        """Note console errors, uncaught exceptions and requests to any other host but the ``others`` that are expected."""
        own = (base + "/", base.replace("http://", "ws://") + "/", "data:", "blob:", *(f"{other}/" for other in others))
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(own) else self.elsewhere.append(request.url))
        page.on("websocket", lambda socket: None if socket.url.startswith(own) else self.elsewhere.append(socket.url))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not PROBES.fullmatch(urlsplit(message.location.get("url", "")).path):
            self.errors.append(message.text)


class Visitor:
    """One person with one window on a dashboard."""

    def __init__(self, browser: Browser, base: str, *, others: tuple[str, ...] = (), **habits: Any) -> None:
        self.base = base
        self.watched = Watched()
        self.context = browser.new_context(**PERSON | habits)
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.watched.watch(self.page, base, others)

    def open(self, name: str = "", **asked: str) -> None:
        """Type an address: a page's name with what is asked, or nothing but that."""
        path = "" if name == "availability" else name
        self.go_to(f"{self.base}/{path}?{urlencode(asked)}")

    def go_to(self, address: str) -> None:
        """Open a link as it was sent."""
        self.page.goto(address)
        self.settle()

    def visit(self, name: str) -> None:
        """Go to a page by its link, and wait until it has drawn everything."""
        self.page.get_by_role("link", name=say(f"page.{name}"), exact=True).click()
        expect(self.page.get_by_role("heading", name=say(f"page.{name}"), exact=True)).to_be_visible(timeout=PATIENCE)
        self.settle()

    def settle(self) -> None:
        """Wait until the page's script has come to its end."""
        expect(self.page.get_by_test_id("stMainBlockContainer")).to_be_visible(timeout=PATIENCE)
        expect(self.page.locator(SETTLED)).to_have_count(1, timeout=PATIENCE)

    def button(self, key: str, within: Locator | None = None) -> Locator:
        """The first button with this sentence on it."""
        return (within or self.page).get_by_role("button", name=say(key), exact=True).first

    def click(self, key: str) -> None:
        """Click the button with this sentence on it."""
        self.button(key).click()

    def pick(self, text: str) -> None:
        """Click the button of a radio or a checkbox by what stands beside it."""
        self._label(text).click()

    def _label(self, text: str) -> Locator:
        return self.page.get_by_test_id("stMainBlockContainer").locator("label").filter(has_text=text).last

    def turn_to(self, view: str) -> None:
        """Choose a page's view by the key of its name, and wait until it is drawn."""
        label = self._label(say(view))
        if not label.locator("input").is_checked():
            self.running(label.click)

    def running(self, deed: Callable[[], object]) -> None:
        """Do something after which the page's script runs, and wait until it has come to its end."""
        self.page.evaluate(_HEED)
        deed()
        self.page.wait_for_function("() => window.ran", timeout=PATIENCE)
        self.settle()

    def type(self, label: str, text: str) -> None:
        """Type into the field with this label."""
        self.page.get_by_label(label, exact=True).fill(text)

    def choices(self, label: str) -> list[str]:
        """What can be chosen; the list is closed again."""
        self._open(label)
        found = self.page.get_by_role("option").all_inner_texts()
        self.page.keyboard.press("Escape")
        return found

    def choose(self, label: str, option: str) -> None:
        """Choose from a list by what the option says."""
        self._open(label)
        self.page.get_by_role("option", name=option, exact=True).click()

    def type_day(self, day: date) -> None:
        """Type a date into the page's first field for one; it holds as soon as one does something else."""
        self.page.get_by_test_id("stDateInput").get_by_role("spinbutton").first.click()
        self.page.keyboard.type(day.strftime("%Y%m%d"))
        self.running(self.page.get_by_role("heading", level=1).click)

    def _open(self, label: str) -> None:
        for _ in range(5):  # a page that is drawn anew meanwhile closes the list
            self.page.get_by_role("combobox", name=label).first.click()
            self.page.wait_for_timeout(300)
            self.settle()
            if self.page.get_by_role("option").count():
                return

    def sees(self, text: str) -> Locator:
        """Wait until this can be read on the page."""
        found = self.page.get_by_text(text).first
        expect(found).to_be_visible(timeout=PATIENCE)
        return found

    @property
    def reads(self) -> str:
        """Everything that can be read on the page."""
        return self.page.locator("body").inner_text()

    def leave(self) -> None:
        """Close the window: nothing went wrong in it, nobody else was asked, and no traceback was shown."""
        if self.page.is_closed():
            return
        shown = self.reads
        self.context.close()
        assert (self.watched.errors, self.watched.elsewhere) == ([], [])
        assert [trace for trace in TRACES if trace in shown] == []
