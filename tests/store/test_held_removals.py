"""How long a removal was held, whatever the wall clock says; and when somebody is told of it (R13, T12)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from icalsync.core.pull import HOLD_FOR
from icalsync.ports import Beginning, Finish, PullBatch, Purpose
from icalsync.store import leases
from icalsync.store.attention import Alerts
from icalsync.store.pulls import Pulls
from tests.store.conftest import WINDOW, World

PLACE = "/dav/x/a.ics"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@dataclass
class TwoClocks:
    """The wall clock of the world, and beside it one that only true time moves."""

    world: World
    ticks: float = 5000.0

    def now(self) -> datetime:
        """What the wall says."""
        return self.world.clock.at

    def monotonic(self) -> float:
        """What passed indeed."""
        return self.ticks

    def pass_(self, lapse: timedelta, leap: timedelta = timedelta()) -> None:
        """True time passes, and the wall clock leaps beside it."""
        self.ticks += lapse.total_seconds()
        self.world.clock.at += lapse + leap


@dataclass
class Machine:
    """Whoever syncs: at most one run at a time, each ended and written down."""

    world: World
    clock: TwoClocks
    boot: str | None = "boot-1"

    def hold(self, *held: str) -> None:
        """A run that finds these gone again."""
        pulls = Pulls(self.world.db, clock=self.clock)
        lease = pulls.acquire("int-1", "test", 60, Beginning(uuid4().hex, Purpose.SYNC, self.clock.now()))
        token = next(each.sync_token for each in pulls.load("int-1").calendars if each.calendar_id == self.calendar_id)
        pulls.commit(lease, PullBatch(self.calendar_id, token, (), WINDOW, Finish("t1", None, None, (), held, full=True)))
        pulls.release(lease)

    @property
    def calendar_id(self) -> str:
        """The calendar it pulls."""
        return self.world.id_of("Work")

    def proven(self) -> bool:
        """Whether the next complete listing would let it go."""
        state = next(
            each for each in Pulls(self.world.db, clock=self.clock).load("int-1").calendars if each.calendar_id == self.calendar_id
        )
        return self.clock.now() - state.held[PLACE] >= HOLD_FOR


@pytest.fixture
def machine(chosen, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine in its first boot."""
    made = Machine(chosen, TwoClocks(chosen))
    monkeypatch.setattr(leases, "boot", lambda: made.boot)
    return made


def test_a_wall_clock_that_leaps_ahead_proves_nothing_t12_r13(machine: Machine) -> None:
    """T12: a minute is a minute, though the wall clock says two hours; the true hour is enough."""
    machine.hold(PLACE)
    machine.clock.pass_(MINUTE, leap=2 * HOUR)
    assert not machine.proven()
    machine.hold(PLACE)
    machine.clock.pass_(HOUR)
    assert machine.proven()


@pytest.mark.parametrize("boot", ["boot-2", None], ids=["after another boot", "where none is told"])
def test_time_that_no_run_witnessed_starts_the_hour_anew_once_t12_r13(machine: Machine, boot: str | None) -> None:
    """T12: a sync every other hour, each on a machine of its own, lets go at its second listing after the hour began anew."""
    machine.hold(PLACE)
    machine.boot = boot
    machine.clock.pass_(MINUTE, leap=2 * HOUR)
    assert not machine.proven()
    machine.hold(PLACE)
    for _ in range(2):
        machine.boot = boot and f"{boot}+"
        machine.clock.pass_(2 * HOUR)
        assert machine.proven()


def test_time_that_runs_witnessed_counts_wherever_they_ran_r13(machine: Machine) -> None:
    """R13: runs ten minutes apart bear the wall clock out, on whatever machine."""
    for number in range(7):
        machine.boot = f"boot-{number}"
        machine.hold(PLACE)
        machine.clock.pass_(10 * MINUTE)
    assert machine.proven()


def test_a_gap_before_others_ended_their_runs_is_still_a_gap_t12(machine: Machine) -> None:
    """T12: a run of another account that ends just after the leap witnesses nothing of the time before."""
    machine.hold(PLACE)
    machine.boot = "boot-2"
    machine.clock.pass_(MINUTE, leap=2 * HOUR)
    pulls = Pulls(machine.world.db, clock=machine.clock)
    pulls.release(pulls.acquire("int-1", "another", 60, Beginning("x", Purpose.SYNC, machine.clock.now())))
    machine.clock.pass_(MINUTE)
    assert not machine.proven()


def alerts(world: World) -> list[str]:
    """Kinds of the alerts that stand open."""
    return [row["kind"] for row in Alerts(world.db).rows()]


def test_an_alert_about_held_removals_stands_while_somebody_relies_on_the_calendar_r13(machine: Machine) -> None:
    """R13: it goes with the last role, and is back with the next one, because the removals are still held."""
    world = machine.world
    machine.hold(PLACE)
    assert alerts(world) == ["REMOVALS_HELD"]
    world.roles.unlink("acme", "anna")
    assert alerts(world) == ["REMOVALS_HELD"]
    world.roles.remove_conflicts("acme", "anna", ["Work"])
    assert alerts(world) == []
    world.roles.add_conflicts("acme", "anna", ["Work"])
    assert alerts(world) == ["REMOVALS_HELD"]
    machine.hold()
    assert alerts(world) == []


@pytest.mark.parametrize("purge", [False, True])
def test_an_alert_about_held_removals_goes_with_the_connection_r13(machine: Machine, *, purge: bool) -> None:
    """R13: nobody can confirm what nobody pulls any more."""
    machine.hold(PLACE)
    machine.world.accounts.disconnect("acme", "anna", "int-1", purge=purge)
    assert alerts(machine.world) == []
