"""Reading processes: started when needed, shared by threads, replaced after death, gone with their parent."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest

from icalsync.core.interval import Interval
from icalsync.core.model import Reading, Rejected
from icalsync.core.reading import read_object
from icalsync.demo.world import world
from icalsync.errors import ReaderUnavailable
from icalsync.workers import process
from icalsync.workers.pipe import pack, unpack_answer
from icalsync.workers.process import Workers
from icalsync.workers.reader import BoundedReader
from tests.core.objects import MEETING, NOVEMBER, calendar, event
from tests.workers.conftest import MISBEHAVING, group

WEEKLY = calendar(*event("DTSTART:20261102T090000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY"))


def wait_until(condition) -> None:
    """For at most ten seconds."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_no_process_is_started_for_what_cannot_run_away(reader, workers):
    """Plain events are read here, which costs no round trip."""
    assert isinstance(reader.read(calendar(*event(*MEETING)), NOVEMBER), Reading)
    assert workers.pids == []
    assert isinstance(reader.read(WEEKLY, NOVEMBER), Reading)
    assert len(workers.pids) == 1


def test_what_a_process_reads_is_what_would_be_read_here():
    """Every recurring object of the demo, to the last field: nothing is lost on the way."""
    start = datetime(2026, 11, 23, tzinfo=UTC)
    window = Interval(start - timedelta(days=30), start + timedelta(days=100))
    raws = [item.raw for item in world(date(2026, 11, 23)).objects if "recurring" in item.kinds]
    assert len(raws) > 10
    workers = Workers()
    bounded = BoundedReader(workers=workers)
    assert [bounded.read(raw, window) for raw in raws] == [read_object(raw, window) for raw in raws]
    assert len(workers.pids) == 1
    workers.close()


def test_a_crash_is_the_objects_and_nobody_elses(reader, workers):
    """A reader that dies of an object is no free slot (R12): the object is rejected, and the next one read."""
    result = reader.read(b"RRULE end", NOVEMBER)
    assert (result.reason, result.detail) == ("UNEXPECTED", "reading it ends the reading process")
    assert result.starts is not None
    assert isinstance(reader.read(WEEKLY, NOVEMBER), Reading)
    assert len(workers.pids) == 1


def test_a_fault_of_ours_is_a_rejection(reader):
    """As in the core: whatever is raised ends as a value."""
    assert reader.read(b"RRULE nest", NOVEMBER) == Rejected("UNEXPECTED", "RecursionError")
    assert isinstance(reader.read(WEEKLY, NOVEMBER), Reading)


def test_a_process_that_somebody_kills_is_no_reason_to_reject_t15(reader, workers, tmp_path):
    """T15: the object is tried once more, because it may be as good as any."""
    assert reader.read(f"RRULE killed-once {tmp_path / 'marker'}".encode(), NOVEMBER).reason == "DONE"
    assert reader.read(b"RRULE killed", NOVEMBER).reason == "UNEXPECTED"
    (idle,) = workers.pids
    signal_group(idle)
    assert isinstance(reader.read(WEEKLY, NOVEMBER), Reading)


def signal_group(leader: int) -> None:
    """Kill a reading process with everything that belongs to it, as the system would."""
    for pid in group(leader):
        subprocess.run(["kill", "-9", str(pid)], check=True)
    wait_until(lambda: not group(leader))


def test_a_library_that_prints_does_not_disturb_the_conversation(reader):
    """Messages have a pipe of their own."""
    assert reader.read(b"RRULE chatter", NOVEMBER) == Rejected("DONE", "chatter")
    assert isinstance(reader.read(WEEKLY, NOVEMBER), Reading)


def test_each_thread_gets_its_own_answers(reader, workers):
    """Many objects from many threads, each with its own UID."""

    def uids(thread):
        names = [f"{thread}-{n}" for n in range(25)]
        raws = [calendar(*event("DTSTART:20261102T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY", uid=name)) for name in names]
        return names, [reader.read(raw, NOVEMBER).uid for raw in raws]

    with ThreadPoolExecutor(4) as pool:
        for names, read in pool.map(uids, range(4)):
            assert read == names
    assert 1 <= len(workers.pids) <= process.KEPT, "the others were ended when they were given back"


def test_a_process_that_waited_in_vain_goes_and_is_replaced_without_a_word(tmp_path):
    """A notebook left open keeps no process for hours."""
    workers = Workers("tests.workers.misbehaving:read_briefly")
    bounded = BoundedReader(workers=workers)
    assert isinstance(bounded.read(WEEKLY, NOVEMBER), Reading)
    (pid,) = workers.pids
    wait_until(lambda: not group(pid))
    assert isinstance(bounded.read(WEEKLY, NOVEMBER), Reading)
    workers.close()


def test_the_database_is_not_inherited(reader, tmp_path):
    """A reading process holds nothing of the file, so it can neither lock it nor keep it open."""
    with duckdb.connect(str(tmp_path / "clinic.duckdb")) as connection:
        connection.execute("CREATE TABLE t (n INTEGER)")
        files = reader.read(b"RRULE files", NOVEMBER).detail
    assert "pipe:" in files
    assert "clinic" not in files


def test_keys_and_passwords_are_not_inherited_s1(reader, monkeypatch):
    """S1: who reads what strangers wrote knows no secret."""
    monkeypatch.setenv("ICALSYNC_PASSWORD", "abcd-efgh-ijkl-mnop")
    monkeypatch.setenv("ICALSYNC_SECRET_KEY", "a key")
    names = reader.read(b"RRULE environment", NOVEMBER).detail.split()
    assert "PATH" in names
    assert [name for name in names if name.startswith("ICALSYNC_")] == []


def test_files_of_the_current_directory_are_not_imported(tmp_path, monkeypatch):
    """A file called icalendar.py where somebody happens to stand is not the library."""
    (tmp_path / "icalendar.py").write_text("raise SystemExit('not me')")
    (tmp_path / "struct.py").write_text("raise SystemExit('nor me')")
    monkeypatch.chdir(tmp_path)
    workers = Workers()
    assert isinstance(BoundedReader(workers=workers).read(WEEKLY, NOVEMBER), Reading)
    workers.close()


def test_a_process_that_does_not_start_judges_nothing(monkeypatch):
    """No object is rejected for it; the calendar fails, and is pulled again later."""
    with pytest.raises(ReaderUnavailable, match="status"):
        BoundedReader(workers=Workers("tests.no_such_module:read")).read(WEEKLY, NOVEMBER)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ReaderUnavailable, match="No such file"):
        BoundedReader(workers=Workers()).read(WEEKLY, NOVEMBER)


class _Evil:
    def __reduce__(self):
        return subprocess.getoutput, ("echo gotcha",)


def test_an_answer_can_only_be_made_of_our_own_words():
    """The other side read what strangers wrote; what it sends is not trusted either."""
    with pytest.raises(pickle.UnpicklingError, match="no word of ours"):
        unpack_answer(pack(("read", _Evil(), ()))[4:])


PARENT = """
    import sys, time
    from tests.core.objects import NOVEMBER, calendar, event
    from icalsync.workers.process import Workers
    from icalsync.workers.reader import BoundedReader
    from tests.workers.test_processes import WEEKLY
    workers = Workers({reads!r})
    reader = BoundedReader(seconds={seconds}, workers=workers)
    reader.read(WEEKLY, NOVEMBER)
    print(workers.pids[0], flush=True)
    {then}
"""


def parent(then: str, seconds: float = 1.0) -> subprocess.Popen[str]:
    """A program that reads an object, says who read it, and goes on with ``then``."""
    code = textwrap.dedent(PARENT.format(reads=MISBEHAVING, seconds=seconds, then=then))
    return subprocess.Popen([sys.executable, "-W", "error", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("then", ["time.sleep(100)", "reader.read(b'RRULE burn', NOVEMBER)"], ids=["idle", "reading"])
def test_processes_do_not_outlive_a_parent_that_is_killed(then):
    """Nobody is left behind who waits, and who reads ends with the budget at the latest."""
    with parent(then, seconds=2.0) as running:
        assert running.stdout is not None
        pid = int(running.stdout.readline())
        assert group(pid)
        time.sleep(0.3)
        running.send_signal(signal.SIGKILL)
        wait_until(lambda: not group(pid))


def test_processes_end_with_their_program_and_without_a_warning():
    """Nobody has to close anything."""
    running = parent("")
    out, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (0, "")
    wait_until(lambda: not group(int(out)))
