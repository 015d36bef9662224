"""Bookings reach the linked calendar exactly once and come back without counting twice, through the command line, on each server."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

import icalsync
from tests.icloud.appointments import check_only_appointments_were_written
from tests.icloud.cloud import LEDGERS
from tests.icloud.fixtures import ANNA, BEN, PASSWORD
from tests.journeys.booked import Clinic, monday, stamp
from tests.journeys.remote import edited, lines, value
from tests.servers import event_at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.icloud import ICloud

IN_PROCESS = True


def test_a_booking_is_written_once_changed_in_place_and_taken_out(everywhere: Clinic) -> None:
    """R4, R11, R17: one event, counted once; a move changes it where it is; a cancellation takes it out; then nothing is left to do."""
    booked = everywhere
    row = booked.book(monday(10))
    assert (row["status"], row["title"], booked.outbox()) == ("booked", "First visit", [("create", "waiting")])
    assert booked.work.texts() == {}
    totals = booked.sync()
    assert totals["pushed"] == 1
    ((href, text),) = booked.work.texts().items()
    assert (value(text, "SUMMARY"), value(text, "DTSTART")) == ("First visit", monday(10).strftime("%Y%m%dT%H%M%S"))
    assert not [line for line in lines(text) if line.startswith(("ATTENDEE", "ORGANIZER", "METHOD"))]
    assert (booked.appointment(row)["push_state"], booked.appointment(row)["href"], booked.outbox()) == (
        "pushed",
        href,
        [("create", "done")],
    )
    assert [each["source"] for each in booked.busy()] == ["appointment"]
    assert booked.sync()["pushed"] == 0
    assert booked.sync() == {"requests": 1, "bytes": pytest.approx(booked.sync()["bytes"], rel=0.2)} | dict.fromkeys(
        ("added", "changed", "removed", "rejected", "pushed"), 0
    )
    moved = booked.reschedule(row, monday(14))
    assert (moved["appointment_id"], moved["moved_from"]) == (row["appointment_id"], monday(10).isoformat())
    booked.sync()
    ((same, text),) = booked.work.texts().items()
    assert (same, value(text, "DTSTART")) == (href, monday(14).strftime("%Y%m%dT%H%M%S"))
    assert int(value(text, "SEQUENCE") or 0) >= 1
    assert [(each["source"], each["starts_at"]) for each in booked.busy()] == [("appointment", monday(14).isoformat())]
    booked.cancel(row)
    assert booked.busy() == []
    booked.sync()
    assert (booked.work.texts(), booked.appointment(row)["push_state"], booked.busy()) == ({}, "removed", [])
    assert booked.cancel(row)["status"] == "cancelled"
    assert booked.sync()["pushed"] == 0
    assert booked.drift() == []


def test_what_was_moved_before_it_was_sent_is_written_once_as_it_is_then(on_icloud: Clinic, icloud: ICloud) -> None:
    """The outbox sends what the appointment is when it is sent: one PUT, however often it was moved before."""
    row = on_icloud.book(monday(10))
    on_icloud.reschedule(row, monday(11))
    on_icloud.reschedule(row, monday(12))
    mark = icloud.ledger.mark()
    on_icloud.sync()
    assert [entry.method for entry in icloud.ledger.writes(after=mark)] == ["PUT"]
    (text,) = on_icloud.work.texts().values()
    assert value(text, "DTSTART") == monday(12).strftime("%Y%m%dT%H%M%S")
    assert {state for _, state in on_icloud.outbox()} == {"done"}


def test_what_was_cancelled_before_it_was_sent_is_never_sent(on_icloud: Clinic, icloud: ICloud) -> None:
    """P12: nothing is written, nothing deleted."""
    on_icloud.cancel(on_icloud.book(monday(10)))
    mark = icloud.ledger.mark()
    on_icloud.sync()
    assert icloud.ledger.writes(after=mark) == []
    assert {state for _, state in on_icloud.outbox()} == {"done"}


def test_each_write_has_its_condition_and_invites_nobody(on_icloud: Clinic, icloud: ICloud) -> None:
    """R4, P15: If-None-Match on creation, If-Match on change and deletion, no Depth header, and no mail is sent to anyone."""
    mark = icloud.ledger.mark()
    row = on_icloud.book(monday(10), "--contact-name", "Carla Client", "--contact-email", "carla@example.org")
    on_icloud.cli("policy", "ACME", "push_detail=full")
    on_icloud.sync()
    on_icloud.reschedule(row, monday(11))
    on_icloud.sync()
    on_icloud.cancel(row)
    on_icloud.sync()
    create, change, delete = icloud.ledger.writes(after=mark)
    assert (create.method, create.headers.get("if-none-match"), create.headers.get("if-match")) == ("PUT", "*", None)
    assert (change.method, change.headers.get("if-none-match")) == ("PUT", None)
    assert (change.headers.get("if-match") or "").startswith('"')
    assert (delete.method, delete.depth) == ("DELETE", None)
    assert (delete.headers.get("if-match") or "").startswith('"')
    assert icloud.ledger.invitations() == []
    (contact,) = on_icloud.rows("contacts")
    assert (contact["name"], contact["email"]) == ("Carla Client", "carla@example.org")


def test_a_blocked_slot_blocks_here_and_is_written_nowhere(booked: Clinic) -> None:
    """R8."""
    start, end = monday(9).isoformat(), monday(12).isoformat()
    row = booked.cli.json("block", "ACME", "anna", "--start", start, "--end", end, "--note", "stocktaking")
    booked.sync()
    assert (booked.work.texts(), booked.private.texts(), booked.outbox()) == ({}, {}, [])
    assert [(each["source"], each["reason"]) for each in booked.busy()] == [("blocked_slot", "BLOCKED_SLOT")]
    assert booked.book(monday(10), code=1).error["error"] == "SLOT_NOT_BOOKABLE"
    ended = booked.cli.json("unblock", row["blocked_slot_id"])
    assert ended["blocked_slot_id"] == row["blocked_slot_id"]
    assert booked.busy() == []
    assert booked.cli("unblock", row["blocked_slot_id"], "--json", code=2).error["error"] == "NOT_FOUND"


def test_a_booking_is_refused_where_the_time_is_taken_or_closed_and_forced_only_on_request(booked: Clinic) -> None:
    """R14: an event that reached the calendar a moment ago is seen, because the calendars are asked first; the reasons are said."""
    booked.private.put("dentist", event_at("dentist", stamp(monday(10)), stamp(monday(11))))
    refused = booked.book(monday(10, 30), code=1)
    assert refused.error["error"] == "SLOT_NOT_BOOKABLE"
    assert "taken" in refused.error["message"]
    assert "opening hours" in booked.book(monday(20), code=1).error["message"]
    assert booked.rows("appointments") == []
    forced = booked.book(monday(10, 30), "--no-check")
    assert forced["forced"] is True
    findings = booked.rows("double_bookings")
    assert [row["cause"] for row in findings] == ["FORCED"]
    assert booked.reschedule(forced, monday(14))["starts_at"] == monday(14).isoformat()


def test_calendars_out_of_reach_refuse_a_booking_or_mark_it(on_icloud: Clinic, icloud: ICloud) -> None:
    """R12, R14: unknown is not free: refused by default; by policy ``warn`` booked, and the row says on what it rests."""
    booked = on_icloud
    icloud.account(ANNA).change_password("abcd-efgh-ijkl-mnop-other")
    refused = booked.book(monday(10), code=1)
    assert "not known" in refused.error["message"]
    booked.cli("policy", "ACME", "unknown=warn")
    row = booked.book(monday(10))
    assert (row["status"], row["uncertain"]) == ("booked", True)
    icloud.account(ANNA).change_password(PASSWORD)
    assert booked.sync()["pushed"] == 1


def test_bad_input_is_refused_and_books_nothing(on_radicale: Clinic) -> None:
    """design.md §5: exit 2, a sentence and a next step; nothing is tried."""
    book = ("book", "ACME", "anna", "--title", "x")
    for arguments, code in (
        ((*book, "--start", monday(11).isoformat(), "--end", monday(10).isoformat()), "START_AFTER_END"),
        ((*book, "--start", monday(11).isoformat(), "--end", monday(11).isoformat()), "START_AFTER_END"),
        ((*book, "--start", "tomorrow-ish", "--end", monday(10).isoformat()), "INVALID_INPUT"),
        ((*book, "--start", "2027-03-28T02:30", "--end", "2027-03-28T04:00"), "INVALID_INPUT"),
        ((*book, "--start", monday(10).isoformat(), "--end", (monday(10) + timedelta(days=40)).isoformat()), "INVALID_INPUT"),
        (("book", "ACME", "nobody", "--title", "x", "--start", "2027-01-04", "--end", "2027-01-05"), "UNKNOWN_USER"),
        (("cancel", "no-such-appointment"), "APPOINTMENT_UNKNOWN"),
        (("reschedule", "no-such-appointment", "--start", "2027-01-04", "--end", "2027-01-05"), "APPOINTMENT_UNKNOWN"),
        (("drift", "resolve", "no-such-drift", "accept"), "NOT_FOUND"),
        (("drift", "resolve", "no-such-drift", "shrug"), "USAGE"),
        (("connection", "ACME", "anna", "int-none", "--remote-changes", "accept"), None),
        (("connection", "ACME", "anna", on_radicale.integration_id, "--remote-changes", "always"), "USAGE"),
        (("book", "ACME", "anna", "--start", "2027-01-04"), "USAGE"),
        ((*book[:-1], " ", "--start", monday(10).isoformat(), "--end", monday(11).isoformat()), "INVALID_INPUT"),
    ):
        answer = on_radicale.cli(*arguments, "--json", code=2)
        assert code is None or answer.error["error"] == code, arguments
        assert answer.error["next_step"]
    assert on_radicale.rows("appointments") == []


def test_with_push_it_is_written_at_once_and_what_fails_waits_and_says_so(on_icloud: Clinic, icloud: ICloud) -> None:
    """The booking stands whatever becomes of its event."""
    row = on_icloud.book(monday(10), "--push")
    assert (row["push_state"], len(on_icloud.work.texts()), row["unknown"]) == ("pushed", 1, [])
    icloud.fail_next(1, status=500, method="PUT")
    start, end = monday(12).isoformat(), monday(13).isoformat()
    answer = on_icloud.cli("book", "ACME", "anna", "--start", start, "--end", end, "--title", "Second visit", "--push")
    assert "the next sync tries again" in answer.err
    assert len(on_icloud.work.texts()) == 1


@pytest.mark.parametrize(("detail", "summary"), [("reference", "Booking "), ("title", "First visit"), ("full", "First visit")])
def test_as_much_is_written_as_push_detail_lets_out(on_radicale: Clinic, detail: str, summary: str) -> None:
    """R4."""
    on_radicale.cli("policy", "ACME", f"push_detail={detail}")
    on_radicale.book(monday(10), "--contact-name", "Carla Client", "--contact-email", "carla@example.org")
    on_radicale.sync()
    (text,) = on_radicale.work.texts().values()
    assert (value(text, "SUMMARY") or "").startswith(summary)
    assert ("Carla Client" in text) is (detail == "full")
    assert ("First visit" in text) is (detail != "reference")


def test_what_the_owner_added_to_an_event_survives_our_changes(booked: Clinic) -> None:
    """R4, D38: alarm, place and notes are the owner's; adding them is no drift, and a move keeps them."""
    row = booked.book(monday(10))
    booked.sync()
    ((href, text),) = booked.work.texts().items()
    alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Go\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT"
    text = edited(edited(text, "LOCATION", "LOCATION:Room 7"), "X-OWNERS-OWN", "X-OWNERS-OWN;X-P=1:kept")
    booked.work.put(href, text.replace("END:VEVENT", alarm, 1))
    booked.sync()
    assert booked.drift() == []
    booked.reschedule(row, monday(15))
    booked.sync()
    (text,) = booked.work.texts().values()
    assert {"LOCATION:Room 7", "X-OWNERS-OWN;X-P=1:kept", "TRIGGER:-PT15M"} <= set(lines(text))
    assert value(text, "DTSTART") == monday(15).strftime("%Y%m%dT%H%M%S")
    assert booked.drift() == []


def test_a_plan_shows_each_write_and_makes_none(on_icloud: Clinic, icloud: ICloud) -> None:
    """Issue 5: ``sync --plan`` names action, calendar, appointment and place beside what would be pulled."""
    old = on_icloud.book(monday(9))
    gone = on_icloud.book(monday(16))
    on_icloud.sync()
    on_icloud.reschedule(old, monday(11))
    on_icloud.cancel(gone)
    new = on_icloud.book(monday(10))
    mark = icloud.ledger.mark()
    planned = [row for row in on_icloud.cli.json("sync", "--plan") if row["action"]]
    assert {(row["action"], row["appointment_id"]) for row in planned} == {
        ("create", new["appointment_id"]),
        ("update", old["appointment_id"]),
        ("delete", gone["appointment_id"]),
    }
    assert all(row["href"].startswith("/") and row["calendar_id"] for row in planned)
    assert icloud.ledger.writes(after=mark) == []
    assert "create" in on_icloud.cli("sync", "--plan").out
    assert on_icloud.sync()["pushed"] == 3


def test_without_a_linked_calendar_a_booking_is_written_nowhere_also_later(on_radicale: Clinic) -> None:
    """R4: what is created from then on; unlinking leaves events where they are and says so."""
    on_radicale.book(monday(9))
    on_radicale.sync()
    assert "stays there" in on_radicale.cli("unlink", "ACME", "anna").out
    row = on_radicale.book(monday(10))
    assert row["push_state"] is None
    answer = on_radicale.cli("cancel", row["appointment_id"])
    assert "no linked calendar" in answer.err
    on_radicale.cli("link", "ACME", "anna", "Private")
    on_radicale.sync()
    assert (len(on_radicale.work.texts()), on_radicale.private.texts()) == (1, {})


def test_after_another_calendar_is_linked_events_stay_or_are_moved_on_request(booked: Clinic) -> None:
    """Issue 5: future ones go to the new calendar; existing ones stay unless ``--move``: created there first, then deleted here."""
    first = booked.book(monday(9))
    booked.sync()
    booked.cli("link", "ACME", "anna", "Private", *_assumed(booked))
    booked.book(monday(10))
    booked.reschedule(first, monday(11))
    booked.sync()
    assert ([len(booked.work.texts()), len(booked.private.texts())], len(booked.busy())) == ([1, 1], 2)
    booked.cli("link", "ACME", "anna", "Private", "--move", *_assumed(booked))
    booked.sync()
    assert (booked.work.texts(), len(booked.private.texts())) == ({}, 2)
    assert [each["source"] for each in booked.busy()] == ["appointment", "appointment"]
    assert {state for _, state in booked.outbox()} == {"done"}
    assert booked.drift() == []
    booked.cancel(first)
    booked.sync()
    assert len(booked.private.texts()) == 1


def _assumed(booked: Clinic) -> tuple[str, ...]:
    rows = {row["display_name"]: row["access"] for row in booked.cli.json("calendars", "ACME", "anna")}
    return () if rows["Private"] == "write" else ("--assume-writable",)


def test_the_new_place_is_written_and_seen_before_the_old_one_is_deleted(on_icloud: Clinic, icloud: ICloud) -> None:
    """Issue 5, icloud.md §3.5: another UID, because iCloud refuses one that stands elsewhere; the order of requests shows it."""
    on_icloud.book(monday(9))
    on_icloud.sync()
    ((old, _),) = on_icloud.work.texts().items()
    mark = icloud.ledger.mark()
    on_icloud.cli("link", "ACME", "anna", "Private", "--move")
    planned = [(row["action"], row["href"]) for row in on_icloud.cli.json("sync", "--plan") if row["action"]]
    assert [action for action, _ in planned] == ["create", "delete"]
    mark = icloud.ledger.mark()
    on_icloud.sync()
    ((new, _),) = on_icloud.private.texts().items()
    asked = [(entry.method, entry.path) for entry in icloud.ledger.requests(after=mark) if entry.path in {old, new}]
    assert [href for _, href in planned] == [new, old]
    put, deleted = asked.index(("PUT", new)), asked.index(("DELETE", old))
    seen = asked.index(("GET", new), put)
    assert put < seen < deleted
    assert old.rsplit("/", 1)[-1] != new.rsplit("/", 1)[-1]


def test_two_tenants_who_share_one_apple_id_see_nothing_of_each_other(on_icloud: Clinic, icloud: ICloud) -> None:
    """R9, R11: one calendar, two sub-accounts: each appointment counts once for its user, and is an outside event for the other."""
    cli = on_icloud.cli
    cli("sub-account", "add", "BETA", "--name", "Beta Practice", "--time-zone", "Europe/Berlin")
    cli("user", "add", "BETA", "zoe", "--name", "Zoe")
    arguments = ("connect", "BETA", "zoe", "--provider", "icloud", "--account", ANNA, "--password-stdin")
    assert cli.json(*arguments, stdin=PASSWORD + "\n")["integration_id"] == on_icloud.integration_id
    cli("link", "BETA", "zoe", "Work")
    cli("sync")
    ours = on_icloud.book(monday(9))
    times = ("--start", monday(11).isoformat(), "--end", monday(12).isoformat())
    theirs = cli.json("book", "BETA", "zoe", *times, "--title", "Secret of Beta")
    assert on_icloud.sync()["pushed"] == 2
    assert len(on_icloud.work.texts()) == 2
    day = ("--from", str(monday(0).date()), "--to", str(monday(0).date() + timedelta(days=1)))
    for sub_account, user, own, other in (("ACME", "anna", ours, theirs), ("BETA", "zoe", theirs, ours)):
        rows = {row["starts_at"]: row for row in cli.json("busy", sub_account, user, *day)}
        mine, foreign = rows[own["starts_at"]], rows[other["starts_at"]]
        assert (mine["source"], mine["ref"]) == ("appointment", own["appointment_id"])
        assert (foreign["source"], foreign["ref"]) == ("external", None)
        assert "Secret of Beta" not in cli("busy", sub_account, user, *day).out
    clash = cli("book", "BETA", "zoe", "--start", ours["starts_at"], "--end", ours["ends_at"], "--title", "x", "--json", code=1)
    assert clash.error["error"] == "SLOT_NOT_BOOKABLE"
    cli("cancel", theirs["appointment_id"])
    on_icloud.sync()
    ((_, text),) = on_icloud.work.texts().items()
    assert value(text, "SUMMARY") == "First visit"
    assert [row["ref"] for row in cli.json("busy", "ACME", "anna", *day)] == [ours["appointment_id"]]


def test_two_linked_users_of_one_calendar_do_not_take_each_others_events_for_their_own(on_icloud: Clinic, icloud: ICloud) -> None:
    """R9, R11: ownership is the user's, not the calendar's: the other's appointment is an outside event, and theirs alone can change it."""
    cli = on_icloud.cli
    cli("user", "add", "ACME", "ben", "--name", "Ben")
    cli.json("connect", "ACME", "ben", "--provider", "icloud", "--account", ANNA, "--password-stdin", stdin=PASSWORD + "\n")
    cli("link", "ACME", "ben", "Work")
    on_icloud.book(monday(9))
    on_icloud.sync()
    day = ("--from", str(monday(0).date()), "--to", str(monday(0).date() + timedelta(days=1)))
    assert [row["source"] for row in cli.json("busy", "ACME", "ben", *day)] == ["external"]
    assert [row["source"] for row in cli.json("busy", "ACME", "anna", *day)] == ["appointment"]
    assert BEN not in cli("integrations").out


def test_whatever_was_written_that_is_no_appointment_would_be_noticed(on_icloud: Clinic, tmp_path: Path) -> None:
    """R8: the check that runs after every test of the suite bites: here it is given another database."""
    on_icloud.book(monday(10))
    on_icloud.sync()
    icalsync.open(tmp_path / "another" / "clinic.duckdb").users()
    with pytest.raises(AssertionError, match="no appointment"):
        check_only_appointments_were_written(LEDGERS, tmp_path / "another")


def test_no_title_of_ours_is_in_a_view_a_log_or_an_error(on_radicale: Clinic) -> None:
    """R18: our own titles are shown to those who book; the public views mask them."""
    on_radicale.book(monday(10), title="Very private matter")
    on_radicale.sync()
    for view in ("appointments", "events", "busy", "outbox", "drift", "alerts", "audit_log", "occurrences"):
        assert "private matter" not in str(on_radicale.rows(view))
    refused = on_radicale.book(monday(10), title="Even more private matter", code=1)
    assert "private matter" not in refused.out + refused.err
