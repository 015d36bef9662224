"""Exactly once under fire: the process is killed at each named step and at random while it books, moves, cancels and pushes (P1, P4, T5).

``CRASH_KILLS`` (20) says how often and ``CRASH_SEED`` which moments: ``make crash KILLS=100 SEED=7``.
"""

from __future__ import annotations

import json
import os
import random
import signal
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, Any

import pytest

import icalsync
from icalsync.clock import SystemClock
from icalsync.settings import load_settings
from tests.crash.pushing import STEPS, Order
from tests.crash.warm import Warm
from tests.faults.world import held_open
from tests.icloud import ICloud
from tests.journeys.remote import value
from tests.servers import event_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from icalsync.app import App
    from tests.crash.worker import End
    from tests.icloud import CalendarOwner

ANNA, PASSWORD = "anna@icloud.com", "abcd-efgh-ijkl-mnop"
KILLS = int(os.environ.get("CRASH_KILLS", "20"))
SEED = int(os.environ.get("CRASH_SEED", "20261122"))
LONGEST = 1.2
OWNERS = 5


class Later(SystemClock):
    """A clock that the test sets forward: what waits for a while is waited for."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        """Later than now."""
        return super().now() + self.ahead


class Parent(Warm):
    """The warm parent, whose children are killed, stopped and continued."""

    def __init__(self, directory: Path, url: str) -> None:
        super().__init__("tests.crash.pushing", directory, url)

    def order(self, order: Order) -> End:
        """Let a child carry it out, and say how it ended."""
        return self.said(asdict(order))

    def go_on(self, pid: int) -> End:
        """Continue a stopped child, and say how it ended."""
        return self.said({"go_on": pid})


class Clinic:
    """A linked calendar with the owner's own events in it, and a database."""

    def __init__(self, directory: Path, cloud: ICloud) -> None:
        self.directory, self.cloud, self.clock = directory, cloud, Later()
        self.work: CalendarOwner = cloud.account(ANNA).add_calendar("Work")
        places = {"database": directory / "data" / "clinic.duckdb", "secret_key_file": directory / "keys" / "secret.key"}
        self.app: App = icalsync.open(
            settings=load_settings({}, icloud_url=cloud.url, allow_private_hosts=True, **places), clock=self.clock
        )
        for number in range(OWNERS):
            day = f"202705{number + 1:02}"
            self.work.put(f"own-{number}.ics", event_at(f"own-{number}", f"{day}T090000Z", f"{day}T100000Z"))
        self.own = {name: self.work.text(name) for name in self.work.names()}
        with held_open(self.app):
            self.app.add_sub_account("acme")
            self.app.add_user("acme", "anna")
            self.app.connect("acme", "anna", provider="icloud", account=ANNA, password=PASSWORD)
            self.app.link("acme", "anna", "Work")
            self.app.sync()

    def promises(self) -> dict[str, dict[str, Any]]:
        """What was last said of each appointment."""
        path = self.directory / "promised"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return {said["id"]: said for said in map(json.loads, lines)}

    def settle(self) -> None:
        """Undisturbed runs, with time passing, until nothing is left to send."""
        for _ in range(8):
            self.clock.ahead += timedelta(minutes=20)
            assert not self.app.sync().refused
            if all(row["state"] == "done" for row in self.app.outbox()):
                return
        raise AssertionError(self.app.outbox())

    def check(self) -> None:
        """Every appointment that is booked stands there once, at its time; nothing else of ours does; the owner's own is as it was."""
        booked = sorted(_stamp(row["starts_at"]) for row in self.app.appointments() if row["status"] == "booked")
        texts = {name: self.work.text(name) for name in self.work.names()}
        ours = sorted(_utc(text) for name, text in texts.items() if name not in self.own)
        assert ours == booked
        assert {name: texts[name] for name in self.own} == self.own
        for name, said in self.promises().items():
            row = self.app.appointment(name)
            assert row["status"] == "cancelled" or said["status"] == "booked", f"{said} was undone"
        assert self.app.drift(settled=True) == []
        assert {alert["kind"] for alert in self.app.alerts(cleared=True)} <= {"PUSH_PARKED"}


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _utc(text: str) -> str:
    found = value(text, "DTSTART") or ""
    return found if found.endswith("Z") else f"{found}Z"


@contextmanager
def clinic(directory: Path) -> Iterator[tuple[Clinic, Parent]]:
    """All of it, and a warm parent."""
    with ICloud({ANNA: PASSWORD}, furnished=False) as cloud:
        made, parent = Clinic(directory, cloud), Parent(directory, cloud.url)
        try:
            yield made, parent
        finally:
            parent.close()


def orders() -> Iterator[Order]:
    """Each named step in turn, with random moments between them, for as long as anybody asks."""
    dice = random.Random(SEED)  # noqa: S311  # moments, not secrets
    named = chain.from_iterable(repeat(list(STEPS)))
    while True:
        for step in islice(named, 4):
            yield Order(step, times=dice.choice([1, 1, 2, 3]), seed=dice.randrange(10**9))
        yield Order(seconds=dice.uniform(0.1, LONGEST), seed=dice.randrange(10**9))


@pytest.mark.long
@pytest.mark.timeout(180 + 6 * KILLS)
def test_p1_p4_killed_anywhere_each_appointment_is_there_exactly_once(tmp_path: Path) -> None:
    """P1, P2, P4, T5: after the last kill none is lost, none doubled, none undone, and the owner's own events are untouched."""
    with clinic(tmp_path) as (made, parent):
        for number, order in enumerate(islice(orders(), max(KILLS, len(STEPS)) if KILLS >= 20 else KILLS)):
            ended = parent.order(order)
            assert ended.signal == signal.SIGKILL, f"kill {number}: {order} ended with {ended}"
        with held_open(made.app):  # the children are gone
            made.settle()
            made.check()
            before = made.cloud.ledger.mark()
            made.app.sync()
        assert made.cloud.ledger.writes(after=before) == []
        assert len(made.promises()) > KILLS / 4


STOPPED_AT = ["before a creation", "before a deletion", "after a creation", "before a change", "before it is settled"]


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("step", STOPPED_AT if KILLS > 20 else STOPPED_AT[:1])
def test_p3_two_workers_of_which_one_was_stopped_in_the_middle_of_a_write(tmp_path: Path, step: str) -> None:
    """P3, P4: its lease runs out and another takes over; when it goes on, nothing is written twice, deleted twice or undone."""
    with clinic(tmp_path) as (made, parent):
        assert parent.order(Order(seed=SEED, rounds=6)).code == 0
        stopped = parent.order(Order(step, seed=SEED + 1, stop=True))
        assert stopped.signal == signal.SIGSTOP
        made.clock.ahead += timedelta(minutes=10)
        other = parent.order(Order(seed=SEED + 2, rounds=3))
        assert other.code == 0
        made.app.sync()
        ended = parent.go_on(stopped.pid)
        assert (ended.signal, ended.code) == (0, 0)
        with held_open(made.app):
            made.settle()
            made.check()
