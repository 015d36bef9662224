"""The journal beside the database: what is missing on one side raises an alert instead of a push or a loss (T5)."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import stat
import threading
import time
from pathlib import Path

import pytest

from icalsync.clock import SystemClock
from icalsync.errors import StoreError, StoreLocked
from icalsync.ports import PushOutcome
from icalsync.store import intents, journal
from icalsync.store.attention import Alerts
from icalsync.store.bookings import Bookings
from icalsync.store.database import Database
from icalsync.store.journal import Entry, Journal
from icalsync.store.outbox import Outbox
from tests import databases
from tests.store.conftest import NOW, at
from tests.store.killing import killing
from tests.store.own_events import Desk, desk

ROOT = Path(__file__).parents[2]
KILLS = 6


@pytest.fixture
def office(chosen) -> Desk:
    """See ``Desk``."""
    return desk(chosen)


def journal_path(office: Desk) -> Path:
    """Where it lies."""
    return office.world.db.path.with_name(office.world.db.path.name + ".journal")


def lines(office: Desk) -> list[dict]:
    """What it says."""
    return [json.loads(line) for line in journal_path(office).read_text("utf-8").splitlines()]


def entry(name: str) -> Entry:
    """An intent."""
    return Entry(name, f"appointment-{name}", "cal-1", "create", 1)


def test_an_intent_stands_in_the_journal_before_it_is_committed_and_before_it_is_sent(office):
    """T5: planned, committed, sending, outcome, in that order; ids and hashes, and no title (R18); for its owner alone (T16)."""
    office.book()
    (task,) = office.due()
    office.send(task)
    told = lines(office)
    assert [line["phase"] for line in told] == ["planned", "committed", "sending", "outcome"]
    assert [line["n"] for line in told] == [1, 2, 3, 4]
    assert {line["outbox_id"] for line in told} == {task.outbox_id}
    assert (told[3]["result"], told[2]["body"]) == ("done", told[3]["body"])
    text = journal_path(office).read_text("utf-8")
    assert "CANARY" not in text
    assert task.appointment_id not in text
    assert task.calendar_id not in text
    assert stat.S_IMODE(journal_path(office).stat().st_mode) == 0o600


def test_a_journal_that_cannot_be_written_undoes_the_booking(office):
    """T5: nothing is committed that the journal does not know."""
    office.book()
    journal_path(office).unlink()
    journal_path(office).mkdir()
    with pytest.raises(StoreError):
        office.book(at(24, 12))
    journal_path(office).rmdir()
    assert len(office.bookings.rows()) == 1


def test_an_intent_the_journal_has_never_heard_of_is_parked_and_not_sent(office):
    """T5: JOURNAL_BEHIND; a person who knows that this database is the right one releases it, and is logged."""
    appointment_id = office.book()["appointment_id"]
    journal_path(office).unlink()
    assert office.due() == ()
    assert office.row(appointment_id) == [("create", "parked", "JOURNAL_BEHIND")]
    (alert,) = office.alerts.rows("acme", "anna")
    assert (alert["kind"], alert["calendar_id"]) == ("JOURNAL_BEHIND", office.world.id_of("Work"))
    assert alert["alert_id"] in alert["says"]
    assert office.due() == ()
    assert len(office.alerts.rows()) == 1
    office.alerts.clear(alert["alert_id"], actor="tester")
    assert len(office.send_all()) == 1
    assert office.alerts_open() == []
    assert [row["action"] for row in office.world.rows("FROM audit_log")][-1] == "CLEAR_ALERT"


def test_an_intent_the_database_has_lost_is_an_alert(office):
    """T5: JOURNAL_AHEAD, once, however often it is compared; nothing else is held up by it."""
    kept = office.book()["appointment_id"]
    lost = office.book(at(24, 12))["appointment_id"]
    with office.world.db.write() as tx:  # as a damaged WAL does
        for table in ("outbox", "own_object", "appointment_version"):
            tx.execute(f"DELETE FROM _kept.{table} WHERE appointment_id = ?", [lost])
    for _ in range(2):
        assert [task.appointment_id for task in office.due()] == [kept]
        assert office.alerts_open() == ["JOURNAL_AHEAD"]
    assert "1 intents" in office.alerts.rows()[0]["says"]


def test_a_database_put_back_from_yesterday_is_noticed(office, tmp_path):
    """T5, T11: what was booked and even sent since then is missing; it is said, and nothing is sent twice for it."""
    office.book()
    databases.let_go()
    shutil.copy(office.world.db.path, tmp_path / "yesterday")
    office.send_all()
    office.book(at(24, 12))
    office.send_all()
    databases.let_go()
    shutil.copy(tmp_path / "yesterday", office.world.db.path)
    assert len(office.due()) == 1, "the first is read before it is written again, as ever"
    assert office.alerts_open() == ["JOURNAL_AHEAD"]


def test_t5_alerts_alone_find_it_before_anything_is_synced(office, tmp_path):
    """T5: in a process that compared them before, too: a database that was put back, and a journal that is gone; each told once."""
    office.book()
    databases.let_go()
    shutil.copy(office.world.db.path, tmp_path / "yesterday")
    assert office.alerts_open() == []
    office.book(at(24, 12))
    databases.let_go()
    shutil.copy(tmp_path / "yesterday", office.world.db.path)
    assert [office.alerts_open() for _ in range(2)] == [["JOURNAL_AHEAD"]] * 2
    journal_path(office).unlink()
    assert [office.alerts_open() for _ in range(2)] == [["JOURNAL_AHEAD", "JOURNAL_BEHIND"]] * 2


def test_looking_again_where_nothing_changed_reads_neither_file(office, monkeypatch):
    """T5, cheaply: the comparison is made where a file changed, and not at every look."""
    office.book()
    office.alerts.rows()
    monkeypatch.setattr(journal.Journal, "stories", lambda _: pytest.fail("compared again"))
    assert office.alerts.rows() == []


def test_a_crash_between_plan_and_commit_is_no_alarm(office, monkeypatch):
    """T5: the transaction never happened, and neither did the intent."""
    plan = intents.Intents.plan

    def planned_and_killed(self: intents.Intents) -> None:
        plan(self)
        raise KeyboardInterrupt

    monkeypatch.setattr(intents.Intents, "plan", planned_and_killed)
    with pytest.raises(KeyboardInterrupt):
        office.book()
    monkeypatch.undo()
    assert (office.due(), office.alerts_open()) == ((), [])
    assert [line["phase"] for line in lines(office)] == ["planned", "abandoned"]
    office.due()
    assert len(lines(office)) == 2, "told once"


def test_a_crash_between_commit_and_the_journals_line_is_no_alarm(office, monkeypatch):
    """T5: the intent stands in both, and what is missing is written at the next comparison."""
    monkeypatch.setattr(intents.Intents, "committed", lambda _: None)
    appointment_id = office.book()["appointment_id"]
    monkeypatch.undo()
    assert [task.appointment_id for task in office.due()] == [appointment_id]
    assert [line["phase"] for line in lines(office)] == ["planned", "committed"]
    assert office.alerts_open() == []


def test_a_torn_last_line_is_as_if_it_had_not_been_written(office):
    """A crash in the middle of a line; the next line begins on its own."""
    office.book()
    whole = journal_path(office).read_bytes()
    journal_path(office).write_bytes(whole[:-20])
    office.send_all()
    assert [line["phase"] for line in map(json.loads, whole.splitlines())] == ["planned", "committed"]
    phases = [line["phase"] for line in journal._parsed(journal_path(office).read_bytes())]
    assert phases == ["planned", "committed", "sending", "outcome"]
    assert office.alerts_open() == []


def test_the_journal_of_another_database_is_not_ours(office):
    """A database that was made anew on purpose beside an old journal: no alarm."""
    Journal(office.world.db.path, "another").write("committed", [entry("x")], NOW)
    office.book()
    assert len(office.due()) == 1
    assert office.alerts_open() == []


def test_a_long_journal_is_compacted_and_forgets_only_what_has_ended(tmp_path, monkeypatch):
    """Finished stories go, open ones stay, the numbers go on; writers of all threads find the new file."""
    monkeypatch.setattr(journal, "COMPACT_AT", 4000)
    mine = Journal(tmp_path / "x.duckdb", "uuid")
    mine.write("planned", [entry("open")], NOW)

    def work(number: int) -> None:
        for turn in range(10):
            name = entry(f"{number}-{turn}")
            mine.write("planned", [name], NOW)
            mine.write("committed", [name], NOW)
            mine.write("outcome", [name], NOW, result="done")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mine.write("planned", [entry("last")], NOW)
    assert mine.path.stat().st_size < 6000
    stories = mine.stories()
    assert {"open", "last"} <= stories.keys()
    numbers = [line["n"] for line in journal._parsed(mine.path.read_bytes())]
    assert numbers == sorted(numbers)
    assert numbers[-1] == 1 + 4 * 10 * 3 + 1
    assert [path.name for path in tmp_path.iterdir()] == ["x.duckdb.journal"]


def test_a_process_forked_while_it_is_written_does_not_keep_it_locked_n5(tmp_path, monkeypatch):
    """N5, T4: the lock ends with the writing, though the copy of a forked process lives on; and one that stays is an error, not a wait."""
    monkeypatch.setattr(journal, "PATIENCE", 0.2)
    path = tmp_path / "one.journal"
    with journal._locked(path):
        child = os.fork()
        if not child:
            time.sleep(60)
            os._exit(0)
        with pytest.raises(StoreLocked, match=r"one\.journal"), journal._locked(path):
            pass
    try:
        with journal._locked(path) as descriptor:
            os.write(descriptor, b"written")
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert path.read_bytes() == b"written"


def test_what_was_ended_is_told_too(office):
    """Cancelled before it was sent: the journal knows that nothing more is to come."""
    appointment_id = office.book()["appointment_id"]
    (task,) = office.due()
    office.cancel(appointment_id)
    assert lines(office)[-1]["phase"] == "outcome"
    office.outbox.settle(office.lease(), PushOutcome(task.outbox_id, "again", "SERVER_FAILED"))
    assert office.row(appointment_id) == [("create", "done", "CANCELLED")], "a late answer does not open it again"
    assert (office.due(), office.alerts_open()) == ((), [])


def test_p1_t2_killed_at_any_moment_nothing_acknowledged_is_lost_and_nothing_is_a_false_alarm(office):
    """P1, T2, T5: six kills between and within booking, sending and cancelling: what was said stands, both memories agree."""
    noise, said = random.Random(20261122), []  # noqa: S311  # moments, not secrets
    db = Database(office.world.db.path, SystemClock(), lock_wait=20)
    outbox, bookings = Outbox(db), Bookings(db)
    with killing(db.path.parent) as children:
        for _ in range(KILLS):
            databases.let_go()
            said += children.after(noise.uniform(0.1, 1.0), "appoint", db.path.name)
            outbox.due("int-1", SystemClock().now())
            assert Alerts(db).rows() == []
    status = {row["appointment_id"]: row["status"] for row in bookings.rows()}
    assert said
    assert [word for word in said if word[1:] not in status] == []
    assert [word for word in said if word.startswith("-") and status[word[1:]] != "cancelled"] == []
    counted = db_rows(db, "SELECT appointment_id, count(*) FILTER (live) AS live FROM _kept.own_object GROUP BY ALL")
    assert {row["live"] for row in counted} == {1}
    assert {row["appointment_id"] for row in counted} == set(status)


def db_rows(db: Database, sql: str) -> list[dict]:
    """Rows of any table."""
    with db.read() as tx:
        return tx.rows(sql)
