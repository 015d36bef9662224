"""The machine's clock jumps: what is known keeps its order, windows and ages follow the clock, leases do not (T12, R16)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from icalsync.clock import SystemClock
from icalsync.errors import AnotherSyncIsRunning
from icalsync.store.database import Database
from icalsync.store.pulls import Pulls
from tests.store.conftest import NOW, at, meeting

DAY, HOUR, STEP = timedelta(days=1), timedelta(hours=1), timedelta(milliseconds=500)
JUMPS = [timedelta(minutes=5), DAY, -DAY, -STEP, timedelta(), -HOUR, HOUR, -DAY, -DAY, 2 * DAY, -STEP, timedelta(minutes=5)]
"""Days in both directions, what a daylight saving time mistaken for the time itself would do, and the steps of a time daemon."""


@dataclass
class JumpingClock:
    """A wall clock that is told, and beside it one that never goes back, in seconds."""

    at: datetime = NOW
    ticks: float = 1000.0

    def now(self) -> datetime:
        """Where it was put."""
        return self.at

    def monotonic(self) -> float:
        """The other one."""
        return self.ticks


@pytest.fixture
def jumped(chosen):
    """A world in which one event came in after each jump."""
    before = "t0"
    for number, jump in enumerate(JUMPS):
        chosen.clock.at += jump
        start = at(25, number)
        chosen.pull("Work", (f"e{number}", meeting(f"e{number}", start, start + HOUR / 2)), token=f"j{number}", before=before)
        before = f"j{number}"
    return chosen


def test_t12_what_became_known_later_has_a_later_instant_whatever_the_clock_says(jumped):
    """T12, R16: one strictly increasing instant per transaction, over every table that says since when."""
    known = [row["known_from"] for row in jumped.rows("SELECT known_from FROM _kept.object_version ORDER BY version_key")]
    assert len(known) == len(JUMPS)
    assert all(earlier < later for earlier, later in pairwise(known))
    tables = jumped.rows("SELECT table_name FROM duckdb_columns() WHERE schema_name = '_kept' AND column_name = 'known_to'")
    wrong = [row["table_name"] for row in tables if jumped.rows(f"FROM _kept.{row['table_name']} WHERE known_from >= known_to")]
    assert wrong == []


def test_t12_every_moment_can_be_asked_for(jumped):
    """T12, R16: as known at each of these instants there is exactly what had come in by then, and a moment before it one less."""
    known = [row["known_from"] for row in jumped.rows("SELECT known_from FROM _kept.object_version ORDER BY version_key")]
    for number, instant in enumerate(known):
        for asked, expected in ((instant, number + 1), (instant - timedelta(microseconds=1), number)):
            rows = jumped.busy(start=at(25, 0), end=at(26, 0), known_at=asked)
            assert sum(reason == "BUSY" for *_, reason in rows) == expected


@pytest.mark.parametrize("jump", [DAY, -DAY, STEP, -STEP, HOUR, -HOUR])
def test_t12_a_lease_outlasts_a_jump_and_ends_in_its_own_time(chosen, jump):
    """T12: a living process keeps it when the wall clock jumps, and when its seconds are over it is over, wherever that clock is."""
    clock = JumpingClock(chosen.clock.at)
    pulls = Pulls(Database(chosen.db.path, clock), clock=clock)
    first = pulls.acquire("int-1", "one", 60)
    clock.at += jump
    for passed in (0, 59):
        clock.ticks += passed
        with pytest.raises(AnotherSyncIsRunning):
            pulls.acquire("int-1", "another", 60)
    clock.ticks += 2
    assert pulls.acquire("int-1", "another", 60).fence == first.fence + 1


def test_t12_staleness_follows_the_clock_both_ways(chosen):
    """T12, R12: a day ahead an answer is stale, back again it is as fresh as it was, and a pull noted a day ahead is of unknown age."""

    def state() -> str:
        return chosen.answers.coverage([("acme", "anna")])[0]["state"]

    fresh = state()
    chosen.clock.at += DAY
    away = state()
    chosen.clock.at -= DAY
    assert (away, state()) == ("stale", fresh)


def test_t12_the_hosts_own_time_zone_means_nothing(chosen, monkeypatch):
    """T12: instants, windows and rows are the same in Berlin, Lord Howe, New York and UTC, also where it changes between two commits."""
    told = []
    for number, zone in enumerate(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/New_York", "UTC"]):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        try:
            before = f"z{number - 1}" if number else "t0"
            chosen.pull("Work", ("e", meeting("e", at(25, 9), at(25, 10))), token=f"z{number}", before=before)
            told.append((chosen.pulls.load("int-1").window, chosen.busy(start=at(25, 0), end=at(26, 0))))
            assert abs(SystemClock().now().timestamp() - time.clock_gettime(time.CLOCK_REALTIME)) < 5
        finally:
            monkeypatch.delenv("TZ")
            time.tzset()
    assert [each for each in told if each != told[0]] == []
