"""The dashboard as people meet it: the command, its process, and every page in a real browser, for eyes and for screen readers."""

from __future__ import annotations

import http.client
import re
import signal
from datetime import date
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from icalsync.cli import dashboard as command
from icalsync.cli import main
from icalsync.messages import say, speak
from tests.browser.accessible import check_usable
from tests.browser.conftest import HOSTILE, TITLE
from tests.browser.hands import PAGES, PATIENCE
from tests.browser.serving import Dashboard, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.browser.conftest import Clinic
    from tests.browser.hands import Visitor

pytestmark = [pytest.mark.long, pytest.mark.timeout(240)]
MONDAY = date(2027, 1, 4)
ANNA = {"user": "ACME/anna", "from": str(MONDAY)}
VIEWS = {
    "availability": ("page.week.view_heat",),
    "bookings": ("page.book.view_book", "page.book.view_blocked", "page.book.view_outbox", "page.book.view_drift"),
    "health": ("page.health.view_ahead", "page.health.view_history", "page.health.view_quarantine"),
}


@pytest.fixture(scope="module")
def dashboard(clinic: Clinic, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """For all of them; SIGTERM ends it with 0 and leaves nothing, and no traceback was in its log."""
    with Dashboard(clinic.environment, tmp_path_factory.mktemp("served") / "dashboard.log") as running:
        yield running
        assert running.stop(signal.SIGTERM) == 0
        assert not running.running
    assert "Traceback" not in running.said


def test_every_page_opens_without_titles_without_other_hosts_and_without_errors_r18(
    dashboard: Dashboard, enter: Callable[..., Visitor]
) -> None:
    """What the library says stands there as text; R18: no title; nobody else is asked; everybody can use it, by day and by night."""
    visitor = enter(dashboard)
    page = visitor.page
    visitor.open(**ANNA)
    for name in PAGES:
        visitor.visit(name)
        assert TITLE not in page.content()
        assert page.locator("img[src=x]").count() == 0
        assert page.get_by_test_id("stException").count() == 0
        check_usable(visitor, name)
        for view in VIEWS.get(name, ()):
            visitor.turn_to(view)
            assert page.get_by_text(say("page.went_wrong")).count() == 0
            check_usable(visitor, view)
        if name == "configuration":
            expect(page.get_by_text(HOSTILE).first).to_be_attached(timeout=PATIENCE)
            expect(page.get_by_text(say("page.may.not", why=say("not_selectable.REMINDERS")))).to_be_attached()


def test_an_account_in_trouble_comes_first_and_everybody_can_reconnect_or_let_go_of_it(
    dashboard: Dashboard, enter: Callable[..., Visitor]
) -> None:
    """What is wrong and whom it concerns stands in its row; every form that opens from it can be used by day and by night."""
    visitor = enter(dashboard)
    visitor.open("connections", **ANNA)
    visitor.sees(say("page.some_ill", ill=1, all=2))
    first = visitor.page.get_by_test_id("stHorizontalBlock").filter(has_text="ACME/ben").first
    expect(first).to_contain_text(say("page.status.reauthentication_needed"))
    expect(first).to_contain_text("Ben *Bold* (ACME/ben)")
    for deed, then in (("page.reconnect", "page.reconnecting"), ("page.disconnect", "page.disconnecting")):
        visitor.click(deed)
        expect(visitor.page.get_by_role("heading", name=say(then))).to_be_visible(timeout=PATIENCE)
        visitor.settle()
        check_usable(visitor, deed)
        visitor.click("page.cancel")
        expect(visitor.page.get_by_role("heading", name=say(then))).to_have_count(0, timeout=PATIENCE)


def test_a_click_on_a_block_or_a_gap_of_the_picture_explains_it_and_so_does_the_next(
    dashboard: Dashboard, enter: Callable[..., Visitor]
) -> None:
    """Monday's event from 10 to 11, then the gap after it, on the very picture; Back leads from its explanation to where one was."""
    visitor = enter(dashboard)
    visitor.open(**ANNA)
    click_picture(visitor, 10.5)
    visitor.sees(say("page.why.refused"))
    visitor.running(lambda: visitor.page.keyboard.press("Escape"))
    click_picture(visitor, 12.5)
    visitor.sees(say("page.why.offered"))
    visitor.running(lambda: visitor.page.keyboard.press("Escape"))
    click_picture(visitor, 10.5)
    visitor.sees(say("page.why.refused"))
    visitor.click("page.why.open")
    expect(visitor.page.get_by_role("heading", name=say("page.why"), exact=True)).to_be_visible(timeout=PATIENCE)
    visitor.settle()
    assert "known_at" not in visitor.page.url, "a question of now is asked again when the page is loaded again"
    visitor.page.go_back()
    expect(visitor.page.get_by_role("heading", name=say("page.availability"), exact=True)).to_be_visible(timeout=PATIENCE)
    visitor.settle()
    expect(visitor.page).not_to_have_url(re.compile("[?&]at="), timeout=PATIENCE)


def click_picture(visitor: Visitor, hour: float) -> None:
    """Click on the first day of the week's picture at an hour: the picture ends at 20:00, and an hour is 36 pixels high."""
    drawn = visitor.page.locator("[data-testid=stVegaLiteChart] .marks")
    expect(drawn).to_be_visible(timeout=PATIENCE)
    drawn.scroll_into_view_if_needed()
    size = drawn.bounding_box()
    assert size is not None
    place = {"x": 40 + (size["width"] - 40) / 14, "y": size["height"] - 5 - (20 - hour) * 36}
    visitor.running(lambda: drawn.click(position=place))


def test_every_page_can_be_used_in_german_at_a_tablets_width(dashboard: Dashboard, enter: Callable[..., Visitor]) -> None:
    """A browser that asks for German reads it on every page, in its headings and in the ways there; longer words break nothing.

    A screen reader is told that it is German (WCAG 3.1.1).
    """
    visitor = enter(dashboard, locale="de-DE", viewport={"width": 1024, "height": 900})
    try:
        speak("de")
        visitor.open(**ANNA)
        for name in PAGES:
            visitor.visit(name)
            assert visitor.page.get_by_text(say("page.went_wrong")).count() == 0
            check_usable(visitor, f"{name}, German", schemes=("light",))
            expect(visitor.page.locator("html")).to_have_attribute("lang", "de")
    finally:
        speak("en")


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


def test_a_page_that_raises_shows_nothing_of_it_and_the_next_one_works_s22(
    clinic: Clinic, enter: Callable[..., Visitor], tmp_path: Path
) -> None:
    """S22: something below a page is broken, so that it raises in the served process: one plain sentence, no words of it, no place."""
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "altair.py").write_text(f"raise RuntimeError({TITLE!r})\n", encoding="utf-8")
    with Dashboard(clinic.environment | {"PYTHONPATH": str(broken)}, tmp_path / "dashboard.log") as dashboard:
        visitor = enter(dashboard)
        visitor.open("double_bookings")
        shown = visitor.page.get_by_test_id("stException")
        expect(shown).to_be_visible(timeout=PATIENCE)
        assert TITLE not in visitor.page.content()
        assert "altair" not in visitor.reads
        assert shown.get_by_role("link").count() == 0, "nor an offer to ask others about it"
        visitor.visit("health")
        visitor.sees(say("page.health.view_attention"))
        visitor.leave()
    assert TITLE in dashboard.said, "whoever runs it reads it in the log"


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
