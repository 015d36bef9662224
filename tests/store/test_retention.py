"""History has an end only where a person set one; what it costs to keep is measured here (R16)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from icalsync.core.model import Participation
from icalsync.errors import BeforeRetention
from icalsync.ports import Finish, ObjectWrite, PullBatch
from icalsync.store import retention
from icalsync.store.retention import Retention
from tests import databases
from tests.store.conftest import WINDOW, at, invited, meeting, rejected
from tests.store.own_events import desk
from tests.store.test_pulls import run

YEAR = timedelta(days=365)
MONTH = timedelta(days=30)


@pytest.fixture
def old(chosen, clock):
    """An event that moved, one that went, one that stays; then half a year."""
    chosen.pull(
        "Work",
        ("moved", meeting("moved", at(24, 9), at(24, 10))),
        ("gone", invited("gone", at(25, 9), at(25, 10), Participation.ACCEPTED)),
        ("stays", meeting("stays", at(26, 9), at(26, 10))),
        before="t0",
    )
    chosen.first = clock.pass_(minutes=1)
    clock.pass_(minutes=1)
    chosen.pull("Work", ("moved", meeting("moved", at(24, 11), at(24, 12))), token="t2", before="t1", removals=("gone",))
    synced(chosen)
    chosen.second = clock.pass_(minutes=1)
    clock.pass_(days=180)
    synced(chosen, 2)
    clock.pass_(hours=2)
    return chosen


def synced(world, number=1):
    """A run that found nothing new: it bears the clock out."""
    lease = world.pulls.acquire("int-1", "x", 60)
    world.pulls.record(lease, run(world, number))
    world.pulls.release(lease)


def rows_by_version(world):
    """How many rows each table of versions' parts has."""
    return {
        table: world.rows(f"SELECT count(*) AS n FROM _kept.{table}")[0]["n"]
        for table in ("object_version", "raw_text", "event", "occurrence")
    }


def test_without_a_limit_everything_is_kept(old):
    """R16: the default: any moment since the database was made can be asked about."""
    assert len(old.busy(known_at=old.first)) == 3
    assert Retention(old.db).prune(YEAR) == 0
    assert len(old.busy(known_at=old.first)) == 3


def test_what_ceased_to_hold_before_the_limit_goes_with_its_text_and_occurrences(old, clock):
    """R16: what holds, and what held after the limit, stays as it was."""
    before = rows_by_version(old)
    limit = clock.at - MONTH
    assert Retention(old.db).prune(MONTH) == 2
    after = rows_by_version(old)
    assert before == {"object_version": 4, "raw_text": 4, "event": 4, "occurrence": 4}
    assert after == {"object_version": 2, "raw_text": 2, "event": 2, "occurrence": 2}
    for moment in (limit, clock.at, None):
        assert [row[0] for row in old.busy(known_at=moment) if row[3] == "BUSY"] == [at(24, 11), at(26, 9)]
    assert old.answers.coverage([("acme", "anna")], limit)[0]["as_of"] is not None, "how fresh it was then is still told"


def test_a_question_before_the_limit_is_an_error_and_never_an_empty_table(old, clock):
    """R16: through the library and through SQL, also for count(*), which needs no column of any row."""
    Retention(old.db).prune(MONTH)
    with pytest.raises(BeforeRetention):
        old.busy(known_at=old.first)
    for query in ("from busy_as_of($t)", "select count(*) from busy_as_of($t)", "select max(1) from busy_as_of($t)"):
        with pytest.raises(BeforeRetention):
            old.answers.sql(query, {"t": old.second})
    assert len(old.answers.sql("from busy_as_of($t)", {"t": clock.at})) > 0


def test_an_unchanged_day_forgets_nothing_and_writes_nothing_r17(old, clock):
    """R17: the limit moves in steps; in between, not even its own row is touched."""
    Retention(old.db).prune(MONTH)
    before = old.rows("SELECT retention_limit FROM _kept.meta"), old.rows("FROM _kept.instant")
    clock.pass_(hours=23)
    assert Retention(old.db).prune(MONTH) == 0
    assert (old.rows("SELECT retention_limit FROM _kept.meta"), old.rows("FROM _kept.instant")) == before
    clock.pass_(hours=2)
    Retention(old.db).prune(MONTH)
    assert old.rows("SELECT retention_limit FROM _kept.meta") != before[0]


def test_a_longer_retention_brings_nothing_back_and_moves_no_limit(old, clock):
    """What is forgotten is forgotten; the limit never goes back, whatever the setting or the clock says."""
    Retention(old.db).prune(MONTH)
    limit = old.rows("SELECT retention_limit FROM _kept.meta")
    Retention(old.db).prune(YEAR)
    clock.pass_(days=-10)
    Retention(old.db).prune(MONTH)
    assert old.rows("SELECT retention_limit FROM _kept.meta") == limit


def test_what_was_carried_out_long_ago_goes_and_what_may_still_matter_stays(chosen, clock):
    """R16, T5: done intents of appointments that are long past; not those of future ones, nor failed ones, and without an alarm."""
    office = desk(chosen)
    over, coming, failed = (office.book(start)["appointment_id"] for start in (at(24, 9), at(24, 9) + YEAR, at(24, 12)))
    lost = [task for task in office.due() if task.appointment_id == failed]
    office.settle(lost[0], "failed", "OBJECT_REFUSED", begin=True)
    office.send_all()
    clock.pass_(days=180)
    office.held = None
    synced(chosen, 2)
    clock.pass_(hours=2)
    assert Retention(chosen.db).prune(YEAR) == 0
    assert len(office.outbox.rows()) == 3
    Retention(chosen.db).prune(MONTH)
    assert {row["appointment_id"] for row in office.outbox.rows()} == {coming, failed}
    assert office.shown(over)["href"] is not None
    assert [row["state"] for row in chosen.rows("FROM _kept.own_object") if row["appointment_id"] == over] == ["present"]
    assert (office.due(), office.alerts_open()) == ((), ["PUSH_FAILED"]), "the journal knows that they were forgotten on purpose"


def test_a_long_history_is_forgotten_in_pieces(old, monkeypatch):
    """Others get at the file in between, and nothing is left."""
    monkeypatch.setattr(retention, "CHUNK", 1)
    assert Retention(old.db).prune(MONTH) == 2
    assert rows_by_version(old)["object_version"] == 2


def test_quarantined_bytes_go_with_the_version_they_belong_to(chosen, clock):
    """Healed before the limit: bytes and entry go; what still cannot be read keeps both."""
    chosen.pull("Work", ("bad", rejected(starts=at(24, 9), ends=at(24, 10))), ("worse", rejected("NOT_ICALENDAR")), before="t0")
    clock.pass_(minutes=1)
    chosen.pull("Work", ("bad", meeting("bad", at(24, 9), at(24, 10))), token="t2", before="t1")
    clock.pass_(days=180)
    Retention(chosen.db).prune(MONTH)
    assert [row["reason"] for row in chosen.rows("FROM _kept.quarantine")] == ["NOT_ICALENDAR"]
    assert len(chosen.answers.view("quarantine")) == 1


def test_a_change_costs_about_as_much_as_readme_says(chosen, clock):
    """R16: 2,000 changes of single events of ordinary size: between a half and two kilobytes each, measured on the file."""

    def pull(turn: int) -> None:
        writes = []
        for number in range(200):
            one = meeting(f"e{number}", at(1 + number % 28, turn % 12), at(1 + number % 28, turn % 12 + 1))
            raw = text(number, turn)
            writes.append(ObjectWrite(f"/dav/x/e{number}.ics", f'"{number}-{turn}"', raw, one))
        finish = Finish("t0", "c", "t0", (), (), full=False)
        chosen.pulls.commit(chosen.lease(), PullBatch(chosen.id_of("Work"), "t0", tuple(writes), WINDOW, finish))
        clock.pass_(minutes=1)

    def size() -> int:
        with chosen.db.write() as tx:
            tx.execute("UPDATE _kept.meta SET rules_version = rules_version")
        databases.let_go()
        return chosen.db.path.stat().st_size

    pull(0)
    before = size()
    for turn in range(1, 11):
        pull(turn)
    each = (size() - before) / 2000
    assert 250 < each < 2500, each


def text(number: int, turn: int) -> bytes:
    """An object as iCloud keeps it: about 700 bytes, of which some are different each time."""
    lines = [
        "BEGIN:VCALENDAR",
        "CALSCALE:GREGORIAN",
        "PRODID:-//Apple Inc.//iOS 19.0//EN",
        "VERSION:2.0",
        "BEGIN:VEVENT",
        f"CREATED:20261101T0{turn % 10}0000Z",
        f"DTEND;TZID=Europe/Berlin:202611{1 + number % 28:02}T{turn % 12 + 1:02}0000",
        f"DTSTAMP:20261122T{turn % 24:02}{number % 60:02}00Z",
        f"DTSTART;TZID=Europe/Berlin:202611{1 + number % 28:02}T{turn % 12:02}0000",
        f"LAST-MODIFIED:20261122T{turn % 24:02}{number % 60:02}00Z",
        f"LOCATION:Room {number * 7919 % 97}",
        f"SEQUENCE:{turn}",
        f"SUMMARY:Consultation {number * 104729 % 100003}",
        "TRANSP:OPAQUE",
        f"UID:{number * 2654435761 % 2**32:08X}-0000-4000-8000-{number * 40503 % 2**32:012X}",
        f"X-APPLE-CREATOR-IDENTITY:com.apple.mobilecal.{number * 31337 % 65537}",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "DESCRIPTION:Reminder",
        "TRIGGER:-PT15M",
        f"UID:{number * 97 % 2**32:08X}-{turn:04X}-4000-8000-000000000000",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    return "\r\n".join(lines).encode()
