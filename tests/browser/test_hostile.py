"""What people call their calendars, themselves and their events is text, whatever it looks like; and pages live beside a sync."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import pytest
from playwright.sync_api import expect

from icalsync.messages import say
from tests.browser.hands import PAGES, PATIENCE
from tests.browser.practice import MARKS, Practice, add_hostile, practice_in
from tests.browser.serving import Dashboard
from tests.dashboard.practice import monday

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.browser.hands import Visitor

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
ISOLATES = set("\u2066\u2069")  # which Streamlit's own fields for a date and a time have around their parts
TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]
CARL = {"user": "ACME/carl", "from": monday(0).date().isoformat()}
VIEWS = {
    "availability": ("page.week.view_heat",),
    "bookings": ("page.book.view_appointments", "page.book.view_blocked", "page.book.view_outbox", "page.book.view_drift"),
    "health": ("page.health.view_ahead", "page.health.view_history"),
}
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
        if name == "why":
            visitor.open(name, user="ACME/carl", at=monday(12).isoformat())
            visitor.sees(say("page.why.refused"))
        else:
            visitor.visit(name)
        nothing_was_made_of_it(visitor, name)
        for view in VIEWS.get(name, ()):
            visitor.turn_to(view)
            if name == "bookings":
                visitor.sees(MARKS)
            nothing_was_made_of_it(visitor, view)


def nothing_was_made_of_it(visitor: Visitor, where: str) -> None:
    """No element that markup would have made, and no mark that turns the line."""
    assert visitor.page.locator(INTERPRETED).count() == 0, where
    assert [line for line in visitor.reads.splitlines() if (TURNING - ISOLATES) & set(line)] == [], where


def test_no_download_runs_a_formula_or_turns_a_line(dashboard: Dashboard, enter: Callable[..., Visitor], tmp_path: Path) -> None:
    """D34: in each form a browser saves, a name that begins with = is quoted, keeps its words in one cell, and turns nothing around."""
    visitor = enter(dashboard)
    visitor.open("double_bookings", **CARL)
    visitor.sees(MARKS)
    names = Counter[str]()
    for form, separator in (("csv", ","), ("excel", ";")):
        text = saved(visitor, form, tmp_path).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
        assert {len(row) for row in rows} == {len(rows[0])}, "a newline in a name does not begin a row"
        cells = [cell for row in rows for cell in row]
        assert [cell for cell in cells if cell.startswith(FORMULA_STARTS)] == []
        assert not TURNING & set(text)
        names[form] = sum(MARKS in cell for cell in cells)
    found = json.loads(saved(visitor, "json", tmp_path))
    names["json"] = sum(MARKS in str(value) for row in found for value in row.values())
    (tmp_path / "found.parquet").write_bytes(saved(visitor, "parquet", tmp_path))
    table = pd.read_parquet(tmp_path / "found.parquet")
    names["parquet"] = sum(MARKS in str(value) for value in table.to_numpy().ravel())
    assert len(set(names.values())) == 1, names
    assert names["csv"] > 0


def test_the_heat_maps_download_holds_figures_alone(dashboard: Dashboard, enter: Callable[..., Visitor], tmp_path: Path) -> None:
    """Nobody's name and no formula in it: a figure that is negative would be quoted as text, and there is none."""
    visitor = enter(dashboard)
    visitor.open("availability", **CARL)
    visitor.turn_to("page.week.view_heat")
    rows = list(csv.DictReader(io.StringIO(saved(visitor, "csv", tmp_path).decode("utf-8-sig"), newline="")))
    assert len(rows) == 7 * 24
    assert sum(float(row["busy_minutes"]) for row in rows) > 0
    assert all(float(value or 0) >= 0 for row in rows for value in row.values())


def saved(visitor: Visitor, form: str, place: Path) -> bytes:
    """The file a browser saves in this form; its name is plain."""
    visitor.click("page.download")
    body = visitor.page.get_by_test_id("stPopoverBody")
    label = body.locator("label").filter(has=visitor.page.get_by_text(say(f"page.download.{form}"), exact=True))
    if not label.locator("input").is_checked():
        visitor.running(label.click)
    with visitor.page.expect_download(timeout=PATIENCE) as told:
        visitor.button("page.download_now", body).click()
    assert re.fullmatch(r"[A-Za-z0-9._-]+", told.value.suggested_filename)
    told.value.save_as(place / "saved")
    visitor.page.keyboard.press("Escape")
    expect(body).to_have_count(0, timeout=PATIENCE)
    return (place / "saved").read_bytes()


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
