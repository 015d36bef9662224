"""Whole ways through the dashboard, in a real browser, against an iCloud of one's own: connect, choose, see, explain, book, settle."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from icalsync.messages import say
from tests.browser.accessible import check_usable
from tests.browser.hands import PATIENCE
from tests.browser.practice import CARL, SECRET, Practice, practice_in
from tests.browser.serving import Dashboard
from tests.dashboard.practice import monday, stamp
from tests.icloud.fixtures import ANNA, BEN, PASSWORD
from tests.journeys.remote import edited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.browser.hands import Visitor

pytestmark = pytest.mark.timeout(180)
WRONG = "qrstuvwxyzabcdef"
INSIDE = """() => [document.documentElement, document.querySelector('[data-testid="stMain"]')].every(
  one => one.scrollWidth <= one.clientWidth)"""
"""Whether nothing of a page lies beside its window."""


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """Anna without a calendar, Ben with one, Carl who is hostile."""
    with practice_in(tmp_path_factory.mktemp("practice")) as made:
        yield made


@pytest.fixture(scope="module")
def dashboard(practice: Practice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """One dashboard for all of them; nothing in its log was a traceback, a password or a title (R18)."""
    with Dashboard(practice.clinic.environment, tmp_path_factory.mktemp("served") / "dashboard.log") as running:
        yield running
        assert [word for word in ("Traceback", PASSWORD, SECRET, "=1+1") if word in running.said] == []


def send(visitor: Visitor, password: str) -> None:
    """Type another password than stands there, and send it once the page has looked at it."""
    visitor.running(lambda: visitor.type(say("page.password_of.icloud"), password))
    visitor.click("page.connect")


def connect(visitor: Visitor, practice: Practice) -> None:
    """R1, R2: provider, guide, an Apple Account's own password (never sent), a wrong one (refused in plain words), the right one."""
    visitor.open("connections", user="ACME/anna")
    expect(visitor.page).to_have_title(say("page.connections"))
    visitor.running(lambda: visitor.click("page.add_new"))
    check_usable(visitor, "which provider")
    visitor.pick(say("page.provider.icloud"))
    visitor.running(lambda: visitor.click("page.next"))
    visitor.sees("appleid.apple.com")
    check_usable(visitor, "the guide")
    visitor.click("page.guide_done")
    before = practice.cloud.ledger.mark()
    visitor.type(say("page.account_of.icloud"), ANNA)
    visitor.type(say("page.password_of.icloud"), "my own secret")
    visitor.sees(say("form.app_specific"))
    visitor.settle()
    check_usable(visitor, "account and password, with a warning")
    visitor.click("page.connect")
    visitor.sees(say("page.fill_in"))
    assert practice.cloud.ledger.requests(after=before) == []
    send(visitor, WRONG)
    visitor.sees(say("page.error.AUTHENTICATION_REJECTED"))
    visitor.settle()
    check_usable(visitor, "a password that was refused")
    assert WRONG not in visitor.page.content()
    assert practice.clinic.app.calendars("ACME", "anna") == []
    send(visitor, PASSWORD)
    visitor.sees(say("page.connected", all=12, usable=7, writable=6))
    visitor.sees(say("page.may.not", why=say("not_selectable.SUBSCRIBED")))
    visitor.settle()
    check_usable(visitor, "what was found")
    assert PASSWORD not in visitor.page.content()


def choose_calendars(visitor: Visitor) -> None:
    """R3, R4, R5: everything is fetched first; what may only be read cannot be picked as linked and says why; then the preview."""
    visitor.click("page.to_configuration")
    visitor.sees(say("page.synced_says", added=1, changed=0, removed=0))
    visitor.sees(say("page.linked_says"))
    offered = visitor.choices(say("page.linked"))
    assert f"Work ({ANNA})" in offered
    assert not [name for name in offered if "Team rota" in name]
    why_not = re.escape(say("page.not_linkable", number="#")).replace(r"\#", r"\d+")
    visitor.page.get_by_text(re.compile(why_not)).click()
    visitor.sees(f"Team rota: {say('configure.read_only')}")
    visitor.choose(say("page.linked"), f"Work ({ANNA})")
    expect(visitor.page.get_by_test_id("stMultiSelect")).to_contain_text(f"Work ({ANNA})", timeout=PATIENCE)
    visitor.choose(say("page.conflicts"), f"Team rota ({ANNA})")
    visitor.page.keyboard.press("Escape")
    visitor.sees(say("page.preview.blocks", blocking=1, tentative=0).partition("\n")[0])
    visitor.settle()
    assert visitor.page.get_by_test_id("stMetricValue").filter(has_text="–").count() == 0
    check_usable(visitor, "a choice with its preview")
    visitor.click("page.save")
    visitor.sees(say("page.saved"))
    visitor.page.set_viewport_size({"width": 820, "height": 1180})  # a tablet held upright
    for page in ("configuration", "connections"):
        visitor.open(page, user="ACME/anna")
        assert visitor.page.evaluate(INSIDE), page
    visitor.page.set_viewport_size({"width": 1280, "height": 900})


@pytest.mark.long
def test_nothing_a_person_clicks_meanwhile_ends_the_connecting_halfway(
    practice: Practice, dashboard: Dashboard, enter: Callable[..., Visitor]
) -> None:
    """The server takes its time: a second click is none, another one draws the page anew, and the account is found all the same."""
    practice.clinic.app.add_user("ACME", "dora", name="Dora Dahl")
    visitor = enter(dashboard)
    visitor.open("connections", user="ACME/dora")
    visitor.running(lambda: visitor.click("page.add_new"))
    visitor.running(lambda: visitor.click("page.next"))
    visitor.running(lambda: visitor.click("page.guide_done"))
    visitor.type(say("page.account_of.icloud"), CARL)
    visitor.running(lambda: visitor.type(say("page.password_of.icloud"), PASSWORD))
    visitor.page.get_by_label(say("page.password_of.icloud"), exact=True).focus()
    with practice.cloud._state.lock:  # it answers nobody
        visitor.page.keyboard.press("Enter")
        told = visitor.page.get_by_role("status").filter(has_text=say("desk.stage.address"))
        expect(told).to_be_visible(timeout=PATIENCE)
        expect(visitor.button("page.connect")).to_be_disabled(timeout=PATIENCE)
        visitor.button("page.connect").click(force=True)
        visitor.page.get_by_text(say("page.invitations"), exact=True).click()
        visitor.button("page.invite").click()
        visitor.sees(say("page.invited_once"))
        expect(told).to_be_visible(timeout=PATIENCE)
    visitor.sees(say("page.connected", all=12, usable=7, writable=6))
    assert say("page.fill_in") not in visitor.reads
    assert practice.clinic.app.calendars("ACME", "dora")


@pytest.mark.long
def test_an_admin_connects_an_icloud_account_in_five_minutes_and_sees_why_r1_r2_r3_r4_r5(
    practice: Practice, dashboard: Dashboard, enter: Callable[..., Visitor]
) -> None:
    """From nothing to an answer with a permanent link: another window that opens the link reads the same answer."""
    visitor = enter(dashboard)
    connect(visitor, practice)
    choose_calendars(visitor)
    visitor.open("availability", user="ACME/anna", **{"from": monday(0).date().isoformat()})
    visitor.page.get_by_role("button", name="10:00–11:00").first.click()
    visitor.sees(say("page.why.refused"))
    visitor.settle()
    check_usable(visitor, "the explanation over a page")
    visitor.click("page.why.open")
    expect(visitor.page.get_by_role("heading", name=say("page.why"), exact=True)).to_be_visible(timeout=PATIENCE)
    visitor.sees(say("page.why.customer_says"))
    visitor.settle()
    for details in visitor.page.get_by_text(say("page.why.read_as")).all():
        details.click()
    check_usable(visitor, "the explanation with everything opened")
    answer = visitor.page.locator("code").first.inner_text()
    assert "10:00–10:30" in answer
    assert SECRET not in visitor.page.content()
    visitor.click("page.why.link")
    link = visitor.page.get_by_test_id("stPopoverBody").locator("code").inner_text()
    colleague = enter(dashboard)
    colleague.go_to(link.strip())
    expect(colleague.page.locator("code").first).to_have_text(answer, timeout=PATIENCE)


def test_the_heat_map_is_drawn_and_can_be_read_aloud(dashboard: Dashboard, enter: Callable[..., Visitor]) -> None:
    """A picture with a cell for each open hour of the week, and a table that says the same."""
    visitor = enter(dashboard)
    visitor.open("availability", user="ACME/ben", **{"from": monday(0).date().isoformat()})
    visitor.turn_to("page.week.view_heat")
    visitor.sees(say("heat.lost"))
    picture = visitor.page.get_by_test_id("stVegaLiteChart").first
    expect(picture.locator("canvas, svg").first).to_be_visible(timeout=PATIENCE)
    visitor.page.get_by_text(say("page.heat.as_table")).click()
    table = visitor.page.get_by_test_id("stTable")
    expect(table.get_by_role("cell").first).to_be_visible(timeout=PATIENCE)
    assert table.get_by_role("cell", name="0%", exact=True).count() == 5 * 8


@pytest.mark.long
def test_a_booking_stands_on_the_server_and_a_drag_there_is_settled_in_the_page_r4_r11(
    practice: Practice, dashboard: Dashboard, enter: Callable[..., Visitor]
) -> None:
    """R4, R11: booked in the page, read on the server; dragged on a telephone, it is never overwritten until somebody settles it."""
    visitor = enter(dashboard)
    visitor.open("bookings", user="ACME/ben")
    visitor.pick(say("page.book.view_book"))
    visitor.sees(say("page.book.now"))
    visitor.type_day(monday(0).date())
    visitor.choose(say("page.book.start"), "09:00")
    visitor.type(say("page.book.title"), "First visit")
    visitor.click("page.book.now")
    visitor.sees(say("page.book.push.pushed"))
    (text,) = practice.written(BEN)
    assert "SUMMARY:First visit" in text
    drag(practice, 15)
    visitor.open("configuration", user="ACME/ben")
    visitor.click("page.sync_now")
    visitor.sees(re.compile("^Fetched"))
    visitor.visit("bookings")
    visitor.sees(say("page.drift.open", number=1))
    visitor.pick(say("page.book.view_drift"))
    visitor.sees(say("page.drift.theirs"))
    visitor.settle()
    check_usable(visitor, "a change, side by side")
    visitor.click("page.drift.settle_restore")
    visitor.sees(say("page.drift.none"))
    practice.clinic.app.sync(sub_account="ACME", user="ben")
    assert [stamp(monday(9)) in text or f"{monday(9):%Y%m%dT%H%M%S}" in text for text in practice.written(BEN)] == [True, True]


def drag(practice: Practice, hour: int) -> None:
    """Ben drags the one event in his calendar on his telephone."""
    work = practice.work(BEN)
    (name,) = work.names()
    text = edited(work.text(name), "DTSTART", f"DTSTART:{stamp(monday(hour))}")
    work.put(name, edited(text, "DTEND", f"DTEND:{stamp(monday(hour, 30))}"))
