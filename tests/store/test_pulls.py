"""What a pull keeps: versions, tokens, quarantine, freshness; and when it is thrown away."""

from __future__ import annotations

import dataclasses
import os
from datetime import timedelta

import pytest

from icalsync.core.interval import Interval
from icalsync.core.model import Participation, Skipped
from icalsync.errors import AnotherPrincipal, AnotherSyncIsRunning, LeaseLost, UnknownCalendar, UnknownIntegration
from icalsync.ports import CalendarRun, Counts, Finish, ObjectWrite, PullBatch, Purpose, Run
from icalsync.store.attention import Alerts
from icalsync.store.pulls import Pulls
from tests.store.conftest import HOME, WINDOW, WORK, at, collection, day, discovered, invited, meeting, rejected

UNTOUCHED_BY_A_RUN = "('sync_run', 'sync_calendar_run', 'lease', 'instant', 'integration_freshness', 'calendar_freshness')"


def run(world, number=1, fresh=("Work",), **more):
    """A run that found calendars clean and up to date."""
    facts = {
        "run_id": f"run-{number}",
        "integration_id": "int-1",
        "purpose": Purpose.SYNC,
        "started_at": world.clock.at,
        "ended_at": world.clock.at,
        "requests": 1,
        "bytes": 900,
        "counts": Counts(),
        "pushed": 0,
        "outcome": "ok",
        "error_code": None,
        "status": "ok",
        "status_reason": None,
        "fresh": tuple(world.id_of(name) for name in fresh),
    }
    return Run(**(facts | more))


def all_other_rows(world):
    """Every row of every table that an unchanged run may not touch."""
    with world.db.read() as tx:
        names = [
            row["table_name"]
            for row in tx.rows(
                f"SELECT table_name FROM duckdb_tables() WHERE schema_name = '_kept' AND table_name NOT IN {UNTOUCHED_BY_A_RUN}"
            )
        ]
        return {name: tx.rows(f"SELECT * FROM _kept.{name} ORDER BY ALL") for name in names}


def test_r17_a_run_with_nothing_changed_changes_only_runs_and_freshness(chosen, clock):
    """R17: acquire, load, etags, the same discovery, record, release: no other row of any table differs."""
    chosen.pull("Work", ("a", invited("a", at(24, 9), at(24, 10), Participation.ACCEPTED)), before="t0")
    lease = chosen.pulls.acquire("int-1", "first", 60)
    chosen.pulls.record(lease, run(chosen))
    chosen.pulls.release(lease)
    before = all_other_rows(chosen)
    clock.pass_(hours=1)
    lease = chosen.pulls.acquire("int-1", "second", 60)
    assert chosen.pulls.load("int-1").calendars
    assert chosen.pulls.etags(chosen.id_of("Work"))
    chosen.pulls.save_discovery(lease, discovered())
    chosen.pulls.record(lease, run(chosen, 2))
    chosen.pulls.release(lease)
    assert all_other_rows(chosen) == before
    assert len(chosen.answers.view("sync_runs")) == 2
    assert chosen.accounts.calendar("acme", "anna", "Work")["last_synced_at"] == clock.at


def test_a_changed_object_is_a_new_version_and_a_removed_one_is_closed(chosen, clock):
    """R16: each moment's knowledge stays."""
    assert chosen.pull("Work", ("a", meeting("a", at(24, 9), at(24, 10))), before="t0") == Counts(added=1)
    first = clock.pass_(minutes=1)
    clock.pass_(minutes=1)
    assert chosen.pull("Work", ("a", meeting("a", at(24, 11), at(24, 12))), token="t2", before="t1") == Counts(changed=1)
    second = clock.pass_(minutes=1)
    clock.pass_(minutes=1)
    assert chosen.pull("Work", token="t3", before="t2", removals=("a", "never-there")) == Counts(removed=1)
    assert [row[0] for row in chosen.busy(known_at=first)] == [at(24, 9)]
    assert [row[0] for row in chosen.busy(known_at=second)] == [at(24, 11)]
    assert chosen.busy() == []
    assert chosen.pulls.etags(chosen.id_of("Work")) == {}


def test_a_new_etag_over_the_same_content_is_no_change(chosen):
    """DTSTAMP moves whenever iCloud is read: the ETag is brought up to date, and no version is made."""
    same = meeting("a", at(24, 9), at(24, 10))
    chosen.pull("Work", ("a", same), before="t0")
    before = chosen.rows("SELECT version_key, known_from FROM _kept.object_version")
    assert chosen.pull("Work", ("a", same), token="t2", before="t1") == Counts()
    assert chosen.rows("SELECT version_key, known_from FROM _kept.object_version") == before
    assert chosen.pulls.etags(chosen.id_of("Work")) == {"/dav/x/a.ics": '"a-t2"'}
    assert chosen.rows("SELECT count(*) AS n FROM _kept.raw_text") == [{"n": 1}]


def test_hrefs_that_differ_only_in_escaping_are_one_object(chosen):
    """C14: a place is a place."""
    calendar_id, event = chosen.id_of("Work"), meeting("a", at(24, 9), at(24, 10))
    for turn, href in enumerate(("/dav/x/%C3%A4.ics", "/dav/x/%c3%a4.ics", "/dav/x/ä.ics")):
        batch = PullBatch(calendar_id, "t0", (ObjectWrite(href, str(turn), b"x", event),), WINDOW, None)
        chosen.pulls.commit(chosen.lease(), batch)
    assert len(chosen.busy()) == 1
    assert len(chosen.pulls.etags(calendar_id)) == 1


def test_an_object_without_events_is_kept_and_is_no_event(chosen):
    """C22: it is not fetched again, blocks nothing, and is not counted as unreadable."""
    assert chosen.pull("Work", ("todo", Skipped("VTODO")), before="t0") == Counts(added=1)
    assert "/dav/x/todo.ics" in chosen.pulls.etags(chosen.id_of("Work"))
    assert chosen.accounts.calendar("acme", "anna", "Work")["objects"] == 0
    assert chosen.busy() == []


def test_an_unreadable_object_is_quarantined_and_heals(chosen, clock):
    """R12: its time blocks as UNKNOWN; where it cannot be told, coverage falls; when it can be read again it is healed."""
    counts = chosen.pull("Work", ("bad", rejected(starts=at(24, 9), ends=at(24, 10))), ("worse", rejected("NOT_ICALENDAR")), before="t0")
    assert counts == Counts(rejected=2)
    assert (at(24, 9), at(24, 10), "UNKNOWN", "UNREADABLE") in chosen.busy()
    assert "NOT_COVERED" in {reason for *_, reason in chosen.busy()}
    first = chosen.answers.view("quarantine").set_index("href")
    assert set(first["reason"]) == {"BAD_DATE", "NOT_ICALENDAR"}
    (row,) = chosen.answers.coverage([("acme", "anna")])
    assert (row["complete"], row["state"], row["reason"]) == (False, "unreadable", "NOT_ICALENDAR")
    clock.pass_(hours=1)
    chosen.pull("Work", ("bad", rejected("BAD_RULE")), ("worse", meeting("w", at(25, 9), at(25, 10))), token="t2", before="t1")
    (left,) = chosen.answers.view("quarantine").to_dict("records")
    assert left["reason"] == "BAD_RULE"
    assert left["first_seen_at"] == first.loc["/dav/x/bad.ics", "first_seen_at"]
    assert left["last_seen_at"] > left["first_seen_at"]
    chosen.pull("Work", token="t3", before="t2", removals=("bad",))
    assert "NOT_COVERED" not in {reason for *_, reason in chosen.busy()}
    assert len(chosen.answers.view("quarantine")) == 0
    assert chosen.rows("SELECT count(*) AS n FROM _kept.quarantine WHERE healed_at IS NULL") == [{"n": 0}]


def test_an_unreadable_object_in_local_time_blocks_in_each_users_zone(chosen):
    """R12: derived for a zone that becomes needed, like any other."""
    chosen.pull("Work", ("bad", rejected(starts=day(24), ends=day(25))), before="t0")
    chosen.connect("ben")
    chosen.roles.add_conflicts("acme", "ben", ["Work"])
    assert chosen.busy() == [(at(23, 23), at(24, 23), "UNKNOWN", "UNREADABLE")]
    assert chosen.busy("ben") == [(at(23, 15), at(24, 15), "UNKNOWN", "UNREADABLE")]


def test_the_token_is_saved_with_the_last_rows_and_read_back(chosen):
    """C29: token, listing marks and reconciliation time of a whole pull."""
    chosen.pull("Work", ("a", meeting("a", at(24, 9), at(24, 10))), before="t0")
    state = chosen.pulls.load("int-1")
    work = next(c for c in state.calendars if c.href == WORK)
    assert (work.sync_token, work.listed_ctag, work.listed_token, work.state) == ("t1", "c-t1", "t1", "ok")
    assert work.roles == {"LINKED", "CONFLICT"}
    assert (work.access, work.selectable, work.in_home) == ("write", True, True)
    assert work.reconciled_at < chosen.clock.at
    assert (state.url, state.account, state.principal, state.homes) == (
        "https://cal.example/",
        "anna",
        "/dav/principals/anna/",
        ("/dav/anna/",),
    )
    assert state.window == WINDOW
    assert state.discovered_at is not None
    with pytest.raises(UnknownIntegration):
        chosen.pulls.load("int-9")


def test_a_pull_that_began_with_another_token_is_thrown_away(chosen):
    """Fencing: rows and token stay as they are (LeaseLost)."""
    chosen.pull("Work", ("a", meeting("a", at(24, 9), at(24, 10))), before="t0")
    before = all_other_rows(chosen)
    with pytest.raises(LeaseLost):
        chosen.pull("Work", ("b", meeting("b", at(25, 9), at(25, 10))), token="t9", before="t0")
    assert all_other_rows(chosen) == before


def test_a_lease_that_was_taken_over_can_change_nothing(chosen, clock):
    """Fencing: who comes late with an old number is refused, everywhere."""
    late = chosen.pulls.acquire("int-1", "late", 60)
    clock.pass_(minutes=5)
    chosen.pulls.acquire("int-1", "next", 60)
    before = all_other_rows(chosen)
    calendar_id = chosen.id_of("Work")
    for call in (
        lambda: chosen.pulls.commit(late, PullBatch(calendar_id, "t0", (), WINDOW, Finish("t1", None, None, (), (), full=True))),
        lambda: chosen.pulls.save_discovery(late, discovered(collection(HOME, "x"))),
        lambda: chosen.pulls.save_listing(late, []),
        lambda: chosen.pulls.mark_calendar(late, calendar_id, "failing", "SERVER_FAILED"),
        lambda: chosen.pulls.record(late, run(chosen)),
    ):
        with pytest.raises(LeaseLost):
            call()
    chosen.pulls.release(late)
    with pytest.raises(AnotherSyncIsRunning, match="next"):
        chosen.pulls.acquire("int-1", "third", 60)
    assert all_other_rows(chosen) == before


def test_one_at_a_time_per_integration_until_given_back_or_expired(chosen, clock):
    """The number grows with each lease; a dead process's lease binds nobody (T4)."""
    one = chosen.pulls.acquire("int-1", "one", 60)
    with pytest.raises(AnotherSyncIsRunning, match="one"):
        chosen.pulls.acquire("int-1", "two", 60)
    chosen.pulls.release(one)
    two = chosen.pulls.acquire("int-1", "two", 60)
    clock.pass_(seconds=61)
    three = chosen.pulls.acquire("int-1", "three", 3600)
    assert one.fence < two.fence < three.fence
    with chosen.db.write() as tx:
        tx.execute("UPDATE _kept.lease SET pid = ?", [2**22 + os.getpid()])
    assert chosen.pulls.acquire("int-1", "four", 60).fence > three.fence


def test_a_pull_over_a_smaller_horizon_than_the_stored_one_is_thrown_away(chosen):
    """It would leave recurring events unexpanded where answers say they are."""
    narrow = Interval(WINDOW.start, at(25, 0))
    batch = PullBatch(chosen.id_of("Work"), "t0", (), narrow, None)
    with pytest.raises(LeaseLost):
        chosen.pulls.commit(chosen.lease(), batch)


def test_r13_held_removals_stay_and_still_block(chosen, clock):
    """R13: they are remembered with the time they were first held."""
    chosen.pull("Work", ("a", meeting("a", at(24, 9), at(24, 10))), before="t0")
    chosen.pulls = Pulls(chosen.db, clock=clock)
    calendar_id = chosen.id_of("Work")

    def hold(*held: str) -> None:
        batch = PullBatch(calendar_id, "t1", (), WINDOW, Finish("t1", None, None, (), held, full=True))
        chosen.pulls.commit(chosen.lease(), batch)

    hold("/dav/x/a.ics")
    first = clock.at
    assert chosen.pulls.load("int-1").calendars[0].held == {"/dav/x/a.ics": first}
    second = clock.pass_(hours=1)
    hold("/dav/x/a.ics", "/dav/x/b.ics")
    assert chosen.pulls.load("int-1").calendars[0].held == {"/dav/x/a.ics": first, "/dav/x/b.ics": second}
    assert len(chosen.busy()) == 1
    hold()
    assert chosen.pulls.load("int-1").calendars[0].held == {}


def test_r13_held_removals_are_an_alert_until_nothing_is_held(chosen):
    """R13, R17: it names the calendar, how many and what to do; told anew when the number changes, and only then."""
    calendar_id, seen = chosen.id_of("Work"), Alerts(chosen.db)

    def hold(*held: str) -> list[dict]:
        batch = PullBatch(calendar_id, token[-1], (), WINDOW, Finish("t1", None, None, (), held, full=True))
        chosen.pulls.commit(chosen.lease(), batch)
        token.append("t1")
        return seen.rows("acme", "anna")

    token = [chosen.rows("SELECT sync_token FROM _kept.calendar_sync")[0]["sync_token"]]
    (first,) = hold("/dav/x/a.ics")
    assert (first["kind"], first["calendar_id"], first["integration_id"]) == ("REMOVALS_HELD", calendar_id, "int-1")
    assert first["says"].startswith("1 events")
    assert f"icalsync sync --confirm-deletions {calendar_id}" in first["says"]
    assert hold("/dav/x/a.ics") == [first]
    (second,) = hold("/dav/x/a.ics", "/dav/x/b.ics")
    assert second["says"].startswith("2 events")
    assert hold() == []
    assert len(seen.rows(open_only=False)) == 2


def test_t12_a_clock_set_back_leaves_ages_by_the_clock_and_knowledge_in_order(chosen, clock):
    """T12, R16: after one excursion a year ahead, what is known stays in order; deadlines, ages and holds follow the clock again."""
    chosen.pull("Work", ("a", meeting("a", at(24, 9), at(24, 10))), before="t0")
    calendar_id, true = chosen.id_of("Work"), clock.at

    def pull(name: str, held: tuple[str, ...]) -> None:
        writes = (ObjectWrite(f"/dav/x/{name}.ics", "e", name.encode(), meeting(name, at(24, 9), at(24, 10))),)
        chosen.pulls.commit(chosen.lease(), PullBatch(calendar_id, "t1", writes, WINDOW, Finish("t1", None, None, (), held, full=True)))

    clock.pass_(days=365)
    pull("b", ("/dav/x/a.ics",))
    clock.at = true
    chosen.pulls.acquire("int-1", "the excursion's lease was given back", 60)
    clock.pass_(minutes=2)
    pull("c", ("/dav/x/a.ics",))
    chosen.pulls.save_discovery(chosen.lease(), discovered())
    state = chosen.pulls.load("int-1")
    assert (state.discovered_at, state.calendars[0].reconciled_at, state.calendars[0].held) == (
        clock.at,
        clock.at,
        {"/dav/x/a.ics": clock.at},
    )
    told = chosen.rows("SELECT uid, known_from FROM _kept.object_version ORDER BY known_from")
    assert [row["uid"] for row in told] == ["a", "b", "c"]
    assert told[2]["known_from"] > told[1]["known_from"] > true + timedelta(days=364)


def test_t12_a_lease_from_before_the_clock_was_set_back_holds_nobody_up(chosen, clock):
    """T12: it reaches farther than any lease does."""
    true = clock.at
    clock.pass_(days=365)
    chosen.pulls.acquire("int-1", "excursion", 300)
    clock.at = true
    lease = chosen.pulls.acquire("int-1", "now", 300)
    with pytest.raises(AnotherSyncIsRunning, match="now"):
        chosen.pulls.acquire("int-1", "another", 300)
    chosen.pulls.release(lease)


def test_t12_a_pull_that_the_clock_says_is_still_to_come_counts_as_stale(chosen, clock):
    """T12, R12: staleness is measured by the clock, and a freshness noted by an excursion is of unknown age."""
    lease = chosen.pulls.acquire("int-1", "x", 600)
    true = clock.at
    clock.pass_(days=365)
    chosen.pulls.record(lease, run(chosen))
    clock.at = true
    assert chosen.answers.coverage([("acme", "anna")])[0]["state"] == "stale"
    chosen.pulls.record(lease, run(chosen, 2))
    assert chosen.answers.coverage([("acme", "anna")])[0]["state"] == "ok"
    clock.pass_(hours=2)
    assert chosen.answers.coverage([("acme", "anna")])[0]["state"] == "stale"


def test_r12_a_calendar_that_fails_is_not_covered_until_it_is_well_again(chosen, clock):
    """R12: its known events stay beside the row that says that nothing is sure; a fresh run heals it; the past stays."""
    chosen.pull("Work", ("a", meeting("a", at(24, 9), at(24, 10))), before="t0")
    lease = chosen.pulls.acquire("int-1", "x", 600)
    chosen.pulls.record(lease, run(chosen))
    chosen.pulls.mark_calendar(lease, chosen.id_of("Work"), "failing", "SERVER_FAILED")
    assert [row[2:] for row in chosen.busy()] == [("UNKNOWN", "NOT_COVERED"), ("BUSY", "BUSY")]
    (row,) = chosen.answers.coverage([("acme", "anna")])
    assert (row["complete"], row["state"], row["reason"], row["covered_from"]) == (False, "failing", "SERVER_FAILED", None)
    during = clock.pass_(minutes=1)
    clock.pass_(minutes=1)
    chosen.pulls.record(lease, run(chosen, 2))
    assert [row[2:] for row in chosen.busy()] == [("BUSY", "BUSY")]
    (row,) = chosen.answers.coverage([("acme", "anna")])
    assert (row["complete"], row["state"], row["reason"], row["as_of"]) == (True, "ok", None, clock.at)
    assert (row["covered_from"], row["covered_to"]) == (WINDOW.start, WINDOW.end)
    assert len(chosen.busy(known_at=during)) == 2
    assert chosen.answers.coverage([("acme", "anna")], during)[0]["state"] == "failing"


@pytest.mark.parametrize("status", ["reauthentication_needed", "unreachable", "failing"])
def test_r12_an_account_in_trouble_covers_none_of_its_calendars(chosen, status):
    """R12: a dead password never opens a slot."""
    lease = chosen.pulls.acquire("int-1", "x", 600)
    chosen.pulls.record(lease, run(chosen, fresh=(), outcome="failed", status=status, status_reason="words", error_code="X"))
    assert [row[2:] for row in chosen.busy()] == [("UNKNOWN", "NOT_COVERED")]
    assert chosen.answers.coverage([("acme", "anna")])[0]["state"] == "failing"
    assert chosen.accounts.integrations()[0]["status_reason"] == "words"
    chosen.pulls.record(lease, run(chosen, 2))
    assert chosen.busy() == []


def test_r12_a_throttled_account_is_out_of_reach_once_its_calendars_are_stale(chosen, clock):
    """R12, H2: 429 and 503 for a while are no loss, while what is known is young; after stale_after nothing is sure any more."""
    lease = chosen.pulls.acquire("int-1", "x", 600)
    chosen.pulls.record(lease, run(chosen))
    trouble = {"fresh": (), "outcome": "failed", "status": "throttled", "status_reason": "words", "error_code": "SERVER_BUSY"}
    clock.pass_(minutes=10)
    chosen.pulls.record(lease, run(chosen, 2, **trouble))
    assert chosen.answers.coverage([("acme", "anna")])[0]["state"] == "ok"
    assert chosen.busy() == []
    young = clock.at
    clock.pass_(days=3)
    (row,) = chosen.answers.coverage([("acme", "anna")])
    assert (row["complete"], row["state"], row["reason"], row["covered_from"]) == (False, "failing", "THROTTLED", None)
    assert [row[2:] for row in chosen.busy()] == [("UNKNOWN", "NOT_COVERED")]
    assert chosen.busy(known_at=young) == []
    assert [row[2:] for row in chosen.busy(known_at=young + timedelta(hours=2))] == [("UNKNOWN", "NOT_COVERED")]
    chosen.pulls.record(lease, run(chosen, 3))
    assert chosen.busy() == []


def test_r16_how_fresh_a_calendar_was_is_told_by_the_runs_that_covered_it(chosen, clock):
    """R16: neither connecting nor a run over another calendar makes this one fresh; a partial run over it does."""
    lease = chosen.pulls.acquire("int-1", "x", 3600 * 10)
    chosen.pulls.record(lease, run(chosen, outcome="partial", error_code="SERVER_FAILED"))
    fresh = clock.at
    for number, more in enumerate(
        ({"fresh": (), "purpose": Purpose.CONNECT}, {"fresh": ("Home",)}, {"fresh": (), "purpose": Purpose.DISCOVERY})
    ):
        clock.pass_(minutes=40)
        chosen.pulls.record(lease, run(chosen, number + 2, **more))
    then = clock.at
    clock.pass_(minutes=1)
    chosen.pulls.record(lease, run(chosen, 9))
    clock.pass_(minutes=1)
    now = chosen.answers.coverage([("acme", "anna")])[0]
    (row,) = chosen.answers.coverage([("acme", "anna")], then)
    assert (row["state"], row["as_of"], now["state"]) == ("stale", fresh, "ok")
    assert chosen.answers.coverage([("acme", "anna")], fresh + timedelta(minutes=59))[0]["state"] == "ok"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"kinds": frozenset({"collection", "calendar", "subscribed"})}, "SUBSCRIBED"),
        ({"components": frozenset({"VTODO"})}, "REMINDERS"),
        ({"kinds": frozenset({"collection"})}, "NOT_A_CALENDAR"),
        ({"privileges": frozenset()}, "NO_READ_ACCESS"),
    ],
)
def test_r12_a_chosen_calendar_that_can_no_longer_be_chosen_is_out_of_reach_until_pulled_again(chosen, clock, more, reason):
    """R12, R6: it is never pulled again, so nothing about it is sure, whatever the reason."""
    lease = chosen.pulls.acquire("int-1", "x", 600)
    chosen.pulls.record(lease, run(chosen))
    chosen.pulls.save_discovery(lease, discovered(collection(WORK, "Work", **more), collection(HOME, "Home")))
    (row,) = chosen.answers.coverage([("acme", "anna")])
    assert (row["state"], row["reason"]) == ("access_lost", reason)
    assert [row[2:] for row in chosen.busy()] == [("UNKNOWN", "NOT_COVERED")]
    chosen.pulls.save_discovery(lease, discovered(collection(WORK, "Work"), collection(HOME, "Home")))
    assert [row[2:] for row in chosen.busy()] == [("UNKNOWN", "NOT_COVERED")]
    chosen.pulls.release(lease)
    chosen.pull("Work", token="t1", before="t0")
    assert chosen.busy() == []


def test_r12_staleness_alone_lowers_coverage_and_leaves_time_open(chosen, clock):
    """R12: after stale_after (an hour) the answer is incomplete, and no row of busy appears."""
    lease = chosen.pulls.acquire("int-1", "x", 600)
    chosen.pulls.record(lease, run(chosen))
    synced = clock.at
    clock.pass_(minutes=59)
    assert chosen.answers.coverage([("acme", "anna")])[0]["complete"] is True
    clock.pass_(minutes=2)
    (row,) = chosen.answers.coverage([("acme", "anna")])
    assert (row["complete"], row["state"], row["reason"], row["as_of"]) == (False, "stale", "STALE", synced)
    assert chosen.busy() == []


def test_a_calendar_never_pulled_stays_so_through_failures(world):
    """R12: nothing is known of it, whatever failed."""
    world.roles.add_conflicts("acme", "anna", ["Home"])
    lease = world.pulls.acquire("int-1", "x", 600)
    world.pulls.mark_calendar(lease, world.id_of("Home"), "failing", "SERVER_FAILED")
    assert world.answers.coverage([("acme", "anna")])[0]["state"] == "never_pulled"
    (row,) = world.busy()
    assert row[2:] == ("UNKNOWN", "NOT_COVERED")


def test_runs_are_kept_with_the_calendars_that_were_asked(chosen):
    """The view's columns, one row each."""
    lease = chosen.pulls.acquire("int-1", "x", 600)
    asked = CalendarRun(chosen.id_of("Work"), 3, 700, Counts(1, 2, 3, 4), "partial", "REMOVALS_HELD")
    chosen.pulls.record(lease, dataclasses.replace(run(chosen), calendars=(asked,), counts=Counts(1, 2, 3, 4), outcome="partial"))
    (row,) = chosen.answers.view("sync_runs").to_dict("records")
    assert (row["purpose"], row["added"], row["rejected"], row["bytes"], row["outcome"]) == ("sync", 1, 4, 900, "partial")
    (row,) = chosen.answers.view("sync_calendar_runs").to_dict("records")
    assert (row["calendar_id"], row["requests"], row["removed"], row["error_code"]) == (chosen.id_of("Work"), 3, 3, "REMOVALS_HELD")


def test_a_discovery_of_another_account_is_refused(chosen):
    """P18: nothing of it is saved."""
    with pytest.raises(AnotherPrincipal):
        chosen.pulls.save_discovery(chosen.lease(), discovered(principal="/dav/principals/eve/"))
    with pytest.raises(UnknownCalendar):
        chosen.pulls.etags("cal-nowhere")
