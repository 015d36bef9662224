"""The dashboard as people meet it: the command, its process, and the pages in a real browser."""

from __future__ import annotations

import http.client
import re
import signal
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from icalsync.cli import dashboard as command
from icalsync.cli import main
from icalsync.messages import say
from tests.browser.conftest import HOSTILE, TITLE, Dashboard, Watched, free_port

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.browser.conftest import Clinic

pytestmark = pytest.mark.timeout(120)
MONDAY = date(2027, 1, 4)


def row(page: Page, words: str) -> list[str]:
    """The lines of the row that begins with these words."""
    found = page.locator("[data-testid=stHorizontalBlock]").filter(has_text=re.compile(f"^{re.escape(words)}"))
    expect(found.first).to_be_visible()
    return [line for line in found.first.inner_text().split("\n") if line]


def test_the_pages_show_what_the_library_says_without_titles_and_without_other_hosts(
    clinic: Clinic, browser: Browser, tmp_path: Path
) -> None:
    """Slots, blocks, coverage, accounts and calendars as the library gives them; R18: no title; and SIGTERM leaves nothing."""
    week = clinic.app.slots("ACME", "anna", MONDAY, MONDAY + timedelta(days=7), length="30m")
    starts = [f"{moment:%H:%M}" for moment in week["starts_at"] if moment.date() == MONDAY]
    with Dashboard(clinic.environment, tmp_path / "dashboard.log") as dashboard:
        page = browser.new_page(viewport={"width": 1280, "height": 900}, timezone_id="Europe/Berlin")
        watched = Watched()
        watched.watch(page, dashboard.url)
        page.goto(f"{dashboard.url}/?user=ACME/anna&from={MONDAY}")
        expect(page.get_by_role("heading", name=say("page.availability"))).to_be_visible(timeout=30000)
        expect(page.get_by_text("Complete: every conflict calendar was pulled")).to_be_visible(timeout=30000)
        expect(page.get_by_text("Mon 2027-01-04").first).to_be_visible(timeout=15000)
        assert row(page, "Mon 2027-01-04") == [
            "Mon 2027-01-04",
            "  ".join(starts),
            "10:00–11:00  Busy · Work",
            f"14:00–14:30  Busy · {HOSTILE}",
        ]
        assert "00:00–01:30  Tentative · Work" in row(page, "Wed 2027-01-06")
        expect(page.get_by_label(say("page.picture"))).to_be_visible(timeout=15000)
        assert TITLE not in page.content()

        page.get_by_role("link", name=say("page.connections")).click()
        expect(page.get_by_text(say("page.some_ill", ill=1, all=2))).to_be_visible(timeout=15000)
        assert say("page.status.reauthentication_needed") in row(page, "ben")
        assert "ACME/ben" in row(page, "ben")
        assert say("page.may.not", why=say("not_selectable.REMINDERS")) in row(page, "Tasks")
        assert row(page, HOSTILE)[2] == say("page.role.CONFLICT")
        assert TITLE not in page.content()
        assert page.locator("img[src=x]").count() == 0
        assert (watched.errors, watched.elsewhere) == ([], [])
        assert dashboard.stop(signal.SIGTERM) == 0
        assert not dashboard.running
    assert "Traceback" not in dashboard.said


def test_ctrl_c_is_the_ordinary_end_and_only_this_machine_gets_in(
    empty_clinic: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S12, S13: a foreign page may not open the socket, the port is on loopback alone; SIGINT ends with 0 and leaves nothing."""
    with Dashboard(empty_clinic.environment, tmp_path / "dashboard.log") as dashboard:
        assert upgrade(dashboard, dashboard.url) == 101
        assert upgrade(dashboard, "http://evil.example") == 403
        listening = {address for address, port in listeners() if port == dashboard.port}
        assert listening == {"0100007F"}
        assert main.run(["dashboard", "--port", str(dashboard.port)]) == 2
        monkeypatch.setattr(command, "USUAL_PORTS", (dashboard.port, following := free_port()))
        assert command.free_port(None) == following
        assert dashboard.stop(signal.SIGINT) == 0
        assert not dashboard.running


def upgrade(dashboard: Dashboard, origin: str) -> int:
    """The status of a WebSocket handshake from a page of ``origin``."""
    connection = http.client.HTTPConnection("127.0.0.1", dashboard.port, timeout=10)
    headers = {"Origin": origin, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    try:
        connection.request("GET", "/_stcore/stream", headers=headers | {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="})
        return connection.getresponse().status
    finally:
        connection.close()


def listeners() -> list[tuple[str, int]]:
    """Addresses (hexadecimal) and ports on which this machine listens, both families."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table, encoding="ascii") as lines:  # noqa: PTH123  # not a file of ours, but the kernel's table
            fields = [line.split() for line in list(lines)[1:]]
        found += [(each[1].split(":")[0], int(each[1].split(":")[1], 16)) for each in fields if each[3] == "0A"]
    return found
