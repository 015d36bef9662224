"""What people call their calendars, themselves and their events is text, whatever it looks like; and pages live beside a sync."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import duckdb
import pytest
from playwright.sync_api import expect

from icalsync.messages import say
from tests.browser.hands import PAGES, PATIENCE
from tests.browser.practice import MARKS, TURNED, Practice, add_hostile, practice_in
from tests.browser.serving import Dashboard
from tests.dashboard.practice import monday

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.browser.hands import Visitor

pytestmark = pytest.mark.timeout(180)
CARL = {"user": "ACME/carl", "from": monday(0).date().isoformat()}
INTERPRETED = "b:text-is('bold'), strong:text-is('star'), em:text-is('under'), img[src=x], .katex, a[href*=evil], code:text-is('code')"


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """Carl among others."""
    with practice_in(tmp_path_factory.mktemp("practice")) as made:
        add_hostile(made)
        yield made


@pytest.fixture(scope="module")
def dashboard(practice: Practice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """For all of them."""
    with Dashboard(practice.clinic.environment, tmp_path_factory.mktemp("served") / "dashboard.log") as running:
        yield running
        assert "Traceback" not in running.said


def test_hostile_names_and_titles_are_text_on_every_page(dashboard: Dashboard, enter: Callable[..., Visitor]) -> None:
    """HTML, markdown, emoji codes, LaTeX, bidi marks and newlines are shown as they were typed, or left out; none does anything."""
    visitor = enter(dashboard)
    visitor.open("availability", **CARL)
    for name in PAGES:
        visitor.visit(name)
        if name == "why":
            visitor.open(name, user="ACME/carl", at=monday(12).isoformat())
            visitor.sees(say("page.why.refused"))
        assert visitor.page.locator(INTERPRETED).count() == 0, name
        assert "\u202e" not in visitor.reads, name
    for page, view in (("bookings", "appointments"), ("bookings", "blocked"), ("bookings", "outbox"), ("availability", "heat")):
        visitor.visit(page)
        visitor.pick(say(f"page.{'book' if page == 'bookings' else 'week'}.view_{view}"))
        if page == "bookings":
            visitor.sees(MARKS)
        visitor.settle()
        assert visitor.page.locator(INTERPRETED).count() == 0, view


def test_a_download_cannot_run_a_formula(dashboard: Dashboard, enter: Callable[..., Visitor], tmp_path: Path) -> None:
    """A name that begins with = is quoted in the file that a browser saves."""
    visitor = enter(dashboard)
    visitor.open("double_bookings", **CARL)
    visitor.sees(MARKS)
    visitor.click("page.download")
    with visitor.page.expect_download(timeout=PATIENCE) as told:
        visitor.click("page.download_now")
    told.value.save_as(tmp_path / "found.csv")
    cells = [cell for row in csv.reader((tmp_path / "found.csv").read_text("utf-8-sig").splitlines()) for cell in row]
    assert any(MARKS in cell for cell in cells)
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []
    assert any(TURNED[:4] in cell for cell in cells)


def test_a_page_waits_for_a_sync_that_writes_and_says_so(practice: Practice, dashboard: Dashboard, enter: Callable[..., Visitor]) -> None:
    """While another process has the database for itself: a spinner, then a plain message and a button; afterwards the answer."""
    visitor = enter(dashboard)
    visitor.open("connections", user="ACME/ben")
    with duckdb.connect(str(practice.clinic.database)):
        visitor.page.get_by_role("link", name=say("page.why"), exact=True).click()
        expect(visitor.page.get_by_test_id("stSpinner").first).to_be_visible(timeout=PATIENCE)
    visitor.sees(say("page.why.customer_says"))
    with duckdb.connect(str(practice.clinic.database)):
        visitor.page.get_by_role("link", name=say("page.health"), exact=True).click()
        visitor.sees(say("page.went_wrong"))
    visitor.settle()
    visitor.click("page.again")
    visitor.sees(say("page.health.view_attention"))
