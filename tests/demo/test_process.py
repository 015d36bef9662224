"""The demo as a person runs it: a process that ends, leaves nothing running, and can be run again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from icalsync.demo import run as demo_run

pytestmark = pytest.mark.timeout(600)
COMMAND = [sys.executable, "-u", "-c", "from icalsync.cli.main import main; main()", "demo"]


def start(directory, *options):
    """The demo, in a process group of its own, as a shell starts it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ICALSYNC_")}
    return subprocess.Popen(
        [*COMMAND, "--directory", str(directory), *options],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def running_in(directory):
    """Command lines of the processes that have to do with a directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:  # it ended while we looked
                continue
            if str(directory) in line:
                found.append(line)
    return found


def gone_from(directory, seconds=5.0):
    """Whether nothing runs there any more, soon."""
    deadline = time.monotonic() + seconds
    while running_in(directory):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def read_until(process, words):
    """Output up to the line with these words."""
    said = []
    for line in process.stdout:
        said.append(line)
        if words in line:
            return "".join(said)
    raise AssertionError(f"{words!r} never came:\n{''.join(said)}")


@pytest.mark.long
def test_it_runs_twice_in_a_row_and_leaves_no_process(tmp_path):
    """Also after one that was killed half-way: its lock went with it, and each run starts anew, finds both clashes and ends with 0."""
    killed = start(tmp_path / "demo", "--no-dashboard")
    read_until(killed, "Filling")
    killed.kill()
    killed.communicate(timeout=30)
    for _ in range(2):
        process = start(tmp_path / "demo", "--no-dashboard")
        said, _ = process.communicate(timeout=280)
        assert process.returncode == 0, said
        assert "Double bookings found: 2" in said
        assert "Traceback" not in said
        assert gone_from(tmp_path / "demo")


@pytest.mark.parametrize("moment", ["Starting", "Filling", pytest.param("Connecting", marks=pytest.mark.long)])
def test_ctrl_c_leaves_nothing_running(tmp_path, moment):
    """SIGINT to the process group, as a terminal sends it, at any stage: a plain line, exit code 1, and no server left."""
    process = start(tmp_path / "demo", "--no-dashboard")
    read_until(process, moment)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1, said
    assert "Stopped; nothing is left running." in said
    assert "Traceback" not in said
    assert gone_from(tmp_path / "demo")


def test_even_a_killed_demo_leaves_no_server(tmp_path):
    """SIGKILL gives it no chance to clean up; the server notices and ends."""
    process = start(tmp_path / "demo", "--no-dashboard")
    read_until(process, "Filling")
    assert any("radicale" in line for line in running_in(tmp_path / "demo"))
    process.kill()
    process.communicate(timeout=30)
    assert gone_from(tmp_path / "demo", 10.0)


def test_a_directory_that_is_not_the_demos_is_refused(tmp_path):
    """Exit code 2, a plain error, and nothing there was changed."""
    (tmp_path / "thesis.tex").write_text("precious")
    process = start(tmp_path, "--no-dashboard")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "no demo made" in said
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


SERVING = """
import sys
from icalsync.demo.run import _serve
sleeper = "import sys, time; print('dashboard up', flush=True); time.sleep(120)"
sys.exit(_serve([sys.executable, "-c", sleeper, sys.argv[1]], {}, lambda line: print(line, flush=True)))
"""


def test_ctrl_c_ends_the_dashboard_with_the_demo(tmp_path):
    """While it serves, Ctrl-C is the ordinary end: exit code 0, and the dashboard's process is gone."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", SERVING, str(tmp_path)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    read_until(process, "dashboard up")
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Stopped; nothing is left running." in said
    assert gone_from(tmp_path)


@pytest.mark.long
def test_the_server_answers_while_the_dashboard_runs(tmp_path, monkeypatch):
    """What runs in the dashboard's place gets the demo's settings and syncs with the demo's server; afterwards nothing is left."""
    syncing = "import sys; from icalsync.cli.main import run; assert sys.argv[1] == 'dashboard'; sys.exit(run(['sync']))"
    monkeypatch.setattr(demo_run, "_COMMAND", (sys.executable, "-c", syncing))
    monkeypatch.setattr(demo_run, "_dashboard_is_there", lambda: True)
    said = []
    assert demo_run.run(directory=tmp_path / "demo", dashboard=True, say=said.append) == 0
    assert "  icalsync sync" in said
    assert said[-1] == "The server keeps running, and the dashboard starts. Ctrl-C ends both."
    assert gone_from(tmp_path / "demo")


def test_the_dashboard_is_there_when_its_command_and_streamlit_are(monkeypatch):
    """Both are asked for, really: a missing command or a missing package means there is none."""
    for exit_code, is_there in ((0, True), (2, False)):
        monkeypatch.setattr(demo_run, "_COMMAND", (sys.executable, "-c", f"raise SystemExit({exit_code})"))
        assert demo_run._dashboard_is_there() is is_there
    monkeypatch.setattr(demo_run, "_COMMAND", (sys.executable, "-c", ""))
    monkeypatch.setattr(demo_run, "find_spec", lambda _name: None)
    assert demo_run._dashboard_is_there() is False


def test_a_dashboard_that_fails_ends_the_demo_with_1():
    """Its exit code is not hidden."""
    assert demo_run._serve([sys.executable, "-c", "raise SystemExit(3)"], {}, lambda _line: None) == 1
    assert demo_run._serve([sys.executable, "-c", ""], {}, lambda _line: None) == 0
