"""What the tests let other processes do to a database: ``python -m tests.store.child WHAT PATH [MORE]``."""

from __future__ import annotations

import os
import random
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from icalsync.clock import SystemClock
from icalsync.core.writing import fields_of
from icalsync.errors import IcalsyncError, StoreError
from icalsync.ports import BookingRequest, Finish, ObjectWrite, PullBatch, PushOutcome
from icalsync.store import migrations
from icalsync.store.bookings import Bookings
from icalsync.store.database import Database
from icalsync.store.outbox import Outbox
from icalsync.store.pulls import Pulls
from tests.store.conftest import WINDOW, ToldClock, at, meeting
from tests.together import together


def say(text: str) -> None:
    """One line to the test, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def hold(path: Path) -> None:
    """Keep a write transaction open until killed."""
    with Database(path, SystemClock()).write() as tx:
        tx.append("contact", [{"contact_id": "held", "sub_account_key": 1, "name": "x", "email": None}])
        say("holding")
        time.sleep(60)


def commit(path: Path, calendar_id: str) -> None:
    """Commit one object after the other, each with the token that names it, saying which before and after."""
    pulls = Pulls(Database(path, SystemClock()))
    lease = pulls.acquire("int-1", f"PID {os.getpid()}", 60)
    token = next(c.sync_token for c in pulls.load("int-1").calendars if c.calendar_id == calendar_id)
    say("ready")
    while True:
        number = int(token.removeprefix("n")) + 1 if token and token.startswith("n") else 1
        start = at(24, 0) + timedelta(minutes=number)
        write = ObjectWrite(f"/dav/x/{number}.ics", str(number), b"raw", meeting(f"u{number}", start, start + timedelta(minutes=1)))
        finish = Finish(f"n{number}", None, None, (), (), full=False)
        pulls.commit(lease, PullBatch(calendar_id, token, (write,), WINDOW, finish))
        token = f"n{number}"
        say(token)


def fill(path: Path, size: str) -> None:
    """Write batches of a thousand rows until files may grow no further; say how many were acknowledged, and how it ended."""
    db = Database(path, SystemClock())
    with db.read():
        pass
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), int(size)))
    done = 0
    noise = random.Random(7)  # noqa: S311  # text that does not compress
    try:
        for _ in range(60):
            with db.write() as tx:
                tx.append(
                    "contact",
                    [
                        {"contact_id": f"{done + n}", "sub_account_key": 1, "name": noise.randbytes(120).hex(), "email": None}
                        for n in range(1000)
                    ],
                )
            done += 1000
    except StoreError as error:
        say(f"{error.code} {done}")
        return
    say(f"NO_ERROR {done}")


def write(path: Path, seconds: str) -> None:
    """Write every now and then for so long; say how often it worked."""
    db = Database(path, SystemClock())
    until, done = time.monotonic() + float(seconds), 0
    say("ready")
    while time.monotonic() < until:
        with db.write() as tx:
            tx.append("contact", [{"contact_id": f"w{done}", "sub_account_key": 1, "name": "x", "email": None}])
        done += 1
        time.sleep(0.02)
    say(str(done))


def book(path: Path, start: str, threads: str, wait: Callable[[], object]) -> None:
    """Let so many threads book one slot at the same moment, as soon as ``wait`` returns; say what became of each."""
    starts = datetime.fromisoformat(start)
    asked = starts - timedelta(hours=1)
    bookings = Bookings(Database(path, ToldClock(asked), lock_wait=60))
    request = BookingRequest("acme", "anna", starts, starts + timedelta(minutes=30), "x")
    barrier, said = threading.Barrier(int(threads) + 1), []

    def one() -> None:
        barrier.wait()
        try:
            bookings.book(request, actor="child", asked_at=asked, polled_since=None)
            said.append("booked")
        except IcalsyncError as error:
            said.append(error.code)

    workers = [threading.Thread(target=one) for _ in range(int(threads))]
    for worker in workers:
        worker.start()
    wait()
    barrier.wait()
    for worker in workers:
        worker.join()
    say(" ".join(said))


def race(path: Path, start: str, threads: str, processes: str) -> None:
    """Let so many processes ``book`` at the same moment, each forked from this one, which is warm and opens no file."""
    together(int(processes), lambda wait: book(path, start, threads, wait))


def appoint(path: Path) -> None:
    """Book, send, move and cancel one appointment after the other, saying what was acknowledged."""
    db = Database(path, SystemClock(), lock_wait=20)
    bookings, outbox, pulls = Bookings(db), Outbox(db), Pulls(db)
    starts, who = datetime(2026, 11, 24, 9, tzinfo=UTC), {"actor": "child", "asked_at": datetime(2026, 11, 23, tzinfo=UTC)}
    say("ready")
    while True:
        request = BookingRequest("acme", "anna", starts, starts + timedelta(minutes=30), "x", check=False)
        booked = bookings.book(request, polled_since=None, **who)["appointment_id"]
        say(f"+{booked}")
        lease = pulls.acquire("int-1", f"PID {os.getpid()}", 60)
        for task in outbox.due("int-1", SystemClock().now()):
            mark = None if task.content is None else fields_of(task.content).fingerprint
            if outbox.begin(lease, task, mark):
                outbox.settle(lease, PushOutcome(task.outbox_id, "done", sent=mark))
        pulls.release(lease)
        bookings.cancel(booked, actor="child")
        say(f"-{booked}")


def upgrade(path: Path, how: str) -> None:
    """Open the file with a library one step newer: which is ``slow``, or ``dies`` within its step."""

    def fill_in(_connection: object) -> None:
        say("migrating")
        time.sleep(0.5)
        if how == "dies":
            os.kill(os.getpid(), signal.SIGKILL)

    add_step(fill_in)
    with Database(path, SystemClock(), lock_wait=20).read() as tx:
        say(f"{tx.value('SELECT count(*) FROM _kept.later')} {tx.value('SELECT count(*) FROM users')}")


def add_step(fill_in: object) -> None:
    """A next step of the schema."""
    migrations.STEPS = (
        *migrations.STEPS,
        migrations.Step(migrations.known() + 1, "later", "CREATE TABLE _kept.later (a INTEGER)", fill_in),
    )


def warm(directory: Path) -> None:
    """For each line of input a child of its own, forked from this process, which has loaded everything and opened no file there.

    It says its process id first, so that it can be killed, and ``ended`` follows when it is gone.
    """
    for line in sys.stdin:
        what, path, *more = line.split()
        child = os.fork()
        if child == 0:
            say(str(os.getpid()))
            globals()[what](Path(directory, path), *more)
            os._exit(0)
        os.waitpid(child, 0)
        say("ended")


if __name__ == "__main__":
    globals()[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
