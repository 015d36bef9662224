"""What is asked: busy time in each user's eyes, as known at any moment, its coverage, double bookings, and read-only SQL."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icalsync.core.busy import verdict
from icalsync.core.interval import Interval
from icalsync.core.model import ALL_POLICIES, CdoStatus, Instance, Participation, Status, Transparency
from icalsync.errors import BeforeRetention, QueryRefused, StartAfterEnd, UnknownUser, UnknownView
from icalsync.store import horizon
from icalsync.store.answers import VIEWS
from icalsync.store.verdicts import FactsBook, policy_key
from tests.store.conftest import NOW, WINDOW, at, day, invited, meeting, rejected


def test_a_zone_change_moves_local_events_at_once_and_not_the_past(chosen, clock):
    """D24, D25, R16: all-day and floating events follow the user's zone; as known before they stay where they were."""
    floating = meeting("f", datetime(2026, 11, 26, 9), datetime(2026, 11, 26, 10), travel=timedelta(minutes=30))  # noqa: DTZ001  # floating
    chosen.pull("Work", ("a", meeting("a", day(24), day(25))), ("f", floating), ("i", meeting("i", at(27, 9), at(27, 10))), before="t0")
    moment = clock.pass_(minutes=1)
    clock.pass_(minutes=1)
    berlin = [
        (at(23, 23), at(24, 23), "BUSY", "ALL_DAY"),
        (at(26, 7, 30), at(26, 8), "BUSY", "TRAVEL"),
        (at(26, 8), at(26, 9), "BUSY", "BUSY"),
        (at(27, 9), at(27, 10), "BUSY", "BUSY"),
    ]
    tokyo = [
        (at(23, 15), at(24, 15), "BUSY", "ALL_DAY"),
        (at(25, 23, 30), at(26, 0), "BUSY", "TRAVEL"),
        (at(26, 0), at(26, 1), "BUSY", "BUSY"),
        (at(27, 9), at(27, 10), "BUSY", "BUSY"),
    ]
    assert chosen.busy() == berlin
    chosen.people.set_time_zone("acme", "anna", "Asia/Tokyo")
    assert chosen.busy() == tokyo
    assert chosen.busy(known_at=moment) == berlin
    chosen.pull("Work", ("new", meeting("n", day(28), day(29))), token="t2", before="t1")
    chosen.people.set_time_zone("acme", "anna", "Europe/Berlin")
    assert chosen.busy() == [*berlin, (at(27, 23), at(28, 23), "BUSY", "ALL_DAY")]


def test_r9_each_user_sees_a_shared_calendar_in_their_own_zone(chosen):
    """R9: one object, stored once, read by three users."""
    chosen.pull("Work", ("a", meeting("a", day(24), day(25))), before="t0")
    for user, sub_account in (("ben", "acme"), ("carla", "globex")):
        chosen.connect(user, sub_account)
        chosen.roles.add_conflicts(sub_account, user, ["Work"])
    starts = [chosen.busy(user, sub_account)[0][0] for user, sub_account in (("anna", "acme"), ("ben", "acme"), ("carla", "globex"))]
    assert starts == [at(23, 23), at(23, 15), at(24, 5)]
    assert chosen.rows("SELECT count(*) AS n FROM _kept.object_version") == [{"n": 1}]
    assert list(chosen.answers.view("occurrences").groupby("user_id").size()) == [1, 1, 1]


def test_dates_of_all_day_events_stay_dates(chosen):
    """The view shows both, and only for all-day events."""
    chosen.pull("Work", ("a", meeting("a", day(24), day(26))), ("i", meeting("i", at(27, 9), at(27, 10))), before="t0")
    frame = chosen.answers.view("occurrences").set_index("uid")
    assert (frame.loc["a", "starts_on"], frame.loc["a", "ends_on"]) == (pd.Timestamp("2026-11-24"), pd.Timestamp("2026-11-26"))
    assert frame.loc["i", ["starts_on", "ends_on"]].isna().all()
    events = chosen.answers.view("events").set_index("uid")
    assert events.loc["a", "all_day"]
    assert pd.isna(events.loc["a", "starts_at"])
    assert events.loc["a", "starts_local"] == pd.Timestamp("2026-11-24")
    assert events.loc["i", "starts_at"] == pd.Timestamp(at(27, 9))


def test_rows_that_touch_the_window_come_whole(chosen):
    """Half-open: a row that ends where the window begins does not touch it."""
    chosen.pull("Work", ("a", meeting("a", at(24, 9), at(24, 12))), before="t0")
    assert chosen.busy(start=at(24, 11), end=at(24, 13)) == [(at(24, 9), at(24, 12), "BUSY", "BUSY")]
    assert chosen.busy(start=at(24, 12), end=at(24, 13)) == []
    assert chosen.busy(start=at(24, 8), end=at(24, 9)) == []
    with pytest.raises(StartAfterEnd):
        chosen.busy(start=at(24, 9), end=at(24, 9))
    with pytest.raises(UnknownUser):
        chosen.busy("nobody")


def test_busy_has_the_columns_of_the_view(chosen):
    """One shape, asked in Python or in SQL; instants are aware."""
    chosen.pull("Work", ("a", meeting("a", at(24, 9), at(24, 12))), before="t0")
    asked = chosen.answers.busy([("acme", "anna")], at(1, 0), at(30, 0))
    viewed = chosen.answers.view("busy", "source = 'external'")
    pd.testing.assert_frame_equal(asked, viewed)
    assert str(asked["starts_at"].dtype) == "datetime64[us, UTC]"


def test_appointments_blocked_slots_and_coverage_take_availability(chosen, clock):
    """The system's own side, filled by hand here: one row each; cancelled ones none; as known before: none."""
    before = clock.pass_(minutes=1)
    clock.pass_(minutes=1)
    book(chosen, "ap-1", at(24, 9), at(24, 10))
    book(chosen, "ap-2", at(25, 9), at(25, 10), status="cancelled")
    block(chosen, at(26, 9), at(26, 10))
    rows = chosen.answers.busy([("acme", "anna")], at(1, 0), at(30, 0))
    assert list(zip(rows["source"], rows["reason"], rows["ref"], strict=True)) == [
        ("appointment", "OWN_APPOINTMENT", "ap-1"),
        ("blocked_slot", "BLOCKED_SLOT", "bs-1"),
    ]
    assert chosen.busy(known_at=before) == []
    (row,) = chosen.answers.appointments([("acme", "anna")], at(1, 0), at(30, 0))
    assert (row["appointment_id"], row["starts_at"]) == ("ap-1", at(24, 9))
    assert chosen.answers.view("appointments")["title"].tolist() == ["•••", "•••"]


def test_r12_time_outside_the_horizon_is_not_covered(chosen):
    """R12: before and after what is expanded."""
    rows = chosen.busy(start=WINDOW.start - timedelta(days=2), end=WINDOW.end + timedelta(days=2))
    assert [(row[0], row[1], row[3]) for row in rows] == [
        (datetime.fromisoformat("1900-01-01T00:00:00+00:00"), WINDOW.start, "NOT_COVERED"),
        (WINDOW.end, datetime.fromisoformat("2200-01-01T00:00:00+00:00"), "NOT_COVERED"),
    ]
    chosen.roles.remove_conflicts("acme", "anna", ["Work"])
    assert chosen.busy(end=WINDOW.end + timedelta(days=2)) == []


def test_the_horizon_grows_for_every_kept_version(chosen, clock):
    """Recurring objects are expanded further, old versions too, so that as-of answers reach as far; nothing comes twice."""
    weekly = series(at(24, 9), WINDOW)
    chosen.pull("Work", ("s", weekly), before="t0")
    moment = clock.pass_(minutes=1)
    clock.pass_(minutes=1)
    chosen.pull("Work", ("s", series(at(24, 15), WINDOW)), token="t2", before="t1")
    wider = Interval(WINDOW.start - timedelta(days=70), WINDOW.end + timedelta(days=70))

    def read(raw: bytes, window: Interval):
        return series(at(24, 9) if b"9, 0" in raw else at(24, 15), window)

    assert chosen.answers.horizon() == WINDOW
    before = len(chosen.busy(end=WINDOW.end))
    assert chosen.answers.ensure_horizon(wider, read) is True
    assert chosen.answers.ensure_horizon(WINDOW, read) is False
    assert chosen.answers.horizon() == wider
    assert len(chosen.busy(end=WINDOW.end)) == before
    far = chosen.busy(start=WINDOW.end, end=wider.end)
    assert len(far) == 10
    assert {row[0].hour for row in far} == {15}
    assert {row[0].hour for row in chosen.busy(start=WINDOW.end, end=wider.end, known_at=moment)} == {9}
    assert chosen.rows("SELECT count(*) AS n, count(DISTINCT (version_key, instance)) AS d FROM _kept.occurrence")[0] == {
        "n": (n := len(series(at(24, 9), wider).instances) + len(series(at(24, 15), wider).instances)),
        "d": n,
    }


def test_an_object_that_cannot_be_read_further_is_unknown_there_r12(chosen):
    """R12: what exceeds its budget over a wider horizon blocks as UNKNOWN from then on, and is quarantined; it opens nothing."""
    chosen.pull("Work", ("s", series(at(24, 9), WINDOW)), before="t0")
    wider = Interval(WINDOW.start, WINDOW.end + timedelta(days=500))
    asked = []

    def read(raw: bytes, window: Interval):
        asked.append(window)
        return rejected("BUDGET", starts=at(24, 9), ends=wider.end) if window.end == wider.end else series(at(24, 9), window)

    assert chosen.answers.ensure_horizon(wider, read) is True
    assert len(asked) == 2
    assert {row[2:] for row in chosen.busy(start=WINDOW.end, end=wider.end)} == {("UNKNOWN", "UNREADABLE")}
    (row,) = chosen.answers.view("quarantine").to_dict("records")
    assert row["reason"] == "BUDGET"


def test_the_horizon_has_no_gap_when_another_process_set_one_meanwhile(world):
    """Both stretches and what lies between are expanded in the end."""
    far, asked = Interval(at(1, 0), at(8, 0)), Interval(at(20, 0), at(27, 0))
    settle, disturbed = horizon._settle, []

    def disturb(tx, target, before):
        if not disturbed:
            disturbed.append(target)
            tx.execute("UPDATE _kept.meta SET horizon_from = ?, horizon_to = ?", [far.start, far.end])
        return settle(tx, target, before)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(horizon, "_settle", disturb)
        assert world.answers.ensure_horizon(asked, lambda _raw, _window: rejected()) is True
    assert world.answers.horizon() == Interval(far.start, asked.end)


def test_r16_a_moment_before_the_retention_limit_is_an_error_never_an_empty_table(db, world):
    """R16: in Python and in SQL, for count(*), under any filter, in an empty database too; NULL is no moment either."""
    early = NOW - timedelta(days=1)
    with pytest.raises(BeforeRetention):
        world.busy(known_at=early)
    with pytest.raises(BeforeRetention):
        world.answers.coverage([("acme", "anna")], early)
    for query in (
        "SELECT count(*) FROM busy_as_of($t)",
        "FROM busy_as_of($t) WHERE user_id = 'nobody'",
        "SELECT max(starts_at) FROM busy_as_of($t) WHERE source = 'appointment'",
        "FROM busy_as_of($t) WHERE busyness = 'FREE'",
    ):
        for moment in (early, None):
            with pytest.raises(BeforeRetention):
                world.answers.sql(query, {"t": moment})
    assert world.answers.sql("SELECT count(*) AS n FROM busy_as_of($t)", {"t": NOW + timedelta(hours=1)})["n"].tolist() == [0]


def test_r15_every_stored_verdict_is_the_one_functions(chosen):
    """R15: whatever facts were met, for every policy, own or not."""
    kinds = (
        meeting("1", at(24, 9), at(24, 10), transparency=Transparency.TRANSPARENT),
        meeting("2", at(24, 9), at(24, 10), status=Status.TENTATIVE),
        meeting("3", day(24), day(25), transparency=Transparency.UNSET, cdo=CdoStatus.OOF),
        meeting("4", at(24, 9), at(24, 9)),
        invited("5", at(24, 9), at(24, 10), Participation.NEEDS_ACTION),
        rejected(starts=at(24, 9), ends=at(24, 10)),
    )
    chosen.pull("Work", *((str(n), kind) for n, kind in enumerate(kinds)), before="t0")
    stored = {(row["facts_key"], row["policy_key"], row["own"]): row for row in chosen.rows("FROM _kept.verdict")}
    with chosen.db.write() as tx:
        known = FactsBook(tx)._keys
    assert len(stored) == len(known) * len(ALL_POLICIES) * 2
    for facts, key in known.items():
        for policy in ALL_POLICIES:
            for own in (False, True):
                judged, row = verdict(facts, policy, own=own), stored[key, policy_key(policy), own]
                assert (row["busyness"], row["reason"]) == (judged.busyness, judged.reason)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_busy_never_says_free_and_occurrences_say_everything(chosen, data):
    """A property of whatever is pulled: busy is exactly the occurrences that are not FREE and last, in the user's eyes."""
    results = []
    for n in range(data.draw(st.integers(1, 6))):
        start = at(data.draw(st.integers(2, 27)), data.draw(st.integers(0, 22)))
        facts = {
            "transparency": data.draw(st.sampled_from(Transparency)),
            "status": data.draw(st.sampled_from(Status)),
            "cdo": data.draw(st.sampled_from(CdoStatus)),
            "travel": timedelta(minutes=data.draw(st.sampled_from([0, 15]))),
        }
        if data.draw(st.booleans()):
            results.append(meeting(f"u{n}", start, start + timedelta(minutes=data.draw(st.sampled_from([0, 30]))), **facts))
        else:
            results.append(meeting(f"u{n}", start.date(), start.date() + timedelta(days=1), **facts))
    token = chosen.pulls.load("int-1").calendars[0].sync_token
    chosen.choices.set_policy("acme", "anna", {"all_day": data.draw(st.sampled_from(["as_marked", "always", "never"]))})
    chosen.pull("Work", *((f"o{n}", result) for n, result in enumerate(results)), token=f"{token}x", before=token)
    shown = chosen.answers.view("occurrences")
    kept = shown[(shown["busyness"] != "FREE") & (shown["starts_at"] < shown["ends_at"])]
    busy = chosen.busy()
    assert "FREE" not in {row[2] for row in busy}
    assert sorted(busy) == sorted((r.starts_at.to_pydatetime(), r.ends_at.to_pydatetime(), r.busyness, r.reason) for r in kept.itertuples())
    assert len(shown[shown["reason"] != "TRAVEL"]) >= len(results)


def test_double_bookings_have_a_cause_and_a_stable_id(chosen, clock):
    """Appointments against events by what was known when; two outside events; a forced one; never NULL."""
    chosen.pull("Work", ("early", meeting("early", at(24, 9), at(24, 10))), before="t0")
    clock.pass_(minutes=1)
    book(chosen, "ap-1", at(24, 9, 30), at(24, 11))
    book(chosen, "ap-2", at(25, 9), at(25, 10))
    book(chosen, "ap-3", at(26, 9), at(26, 10), forced=True)
    book(chosen, "ap-4", at(27, 9), at(27, 10))
    book(chosen, "ap-5", at(27, 9), at(27, 10))
    clock.pass_(minutes=1)
    later = (
        ("late", meeting("late", at(25, 9), at(25, 10))),
        ("over", meeting("over", at(26, 9), at(26, 10))),
        ("long", meeting("long", at(28, 0), datetime.fromisoformat("2027-02-01T00:00:00+00:00"))),
        ("in", meeting("in", at(29, 9), at(29, 10))),
    )
    chosen.pull("Work", *later, token="t2", before="t1")
    frame = chosen.answers.view("double_bookings").sort_values("starts_at")
    assert frame["cause"].tolist() == ["RULE_LET_IT_THROUGH", "LATE_ARRIVAL", "FORCED", "RACE", "EXTERNAL_ONLY"]
    assert frame.iloc[0]["starts_at"] == pd.Timestamp(at(24, 9, 30))
    assert frame.iloc[0]["ends_at"] == pd.Timestamp(at(24, 10))
    assert frame["finding_id"].is_unique
    clock.pass_(days=1)
    chosen.people.set_time_zone("acme", "anna", "Asia/Tokyo")
    again = chosen.answers.view("double_bookings").sort_values("starts_at")
    assert again["finding_id"].tolist() == frame["finding_id"].tolist()


def test_one_meeting_seen_through_two_calendars_is_no_double_booking(chosen):
    """Same UID, same instance: one meeting (case 14)."""
    chosen.roles.add_conflicts("acme", "anna", ["Home"])
    same = meeting("same", at(24, 9), at(24, 10))
    chosen.pull("Work", ("a", same), before="t0")
    chosen.pull("Home", ("b", same))
    assert len(chosen.busy()) == 2
    assert len(chosen.answers.view("double_bookings")) == 0


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM users",
        "SELECT 1; SELECT 2",
        "",
        "SELEC 1",
        "ATTACH '/tmp/x.db'",
        "COPY (SELECT 1) TO '/tmp/out.csv'",
        "COPY users FROM '/etc/passwd'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "PRAGMA database_list",
        "CREATE TABLE x (a INTEGER)",
        "CREATE MACRO m() AS 1",
        "CALL pragma_version()",
        "EXPLAIN ANALYZE DELETE FROM users",
        "EXPORT DATABASE '/tmp/x'",
        "DESCRIBE users",
        "SHOW TABLES",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "FROM '/etc/passwd'",
        "FROM glob('/*')",
        "SELECT content FROM read_blob('/etc/passwd')",
        "SELECT * FROM query('SELECT raw FROM _kept.raw_text')",
        "SELECT * FROM query_table('users')",
        "FROM _kept.raw_text",
        "SELECT summary FROM _kept.event",
        "SELECT (SELECT max(summary) FROM _kept.event)",
        "FROM users WHERE EXISTS (FROM _kept.event)",
        "WITH x AS (FROM _kept.event) FROM x",
        "FROM _kept.busy_rows(now())",
        "SELECT _kept.asked_moment(now())",
        "FROM duckdb_settings()",
        "FROM duckdb_tables()",
        "FROM sqlite_master",
        "FROM information_schema.tables",
        "FROM pragma_table_info('users')",
        "FROM json_execute_serialized_sql('x')",
        "FROM users, (FROM _kept.event)",
        "SELECT * FROM users UNION ALL FROM _kept.event",
        "SELECT unknown_column FROM users",
        "SELECT 1 / 'x'",
        "SELECT getvariable('x')",
        "FROM (WITH sqlite_master AS (SELECT 1) FROM sqlite_master) a, sqlite_master",
        "WITH sqlite_master AS (FROM sqlite_master) FROM sqlite_master",
        "WITH a AS (FROM pg_class), pg_class AS (SELECT 1) FROM a",
        "WITH RECURSIVE sqlite_master AS (FROM sqlite_master UNION ALL FROM users) FROM sqlite_master",
        "WITH sqlite_master AS (SELECT 1) FROM main.sqlite_master",
        "FROM users WHERE EXISTS (WITH pg_class AS (SELECT 1) FROM pg_class) AND EXISTS (FROM pg_class)",
    ],
)
def test_s6_only_reading_the_public_views_is_possible(chosen, query):
    """S6: one SELECT over the views; nothing else, by whatever way; and the database is as it was."""
    with pytest.raises(QueryRefused):
        chosen.answers.sql(query)
    assert len(chosen.people.users()) == 3


def test_s6_a_condition_cannot_leave_its_view(chosen):
    """S6: the condition of an export is checked as part of its query."""
    for where in (
        "1=1) UNION ALL (SELECT * FROM _kept.event",
        "1=1; DROP VIEW users",
        "user_id IN (FROM read_text('/etc/passwd'))",
        "1=1) --",
    ):
        with pytest.raises(QueryRefused):
            chosen.answers.view("users", where)
    with pytest.raises(UnknownView) as caught:
        chosen.answers.view("_kept.event")
    assert "double_bookings" in caught.value.next_step
    assert chosen.answers.view("users", "user_id = 'anna' -- only her")["user_id"].tolist() == ["anna"]


def test_ordinary_questions_are_answered(chosen):
    """Joins, CTEs, windows, parameters, comments, frames lent for one query, and columns of one name."""
    chosen.pull("Work", ("a", meeting("a", at(24, 9), at(24, 10))), before="t0")
    frame = pd.DataFrame({"user_id": ["anna"], "revenue": [10.5]})
    query = """
        WITH mine AS (FROM busy WHERE user_id = $u)  -- whose?
        SELECT m.user_id, r.revenue, count(*) AS n FROM mine m JOIN revenue r USING (user_id)
        JOIN users USING (sub_account, user_id) GROUP BY ALL;
    """
    answer = chosen.answers.sql(query, {"u": "anna"}, {"revenue": frame})
    assert answer.to_dict("records") == [{"user_id": "anna", "revenue": 10.5, "n": 3}]
    with pytest.raises(QueryRefused):
        chosen.answers.sql("FROM revenue")
    with pytest.raises(QueryRefused):
        chosen.answers.sql("FROM main.sqlite_master", None, {"sqlite_master": frame})
    assert len(chosen.answers.sql("FROM busy_as_of($t)", {"t": chosen.clock.at + timedelta(hours=1)})) == 3
    assert chosen.answers.sql("SELECT 1 AS a, 2 AS a").shape == (1, 2)
    twice = (
        "WITH Mine AS (WITH b AS (FROM users) FROM b), c AS (FROM mine) "
        "SELECT (SELECT count(*) FROM MINE) AS n, * FROM c UNION ALL SELECT 1, * FROM mine"
    )
    assert len(chosen.answers.sql(twice)) == 6
    counted = "WITH RECURSIVE t AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM t WHERE a < 3) SELECT a FROM t"
    assert chosen.answers.sql(counted)["a"].tolist() == [1, 2, 3]
    assert chosen.answers.sql("SELECT range FROM range(3)")["range"].tolist() == [0, 1, 2]
    with pytest.raises(QueryRefused):
        chosen.answers.sql("FROM users WHERE user_id = $u")


def test_r18_no_view_and_no_frame_shows_a_title(chosen):
    """R18: a canary in a title, in an appointment, and in an unreadable object is in no public view."""
    chosen.pull("Work", ("a", invited("a", at(24, 9), at(24, 10), Participation.ACCEPTED)), ("q", rejected()), before="t0")
    book(chosen, "ap-1", at(24, 9), at(24, 10))
    with chosen.db.read() as tx:
        assert "CANARY" in tx.value("SELECT summary FROM _kept.event")
    for view in VIEWS:
        assert "CANARY" not in chosen.answers.view(view).to_csv()
    assert chosen.answers.view("events")["summary"].tolist() == ["•••"]


def test_a_frame_is_written_as_parquet_and_read_back(chosen, tmp_path):
    """Export: the same rows and instants, by whoever reads Parquet."""
    chosen.pull("Work", ("a", meeting("a", at(24, 9), at(24, 10))), before="t0")
    frame = chosen.answers.view("occurrences")
    target = tmp_path / "it's.parquet"
    chosen.answers.write_parquet(frame, target)
    back = pd.read_parquet(target)
    assert back["starts_at"].tolist() == frame["starts_at"].tolist()
    assert back["uid"].tolist() == ["a"]


def series(start: datetime, window: Interval):
    """Weekly from ``start`` on, both ways, over a window."""
    plain = meeting("weekly", start, start + timedelta(hours=1), rrule="FREQ=WEEKLY")
    first = start - timedelta(weeks=200)
    starts = [first + timedelta(weeks=n) for n in range(400)]
    instances = tuple(
        Instance(0, f"{each:%Y%m%dT%H%M%SZ}", each, each + timedelta(hours=1), timedelta())
        for each in starts
        if each < window.end and each + timedelta(hours=1) > window.start
    )
    return type(plain)("weekly", plain.events, instances, recurring=True, flags=(), content_hash=plain.content_hash)


def book(world, appointment: str, start: datetime, end: datetime, status: str = "booked", *, forced: bool = False) -> None:
    """An appointment of anna's, straight into its table."""
    with world.db.write() as tx:
        user = tx.value("SELECT user_key FROM _kept.account_user WHERE user_id = 'anna'")
        row = {"appointment_id": appointment, "user_key": user, "starts_at": start, "ends_at": end, "title": "CANARY", "status": status}
        tx.append("appointment_version", [row | {"booked_at": tx.now, "forced": forced, "known_from": tx.now}])


def block(world, start: datetime, end: datetime) -> None:
    """A blocked slot of anna's."""
    with world.db.write() as tx:
        user = tx.value("SELECT user_key FROM _kept.account_user WHERE user_id = 'anna'")
        tx.append(
            "blocked_slot_version",
            [{"blocked_slot_id": "bs-1", "user_key": user, "starts_at": start, "ends_at": end, "known_from": tx.now}],
        )


def test_an_answer_of_too_many_rows_is_refused_before_it_takes_the_memory(world, monkeypatch):
    """A slip in a query is said, and costs no more than the limit."""
    monkeypatch.setattr("icalsync.store.transaction.MOST_ROWS", 1000)
    assert len(world.answers.sql("SELECT * FROM range(1000)")) == 1000
    with pytest.raises(QueryRefused, match="1,000 rows"):
        world.answers.sql("SELECT * FROM range(100000000000)")
