"""``sync --watch`` as its users run it: a process of its own that is left alone, looked at, and asked to end."""

from __future__ import annotations

import json
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

import icalsync
from icalsync.settings import load_settings
from tests.conftest import PASSWORD
from tests.journeys.conftest import connect
from tests.servers import event_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from icalsync.app import App
    from tests.journeys.conftest import Cli
    from tests.servers import DavServer

IN_PROCESS = OPENS_FOR_EACH_QUESTION = True
MOST_SECONDS = 10
"""T14: from SIGTERM to the end of the process."""


class Watcher:
    """A watching process, and what it says."""

    def __init__(self, cli: Cli, *options: str) -> None:
        words = [sys.executable, "-m", "icalsync", "sync", "--watch", "--every", "1s", *options]
        self.process = subprocess.Popen(words, env=cli.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.said: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._threads = [threading.Thread(target=self._read), threading.Thread(target=self._hear)]
        for thread in self._threads:
            thread.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def _hear(self) -> None:
        self.said += [line.rstrip("\n") for line in self.process.stderr]

    def line(self, seconds: float = 60) -> str:
        """The next line of standard output."""
        line = self._lines.get(timeout=seconds)
        assert line is not None, self.said
        return line

    def until(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next run that is such."""
        while True:
            row = json.loads(self.line())
            if fits(row):
                return row

    def end(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Ask it to end; its exit code, and how many seconds that took."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(60)
        for thread in self._threads:
            thread.join()
        self.process.stdout.close()
        self.process.stderr.close()
        return code, time.monotonic() - began


@pytest.fixture
def watcher(clinic: Cli) -> Iterator[Callable[..., Watcher]]:
    """Start one; whatever happens, none is left behind."""
    started: list[Watcher] = []

    def start(*options: str) -> Watcher:
        started.append(Watcher(clinic, *options))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.end(signal.SIGKILL)


def seed(server: DavServer) -> None:
    """A calendar with one event."""
    server.account.mkcalendar(server.home + "work/", name="Work")
    server.account.put(server.home + "work/a.ics", event_at("a", "20270104T090000Z", "20270104T100000Z", summary="CANARY TITLE"))


@pytest.mark.long
def test_a_watch_pulls_what_changes_lets_others_book_and_sync_and_ends_when_asked_t3_t13_t14_p3(
    clinic: Cli, radicale: DavServer, watcher: Callable[..., Watcher]
) -> None:
    """T3, T13, T14: one JSON object per run; reads go on beside it; a second watcher is refused; SIGTERM ends with 0.

    P3, leases with fencing: bookings and syncs at the same time on the same integration lose nothing, double nothing, and put no older
    token back.
    """
    seed(radicale)
    connect(clinic, radicale)
    clinic("link", "ACME", "anna", "Work")
    running = watcher("--json")
    first = running.until(lambda row: row["added"] == 1)
    assert (first["outcome"], first["status"], len(first["calendars"])) == ("ok", "ok", 1)
    radicale.account.put(radicale.home + "work/b.ics", event_at("b", "20270104T110000Z", "20270104T120000Z"))
    running.until(lambda row: row["added"] == 1)
    busy = clinic.json("busy", "ACME", "anna", "--from", "2027-01-04", "--to", "2027-01-05")
    assert [row["reason"] for row in busy] == ["BUSY", "BUSY"]
    assert clinic.json("sync")["runs"][0]["outcome"] == "ok"
    app = application(clinic)
    all_at_once(app, radicale)
    second = clinic("sync", "--watch", "--json", code=1)
    assert second.error["error"] == "ANOTHER_WATCHER"
    assert f"PID {running.process.pid}" in second.error["message"]
    code, seconds = running.end()
    assert (code, seconds < MOST_SECONDS) == (0, True)
    assert {json.loads(line)["level"] for line in running.said} <= {"INFO", "WARNING"}
    assert not any("CANARY" in line or PASSWORD in line for line in running.said)
    check_that_nothing_is_lost_or_doubled(app, radicale)
    assert set(app.sql("from sync_runs")["outcome"]) <= {"ok", "aborted"}


def test_a_killed_watcher_leaves_nothing_that_stops_the_next_t4(clinic: Cli, radicale: DavServer, watcher: Callable[..., Watcher]) -> None:
    """T4, T13: SIGKILL in the middle; the next one starts at once, and on a terminal-like pipe says each run in one plain line."""
    seed(radicale)
    connect(clinic, radicale)
    killed = watcher("--json")
    killed.line()
    killed.end(signal.SIGKILL)
    following = watcher()
    line = following.line()
    assert " ok " in line
    assert "request" in line
    code, _ = following.end(signal.SIGINT)
    assert code == 0
    assert not any("Traceback" in said for said in following.said)


def all_at_once(app: App, radicale: DavServer) -> None:
    """Somebody books, somebody syncs, and the owner writes events of their own; each in a thread."""
    hours = range(8, 12)

    def book() -> None:
        for hour in hours:
            start = datetime(2027, 1, 5, hour, tzinfo=UTC)
            app.book("ACME", "anna", start, start + timedelta(minutes=30), title="Visit", check=hour == 9)

    def own() -> None:
        for hour in hours:
            day = f"20270106T{hour:02}"
            radicale.account.put(f"{radicale.home}work/own-{hour}.ics", event_at(f"own-{hour}", f"{day}0000Z", f"{day}3000Z"))

    with ThreadPoolExecutor(3) as pool:
        syncing = pool.submit(lambda: [app.sync() for _ in range(2)])
        for each in (pool.submit(book), pool.submit(own)):
            each.result(60)
        assert {run["outcome"] for report in syncing.result(60) for run in report.runs} <= {"ok", "partial"}


def check_that_nothing_is_lost_or_doubled(app: App, radicale: DavServer) -> None:
    """Server and store say the same, each event is there once, and an unchanged account costs one request again."""
    app.sync()
    last = app.sync()
    assert (last.exit_code, last.totals["requests"], last.totals["added"] + last.totals["changed"] + last.totals["pushed"]) == (0, 1, 0)
    rows = app.appointments()
    assert (len(rows), {row["push_state"] for row in rows}) == (4, {"pushed"})
    listing = radicale.account.must(207, reply=radicale.account.ask("PROPFIND", f"{radicale.home}work/", depth="1")).body.decode()
    assert listing.count(".ics</") == 2 + 4 + 4
    hrefs = list(app.sql("from events")["href"])
    assert (len(hrefs), set(hrefs) >= {row["href"] for row in rows}) == (2 + 4 + 4, True)
    assert len(app.busy("ACME", "anna", "2027-01-04", "2027-01-07")) == 2 + 4 + 4
    assert (app.alerts(), app.drift()) == ([], [])


def application(cli: Cli) -> App:
    """The library on the same database."""
    return icalsync.open(settings=load_settings({name: value for name, value in cli.environment.items() if name.startswith("ICALSYNC_")}))


@pytest.fixture
def silent() -> Iterator[tuple[str, threading.Event]]:
    """A server that takes a connection and never answers; set once somebody has come."""
    came = threading.Event()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        kept: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    kept.append(listening.accept()[0])
                except OSError:
                    return
                came.set()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/", came
        for connection in kept:
            connection.close()
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.long
def test_a_request_that_hangs_does_not_keep_the_process_t14(
    clinic: Cli, radicale: DavServer, watcher: Callable[..., Watcher], silent: tuple[str, threading.Event]
) -> None:
    """T14, N14: it is left behind within ten seconds, exit 0; the run counts as aborted, and the next sync goes on at once."""
    url, came = silent
    seed(radicale)
    connect(clinic, radicale)
    app = application(clinic)
    with app._parts.database.write() as tx:
        tx.execute("UPDATE _kept.integration_login SET url = ?", [url])
    running = watcher("--json")
    assert came.wait(60)
    code, seconds = running.end()
    assert (code, seconds < MOST_SECONDS) == (0, True)
    assert set(app.sql("from sync_runs where purpose <> 'connect'")["outcome"]) == {"running"}
    with app._parts.database.write() as tx:
        tx.execute("UPDATE _kept.integration_login SET url = ?", [radicale.url])
    began = time.monotonic()
    assert clinic.json("sync")["totals"]["added"] == 1
    assert time.monotonic() - began < MOST_SECONDS
    assert set(app.sql("from sync_runs where purpose <> 'connect'")["outcome"]) == {"aborted", "ok"}


@pytest.mark.parametrize(
    "options",
    [
        ("--every", "1m"),
        ("--watch", "--every", "soon"),
        ("--watch", "--every", "0s"),
        ("--watch", "--every", "2d"),
        ("--watch", "--plan"),
        ("--watch", "--confirm-deletions", "Work"),
        ("--watch", "--user", "anna"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_tried(clinic: Cli, options: tuple[str, ...]) -> None:
    """design.md §5: wrong usage is 2, with a plain sentence."""
    assert clinic("sync", *options, "--json", code=2).error["error"] in {"USAGE", "INVALID_INPUT"}


def test_settings_that_cannot_be_read_are_said_at_the_start(clinic: Cli, tmp_path: Path) -> None:
    """They are read once; a watch does not begin with wrong ones."""
    file = tmp_path / "config.toml"
    file.write_text("retention = 'for ever'\n", encoding="utf-8")
    answer = clinic("sync", "--watch", "--json", code=2, ICALSYNC_CONFIG=str(file))
    assert answer.error["error"] == "SETTINGS_INVALID"
