"""Intents: committed before anything is sent, tried in order, parked, and settled (faults.md P, R3, R4, R8)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from icalsync.core.own import own_fields, uid_of
from icalsync.core.writing import fields_of, new_event
from icalsync.errors import LeaseLost
from icalsync.ports import Lease, PushOutcome
from tests.store.conftest import at, collection, discovered
from tests.store.own_events import HOME, OTHER, WORK, Desk, desk, edited, kept_open


@pytest.fixture
def office(chosen, monkeypatch) -> Iterator[Desk]:
    """See ``Desk``."""
    with kept_open(chosen, monkeypatch) as made:
        yield made


def test_a_booking_becomes_an_intent_with_an_identity_of_its_own(office):
    """P1: UID and name follow from the appointment and a generation, and are kept before anything is sent."""
    booked = office.book()
    (task,) = office.due()
    assert (task.action, task.generation, task.attempts, task.exists, task.writable) == ("create", 1, 0, False, True)
    assert task.uid == uid_of(booked["appointment_id"], 1)
    assert task.href == f"{WORK}{task.uid}.ics" == booked["href"]
    assert (booked["push_state"], booked["calendar_id"]) == ("waiting", office.world.id_of("Work"))
    assert fields_of(task.content).starts_at == at(24, 10)
    assert task.sent == frozenset()


def test_without_a_linked_calendar_nothing_is_written(office):
    """R4: push_state is NULL, and stays so when a calendar is linked later."""
    office.world.roles.unlink("acme", "anna")
    appointment_id = office.book()["appointment_id"]
    office.world.roles.link("acme", "anna", office.world.id_of("Work"), actor="tester")
    office.move(appointment_id, at(24, 12))
    office.cancel(appointment_id)
    assert office.due() == ()
    assert (office.shown(appointment_id)["push_state"], office.shown(appointment_id)["href"]) == (None, None)


def test_r8_a_blocked_slot_is_never_an_intent(office):
    """R8: it blocks, and nothing is to be written for it."""
    office.bookings.block("acme", "anna", at(24, 10), at(24, 11), "private")
    assert office.due() == ()
    assert office.world.rows("FROM _kept.outbox") == []
    assert (at(24, 10), at(24, 11), "BUSY", "BLOCKED_SLOT") in office.world.busy()


def test_push_detail_says_how_much_is_written(office):
    """R4: reference shows no title, title does, full also who it is with."""
    summaries = {}
    for detail in ("reference", "title", "full"):
        office.world.choices.set_policy("acme", None, {"push_detail": detail})
        booked = office.book(contact_name="Carl Client", contact_email="carl@client.example")
        (task,) = [task for task in office.due() if task.appointment_id == booked["appointment_id"]]
        summaries[detail] = new_event(task.content).decode()
    assert "CANARY" not in summaries["reference"]
    assert "CANARY BOOKING" in summaries["title"]
    assert "carl@client.example" not in summaries["title"]
    assert "carl@client.example" in summaries["full"].replace("\r\n ", "")


def test_an_appointment_goes_through_its_life(office):
    """Waiting, sending, pushed; then changed, and cancelled: removed. What is sent is what holds when it is sent."""
    appointment_id = office.book()["appointment_id"]
    (task,) = office.due()
    mark = fields_of(task.content).fingerprint
    lease = office.lease()
    assert office.outbox.begin(lease, task, mark)
    assert office.shown(appointment_id)["push_state"] == "sending"
    office.outbox.settle(lease, PushOutcome(task.outbox_id, "done", etag='"1"', raw=new_event(task.content), sent=mark))
    assert office.shown(appointment_id)["push_state"] == "pushed"
    office.move(appointment_id, at(24, 12))
    (task,) = office.due()
    assert (task.action, task.exists, task.sent, task.content.sequence) == ("update", True, frozenset({mark}), 1)
    assert fields_of(task.content).starts_at == at(24, 12)
    office.send(task)
    office.cancel(appointment_id)
    (task,) = office.due()
    assert (task.action, task.content) == ("delete", None)
    office.send(task)
    assert office.shown(appointment_id)["push_state"] == "removed"
    assert office.row(appointment_id) == [("create", "done", None), ("update", "done", None), ("delete", "done", None)]


def test_an_appointment_cancelled_before_it_was_sent_needs_no_request(office):
    """The intent is over; the appointment's event never was."""
    appointment_id = office.book()["appointment_id"]
    office.cancel(appointment_id)
    assert office.due() == ()
    assert office.row(appointment_id) == [("create", "done", "CANCELLED")]
    assert office.shown(appointment_id)["push_state"] == "removed"
    assert office.cancel(appointment_id) == office.shown(appointment_id), "a second time changes nothing"


def test_p16_only_the_oldest_intent_of_each_appointment_is_due_and_none_waits_for_another(office):
    """P16: one that waits for its next try holds up its own appointment, and nobody else's."""
    poison, other = office.book()["appointment_id"], office.book(at(24, 11))["appointment_id"]
    office.move(poison, at(24, 12))
    first = next(task for task in office.due() if task.appointment_id == poison)
    office.settle(first, "again", "SERVER_FAILED", begin=True, unknown=True, next_try_at=office.now + timedelta(minutes=5))
    assert [task.appointment_id for task in office.due()] == [other]
    assert office.outbox.due_integrations(office.now) == ("int-1",)
    office.send_all()
    assert office.outbox.due_integrations(office.now) == ()
    office.world.clock.pass_(minutes=6)
    (again,) = office.due()
    assert (again.outbox_id, again.attempts, again.doubtful_since is not None) == (first.outbox_id, 1, True)
    assert fields_of(again.content).starts_at == at(24, 12), "what holds now is sent, not what held then"


def test_p4_an_intent_left_sending_by_a_crash_is_due_again_at_once_and_doubtful(office):
    """P1, P4: whoever comes after knows that something may have been written, and since when."""
    office.book()
    (task,) = office.due()
    assert office.outbox.begin(office.lease(), task, fields_of(task.content).fingerprint)
    began = office.now
    office.world.clock.pass_(seconds=10)
    (again,) = office.due()
    assert (again.outbox_id, again.attempts, again.doubtful_since) == (task.outbox_id, 1, began)
    assert again.sent == {fields_of(task.content).fingerprint}
    office.settle(again, "again", "PRECONDITION_FAILED", begin=True)
    (third,) = office.due()
    assert third.doubtful_since == began, "a definite refusal of a later try says nothing about the first"


def test_p3_a_lost_lease_stops_beginning_and_settling(office):
    """P3: who was overtaken writes nothing down."""
    office.book()
    (task,) = office.due()
    lost = Lease("int-1", "somebody", 0)
    for step in (
        lambda: office.outbox.begin(lost, task, None),
        lambda: office.outbox.settle(lost, PushOutcome(task.outbox_id, "done")),
        lambda: office.outbox.apply_policies(lost),
    ):
        with pytest.raises(LeaseLost):
            step()
    assert office.row(task.appointment_id) == [("create", "waiting", None)]


def test_a_task_that_was_overtaken_is_not_begun(office):
    """Rescheduled, or cancelled, since it was told: nothing may be sent any more."""
    appointment_id = office.book()["appointment_id"]
    (task,) = office.due()
    office.move(appointment_id, at(24, 15))
    assert not office.outbox.begin(office.lease(), task, "m")
    (task,) = office.due()
    office.cancel(appointment_id)
    assert not office.outbox.begin(office.lease(), task, "m")
    assert office.row(appointment_id)[0] == ("create", "done", "CANCELLED")


def test_p9_a_linked_calendar_that_lost_the_right_parks_its_intents_until_it_has_it_again(office):
    """R3, P9: parked with an alert, nothing lost; they go out when the right is back, and the alert is over."""
    appointment_id = office.book()["appointment_id"]
    other = collection(OTHER, "Other")
    read_only = discovered(collection(WORK, "Work", privileges=frozenset({"read"})), collection(HOME, "Home"), other)
    office.world.pulls.save_discovery(office.lease(), read_only)
    assert office.row(appointment_id) == [("create", "parked", "CALENDAR_READ_ONLY")]
    assert office.due() == ()
    assert office.alerts_open() == ["LINKED_CALENDAR_READ_ONLY"]
    assert office.book(at(24, 15))["push_state"] == "waiting", "and what is booked meanwhile is kept too"
    office.world.pulls.save_discovery(office.lease(), discovered(collection(WORK, "Work"), collection(HOME, "Home"), other))
    assert office.alerts_open() == []
    assert len(office.send_all()) == 2


def test_p10_a_linked_calendar_that_vanished_parks_and_asks(office):
    """P10: nothing is written elsewhere; an alert asks for another calendar; linking one is the end of it."""
    appointment_id = office.book()["appointment_id"]
    office.world.pulls.save_discovery(office.lease(), discovered(collection(OTHER, "Other")))
    assert office.row(appointment_id) == [("create", "parked", "CALENDAR_GONE")]
    assert office.alerts_open() == ["LINKED_CALENDAR_LOST"]
    role = office.world.roles.link("acme", "anna", office.world.id_of("Other"), actor="tester", move=True)
    assert (role["moved"], role["left"]) == (1, 0)
    assert office.alerts_open() == []
    assert [href.startswith(OTHER) for href in office.send_all()] == [True], "it never was in the lost one, so nothing is deleted there"


def test_a_server_that_denies_what_it_grants_is_asked_again_later_or_when_it_says_more(office):
    """H3, P9: parked with the moment of the next try; an alert as long as it lasts."""
    office.book()
    (task,) = office.due()
    office.settle(task, "parked", "ACCESS_DENIED", next_try_at=office.now + timedelta(minutes=15))
    assert (office.due(), office.alerts_open()) == ((), ["PUSH_PARKED"])
    office.world.clock.pass_(minutes=16)
    office.send_all()
    assert office.alerts_open() == []


def test_parked_without_a_moment_is_tried_again_after_six_hours(office):
    """Nothing that is known stands in its way, so it is not left for ever; nor does a clock set back leave it (T12)."""
    office.book()
    (task,) = office.due()
    office.settle(task, "parked", "UID_TAKEN")
    office.world.clock.pass_(hours=5)
    assert office.due() == ()
    office.world.clock.pass_(hours=2)
    assert len(office.due()) == 1
    office.settle(task, "again", "SERVER_FAILED", next_try_at=office.now + timedelta(days=400))
    assert len(office.due()) == 1


def test_an_account_that_needs_its_password_parks_and_goes_out_when_it_has_it(office):
    """Case 1: everything of the account is parked with one alert; the first run that gets in sends it."""
    appointment_id = office.book()["appointment_id"]
    (task,) = office.due()
    office.settle(task, "parked", "AUTHENTICATION_REJECTED", next_try_at=office.now)
    assert office.outbox.due_integrations(office.now) == (), "no server is asked for that"
    assert [task.appointment_id for task in office.due()] == [appointment_id]
    office.send_all()
    assert office.shown(appointment_id)["push_state"] == "pushed"


def test_a_failed_intent_is_an_alert_and_lets_the_next_one_go(office):
    """P16: a refused event is not tried again by itself; a change of the appointment tries anew, and that ends the alert."""
    appointment_id = office.book()["appointment_id"]
    (task,) = office.due()
    office.settle(task, "failed", "OBJECT_REFUSED", begin=True)
    assert (office.shown(appointment_id)["push_state"], office.alerts_open()) == ("failed", ["PUSH_FAILED"])
    assert office.due() == ()
    office.move(appointment_id, at(24, 16))
    (task,) = office.due()
    assert (task.action, task.exists) == ("update", False)
    office.send(task)
    assert (office.shown(appointment_id)["push_state"], office.alerts_open()) == ("pushed", [])


def test_the_next_generation_is_another_identity_for_the_same_appointment(office):
    """A tombstone (icloud.md §3.5): another UID and name, and the first one is recognised for ever."""
    appointment_id = office.book()["appointment_id"]
    (first,) = office.due()
    office.settle(first, "next_generation", "NAME_OR_UID_BURNT", begin=True)
    (second,) = office.due()
    assert (second.outbox_id, second.generation, second.uid) == (first.outbox_id, 2, uid_of(appointment_id, 2))
    assert second.doubtful_since is None
    assert office.shown(appointment_id)["href"] == second.href != first.href
    office.send(second)
    # the first one turns up after all: its write was only slow (H18)
    office.pull("Work", (second.href, new_event(second.content)), (first.href, new_event(first.content)))
    assert len([row for row in office.world.busy() if row[3] == "OWN_APPOINTMENT"]) == 1
    assert [row for row in office.world.busy() if row[3] in {"BUSY", "DRIFT"}] == []
    assert office.outbox.apply_policies(office.lease()) == 1
    (delete,) = office.due()
    assert (delete.action, delete.generation, delete.href, len(delete.sent)) == ("delete", 1, first.href, 1)
    office.send(delete)
    assert office.shown(appointment_id)["push_state"] == "pushed"
    assert office.outbox.apply_policies(office.lease()) == 0


def test_p14_accepted_writes_are_counted_for_each_version(office):
    """P14: what the server accepted counts, what it refused does not; a change of the appointment begins anew."""
    appointment_id = office.book()["appointment_id"]
    (task,) = office.due()
    office.settle(task, "again", "SERVER_FAILED", begin=True, unknown=True)
    (task,) = office.due()
    assert task.puts == 0
    mark = fields_of(task.content).fingerprint
    office.settle(task, "again", "NOT_DELIVERED", begin=True, unknown=True, sent=mark)
    (task,) = office.due()
    assert task.puts == 1
    office.move(appointment_id, at(24, 17))
    (task,) = office.due()
    assert task.puts == 0


def test_a_text_the_server_made_of_ours_is_ours(office):
    """P14, C30: known by the ETag that the write was answered with, it is no drift, and may be written over."""
    office.book()
    (task,) = office.due()
    raw = office.send(task, etag='"made"')
    rewritten = edited(raw, at(24, 10), minutes=31)
    office.pull("Work", (task.href, rewritten), etag='"made"')
    assert office.open_drift() == []
    office.move(task.appointment_id, at(24, 12))
    (update,) = office.due()
    assert own_fields(rewritten, task.uid).fingerprint in update.sent


def test_disconnecting_parks_and_a_new_connection_sends(office):
    """What is to be written waits for the connection; nothing is lost."""
    appointment_id = office.book()["appointment_id"]
    office.world.accounts.disconnect("acme", "anna", "int-1", actor="tester")
    assert office.row(appointment_id) == [("create", "parked", "NOT_CONNECTED")]
    assert office.due() == ()
    desk(office.world)
    assert len(office.send_all()) == 1
    assert [row["action"] for row in office.world.rows("FROM audit_log")][-1] == "DISCONNECT"


def test_purging_forgets_where_it_was_written_and_keeps_the_appointment(office):
    """The journal is told, so that nothing seems lost; what is booked stands."""
    appointment_id = office.pushed()[0]
    office.book(at(24, 14))
    office.world.accounts.disconnect("acme", "anna", "int-1", purge=True, actor="tester")
    assert office.world.rows("FROM _kept.outbox") == []
    shown = office.shown(appointment_id)
    assert (shown["status"], shown["push_state"], shown["href"]) == ("booked", None, None)
    desk(office.world)
    assert office.due() == ()
    assert office.alerts_open() == []


def test_r9_two_tenants_on_one_account_do_not_see_each_others_events(office):
    """R9, R11: what was pushed for anna counts once for her, and is an ordinary event for carla of another sub-account."""
    office.world.connect(user="carla", sub_account="globex", found=discovered(collection(WORK, "Work"), collection(OTHER, "Other")))
    office.world.roles.link("globex", "carla", office.world.id_of("Work", "carla", "globex"), actor="tester")
    appointment_id, href, raw = office.pushed()
    office.book(at(24, 14), user="carla", sub_account="globex")
    assert [row[3] for row in office.world.busy() if row[0] == at(24, 10)] == ["OWN_APPOINTMENT"]
    assert [row[3] for row in office.world.busy("carla", "globex") if row[0] == at(24, 10)] == ["BUSY"]
    office.pull("Work", (href, edited(raw, at(24, 12))))
    assert [row[3] for row in office.world.busy("carla", "globex") if row[0] == at(24, 12)] == ["BUSY"]
    assert office.drifts.rows("globex") == []
    assert [row["appointment_id"] for row in office.drifts.rows("acme")] == [appointment_id]
    assert [row["user_id"] for row in office.outbox.rows("globex", "carla")] == ["carla"]
