"""The file: where it may lie, who may read it, how it is shared, and what time it is in it."""

from __future__ import annotations

import json
import os
import shutil
import stat
import threading
import time
from datetime import UTC, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from icalsync.errors import DatabaseMissing, NotADatabase, SchemaTooNew, StoreError, StoreUnsafe
from icalsync.store import instance, migrations
from icalsync.store.database import Database
from icalsync.store.failures import as_store_errors
from tests.store.conftest import NOW, ToldClock

OPENS_FOR_EACH_QUESTION = MAKES_EACH_DATABASE = True


def mode_of(path: Path) -> int:
    """Permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def touch(db: Database) -> None:
    """Open and close it."""
    with db.read() as tx:
        assert tx.value("SELECT count(*) FROM users") == 0


def add_contact(db: Database, contact: str = "c1") -> None:
    """Write one row."""
    with db.write() as tx:
        tx.append("contact", [{"contact_id": contact, "sub_account_key": 1, "name": "Zoë", "email": None}])


def test_t16_a_new_database_and_everything_beside_it_is_the_owners_alone(db):
    """T16: whatever the umask is; the WAL too, while it is there."""
    before = os.umask(0o000)
    try:
        with db.write() as tx:
            tx.append("contact", [{"contact_id": "c1", "sub_account_key": 1, "name": "x" * 1000, "email": None}])
            tx.execute("COMMIT")
            tx.execute("BEGIN TRANSACTION")
            modes = {path.name: mode_of(path) for path in db.path.parent.iterdir()}
    finally:
        assert os.umask(before) == 0o000
    assert "clinic.duckdb.wal" in modes
    assert set(modes.values()) == {0o600}
    assert mode_of(db.path.parent) == 0o700


def test_t16_a_file_others_can_read_is_closed_to_them(db):
    """T16: a mode that is too wide is tightened at the next opening."""
    touch(db)
    db.path.chmod(0o644)
    touch(db)
    assert mode_of(db.path) == 0o600


def test_t16_a_file_of_another_owner_is_refused(db, monkeypatch):
    """T16: nobody else may own the file."""
    touch(db)
    monkeypatch.setattr(os, "geteuid", lambda: db.path.stat().st_uid + 1)
    with pytest.raises(StoreUnsafe, match="another user"):
        touch(db)


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "9p", "drvfs", "fuse.sshfs"])
def test_t17_network_file_systems_are_refused(tmp_path, clock, kind):
    """T17: where locks do not work nothing is created."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\nserver:/x {str(tmp_path).replace(' ', chr(92) + '040')}/far {kind} rw 0 0\n")
    with pytest.raises(StoreUnsafe, match=kind):
        touch(Database(tmp_path / "far" / "x.duckdb", clock, mounts=mounts))
    assert not (tmp_path / "far").exists()
    touch(Database(tmp_path / "near" / "x.duckdb", clock, mounts=mounts))


@pytest.mark.parametrize("ending", ["deleted", "empty"])
def test_t6_t7_a_database_that_is_gone_is_never_replaced_by_an_empty_one(db, clock, ending):
    """T6, T7: the marker beside it remembers; deleting the marker starts anew on purpose."""
    touch(db)
    marker = db.path.with_name("clinic.duckdb.marker")
    assert json.loads(marker.read_text())["schema"] == migrations.known()
    db.path.unlink()
    if ending == "empty":
        db.path.touch()
    with pytest.raises(DatabaseMissing) as caught:
        touch(Database(db.path, clock))
    assert caught.value.exit_code == 3
    assert str(marker) in caught.value.next_step
    assert not db.path.exists() or db.path.stat().st_size == 0
    marker.unlink()
    db.path.unlink(missing_ok=True)
    touch(Database(db.path, clock))


def test_t6_a_truncated_file_is_refused_and_kept(db, clock):
    """T6: what is left of it is left alone."""
    touch(db)
    data = db.path.read_bytes()[:5000]
    db.path.write_bytes(data)
    with pytest.raises(StoreError):
        touch(Database(db.path, clock))
    assert db.path.read_bytes() == data


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a database at all", b"x" * 20000])
def test_a_file_that_is_no_database_stays_as_it_is(tmp_path, clock, content):
    """NotADatabase, with the path, and the file untouched."""
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(NotADatabase, match=r"notes\.txt") as caught:
        touch(Database(path, clock))
    assert caught.value.exit_code == 2
    assert path.read_bytes() == content
    assert not (tmp_path / "notes.txt.marker").exists()


def test_somebody_elses_duckdb_file_stays_as_it_is(tmp_path, clock):
    """A DuckDB file that is not ours is not touched, to the byte."""
    path = tmp_path / "theirs.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE mine (a INTEGER)")
    before = path.read_bytes()
    with pytest.raises(NotADatabase, match="another program"):
        touch(Database(path, clock))
    assert path.read_bytes() == before


def test_t10_a_newer_schema_is_refused_and_untouched(db, clock, monkeypatch):
    """T10: an older library leaves a newer file as it is, and says what to do."""
    touch(db)
    with db.write() as tx:
        tx.execute("INSERT INTO _kept.schema_migration VALUES (?, 'future', now())", [migrations.known() + 1])
    before = db.path.read_bytes()
    with pytest.raises(SchemaTooNew) as caught:
        touch(Database(db.path, clock))
    assert caught.value.exit_code == 3
    assert db.path.read_bytes() == before


def test_a_directory_that_cannot_be_made_is_a_plain_error(tmp_path, clock):
    """A path through a file is refused in words."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreUnsafe):
        touch(Database(tmp_path / "file" / "x.duckdb", clock))


@pytest.mark.parametrize("name", ["it's ü.duckdb", "main.duckdb", "temp.duckdb", "busy.duckdb", "x"])
def test_any_file_name_will_do(tmp_path, clock, name):
    """The name of the file never meets the names inside."""
    db = Database(tmp_path / name, clock)
    add_contact(db)
    with db.read() as tx:
        assert tx.value("SELECT count(*) FROM _kept.contact") == 1
        assert tx.value("SELECT count(*) FROM busy") == 0


def test_the_file_can_be_moved_with_its_views(db, tmp_path, clock):
    """The views work wherever and however the file is called."""
    add_contact(db)
    shutil.copy(db.path, tmp_path / "copy.duckdb")
    with Database(tmp_path / "copy.duckdb", clock).read() as tx:
        assert tx.value("SELECT count(*) FROM double_bookings") == 0


def test_r16_time_is_strictly_increasing_even_when_the_clock_steps_back(db, clock):
    """R16: one instant per transaction, later than any before, also in a new process's eyes."""
    seen = []
    for step in (timedelta(0), timedelta(0), timedelta(days=-1), timedelta(hours=30)):
        clock.at += step
        with Database(db.path, clock).write() as tx:
            seen.append(tx.now)
        with db.read() as tx:
            assert tx.now >= seen[-1]
    assert seen[0] > NOW
    assert all(later > earlier for earlier, later in pairwise(seen))
    assert seen[2] - seen[1] == timedelta(microseconds=1)
    assert seen[3] == clock.at


def test_a_failed_transaction_leaves_nothing(db):
    """All or nothing, whatever the exception was."""
    touch(db)
    with pytest.raises(ZeroDivisionError), db.write() as tx:  # noqa: PT012  # what comes before the error is the point
        tx.append("contact", [{"contact_id": "c1", "sub_account_key": 1, "name": "x", "email": None}])
        _ = 1 / 0
    with db.read() as tx:
        assert tx.value("SELECT count(*) FROM _kept.contact") == 0


def test_reading_cannot_write(db):
    """A read transaction refuses to change anything, with an error of the store's own."""
    with pytest.raises(StoreError), db.read() as tx:
        tx.execute("DELETE FROM _kept.meta")
    touch(db)


def test_no_foreign_error_and_no_value_leaves_the_store(db):
    """R18: an error of DuckDB's becomes one of ours, without the row's content in its message."""
    with pytest.raises(StoreError) as caught, db.write() as tx:
        tx.execute("SELECT CAST('CANARY TITLE' AS INTEGER)")
    assert "CANARY" not in str(caught.value) + str(caught.value.as_dict())


def test_transactions_are_not_nested(db):
    """A second transaction in the same thread would wait for the first for ever: it is a mistake, and said so."""
    with db.read(), pytest.raises(RuntimeError), db.write():
        pass
    add_contact(db)


def test_threads_share_one_instance_and_lose_no_write(db, clock):
    """Eight threads with a Database each, reading and writing one file."""
    touch(db)

    def work(number: int) -> None:
        mine = Database(db.path, clock, lock_wait=30)
        for turn in range(5):
            add_contact(mine, f"{number}-{turn}")
            with mine.read() as tx:
                assert tx.value("SELECT count(*) FROM _kept.contact") >= 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.read() as tx:
        assert tx.value("SELECT count(DISTINCT contact_id) FROM _kept.contact") == 40


def test_the_file_is_closed_when_the_last_user_leaves(db):
    """Nobody holds it: in between, anybody may open it."""
    with db.read() as one:
        assert one.value("SELECT 1") == 1
    with duckdb.connect(str(db.path)) as other:
        assert other.execute("SELECT count(*) FROM users").fetchone() == (0,)


def test_a_busy_process_lets_go_of_the_file(db, clock):
    """Readers that follow each other without a gap still close the file once after a quarter of a second."""
    touch(db)
    until = time.monotonic() + 1.2

    def read_on() -> None:
        while time.monotonic() < until:
            with Database(db.path, clock).read():
                time.sleep(0.05)

    threads = [threading.Thread(target=read_on) for _ in range(3)]
    for thread in threads:
        thread.start()
    file, closed = instance.shared(db.path), 0
    while time.monotonic() < until:
        closed += file._connection is None
        time.sleep(0.002)
    for thread in threads:
        thread.join()
    assert closed > 10


def test_stale_after_is_kept_in_the_file(tmp_path, clock):
    """The setting is written once, so that the views know it."""
    path = tmp_path / "x.duckdb"
    for hours in (2, 3):
        with Database(path, clock, stale_after=timedelta(hours=hours)).read() as tx:
            assert tx.value("SELECT stale_after FROM _kept.meta") == timedelta(hours=hours)


def test_t8_nothing_of_the_schema_waits_in_a_wal(tmp_path, clock):
    """T8: creating ends with a checkpoint, before the file gets its name."""
    path = tmp_path / "x.duckdb"
    migrations.create(path, NOW)
    assert [each.name for each in tmp_path.iterdir()] == ["x.duckdb"]
    with Database(path, ToldClock()).read() as tx:
        ran = [{"version": step.version, "name": step.name, "applied_at": NOW.astimezone(UTC)} for step in migrations.STEPS]
        assert tx.rows("FROM _kept.schema_migration ORDER BY version") == ran


def test_frames_have_stable_types(db):
    """Instants are aware, infinity is missing, and an empty result has the types of a full one."""
    sql = "SELECT now() AS a, 'infinity'::TIMESTAMPTZ AS i, NULL::VARCHAR AS s, 1 AS n, true AS b, NULL::INTEGER AS m"
    with db.read() as tx:
        full, empty = tx.frame(sql), tx.frame(sql + " LIMIT 0")
    assert {name: str(kind) for name, kind in full.dtypes.items()} == {
        "a": "datetime64[us, UTC]",
        "i": "datetime64[us, UTC]",
        "s": "str",
        "n": "Int64",
        "b": "boolean",
        "m": "Int64",
    }
    assert full["i"].isna().all()
    assert list(full.dtypes) == list(empty.dtypes)


def test_ctrl_c_while_the_database_works_is_ctrl_c(tmp_path):
    """DuckDB makes a bare error of the signal; it is handed on as what it is."""
    with pytest.raises(KeyboardInterrupt), as_store_errors(tmp_path):
        raise RuntimeError("Query interrupted")
    with pytest.raises(RuntimeError, match="another"), as_store_errors(tmp_path):
        raise RuntimeError("another")
