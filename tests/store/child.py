"""What the tests let other processes do to a database: ``python -m tests.store.child WHAT PATH [MORE]``."""

from __future__ import annotations

import os
import random
import resource
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

from icalsync.clock import SystemClock
from icalsync.errors import StoreError
from icalsync.ports import Finish, ObjectWrite, PullBatch
from icalsync.store import migrations
from icalsync.store.database import Database
from icalsync.store.pulls import Pulls
from tests.store.conftest import WINDOW, at, meeting


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


if __name__ == "__main__":
    globals()[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
