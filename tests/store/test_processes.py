"""Several processes, and processes that die: what was acknowledged is there, and nothing else."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from icalsync.clock import SystemClock
from icalsync.errors import MigrationFailed, StoreLocked
from icalsync.store import migrations
from icalsync.store.database import Database
from tests.store import child
from tests.store.killing import killing

OPENS_FOR_EACH_QUESTION = MAKES_EACH_DATABASE = True

ROOT = Path(__file__).parents[2]
KILLS = 20


def start(*words: object) -> subprocess.Popen[str]:
    """A process of ``tests.store.child``."""
    return subprocess.Popen([sys.executable, "-m", "tests.store.child", *map(str, words)], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def end(process: subprocess.Popen[str], with_signal: int = signal.SIGKILL) -> str:
    """Stop it, and give what else it said."""
    process.send_signal(with_signal)
    said = process.communicate()[0]
    assert said is not None
    return said


def test_t3_a_second_process_is_told_who_holds_the_file(db):
    """T3: StoreLocked names the process and its program; after it is gone (T4: killed), nothing is left of its lock or its rows."""
    holder = start("hold", db.path)
    try:
        assert holder.stdout.readline() == "holding\n"
        began = time.monotonic()
        with pytest.raises(StoreLocked) as caught, Database(db.path, SystemClock(), lock_wait=0.4).read():
            pass
        assert 0.3 < time.monotonic() - began < 3
        assert f"PID {holder.pid}" in caught.value.message
        assert "python" in caught.value.message
        assert "tests.store.child" not in caught.value.message, "arguments are their owner's business"
    finally:
        end(holder)
    with Database(db.path, SystemClock()).read() as tx:
        assert tx.value("SELECT count(*) FROM _kept.contact") == 0


def test_t1_a_full_disk_undoes_the_transaction_and_keeps_the_rest(db):
    """T1: files may not grow (EFBIG): StoreFull, and every acknowledged batch is there, whole."""
    with db.read():
        pass
    limit = db.path.stat().st_size + 3_000_000
    process = start("fill", db.path, limit)
    said = process.communicate(timeout=60)[0]
    code, acknowledged = said.split()
    assert code == "STORE_FULL"
    assert int(acknowledged) > 0
    with Database(db.path, SystemClock()).read() as tx:
        assert tx.value("SELECT count(*) FROM _kept.contact") == int(acknowledged)


@pytest.mark.long
def test_t2_t4_killed_at_any_moment_no_row_is_ahead_of_its_token(chosen):
    """T2, T4: twenty kills between and within commits: token and rows agree, and nothing acknowledged is lost."""
    calendar_id = chosen.id_of("Work")
    acknowledged, noise = 0, random.Random(20261122)  # noqa: S311  # moments, not secrets
    db = Database(chosen.db.path, SystemClock())
    with killing(db.path.parent) as child_processes:
        for _ in range(KILLS):
            said = child_processes.after(noise.uniform(0.0, 0.3), "commit", db.path.name, calendar_id)
            acknowledged = max([acknowledged, *(int(word[1:]) for word in said)])
            with db.read() as tx:
                token = tx.value("SELECT max(sync_token) FROM _kept.calendar_sync WHERE sync_token LIKE 'n%'")
                rows = tx.value("SELECT count(*) FROM occurrences")
            reached = int(token[1:]) if token else 0
            assert rows == reached
            assert reached >= acknowledged
    assert acknowledged > 0


def test_readers_and_a_writer_of_two_processes_live_together(chosen):
    """Three seconds of reading here and writing there, without one failure."""
    db = Database(chosen.db.path, SystemClock())
    process = start("write", db.path, 3)
    try:
        assert process.stdout.readline() == "ready\n"
        until, reads = time.monotonic() + 3, 0
        while time.monotonic() < until:
            with db.read() as tx:
                tx.value("SELECT count(*) FROM busy")
            reads += 1
            time.sleep(0.02)
        written = int(process.communicate(timeout=20)[0])
    finally:
        process.kill()
        process.wait()
    with db.read() as tx:
        assert tx.value("SELECT count(*) FROM _kept.contact") == written
    assert reads >= 5
    assert written >= 5


def test_t9_a_step_that_fails_leaves_the_file_as_it_was(chosen, monkeypatch):
    """T9: MigrationFailed, the same bytes, nothing beside it; the older library goes on."""

    def fail(_connection: object) -> None:
        raise ValueError("the step is wrong")

    before = chosen.db.path.read_bytes()
    monkeypatch.setattr(migrations, "STEPS", migrations.STEPS)
    old = migrations.STEPS
    child.add_step(fail)
    with pytest.raises(MigrationFailed) as caught, Database(chosen.db.path, SystemClock()).read():
        pass
    assert caught.value.exit_code == 3
    assert chosen.db.path.read_bytes() == before
    assert not [each for each in chosen.db.path.parent.iterdir() if each.name.startswith(".")]
    migrations.STEPS = old
    with Database(chosen.db.path, SystemClock()).read() as tx:
        assert tx.value("SELECT count(*) FROM users") == 3


def test_t9_a_process_killed_within_a_step_leaves_the_file_as_it_was(chosen):
    """T9: SIGKILL while the copy is being updated."""
    before = chosen.db.path.read_bytes()
    process = start("upgrade", chosen.db.path, "dies")
    said = process.communicate(timeout=30)[0]
    assert process.returncode == -signal.SIGKILL
    assert said == "migrating\n"
    assert chosen.db.path.read_bytes() == before
    with Database(chosen.db.path, SystemClock()).read() as tx:
        assert tx.value("SELECT count(*) FROM users") == 3


def test_t9_two_processes_update_once_and_lose_nothing(chosen):
    """T9: the second one waits, and finds the file updated."""
    processes = [start("upgrade", chosen.db.path, "slow") for _ in range(2)]
    said = [process.communicate(timeout=60)[0].split("\n")[:-1] for process in processes]
    assert sorted(len(lines) for lines in said) == [1, 2]
    assert [lines[-1] for lines in said] == ["0 3", "0 3"]
    assert chosen.db.path.stat().st_mode & 0o777 == 0o600
