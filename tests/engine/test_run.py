"""Runs over a real store and the look-alike: what is proven, what is held, and whose trouble is whose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import icalsync
from icalsync.core.interval import Interval
from icalsync.engine.run import Wish, sync_integration
from icalsync.errors import LeaseLost, SyncTokenInvalid
from icalsync.ports import Counts, PullBatch
from icalsync.settings import load_settings
from tests.icloud.fixtures import ANNA, BEN, PASSWORD
from tests.servers import event_at

if TYPE_CHECKING:
    from pathlib import Path

    from icalsync.app import App
    from tests.icloud import CalendarOwner, ICloud, MovableClock

WINDOW = ("2027-01-01", "2027-03-01")
HOUR = 3600


@pytest.fixture
def app(tmp_path: Path, icloud: ICloud, icloud_clock: MovableClock) -> App:
    """A database on the look-alike's clock, with Anna connected and her calendar ``Work`` linked."""
    settings = load_settings(
        {},
        database=tmp_path / "data" / "clinic.duckdb",
        secret_key_file=tmp_path / "keys" / "secret.key",
        icloud_url=icloud.url,
        allow_private_hosts=True,
    )
    app = icalsync.open(settings=settings, clock=icloud_clock)
    app.add_sub_account("ACME", time_zone="Europe/Berlin")
    app.add_user("ACME", "anna")
    app.connect("ACME", "anna", provider="icloud", account=ANNA, password=PASSWORD)
    app.link("ACME", "anna", "Work")
    return app


@pytest.fixture
def work(icloud: ICloud) -> CalendarOwner:
    """Anna's calendar in her own hands."""
    return icloud.account(ANNA).calendar("Work")


def fill(calendar: CalendarOwner, count: int, prefix: str = "e") -> None:
    """Events on consecutive days."""
    for number in range(count):
        day = f"202701{number + 1:02}"
        calendar.put(f"{prefix}{number}", event_at(f"{prefix}{number}", f"{day}T090000Z", f"{day}T100000Z"))


def blocked(app: App) -> int:
    """How many rows block in the window."""
    return len(app.busy("ACME", "anna", *WINDOW))


def run_of(app: App, **options: Any) -> dict[str, Any]:
    """The one run of a sync."""
    (run,) = app.sync(**options).runs
    return run


def test_held_removals_go_after_a_second_listing_an_hour_later_r13(app: App, work: CalendarOwner, icloud_clock: MovableClock) -> None:
    """R13: a complete, clean listing at least one hour later that shows the same is the second proof; an earlier one is not."""
    fill(work, 20)
    app.sync()
    for number in range(15):
        work.delete(f"e{number}")
    icloud_clock.advance(60)
    assert run_of(app)["error_code"] == "REMOVALS_HELD"
    icloud_clock.advance(HOUR / 2)
    assert run_of(app)["removed"] == 0
    assert blocked(app) == 20
    icloud_clock.advance(HOUR)
    assert run_of(app)["removed"] == 15
    assert blocked(app) == 5
    assert run_of(app)["requests"] == 1


def test_what_comes_back_while_it_is_held_was_never_gone_r13(app: App, work: CalendarOwner, icloud_clock: MovableClock) -> None:
    """R13, H30: a server that lists too little for a while loses us nothing."""
    fill(work, 20)
    app.sync()
    for number in range(20):
        work.delete(f"e{number}")
    app.sync()
    fill(work, 20, prefix="f")
    icloud_clock.advance(2 * HOUR)
    app.sync()
    assert blocked(app) == 20


def test_what_is_listed_but_not_delivered_is_unknown_and_fetched_later_c25(app: App, icloud: ICloud, work: CalendarOwner) -> None:
    """C25, icloud.md §3.1: the token stays, nothing is removed, and until it is delivered the calendar is not covered (R12)."""
    fill(work, 3)
    app.sync()
    icloud.change(delivery_lag_requests=2)
    fill(work, 1, prefix="late")
    run = run_of(app)
    assert (run["outcome"], run["error_code"]) == ("partial", "NOT_DELIVERED")
    assert not app.coverage("ACME", "anna")["complete"]
    assert "NOT_COVERED" in set(app.busy("ACME", "anna", *WINDOW)["reason"])
    outcomes = [run_of(app)["outcome"] for _ in range(4)]
    assert outcomes[-1] == "ok"
    assert app.coverage("ACME", "anna")["complete"]
    assert blocked(app) == 4


def test_one_bad_calendar_never_stops_the_others_h2(app: App, icloud: ICloud, work: CalendarOwner) -> None:
    """H2: its trouble is its own state; the account stays well, and the other calendars are pulled."""
    fill(work, 2)
    other = icloud.account(ANNA).add_calendar("Side")
    fill(other, 2, prefix="s")
    app.sync()
    fill(work, 3)
    fill(other, 3, prefix="s")
    icloud.fail_next(5, status=500, below=work.href)
    run = run_of(app)
    assert (run["outcome"], run["status"]) == ("partial", "ok")
    by_id = {row["calendar_id"]: row for row in run["calendars"]}
    names = {row["display_name"]: row["calendar_id"] for row in app.calendars("ACME", "anna")}
    assert by_id[names["Work"]]["error_code"] == "SERVER_FAILED"
    assert by_id[names["Side"]]["added"] == 1
    icloud.recover()
    icloud.fail_next(0)
    for _ in range(6):
        run = run_of(app)
    assert run["outcome"] == "ok"
    assert blocked(app) == 3


def test_one_dead_account_never_stops_another_and_the_exit_code_says_partial(app: App, icloud: ICloud, work: CalendarOwner) -> None:
    """design.md §5: one dead account among several is 1; all dead is 3."""
    app.add_user("ACME", "ben")
    app.connect("ACME", "ben", provider="icloud", account=BEN, password=PASSWORD)
    fill(work, 1)
    icloud.account(BEN).change_password("abcd-efgh-ijkl-mnop-other")
    report = app.sync()
    assert report.exit_code == 1
    assert {run["status"] for run in report.runs} == {"ok", "reauthentication_needed"}
    assert blocked(app) == 1
    icloud.account(ANNA).change_password("abcd-efgh-ijkl-mnop-other")
    assert app.sync().exit_code == 3


def test_a_calendar_that_vanished_keeps_its_events_and_is_no_longer_covered_h6(app: App, icloud: ICloud, work: CalendarOwner) -> None:
    """H6, C9, C12: gone from the listing is not deleted here; its time is unknown until a person or its return settles it."""
    fill(work, 2)
    app.sync()
    work.remove()
    app.sync()
    rows = app.busy("ACME", "anna", *WINDOW)
    assert sorted(set(rows["reason"])) == ["BUSY", "NOT_COVERED"]
    assert (rows["reason"] == "BUSY").sum() == 2
    work.bring_back()
    app.sync()
    app.sync()
    assert set(app.busy("ACME", "anna", *WINDOW)["reason"]) == {"BUSY"}


def test_a_result_that_comes_too_late_is_thrown_away(app: App, work: CalendarOwner) -> None:
    """The fencing number: a pull that finishes after another one took over never puts its older token back."""
    fill(work, 1)
    app.sync()
    store = app._parts.pulls
    integration_id = app.integrations()[0]["integration_id"]
    late = store.acquire(integration_id, "late", 0.0)
    state = store.load(integration_id)
    (calendar,) = [each for each in state.calendars if each.display_name == "Work"]
    assert sync_integration(app._parts.context(), integration_id, Wish()).outcome == "ok"
    with pytest.raises(LeaseLost):
        store.commit(late, PullBatch(calendar.calendar_id, calendar.sync_token, (), state.window, None))
    fresh = store.acquire(integration_id, "fresh", 60.0)
    with pytest.raises(LeaseLost):
        store.commit(fresh, PullBatch(calendar.calendar_id, "another token", (), state.window, None))
    assert store.commit(fresh, PullBatch(calendar.calendar_id, calendar.sync_token, (), state.window, None)) == Counts()
    store.release(fresh)


def test_a_horizon_that_grows_under_a_run_makes_it_read_again(app: App, work: CalendarOwner, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object read over a narrower window than is expanded by now would leave a gap; the run is thrown away and repeated."""
    fill(work, 1)
    app.sync()
    fill(work, 2)
    store, load = app._parts.pulls, app._parts.pulls.load
    narrow = []

    def loaded(integration_id: str) -> Any:
        state = load(integration_id)
        if narrow:
            return state
        narrow.append(state)
        return type(state)(
            **{name: getattr(state, name) for name in state.__slots__} | {"window": Interval(state.window.start, app._parts.clock.now())}
        )

    monkeypatch.setattr(store, "load", loaded)
    run = run_of(app)
    assert (run["outcome"], run["added"]) == ("ok", 1)
    assert blocked(app) == 2


def test_a_token_refused_on_the_listing_itself_falls_back_to_etags_h8(app: App, icloud: ICloud, work: CalendarOwner) -> None:
    """H8: a server without sync-collection is listed by ETag; deletions are proven by the complete listing."""
    icloud.change(sync_supported=False)
    fill(work, 4)
    assert run_of(app)["added"] == 4
    work.delete("e0")
    work.put("e1", event_at("e1", "20270201T090000Z", "20270201T100000Z"))
    run = run_of(app)
    assert (run["changed"], run["removed"], run["outcome"]) == (1, 1, "ok")
    assert blocked(app) == 3


def test_the_daily_reconciliation_finds_what_a_lying_token_hid_c2(
    app: App, icloud: ICloud, work: CalendarOwner, icloud_clock: MovableClock
) -> None:
    """C2: an expired token answered with 207, everything, and no removals: the deletion is found within a day."""
    fill(work, 4)
    app.sync()
    icloud.change(expired_token="full_listing")
    work.delete("e0")
    icloud.expire_tokens()
    app.sync()
    icloud_clock.advance(25 * HOUR)
    app.sync()
    assert blocked(app) == 3


def test_the_errors_of_a_token_are_reasons_to_list_and_never_failures() -> None:
    """``SyncTokenInvalid`` carries its disposition: list in full."""
    assert SyncTokenInvalid(path="/a/").disposition.name == "RELIST"
