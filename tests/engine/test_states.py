"""What an account's state is after trouble, when it is asked again, and what is kept meanwhile: over a real store and the look-alike."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from icalsync.clock import SystemClock
from icalsync.engine.fleet import Refused
from icalsync.engine.fresh import ensure_fresh
from icalsync.engine.visit import Wish
from icalsync.errors import AnotherSyncIsRunning, AuthenticationRejected, SlotNotBookable
from icalsync.ports import Beginning, Purpose, Run
from tests.engine.clinic import DAY, HOUR, MINUTE, WINDOW, copied, fill, health, pull, reasons
from tests.icloud import ICloud, MovableClock
from tests.icloud.fixtures import ANNA, BEN, PASSWORD
from tests.servers import event_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from icalsync.app import App
    from tests.icloud import CalendarOwner

OTHER = "abcd-efgh-ijkl-mnop-other"
UNATTENDED = Wish(attended=False)


@pytest.fixture
def watched(app: App) -> Callable[[], Any]:
    """One run as the watch makes it: nobody is waiting for it."""
    return lambda: pull(app, UNATTENDED)


# --- H1, H2, H5: what a rejection is -----------------------------------------------------------------------------------------------


def test_one_rejection_that_passes_is_none_at_all_h1(app: App, icloud: ICloud, work: CalendarOwner) -> None:
    """H1: a flap of one moment: the run asks once more, and ends as if nothing had been."""
    fill(work, 1)
    icloud.fail_next(2, status=401)  # the listing, and the look at the root that would tell it from throttling
    run = pull(app)
    assert (run.outcome, run.status, run.counts.added) == ("ok", "ok", 1)


def test_rejections_stop_the_watch_only_when_there_were_enough_over_long_enough_h1(
    app: App, icloud: ICloud, work: CalendarOwner, watched: Callable[[], Any], icloud_clock: MovableClock
) -> None:
    """H1, case 1: throttled and retried at first; after a quarter of an hour a person is needed; data stays; reconnecting heals."""
    fill(work, 2)
    pull(app)
    icloud.account(ANNA).change_password(OTHER)
    told = []
    for _ in range(6):
        run = watched()
        told.append(run.status)
        (account,) = app._parts.pulls.accounts()
        pause = account.standing.next_try_at - icloud_clock.now()
        if run.status == "reauthentication_needed":
            break
        assert "asked again before anything is concluded" in health(app)["status_reason"]
        assert pause <= timedelta(minutes=20)
        icloud_clock.advance(pause.total_seconds() + 1)
    assert told[:2] == ["throttled", "throttled"]
    assert told[-1] == "reauthentication_needed"
    assert len(told) >= 3
    assert pause > timedelta(hours=22)
    assert reasons(app) == ["BUSY", "BUSY", "NOT_COVERED"]
    icloud.account(ANNA).change_password(PASSWORD)
    app.reconnect(account.integration_id, PASSWORD)
    assert (health(app)["status"], health(app)["failures"], reasons(app)) == ("ok", 0, ["BUSY", "BUSY"])


def test_a_person_who_syncs_is_told_at_once_that_the_password_is_rejected_h1(app: App, icloud: ICloud, work: CalendarOwner) -> None:
    """H1, design.md §5: checked twice more within the run, then exit 3; and the next run, at any time, tries again."""
    fill(work, 1)
    app.sync()
    icloud.account(ANNA).change_password(OTHER)
    report = app.sync()
    assert (report.exit_code, report.runs[0]["error_code"]) == (3, "AUTHENTICATION_REJECTED")
    assert health(app)["status"] == "reauthentication_needed"
    icloud.account(ANNA).change_password(PASSWORD)
    assert app.sync().exit_code == 0
    assert health(app)["status"] == "ok"


def test_a_dead_password_costs_one_careful_try_a_day_h1(
    app: App, icloud: ICloud, watched: Callable[[], Any], icloud_clock: MovableClock
) -> None:
    """H1: the listing and the root, once; never again and again, because Apple locks accounts for that."""
    pull(app)
    icloud.account(ANNA).change_password(OTHER)
    for _ in range(4):
        watched()
        icloud_clock.advance(10 * MINUTE)
    mark = icloud.ledger.mark()
    assert watched().status == "reauthentication_needed"
    assert len(icloud.ledger.requests(after=mark)) <= 2
    freshness = ensure_fresh(app._parts.context(), [health(app)["integration_id"]], icloud_clock.now(), timedelta(seconds=5))
    assert list(freshness.out_of_reach.values()) == ["AUTHENTICATION_REJECTED"]
    assert len(icloud.ledger.requests(after=mark)) <= 2, "a booking must not try a dead password either"


def test_one_calendar_that_is_rejected_is_its_own_trouble_h2(app: App, icloud: ICloud, work: CalendarOwner) -> None:
    """H2: the account stays well and its other calendars are pulled; what was known of that one goes on blocking."""
    fill(work, 1)
    other = icloud.account(ANNA).add_calendar("Side")
    fill(other, 1, prefix="s")
    pull(app)
    fill(work, 2)
    fill(other, 2, prefix="s")
    icloud.fail_next(1, status=401, below=work.href)
    run = pull(app)
    codes = {row.calendar_id: row.error_code for row in run.calendars}
    names = {row["display_name"]: row["calendar_id"] for row in app.calendars("ACME", "anna")}
    assert (run.status, run.outcome) == ("ok", "partial")
    assert codes == {names["Work"]: "SERVER_BUSY", names["Side"]: None}
    assert reasons(app) == ["BUSY"]
    assert pull(app).outcome == "ok"
    assert reasons(app) == ["BUSY", "BUSY"]


def test_a_server_that_rejects_everywhere_below_its_root_is_throttling_h2_h5(
    app: App, icloud: ICloud, work: CalendarOwner, icloud_clock: MovableClock
) -> None:
    """H2, H5, icloud.md §1.3: no password is declared dead; what is known is believed until it is stale, and it heals by itself."""
    fill(work, 1)
    pull(app)
    icloud.throttle(10 * MINUTE)
    assert pull(app).status == "throttled"
    assert health(app)["failures"] == 1
    assert reasons(app) == ["BUSY"]
    icloud_clock.advance(11 * MINUTE)
    assert pull(app).outcome == "ok"
    assert health(app)["next_try_at"] is None


@pytest.mark.parametrize("status", [403, 429, 503])
def test_a_rate_limit_is_no_wrong_password_h5(app: App, icloud: ICloud, work: CalendarOwner, status: int) -> None:
    """H5: whichever way a server says that it is too much, the account waits and is tried again."""
    fill(work, 1)
    pull(app)
    icloud.fail_next(1, status=status)
    run = pull(app)
    assert run.status in {"throttled", "failing"}
    assert health(app)["next_try_at"] is not None
    assert (pull(app).outcome, health(app)["status"], reasons(app)) == ("ok", "ok", ["BUSY"])


def test_a_disconnected_account_has_that_state_whatever_a_late_run_says(app: App, icloud: ICloud) -> None:
    """A run that ends after the last connection did must not give the account another state; connecting again clears all."""
    pull(app)
    store, integration_id = app._parts.pulls, health(app)["integration_id"]
    lease = store.acquire(integration_id, "late", 60)
    last = store.elsewhere(integration_id, datetime.min.replace(tzinfo=SystemClock().now().tzinfo)).run
    app.disconnect("ACME", "anna", integration_id)
    store.record(lease, replace(last, run_id="late", status="failing"))
    store.release(lease)
    with app._parts.database.read() as tx:
        known = tx.value("SELECT status FROM _kept.integration_status_version WHERE known_to = 'infinity'")
    assert known == "disconnected"
    app.connect("ACME", "anna", provider="icloud", account=ANNA, password=PASSWORD)
    assert health(app)["status"] == "ok"


# --- H15, H16: what a host asks for ------------------------------------------------------------------------------------------------


def two_accounts(app: App) -> None:
    """Ben, at the same host."""
    app.add_user("ACME", "ben")
    app.connect("ACME", "ben", provider="icloud", account=BEN, password=PASSWORD)


def test_what_a_host_asks_of_one_account_holds_for_all_of_its_accounts_h15(app: App, icloud: ICloud, icloud_clock: MovableClock) -> None:
    """H15: a person is told until when, exit 1, and nothing is sent; a booking is told at once; afterwards all goes on."""
    two_accounts(app)
    app.sync()
    icloud.fail_next(1, status=429, retry_after=600)
    app.sync(user="anna", sub_account="ACME")
    mark = icloud.ledger.mark()
    report = app.sync()
    assert (report.exit_code, report.runs) == (1, ())
    assert [each["error"] for each in report.refused] == ["HOST_HELD", "HOST_HELD"]
    assert "2026-11-22T12:10:00" in report.refused[0]["message"]
    ids = [row["integration_id"] for row in app.integrations()]
    freshness = ensure_fresh(app._parts.context(), ids, icloud_clock.now(), timedelta(seconds=5))
    assert set(freshness.out_of_reach.values()) == {"HOST_HELD"}
    assert icloud.ledger.requests(after=mark) == []
    with app._parts.database.read() as tx:
        assert tx.rows("SELECT * FROM _kept.sync_run WHERE outcome NOT IN ('ok', 'partial', 'failed')") == []
    icloud_clock.advance(601)
    assert app.sync().exit_code == 0


def test_one_accounts_failing_without_a_request_for_patience_holds_nobody_else_h15(app: App, icloud: ICloud) -> None:
    """H15: a 503 that names no time is the account's own pause."""
    two_accounts(app)
    pull(app)
    icloud.fail_next(1, status=503)
    pull(app)
    assert {row["status"] for row in app.integrations()} == {"ok", "throttled"}
    assert pull(app).outcome == "ok"


@pytest.mark.parametrize(("asked", "seconds"), [("Sun, 22 Nov 2026 12:02:00 GMT", 120), ("315360000", 3600)])
def test_a_hold_lasts_as_long_as_was_asked_within_reason_h16(
    app: App, icloud: ICloud, icloud_clock: MovableClock, asked: str, seconds: float
) -> None:
    """H16: seconds or a date, ten years at most an hour; the shorter forms are tests/core/test_backoff.py's."""
    pull(app)
    icloud.fail_next(1, status=429, retry_after=asked)
    pull(app)
    icloud_clock.advance(seconds - 0.5)
    assert isinstance(pull(app), Refused)
    icloud_clock.advance(1)
    assert pull(app).outcome == "ok"


@pytest.mark.parametrize("asked", ["-5", "soon"])
def test_nonsense_never_stops_an_account_for_good_h16(app: App, icloud: ICloud, icloud_clock: MovableClock, asked: str) -> None:
    """H16: a negative number is a second, junk is nothing that was asked for."""
    pull(app)
    icloud.fail_next(1, status=429, retry_after=asked)
    pull(app)
    icloud_clock.advance(1.5)
    assert pull(app).outcome == "ok"


def test_a_clock_set_back_does_not_make_a_hold_last_t12(
    app: App, icloud: ICloud, icloud_clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T12: a hold noted a year ahead holds nobody once the clock is right again."""
    pull(app)
    now = icloud_clock.now
    monkeypatch.setattr(icloud_clock, "now", lambda: now() + timedelta(days=365))
    icloud.fail_next(1, status=429, retry_after=600)
    pull(app)
    assert isinstance(pull(app), Refused)
    monkeypatch.setattr(icloud_clock, "now", now)
    assert pull(app).outcome == "ok"


# --- H6, C9, C12: calendars out of reach ---------------------------------------------------------------------------------------------


def test_a_lost_calendar_is_looked_for_before_anything_is_believed_and_kept_for_its_grace_h6(
    app: App, icloud: ICloud, work: CalendarOwner, icloud_clock: MovableClock
) -> None:
    """H6, C9: a day and three runs; until then its events block, afterwards it is still not covered (R12); nothing is deleted."""
    fill(work, 2)
    pull(app)
    before = icloud_clock.now() + timedelta(minutes=1)
    icloud_clock.advance(HOUR)
    work.remove()
    run = pull(app)
    assert run.purpose == "discovery"
    icloud_clock.advance(DAY - MINUTE)
    for _ in range(4):
        pull(app)
    assert reasons(app) == ["BUSY", "BUSY", "NOT_COVERED"]
    icloud_clock.advance(2 * MINUTE)
    pull(app)
    assert reasons(app) == ["NOT_COVERED"]
    assert len(app.busy("ACME", "anna", *WINDOW, known_at=before)) == 2
    with app._parts.database.read() as tx:
        (stone,) = tx.rows("SELECT objects, returned_at FROM _kept.calendar_tombstone")
        assert stone == {"objects": 2, "returned_at": None}
        assert tx.value("SELECT count(*) FROM _kept.raw_text") == 2


def test_a_calendar_that_comes_back_after_its_grace_is_there_as_before_h6(
    app: App, work: CalendarOwner, icloud_clock: MovableClock
) -> None:
    """H6, C9: undo is its return: everything is kept anew, and the tombstone says when."""
    fill(work, 2)
    pull(app)
    work.remove()
    for _ in range(4):
        pull(app)
        icloud_clock.advance(DAY / 2)
    pull(app)
    assert reasons(app) == ["NOT_COVERED"]
    work.bring_back()
    assert pull(app).outcome == "ok"
    assert reasons(app) == ["BUSY", "BUSY"]
    with app._parts.database.read() as tx:
        assert tx.value("SELECT count(*) FROM _kept.calendar_tombstone WHERE returned_at IS NOT NULL") == 1


def test_a_long_silence_alone_is_no_proof_of_a_loss_h6(app: App, icloud: ICloud, work: CalendarOwner, icloud_clock: MovableClock) -> None:
    """H6: days without three runs that got through, and outages of the account, forget nothing."""
    fill(work, 2)
    pull(app)
    work.remove()
    pull(app)
    icloud_clock.advance(3 * DAY)
    icloud.fail_next(2, status=500)
    pull(app)
    pull(app)
    assert reasons(app).count("BUSY") == 2


def test_a_404_on_a_listed_calendar_is_asked_once_more_after_discovery_h6(app: App, icloud: ICloud, work: CalendarOwner) -> None:
    """H6: one answer 404 for the collection itself is no loss where the calendar is still listed."""
    fill(work, 1)
    pull(app)
    fill(work, 2)
    icloud.fail_next(1, status=404, below=work.href)
    run = pull(app)
    assert (run.purpose, run.outcome, run.counts.added) == ("discovery", "ok", 1)
    assert reasons(app) == ["BUSY", "BUSY"]


def test_a_share_that_is_refused_is_access_lost_and_keeps_its_events_c12(app: App, icloud: ICloud, work: CalendarOwner) -> None:
    """C12: 403 on the collection is no deletion."""
    fill(work, 1)
    pull(app)
    fill(work, 2)
    icloud.fail_next(9, status=403, below=work.href)
    run = pull(app)
    assert run.calendars[0].error_code == "ACCESS_DENIED"
    (row,) = app.coverage("ACME", "anna")["missing"]
    assert row["state"] == "access_lost"
    assert reasons(app) == ["BUSY", "NOT_COVERED"]


# --- leases, runs, and results that are shared -----------------------------------------------------------------------------------------


def test_a_run_is_in_the_table_from_its_beginning_with_a_heartbeat(app: App, work: CalendarOwner, monkeypatch: pytest.MonkeyPatch) -> None:
    """``running`` while it runs; then how it ended, under the same id."""
    fill(work, 1)
    seen: list[dict[str, Any]] = []
    commit = app._parts.pulls.commit

    def committed(*arguments: Any) -> Any:
        seen.extend(app.sql("from sync_runs where outcome = 'running'").to_dict("records"))
        return commit(*arguments)

    monkeypatch.setattr(app._parts.pulls, "commit", committed)
    run = pull(app)
    assert {row["run_id"] for row in seen} == {run.run_id}
    assert seen[0]["heartbeat_at"] is not None
    assert set(app.sql("from sync_runs")["outcome"]) == {"ok"}


def test_a_run_whose_process_died_is_aborted_and_its_lease_taken_over_at_once_t4(app: App, work: CalendarOwner) -> None:
    """T4: nobody waits for a lease whose holder is gone, and the table does not say for ever that it runs."""
    fill(work, 1)
    store, integration_id = app._parts.pulls, health(app)["integration_id"]
    store.acquire(integration_id, "PID 1 of before", 300, Beginning("dead", Purpose.SYNC, app._parts.clock.now()))
    with app._parts.database.write() as tx:
        tx.execute("UPDATE _kept.lease SET pid = 4194304")
    began = time.monotonic()
    assert pull(app).outcome == "ok"
    assert time.monotonic() - began < 5
    (row,) = app.sql("from sync_runs where run_id = 'dead'").to_dict("records")
    assert (row["outcome"], row["error_code"], row["ended_at"]) == ("aborted", "RUN_ABORTED", row["heartbeat_at"])


def test_a_number_given_to_another_process_since_holds_nothing_t4(app: App) -> None:
    """T4: process numbers are used again; when the process began tells them apart."""
    store, integration_id = app._parts.pulls, health(app)["integration_id"]
    store.acquire(integration_id, "ours", 300)
    with pytest.raises(AnotherSyncIsRunning):
        store.acquire(integration_id, "another", 300)
    with app._parts.database.write() as tx:
        tx.execute("UPDATE _kept.lease SET process = '1'")
    store.release(store.acquire(integration_id, "another", 300))


def test_sweeping_marks_what_nobody_runs_and_leaves_what_somebody_does(app: App) -> None:
    """A living run stays ``running``, whoever sweeps; one whose lease went is ``aborted``."""
    store, integration_id, now = app._parts.pulls, health(app)["integration_id"], app._parts.clock.now()
    lease = store.acquire(integration_id, "alive", 300, Beginning("alive", Purpose.SYNC, now))
    assert store.sweep() == 0
    with app._parts.database.write() as tx:
        tx.execute("UPDATE _kept.lease SET pid = 4194304")
    assert (store.sweep(), store.sweep()) == (1, 0)
    store.release(lease)


def test_a_lease_lasts_by_the_clock_that_never_goes_back_t12(app: App, icloud_clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """T12: the wall clock jumping a day ahead ends no lease of a living process, and jumping back lengthens none."""
    store, integration_id, now = app._parts.pulls, health(app)["integration_id"], icloud_clock.now
    lease = store.acquire(integration_id, "one", 300)
    for days in (1, -1):
        monkeypatch.setattr(icloud_clock, "now", lambda days=days: now() + timedelta(days=days))
        with pytest.raises(AnotherSyncIsRunning):
            store.acquire(integration_id, "two", 300)
    monkeypatch.setattr(icloud_clock, "now", now)
    icloud_clock.advance(200)
    store.renew(lease, 300)
    icloud_clock.advance(200)
    with pytest.raises(AnotherSyncIsRunning):
        store.acquire(integration_id, "two", 300)
    icloud_clock.advance(101)
    assert store.acquire(integration_id, "two", 300).fence > lease.fence


def test_a_long_run_renews_its_lease_and_no_second_one_begins(
    app: App, work: CalendarOwner, icloud_clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request first looks whether the lease wants renewing: a run of many slow requests is never taken for dead."""
    fill(work, 3)
    store, integration_id = app._parts.pulls, health(app)["integration_id"]
    etags = store.etags

    def slowly(calendar_id: str) -> Any:
        icloud_clock.advance(100)
        with pytest.raises(AnotherSyncIsRunning):
            store.acquire(integration_id, "second", 300)
        return etags(calendar_id)

    monkeypatch.setattr(store, "etags", slowly)
    assert pull(app).outcome == "ok"


@pytest.fixture
def real_app(tmp_path: Path, template: Path) -> Any:
    """The same by the machine's own clock, for threads that really wait."""
    clock = SystemClock()
    with ICloud({ANNA: PASSWORD, BEN: PASSWORD}, clock=clock) as cloud:
        yield copied(template, tmp_path, cloud, clock), cloud


def test_fifty_who_ask_at_once_are_served_by_two_or_three_runs(real_app: tuple[App, ICloud]) -> None:
    """design.md §2, R14: whoever finds the account held waits for its result, or for that of the next run."""
    app, icloud = real_app
    integration_id = health(app)["integration_id"]
    mark, answers = icloud.ledger.mark(), list[bool]()
    context = app._parts.context()

    def ask() -> None:
        since = app._parts.clock.now()
        found = ensure_fresh(context, [integration_id], since, timedelta(seconds=30))
        answers.append(found.fresh[integration_id].started_at > since)

    threads = [threading.Thread(target=ask) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 50
    assert len(icloud.ledger.requests(after=mark)) <= 20
    runs = app.sql("from sync_runs where purpose = 'booking' or purpose = 'discovery'")
    assert 1 <= len(runs) <= 4


def test_who_waited_for_a_lease_takes_the_result_of_a_run_that_began_meanwhile(
    real_app: tuple[App, ICloud], monkeypatch: pytest.MonkeyPatch
) -> None:
    """design.md §2: three wait for one who works; then one of them asks the server, and the others take what it brings."""
    app, _ = real_app
    store, elsewhere, met = app._parts.pulls, app._parts.pulls.elsewhere, set[int]()

    def seen(integration_id: str, since: datetime) -> Any:
        met.add(threading.get_ident())
        return elsewhere(integration_id, since)

    monkeypatch.setattr(store, "elsewhere", seen)
    first = store.acquire(health(app)["integration_id"], "first", 60)
    results: list[str] = []
    waiting = [threading.Thread(target=lambda: results.append(pull(app).run_id)) for _ in range(3)]
    for thread in waiting:
        thread.start()
    while len(met) < len(waiting):
        time.sleep(0.02)
    store.release(first)
    for thread in waiting:
        thread.join()
    assert len(results) == 3
    assert len(set(results)) == 1


def test_an_account_that_hangs_delays_no_other_and_no_booking(tmp_path: Path, real_app: tuple[App, ICloud], silent_server: str) -> None:
    """N1, R14: beside a server that never answers, the others are done as fast as alone; after the deadline it is out of reach."""
    app, icloud = real_app
    well = health(app)["integration_id"]
    with app._parts.database.write() as tx:
        for table, columns in (
            ("integration", "99, 'int-hangs', provider, 'x', 'y', 'y'"),
            ("integration_login", f"99, '{silent_server}', account, display_name"),
            ("integration_freshness", "99, NULL, NULL"),
            ("integration_status_version", "99, status, reason, known_from, known_to"),
            ("connection_version", "user_key, 99, connected_at, remote_change_policy, known_from, known_to"),
        ):
            tx.execute(f"INSERT INTO _kept.{table} SELECT {columns} FROM _kept.{table} WHERE integration_key = 1")
    app._parts.secrets.put("int-hangs", app._parts.secrets.get(well))
    fill(icloud.account(ANNA).calendar("Work"), 1)
    began = time.monotonic()
    found = ensure_fresh(app._parts.context(), [well, "int-hangs"], app._parts.clock.now(), timedelta(seconds=3))
    assert time.monotonic() - began < 6
    assert (list(found.fresh), found.out_of_reach) == ([well], {"int-hangs": "DEADLINE_PASSED"})
    assert reasons(app) == ["BUSY"]


@pytest.fixture
def silent_server() -> Any:
    """A server that takes connections and says nothing."""
    import socket  # noqa: PLC0415  # only here

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"


# --- identical change tokens within one second --------------------------------------------------------------------------------------


def test_a_change_within_the_second_of_the_last_one_is_seen_though_the_ctag_is_the_same(
    app: App, icloud: ICloud, work: CalendarOwner, icloud_clock: MovableClock
) -> None:
    """Identical change tokens within one second: a ctag that is a time is believed only once it lies behind the last change."""
    icloud.change(ctag="seconds", token_in_listing=False)
    fill(work, 1)
    pull(app)
    for number in range(1, 4):
        work.put(f"e{number}", event_at(f"e{number}", f"2027020{number}T090000Z", f"2027020{number}T100000Z"))
        pull(app)
        assert reasons(app) == ["BUSY"] * (number + 1)
    for _ in range(3):
        icloud_clock.advance(MINUTE)
        run = pull(app)
    assert run.requests == 1, "and a calendar at rest costs one request again (R17)"


def test_a_rejected_password_is_an_error_with_its_disposition() -> None:
    """What the states are made of."""
    assert AuthenticationRejected(host="x", account="y").disposition.name == "REAUTHENTICATE"
    assert Run.__dataclass_fields__["whole"].default is True


def test_a_sync_by_a_clock_that_was_ahead_proves_nothing_to_a_booking_t12(
    app: App, work: CalendarOwner, icloud: ICloud, icloud_clock: MovableClock
) -> None:
    """T12, R14: when the clock is right again the calendars are asked, though runs and freshness are written down for days to come."""
    icloud_clock.advance(3 * DAY)
    pull(app)
    icloud_clock.advance(-3 * DAY)
    work.put("late", event_at("late", "20270104T090000Z", "20270104T100000Z"))
    mark = icloud.ledger.mark()
    with pytest.raises(SlotNotBookable):
        app.book("ACME", "anna", "2027-01-04 10:00", "2027-01-04 10:30", title="First visit")
    assert icloud.ledger.requests(after=mark), "the calendars were asked"
    assert app.book("ACME", "anna", "2027-01-04 15:00", "2027-01-04 15:30", title="Second visit")["status"] == "booked"


def test_a_clock_that_leaps_ahead_makes_nothing_forgotten_t12(app: App, work: CalendarOwner, icloud_clock: MovableClock) -> None:
    """T12, R16: one run by a clock that is years ahead forgets nothing; what was known stays to be asked."""
    fill(work, 2)
    pull(app)
    work.delete("e0")
    icloud_clock.advance(2 * HOUR)
    pull(app)
    known = len(app.sql("select * from busy_as_of($t)", t=icloud_clock.now() - timedelta(hours=1)))
    icloud_clock.advance(500 * DAY)
    pull(app)
    assert app._parts.retention.prune(timedelta(days=2)) == 0
    icloud_clock.advance(-500 * DAY)
    assert len(app.sql("select * from busy_as_of($t)", t=icloud_clock.now() - timedelta(hours=1))) == known
