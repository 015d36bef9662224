"""The dashboard as people meet it: the command, its process, and every page in a real browser, for eyes and for screen readers."""

from __future__ import annotations

import http.client
import signal
from datetime import date
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from icalsync.cli import dashboard as command
from icalsync.cli import main
from icalsync.messages import say
from tests.browser.conftest import HOSTILE, TITLE
from tests.browser.hands import PAGES, PATIENCE
from tests.browser.serving import Dashboard, free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.conftest import Clinic
    from tests.browser.hands import Visitor

pytestmark = pytest.mark.timeout(240)
MONDAY = date(2027, 1, 4)
GRAVE = {"serious", "critical"}
AXE = Axe()
RULES: dict[str, dict[str, object]] = {"light": {}, "dark": {"runOnly": ["color-contrast"]}}
"""By night only the colours are others."""
WITHOUT_MOTION = "*, *::before, *::after { transition: none !important; animation: none !important; }"
"""Colours are measured as they stay, not on their way."""
VIEWS = {
    "availability": ("page.week.view_heat",),
    "bookings": ("page.book.view_book", "page.book.view_blocked", "page.book.view_outbox", "page.book.view_drift"),
    "health": ("page.health.view_history", "page.health.view_quarantine"),
}


def hard_to_use(page: Page) -> list[str]:
    """What axe-core finds serious or critical, by day and by night."""
    found = []
    expect(page.locator('[data-stale="true"]')).to_have_count(0, timeout=PATIENCE)
    for scheme, rules in RULES.items():
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.add_style_tag(content=WITHOUT_MOTION)
        page.wait_for_timeout(150)
        for finding in AXE.run(page, options={"resultTypes": ["violations"]} | rules).response["violations"]:
            if finding["impact"] in GRAVE:
                found += [f"{scheme}: {finding['id']}: {node['html'][:200]}" for node in finding["nodes"]]
    return found


def test_every_page_opens_without_titles_without_other_hosts_and_without_errors(
    clinic: Clinic, enter: Callable[..., Visitor], tmp_path: Path
) -> None:
    """What the library says stands there as text; R18: no title; nobody else is asked; everybody can use it; SIGTERM leaves nothing."""
    with Dashboard(clinic.environment, tmp_path / "dashboard.log") as dashboard:
        visitor = enter(dashboard)
        page = visitor.page
        visitor.open(user="ACME/anna", **{"from": str(MONDAY)})
        for name in PAGES:
            visitor.visit(name)
            assert TITLE not in page.content()
            assert page.locator("img[src=x]").count() == 0
            assert page.get_by_test_id("stException").count() == 0
            assert (name, hard_to_use(page)) == (name, [])
            for view in VIEWS.get(name, ()):
                visitor.pick(say(view))
                page.wait_for_timeout(300)
                visitor.settle()
                assert page.get_by_text(say("page.went_wrong")).count() == 0
                assert (view, hard_to_use(page)) == (view, [])

        visitor.visit("connections")
        visitor.sees(say("page.some_ill", ill=1, all=2))
        first = page.get_by_test_id("stHorizontalBlock").filter(has_text="ACME/ben").first
        expect(first).to_contain_text(say("page.status.reauthentication_needed"))
        expect(first).to_contain_text("Ben *Bold* (ACME/ben)")
        visitor.visit("configuration")
        expect(page.get_by_text(HOSTILE).first).to_be_attached(timeout=PATIENCE)
        expect(page.get_by_text(say("page.may.not", why=say("not_selectable.REMINDERS")))).to_be_attached()
        visitor.visit("connections")
        visitor.click("page.add_new")
        for step, following in (("page.next", "page.guide_done"), ("page.guide_done", "page.password_kept")):
            visitor.click(step)
            visitor.sees(say(following))
            visitor.settle()
            assert (step, hard_to_use(page)) == (step, [])
        visitor.leave()
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
