"""The demo from end to end: a real CalDAV server on this machine, two sub-accounts, one sync, and the answers."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from icalsync.clock import SystemClock
from icalsync.demo import show
from icalsync.demo.cast import ACME, ADDRESSES, ANNA, CALENDARS, PEOPLE, SUB_ACCOUNTS
from icalsync.demo.place import Place, default_directory, fresh
from icalsync.demo.seed import seed
from icalsync.demo.server import RadicaleServer
from icalsync.demo.tenants import set_up
from icalsync.demo.world import world
from icalsync.errors import was_interrupted
from icalsync.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from icalsync.app import App
    from icalsync.ports import Clock

Say = Callable[[str], None]

_STOP_SECONDS: Final = 10.0
_COMMAND: Final = (sys.executable, "-c", "import sys; from icalsync.cli.main import main; sys.exit(main())")


def run(*, directory: Path | None, dashboard: bool, say: Say, clock: Clock | None = None) -> int:
    """Run the demo in ``directory`` (default: among the user's application data) and return the exit code.

    With ``dashboard`` the server and the dashboard run until Ctrl-C; without, it ends after printing. Nothing is left running either
    way. Raises ``InvalidInput`` for a directory that is not the demo's, ``DependencyMissing`` without Radicale, and what a sync may.
    """
    clock = clock or SystemClock()
    try:
        with fresh(directory or default_directory()) as place:
            return _demo(place, clock, say, dashboard=dashboard)
    except BaseException as error:
        # Ctrl-C may come at any line; what is then cleaned up may fail in turn, and hide it
        if not was_interrupted(error):
            raise
        say("Stopped; nothing is left running.")
        return 1


def _demo(place: Place, clock: Clock, say: Say, *, dashboard: bool) -> int:
    today = clock.now().astimezone(ZoneInfo(ACME.time_zone)).date()
    passwords = {account: secrets.token_urlsafe(12) for account in ADDRESSES}
    _fill(place, today, passwords, say)
    read_only = ["/".join(plan.key) for plan in CALENDARS if plan.read_only]
    with RadicaleServer(place.server, passwords, read_only=read_only) as server:
        app = _open(place, clock)
        _sync(app, server.url, passwords, say)
        serving = dashboard and _dashboard_is_there()
        _answers(app, place, show.next_working_day(today), say, serving=serving)
        if serving:
            return _serve([*_COMMAND, "dashboard"], show.settings(place), say)
    if dashboard:
        say("The dashboard is not part of this installation; the demo ends here, and its server has stopped.")
    return 0


def _fill(place: Place, today: date, passwords: Mapping[str, str], say: Say) -> None:
    """A server of its own fills the calendars, because afterwards some of them are read-only."""
    say(f"Starting a CalDAV server (Radicale) on this machine, in {place.directory}")
    with RadicaleServer(place.server, passwords) as server:
        say(f"Filling {len(CALENDARS)} calendars of {len(passwords)} accounts ...")
        stored = seed(world(today), server.url, passwords)
    say(f"Stored {stored} objects.")


def _open(place: Place, clock: Clock) -> App:
    import icalsync  # noqa: PLC0415 - duckdb and pandas take most of a second; the first lines should not wait for them

    place.key_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = load_settings({}, database=place.database, secret_key_file=place.key_file, allow_private_hosts=True)
    return icalsync.open(settings=settings, clock=clock)


def _sync(app: App, url: str, passwords: Mapping[str, str], say: Say) -> None:
    say(f"Connecting {len(passwords)} accounts at {url} for {len(PEOPLE)} users of {len(SUB_ACCOUNTS)} sub-accounts ...")
    set_up(app, url, passwords)
    report = app.sync()
    say(f"Synced: {show.totals(report.totals)}")


def _answers(app: App, place: Place, day: date, say: Say, *, serving: bool) -> None:
    blocks: Iterable[Iterable[str]] = (
        show.free(app, day),
        show.busy(app, ANNA, day),
        show.double_bookings(app),
        show.next_steps(place, day, serving=serving),
    )
    for block in blocks:
        say("")
        for line in block:
            say(line)


def _dashboard_is_there() -> bool:
    """Whether this installation has the dashboard: Streamlit, and the command that starts it."""
    if find_spec("streamlit") is None:
        return False
    asked = subprocess.run([*_COMMAND, "dashboard", "--help"], stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603 - our own command
    return asked.returncode == 0


def _serve(command: Sequence[str], environment: Mapping[str, str], say: Say) -> int:
    """Run the dashboard until it ends or Ctrl-C comes; the exit code of the demo."""
    say("")
    say("The server keeps running, and the dashboard starts. Ctrl-C ends both.")
    with _process(command, environment) as process:
        try:
            return 0 if process.wait() == 0 else 1
        except KeyboardInterrupt:
            say("Stopped; nothing is left running.")
            return 0


@contextmanager
def _process(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A command in a process group of its own, of which nothing is left afterwards."""
    process = subprocess.Popen(command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - our own command
    try:
        yield process
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):  # it ended by itself
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):  # then it is killed
                process.wait(_STOP_SECONDS)
