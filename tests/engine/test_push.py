"""The push loop over a real store and the look-alike: order, bounds, pace, and what a run says of it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from icalsync.engine.attempt import Attempt
from icalsync.engine.pace import Pace
from icalsync.engine.push import _merged
from icalsync.errors import LeaseLost
from icalsync.ports import CalendarRun, Counts
from tests.faults.world import make_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from icalsync.app import App
    from tests.faults.sites import LookAlike
    from tests.faults.world import World
    from tests.icloud import Ledger


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An account on the look-alike with ``Work`` linked."""
    with make_world("icloud", tmp_path) as world:
        world.sync()
        yield world


def at(hour: int) -> datetime:
    """An hour of a Monday."""
    return datetime(2026, 12, 7, hour, tzinfo=UTC)


def book(app: App, hour: int) -> dict[str, Any]:
    """An hour of Anna's."""
    return app.book("ACME", "anna", at(hour), at(hour) + timedelta(hours=1), title="Visit", check=False)


def ledger(world: World) -> Ledger:
    """What the look-alike was asked."""
    site: LookAlike = world.site  # type: ignore[assignment]
    return site.cloud.ledger


def run_of(app: App) -> dict[str, Any]:
    """The one run of a sync."""
    (run,) = app.sync().runs
    return run


def test_a_run_pulls_pushes_and_pulls_what_it_touched_with_one_report(world: World) -> None:
    """Issue 5: one run, one row for each calendar, and what was pushed is known at once: nothing is left for the next run (R17)."""
    for hour in (9, 10, 11):
        book(world.app, hour)
    world.put("Work", "owners.ics")
    run = run_of(world.app)
    assert (run["pushed"], run["added"], run["outcome"]) == (3, 4, "ok")
    assert len({row["calendar_id"] for row in run["calendars"]}) == len(run["calendars"])
    again = run_of(world.app)
    assert (again["requests"], again["pushed"], again["added"], again["changed"]) == (1, 0, 0, 0)


def test_what_comes_in_and_what_goes_out_is_counted_once_for_each_calendar() -> None:
    """Two pulls of one calendar in one run are one row: sums, and how the last one ended."""
    first = CalendarRun("cal-a", 2, 100, Counts(added=1), "partial", "NOT_DELIVERED")
    other = CalendarRun("cal-b", 1, 10, Counts(), "ok", None)
    second = CalendarRun("cal-a", 3, 50, Counts(added=2, changed=1), "ok", None)
    merged = {run.calendar_id: run for run in _merged([first, other, second])}
    assert merged == {"cal-a": CalendarRun("cal-a", 5, 150, Counts(added=3, changed=1), "ok", None), "cal-b": other}


def test_a_poll_for_a_booking_sends_nothing(world: World) -> None:
    """R14: who books waits for what is free, and not for other people's events to be written."""
    book(world.app, 9)
    mark = ledger(world).mark()
    world.app.book("ACME", "anna", at(14), at(15), title="Visit")
    assert ledger(world).writes(after=mark) == []
    assert [row["purpose"] for row in world.app.view("sync_runs").to_dict("records")].count("booking") == 1
    assert run_of(world.app)["pushed"] == 2


def test_an_intent_that_was_withdrawn_between_reading_and_writing_is_not_sent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """P12: somebody cancels while the run is at it: what is sent is what holds at that moment."""
    row = book(world.app, 9)
    begin = world.app._parts.outbox.begin

    def cancelled_first(*arguments: Any) -> bool:
        world.app.cancel(row["appointment_id"])
        return begin(*arguments)

    monkeypatch.setattr(world.app._parts.outbox, "begin", cancelled_first)
    mark = ledger(world).mark()
    assert run_of(world.app)["outcome"] == "ok"
    assert ledger(world).writes(after=mark) == []
    assert {row["state"] for row in world.app.outbox()} == {"done"}


def test_a_lease_that_was_lost_while_writing_throws_the_result_away_and_it_is_read_again_p3(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P3: fenced: the outcome of a worker that is no longer the holder is not believed; the next one finds the event and adopts it."""
    book(world.app, 9)
    settle, lost = world.app._parts.outbox.settle, iter([True])

    def fenced(lease: Any, outcome: Any) -> None:
        if next(lost, False):
            raise LeaseLost(integration_id=lease.integration_id)
        settle(lease, outcome)

    monkeypatch.setattr(world.app._parts.outbox, "settle", fenced)
    mark = ledger(world).mark()
    assert run_of(world.app)["pushed"] == 1
    assert [entry.method for entry in ledger(world).writes(after=mark)] == ["PUT"]
    assert len(world.site.objects("Work")) == 1


def test_two_workers_at_once_write_each_event_once_p3(world: World) -> None:
    """P3: two runs over one account at the same moment: a lease, and the same place for the same appointment."""
    for hour in range(9, 15):
        book(world.app, hour)
    mark = ledger(world).mark()
    threads = [threading.Thread(target=world.app.sync) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.method for entry in ledger(world).writes(after=mark)] == ["PUT"] * 6
    assert len(world.site.objects("Work")) == 6


def test_book_sync_and_watching_at_once_lose_and_double_nothing(world: World) -> None:
    """Issue 4, issue 5: bookings come in while runs are at it; each is written once, by whichever run comes next."""
    stop = threading.Event()

    def keep_syncing() -> None:
        while not stop.is_set():
            world.app.sync()

    syncing = [threading.Thread(target=keep_syncing) for _ in range(2)]
    for thread in syncing:
        thread.start()
    try:
        rows = [book(world.app, hour) for hour in range(24)][::2]
        for row in rows:
            world.app.cancel(row["appointment_id"])
    finally:
        stop.set()
        for thread in syncing:
            thread.join()
    world.app.sync()
    texts = [next(fact for fact in found.facts if fact.startswith("DTSTART:")) for found in world.site.objects("Work").values()]
    assert sorted(texts) == [f"DTSTART:{at(hour).strftime('%Y%m%dT%H%M%SZ')}" for hour in range(1, 24, 2)]
    assert {row["state"] for row in world.app.outbox()} == {"done"}


def test_an_attempt_is_bounded_however_often_it_is_refused(world: World) -> None:
    """H11: four times read and refused in one run, then it waits for the next."""
    book(world.app, 9)
    world.app.sync()
    (row,) = world.app.appointments()
    world.app.reschedule(row["appointment_id"], at(12), at(13), check=False)
    context = world.app._parts.context()
    (account,) = world.app.integrations()
    lease = context.store.acquire(account["integration_id"], "the test", 60.0)
    (task,) = context.outbox.due(account["integration_id"], world.clock.now())
    state = context.store.load(account["integration_id"])

    class Refusing:
        """Moves the ETag before each write."""

        def __init__(self, server: Any) -> None:
            self._server = server

        def __getattr__(self, name: str) -> Any:
            return getattr(self._server, name)

        def replace(self, href: str, raw: bytes, etag: str) -> str | None:
            """Somebody was faster."""
            site: LookAlike = world.site  # type: ignore[assignment]
            calendar = site.cloud.account("anna@icloud.com").calendar("Work")
            calendar.touch(calendar.names()[0])
            return self._server.replace(href, raw, etag)

    from icalsync.engine.run import _opened  # noqa: PLC0415  # the way in, for this test alone

    mark = ledger(world).mark()
    with _opened(context, state) as server:
        result = Attempt(context, Refusing(server), lease, task, "host").run()
    context.store.release(lease)
    assert result is not None
    assert (result.outcome.result, result.outcome.code, result.wrote) == ("again", "PRECONDITION_FAILED", True)
    assert [entry.status for entry in ledger(world).writes(after=mark)] == [412] * 4


def test_after_a_long_outage_a_host_is_written_to_at_a_steady_rate_p17() -> None:
    """P17: a burst, then so many a second, for all threads together; another host is not kept waiting."""
    pace, slept = Pace(burst=3, rate=50), list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        time.sleep(seconds)

    started = time.monotonic()
    for _ in range(8):
        pace.wait("one.example", sleep)
    assert time.monotonic() - started >= 5 / 50 * 0.9
    assert 1 <= len(slept) <= 5  # fewer and longer waits on a busy machine
    before = len(slept)
    pace.wait("two.example", sleep)
    assert len(slept) == before
