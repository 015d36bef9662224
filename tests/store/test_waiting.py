"""One file, many processes: who has to wait says so beside the file, and who finds that rests before opening again (design.md §4)."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from icalsync.clock import SystemClock
from icalsync.errors import StoreLocked
from icalsync.store.database import Database
from icalsync.store.instance import REST, wanted_path
from tests.store.test_processes import ROOT, end, start

OPENS_FOR_EACH_QUESTION = True

HUNGRY = """
import sys
from pathlib import Path
from icalsync.clock import SystemClock
from icalsync.store.database import Database

db = Database(Path(sys.argv[1]), SystemClock(), lock_wait=60)
print("here", flush=True)
while True:
    with db.read() as tx:
        tx.value("SELECT sum(n) FROM range(3000000) t(n)")
"""


def opening(db: Database) -> float:
    """How long a look at the database takes."""
    began = time.monotonic()
    with db.read() as tx:
        tx.value("SELECT 1")
    return time.monotonic() - began


def test_who_waits_says_so_and_leaves_nothing_behind(db):
    """The mark is there while another process holds the file, and gone once the wait has ended, here in vain."""
    holder = start("hold", db.path)
    try:
        assert holder.stdout.readline() == "holding\n"
        with pytest.raises(StoreLocked), Database(db.path, SystemClock(), lock_wait=0.3).read():
            pass
        assert not wanted_path(db.path).exists()
    finally:
        end(holder)


def test_a_mark_is_rested_for_once(db):
    """A live process touches its mark at each try; one that a dead process left costs one rest."""
    opening(db)
    plain = min(opening(db) for _ in range(3))
    wanted_path(db.path).touch()
    assert opening(db) >= REST
    assert min(opening(db) for _ in range(3)) < plain + REST
    wanted_path(db.path).unlink()


def test_a_process_that_asks_in_a_loop_lets_others_in(db):
    """Another one gets its turn again and again, though the file is hardly ever free."""
    opening(db)
    hungry = subprocess.Popen([sys.executable, "-c", HUNGRY, db.path], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert hungry.stdout.readline() == "here\n"
        patient = Database(db.path, SystemClock(), lock_wait=20)
        for _ in range(8):
            with patient.write() as tx:
                tx.append("contact", [{"contact_id": str(tx.now), "sub_account_key": 1, "name": "x", "email": None}])
            assert hungry.poll() is None
    finally:
        end(hungry)
