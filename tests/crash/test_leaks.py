"""Months in one process: descriptors, threads and memory stay where they are (T18)."""

from __future__ import annotations

import threading
from pathlib import Path
from statistics import linear_regression
from typing import TYPE_CHECKING

import pytest

import icalsync
from icalsync.settings import load_settings
from tests.conftest import PASSWORD
from tests.servers import event_at

if TYPE_CHECKING:
    from icalsync.app import App
    from tests.servers import DavServer

WARM = 4
"""Syncs after which everything that is loaded once is loaded."""


def state() -> tuple[int, int, int]:
    """Open descriptors, threads (the system's count too), and resident memory in kilobytes."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines())
    threads = max(threading.active_count(), int(status["Threads"]))
    return len(list(Path("/proc/self/fd").iterdir())), threads, int(status["VmRSS"].split()[0])


def connected(directory: Path, server: DavServer) -> App:
    """An account with one calendar."""
    server.account.mkcalendar(f"{server.home}work/", name="Work")
    places = {"database": directory / "data" / "clinic.duckdb", "secret_key_file": directory / "keys" / "secret.key"}
    app = icalsync.open(settings=load_settings({}, allow_private_hosts=True, **places))
    app.add_sub_account("acme")
    app.add_user("acme", "anna")
    app.connect("acme", "anna", provider="caldav", url=server.url, account="anna", password=PASSWORD)
    app.link("acme", "anna", "Work")
    return app


def states_over(syncs: int, app: App, server: DavServer) -> list[tuple[int, int, int]]:
    """After each of so many syncs; every third one finds a change, and somebody asks what is busy."""
    found = []
    for number in range(WARM + syncs):
        changed = number % 3 == 0
        if changed:
            text = event_at("one", "20270104T090000Z", f"20270104T10{number % 60:02}00Z", more=("RRULE:FREQ=WEEKLY;COUNT=5",))
            server.account.put(f"{server.home}work/one.ics", text)
        (run,) = app.sync().runs
        assert (run["outcome"], run["changed"] + run["added"]) == ("ok", int(changed))
        if changed:
            assert len(app.busy("acme", "anna", "2027-01-01", "2027-03-01")) == 5
        found.append(state())
    return found[WARM:]


def check_flat(states: list[tuple[int, int, int]], kilobytes: float) -> None:
    """No descriptor and no thread more at the end than at the beginning, and so much memory per sync at most."""
    quarter = max(3, len(states) // 4)
    for which, name in enumerate(["descriptors", "threads"]):
        first, last = [max(each[which] for each in part) for part in (states[:quarter], states[-quarter:])]
        assert last <= first, f"{name}: {[each[which] for each in states]}"
    memory = [each[2] for each in states]
    slope = linear_regression(range(len(memory)), memory).slope
    assert slope < kilobytes, f"{slope:.0f} kB per sync: {memory}"


@pytest.mark.long
def test_t18_twelve_syncs_leave_nothing_behind(tmp_path: Path, radicale: DavServer) -> None:
    """T18: the slope over twelve syncs; memory may still settle by half a megabyte each, a leak of one connection or thread would show."""
    check_flat(states_over(12, connected(tmp_path, radicale), radicale), kilobytes=500)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_t18_three_hundred_syncs_leave_nothing_behind(tmp_path: Path, radicale: DavServer) -> None:
    """T18: long enough for the slope of memory to mean something (``make soak``)."""
    check_flat(states_over(300, connected(tmp_path, radicale), radicale), kilobytes=50)
