"""The clinic that the examples in docstrings speak of: a day of Anna's, one booking over a meeting, and a colleague in Tokyo."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import icalsync
from icalsync.core.model import Participation, Status
from icalsync.settings import load_settings
from tests.store.conftest import NOW, ToldClock, World, at, invited, meeting, rejected
from tests.store.test_double_bookings import book, pull, ran

if TYPE_CHECKING:
    from pathlib import Path

    from icalsync.app import App


def clinic(directory: Path) -> App:
    """The library on it, on Monday 23 November 2026 at 9:30 in Berlin; everything was pulled a moment ago."""
    clock = ToldClock(NOW - timedelta(hours=1))
    app = icalsync.open(settings=load_settings({}, database=directory / "clinic.duckdb"), clock=clock, actor="vera")
    world = World(app._parts.database, clock)
    world.people.add_sub_account("acme", "Acme", "Europe/Berlin")
    world.people.add_sub_account("globex", "Globex", "America/New_York")
    world.people.add_user("acme", "anna", name="Anna", email="anna@acme.example")
    world.people.add_user("acme", "ben", name="Ben", time_zone="Asia/Tokyo")
    world.connect()
    world.roles.link("acme", "anna", "Work", actor="vera")
    world.pull("Work", token="t0")
    clock.pass_(minutes=1)
    pull(world, ("standup", meeting("standup", at(24, 9), at(24, 10))))
    book(world, at(24, 9, 30), at(24, 10, 30), forced=True)
    maybe = meeting("maybe", at(24, 12), at(24, 13), status=Status.TENTATIVE)
    declined = invited("declined", at(24, 14), at(24, 15), Participation.DECLINED)
    pull(world, ("maybe", maybe), ("declined", declined), ("broken", rejected("BAD_RULE", at(26, 9), at(26, 10))))
    clock.at = NOW + timedelta(minutes=30)
    ran(world)
    with world.db.write() as tx:
        tx.execute("UPDATE _kept.calendar_freshness SET last_synced_at = ?", [clock.at])
    return app
