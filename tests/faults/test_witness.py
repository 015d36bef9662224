"""The judge itself: what it must notice, it notices; a harness that cannot fail proves nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from icalsync.caldav import fetching, listing
from tests.chaos.__main__ import Chaos, wish_of
from tests.chaos.schedule import schedule_of
from tests.chaos.work import Case, Result, grid, try_cases
from tests.faults.asked import Kind
from tests.faults.catalogue import FAULTS
from tests.faults.trial import Trial, prepare
from tests.faults.witness import Violation, Witness

if TYPE_CHECKING:
    from tests.faults.conftest import Worlds
    from tests.faults.world import World

NOW = "SELECT last_at FROM _kept.instant"


@pytest.fixture
def witness(worlds: Worlds) -> Witness:
    """A world in agreement, watched; the test may spoil it."""
    world = worlds.of("icloud")
    prepare(world, Kind.SYNC)
    witness = Witness(world)
    witness.begin()
    return witness


@pytest.fixture(autouse=True)
def spoilt(worlds: Worlds):
    """What these tests do to a world nobody else should meet."""
    yield
    worlds.throw_away_if_open("icloud")


def forget(world: World, where: str) -> None:
    """Close versions behind everybody's back."""
    with world.app._parts.database.write() as tx:
        tx.execute(f"UPDATE _kept.object_version SET known_to = ({NOW}) WHERE known_to = 'infinity' AND {where}")


def test_a_lost_object_is_noticed_r13(witness: Witness) -> None:
    """R13: known, still on the server, and gone from the store."""
    forget(witness.world, "href LIKE '%/a.ics'")
    with pytest.raises(Violation, match="lost"):
        witness.meanwhile()


def test_an_invented_object_is_noticed(witness: Witness) -> None:
    """A text that the server never had."""
    witness.world.ever = {key: set() for key in witness.world.ever}
    with pytest.raises(Violation, match="never said so"):
        witness.meanwhile()


def test_an_open_slot_is_noticed_r12(witness: Witness) -> None:
    """R12: the object is known, and its time is free."""
    with witness.world.app._parts.database.write() as tx:
        tx.execute("DELETE FROM _kept.occurrence")
    with pytest.raises(Violation, match="open"):
        witness.closed()


def test_a_difference_is_noticed(witness: Witness) -> None:
    """A run that says ok before it has fetched what is new."""
    witness.world.put("Work", "late.ics")
    assert "missing" in witness.disagreement()
    with pytest.raises(Violation, match="says ok"):
        witness.honest({"outcome": "ok"})


def test_a_client_that_keeps_half_an_object_is_found_out_n4(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    """N4: without its guard against a text that ends with the connection the client fails its trial."""
    monkeypatch.setattr(fetching, "may_be_cut_short", lambda _answer: False)
    with pytest.raises(Violation, match="another text"):
        Trial(FAULTS["cut_object_without_a_length"], Kind.GET, lasting=False).carry_out(worlds.of("icloud"))


def test_a_client_that_believes_an_empty_listing_is_reported_h30(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """H30: without its guard against an empty answer the grid finds it, says how to see it again, and the command fails."""
    monkeypatch.setattr(listing, "_is_empty", lambda *_: True)
    told: list[str | Result] = []
    try_cases([Case("icloud", "nothing_there", "first", lasting=True)], math.inf, told.append)
    what, result = told
    assert what == "case icloud/nothing_there/first/for-good"
    assert isinstance(result, Result)
    assert (result.cases, len(result.violations)) == (1, 1)
    chaos = Chaos(wish_of(["--seed", "5"]))
    chaos.add(result)
    assert "again: make chaos CHAOS_SEED=5 CHAOS_ONLY=icloud/nothing_there/first/for-good" in capsys.readouterr().out
    assert chaos.exit_code == 1


def test_a_fault_that_met_no_request_is_no_proof(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial whose fault bit nothing fails."""
    world = worlds.of("icloud")
    monkeypatch.setattr(world.proxy, "rule_for", lambda _asked: None)
    with pytest.raises(Violation, match="met no request"):
        Trial(FAULTS["self_row"], Kind.SYNC, lasting=False).carry_out(world)


def test_a_schedule_is_its_seed() -> None:
    """What is found once can be seen again; another seed is another schedule."""
    assert schedule_of("1/icloud/3/7", "icloud") == schedule_of("1/icloud/3/7", "icloud")
    assert len({schedule_of(f"1/icloud/0/{number}", "icloud") for number in range(50)}) == 50


def test_the_grid_is_whole() -> None:
    """Issue 4: discovery, PROPFIND, sync, multiget and GET; once and permanently; three servers."""
    cases = [str(case) for case in grid()]
    assert len(cases) == len(set(cases)) > 3000
    assert {tuple(case.split("/")[2:]) for case in cases} >= {
        (kind, lasting) for kind in ("discovery", "home", "listing", "sync", "first", "multiget", "get") for lasting in ("once", "for-good")
    }
