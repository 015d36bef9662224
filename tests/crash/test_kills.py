"""The syncing process is killed, at every named step and at random moments, while the owner goes on editing (T2, T4; issue 4, "Crash").

``CRASH_KILLS`` (20) says how often and ``CRASH_SEED`` which moments: ``make crash KILLS=100 SEED=7``.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from icalsync.core.paths import path_key
from tests.crash.owner import Owner
from tests.crash.warm import Warm
from tests.crash.worker import STEPS, Order, opened
from tests.faults.world import held_open
from tests.icloud import ICloud

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from icalsync.app import App
    from tests.crash.worker import End

ANNA, PASSWORD = "anna@icloud.com", "abcd-efgh-ijkl-mnop"
KILLS = int(os.environ.get("CRASH_KILLS", "20"))
SEED = int(os.environ.get("CRASH_SEED", "20261122"))
"""Both are said at the end, so that a run can be repeated."""
LONGEST = 0.9
"""Seconds after which a child is killed at the latest: about two runs."""


class Parent(Warm):
    """The warm parent, whose children are killed."""

    def __init__(self, directory: Path, url: str) -> None:
        super().__init__("tests.crash.worker", directory, url)

    def order(self, order: Order) -> End:
        """Let a child carry it out, and say how it ended."""
        return self.said(asdict(order))


@dataclass(frozen=True)
class Kept:
    """What the database says of one calendar: its token, and its objects' ETags by name."""

    token: str | None
    objects: dict[str, str]


@contextmanager
def clinic(directory: Path) -> Iterator[tuple[App, Owner, Parent, str]]:
    """A connected account with two calendars that are edited all the time, and a warm parent."""
    with ICloud({ANNA: PASSWORD}, furnished=False) as cloud:
        account = cloud.account(ANNA)
        calendars = {calendar.href: calendar for calendar in (account.add_calendar("Work"), account.add_calendar("Club"))}
        app = opened(directory, cloud.url)
        with held_open(app):
            app.add_sub_account("acme")
            app.add_user("acme", "anna")
            integration_id = app.connect("acme", "anna", provider="icloud", account=ANNA, password=PASSWORD)["integration_id"]
            app.link("acme", "anna", "Work")
            app.add_conflicts("acme", "anna", ["Club"])
        owner, parent = Owner(calendars, cloud.ledger, SEED), Parent(directory, cloud.url)
        try:
            app.sync()
            with owner:
                yield app, owner, parent, integration_id
        finally:
            parent.close()


def orders() -> Iterator[Order]:
    """Each named step once, with a random moment now and then; after that one of each kind in turn, for as long as anybody asks."""
    dice = random.Random(SEED)  # noqa: S311  # moments, not secrets
    for number, step in enumerate(STEPS):
        if number % 8 == 0:
            yield Order(seconds=dice.uniform(0.0, LONGEST))
        yield Order(step)
    while True:
        yield Order(seconds=dice.uniform(0.0, LONGEST))
        yield Order(dice.choice(sorted(STEPS)), times=dice.choice([1, 2, 3]))


def kept(app: App) -> dict[str, Kept]:
    """What is stored, by calendar."""
    with app._parts.database.read() as tx:
        tokens = tx.rows(
            "SELECT c.calendar_key, v.href, y.sync_token FROM _kept.calendar c JOIN _kept.calendar_sync y USING (calendar_key) "
            "JOIN _kept.calendar_version v USING (calendar_key) WHERE v.known_to = 'infinity'"
        )
        objects = tx.rows("SELECT calendar_key, href, etag FROM _kept.object_version WHERE known_to = 'infinity'")
    return {
        row["href"]: Kept(
            row["sync_token"],
            {each["href"].rpartition("/")[2]: each["etag"] for each in objects if each["calendar_key"] == row["calendar_key"]},
        )
        for row in tokens
    }


def check_token(owner: Owner, href: str, found: Kept) -> None:
    """No row ahead of its token: what a token says was there is there, in that version or a later one; else only what came later."""
    history = owner.history[href]
    assert found.token is not None, "nothing was held, so there is a token"
    history.seen = history.at[found.token]
    since = history.states[history.seen :]
    for name in since[0]:
        assert name in found.objects, f"the token says that {name} is known, and it is not"
        assert found.objects[name] in {state.get(name) for state in since}, f"{name} is older than its token"
    for name in found.objects.keys() - since[0].keys():
        assert any(name in state for state in since), f"{name} was gone before the token, and is still there"


def check_promises(app: App, directory: Path) -> int:
    """No run that ended is lost, and none is there twice; how many there are."""
    promised = (directory / "promised").read_text().split() if (directory / "promised").exists() else []
    recorded = app.view("sync_runs")["run_id"].tolist()
    assert len(recorded) == len(set(recorded))
    assert set(promised) <= set(recorded)
    return len(promised)


def check_lease(app: App, integration_id: str) -> None:
    """The dead hold nothing: whoever comes next gets the lease at once."""
    app._parts.pulls.release(app._parts.pulls.acquire(integration_id, "the test", 1.0))


@pytest.mark.timeout(120 + 5 * KILLS)
def test_t2_t4_killed_anywhere_the_database_opens_and_tells_no_lies(tmp_path: Path) -> None:
    """T2, T4: after each kill tokens, rows, runs and leases hold; after the last one an undisturbed run makes both sides equal."""
    with clinic(tmp_path) as (app, owner, parent, integration_id):
        known: dict[str, Kept] = {}
        for number, order in enumerate(islice(orders(), KILLS)):
            ended = parent.order(order)
            owner.pause()
            assert ended.signal == signal.SIGKILL, f"kill {number}: {order} ended with {ended}"
            with held_open(app):  # the child is gone
                found = kept(app)
                check_promises(app, tmp_path)
                check_lease(app, integration_id)
            for href in owner.history:
                check_token(owner, href, found[href])
                check_kept(owner, href, known.get(href), found[href])
            known = found
            owner.go_on()
        owner.pause()
        assert parent.order(Order()).code == 0
        runs = check_end(app, owner, tmp_path)
    sys.stdout.write(f"\n{KILLS} kills with seed {SEED}, {runs} runs that ended, {owner.edits} edits meanwhile: nothing lost\n")


def check_kept(owner: Owner, href: str, before: Kept | None, found: Kept) -> None:
    """What was known at the last look, and has been on the server ever since, is known."""
    if before is None or before.token is None:
        return
    history = owner.history[href]
    since = history.states[history.at[before.token] :]
    for name in before.objects:
        assert name in found.objects or not all(name in state for state in since), f"{name} was known, is there, and was lost"


def check_end(app: App, owner: Owner, directory: Path) -> int:
    """Store and server are equal, the last run says so, and it found both calendars fresh; how many runs were promised."""
    found = kept(app)
    assert {href: found[href].objects for href in owner.history} == {href: history.states[-1] for href, history in owner.history.items()}
    promised = check_promises(app, directory)
    last = app.view("sync_runs").sort_values("ended_at").iloc[-1]
    calendars = app.view("calendars")
    fresh = calendars[calendars["href"].map(path_key).isin([path_key(href) for href in owner.history])]["last_synced_at"]
    assert last["outcome"] == "ok"
    assert set(fresh) == {last["ended_at"]}
    assert promised >= 1
    return promised
