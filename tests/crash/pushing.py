"""The booking and pushing process that is killed or stopped: forked, as ``tests.crash.worker`` says, from a warm parent.

``python -m tests.crash.pushing DIRECTORY URL`` reads one order per line and answers each with one line when its child is gone. What a
child was told to have been booked, moved or cancelled it writes down at once, so that a promise that was broken is found.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from icalsync.errors import IcalsyncError
from icalsync.store.journal import Journal
from tests.crash.worker import End, Hook, _Watched, _WatchedDoor, opened
from tests.faults.world import held_open

if TYPE_CHECKING:
    from icalsync.app import App

FIRST: Final = datetime(2027, 3, 1, 8, tzinfo=UTC)
SLOTS: Final = 400
"""Hours that may be booked; no two appointments share one, so that each event is told by its start."""
MOST_ROUNDS: Final = 60
LEASE_SECONDS: Final = 1.0

STEPS: Final[dict[str, Hook]] = {
    "after the journal was told, before the commit": ("journal", "planned", False),
    "after the commit, before the journal is told": ("journal", "committed", True),
    "after the journal was told of the sending": ("journal", "sending", False),
    "before the journal is told of the outcome": ("journal", "outcome", True),
    "after a booking is committed": ("bookings", "book", False),
    "after a move is committed": ("bookings", "reschedule", False),
    "after a cancellation is committed": ("bookings", "cancel", False),
    "after what is due": ("outbox", "due", False),
    "after an object is read": ("server", "read", False),
    "before the intent is marked": ("outbox", "begin", True),
    "after the intent is marked": ("outbox", "begin", False),
    "before a creation": ("server", "create", True),
    "after a creation": ("server", "create", False),
    "before a change": ("server", "replace", True),
    "after a change": ("server", "replace", False),
    "before a deletion": ("server", "remove", True),
    "after a deletion": ("server", "remove", False),
    "before it is settled": ("outbox", "settle", True),
    "after it is settled": ("outbox", "settle", False),
    "before the pull of what was touched": ("store", "load", False),
    "before record": ("store", "record", True),
}
"""Named moments: around every commit of an intent and every write to the server."""
KINDS: Final = {"book": 5, "move": 3, "cancel": 2}
"""How often each piece of work is done."""
AWAITED: Final = 4
"""So much more often is the one that leads to the moment a child waits for: what it waits for comes sooner, among the others as before."""
LEADS_TO: Final = {
    "after a move is committed": "move",
    "after a cancellation is committed": "cancel",
    "before a change": "move",
    "after a change": "move",
    "before a deletion": "cancel",
    "after a deletion": "cancel",
}
"""Moments that most pieces of work do not lead to."""


@dataclass(frozen=True)
class Order:
    """What a child is to do: book, move, cancel and sync until a step comes for the n-th time, or so many seconds passed.

    ``stop``: it is stopped there instead of killed, and goes on when it is continued. ``rounds``: so many rounds of work, to its end.
    """

    step: str | None = None
    times: int = 1
    seconds: float | None = None
    seed: int = 0
    stop: bool = False
    rounds: int = MOST_ROUNDS


class _Worker:
    """The child's work."""

    def __init__(self, directory: Path, url: str, order: Order) -> None:
        self.app: App = opened(directory, url)
        self.order = order
        self.left = order.times
        self.dice = random.Random(order.seed)  # noqa: S311  # appointments, not secrets
        lead = LEADS_TO.get(order.step or "")
        self.weights = [often * (AWAITED if what == lead else 1) for what, often in KINDS.items()]
        self.file = ExitStack()
        self.promised = os.open(directory / "promised", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._watch()

    def met(self, hook: Hook) -> None:
        """A moment has come."""
        if self.order.step is None or hook != STEPS[self.order.step]:
            return
        self.left -= 1
        if self.left == 0 and self.order.stop:
            self.file.close()  # somebody else works meanwhile
            os.kill(os.getpid(), signal.SIGSTOP)
        elif self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def _watch(self) -> None:
        parts, met = self.app._parts, self.met
        whole = parts.context

        def context(*arguments: Any, **options: Any) -> Any:
            made = whole(*arguments, **options)
            watched = {"store": _Watched(made.store, "store", met), "outbox": _Watched(made.outbox, "outbox", met)}
            return replace(made, **watched, door=_WatchedDoor(made.door, met), lease_seconds=LEASE_SECONDS, lease_wait=5.0)

        parts.context = context  # type: ignore[method-assign]
        parts.bookings = _Watched(parts.bookings, "bookings", met)  # type: ignore[assignment]
        write = Journal.write

        def watched(journal: Journal, phase: Any, entries: Any, *arguments: Any, **options: Any) -> None:
            entries = list(entries)
            if entries:
                met(("journal", phase, True))
            write(journal, phase, entries, *arguments, **options)
            if entries:
                met(("journal", phase, False))

        Journal.write = watched  # type: ignore[method-assign]

    def run(self) -> int:
        """Rounds of one piece of work and one sync, now and then without it."""
        # nobody else is at the file as long as this one is not stopped: kept open, a round takes a fifth of the time
        with self.file:
            self.file.enter_context(held_open(self.app))
            for _ in range(self.order.rounds):
                self._one()
                if self.dice.random() < 0.7:
                    self._sync()
                if self.order.stop and self.left <= 0:
                    break  # it was stopped, and went on
        return 0

    def _sync(self) -> None:
        try:
            self.app.sync()
        except IcalsyncError as error:
            if error.exit_code == 2:
                raise

    def _one(self) -> None:
        rows = self.app.appointments("acme", "anna")
        booked = [row for row in rows if row["status"] == "booked"]
        what = self.dice.choices(list(KINDS), self.weights)[0] if booked else "book"
        if what == "book":
            self._promise("book", self.app.book("acme", "anna", *self._free(rows), title="Visit", check=False))
            return
        row = self.dice.choice(booked)
        try:
            if what == "move":
                self._promise("move", self.app.reschedule(row["appointment_id"], *self._free(rows), check=False))
            else:
                self._promise("cancel", self.app.cancel(row["appointment_id"]))
        except IcalsyncError as error:
            if error.code != "INVALID_INPUT":  # cancelled meanwhile, by the other process
                raise

    def _free(self, rows: list[dict[str, Any]]) -> tuple[datetime, datetime]:
        taken = {row["starts_at"].astimezone(UTC) for row in rows}
        hours = [FIRST + timedelta(hours=number) for number in range(SLOTS)]
        start = self.dice.choice([hour for hour in hours if hour not in taken])
        return start, start + timedelta(hours=1)

    def _promise(self, what: str, row: dict[str, Any]) -> None:
        said = {"what": what, "id": row["appointment_id"], "at": row["starts_at"].astimezone(UTC).isoformat(), "status": row["status"]}
        os.write(self.promised, (json.dumps(said) + "\n").encode())


def child(directory: Path, url: str, order: Order) -> End:
    """Fork, wait, tell; a stopped child is told of at once, and goes on its own way."""
    pid = os.fork()
    if not pid:
        code = 5
        try:
            code = _Worker(directory, url, order).run()
        except BaseException:  # noqa: BLE001  # whatever it is, the test shows it, and the child ends
            traceback.print_exc()
        finally:
            os._exit(code)
    if order.seconds is not None:
        time.sleep(order.seconds)
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, os.WUNTRACED if order.stop else 0)
    if os.WIFSTOPPED(status):
        return End(pid, os.WSTOPSIG(status), 0)
    ended = os.WIFSIGNALED(status)
    return End(pid, os.WTERMSIG(status) if ended else 0, 0 if ended else os.WEXITSTATUS(status))


def main() -> None:
    """Load what a run needs, then carry out orders until standard input ends; ``{"go_on": PID}`` continues a stopped child to its end."""
    directory, url = Path(sys.argv[1]), sys.argv[2]
    import duckdb  # noqa: F401, PLC0415  # warm: what is imported here is imported once

    import icalsync.caldav.client  # noqa: PLC0415
    import icalsync.core.reading  # noqa: F401, PLC0415

    for line in sys.stdin:
        asked = json.loads(line)
        if "go_on" in asked:
            os.kill(asked["go_on"], signal.SIGCONT)
            _, status = os.waitpid(asked["go_on"], 0)
            end = End(asked["go_on"], os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, os.waitstatus_to_exitcode(status))
        else:
            end = child(directory, url, Order(**asked))
        sys.stdout.write(json.dumps(asdict(end)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
