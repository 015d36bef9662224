"""Our own events as they come back: recognised by UID and place, counted once (R9, R11, P11)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from icalsync.core.own import uid_of
from icalsync.core.writing import fields_of, new_event
from icalsync.store import objects
from tests.store.conftest import at
from tests.store.own_events import OTHER, WORK, Desk, edited, kept_open, with_line


@pytest.fixture
def office(chosen, monkeypatch) -> Iterator[Desk]:
    """See ``Desk``."""
    with kept_open(chosen, monkeypatch) as made:
        yield made


def of(office: Desk, day: int = 24) -> list[tuple]:
    """(start, source, reason) of what takes anna's time on a day."""
    frame = office.world.answers.busy([("acme", "anna")], at(day, 0), at(day + 1, 0))
    return [(row.starts_at.to_pydatetime(), row.source, row.reason) for row in frame.itertuples() if row.source != "coverage"]


def test_p11_what_we_pushed_counts_once(office):
    """P11, R11: pulled back, it is the appointment, and no second row; `events` says that it is the system's."""
    appointment_id, href, _ = office.pushed()
    assert of(office) == [(at(24, 10), "appointment", "OWN_APPOINTMENT")]
    assert office.world.rows("SELECT origin FROM events") == [{"origin": "system"}]
    (busy,) = office.world.rows("SELECT ref, href, known_from FROM _kept.busy_rows('9999-12-31', now()) WHERE source = 'appointment'")
    assert (busy["ref"], busy["href"]) == (appointment_id, href)
    assert office.open_drift() == []


def test_r17_pulling_it_again_writes_nothing(office):
    """R17: the same text under the same ETag is no new version and no new fact."""
    _, href, raw = office.pushed()
    count = "SELECT (SELECT count(*) FROM _kept.object_version) AS versions, (SELECT count(*) FROM _kept.own_text) AS texts"
    before = office.world.rows(count)
    office.pull("Work", (href, raw))
    assert office.world.rows(count) == before


def test_what_an_owner_adds_is_no_drift_and_no_edit(office):
    """D38: an alarm, a place, notes are the owner's; our own fields are as we wrote them."""
    _, href, raw = office.pushed()
    office.pull("Work", (href, with_line(with_line(raw, "LOCATION:Room 4"), "DESCRIPTION:bring the plans")))
    assert office.open_drift() == []
    assert of(office) == [(at(24, 10), "appointment", "OWN_APPOINTMENT")]


def test_an_old_and_a_new_time_are_ours_while_a_change_is_on_its_way(office):
    """R11: before the PUT is answered either text may come back, and neither is drift."""
    appointment_id, href, old = office.pushed()
    office.move(appointment_id, at(24, 12))
    (task,) = office.due()
    lease = office.lease()
    assert office.outbox.begin(lease, task, fields_of(task.content).fingerprint)
    office.pull("Work", (href, old))
    assert office.open_drift() == []
    office.pull("Work", (href, new_event(task.content)))
    assert office.open_drift() == []
    assert of(office) == [(at(24, 12), "appointment", "OWN_APPOINTMENT")]


def test_an_owner_who_moves_it_back_to_a_former_time_of_ours_has_edited_it(office):
    """R11: what we once sent is ours only until something newer of ours was there; unless the server is merely slow (its old ETag)."""
    appointment_id, href, old = office.pushed()
    office.pull("Work", (href, old), etag='"first"')
    office.move(appointment_id, at(24, 12))
    new = office.send_all()[href]
    office.pull("Work", (href, new))
    office.pull("Work", (href, old), etag='"first"')
    assert office.open_drift() == [], "the server showed what it had before our write"
    office.pull("Work", (href, new))
    office.pull("Work", (href, old), etag='"later"')
    assert office.open_drift() == [("edited", at(24, 10))]
    assert of(office) == [(at(24, 10), "external", "DRIFT"), (at(24, 12), "appointment", "OWN_APPOINTMENT")]


def test_p13_a_copy_in_another_calendar_counts_once_too(office):
    """R11: recognised by its UID wherever it lies, also where the calendar takes availability of its own."""
    _, _, raw = office.pushed()
    office.world.roles.add_conflicts("acme", "anna", [office.world.id_of("Other")])
    office.pull("Other", (f"{OTHER}copy.ics", raw))
    assert of(office) == [(at(24, 10), "appointment", "OWN_APPOINTMENT")]
    assert office.open_drift() == [], "the original stands where it was: a copy is no move"
    office.pull("Other", (f"{OTHER}copy.ics", edited(raw, at(24, 15))))
    assert (at(24, 15), "external", "BUSY") in of(office), "a changed copy beside the event blocks where it says, like anybody's"
    assert office.open_drift() == []


def with_copy(office: Desk) -> tuple[str, str, bytes]:
    """See ``Desk.pushed``, with a copy in a calendar that takes availability of its own."""
    office.world.roles.add_conflicts("acme", "anna", [office.world.id_of("Other")])
    appointment_id, href, raw = office.pushed()
    office.pull("Other", (f"{OTHER}copy.ics", raw))
    return appointment_id, href, raw


def test_r12_a_copy_blocks_when_the_appointment_is_moved_away_from_it(office):
    """R11, R12: what no longer says what the appointment says is an event like any other; and ours again when it does."""
    appointment_id, href, _ = with_copy(office)
    office.move(appointment_id, at(24, 12))
    assert of(office) == [(at(24, 10), "external", "BUSY"), (at(24, 12), "appointment", "OWN_APPOINTMENT")]
    office.pull("Work", (href, office.send_all()[href]))
    assert of(office) == [(at(24, 10), "external", "BUSY"), (at(24, 12), "appointment", "OWN_APPOINTMENT")]
    assert (office.open_drift(), office.alerts_open()) == ([], [])


def test_r12_a_copy_of_a_cancelled_appointment_blocks(office):
    """R6, R12: the booking is gone, the owner's copy is not; read again it is still like any other."""
    appointment_id, href, raw = with_copy(office)
    office.cancel(appointment_id)
    assert of(office) == [(at(24, 10), "external", "BUSY")]
    office.send_all()
    office.pull("Work", gone=(href,))
    assert of(office) == [(at(24, 10), "external", "BUSY")]
    office.pull("Other", (f"{OTHER}copy.ics", with_line(raw, "LOCATION:Room 4")))
    assert of(office) == [(at(24, 10), "external", "BUSY")]
    assert (office.open_drift(), office.alerts_open(), office.due()) == ([], [], ())


def test_r11_a_changed_copy_is_the_event_when_the_event_is_gone(office):
    """R11: seen as a copy first, and as what became of the event when that is gone: drift, and both times block."""
    _, href, raw = with_copy(office)
    office.pull("Other", (f"{OTHER}copy.ics", edited(raw, at(24, 15))))
    office.pull("Work", gone=(href,))
    assert office.open_drift() == [("edited", at(24, 15))]
    assert of(office) == [(at(24, 10), "appointment", "OWN_APPOINTMENT"), (at(24, 15), "external", "DRIFT")]
    office.pull("Work", (href, raw))
    assert office.open_drift() == []
    assert of(office) == [(at(24, 10), "appointment", "OWN_APPOINTMENT"), (at(24, 15), "external", "BUSY")]


def test_r11_an_older_text_of_ours_is_the_servers_slowness_only_for_a_moment(office):
    """R11, R12: where the ETag is a hash of the text, an owner's return to it is told by time alone; it blocks from the first."""
    appointment_id, href, old = office.pushed()
    office.pull("Work", (href, old), etag='"hash"')
    office.move(appointment_id, at(24, 12))
    office.send_all()
    office.pull("Work", (href, old), etag='"hash"')
    both = [(at(24, 10), "external", "DRIFT"), (at(24, 12), "appointment", "OWN_APPOINTMENT")]
    assert (office.open_drift(), of(office)) == ([], both), "a moment after our write it may be the server's slowness"
    office.world.clock.pass_(seconds=31)
    office.pull("Work", (href, old), etag='"hash"')
    assert (office.open_drift(), of(office)) == ([("edited", at(24, 10))], both)


def test_r11_an_older_text_of_ours_that_stays_is_judged_anew_without_being_listed_again(office):
    """R11: a calendar that is as it was is not read again; its run judges what it left open all the same."""
    appointment_id, href, old = office.pushed()
    office.pull("Work", (href, old), etag='"hash"')
    office.move(appointment_id, at(24, 12))
    office.send_all()
    office.pull("Work", (href, old), etag='"hash"')
    for seconds, found in ((10, []), (25, [("edited", at(24, 10))])):
        office.world.clock.pass_(seconds=seconds)
        with office.world.db.write() as tx:
            objects.judge_anew(tx, tx.value("SELECT integration_key FROM _kept.integration WHERE integration_id = 'int-1'"))
        assert office.open_drift() == found


def test_one_that_cannot_be_read_any_more_blocks_as_drift(office):
    """R12: recognised by its place; nobody knows its time better, so the old one and what can be told block."""
    appointment_id, href, raw = office.pushed()
    office.pull("Work", (href, raw.replace(b"DTEND", b"DTEND;VALUE=NONSENSE").replace(b"END:VEVENT\r\n", b"")))
    assert [row["appointment_id"] for row in office.drifts.rows()] == [appointment_id]
    assert (at(24, 10), "appointment", "OWN_APPOINTMENT") in of(office)
    assert [row["drifted"] for row in office.world.rows("SELECT drifted FROM _kept.object_version WHERE known_to = 'infinity'")] == [True]


def test_an_event_of_anybody_elses_in_the_place_of_one_never_written_is_external(office):
    """A place alone proves nothing before something of ours was seen there."""
    booked = office.book()
    stranger = new_event(office.due()[0].content).replace(uid_of(booked["appointment_id"], 1).encode(), b"STRANGER")
    office.pull("Work", (booked["href"], stranger))
    assert of(office) == [(at(24, 10), "appointment", "OWN_APPOINTMENT"), (at(24, 10), "external", "BUSY")]


def test_as_known_before_it_was_changed_it_was_not(office):
    """R16: drift holds from the pull that brought it; the past answer stays."""
    _, href, raw = office.pushed()
    before = office.world.clock.pass_(minutes=5)
    office.world.clock.pass_(minutes=5)
    office.pull("Work", (href, edited(raw, at(24, 15))))
    assert [row[3] for row in office.world.busy(known_at=before) if row[3] != "NOT_COVERED"] == ["OWN_APPOINTMENT"]
    assert [row[3] for row in office.world.busy() if row[3] != "NOT_COVERED"] == ["OWN_APPOINTMENT", "DRIFT"]
    assert href.startswith(WORK)
