"""The page "Why?": now and at a past moment, masked titles and their reveal, the words for the customer, and the link that asks again."""

from __future__ import annotations

from datetime import date, time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from icalsync.messages import say
from tests.browser.conftest import TITLE
from tests.faults.world import held_open

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dashboard.conftest import Clinic, Pages

AT = "2027-01-04T10:00:00+01:00"
LINK = {"user": "ACME/anna", "at": AT}
PASSPHRASE = "a long enough pass phrase"


@pytest.fixture(autouse=True)
def _open(clinic: Clinic) -> Iterator[None]:
    """The database stays open meanwhile, which saves most of the time."""
    with held_open(clinic.app):
        yield


def link(pages: Pages) -> dict[str, str]:
    """The permanent link as it stands on the page, taken apart."""
    shown = next(code.value for code in pages.test.code if "asked_at=" in code.value)
    return {name: values[0] for name, values in parse_qs(shown.partition("?")[2]).items()}


def test_a_moment_is_explained_with_the_words_for_the_customer_and_a_link_that_stays(pages: Pages, clinic: Clinic) -> None:
    """The library's explanation, masked (R18); the link pins what was known, and opening it shows the same answer again (R16)."""
    said = pages.of(clinic).go("why", **LINK)
    found = clinic.app.explain("ACME", "anna", AT)
    assert found.evidence[0].says in said
    assert found.for_customer() in [code.value for code in pages.test.code]
    assert all(f"• {remedy.says}" in said for remedy in found.remedies)
    assert "icalsync " not in said, "what to click, not which command to type"
    assert "int-" not in said
    assert TITLE not in said
    assert pages.test.date_input(key="why_day").value == date(2027, 1, 4)
    assert pages.test.time_input(key="why_time").value == time(10)
    assert set(pages.test.query_params) == {"user", "at", "length"}, "a question of now is asked again when the page is loaded again"
    assert say("page.week.incomplete") not in said
    assert say("page.complete", as_of="")[:8] in said
    pinned = link(pages)
    assert (pinned["user"], pinned["at"], pinned["length"]) == ("ACME/anna", AT, "30m")
    pages.test.time_input(key="why_time").set_value(time(11)).run()
    assert say("page.why.offered") in pages.said, "the question of the link was left for another"
    assert say("page.complete", as_of="")[:8] in pages.said, "a free slot says how fresh that is, too"
    pages.test.query_params.clear()
    said = pages.go("why", **pinned)
    assert say("page.why.as_known", moment="")[:10] in said
    assert say("page.why.refused") in said
    assert link(pages) == pinned
    assert found.for_customer() in [code.value for code in pages.test.code], "the customer is told the same, as long as it holds"
    pages.go("availability")
    assert not {"at", "known_at", "asked_at", "length"} & set(pages.test.query_params), "another page's address keeps nothing of it"


def test_a_link_with_another_offset_asks_about_the_same_moment(pages: Pages, clinic: Clinic) -> None:
    """The fields show what clocks at the user's show: 09:00 in London is 10:00 in Berlin."""
    pages.of(clinic).go("why", user="ACME/anna", at="2027-01-04T09:00:00+00:00")
    assert pages.test.time_input(key="why_time").value == time(10)
    assert say("page.why.refused") in pages.said


def test_where_a_password_died_the_way_leads_to_the_connections(pages: Pages, clinic: Clinic) -> None:
    """Case 1: what cannot be pulled is mended where its account is; which calendar, since when and what to do stand beside it."""
    said = pages.of(clinic).go("why", user="ACME/ben", at=AT)
    links = [element.proto.label for element in pages.test.main if element.type == "page_link"]
    assert say("page.why.go.connections") in links
    assert say("page.state.failing") in said
    assert say("page.week.as_of", as_of="")[:-1] in said
    assert say("page.week.next_step", account="ben", step=say("page.next.reauthentication_needed")) in said


def test_colleagues_are_told_folded_a_users_slots_are_as_long_as_theirs_and_our_own_titles_are_shown(
    pages: Pages, empty_clinic: Clinic
) -> None:
    """R18: who is taken then says nothing about Anna; a booking is named by its short number, and by its title, which is our own."""
    app = empty_clinic.app
    app.add_sub_account("ACME", time_zone="Europe/Berlin")
    for user in ("anna", "ben", "clara"):
        app.add_user("ACME", user, name=user.title())
        booked = app.book("ACME", user, "2027-01-04 10:00", "2027-01-04 10:30", f"About {user}", check=False)
        if user == "anna":
            mine = booked["appointment_id"]
    app.set_hours("ACME", "anna", {"weekly": "Mon-Fri 09:00-17:00", "slot_length": "20m"})
    said = pages.of(empty_clinic).go("why", user="ACME/anna")
    assert pages.test.selectbox(key="why_length").value == "20m"
    pages.test.selectbox(key="user").set_value(("ACME", "ben")).run()
    assert pages.test.selectbox(key="why_length").value == "30m"
    said = pages.go("why", user="ACME/anna", at=AT)
    (folded,) = [each for each in pages.test.expander if each.label == say("page.why.colleagues", number=2)]
    told = sorted(line.partition(": ")[2] for line in folded.text[0].value.split("\n"))
    assert told == ["ben is busy.", "clara is busy."]
    assert sum("ben" in line for line in said.split("\n")) == 1
    assert "About anna" in said
    assert "About ben" not in said
    assert f"No. {mine[:8]}" in said
    assert mine not in said


def test_as_known_at_a_past_moment_the_page_says_what_came_since(pages: Pages, clinic: Clinic) -> None:
    """R16, case 20: as known before the first pull, what came later is told beside the answer; one click leads back to now."""
    desk = clinic.app.desk(clinic.app.open_reader("127.0.0.1"))
    first = min(row["started_at"] for row in desk.runs() if row["account_name"] == "anna" and row["purpose"] == "sync")
    said = pages.of(clinic).go("why", **LINK, known_at=first.isoformat())
    assert say("page.why.as_known", moment="")[:10] in said
    assert say("page.evidence.since") in said
    assert say("page.why.unknown") in said
    pages.test.radio(key="why_known_True").set_value("now").run()
    assert say("page.evidence.since") not in pages.said
    assert say("page.why.refused") in pages.said


def test_a_moment_before_anything_was_kept_is_the_librarys_sentence(pages: Pages, clinic: Clinic) -> None:
    """R16: a moment chosen before the database began is an error that says so, and the page goes on."""
    pages.of(clinic).go("why", user="ACME/anna")
    pages.test.radio(key="why_known_False").set_value("then").run()
    pages.test.date_input(key="why_known_day").set_value(date(2026, 1, 1)).run()
    assert say("page.went_wrong") in pages.said
    assert "lies before it" in pages.said


def test_titles_are_shown_for_a_reason_and_once_and_that_is_logged(pages: Pages, clinic: Clinic) -> None:
    """R18, S23: no reason, no title; with one they are shown for this run alone, and the log says who, what and why, without them."""
    pages.of(clinic).go("why", **LINK)
    said = pages.click(say("page.why.reveal"))
    assert say("page.went_wrong") in said
    assert TITLE not in said
    pages.test.text_input[0].set_value("case 4711")
    said = pages.click(say("page.why.reveal"))
    assert TITLE in said
    assert say("page.why.revealed") in said
    (line,) = [
        row
        for row in clinic.app.desk(clinic.app.open_reader("127.0.0.1")).audit(action="REVEAL_EXPLANATION")
        if row["reason"] == "case 4711"
    ]
    assert "ACME/anna" in line["object"]
    assert TITLE not in str(line)
    pages.test.time_input(key="why_time").set_value(time(10, 30)).run()
    assert TITLE not in pages.said


def test_a_link_is_judged_by_who_opens_it_and_never_shows_another_user_in_its_place(pages: Pages, empty_clinic: Clinic) -> None:
    """S5: signed in for one sub-account, a link into another says that there is no such thing, as one to nowhere does."""
    app = empty_clinic.app
    for sub_account, user in (("ACME", "anna"), ("NORTH", "nora")):
        app.add_sub_account(sub_account, time_zone="Europe/Berlin")
        app.add_user(sub_account, user, name=user.title())
    app.book("ACME", "anna", AT, "2027-01-04T10:30:00+01:00", TITLE, check=False)
    app.add_reader("ada", "analyst", PASSPHRASE, sub_accounts=["ACME"])
    pages.of(empty_clinic).at("0.0.0.0").go("why", user="NORTH/nora", at=AT)
    name, password = pages.test.text_input
    name.set_value("ada")
    password.set_value(PASSPHRASE)
    said = pages.click(say("page.sign_in"))
    told = say("UNKNOWN_SUB_ACCOUNT", name="NORTH")
    assert told in said
    assert "Nora" not in said
    for again in (pages.click(say("page.again")), pages.test.run() and pages.said):
        assert told in again, "asked again, it is the same question"
        assert pages.test.query_params["user"] == "NORTH/nora"
        assert pages.test.selectbox(key="user").value is None
    pages.test.selectbox(key="user").set_value(("ACME", "anna")).run()
    assert say("page.why.evidence") in pages.said, "another user can be chosen, also the only one"
    said = pages.go("why", user="ACME/anna", at=AT)
    assert say("page.why.masked") in said, "an analyst has nothing to reveal with"
    assert TITLE not in said, "and is shown no title of our own bookings either (R18)"
    assert say("page.why.reveal") not in pages.labels()


def test_an_odd_link_asks_nothing_and_a_wrong_one_says_why(pages: Pages, clinic: Clinic) -> None:
    """Whatever somebody typed into the address: the first user's day, or the library's sentence; never a traceback (S22)."""
    said = pages.of(clinic).go("why", user="<b>", at="yesterday")
    assert say("page.why.evidence") in said
    said = pages.go("why", user="ACME/anna", at=AT, length="<b>")
    assert say("page.went_wrong") in said
