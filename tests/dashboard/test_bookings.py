"""The page Bookings over a real server: book, move, cancel, block; what is still to be written; and drift, settled or proposed."""

from __future__ import annotations

import subprocess
import sys
from datetime import time
from typing import TYPE_CHECKING

import pytest

from icalsync.app.desks import telling
from icalsync.core.access import Reader
from icalsync.messages import say, speak
from icalsync.store import obstacles
from tests import databases
from tests.dashboard.practice import Practice, monday, practice_on
from tests.dashboard.test_frame import HOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dashboard.conftest import Clinic, Pages
    from tests.servers import DavServer

PASSPHRASE = "a long enough pass phrase"
HOSTILE = "=1+1 **bold** :smile: $x^2$ <img src=x>"


@pytest.fixture
def practice(empty_clinic: Clinic, radicale: DavServer) -> Iterator[Practice]:
    """The practice on Radicale."""
    with practice_on(empty_clinic, radicale) as practice:
        yield practice


def view(pages: Pages, name: str) -> str:
    """Show one of the page's views; what it says."""
    pages.test.radio(key="view_book").set_value(name).run()
    return pages.said


def test_a_booking_is_made_moved_and_cancelled_and_the_server_follows(pages: Pages, practice: Practice) -> None:
    """R4, R14: a taken time is refused with its reason; a free slot is booked and stands on the server; moving and cancelling follow."""
    pages.of(practice.clinic).go("bookings", user="ACME/anna")
    assert say("page.book.none") in pages.said
    view(pages, "book")
    pages.test.date_input(key="book_day").set_value(monday(9).date()).run()
    starts = pages.test.selectbox(key="book_start").options
    assert starts[0] == "09:00"
    assert not {"13:00", "13:30"} & set(starts)
    pages.test.selectbox(key="book_start").set_value("other").run()
    pages.test.time_input(key="book_time").set_value(time(13)).run()
    title, contact, _ = pages.test.text_input
    title.set_value(HOSTILE)
    contact.set_value("Kim Lee")
    said = pages.click(say("page.book.now"))
    assert say("slot.BUSY") in said
    assert pages.test.text_input[0].value == HOSTILE, "a refusal keeps what was typed"
    pages.test.time_input(key="book_time").set_value(time(10)).run()
    said = pages.click(say("page.book.now"))
    assert say("page.book.booked") in said
    assert pages.test.selectbox(key="book_start").value == "09:00", "the next booking begins with the first free slot, not another time"
    assert pages.test.text_input[0].value == "", "and with an empty form"
    assert say("page.book.push.pushed") in said
    assert practice.starts() == [monday(10), monday(13)]
    said = view(pages, "appointments")
    what = f"{HOSTILE}\n{say('page.book.for', name='Kim Lee')}"
    assert what in [text.value for text in pages.test.text], "as text, whatever it holds; and whom it is for"
    pages.click(say("page.book.move"))
    field = next(select.key for select in pages.test.selectbox if select.key.startswith("move_start"))
    assert not {"10:00", "13:00"} & set(pages.test.selectbox(key=field).options), "the free slots of that day"
    pages.test.selectbox(key=field).set_value("11:00").run()
    said = pages.click(say("page.book.move_now"))
    assert say("page.book.moved") in said
    assert practice.starts() == [monday(11), monday(13)]
    said = pages.click(say("page.book.history"))
    assert said.count(say("page.book.status.booked") + ", ") == 2
    (booked,) = practice.clinic.app.appointments("ACME", "anna")
    assert booked["appointment_id"] in [code.value for code in pages.test.code], "its whole number, to be copied"
    said = pages.click(say("page.book.why"))
    assert say("page.why.offered") in said
    pages.click(say("page.book.cancel"))
    said = pages.click(say("page.book.cancel_now"))
    assert say("page.book.cancelled") in said
    assert say("page.book.status.cancelled") in said
    assert practice.starts() == [monday(13)]


def test_time_is_blocked_here_alone_and_an_analyst_sees_no_title(pages: Pages, practice: Practice) -> None:
    """R8: a blocked slot blocks and is written nowhere; what is still to be written is listed; R18: an analyst reads no title or note."""
    pages.of(practice.clinic).go("bookings", user="ACME/anna")
    view(pages, "blocked")
    for which, hour in (("from", 9), ("to", 12)):
        pages.test.date_input(key=f"block_{which}_day").set_value(monday(9).date())
        pages.test.time_input(key=f"block_{which}_time").set_value(time(hour))
    pages.test.text_input[0].set_value(HOSTILE)
    said = pages.click(say("page.block.now"))
    assert say("page.block.done") in said
    assert HOSTILE in said
    assert [row["reason"] for row in practice.clinic.app.busy("ACME", "anna", monday(9), monday(12)).to_dict("records")] == ["BLOCKED_SLOT"]
    assert len(practice.work.texts()) == 1
    said = pages.click(say("page.block.end"))
    assert say("page.block.none") in said
    pages.test.time_input(key="block_to_time").set_value(time(8))
    assert say("page.went_wrong") in pages.click(say("page.block.now")), "an end before the start"
    app = practice.clinic.app
    app.book("ACME", "anna", monday(10), monday(11), HOSTILE, contact_name="Kim Lee")
    said = view(pages, "outbox")
    assert {say("page.outbox.create"), say("outbox.waiting"), say("page.outbox.by_itself")} <= set(said.split("\n"))
    app.add_reader("ada", "analyst", PASSPHRASE)
    pages.at("0.0.0.0").go("bookings")
    signed_in(pages, "ada")
    said = view(pages, "appointments")
    assert "•••" in said
    assert HOSTILE not in said
    assert "Kim Lee" not in said
    assert not {say("page.book.move"), say("page.book.cancel")} & set(pages.labels())
    assert say("page.book.view_book") not in pages.test.radio(key="view_book").options


def test_drift_is_told_side_by_side_proposed_by_support_and_settled_by_an_admin_r11(pages: Pages, practice: Practice) -> None:
    """R11, case 16: somebody moved the event; both times, the three ways and what each would do; support proposes, an admin settles."""
    app = practice.clinic.app
    row = app.book("ACME", "anna", monday(10), monday(11), HOSTILE, push=True)
    practice.drag(15)
    app.add_reader("sam", "support", PASSPHRASE)
    app.add_reader("root", "admin", PASSPHRASE)
    pages.of(practice.clinic).at("0.0.0.0").go("bookings")
    said = signed_in(pages, "sam")
    assert say("page.drift.open", number=1) in said
    assert say("page.only_admins_book") in said
    assert not {say("page.book.move"), say("page.book.cancel")} & set(pages.labels())
    assert say("page.book.view_book") not in pages.test.radio(key="view_book").options
    assert say("page.book.in_calendar", state=say("page.book.drifted"), calendar="Work") in said
    assert say("page.book.push.pushed") not in said, "it does not stand there as it was written"
    said = pages.click(say("page.book.settle"))
    assert "Anna Adler (ACME/anna)" in said
    assert f"{monday(10):%Y-%m-%d}\n10:00–11:00" in said
    assert f"{monday(15):%Y-%m-%d}\n15:00–16:00" in said
    assert HOSTILE in said
    (drift,) = app.desk(Reader("tester", "admin")).drifts()
    assert all(way["says"] in said for way in drift["ways"])
    assert say("page.drift.settle_accept") not in pages.labels()
    assert say("page.went_wrong") in pages.click(say("page.drift.propose_accept")), "a proposal needs its reason"
    pages.test.text_input(key=f"reason_{drift['drift_id']}").set_value("she told me so")
    pages.click(say("page.drift.propose_accept"))
    assert app.appointment(row["appointment_id"])["starts_at"] == monday(10), "a proposal changes nothing"
    pages.click(say("page.sign_out"))
    signed_in(pages, "root")
    said = view(pages, "drift")
    assert "she told me so" in said
    pages.test.text_input(key=f"reason_{drift['drift_id']}").set_value("the customer asked for it")
    said = pages.click(say("page.drift.settle_accept"))
    assert say("page.drift.none") in said
    assert app.appointment(row["appointment_id"])["starts_at"] == monday(15)
    (line,) = app.desk(Reader("tester", "admin")).audit(action="SETTLE_DRIFT")
    assert (line["actor"], line["reason"]) == ("root", "the customer asked for it")


def test_what_was_typed_outlives_a_database_in_use_and_the_page_says_that_nothing_was_done(pages: Pages, empty_clinic: Clinic) -> None:
    """Another process writes just when somebody clicks Book: afterwards the form is as it was, and says so; the next click books it."""
    app = empty_clinic.app
    app.add_sub_account("ACME", time_zone="Europe/Berlin")
    app.add_user("ACME", "anna", name="Anna Adler")
    app.set_hours("ACME", None, {"weekly": "Mon-Fri 09:00-17:00", "slot_length": "20m"})
    pages.of(empty_clinic, ICALSYNC_LOCK_WAIT="0.3").go("bookings")
    view(pages, "book")
    assert pages.test.selectbox(key="book_length").value == "20m", "the length this user's slots have"
    pages.test.date_input(key="book_day").set_value(monday(9).date()).run()
    pages.test.selectbox(key="book_start").set_value("09:20").run()
    for field, text in zip(pages.test.text_input, (HOSTILE, "Kim Lee"), strict=False):
        field.set_value(text)
    databases.let_go()
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(empty_clinic.database)], stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout.readline() == b"held\n"
            assert say("STORE_IN_USE") in pages.click(say("page.book.now"))
        finally:
            holder.kill()
    said = pages.click(say("page.again"))
    assert say("page.book.nothing_done") in said
    assert [field.value for field in pages.test.text_input] == [HOSTILE, "Kim Lee", ""]
    assert app.appointments("ACME", "anna") == []
    said = pages.click(say("page.book.now"))
    assert say("page.book.booked") in said
    assert say("page.book.nothing_done") not in said
    (row,) = app.appointments("ACME", "anna")
    assert (row["starts_at"], row["ends_at"], row["title"]) == (monday(9, 20), monday(9, 40), HOSTILE)
    check_no_other_is_booked(pages, empty_clinic)


def check_no_other_is_booked(pages: Pages, clinic: Clinic) -> None:
    """The slot on the screen is taken by somebody else just before the click: it is refused, each time, and no other is booked instead."""
    pages.test.selectbox(key="book_start").set_value("10:00").run()
    pages.test.text_input[0].set_value("Too late")
    clinic.app.book("ACME", "anna", monday(10), monday(10, 20), "Sooner")
    for _ in range(2):
        said = pages.click(say("page.book.now"))
        assert say("page.went_wrong") in said
        assert say("page.book.booked") not in said
    assert sorted(row["title"] for row in clinic.app.appointments("ACME", "anna")) == sorted([HOSTILE, "Sooner"])


@pytest.mark.parametrize("spoken", ["en", "de"])
def test_why_something_cannot_be_written_is_said_in_words(spoken: str) -> None:
    """Each code with which an intent is parked or given up has a sentence of its own, without the code."""
    speak(spoken)
    try:
        for code in (*obstacles.KNOWN, obstacles.REJECTED, "ACCESS_DENIED", "DRIFT", "JOURNAL_BEHIND", "OBJECT_REFUSED", "PUSH_NOT_KEPT"):
            assert code not in telling.push(code)
    finally:
        speak("en")


def signed_in(pages: Pages, name: str) -> str:
    """Sign in; what the page says then."""
    field, password = pages.test.text_input
    field.set_value(name)
    password.set_value(PASSPHRASE)
    return pages.click(say("page.sign_in"))
