"""What people do to our events in their own calendars: never overwritten, never lost, and settled by a person or a policy (R11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.journeys.booked import Clinic, monday, stamp
from tests.journeys.remote import edited, value
from tests.servers import event_at

if TYPE_CHECKING:
    from typing import Any


IN_PROCESS = True


def written(booked: Clinic, hour: int = 10) -> tuple[dict[str, Any], str]:
    """An appointment that is on the server, and where."""
    before = set(booked.work.texts())
    row = booked.book(monday(hour))
    booked.sync()
    (href,) = set(booked.work.texts()) - before
    return row, href


def drag(booked: Clinic, href: str, hour: int) -> str:
    """The owner drags an event to another hour of the day; the text as they saved it."""
    text = booked.work.texts()[href]
    text = edited(text, "DTSTART", f"DTSTART:{stamp(monday(hour))}")
    text = edited(text, "DTEND", f"DTEND:{stamp(monday(hour + 1))}")
    booked.work.put(href, text)
    return booked.work.texts()[href]


def times(booked: Clinic) -> list[tuple[str, str]]:
    """What blocks on the day: from when, and why."""
    return sorted((row["starts_at"], row["reason"]) for row in booked.busy())


def at(hour: int) -> str:
    """An instant as the command line prints it."""
    return monday(hour).isoformat()


def test_an_edit_is_kept_recorded_and_blocks_both_times(everywhere: Clinic) -> None:
    """R11: nothing is overwritten, whatever is synced; the row stays, the edited time blocks as DRIFT, an alert says so."""
    booked = everywhere
    row, href = written(booked)
    theirs = drag(booked, href, 14)
    for _ in range(2):
        (told,) = booked.cli.json("sync", code=1)["attention"]
        assert (told["kind"], told["number"], told["codes"]) == ("DRIFT", 1, ["edited"]), "no all-clear while it is open"
    assert "icalsync drift list" in booked.cli("sync", "--sub-account", "ACME", "--user", "anna", code=1).out
    assert booked.work.texts() == {href: theirs}
    assert times(booked) == [(at(10), "OWN_APPOINTMENT"), (at(14), "DRIFT")]
    listed = booked.cli("drift", "list", "--json", code=1).json
    ((drift, same),) = [(each, each["appointment_id"] == row["appointment_id"]) for each in listed]
    assert same
    shown = {name: drift[name][:16] for name in ("ours_starts_at", "theirs_starts_at")}
    assert shown == {"ours_starts_at": stamped(10), "theirs_starts_at": stamped(14)}
    assert (drift["kind"], drift["settled_at"]) == ("edited", None)
    assert "DRIFT" in {alert["kind"] for alert in booked.cli.json("alerts", code=1)}
    assert booked.book(monday(14), code=1).error["error"] == "SLOT_NOT_BOOKABLE"


def stamped(hour: int) -> str:
    """An instant in UTC, to the minute, as ``drift list`` prints it without a sub-account."""
    moment = stamp(monday(hour))
    return f"{moment[:4]}-{moment[4:6]}-{moment[6:11]}:{moment[11:13]}"


def resolve(booked: Clinic, settlement: str) -> dict[str, Any]:
    """Settle the one open drift."""
    (drift,) = booked.drift()
    row = booked.cli.json("drift", "resolve", drift["drift_id"], settlement)
    assert (row["settlement"], row["settled_at"] is not None) == (settlement, True)
    assert {row[name][-6:] for name in ("ours_starts_at", "first_seen_at", "settled_at")} <= {"+01:00", "+02:00"}, "her zone, Berlin"
    return row


def test_accept_takes_the_edited_time_and_shows_in_the_history(booked: Clinic) -> None:
    """R11: the appointment moves, nothing is written, and later changes of ours go on from the owner's text."""
    row, href = written(booked)
    drag(booked, href, 14)
    booked.sync(code=1)
    resolve(booked, "accept")
    assert times(booked) == [(at(14), "OWN_APPOINTMENT")]
    now = booked.appointment(row)
    assert (now["moved_from"][:16], now["changed_by"]) == (stamped(10), "calendar")
    booked.sync()
    assert (times(booked), booked.drift(), booked.cli.json("alerts")) == ([(at(14), "OWN_APPOINTMENT")], [], [])
    booked.reschedule(row, monday(16))
    booked.sync()
    (text,) = booked.work.texts().values()
    assert value(text, "DTSTART") in {stamp(monday(16)), monday(16).strftime("%Y%m%dT%H%M%S")}
    assert booked.drift() == []


def test_restore_writes_ours_over_exactly_what_was_seen(booked: Clinic) -> None:
    """R11: and over nothing else: what the owner changes after that was settled is drift again."""
    _, href = written(booked)
    drag(booked, href, 14)
    booked.sync(code=1)
    resolve(booked, "restore")
    booked.sync()
    ((same, text),) = booked.work.texts().items()
    assert same == href
    assert value(text, "DTSTART") in {stamp(monday(10)), monday(10).strftime("%Y%m%dT%H%M%S")}
    assert (times(booked), booked.drift()) == ([(at(10), "OWN_APPOINTMENT")], [])


def test_an_edit_between_settling_and_writing_is_not_overwritten(on_icloud: Clinic) -> None:
    """R11, H11: ``restore`` was said about another version than the one that stands there when it is to be written."""
    _, href = written(on_icloud)
    drag(on_icloud, href, 14)
    on_icloud.sync(code=1)
    resolve(on_icloud, "restore")
    theirs = drag(on_icloud, href, 15)
    on_icloud.sync(code=None)
    assert on_icloud.work.texts() == {href: theirs}
    (drift,) = on_icloud.drift()
    assert drift["theirs_starts_at"][:16] == stamped(15)


def test_keep_lets_both_stand_until_it_changes_again(on_radicale: Clinic) -> None:
    """R11: both block; another edit is another drift."""
    booked = on_radicale
    _, href = written(booked)
    theirs = drag(booked, href, 14)
    booked.sync(code=1)
    resolve(booked, "keep")
    booked.sync()
    assert booked.work.texts() == {href: theirs}
    assert (times(booked), booked.drift()) == ([(at(10), "OWN_APPOINTMENT"), (at(14), "DRIFT")], [])
    drag(booked, href, 15)
    booked.sync(code=1)
    assert len(booked.drift()) == 1


def test_a_deletion_is_drift_and_accepting_it_cancels(on_radicale: Clinic) -> None:
    """R11, case 16, P6: never silent: the appointment stays and blocks until somebody says what holds."""
    booked = on_radicale
    row, href = written(booked)
    booked.work.delete(href)
    booked.sync(code=1)
    assert (times(booked), booked.work.texts()) == ([(at(10), "OWN_APPOINTMENT")], {})
    assert [each["kind"] for each in booked.drift()] == ["deleted"]
    resolve(booked, "accept")
    assert (booked.appointment(row)["status"], booked.busy()) == ("cancelled", [])
    booked.sync()
    assert (booked.work.texts(), booked.drift(), {state for _, state in booked.outbox()} - {"done"}) == ({}, [], set())


def test_restoring_a_deletion_writes_another_event_once(everywhere: Clinic) -> None:
    """R11, icloud.md §3.5: name and UID of what was deleted are burnt for good on iCloud, so the next generation is written."""
    booked = everywhere
    row, href = written(booked)
    booked.work.delete(href)
    booked.sync(code=1)
    resolve(booked, "restore")
    booked.sync()
    ((again, text),) = booked.work.texts().items()
    assert again != href
    assert value(text, "SUMMARY") == "First visit"
    assert (times(booked), booked.drift()) == ([(at(10), "OWN_APPOINTMENT")], [])
    assert (booked.appointment(row)["push_state"], booked.appointment(row)["href"]) == ("pushed", again)
    booked.sync()
    assert list(booked.work.texts()) == [again]


def test_what_both_sides_deleted_is_done(on_icloud: Clinic) -> None:
    """P8: 404 is done; no error, no loop, nothing to settle."""
    booked = on_icloud
    row, href = written(booked)
    booked.work.delete(href)
    booked.cancel(row)
    booked.sync(code=None)
    booked.sync()
    assert (booked.work.texts(), booked.busy(), booked.drift()) == ({}, [], [])
    assert {state for _, state in booked.outbox()} == {"done"}
    assert booked.appointment(row)["push_state"] == "removed"


def test_an_event_dragged_to_another_calendar_is_recognised_and_not_made_again(booked: Clinic) -> None:
    """R11, P13: it counts once, wherever it lies; accepted, that is its place, and later changes are made there."""
    row, href = written(booked)
    booked.work.move(href, booked.private)
    for _ in range(2):
        booked.sync(code=1)
    assert (booked.work.texts(), len(booked.private.texts())) == ({}, 1)
    assert times(booked) == [(at(10), "OWN_APPOINTMENT")]
    assert [each["kind"] for each in booked.drift()] == ["moved"]
    resolve(booked, "accept")
    booked.reschedule(row, monday(15))
    booked.sync()
    (text,) = booked.private.texts().values()
    assert (booked.work.texts(), value(text, "DTSTART")) == ({}, monday(15).strftime("%Y%m%dT%H%M%S"))
    assert (times(booked), booked.drift()) == ([(at(15), "OWN_APPOINTMENT")], [])


def test_a_change_of_ours_waits_while_a_drift_is_open_and_goes_out_by_its_settlement(on_icloud: Clinic) -> None:
    """R11, P5: edited on both sides: nothing is sent; after ``restore`` ours goes out as it is by then."""
    row, href = written(on_icloud)
    theirs = drag(on_icloud, href, 14)
    on_icloud.sync(code=1)
    on_icloud.reschedule(row, monday(16))
    on_icloud.sync(code=None)
    assert on_icloud.work.texts() == {href: theirs}
    assert on_icloud.outbox()[-1] == ("update", "parked")
    resolve(on_icloud, "restore")
    on_icloud.sync()
    (text,) = on_icloud.work.texts().values()
    assert value(text, "DTSTART") in {stamp(monday(16)), monday(16).strftime("%Y%m%dT%H%M%S")}
    assert (times(on_icloud), {state for _, state in on_icloud.outbox()}) == ([(at(16), "OWN_APPOINTMENT")], {"done"})


def test_what_was_edited_there_and_cancelled_here_is_not_deleted_unseen(on_icloud: Clinic) -> None:
    """P7: the owner's edit is no loss: it stays, blocks, and is settled; ``restore`` then takes it out."""
    row, href = written(on_icloud)
    theirs = drag(on_icloud, href, 14)
    on_icloud.cancel(row)
    on_icloud.sync(code=None)
    assert on_icloud.work.texts() == {href: theirs}
    assert times(on_icloud) == [(at(14), "DRIFT")]
    resolve(on_icloud, "restore")
    on_icloud.sync()
    assert (on_icloud.work.texts(), on_icloud.busy(), on_icloud.drift()) == ({}, [], [])


@pytest.mark.parametrize("policy", ["accept", "restore"])
def test_a_policy_settles_edits_and_deletions_by_itself(on_radicale: Clinic, policy: str) -> None:
    """R11: set explicitly per connection; it shows in the history of drift."""
    booked = on_radicale
    row = booked.cli.json("connection", "ACME", "anna", booked.integration_id, "--remote-changes", policy)
    assert (row["remote_change_policy"], row["connected_at"][-6:] in {"+01:00", "+02:00"}) == (policy, True)
    _, edited_href = written(booked, 10)
    deleted, deleted_href = written(booked, 12)
    drag(booked, edited_href, 15)
    booked.work.delete(deleted_href)
    booked.sync(code=None)
    booked.sync()
    settled = booked.cli.json("drift", "list", "--all")
    assert {(each["kind"], each["settlement"]) for each in settled} == {("edited", policy), ("deleted", policy)}
    if policy == "accept":
        assert times(booked) == [(at(15), "OWN_APPOINTMENT")]
        assert booked.appointment(deleted)["status"] == "cancelled"
        assert list(booked.work.texts()) == [edited_href]
    else:
        assert times(booked) == [(at(10), "OWN_APPOINTMENT"), (at(12), "OWN_APPOINTMENT")]
        assert len(booked.work.texts()) == 2
        assert deleted_href not in booked.work.texts()


def test_an_edit_that_is_taken_back_settles_itself(on_radicale: Clinic) -> None:
    """R11: the owner undoes it: there is nothing to settle any more."""
    _, href = written(on_radicale)
    ours = on_radicale.work.texts()[href]
    drag(on_radicale, href, 14)
    on_radicale.sync(code=1)
    assert len(on_radicale.drift()) == 1
    on_radicale.work.put(href, ours)
    on_radicale.sync()
    assert (on_radicale.drift(), times(on_radicale)) == ([], [(at(10), "OWN_APPOINTMENT")])
    assert on_radicale.cli.json("alerts") == []


def test_the_linked_calendar_is_watched_for_drift_although_it_is_no_conflict_calendar(on_radicale: Clinic) -> None:
    """R5, R11."""
    on_radicale.cli("conflicts", "remove", "ACME", "anna", "Work", "--yes")
    _, href = written(on_radicale)
    drag(on_radicale, href, 14)
    on_radicale.sync(code=1)
    assert times(on_radicale) == [(at(10), "OWN_APPOINTMENT"), (at(14), "DRIFT")]
    assert [each["kind"] for each in on_radicale.drift()] == ["edited"]


def test_a_former_linked_calendar_is_watched_where_only_the_chosen_are_pulled(on_radicale: Clinic) -> None:
    """R6, R11: under ``pull = chosen``, too, for as long as an event of ours stands there; then it is left alone."""
    booked = on_radicale
    row, href = written(booked)
    booked.cli("link", "ACME", "anna", "Private")
    booked.cli("conflicts", "remove", "ACME", "anna", "Work")
    booked.cli.environment["ICALSYNC_PULL"] = "chosen"
    drag(booked, href, 14)
    booked.sync(code=1)
    assert times(booked) == [(at(10), "OWN_APPOINTMENT"), (at(14), "DRIFT")]
    resolve(booked, "accept")
    booked.cancel(row)
    booked.sync()
    assert booked.work.texts() == {}
    booked.work.put("theirs", event_at("theirs", stamp(monday(16)), stamp(monday(17))))
    assert booked.sync()["added"] == 0
    assert booked.busy() == []


def test_an_event_the_owner_made_recurring_or_unreadable_is_drift_too(on_radicale: Clinic) -> None:
    """R11, R12: whatever became of it, it is not overwritten."""
    _, href = written(on_radicale)
    text = edited(on_radicale.work.texts()[href], "RRULE", "RRULE:FREQ=DAILY;COUNT=3")
    on_radicale.work.put(href, text)
    on_radicale.sync(code=1)
    (drift,) = on_radicale.drift()
    assert drift["kind"] == "edited"
    assert len(on_radicale.busy(monday(10).replace(day=monday(10).day))) >= 2
