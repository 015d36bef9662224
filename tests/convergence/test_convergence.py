"""Whatever happens on the server, to the network's other end or to the client: afterwards both sides are equal, and nothing was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from icalsync.store import instance
from tests.convergence.client import Client
from tests.convergence.machine import Convergence, begin
from tests.convergence.server import InProcessRadicale

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_CALLS_BEFORE_COMMITS = 6
EVERYTHING = settings(deadline=None, suppress_health_check=list(HealthCheck), report_multiple_bugs=False)


@pytest.fixture
def both_sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The server and the client, with the common beginning made."""
    monkeypatch.setattr(instance, "YIELD_AFTER", 1e9)  # nobody else wants the file
    with InProcessRadicale(tmp_path / "radicale") as server, Client(tmp_path / "client", server.account.url) as client:
        begin(server, client, tmp_path / "kept")
        yield


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("both_sides")
@pytest.mark.parametrize("steps", [5, pytest.param(20, marks=pytest.mark.long)])
def test_the_store_converges_to_the_server_whatever_happens(steps: int) -> None:
    """Fifty stories, the same in every run: edits, moves, revocations, refused tokens, crashes (R12, R13, C1, C9–C12)."""
    story = settings(EVERYTHING, max_examples=50, stateful_step_count=steps, derandomize=True, database=None, phases=[Phase.generate])
    run_state_machine_as_test(Convergence, settings=story)


@pytest.mark.long
@pytest.mark.usefixtures("both_sides")
def test_an_event_that_moved_to_another_calendar_is_never_absent_c19() -> None:
    """C19: dragged from a calendar that is pulled early to one that is pulled late, with the process gone after each of its calls in turn.

    The machine's own check after a crash says so: known before, on the server now, so busy in between.
    """
    calls, ended = 0, False
    while not ended:
        calls += 1
        story = Convergence()
        source = next(place for place in range(100) if story.picked(place)[0] == "work")
        story.move(source, "home", same=False)
        story.sync_and_crash(calls, after=True)
        ended = story.settled
    assert calls > MOST_CALLS_BEFORE_COMMITS


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.usefixtures("both_sides")
def test_the_store_converges_in_a_thousand_longer_stories() -> None:
    """The same at leisure, with other stories each time, shrunk where one fails: ``make soak``."""
    run_state_machine_as_test(Convergence, settings=settings(EVERYTHING, max_examples=1000, stateful_step_count=50))
