"""The processes of ``make chaos``: what hangs or dies is found out, and nothing they started is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.chaos import processes
from tests.chaos.__main__ import Chaos, wish_of
from tests.chaos.work import Result

if TYPE_CHECKING:
    from tests.chaos.work import Told

ROOT = Path(__file__).parents[2]


def fare(how: str, pid_file: Path, told: Told) -> None:
    """Carried out in the process: find a violation, start a server, then hang or die."""
    told("case icloud/one/sync/once")
    told(Result(cases=1, violations=["case icloud/one/sync/once\n    lost"]))
    told(f"case icloud/{how}/sync/once")
    server = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
    pid_file.write_text(str(server.pid))
    if how == "dies":
        os._exit(9)
    time.sleep(120)


def hand(piece: processes.Work, _deadline: float) -> processes.Work:
    """As ``Workers`` asks for it."""
    return piece


@pytest.mark.long
def test_what_hangs_or_dies_is_a_violation_and_leaves_nothing_behind_n5(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """N5: a case without an end is told as what it is, what was found before it is kept, and the servers of both are gone."""
    monkeypatch.setattr(processes, "LONGEST", 4.0)
    chaos = Chaos(wish_of(["--seed", "5"]))
    pieces = [partial(hand, partial(fare, how, tmp_path / how)) for how in ("hangs", "dies")]
    with processes.Workers(2) as workers:
        chaos.do(workers, iter(pieces), 60.0)
    assert (chaos.total.cases, len(chaos.total.violations), chaos.exit_code) == (2, 4, 1)
    said = capsys.readouterr().out
    assert "icloud/hangs/sync/once\n    does not end\n    again: make chaos CHAOS_SEED=5 CHAOS_ONLY=icloud/hangs/sync/once" in said
    assert "icloud/dies/sync/once\n    the process ended with 9" in said
    assert all(gone(int((tmp_path / how).read_text())) for how in ("hangs", "dies"))


@pytest.mark.soak
def test_the_command_that_is_killed_takes_its_processes_with_it(tmp_path: Path) -> None:
    """SIGKILL: nobody can clean up, and yet nothing goes on."""
    words = [sys.executable, "-m", "tests.chaos", "--jobs", "1", "--seconds", "90"]
    command = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(tmp_path)})
    try:
        began = until(lambda: next(iter(children(command.pid)), None))
    finally:
        command.send_signal(signal.SIGKILL)
        command.wait(timeout=10)
    assert until(lambda: gone(began))


def until(found, seconds: float = 20.0):
    """What is true at last."""
    end = time.monotonic() + seconds
    while not (value := found()) and time.monotonic() < end:
        time.sleep(0.05)
    return value


def children(pid: int) -> list[int]:
    """Processes that this one started and that work in a group of their own."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in listed if not gone(int(each)) and os.getpgid(int(each)) == int(each)]


def gone(pid: int) -> bool:
    """Whether a process is over, buried or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in {"Z", "X"}
    except FileNotFoundError:
        return True
