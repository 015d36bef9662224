"""Runs over a real store and the look-alike: what is proven, what is held, and whose trouble is whose."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from icalsync.core.interval import Interval
from icalsync.engine.run import sync_integration
from icalsync.engine.visit import Wish, lost
from icalsync.errors import IcalsyncError, LeaseLost, SyncTokenInvalid, UnknownIntegration
from icalsync.messages import next_step_for
from icalsync.ports import Counts, Lease, PullBatch
from tests.engine.clinic import HOUR, WINDOW, fill, run_of
from tests.icloud.fixtures import ANNA, BEN, PASSWORD
from tests.servers import event_at

if TYPE_CHECKING:
    from icalsync.app import App
    from tests.icloud import CalendarOwner, ICloud, MovableClock


def blocked(app: App) -> int:
    """How many rows block in the window."""
    return len(app.busy("ACME", "anna", *WINDOW))


def test_held_removals_go_after_a_second_listing_an_hour_later_r13(app: App, work: CalendarOwner, icloud_clock: MovableClock) -> None:
    """R13: a complete, clean listing at least one hour later that shows the same is the second proof; an earlier one is not."""
    fill(work, 20)
    app.sync()
    for number in range(15):
        work.delete(f"e{number}")
    icloud_clock.advance(60)
    run = run_of(app)
    assert run["error_code"] == "REMOVALS_HELD"
    (alert,) = app.alerts("ACME", "anna")
    assert (alert["kind"], f"icalsync sync --confirm-deletions {alert['calendar_id']}" in run["next_step"]) == ("REMOVALS_HELD", True)
    icloud_clock.advance(HOUR / 2)
    assert run_of(app)["removed"] == 0
    assert (blocked(app), app.alerts()) == (20, [alert])
    icloud_clock.advance(HOUR)
    assert run_of(app)["removed"] == 15
    assert (blocked(app), app.alerts()) == (5, [])
    assert run_of(app)["requests"] == 1


def test_the_second_proof_must_be_the_same_r13(app: App, work: CalendarOwner, icloud_clock: MovableClock) -> None:
    """R13: an hour after some vanished, only those go; what is newly absent then is judged anew, and held for an hour of its own."""
    fill(work, 31)
    app.sync()
    for number in range(11):
        work.delete(f"e{number}")
    assert run_of(app)["error_code"] == "REMOVALS_HELD"
    icloud_clock.advance(HOUR + 60)
    for number in range(11, 31):
        work.delete(f"e{number}")
    run = run_of(app)
    assert (run["removed"], run["error_code"]) == (11, "REMOVALS_HELD")
    assert blocked(app) == 20
    icloud_clock.advance(HOUR / 2)
    assert run_of(app)["removed"] == 0
    icloud_clock.advance(HOUR)
    assert run_of(app)["removed"] == 20


def test_a_confirmation_releases_what_is_held_then_and_no_more_r13(app: App, work: CalendarOwner) -> None:
    """R13: a person confirms what they saw; what vanished since, and is suspicious, is held."""
    fill(work, 31)
    app.sync()
    for number in range(11):
        work.delete(f"e{number}")
    app.sync()
    for number in range(11, 31):
        work.delete(f"e{number}")
    run = run_of(app, confirm_deletions=["Work"])
    assert (run["removed"], run["error_code"]) == (11, "REMOVALS_HELD")
    assert blocked(app) == 20
    assert [row["kind"] for row in app.alerts()] == ["REMOVALS_HELD"]
    assert run_of(app, confirm_deletions=["Work"])["removed"] == 20
    assert app.alerts() == []


def test_a_confirmation_with_nothing_held_lets_go_what_is_absent_r13(app: App, work: CalendarOwner) -> None:
    """R13: somebody who knows that the calendar was emptied says so beforehand."""
    fill(work, 15)
    app.sync()
    for number in range(15):
        work.delete(f"e{number}")
    run = run_of(app, confirm_deletions=["Work"])
    assert (run["removed"], run["outcome"]) == (15, "ok")


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


def test_a_vanished_calendar_with_a_role_makes_each_run_partial_h6(app: App, work: CalendarOwner) -> None:
    """R12, H6: somebody relies on it, so every run says that it is missing, until it is back."""
    fill(work, 1)
    app.sync()
    work.remove()
    for _ in range(3):
        report = app.sync()
        (run,) = report.runs
        assert (run["outcome"], run["error_code"], run["status"], report.exit_code) == ("partial", "CALENDAR_GONE", "ok", 1)
        (row,) = run["calendars"]
        assert (row["outcome"], row["error_code"], row["requests"]) == ("failed", "CALENDAR_GONE", 0)
    work.bring_back()
    assert app.sync().exit_code == 0


def test_a_chosen_calendar_that_may_no_longer_be_chosen_is_named_with_its_reason_r12(app: App) -> None:
    """R12: the row carries why, and the run a next step."""
    app.sync()
    integration_id = app.integrations()[0]["integration_id"]
    state = app._parts.pulls.load(integration_id)
    vanished = tuple(replace(each, selectable=False, not_selectable_reason="SUBSCRIBED") for each in state.calendars)
    rows = lost(replace(state, calendars=vanished), Wish())
    chosen = {each.calendar_id for each in state.calendars if each.roles}
    assert {row.calendar_id for row in rows} == chosen
    assert {row.error_code for row in rows} == {"SUBSCRIBED"}
    assert lost(replace(state, calendars=vanished), Wish(calendars=frozenset({"another"}))) == []
    assert "subscription" in next_step_for("SUBSCRIBED")


@pytest.mark.parametrize("error", [UnknownIntegration(name="int-x"), LeaseLost(integration_id="int-x")])
def test_one_integration_that_is_gone_or_contended_never_kills_the_run_of_the_others(
    app: App, work: CalendarOwner, monkeypatch: pytest.MonkeyPatch, error: IcalsyncError
) -> None:
    """design.md §2: purged meanwhile, or thrown away three times: it is reported, and the others are synced."""
    app.add_user("ACME", "ben")
    lost = app.connect("ACME", "ben", provider="icloud", account=BEN, password=PASSWORD)["integration_id"]
    fill(work, 1)
    acquire = app._parts.pulls.acquire

    def acquired(integration_id: str, holder: str, seconds: float, beginning: Any = None) -> Lease:
        if integration_id == lost:
            raise error
        return acquire(integration_id, holder, seconds, beginning)

    monkeypatch.setattr(app._parts.pulls, "acquire", acquired)
    report = app.sync()
    assert [run["added"] for run in report.runs] == [1]
    assert [each["error"] for each in report.refused] == [error.code]
    assert report.exit_code == 1


def test_a_clock_set_back_after_one_excursion_stops_nothing_t12(
    app: App, work: CalendarOwner, icloud_clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T12: what a run a year ahead noted counts as due, so discovery and reconciliation go on, and answers are fresh again."""
    fill(work, 1)
    app.sync()
    now = icloud_clock.now
    monkeypatch.setattr(icloud_clock, "now", lambda: now() + timedelta(days=365))
    app.sync()
    monkeypatch.setattr(icloud_clock, "now", now)
    assert not app.coverage("ACME", "anna")["complete"]
    assert run_of(app)["purpose"] == "discovery"
    assert app.coverage("ACME", "anna")["complete"]
    assert run_of(app)["purpose"] == "sync"
    icloud_clock.advance(2 * HOUR)
    assert not app.coverage("ACME", "anna")["complete"]


def test_a_question_before_the_first_sync_does_not_move_the_horizons_start(
    app: App, work: CalendarOwner, icloud_clock: MovableClock
) -> None:
    """design.md §4: the next sync expands back to where the settings say, and an unchanged day moves nothing (R17)."""
    fill(work, 1)
    app.busy("ACME", "anna", "2027-01-01", "2028-12-01")
    app.sync()
    first = app._parts.answers.horizon()
    now, settings = icloud_clock.now(), app._parts.settings
    assert first is not None
    assert first.start <= now - settings.horizon_back
    assert first.end >= now + settings.horizon_ahead
    icloud_clock.advance(24 * HOUR)
    app.sync()
    assert app._parts.answers.horizon() == first


def test_slots_as_known_then_are_in_the_zone_known_then_r16(app: App, work: CalendarOwner, icloud_clock: MovableClock) -> None:
    """R16: opening hours of a past answer are read in the user's zone of that time."""
    fill(work, 1)
    app.set_hours("ACME", "anna", {"weekly": "Mon-Fri 09:00-10:00"})
    app.sync()
    icloud_clock.advance(60)
    before = icloud_clock.now()
    icloud_clock.advance(60)
    app._parts.people.set_time_zone("ACME", "anna", "Asia/Tokyo")
    asked = {"length": "1h", "asked_at": before, "tz": "UTC"}
    then = app.slots("ACME", "anna", "2027-01-11", "2027-01-13", known_at=before, **asked)
    now = app.slots("ACME", "anna", "2027-01-11", "2027-01-13", **asked)
    assert {each.hour for each in then["starts_at"]} == {8}
    assert {each.hour for each in now["starts_at"]} == {0}


def test_a_frame_without_rows_has_the_documented_types(app: App) -> None:
    """design.md §6: the same dtypes whether or not anything blocks."""
    app.sync()
    app.unlink("ACME", "anna")
    app.remove_conflicts("ACME", "anna", ["Work"])
    frame = app.busy("ACME", "anna", *WINDOW)
    assert len(frame) == 0
    assert str(frame["as_of"].dtype) == str(frame["starts_at"].dtype) == "datetime64[us, Europe/Berlin]"


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
