"""Runs that are broken off: what they had asked and brought until then is told, and is not lost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from icalsync.engine.holding import HeldServer
from icalsync.engine.run import sync_integration
from icalsync.errors import ServerUnreachable, SyncStopped
from tests.engine.clinic import fill, health

if TYPE_CHECKING:
    from collections.abc import Callable

    from icalsync.app import App
    from tests.icloud import CalendarOwner

BATCH = 3
COUNTED = ("requests", "bytes", "added", "changed", "removed", "rejected", "pushed")


def small(app: App, **more: Any) -> Any:
    """The context of a run that commits three objects at a time."""
    return replace(app._parts.context(), batch=BATCH, **more)


@pytest.fixture
def at_the_third_fetch(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Let something happen when the run is about to fetch its third batch: the first two are committed."""

    def arrange(happens: Callable[[], None]) -> None:
        fetch, calls = HeldServer.fetch, []

        def fetched(self: HeldServer, *arguments: Any, **options: Any) -> Any:
            calls.append(1)
            if len(calls) == 3:
                happens()
            return fetch(self, *arguments, **options)

        monkeypatch.setattr(HeldServer, "fetch", fetched)

    return arrange


def the_run(app: App) -> dict[str, Any]:
    """The newest row of ``sync_runs``."""
    rows = app.sql("from sync_runs order by started_at desc, requests desc").to_dict("records")
    return next(row for row in rows if row["purpose"] == "sync")


def test_a_run_that_ends_by_an_error_tells_what_it_brought_before(app: App, work: CalendarOwner, at_the_third_fetch: Any) -> None:
    """Its row and its calendar's have what was committed, and what was asked."""
    fill(work, 10)

    def breaks() -> None:
        raise ServerUnreachable(host="caldav.example", why="gone")

    at_the_third_fetch(breaks)
    run = sync_integration(small(app), health(app)["integration_id"])
    assert (run.outcome, run.error_code, run.counts.added) == ("partial", "SERVER_UNREACHABLE", 2 * BATCH)
    (calendar,) = [each for each in run.calendars if each.calendar_id == app.roles("ACME", "anna")[0]["calendar_id"]]
    assert (calendar.outcome, calendar.error_code, calendar.counts.added) == ("failed", "SERVER_UNREACHABLE", 2 * BATCH)
    assert 0 < calendar.requests < run.requests
    assert {name: the_run(app)[name] for name in ("requests", "bytes", "added")} == {
        "requests": run.requests,
        "bytes": run.bytes,
        "added": 2 * BATCH,
    }


def test_a_run_that_was_told_to_stop_tells_what_it_did_until_then_t14(app: App, work: CalendarOwner, at_the_third_fetch: Any) -> None:
    """T14: it is ``aborted``, and its requests, bytes and objects are those it made."""
    fill(work, 10)
    context = small(app)
    at_the_third_fetch(context.stop.set)
    with pytest.raises(SyncStopped):
        sync_integration(context, health(app)["integration_id"])
    row = the_run(app)
    assert (row["outcome"], row["error_code"], row["added"]) == ("aborted", "RUN_ABORTED", 2 * BATCH)
    assert row["requests"] >= 4
    assert row["bytes"] > 1000


def test_a_run_that_was_killed_tells_what_it_had_committed_t2(app: App, work: CalendarOwner, at_the_third_fetch: Any) -> None:
    """T2: nobody gave anything back; what the commits wrote with their rows is there."""
    fill(work, 10)
    store, seen = app._parts.pulls, []

    def dies() -> None:
        with app._parts.database.write() as tx:
            tx.execute("UPDATE _kept.lease SET pid = 4194304")
        assert store.sweep() == 1
        seen.append(the_run(app))
        raise SyncStopped(integration_id="")

    at_the_third_fetch(dies)
    with pytest.raises(SyncStopped):
        sync_integration(small(app), health(app)["integration_id"])
    (row,) = seen
    assert (row["outcome"], row["added"]) == ("aborted", 2 * BATCH)
    assert row["requests"] >= 3
    assert row["bytes"] > 1000
    assert {name: the_run(app)[name] for name in COUNTED} == {name: row[name] for name in COUNTED}


def test_a_run_that_breaks_off_after_its_pushes_still_tells_what_it_pulled_before_them(
    app: App, work: CalendarOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The calendar's row has the events that came in, though pulling it once more failed."""
    fill(work, 2)
    app.book("ACME", "anna", "2027-01-20 10:00", "2027-01-20 10:30", title="Check-up", check=False)

    def breaks(*_: Any) -> None:
        raise ServerUnreachable(host="caldav.example", why="gone")

    monkeypatch.setattr("icalsync.engine.push.one_calendar", breaks)
    run = sync_integration(app._parts.context(), health(app)["integration_id"])
    assert (run.outcome, run.error_code, run.pushed) == ("partial", "SERVER_UNREACHABLE", 1)
    assert sum(calendar.counts.added for calendar in run.calendars) == run.counts.added == 2
