"""The pages without a browser: what they say where there is trouble, nothing, or something odd; and what their texts may not hold."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from icalsync.core.model import Busyness, Reason
from icalsync.messages import say
from tests.browser.conftest import HOSTILE, TITLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.conftest import Clinic

ROOT = Path(__file__).resolve().parents[2] / "dashboard"
CONNECTIONS = "app_pages/connections.py"
HOLDER = """
import sys, time, duckdb
with duckdb.connect(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The dashboard as Streamlit runs it, with its own directory first on the path; its modules are gone afterwards."""
    monkeypatch.syspath_prepend(str(ROOT))
    before = set(sys.modules)
    yield AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in {"data", "components"}:
            del sys.modules[name]


def visit(pages: AppTest, clinic: Clinic, monkeypatch: pytest.MonkeyPatch, page: str | None = None, **asked: str) -> str:
    """Everything a page says, in order; no exception may show."""
    for name, value in clinic.environment.items():
        monkeypatch.setenv(name, value)
    for name, value in asked.items():
        pages.query_params[name] = value
    pages.run()
    if page is not None:
        pages.switch_page(page).run()
    assert [one.value for one in pages.exception] == []
    kinds = (pages.title, pages.header, pages.error, pages.warning, pages.success, pages.info, pages.text, pages.caption)
    return "\n".join(element.value for elements in kinds for element in elements)


@pytest.mark.parametrize("page", [None, CONNECTIONS])
def test_an_empty_database_says_what_to_do_first(page, pages, empty_clinic, monkeypatch) -> None:
    """No user yet: the sentence, the database it looks at, and the commands."""
    said = visit(pages, empty_clinic, monkeypatch, page)
    assert say("page.nobody") in said
    assert str(empty_clinic.database) in said
    assert "icalsync user add --help" in said


def test_a_database_that_is_gone_is_named_with_its_next_step(pages, empty_clinic, monkeypatch) -> None:
    """It is not made anew in silence: DATABASE_MISSING, as the command line says it."""
    empty_clinic.app.users()
    empty_clinic.database.unlink()
    said = visit(pages, empty_clinic, monkeypatch)
    assert f"The database {empty_clinic.database} existed, and is gone or empty." in said
    assert "Restore it from a backup." in said
    assert not empty_clinic.database.exists()


def test_a_database_in_use_is_a_sentence_and_works_again_when_it_is_free(pages, empty_clinic, monkeypatch) -> None:
    """Who holds it, what to do, and a button that asks again."""
    empty_clinic.app.users()
    monkeypatch.setenv("ICALSYNC_LOCK_WAIT", "0.3")
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(empty_clinic.database)], stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout.readline() == b"held\n"
            said = visit(pages, empty_clinic, monkeypatch)
            assert "is in use by another process" in said
            assert str(holder.pid) in said
            assert "try again in a moment" in said
        finally:
            holder.kill()
    pages.button[0].click().run()
    assert [one.value for one in pages.info] == [say("page.nobody")]


def test_a_file_that_is_no_database_is_a_sentence(pages, empty_clinic, monkeypatch) -> None:
    """And it is left as it was."""
    empty_clinic.database.parent.mkdir()
    empty_clinic.database.write_text("a letter to Anna")
    assert "is not an icalsync database" in visit(pages, empty_clinic, monkeypatch)
    assert empty_clinic.database.read_text() == "a letter to Anna"


def test_a_setting_that_cannot_be_read_is_a_sentence(pages, empty_clinic, monkeypatch) -> None:
    """Before anything is opened."""
    monkeypatch.setenv("ICALSYNC_STALE_AFTER", "soon")
    assert "The setting ICALSYNC_STALE_AFTER cannot be read" in visit(pages, empty_clinic, monkeypatch)


def test_what_is_not_known_is_said_before_the_slots_r12(pages, clinic, monkeypatch) -> None:
    """R12, case 1: Ben's password was changed; no slot is offered, and the page says which calendar, why, and by which policy."""
    said = visit(pages, clinic, monkeypatch, user="ACME/ben")
    assert [one.value for one in pages.warning] == [say("page.incomplete")]
    assert f"Home (REAUTHENTICATION_NEEDED): {say('page.state.failing')}" in said
    assert say("page.unknown.refuse") in said
    assert f"the whole day  {say('page.reason.NOT_COVERED')} · Home" in said
    assert not re.search(r"^\d\d:\d\d  ", said, re.MULTILINE)
    assert say("page.complete", as_of="")[:8] not in said


def test_a_user_whom_no_calendar_blocks_is_not_called_complete(pages, clinic, monkeypatch) -> None:
    """Case 3: nothing was chosen for Clara, which is the commonest reason why nothing blocks."""
    visit(pages, clinic, monkeypatch, user="ACME/clara")
    assert [one.value for one in pages.warning] == [say("page.no_conflicts")]
    assert not pages.success


def test_the_accounts_in_trouble_come_first_with_what_to_do(pages, clinic, monkeypatch) -> None:
    """Case 1: health, its reason and the command that heals it; whom the account serves; R10: why a list cannot be chosen."""
    said = visit(pages, clinic, monkeypatch, CONNECTIONS)
    assert [one.value for one in pages.warning] == [say("page.some_ill", ill=1, all=2)]
    assert said.index(say("page.status.reauthentication_needed")) < said.index("ACME/anna")
    integration = next(row for row in clinic.app.integrations() if row["status"] != "ok")
    assert integration["status_reason"] in said
    assert f"icalsync reconnect {integration['integration_id']}" in said
    assert HOSTILE in said
    assert TITLE not in said


@pytest.mark.parametrize(("user", "first"), [("ACME/nobody", "2027-13-45"), ("", ""), ("../../x", "0001-01-01"), ("<b>", "9999-12-31")])
def test_an_odd_address_of_the_page_changes_nothing(user, first, pages, clinic, monkeypatch) -> None:
    """Whatever stands in it, the first user is shown, and a day within reach."""
    said = visit(pages, clinic, monkeypatch, user=user, **{"from": first})
    assert pages.selectbox[0].value == ("ACME", "anna")
    assert len(pages.success) + len(pages.warning) == 1, said


def test_the_user_stays_chosen_from_page_to_page(pages, clinic, monkeypatch) -> None:
    """Whoever looks at Ben's week and goes to the connections sees Ben's calendars."""
    said = visit(pages, clinic, monkeypatch, CONNECTIONS, user="ACME/ben")
    assert pages.selectbox[0].value == ("ACME", "ben")
    assert "Home\nben, cal-" in said
    pages.selectbox[0].set_value(("ACME", "clara")).run()
    pages.switch_page("app_pages/availability.py").run()
    assert pages.selectbox[0].value == ("ACME", "clara")
    assert [one.value for one in pages.warning] == [say("page.no_conflicts")]


def test_a_night_is_cut_at_midnight_and_the_hour_that_comes_twice_keeps_its_length(pages) -> None:
    """D22: 02:30 summer time to 02:15 winter time lasts 45 minutes, although its end reads earlier than its start."""
    from components.days import parts  # noqa: PLC0415  # the dashboard's own directory is on the path only here

    starts = pd.to_datetime(["2026-10-24T21:00Z", "2026-10-25T00:30Z"]).tz_convert("Europe/Berlin")
    ends = pd.to_datetime(["2026-10-24T23:00Z", "2026-10-25T01:15Z"]).tz_convert("Europe/Berlin")
    found = parts(pd.DataFrame({"starts_at": starts, "ends_at": ends}), date(2026, 10, 24))
    assert [(part.day.day, part.says) for part in found] == [(24, "23:00–24:00"), (25, "00:00–01:00"), (25, "02:30–03:15")]


def test_every_verdict_has_its_words() -> None:
    """No reason, busyness, state, status or role can come from the library that the pages have no word for."""
    free = {Reason.CANCELLED, Reason.TRANSPARENT, Reason.DECLINED, Reason.ZERO_LENGTH}
    keys = [f"page.reason.{reason}" for reason in set(Reason) - free] + [f"page.busyness.{busyness}" for busyness in Busyness]
    keys += [f"page.state.{state}" for state in ("never_pulled", "stale", "failing", "access_lost", "unreadable")]
    ill = ("throttled", "unreachable", "reauthentication_needed", "failing")
    keys += ["page.status.ok"] + [f"page.{part}.{status}" for part in ("status", "next") for status in ill]
    assert all(isinstance(say(key), str) for key in keys)


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: path.name)
def test_a_page_only_renders(path: Path) -> None:
    """At most 80 lines, no SQL, no HTML of its own, no cache shared by users (S4), and one door into the library."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\.sql\(|\bSELECT\b|unsafe_allow_html|st\.html|st\.cache|components\.v1", text)
    if path.name != "data.py":
        assert "icalsync" not in re.sub(r'""".*?"""|#.*|"icalsync"', "", text, flags=re.DOTALL)
        assert len(text.splitlines()) <= 80
