"""A notebook is left open, and asks again and again, while syncs run: both get their turn, and the notebook sees what the syncs bring."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.journeys.conftest import connect
from tests.servers import event_at

if TYPE_CHECKING:
    from tests.journeys.conftest import Cli
    from tests.servers import DavServer

IN_PROCESS = OPENS_FOR_EACH_QUESTION = True

NOTEBOOK = """
import json, sys, threading, time
import icalsync

app = icalsync.open()
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
asked, longest, seen = 0, 0.0, []
print("open", flush=True)
while True:
    last = ended.is_set()
    began = time.perf_counter()
    busy = app.busy("ACME", "anna", "2027-01-04", "2027-01-05")
    slots = app.slots("ACME", "anna", "2027-01-04", "2027-01-05", length="1h")
    why = app.explain("ACME", "anna", "2027-01-04 10:00", "1h")
    runs = app.sql("SELECT count(*) AS n FROM sync_runs WHERE ended_at IS NOT NULL")["n"].iloc[0]
    longest, asked = max(longest, time.perf_counter() - began), asked + 1
    free = {str(start) for start in slots["starts_at"]}
    taken = {str(start) for start in busy["starts_at"]}
    assert not free & taken, (free, taken)
    seen.append([int(runs), len(busy), why.offered])
    if last:
        break
    time.sleep(0.3)
print(json.dumps({"asked": asked, "longest": longest, "seen": seen}), flush=True)
"""


def asking(cli: Cli) -> subprocess.Popen[str]:
    """A process as a notebook's kernel is: one library, opened once, that asks in a loop until its input ends."""
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", NOTEBOOK], env=cli.environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def told(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What it saw, once it is asked to end."""
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    result: dict[str, Any] = json.loads(out)
    return result


@pytest.mark.long
def test_a_notebook_left_open_and_running_syncs_do_not_stand_in_each_others_way(clinic: Cli, radicale: DavServer) -> None:
    """design.md §4: two syncs by processes of their own each bring one event; each ends well, and the notebook sees them one by one."""
    radicale.account.mkcalendar(f"{radicale.home}work/", name="Work")
    connect(clinic, radicale)
    clinic("link", "ACME", "anna", "Work")
    clinic("sync")
    notebook = asking(clinic)
    try:
        for number, hour in enumerate(("09", "12")):
            starts, ends = f"20270104T{hour}0000Z", f"20270104T{hour}5000Z"
            radicale.account.put(f"{radicale.home}work/{number}.ics", event_at(f"e{number}", starts, ends))
            done = replace(clinic, as_process=True).json("sync")
            assert (done["totals"]["added"], [run["outcome"] for run in done["runs"]]) == (1, ["ok"])
    finally:
        seen = told(notebook)
    assert seen["asked"] > 5
    assert seen["seen"] == sorted(seen["seen"], key=lambda row: row[:2]), "time does not go back"
    assert {rows for _, rows, _ in seen["seen"]} >= {0, 2}
    assert seen["seen"][-1] == [seen["seen"][0][0] + 2, 2, False]
    assert seen["longest"] < 20
