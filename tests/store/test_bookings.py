"""Booking: judged and made in one transaction, by the function that lists slots (R7, R12, R14, R15, cases 20 to 22)."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from icalsync.clock import SystemClock
from icalsync.core.interval import Interval
from icalsync.core.slots import slots
from icalsync.errors import AppointmentUnknown, InvalidInput, NotFound, SlotNotBookable, StartAfterEnd, UnknownUser
from icalsync.store.database import Database
from tests import databases
from tests.store.conftest import WINDOW, at, meeting
from tests.store.own_events import Desk, desk

ROOT = Path(__file__).parents[2]


@pytest.fixture
def office(chosen) -> Desk:
    """See ``Desk``; anna is open on weekdays from nine to five, in Berlin."""
    return desk(chosen)


@pytest.fixture
def covered(office) -> Desk:
    """The same, with what her conflict calendar holds known from the first of the month on."""
    with office.world.db.write() as tx:
        tx.execute("UPDATE _kept.calendar_freshness SET last_synced_at = ?", [tx.clock_now])
    return office


def because(office: Desk, *args: object, **more: object) -> list[str]:
    """Why a booking is refused; nothing is left of it."""
    before = len(office.bookings.rows())
    with pytest.raises(SlotNotBookable) as caught:
        office.book(*args, check=True, **more)
    assert len(office.bookings.rows()) == before
    assert "CANARY" not in caught.value.message
    return caught.value.facts["because"]


def test_a_free_slot_is_booked(covered):
    """R14: the row of the view, with its title; masked in the view, and never in a repr of it (R18)."""
    row = covered.book(at(24, 10), check=True)
    assert (row["sub_account"], row["user_id"], row["starts_at"], row["ends_at"]) == ("acme", "anna", at(24, 10), at(24, 10, 30))
    assert (row["title"], row["status"], row["forced"], row["uncertain"], row["unknown"]) == ("CANARY BOOKING", "booked", False, False, [])
    assert (row["moved_from"], row["cancelled_at"]) == (None, None)
    assert covered.world.rows("SELECT title FROM appointments") == [{"title": "•••"}]
    assert covered.bookings.rows("acme", "anna", at(24, 10, 15), at(24, 11)) == [{k: v for k, v in row.items() if k != "unknown"}]
    assert covered.bookings.rows("acme", "ben") == []


def test_every_reason_against_a_slot_is_told(covered):
    """R14: past, closed, taken, too near to something else, too many on one day, not known."""
    covered.pull("Work", ("/dav/anna/work/m.ics", event("m", at(24, 12), at(24, 13))))
    covered.world.choices.set_hours("acme", "anna", {"buffer_before": "15m", "daily_limit": "1"})
    assert because(covered, at(23, 7)) == ["PAST", "CLOSED"]
    assert because(covered, at(24, 17)) == ["CLOSED"]
    assert because(covered, at(24, 12, 30)) == ["BUSY"]
    assert because(covered, at(24, 13)) == ["BUFFER"]
    covered.book(at(24, 10), check=True)
    assert because(covered, at(24, 14)) == ["DAILY_LIMIT"]
    assert because(covered, at(24, 10, 10)) == ["BUSY", "DAILY_LIMIT"]
    assert because(covered, WINDOW.end + timedelta(days=7, hours=-13)) == ["UNKNOWN"], "beyond what was expanded nothing is known"


def test_a_start_beside_the_grid_can_be_booked(covered):
    """Slots are listed on the grid; a person may ask for another start."""
    assert covered.book(at(24, 10, 7), check=True)["status"] == "booked"


def test_a_forced_booking_is_recorded_as_one(covered):
    """`--no-check`: whatever stands against it, and everybody can see that, and who it was."""
    covered.book(at(24, 10), check=True)
    row = covered.book(at(24, 10), check=False)
    assert row["forced"]
    assert [r["cause"] for r in covered.world.rows("FROM double_bookings")] == ["FORCED"]
    assert [(r["actor"], r["action"], r["object"]) for r in covered.world.rows("FROM audit_log")] == [
        ("tester", "FORCE_BOOKING", row["appointment_id"])
    ]


def test_case_20_a_calendar_that_was_not_polled_in_time_is_not_known_to_be_free(covered):
    """R12, R14: refused by default; with the policy `warn` booked, marked, and told which."""
    polled = covered.world.clock.pass_(minutes=5)
    with pytest.raises(SlotNotBookable) as caught:
        covered.book(at(24, 10), check=True, polled_since=polled)
    assert caught.value.facts["because"] == ["UNKNOWN"]
    assert f"(not known: “Work” {covered.world.id_of('Work')})" in caught.value.message
    covered.world.choices.set_policy("acme", "anna", {"unknown": "warn"})
    row = covered.book(at(24, 10), check=True, polled_since=polled)
    assert (row["uncertain"], row["unknown"]) == (True, [covered.world.id_of("Work")])
    with covered.world.db.write() as tx:
        tx.execute("UPDATE _kept.calendar_freshness SET last_synced_at = ?", [tx.clock_now])
    row = covered.book(at(24, 12), check=True, polled_since=polled)
    assert (row["uncertain"], row["unknown"]) == (False, [])


def test_a_refusal_names_the_account_that_needs_its_password_and_speaks_the_users_zone(covered):
    """R2, R14: what is missing, what a person does about it, and the time as the user reads it."""
    with covered.world.db.write() as tx:
        tx.execute("UPDATE _kept.integration_status_version SET status = 'reauthentication_needed' WHERE known_to = 'infinity'")
    with pytest.raises(SlotNotBookable) as caught:
        covered.book(at(24, 10), check=True, polled_since=covered.world.clock.pass_(minutes=5))
    assert "icalsync reconnect int-1" in caught.value.message
    zone = ZoneInfo("Europe/Berlin")
    assert caught.value.facts["start"] == at(24, 10).astimezone(zone).isoformat()
    assert caught.value.facts["end"] == at(24, 10, 30).astimezone(zone).isoformat()


def test_moving_an_appointment_judges_the_new_time_without_the_old_one(covered):
    """R14: it does not stand in its own way; it keeps its id, says from when it was moved, and is refused like any booking."""
    covered.world.choices.set_hours("acme", "anna", {"daily_limit": "1"})
    first = covered.book(at(24, 10), check=True)
    moved = reschedule(covered, first["appointment_id"], at(24, 10, 15))
    assert (moved["appointment_id"], moved["starts_at"], moved["moved_from"], moved["changed_by"]) == (
        first["appointment_id"],
        at(24, 10, 15),
        at(24, 10),
        "system",
    )
    covered.world.choices.set_hours("acme", "anna", {"daily_limit": "none"})
    covered.book(at(24, 14), check=True)
    with pytest.raises(SlotNotBookable):
        reschedule(covered, first["appointment_id"], at(24, 14))
    assert covered.shown(first["appointment_id"])["starts_at"] == at(24, 10, 15)
    versions = len(covered.bookings.history(first["appointment_id"]))
    reschedule(covered, first["appointment_id"], at(24, 10, 15))
    assert len(covered.bookings.history(first["appointment_id"])) == versions, "moved to where it is: nothing changes"
    covered.cancel(first["appointment_id"])
    with pytest.raises(InvalidInput, match="cancelled"):
        reschedule(covered, first["appointment_id"], at(24, 11))


def test_a_cancelled_appointment_frees_its_time_at_once(covered):
    """And stays to be seen; a second cancellation changes nothing."""
    first = covered.book(at(24, 10), check=True)
    cancelled = covered.cancel(first["appointment_id"])
    assert (cancelled["status"], cancelled["cancelled_at"]) == ("cancelled", covered.now)
    covered.book(at(24, 10), check=True)
    covered.world.clock.pass_(minutes=1)
    assert covered.cancel(first["appointment_id"]) == cancelled


def test_blocked_slots_take_time_and_give_it_back(covered):
    """R8: made and ended here; ended ones are as known before (R16)."""
    blocked = covered.bookings.block("acme", "anna", at(24, 10), at(24, 12), "dentist")
    assert (blocked["note"], blocked["user_id"]) == ("dentist", "anna")
    assert because(covered, at(24, 11)) == ["BUSY"]
    before = covered.world.clock.pass_(minutes=1)
    covered.world.clock.pass_(minutes=1)
    assert covered.bookings.blocked("acme", "anna") == [blocked]
    assert covered.bookings.unblock(blocked["blocked_slot_id"]) == blocked
    assert covered.bookings.blocked() == []
    covered.book(at(24, 11), check=True)
    assert [row[3] for row in covered.world.busy(known_at=before) if row[3] != "NOT_COVERED"] == ["BLOCKED_SLOT"]
    with pytest.raises(NotFound):
        covered.bookings.unblock(blocked["blocked_slot_id"])


def test_contacts_come_from_bookings_alone_and_are_one_for_each_address(covered):
    """R7: by address without regard to case; without one each is a person of their own; guests of pulled events never."""
    for name, email in (("Carl", "Carl@Client.example"), ("Carl Client", "carl@client.example"), ("Walk-in", None), ("Walk-in", None)):
        covered.book(contact_name=name, contact_email=email)
    covered.book()
    covered.book(contact_email="only@mail.example")
    rows = covered.world.rows("SELECT sub_account, name, email FROM contacts ORDER BY ALL")
    assert rows == [
        {"sub_account": "acme", "name": "Carl Client", "email": "carl@client.example"},
        {"sub_account": "acme", "name": "Walk-in", "email": None},
        {"sub_account": "acme", "name": "Walk-in", "email": None},
        {"sub_account": "acme", "name": "only@mail.example", "email": "only@mail.example"},
    ]
    with pytest.raises(InvalidInput):
        covered.book(contact_email="no address")


def test_bad_input_is_a_plain_error_and_books_nothing(covered):
    """Nobody of that name, an end before its start, an appointment that is none."""
    with pytest.raises(UnknownUser):
        covered.book(user="nobody")
    with pytest.raises(StartAfterEnd):
        covered.book(minutes=-30)
    with pytest.raises(StartAfterEnd):
        covered.bookings.block("acme", "anna", at(24, 12), at(24, 12))
    for call in (covered.cancel, covered.shown, covered.bookings.history):
        with pytest.raises(AppointmentUnknown):
            call("nonsense")
    assert covered.bookings.rows() == []


def test_r15_what_slots_lists_can_be_booked_and_nothing_else_on_its_grid(covered):
    """R15: booking and listing judge by one function over one reading of the same data."""
    covered.pull("Work", ("/dav/anna/work/m.ics", event("m", at(24, 12), at(24, 13))))
    covered.world.choices.set_hours("acme", "anna", {"buffer_after": "15m", "slot_step": "30m"})
    day = Interval(at(24, 0), at(25, 0))
    half = timedelta(minutes=30)
    listed = {slot.interval.start for slot in slots(covered.world.answers.persons([("acme", "anna")], day), day, half, "all", covered.now)}
    assert listed
    for step in range(20):
        start = at(24, 7) + step * half
        try:
            booked = covered.book(start, check=True)
        except SlotNotBookable:
            assert start not in listed
        else:
            assert start in listed
            covered.cancel(booked["appointment_id"])


def test_case_21_of_fifty_who_want_one_slot_at_once_exactly_one_gets_it(covered):
    """R14, case 21: five processes of ten threads each; everybody else is told why not."""
    start = covered.now.replace(minute=0) + timedelta(days=1, hours=2)
    databases.let_go()
    words = [sys.executable, "-m", "tests.store.child", "race", str(covered.world.db.path), start.isoformat(), "10"]
    said = subprocess.run([*words, "5"], cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=120, check=True).stdout.split()
    assert sorted(said) == ["SLOT_NOT_BOOKABLE"] * 49 + ["booked"]
    with Database(covered.world.db.path, SystemClock()).read() as tx:
        assert tx.value("SELECT count(*) FROM appointments") == 1
        assert tx.value("SELECT count(*) FROM _kept.outbox") == 1


def reschedule(office: Desk, appointment_id: str, start) -> dict:
    """Move it, judged."""
    end = start + timedelta(minutes=30)
    return office.bookings.reschedule(appointment_id, start, end, check=True, actor="tester", asked_at=office.now, polled_since=None)


def event(uid: str, start, end) -> bytes:
    """Somebody else's event."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", "BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20261101T000000Z"]
    lines += [f"DTSTART:{start:%Y%m%dT%H%M%SZ}", f"DTEND:{end:%Y%m%dT%H%M%SZ}", "SUMMARY:CANARY", "END:VEVENT", "END:VCALENDAR", ""]
    assert meeting(uid, start, end).uid == uid
    return "\r\n".join(lines).encode()
