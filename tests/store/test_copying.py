"""A copy taken while others write is whole (T11)."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from icalsync.clock import SystemClock
from icalsync.errors import AlreadyExists, StoreError, StoreFull, StoreLocked, StoreUnsafe
from icalsync.store import copying
from icalsync.store.copying import copy_to
from icalsync.store.database import Database
from tests.store.test_processes import end, start

OPENS_FOR_EACH_QUESTION = True

COPIES = 8


def reached(path: Path) -> tuple[int, int]:
    """The number in the token, and how many objects there are: equal in any state between two commits."""
    with Database(path, SystemClock()).read() as tx:
        token = tx.value("SELECT max(sync_token) FROM _kept.calendar_sync WHERE sync_token LIKE 'n%'")
        return int(token[1:]) if token else 0, tx.value("SELECT count(*) FROM occurrences")


def test_t11_copies_taken_while_another_process_writes_are_whole(chosen, tmp_path):
    """T11: each opens by itself, holds what was committed before, and no half of anything; the writer loses nothing."""
    writer = start("commit", chosen.db.path, chosen.id_of("Work"))
    db, counted = Database(chosen.db.path, SystemClock(), lock_wait=20), []
    try:
        assert writer.stdout.readline() == "ready\n"
        for number in range(COPIES):
            target = tmp_path / "copies" / f"{number}.duckdb"
            copy_to(db, target)
            token, objects = reached(target)
            assert token == objects
            counted.append(objects)
    finally:
        said = end(writer).split()
    assert counted == sorted(counted)
    assert counted[-1] > counted[0], "it wrote all the time"
    assert reached(db.path)[0] >= max(int(word[1:]) for word in said)
    assert (tmp_path / "copies" / "0.duckdb").stat().st_mode & 0o777 == 0o600
    assert len(list((tmp_path / "copies").iterdir())) == 2 * COPIES, "a file and its marker each, and nothing else"


def test_t11_a_copy_is_a_database_to_go_on_with(chosen, tmp_path):
    """T11: it is written to like any other, and the one it was made from does not change."""
    before = chosen.busy()
    copy_to(chosen.db, tmp_path / "copy.duckdb")
    copied = type(chosen)(Database(tmp_path / "copy.duckdb", chosen.clock), chosen.clock)
    assert copied.busy() == before
    copied.people.add_user("acme", "dora", name="Dora")
    assert len(copied.people.users("acme")) == len(chosen.people.users("acme")) + 1


def test_t11_the_lock_holds_after_a_copy(chosen, tmp_path):
    """T3, T11: reading the bytes drops no lock of this process: while it writes, no other process gets in."""
    copy_to(chosen.db, tmp_path / "copy.duckdb")
    with chosen.db.write() as tx:
        tx.append("contact", [{"contact_id": "c", "sub_account_key": 1, "name": "x", "email": None}])
        other = start("hold", chosen.db.path)
        time.sleep(1.0)
        assert other.poll() is None, "it waits"
    assert other.stdout.readline() == "holding\n"
    end(other)


@pytest.mark.long
def test_t11_threads_wait_for_a_copy_and_lose_nothing(chosen, tmp_path):
    """T11: readers and writers of the same process come and go meanwhile."""
    stop, failures, done = threading.Event(), [], [0, 0]

    def work(which: int) -> None:
        try:
            while not stop.is_set():
                with chosen.db.read() if which else chosen.db.write() as tx:
                    if not which:
                        tx.append("contact", [{"contact_id": f"c{done[0]}", "sub_account_key": 1, "name": "x", "email": None}])
                    done[which] += 1
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(which,)) for which in (0, 1)]
    for thread in threads:
        thread.start()
    try:
        for number in range(3):
            copy_to(chosen.db, tmp_path / f"{number}.duckdb")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert min(done) > 0
    with chosen.db.read() as tx:
        assert tx.value("SELECT count(*) FROM _kept.contact") == done[0]


def test_t11_nothing_is_ever_copied_over(chosen, tmp_path):
    """T11: neither a file nor the database itself; and a place that cannot be written says so."""
    taken = tmp_path / "taken"
    taken.write_text("dear to somebody")
    for place in (taken, chosen.db.path):
        with pytest.raises(AlreadyExists):
            copy_to(chosen.db, place)
    assert taken.read_text() == "dear to somebody"
    with pytest.raises(StoreUnsafe):
        copy_to(chosen.db, taken / "below.duckdb")


def test_t11_a_copy_that_fails_leaves_nothing(chosen, tmp_path, monkeypatch):
    """T1, T11: a full disk is told as such, what was begun is gone, and the database goes on."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    target = tmp_path / "copies" / "copy.duckdb"
    monkeypatch.setattr(copying.shutil, "copyfileobj", full)
    with pytest.raises(StoreFull):
        copy_to(chosen.db, target)
    assert list(target.parent.iterdir()) == []
    chosen.people.add_user("acme", "dora", name="Dora")


def test_t11_a_copy_does_not_wait_for_ever(chosen, tmp_path):
    """T3, T11: while a thread stays inside, the copy gives up after the usual time and says why."""
    db = Database(chosen.db.path, chosen.clock, lock_wait=0.2)
    inside, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with chosen.db.read():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=stay)
    thread.start()
    inside.wait(10)
    try:
        with pytest.raises(StoreLocked):
            copy_to(db, tmp_path / "copy.duckdb")
    finally:
        leave.set()
        thread.join()
