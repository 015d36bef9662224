"""The frame around the pages: who reads, in which language, and what is said where there is trouble or nothing yet."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

from icalsync.cli.dashboard import OPTIONS
from icalsync.messages import de, en, say
from tests import databases
from tests.browser.conftest import TITLE
from tests.dashboard.practice import BERLIN

if TYPE_CHECKING:
    from tests.dashboard.conftest import Clinic, Pages

PASSPHRASE = "a long enough pass phrase"
HOLDER = """
import sys, time, duckdb
with duckdb.connect(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def sign_in(pages: Pages, name: str, password: str) -> str:
    """Fill in the form and send it."""
    name_field, password_field = pages.test.text_input
    name_field.set_value(name)
    password_field.set_value(password)
    return pages.click(say("page.sign_in"))


def test_an_empty_database_says_what_to_do_first(pages: Pages, empty_clinic: Clinic) -> None:
    """No user yet: the sentence, the database it looks at, and the commands; on every page for which a user is needed."""
    pages.of(empty_clinic)
    for page in ("connections", "configuration"):
        said = pages.go(page)
        assert say("page.nobody") in said
        assert str(empty_clinic.database) in said
        assert "icalsync user add --help" in said


def test_a_database_that_is_gone_is_named_with_its_next_step(pages: Pages, empty_clinic: Clinic) -> None:
    """It is not made anew in silence: DATABASE_MISSING, as the command line says it."""
    empty_clinic.app.users()
    databases.let_go()
    empty_clinic.database.unlink()
    said = pages.of(empty_clinic).go("connections")
    assert f"The database {empty_clinic.database} existed, and is gone or empty." in said
    assert "Restore it from a backup." in said
    assert not empty_clinic.database.exists()


def test_a_database_in_use_is_a_sentence_and_works_again_when_it_is_free(pages: Pages, empty_clinic: Clinic) -> None:
    """That somebody writes, what to do, and a button that asks again; paths and processes are for the command line."""
    empty_clinic.app.users()
    pages.of(empty_clinic, ICALSYNC_LOCK_WAIT="0.3")
    databases.let_go()
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(empty_clinic.database)], stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout.readline() == b"held\n"
            said = pages.go("connections")
            assert say("STORE_IN_USE") in said
            assert say("page.error.STORE_IN_USE") in said
            assert str(holder.pid) not in said, "nobody at a page can do anything with a process's number"
            assert str(empty_clinic.database) not in said
        finally:
            holder.kill()
    assert say("page.nobody") in pages.click(say("page.again"))


def test_a_file_that_is_no_database_is_a_sentence(pages: Pages, empty_clinic: Clinic) -> None:
    """And it is left as it was."""
    empty_clinic.database.parent.mkdir()
    empty_clinic.database.write_text("a letter to Anna")
    assert "is not an icalsync database" in pages.of(empty_clinic).go("connections")
    assert empty_clinic.database.read_text() == "a letter to Anna"


def test_a_setting_that_cannot_be_read_is_a_sentence(pages: Pages, empty_clinic: Clinic) -> None:
    """Before anything is opened."""
    said = pages.of(empty_clinic, ICALSYNC_STALE_AFTER="soon").go("connections")
    assert "The setting ICALSYNC_STALE_AFTER cannot be read" in said


def test_the_language_is_the_one_that_was_set_until_the_reader_chooses_another(pages: Pages, clinic: Clinic) -> None:
    """German by the setting; then English by choice, and it stays from page to page."""
    said = pages.of(clinic, ICALSYNC_DASHBOARD_LANGUAGE="de").go("connections")
    assert de.SENTENCES["page.connections"] in said
    assert de.SENTENCES["page.status.ok"] in said
    assert en.SENTENCES["page.status.ok"] not in said
    pages.test.selectbox(key="language").set_value("en").run()
    assert en.SENTENCES["page.status.ok"] in pages.said
    assert en.SENTENCES["page.configuration"] in pages.go("configuration")


def test_german_pages_write_dates_and_figures_as_germans_do(pages: Pages, clinic: Clinic) -> None:
    """24 hours, day before month, a decimal comma; Beschäftigt and Frei as an iPhone says them."""
    said = pages.of(clinic, ICALSYNC_DASHBOARD_LANGUAGE="de").go("configuration", user="ACME/anna")
    synced = next(row for row in clinic.app.calendars("ACME", "anna") if row["display_name"] == "Work")["last_synced_at"]
    assert f"{synced.astimezone(BERLIN):%d.%m.%Y}" in said
    assert ",0 h" in said
    assert "„Beschäftigt“" in said
    assert "BESUCHT" not in said


def test_whoever_reads_on_this_machine_is_its_admin_and_the_page_says_so(pages: Pages, clinic: Clinic) -> None:
    """No sign-in on loopback while there are no accounts; and nothing to sign out of."""
    said = pages.of(clinic).go("connections")
    assert say("page.role_and_reach", role=say("page.post.admin"), where=say("page.everywhere")) in said
    assert say("page.sign_out") not in pages.labels()
    assert TITLE not in said


def test_a_dashboard_others_can_reach_does_not_open_without_accounts_s13(pages: Pages, empty_clinic: Clinic) -> None:
    """S13: not even its navigation's pages answer; the sentence says how to set one up."""
    empty_clinic.app.add_sub_account("ACME", time_zone="Europe/Berlin")
    said = pages.of(empty_clinic).at("0.0.0.0").go("connections")
    assert "nobody would have to sign in" in said
    assert "icalsync dashboard-user add" in said
    assert say("page.connections") not in said


def test_a_reader_signs_in_sees_their_own_and_signs_out_s4_s11(pages: Pages, empty_clinic: Clinic) -> None:
    """S4, S11: wrong and unknown read the same; the password is in no state afterwards; signing out shuts every page."""
    app = empty_clinic.app
    for name in ("ACME", "NORTH"):
        app.add_sub_account(name, time_zone="Europe/Berlin")
        app.add_user(name, "anna", name=f"Anna of {name}")
    app.add_reader("sam", "support", PASSPHRASE, sub_accounts=["ACME"])
    pages.of(empty_clinic).at("0.0.0.0")
    assert pages.go("connections").startswith(say("page.signing_in"))
    for name in ("sam", "nobody"):
        assert say("SIGN_IN_REFUSED") in sign_in(pages, name, "not the password at all")
    said = sign_in(pages, "sam", PASSPHRASE)
    assert say("page.connections") in said
    assert say("page.role_and_reach", role=say("page.post.support"), where="ACME") in said
    assert say("page.add_new") not in pages.labels()
    pages.go("configuration")
    assert [element.options for element in pages.test.selectbox if element.key == "user"] == [["Anna of ACME (ACME/anna)"]]
    assert not pages.holds(PASSPHRASE)
    assert pages.click(say("page.sign_out")).startswith(say("page.signing_in"))
    assert "session" not in pages.test.session_state
    app.add_sub_account("EMPTY", time_zone="Europe/Berlin")
    app.add_reader("tom", "support", PASSPHRASE, sub_accounts=["EMPTY"])
    said = sign_in(pages, "tom", PASSPHRASE)
    assert say("page.nobody_ask") in said
    assert str(app.path) not in said


def test_what_a_reader_may_is_read_anew_at_every_click(pages: Pages, empty_clinic: Clinic) -> None:
    """Whoever is removed is out with the next click, whatever stands in their session."""
    app = empty_clinic.app
    app.add_sub_account("ACME", time_zone="Europe/Berlin")
    app.add_user("ACME", "anna", name="Anna Adler")
    for name in ("ada", "olga"):
        app.add_reader(name, "admin", PASSPHRASE)
    pages.of(empty_clinic).at("0.0.0.0").go("connections")
    sign_in(pages, "ada", PASSPHRASE)
    assert say("page.add_new") in pages.labels()
    app.add_reader("ada", "analyst", PASSPHRASE)
    assert say("SESSION_ENDED") in pages.go("connections")
    sign_in(pages, "ada", PASSPHRASE)
    assert say("page.add_new") not in pages.labels()
    app.remove_reader("ada")
    said = pages.go("connections")
    assert say("SESSION_ENDED") in said
    assert say("page.connections") not in said


@pytest.mark.parametrize(("user", "language"), [("ACME/nobody", "tlh"), ("../<b>", "")])
def test_an_odd_address_of_the_page_changes_nothing(user: str, language: str, pages: Pages, clinic: Clinic) -> None:
    """Whatever stands in it, the first user is shown."""
    pages.of(clinic).go("configuration", user=user, language=language)
    assert pages.test.selectbox(key="user").value == ("ACME", "anna")


def test_back_in_the_browser_leads_to_whom_and_what_was_looked_at_before(pages: Pages, clinic: Clinic) -> None:
    """The address beats what was chosen on the page where it changes without the page: by Back, or by a link."""
    pages.of(clinic).go("configuration", user="ACME/anna")
    pages.test.selectbox(key="user").set_value(("ACME", "ben")).run()
    assert pages.test.query_params["user"] == "ACME/ben"
    pages.test.query_params["user"] = "ACME/anna"
    pages.test.run()
    assert pages.test.selectbox(key="user").value == ("ACME", "anna")
    pages.test.query_params.clear()
    pages.go("connections")
    assert pages.test.selectbox(key="user").value == ("ACME", "anna"), "chosen on one page is chosen on the next"
    pages.go("configuration", user="ACME/ben")
    assert pages.test.selectbox(key="user").value == ("ACME", "ben"), "a link to the page about somebody leads to them"


def test_back_in_the_browser_leads_to_the_days_before(pages: Pages) -> None:
    """To those of the address; to the present ones where it names none."""

    def week() -> None:
        from datetime import date  # noqa: PLC0415  # Streamlit runs this text as a file of its own

        import streamlit as st  # noqa: PLC0415
        from components.choosing import choose_first_day  # noqa: PLC0415

        st.text(choose_first_day(st.container(), date(2027, 1, 4)))

    test = AppTest.from_function(week, default_timeout=60).run()
    for monday in (11, 18):
        test.date_input(key="first").set_value(date(2027, 1, monday)).run()
        assert test.query_params["from"] == f"2027-01-{monday}"
    test.query_params["from"] = "2027-01-11"
    assert test.run().text[0].value == "2027-01-11"
    test.query_params.clear()
    assert test.run().text[0].value == "2027-01-04"
    assert test.date_input(key="first").set_value(date(2027, 1, 18)).run().text[0].value == "2027-01-18"


def test_a_page_that_raises_shows_nothing_of_it_s22(pages: Pages) -> None:
    """With the settings the dashboard is served with, whatever a page raises is one plain sentence: no words of it, no place."""

    def failing() -> None:
        raise RuntimeError("Secret plan")

    told = {name: config.get_option(name) for name in OPTIONS if name.startswith("client.")}
    try:
        for name in told:
            config.set_option(name, OPTIONS[name])
        (shown,) = AppTest.from_function(failing).run().exception
    finally:
        for name, value in told.items():
            config.set_option(name, value)
    assert "Secret plan" not in shown.value
    assert list(shown.stack_trace) == []
