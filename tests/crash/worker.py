"""The syncing process that is killed: forked, ready to go, from a parent that has loaded everything and never opened a file.

``python -m tests.crash.worker DIRECTORY URL`` reads one order per line and answers each with one line when its child is gone, and waited
for: a process that nobody waits for is still there for the system, and so for whoever asks whether a lease's holder lives.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import icalsync
from icalsync.settings import load_settings
from icalsync.store.transaction import Transaction
from tests.faults.world import held_open

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from icalsync.app import App

BATCH: Final = 3
"""Objects per commit: a handful of changes takes several."""
MOST_RUNS: Final = 40
"""Runs a child makes at most before the step it waits for has to come."""

Hook = tuple[str, str, bool]
"""A call through a port, by port and method, and whether the moment lies before it."""

STEPS: Final[dict[str, Hook]] = {
    "after acquire": ("store", "acquire", False),
    "after load": ("store", "load", False),
    "after the home listing": ("server", "list_homes", False),
    "before the home listing is saved": ("store", "save_listing", True),
    "after the home listing is saved": ("store", "save_listing", False),
    "after the stored etags": ("store", "etags", False),
    "after the changes are told": ("server", "changes_since", False),
    "before a fetch": ("server", "fetch", True),
    "after a fetch": ("server", "fetch", False),
    "before a commit": ("store", "commit rows", True),
    "after a commit": ("store", "commit rows", False),
    "before the token's commit": ("store", "commit token", True),
    "within the token's commit": ("sql", "UPDATE _kept.calendar_sync", False),
    "after the token's commit": ("store", "commit token", False),
    "before record": ("store", "record", True),
    "after record": ("store", "record", False),
    "before release": ("store", "release", True),
}
"""Named moments of a run: where nothing, something, or everything but the record of it has been written."""


@dataclass(frozen=True)
class Order:
    """What a child is to do: run until a step comes for the n-th time, until so many seconds passed, or once to its end."""

    step: str | None = None
    times: int = 1
    seconds: float | None = None


@dataclass(frozen=True)
class End:
    """How a child ended: by a signal, or with a code."""

    pid: int
    signal: int
    code: int


class _Watched:
    """A port whose calls may be somebody's last."""

    def __init__(self, port: Any, name: str, met: Callable[[Hook], None]) -> None:
        self._port, self._name, self._met = port, name, met

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._port, method)
        if not callable(found):
            return found

        def call(*arguments: Any, **options: Any) -> Any:
            told = f"commit {'rows' if arguments[1].finish is None else 'token'}" if method == "commit" else method
            self._met((self._name, told, True))
            result = found(*arguments, **options)
            self._met((self._name, told, False))
            return result

        return call


class _WatchedDoor:
    """The way to the server, watched."""

    def __init__(self, door: Any, met: Callable[[Hook], None]) -> None:
        self._door, self._met = door, met

    @contextmanager
    def open(self, login: Any) -> Iterator[Any]:
        """An account."""
        with self._door.open(login) as server:
            yield _Watched(server, "server", self._met)


def opened(directory: Path, url: str) -> App:
    """The App over the database in a directory."""
    places = {"database": directory / "data" / "clinic.duckdb", "secret_key_file": directory / "keys" / "secret.key"}
    return icalsync.open(settings=load_settings({}, icloud_url=url, allow_private_hosts=True, **places))


def run(directory: Path, url: str, order: Order) -> int:
    """The child: sync until killed; every run that ended is said in a file, so that what was promised can be checked."""
    app, left = opened(directory, url), order.times

    def met(hook: Hook) -> None:
        nonlocal left
        if order.step is not None and hook == STEPS[order.step]:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    _watch(app, met)
    promised = os.open(directory / "promised", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    # open all the time, what was committed stands in the log when the process dies; else most of it is in the file, and some die opening it
    with held_open(app) if order.step is not None and order.times == 1 else nullcontext():
        for _ in range(1 if order == Order() else MOST_RUNS):
            report = app.sync()
            os.write(promised, "".join(f"{each['run_id']}\n" for each in report.runs).encode())
            if report.refused:
                return 4
    return 0 if order == Order() else 3


def _watch(app: App, met: Callable[[Hook], None]) -> None:
    parts, execute = app._parts, Transaction.execute
    whole = parts.context

    def context(*arguments: Any, **options: Any) -> Any:
        made = whole(*arguments, **options)
        return replace(made, store=_Watched(made.store, "store", met), door=_WatchedDoor(made.door, met), batch=BATCH, lease_wait=0.5)

    def watched(self: Transaction, sql: str, params: Any = None) -> None:
        execute(self, sql, params)
        if "sync_token" in sql:
            met(("sql", " ".join(sql.split()[:2]), False))

    parts.context = context
    Transaction.execute = watched


def child(directory: Path, url: str, order: Order) -> End:
    """Fork, wait, tell."""
    pid = os.fork()
    if not pid:
        code = 5
        try:
            code = run(directory, url, order)
        except BaseException:  # noqa: BLE001  # whatever it is, the test shows it, and the child ends
            traceback.print_exc()
        finally:
            os._exit(code)
    if order.seconds is not None:
        time.sleep(order.seconds)
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    ended = os.WIFSIGNALED(status)
    return End(pid, os.WTERMSIG(status) if ended else 0, 0 if ended else os.WEXITSTATUS(status))


def main() -> None:
    """Load what a run needs, then carry out orders until standard input ends."""
    directory, url = Path(sys.argv[1]), sys.argv[2]
    import duckdb  # noqa: F401, PLC0415  # warm: what is imported here is imported once

    import icalsync.caldav.client  # noqa: PLC0415
    import icalsync.core.reading  # noqa: F401, PLC0415

    for line in sys.stdin:
        sys.stdout.write(json.dumps(asdict(child(directory, url, Order(**json.loads(line))))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
