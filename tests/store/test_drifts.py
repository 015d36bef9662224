"""Drift: what owners do to our events, noticed, kept and settled (R11, P5–P8, P13, cases 15 and 16)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from icalsync.core.own import uid_of
from icalsync.core.writing import fields_of
from icalsync.errors import InvalidInput, NotFound
from icalsync.ports import PushOutcome
from tests.store.conftest import at
from tests.store.own_events import OTHER, WORK, Desk, edited, kept_open, with_line


@pytest.fixture
def office(chosen, monkeypatch) -> Iterator[Desk]:
    """See ``Desk``."""
    with kept_open(chosen, monkeypatch) as made:
        yield made


def of(office: Desk) -> list[tuple]:
    """(start, reason) of what takes anna's time on the 24th."""
    frame = office.world.answers.busy([("acme", "anna")], at(24, 0), at(25, 0))
    return [(row.starts_at.to_pydatetime(), row.reason) for row in frame.itertuples() if row.source != "coverage"]


def apply(office: Desk, *names: str) -> int:
    """What the engine does after a pull that found these calendars clean."""
    return office.outbox.apply_policies(office.lease(), [office.world.id_of(name) for name in names])


def policy(office: Desk, name: str) -> None:
    """The connection's policy from now on."""
    office.world.accounts.set_remote_changes("acme", "anna", "int-1", name, actor="tester")


def test_an_edit_blocks_both_times_until_it_is_settled(office):
    """R11: the appointment's row stays, the edited time is a second one; the text is kept, and an alert asks."""
    appointment_id, href, raw = office.pushed()
    theirs = edited(raw, at(24, 15))
    office.pull("Work", (href, theirs))
    assert of(office) == [(at(24, 10), "OWN_APPOINTMENT"), (at(24, 15), "DRIFT")]
    (row,) = office.drifts.rows("acme", "anna")
    assert (row["kind"], row["ours_starts_at"], row["theirs_starts_at"], row["theirs_ends_at"]) == (
        "edited",
        at(24, 10),
        at(24, 15),
        at(24, 15, 30),
    )
    assert (row["appointment_id"], row["calendar_id"], row["settled_at"]) == (appointment_id, office.world.id_of("Work"), None)
    assert [bytes(each["raw"]) for each in office.world.rows("SELECT raw FROM _kept.drift_text")] == [theirs]
    assert office.alerts_open() == ["DRIFT"]
    assert office.world.rows("FROM double_bookings") == []


def test_drift_blocks_in_the_linked_calendar_even_where_that_is_no_conflict_calendar(office):
    """R5, R11: the linked calendar is watched for drift, whatever its other events do."""
    _, href, raw = office.pushed()
    office.world.roles.remove_conflicts("acme", "anna", [office.world.id_of("Work")])
    office.pull("Work", (href, edited(raw, at(24, 15))))
    assert (at(24, 15), "DRIFT") in of(office)


def test_one_drift_for_each_appointment_follows_what_the_owner_goes_on_doing(office):
    """It is brought up to date, keeps its id and its first sight, and goes away by itself when the event is ours again."""
    _, href, raw = office.pushed()
    office.pull("Work", (href, edited(raw, at(24, 15))))
    (first,) = office.drifts.rows()
    office.world.clock.pass_(minutes=5)
    office.pull("Work", (href, edited(raw, at(24, 16))))
    (second,) = office.drifts.rows()
    assert (second["drift_id"], second["first_seen_at"]) == (first["drift_id"], first["first_seen_at"])
    assert second["theirs_starts_at"] == at(24, 16)
    assert len(office.world.rows("FROM _kept.drift_text")) == 2
    office.pull("Work", (href, raw))
    (settled,) = office.drifts.rows(open_only=False)
    assert (settled["settlement"], office.open_drift(), office.alerts_open()) == ("reverted", [], [])
    assert of(office) == [(at(24, 10), "OWN_APPOINTMENT")]


def test_while_drift_is_open_nothing_is_sent(office):
    """P5, P7: what is changed meanwhile is recorded and parked; nothing touches the event."""
    appointment_id, href, raw = office.pushed()
    office.move(appointment_id, at(24, 11))
    office.pull("Work", (href, edited(raw, at(24, 15))))
    office.move(appointment_id, at(24, 12))
    office.cancel(appointment_id)
    assert office.due() == ()
    assert office.row(appointment_id)[1:] == [
        ("update", "done", "CANCELLED"),
        ("update", "done", "CANCELLED"),
        ("delete", "parked", "DRIFT"),
    ]


def test_accepting_an_edit_takes_its_time_and_shows_in_the_history(office):
    """R11: the appointment takes theirs; what was on its way falls away; the event is ours again, and counts once."""
    appointment_id, href, raw = office.pushed()
    office.move(appointment_id, at(24, 11))
    theirs = edited(raw, at(24, 15), 60).replace(b"CANARY BOOKING", b"CANARY RENAMED")
    office.pull("Work", (href, theirs))
    row = office.resolve("accept")
    assert row["settlement"] == "accept"
    shown = office.shown(appointment_id)
    assert (shown["starts_at"], shown["ends_at"], shown["moved_from"]) == (at(24, 15), at(24, 16), at(24, 11))
    assert (shown["title"], shown["changed_by"], shown["push_state"]) == ("CANARY RENAMED", "calendar", "pushed")
    assert [each["changed_by"] for each in office.bookings.history(appointment_id)][-1] == "calendar"
    assert of(office) == [(at(24, 15), "OWN_APPOINTMENT")]
    assert office.due() == ()
    assert [r["action"] for r in office.world.rows("FROM audit_log")][-1] == "SETTLE_DRIFT"
    office.pull("Work", (href, with_line(theirs, "LOCATION:Room 4")))
    assert office.open_drift() == []
    office.move(appointment_id, at(24, 17))
    (task,) = office.due()
    assert len(task.sent) == 1, "their text may be written over now"


def test_restoring_an_edit_writes_over_exactly_the_version_that_was_seen(office):
    """R11: that version, and no later one; until it is restored both times block."""
    appointment_id, href, raw = office.pushed()
    theirs = edited(raw, at(24, 15))
    office.pull("Work", (href, theirs))
    (row,) = office.drifts.rows()
    mark = office.world.rows("SELECT fingerprint FROM _kept.drift")[0]["fingerprint"]
    office.drifts.resolve(row["drift_id"], "restore", actor="tester")
    (task,) = office.due()
    assert (task.action, mark in task.sent, fields_of(task.content).starts_at) == ("update", True, at(24, 10))
    assert (at(24, 15), "DRIFT") in of(office)
    office.pull("Work", (href, with_line(theirs, "LOCATION:Room 4")))
    assert office.open_drift() == [], "it is decided already"
    office.pull("Work", (href, edited(raw, at(24, 16))))
    assert office.open_drift() == [("edited", at(24, 16))], "a later edit is not"
    office.resolve("restore")
    ((_, text),) = office.send_all().items()
    office.pull("Work", (href, text))
    assert (office.open_drift(), of(office)) == ([], [(at(24, 10), "OWN_APPOINTMENT")])
    assert office.shown(appointment_id)["push_state"] == "pushed"


def test_keeping_an_edit_lets_both_stand_until_something_changes(office):
    """Both block; a later change of ours is a new question, and no overwriting."""
    appointment_id, href, raw = office.pushed()
    theirs = edited(raw, at(24, 15))
    office.pull("Work", (href, theirs))
    office.resolve("keep")
    office.pull("Work", (href, with_line(theirs, "LOCATION:Room 4")))
    assert (office.open_drift(), office.due(), office.alerts_open()) == ([], (), [])
    assert of(office) == [(at(24, 10), "OWN_APPOINTMENT"), (at(24, 15), "DRIFT")]
    office.move(appointment_id, at(24, 12))
    (task,) = office.due()
    office.outbox.settle(office.lease(), PushOutcome(task.outbox_id, "diverged", "DRIFT", raw=theirs, kind="edited"))
    assert office.open_drift() == [("edited", at(24, 15))]
    assert office.row(appointment_id)[-1] == ("update", "parked", "DRIFT")


def test_case_16_a_deletion_is_drift_and_each_way_of_settling_it(office):
    """Case 16, P6: never a silent loss: accepted it cancels, restored it is the next generation, kept it stays without an event."""
    ids = {}
    for hour, settlement in ((9, "accept"), (11, "restore"), (13, "keep")):
        appointment_id, href, _ = office.pushed(at(24, hour))
        office.pull("Work", gone=(href,))
        assert office.open_drift() == [("deleted", None)]
        assert (at(24, hour), "OWN_APPOINTMENT") in of(office)
        office.resolve(settlement)
        ids[settlement] = appointment_id
    assert office.shown(ids["accept"])["status"] == "cancelled"
    assert office.shown(ids["accept"])["changed_by"] == "calendar"
    (task,) = office.due()
    assert (task.appointment_id, task.action, task.generation) == (ids["restore"], "create", 2)
    assert (office.shown(ids["keep"])["status"], office.shown(ids["keep"])["push_state"]) == ("booked", "removed")
    office.move(ids["keep"], at(24, 14))
    assert len(office.due()) == 1, "it is not written again"
    assert [start for start, _ in of(office)] == [at(24, 11), at(24, 14)]


def test_p13_dragged_to_another_calendar_it_is_followed_not_made_again(office):
    """P13, C19: seen gone before it is seen elsewhere, or after: one drift `moved`; accepted, later changes go there."""
    for gone_first in (True, False):
        appointment_id, href, raw = office.pushed(at(24, 9 + gone_first))
        there = f"{OTHER}{href.rsplit('/', 1)[1]}"
        if gone_first:
            office.pull("Work", gone=(href,))
            office.pull("Other", (there, raw))
        else:
            office.pull("Other", (there, raw))
            office.pull("Work", gone=(href,))
        assert office.open_drift() == [("moved", at(24, 9 + gone_first))]
        assert (at(24, 9 + gone_first), "DRIFT") not in of(office)
        office.resolve("accept")
        shown = office.shown(appointment_id)
        assert (shown["href"], shown["calendar_id"]) == (there, office.world.id_of("Other"))
        office.move(appointment_id, at(24, 15))
        (task,) = office.due()
        assert (task.action, task.href, task.generation, len(task.sent)) == ("update", there, 1, 1)
        office.send(task)


def test_restoring_a_moved_one_writes_it_anew_before_it_is_deleted_there(office):
    """R11: the next generation where it was; the other is deleted when that stands, and both count once meanwhile."""
    appointment_id, href, raw = office.pushed()
    there = f"{OTHER}{href.rsplit('/', 1)[1]}"
    office.pull("Work", gone=(href,))
    office.pull("Other", (there, raw))
    office.resolve("restore")
    (create,) = office.due()
    assert (create.action, create.generation, create.href) == ("create", 2, f"{WORK}{uid_of(appointment_id, 2)}.ics")
    text = office.send(create)
    office.pull("Work", (create.href, text))
    (delete,) = office.due()
    assert (delete.action, delete.generation, delete.href, len(delete.sent)) == ("delete", 1, there, 1)
    assert of(office) == [(at(24, 10), "OWN_APPOINTMENT")]
    office.send(delete)
    office.pull("Other", gone=(there,))
    assert (office.open_drift(), office.shown(appointment_id)["push_state"]) == ([], "pushed")


def test_edited_and_moved_at_once_is_an_edit_elsewhere(office):
    """Theirs is both the time and the place."""
    appointment_id, href, raw = office.pushed()
    office.pull("Work", gone=(href,))
    office.pull("Other", (f"{OTHER}x.ics", edited(raw, at(24, 15))))
    assert office.open_drift() == [("edited", at(24, 15))]
    assert of(office) == [(at(24, 10), "OWN_APPOINTMENT"), (at(24, 15), "DRIFT")], "also in a calendar without a role"
    office.resolve("accept")
    shown = office.shown(appointment_id)
    assert (shown["starts_at"], shown["href"]) == (at(24, 15), f"{OTHER}x.ics")
    assert of(office) == [(at(24, 15), "OWN_APPOINTMENT")]


def test_p8_deleted_on_both_sides_is_settled(office):
    """P8: no loop of errors: nothing is left to be done, whoever was first."""
    first, href, _ = office.pushed()
    office.cancel(first)
    office.pull("Work", gone=(href,))
    (task,) = office.due()
    office.settle(task, "done")
    second, href, _ = office.pushed(at(24, 12))
    office.pull("Work", gone=(href,))
    office.cancel(second)
    assert (office.open_drift(), office.due(), office.alerts_open()) == ([], (), [])
    assert {office.shown(each)["push_state"] for each in (first, second)} == {"removed"}


def test_p7_edited_there_and_cancelled_here_is_never_deleted_unasked(office):
    """P7: kept until somebody decides; restored it is deleted, accepted it is the owner's own event from then on."""
    ids = {}
    for hour, settlement in ((9, "accept"), (12, "restore")):
        appointment_id, href, raw = office.pushed(at(24, hour))
        office.cancel(appointment_id)
        (task,) = office.due()
        theirs = edited(raw, at(24, hour + 1))
        office.outbox.settle(office.lease(), PushOutcome(task.outbox_id, "diverged", "DRIFT", raw=theirs, kind="edited"))
        office.pull("Work", (href, theirs))
        assert office.open_drift() == [("edited", at(24, hour + 1))]
        office.resolve(settlement)
        ids[settlement] = appointment_id
    (task,) = office.due()
    assert (task.appointment_id, task.action, len(task.sent)) == (ids["restore"], "delete", 2)
    assert of(office) == [(at(24, 10), "BUSY"), (at(24, 13), "DRIFT")]
    assert {office.shown(each)["status"] for each in ids.values()} == {"cancelled"}


def test_an_event_that_comes_back_after_it_was_deleted_blocks_and_is_drift(office):
    """R12: an owner took it out of the bin: nobody is booked over it, and nobody deletes it again unasked."""
    appointment_id, href, raw = office.pushed()
    office.cancel(appointment_id)
    office.send_all()
    office.pull("Work", gone=(href,))
    assert of(office) == []
    office.pull("Work", (href, raw))
    assert (of(office), office.open_drift()) == ([(at(24, 10), "DRIFT")], [("edited", at(24, 10))])
    office.pull("Work", gone=(href,))
    assert (of(office), office.open_drift(), office.alerts_open()) == ([], [], [])


def test_the_policy_accept_settles_by_itself(office):
    """R11: set explicitly and logged; the time is taken at the next run, and `policy` is who decided."""
    policy(office, "accept")
    appointment_id, href, raw = office.pushed()
    office.pull("Work", (href, edited(raw, at(24, 15))))
    assert apply(office, "Work") == 1
    assert office.shown(appointment_id)["starts_at"] == at(24, 15)
    assert [(r["actor"], r["action"]) for r in office.world.rows("FROM audit_log")] == [
        ("tester", "SET_REMOTE_CHANGES"),
        ("tester", "FORCE_BOOKING"),
        ("policy", "SETTLE_DRIFT"),
    ]
    assert apply(office, "Work") == 0


def test_c19_a_deletion_is_accepted_only_when_every_calendar_was_looked_at_since(office):
    """C19, P13: it may have been a move; a calendar that was not pulled cannot tell."""
    policy(office, "accept")
    appointment_id, href, raw = office.pushed()
    office.pull("Other")
    office.world.clock.pass_(minutes=1)
    office.pull("Work", gone=(href,))
    assert apply(office, "Work") == 0
    assert office.shown(appointment_id)["status"] == "booked"
    office.pull("Other", (f"{OTHER}x.ics", raw))
    assert apply(office, "Work", "Other") == 1
    assert (office.shown(appointment_id)["status"], office.shown(appointment_id)["href"]) == ("booked", f"{OTHER}x.ics")
    office.pull("Other", gone=(f"{OTHER}x.ics",))
    assert apply(office, "Work", "Other") == 1
    assert office.shown(appointment_id)["status"] == "cancelled"


def test_an_appointment_cancelled_by_a_deletion_that_was_a_move_is_booked_again(office):
    """It heals: the event turns up after all, and with `accept` the appointment is what the event says."""
    policy(office, "accept")
    appointment_id, href, raw = office.pushed()
    office.pull("Work", gone=(href,))
    apply(office, "Work", "Other")
    assert office.shown(appointment_id)["status"] == "cancelled"
    office.pull("Other", (f"{OTHER}x.ics", raw))
    assert (at(24, 10), "DRIFT") in of(office)
    assert apply(office, "Work", "Other") == 1
    assert (office.shown(appointment_id)["status"], of(office)) == ("booked", [(at(24, 10), "OWN_APPOINTMENT")])


def test_cleaning_up_after_an_appointment_was_held_is_no_cancellation(office):
    """A person may delete what is over; no rule makes a cancellation of that."""
    policy(office, "accept")
    appointment_id, href, _ = office.pushed()
    office.world.clock.pass_(days=3)
    office.pull("Work", gone=(href,))
    assert apply(office, "Work", "Other") == 0
    assert office.shown(appointment_id)["status"] == "booked"


def test_the_policy_restore_writes_ours_again(office):
    """R11: the deleted one as the next generation, the edited one over what was seen."""
    policy(office, "restore")
    one, href, raw = office.pushed()
    office.pull("Work", (href, edited(raw, at(24, 15))))
    assert apply(office, "Work") == 1
    assert [(t.appointment_id, t.action) for t in office.due()] == [(one, "update")]
    office.send_all()
    office.pull("Work", gone=(href,))
    assert apply(office, "Work", "Other") == 1
    assert [(t.appointment_id, t.action, t.generation) for t in office.due()] == [(one, "create", 2)]


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: with_line(raw, "RRULE:FREQ=DAILY;COUNT=5"),
        lambda raw: b"\r\n".join(
            b"DTSTART;VALUE=DATE:20261124" if line.startswith(b"DTSTART") else line
            for line in raw.split(b"\r\n")
            if not line.startswith(b"DTEND")
        ),
    ],
    ids=["a series", "all-day"],
)
def test_what_no_appointment_can_be_is_not_accepted(office, change):
    """It stays open for a person, also under the policy `accept`; it blocks as it stands, and can be restored."""
    policy(office, "accept")
    appointment_id, href, raw = office.pushed()
    office.pull("Work", (href, change(raw)))
    assert apply(office, "Work") == 0
    (row,) = office.drifts.rows()
    assert row["theirs_starts_at"] is not None
    with pytest.raises(InvalidInput, match="no appointment can be that"):
        office.drifts.resolve(row["drift_id"], "accept", actor="tester")
    assert office.drifts.rows() == [row], "a refused settlement changes nothing"
    assert "DRIFT" in [reason for _, reason in of(office)]
    office.resolve("restore")
    assert [(task.appointment_id, task.action) for task in office.due()] == [(appointment_id, "update")]


def test_bad_settlements_are_plain_errors(office):
    """An id that is none, a word that is none, and a drift that is settled already; nothing is lost by them."""
    _, href, raw = office.pushed()
    office.pull("Work", (href, edited(raw, at(24, 15))))
    (row,) = office.drifts.rows()
    with pytest.raises(NotFound):
        office.drifts.resolve("nonsense", "keep", actor="tester")
    with pytest.raises(InvalidInput):
        office.drifts.resolve(row["drift_id"], "perhaps", actor="tester")
    office.resolve("keep")
    with pytest.raises(InvalidInput, match="settled already"):
        office.drifts.resolve(row["drift_id"], "accept", actor="tester")


def test_moving_along_to_another_calendar_writes_there_first(office):
    """`link --move`: create, then delete; both generations are ours meanwhile; one in drift and one that is over stay."""
    past = office.book(at(20, 10))["appointment_id"]
    office.send_all()
    moved, href, _ = office.pushed(at(24, 9))
    drifting, other, raw = office.pushed(at(24, 14))
    office.pull("Work", (other, edited(raw, at(24, 20))))
    unsent = office.book(at(24, 12))["appointment_id"]
    role = office.world.roles.link("acme", "anna", office.world.id_of("Other"), actor="tester", move=True)
    assert (role["moved"], role["left"]) == (2, 1)
    assert [(t.appointment_id, t.action, t.href.startswith(OTHER)) for t in office.due()] == [
        (moved, "create", True),
        (unsent, "create", True),
    ]
    sent = {task.appointment_id: office.send(task) for task in office.due()}
    (delete,) = office.due()
    assert (delete.appointment_id, delete.action, delete.href) == (moved, "delete", href)
    office.pull("Other", (office.shown(moved)["href"], sent[moved]))
    assert [reason for start, reason in of(office) if start == at(24, 9)] == ["OWN_APPOINTMENT"]
    office.send(delete)
    office.pull("Work", gone=(href,))
    assert [row["appointment_id"] for row in office.drifts.rows()] == [drifting]
    assert office.shown(past)["href"].startswith(WORK)
    assert office.book(at(25, 9))["href"].startswith(OTHER), "future appointments go to the new one"


def all_day(raw: bytes) -> bytes:
    """The event as its owner turned it into an all-day one."""
    lines = [line for line in raw.split(b"\r\n") if not line.startswith((b"DTSTART", b"DTEND"))]
    at_end = lines.index(b"END:VEVENT")
    return b"\r\n".join([*lines[:at_end], b"DTSTART;VALUE=DATE:20261125", b"DTEND;VALUE=DATE:20261126", *lines[at_end:]])


@pytest.mark.parametrize("settlement", ["accept", "restore", "keep"])
def test_an_all_day_drift_of_a_cancelled_appointment_can_be_settled_in_each_way(office, settlement):
    """R11, P7: no appointment has to take its time any more: accepted, the event is its owner's; restored, exactly it is deleted."""
    appointment_id, href, raw = office.pushed()
    office.cancel(appointment_id)
    office.pull("Work", (href, all_day(raw)))
    midnight = at(24, 23)  # of the 25th, in Berlin
    assert office.open_drift() == [("edited", midnight)]
    office.resolve(settlement)
    assert (office.open_drift(), office.alerts_open(), office.shown(appointment_id)["status"]) == ([], [], "cancelled")
    assert [(task.action, task.href) for task in office.due()] == ([("delete", href)] if settlement == "restore" else [])
    office.pull("Work", (href, with_line(all_day(raw), "LOCATION:Room 4")))
    assert office.open_drift() == ([] if settlement == "accept" else [("edited", midnight)]), "another text than the one that was seen"
    busy = office.world.answers.busy([("acme", "anna")], at(25, 0), at(26, 0))
    assert list(busy["reason"]) == (["ALL_DAY"] if settlement == "accept" else ["DRIFT"])


def test_a_drift_that_cannot_be_accepted_says_why_and_what_settles_it(office):
    """R11: every drift can be settled by some of the three; the refusal of one names the others."""
    _, href, raw = office.pushed()
    office.pull("Work", (href, all_day(raw)))
    (row,) = office.drifts.rows()
    with pytest.raises(InvalidInput, match=r"all-day.*'restore'.*'keep'"):
        office.drifts.resolve(row["drift_id"], "accept", actor="tester")
    office.resolve("keep")
    assert office.open_drift() == []


def test_moving_along_asks_nothing_again_that_was_settled_by_keep(office):
    """R11, `link --move`: an event that was to stay as its owner made it stays where it is; the others go."""
    kept, href, raw = office.pushed(at(24, 9))
    moved, other, _ = office.pushed(at(24, 12))
    office.pull("Work", (href, edited(raw, at(24, 15))))
    office.resolve("keep")
    role = office.world.roles.link("acme", "anna", office.world.id_of("Other"), actor="tester", move=True)
    assert (role["moved"], role["left"], role["kept"]) == (1, 0, 1)
    assert [(row["appointment_id"], row["action"]) for row in office.outbox.rows() if row["state"] != "done"] == [
        (moved, "create"),
        (moved, "delete"),
    ]
    office.send_all()
    office.pull("Work", gone=(other,))
    assert (office.open_drift(), office.shown(kept)["href"]) == ([], href)
    assert of(office) == [(at(24, 9), "OWN_APPOINTMENT"), (at(24, 12), "OWN_APPOINTMENT"), (at(24, 15), "DRIFT")]


def test_what_was_kept_and_then_restored_is_moved_along(office):
    """R11: the last word counts: over the version that `restore` was said about, ours is written, and then goes with the others."""
    appointment_id, href, raw = office.pushed()
    office.pull("Work", (href, edited(raw, at(24, 15))))
    office.resolve("keep")
    office.pull("Work", (href, edited(raw, at(24, 16))))
    office.resolve("restore")
    role = office.world.roles.link("acme", "anna", office.world.id_of("Other"), actor="tester", move=True)
    assert (role["moved"], role["kept"]) == (1, 0)
    office.send_all()
    assert office.shown(appointment_id)["href"].startswith(OTHER)
