"""Alerts, the log of decisions, and what else a person sees of the system's own side (S23, P18, cases 1 and 7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import duckdb
import pytest

from icalsync.errors import InvalidInput, NotConnected, NotFound
from icalsync.ports import Counts, Purpose, Run
from icalsync.store import alerts, migrations
from icalsync.store.audit import Audit
from icalsync.store.database import Database
from tests.store.conftest import NOW, ToldClock, at, collection, discovered
from tests.store.own_events import HOME, OTHER, WORK, Desk, kept_open

OPENS_FOR_EACH_QUESTION = MAKES_EACH_DATABASE = True


@pytest.fixture
def office(chosen, monkeypatch) -> Iterator[Desk]:
    """See ``Desk``."""
    with kept_open(chosen, monkeypatch) as made:
        yield made


def record(office: Desk, status: str, code: str | None) -> None:
    """A run that ended so."""
    run = Run(
        run_id=uuid4().hex,
        integration_id="int-1",
        purpose=Purpose.SYNC,
        started_at=office.now,
        ended_at=office.now,
        requests=1,
        bytes=1,
        counts=Counts(),
        pushed=0,
        outcome="ok" if code is None else "failed",
        error_code=code,
        status=status,
        status_reason=None,
    )
    office.world.pulls.record(office.lease(), replace(run, fresh=()))


def test_case_7_an_account_that_needs_its_password_is_one_alert_until_it_is_well(office):
    """Cases 1, 7: raised once, parks what was to be written, seen by every tenant it serves, cleared by the run that gets in."""
    appointment_id = office.book()["appointment_id"]
    office.world.connect(user="carla", sub_account="globex", found=discovered(collection(WORK, "Work"), collection(OTHER, "Other")))
    for _ in range(2):
        record(office, "reauthentication_needed", "AUTHENTICATION_REJECTED")
    assert office.row(appointment_id) == [("create", "parked", "AUTHENTICATION_REJECTED")]
    for who in (("acme", "anna"), ("globex", "carla"), ("acme",), ()):
        (alert,) = office.alerts.rows(*who)
        assert (alert["kind"], alert["integration_id"]) == ("REAUTHENTICATION_NEEDED", "int-1")
        assert "icalsync reconnect int-1" in alert["says"]
    assert office.alerts.rows("acme", "ben") == []
    record(office, "ok", None)
    assert office.alerts.rows() == []
    (over,) = office.alerts.rows(open_only=False)
    assert over["cleared_at"] is not None
    assert len(office.send_all()) == 1


def test_p18_an_account_that_became_somebody_elses_is_an_alert(office):
    """P18: nothing is written there; said until a run reaches the right one again."""
    record(office, "failing", "ANOTHER_PRINCIPAL")
    assert office.alerts_open() == ["PRINCIPAL_CHANGED"]
    record(office, "failing", "SERVER_FAILED")
    assert office.alerts_open() == ["PRINCIPAL_CHANGED"], "another trouble is no proof that this one is over"
    record(office, "ok", None)
    assert office.alerts_open() == []


def test_r17_an_alert_is_raised_once_and_clearing_none_writes_nothing(office):
    """R17: the same kind about the same thing stands once."""
    with office.world.db.write() as tx:
        for _ in range(2):
            alerts.raise_(tx, "PUSH_PARKED", {"code": "ACCESS_DENIED"}, user_key=1, calendar_key=1)
        alerts.raise_(tx, "PUSH_PARKED", {"code": "ACCESS_DENIED"}, user_key=2, calendar_key=1)
        alerts.clear(tx, "PUSH_PARKED", user_key=1)
        assert len(tx.rows("FROM alerts WHERE cleared_at IS NULL")) == 2
        alerts.clear(tx, "PUSH_PARKED", user_key=1, calendar_key=1)
    (left,) = office.alerts.rows("acme", "ben")
    assert "ACCESS_DENIED" in left["says"]


def test_a_person_clears_an_alert_and_that_is_logged(office):
    """S23: who, and which; one that does not exist is a plain error."""
    record(office, "failing", "ANOTHER_PRINCIPAL")
    (alert,) = office.alerts.rows()
    assert office.alerts.clear(alert["alert_id"], actor="tester")["cleared_at"] is not None
    assert office.alerts.rows() == []
    assert [(row["actor"], row["action"]) for row in office.world.rows("FROM audit_log")] == [("tester", "CLEAR_ALERT")]
    with pytest.raises(NotFound):
        office.alerts.clear("nonsense", actor="tester")


def test_r3_a_calendar_assumed_writable_is_written_until_the_server_says_otherwise(office):
    """R3: a person's logged decision; a server that then says read is believed, and parks."""
    unsaid = collection(WORK, "Work", privileges=None)
    office.world.pulls.save_discovery(office.lease(), discovered(unsaid, collection(HOME, "Home")))
    office.book()
    assert office.alerts_open() == ["LINKED_CALENDAR_READ_ONLY"]
    office.world.roles.link("acme", "anna", office.world.id_of("Work"), actor="tester", assume_writable=True)
    assert (office.alerts_open(), len(office.due())) == ([], 1)
    assert [row["action"] for row in office.world.rows("FROM audit_log")][-1] == "ASSUME_WRITABLE"
    read = collection(WORK, "Work", privileges=frozenset({"read"}))
    office.world.pulls.save_discovery(office.lease(), discovered(read, collection(HOME, "Home")))
    assert (office.alerts_open(), office.due()) == (["LINKED_CALENDAR_READ_ONLY"], ())
    office.world.roles.unlink("acme", "anna")
    assert office.alerts_open() == []


def test_s23_decisions_are_logged(office):
    """S23: connecting, disconnecting, policies; and what changes nothing else in the database."""
    office.world.accounts.set_remote_changes("acme", "anna", "int-1", "accept", actor="tester")
    office.world.accounts.set_remote_changes("acme", "anna", "int-1", "accept", actor="tester")
    Audit(office.world.db).note("tester", "RECONNECT", "int-1", "a new password", about=["acme"])
    office.world.accounts.disconnect("acme", "anna", "int-1", actor="tester")
    logged = [(row["action"], row["object"], row["reason"]) for row in office.world.rows("FROM audit_log")]
    assert logged == [
        ("SET_REMOTE_CHANGES", "acme anna int-1 accept", None),
        ("RECONNECT", "int-1", "a new password"),
        ("DISCONNECT", "acme anna int-1", None),
    ]


def test_remote_changes_are_set_for_a_connection_that_exists(office):
    """R11: the row of the view; another word, or a connection that is none, is a plain error."""
    row = office.world.accounts.set_remote_changes("acme", "anna", "int-1", "restore", actor="tester")
    assert (row["user_id"], row["remote_change_policy"]) == ("anna", "restore")
    with pytest.raises(InvalidInput):
        office.world.accounts.set_remote_changes("acme", "anna", "int-1", "overwrite", actor="tester")
    with pytest.raises(NotConnected):
        office.world.accounts.set_remote_changes("acme", "ben", "int-1", "flag", actor="tester")


def test_t9_a_database_of_the_first_schema_gets_the_new_tables_and_keeps_its_rows(tmp_path, monkeypatch):
    """T9: appointments that stood in it stand, with nothing written for them; booking goes on from there."""
    path = tmp_path / "x.duckdb"
    first = migrations.STEPS[0]
    with duckdb.connect(str(path)) as old:
        old.execute(first.sql)
        first.fill(old)
        old.execute("INSERT INTO _kept.meta VALUES ('uuid', ?, ?, NULL, NULL, INTERVAL 1 HOUR, 1)", [NOW, NOW])
        old.execute("INSERT INTO _kept.instant VALUES (?)", [NOW])
        old.execute("INSERT INTO _kept.schema_migration VALUES (1, 'first', ?)", [NOW])
        old.execute("INSERT INTO _kept.sub_account VALUES (1, 'acme')")
        old.execute("INSERT INTO _kept.sub_account_version VALUES (1, 'Acme', 'UTC', ?, 'infinity')", [NOW])
        old.execute("INSERT INTO _kept.account_user VALUES (1, 1, 'acme', 'anna')")
        old.execute("INSERT INTO _kept.user_version VALUES (1, 'Anna', NULL, NULL, NULL, ?, 'infinity')", [NOW])
        old.execute(
            "INSERT INTO _kept.appointment_version (appointment_id, user_key, starts_at, ends_at, title, status, booked_at, known_from) "
            "VALUES ('old', 1, ?, ?, 'x', 'booked', ?, ?)",
            [at(24, 9), at(24, 10), NOW, NOW],
        )
    with Database(path, ToldClock()).read() as tx:
        row = tx.rows("FROM appointments")[0]
        assert (row["appointment_id"], row["push_state"], row["changed_by"], row["uncertain"]) == ("old", None, "system", False)
        assert [each["version"] for each in tx.rows("FROM _kept.schema_migration ORDER BY 1")] == [s.version for s in migrations.STEPS]
