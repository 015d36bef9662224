"""The audit: what counts as sitting twice, with which cause, under an id that never changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from icalsync.core.audit import Cause, cause_of, every_facts
from icalsync.core.interval import Interval, merged
from icalsync.core.model import Attendee, Participation, Status, Transparency
from icalsync.ports import BookingRequest
from icalsync.store.bookings import Bookings
from icalsync.store.findings import Findings
from tests.store.conftest import World, at, day, invited, meeting, rejected

NINE, TEN = at(24, 9), at(24, 10)


def book(
    world: World, start: datetime, end: datetime, *, name: str = "ap-1", user: str = "anna", forced: bool = False, **more: object
) -> str:
    """An appointment, straight into its table, as known from now on."""
    with world.db.write() as tx:
        key = tx.value("SELECT user_key FROM _kept.account_user WHERE user_id = ?", [user])
        row = {"appointment_id": name, "user_key": key, "starts_at": start, "ends_at": end, "title": "CANARY", "status": "booked"}
        tx.append("appointment_version", [row | {"booked_at": tx.now, "forced": forced, "known_from": tx.now} | more])
    world.clock.pass_(minutes=1)
    return name


def pull(world: World, *writes: tuple[str, object], calendar: str = "Work", removals: tuple[str, ...] = ()) -> None:
    """Objects that become known now."""
    token = next(one for one in world.pulls.load("int-1").calendars if one.calendar_id == world.id_of(calendar)).sync_token
    world.pull(calendar, *writes, token=f"{token}x", before=token, removals=removals)
    world.clock.pass_(minutes=1)


def found(world: World, user: str = "anna", sub_account: str = "acme") -> list[dict]:
    """The user's findings, by start."""
    return Findings(world.db).double_bookings([(sub_account, user)]).to_dict("records")


def causes(world: World, user: str = "anna", sub_account: str = "acme") -> list[tuple[str, str | None]]:
    """Cause and detail of each."""
    return [(row["cause"], row["detail"] if isinstance(row["detail"], str) else None) for row in found(world, user, sub_account)]


def test_an_event_that_became_known_after_the_booking_arrived_late(chosen):
    """Case 20: LATE_ARRIVAL, with how late."""
    book(chosen, NINE, TEN)
    chosen.clock.pass_(minutes=3)
    pull(chosen, ("late", meeting("late", NINE, TEN)))
    (row,) = found(chosen)
    assert (row["cause"], row["minutes"]) == ("LATE_ARRIVAL", pytest.approx(4, abs=0.01))
    assert (row["first_source"], row["second_source"]) == ("appointment", "external")


def test_a_title_changed_later_makes_no_event_late(chosen):
    """Known is what lay over the booking, in whatever version: it was known, and free."""
    pull(chosen, ("free", meeting("free", NINE, TEN, transparency=Transparency.TRANSPARENT)))
    book(chosen, NINE, TEN)
    pull(chosen, ("free", meeting("free", NINE, TEN, transparency=Transparency.TRANSPARENT, summary="CANARY anew")))
    assert causes(chosen) == [("RULE_LET_IT_THROUGH", "TRANSPARENT")]


def test_an_event_moved_onto_the_booking_later_arrived_late(chosen):
    """It was known, but elsewhere."""
    pull(chosen, ("moved", meeting("moved", at(25, 9), at(25, 10))))
    book(chosen, NINE, TEN)
    pull(chosen, ("moved", meeting("moved", NINE, TEN)))
    assert causes(chosen) == [("LATE_ARRIVAL", None)]


def test_two_bookings_made_at_once_raced(chosen):
    """Case 21: RACE, of two of our own, and of an event that reached us within the polling's ten seconds."""
    book(chosen, NINE, TEN)
    chosen.clock.pass_(minutes=-1, seconds=2)
    book(chosen, NINE, TEN, name="ap-2")
    assert causes(chosen) == [("RACE", None)]
    book(chosen, at(25, 9), at(25, 10), name="ap-3")
    chosen.clock.pass_(minutes=-1, seconds=5)
    pull(chosen, ("just", meeting("just", at(25, 9), at(25, 10))))
    assert causes(chosen) == [("RACE", None), ("RACE", None)]
    assert found(chosen)[1]["minutes"] == pytest.approx(5 / 60, abs=0.001)


def test_what_a_rule_or_a_policy_let_through_is_found(chosen):
    """Case 1, case 2, case 4: events that did not block, and over which somebody was booked, each with the reason that freed it."""
    chosen.choices.set_policy("acme", "anna", {"unanswered": "free", "tentative": "free", "all_day": "never", "travel": "free"})
    reasons = ["TRANSPARENT", "DECLINED", "UNANSWERED", "TENTATIVE", "ALL_DAY", "TRAVEL"]
    nine, ten = ([at(number, hour) for number in range(22, 28)] for hour in (9, 10))
    events = (
        meeting("e0", nine[0], ten[0], transparency=Transparency.TRANSPARENT),
        invited("e1", nine[1], ten[1], Participation.DECLINED),
        invited("e2", nine[2], ten[2], Participation.NEEDS_ACTION),
        meeting("e3", nine[3], ten[3], status=Status.TENTATIVE),
        meeting("e4", day(26), day(27)),
        meeting("e5", ten[5], at(27, 11), travel=timedelta(hours=1)),
    )
    pull(chosen, *((event.uid, event) for event in events))
    for number, (start, end) in enumerate(zip(nine, ten, strict=True)):
        book(chosen, start, end, name=f"ap-{number}")
    assert causes(chosen) == [("RULE_LET_IT_THROUGH", reason) for reason in reasons]


def test_what_takes_nobodys_time_is_no_finding(chosen):
    """A cancelled meeting, and one without length; two free events, or a free and a busy one, are no bookings."""
    pull(
        chosen,
        ("c", meeting("c", NINE, TEN, status=Status.CANCELLED)),
        ("z", meeting("z", NINE, NINE)),
        ("f", meeting("f", at(25, 9), at(25, 10), transparency=Transparency.TRANSPARENT)),
        ("g", meeting("g", at(25, 9), at(25, 10), transparency=Transparency.TRANSPARENT)),
        ("b", meeting("b", at(25, 9), at(25, 10))),
    )
    book(chosen, NINE, TEN)
    assert found(chosen) == []


def test_a_policy_that_was_changed_since_counts_as_it_was_then(chosen):
    """R16: free when it was booked, though it blocks now."""
    chosen.choices.set_policy("acme", "anna", {"tentative": "free"})
    pull(chosen, ("t", meeting("t", NINE, TEN, status=Status.TENTATIVE)))
    book(chosen, NINE, TEN)
    chosen.choices.set_policy("acme", "anna", {"tentative": "busy"})
    assert causes(chosen) == [("RULE_LET_IT_THROUGH", "TENTATIVE")]


def test_an_event_of_a_calendar_that_was_not_chosen_is_found(chosen):
    """Case 5: NOT_A_CONFLICT_CALENDAR, also where the calendar was chosen since; an event that is free anyway is none."""
    chosen.pull("Home", ("h", meeting("h", NINE, TEN)), ("f", meeting("f", at(25, 9), at(25, 10), transparency=Transparency.TRANSPARENT)))
    book(chosen, NINE, TEN)
    book(chosen, at(25, 9), at(25, 10), name="ap-2")
    assert causes(chosen) == [("NOT_A_CONFLICT_CALENDAR", None)]
    (before,) = found(chosen)
    chosen.roles.add_conflicts("acme", "anna", ["Home"])
    assert causes(chosen) == [("NOT_A_CONFLICT_CALENDAR", None), ("RULE_LET_IT_THROUGH", "TRANSPARENT")]
    assert found(chosen)[0]["finding_id"] == before["finding_id"]


def test_a_calendar_that_is_another_users_is_none_of_this_users_business(chosen):
    """R9: one account serves a practice; the other's calendar is not a forgotten one."""
    chosen.connect("ben")
    chosen.roles.add_conflicts("acme", "ben", ["Home"])
    chosen.pull("Home", ("h", meeting("h", NINE, TEN)))
    book(chosen, NINE, TEN)
    assert found(chosen) == []


def test_a_booking_made_while_the_calendar_could_not_be_pulled(chosen):
    """Case 3: SOURCE_DOWN, with what was wrong then; not where the event was known all the same."""
    pull(chosen, ("known", meeting("known", at(25, 9), at(25, 10), transparency=Transparency.TRANSPARENT)))
    status(chosen, "reauthentication_needed")
    book(chosen, NINE, TEN)
    book(chosen, at(25, 9), at(25, 10), name="ap-2")
    status(chosen, "ok")
    chosen.clock.pass_(minutes=28)
    pull(chosen, ("e", meeting("e", NINE, TEN)))
    assert causes(chosen) == [("SOURCE_DOWN", "REAUTHENTICATION_NEEDED"), ("RULE_LET_IT_THROUGH", "TRANSPARENT")]
    assert found(chosen)[0]["minutes"] == pytest.approx(30, abs=0.1)


def test_a_booking_on_stale_calendars(chosen):
    """SOURCE_DOWN: the last clean pull was longer ago than ``stale_after``."""
    ran(chosen)
    chosen.clock.pass_(minutes=30)
    book(chosen, NINE, TEN)
    chosen.clock.pass_(hours=2)
    book(chosen, at(25, 9), at(25, 10), name="ap-2")
    pull(chosen, ("e", meeting("e", NINE, TEN)), ("f", meeting("f", at(25, 9), at(25, 10))))
    assert causes(chosen) == [("LATE_ARRIVAL", None), ("SOURCE_DOWN", "STALE")]


def status(world: World, name: str) -> None:
    """What the account's last run said of it."""
    with world.db.write() as tx:
        key = tx.value("SELECT integration_key FROM _kept.integration")
        tx.execute("UPDATE _kept.integration_status_version SET known_to = ? WHERE known_to = 'infinity'", [tx.now])
        tx.append("integration_status_version", [{"integration_key": key, "status": name, "reason": None, "known_from": tx.now}])


def ran(world: World) -> None:
    """A run that found Work clean."""
    calendar_id = world.id_of("Work")
    with world.db.write() as tx:
        key = tx.value("SELECT calendar_key FROM _kept.calendar WHERE calendar_id = ?", [calendar_id])
        counts = dict.fromkeys(("requests", "bytes", "added", "changed", "removed", "rejected", "pushed"), 0)
        row = {"run_id": "r1", "integration_key": 1, "purpose": "sync", "started_at": tx.clock_now, "ended_at": tx.clock_now}
        tx.append("sync_run", [row | counts | {"outcome": "ok", "fresh": [key]}])


def test_a_copy_shifted_by_a_zone(chosen):
    """ZONE_SHIFT: the twin of the event lies two hours later in the other calendar, under the same UID, or as the same invitation."""
    chosen.roles.add_conflicts("acme", "anna", ["Home"])
    chosen.pull("Home", ("true", meeting("tw", at(24, 11), at(24, 12))), ("inv2", guests("i2", at(25, 14))))
    book(chosen, NINE, TEN)
    book(chosen, at(25, 9), at(25, 10), name="ap-2")
    pull(chosen, ("shifted", meeting("tw", NINE, TEN)), ("inv1", guests("i1", at(25, 9))))
    assert causes(chosen) == [("ZONE_SHIFT", None), ("ZONE_SHIFT", None)]
    assert [row["minutes"] for row in found(chosen)] == [120.0, 300.0]


def guests(uid: str, start: datetime) -> object:
    """The same invitation under any UID."""
    people = (Attendee("anna@acme.example", Participation.ACCEPTED), Attendee("guest@else.example", Participation.ACCEPTED))
    return meeting(uid, start, start + timedelta(hours=1), attendees=people)


def test_a_twin_that_is_no_zone_apart_is_late_like_any_other(chosen):
    """Twenty minutes are no zone; neither is a meeting of another length."""
    chosen.roles.add_conflicts("acme", "anna", ["Home"])
    chosen.pull("Home", ("a", meeting("a", at(24, 11, 20), at(24, 12, 20))), ("b", meeting("b", at(25, 11), at(25, 13))))
    book(chosen, NINE, TEN)
    book(chosen, at(25, 9), at(25, 10), name="ap-2")
    pull(chosen, ("a2", meeting("a", NINE, TEN)), ("b2", meeting("b", at(25, 9), at(25, 10))))
    assert causes(chosen) == [("LATE_ARRIVAL", None), ("LATE_ARRIVAL", None)]


def test_one_invitation_in_two_calendars_is_one_meeting(chosen):
    """Case 14: the same UID at the same time, or the same title, time and guests under two UIDs; another title is another meeting."""
    chosen.roles.add_conflicts("acme", "anna", ["Home"])
    chosen.pull("Home", ("a", meeting("a", NINE, TEN)), ("i", guests("i1", at(25, 9))))
    pull(chosen, ("a", meeting("a", NINE, TEN)), ("i", guests("i2", at(25, 9))), ("x", meeting("x", at(26, 9), at(26, 10))))
    assert found(chosen) == []
    pull(chosen, ("y", meeting("y", at(26, 9), at(26, 10))))
    assert causes(chosen) == [("EXTERNAL_ONLY", None)]


def test_a_forced_booking_and_one_moved_by_its_calendar(chosen):
    """FORCED; and RULE_LET_IT_THROUGH where a change made in the calendar was accepted (R11)."""
    pull(chosen, ("e", meeting("e", NINE, TEN)), ("f", meeting("f", at(25, 9), at(25, 10))))
    bookings = Bookings(chosen.db)
    request = BookingRequest("acme", "anna", NINE, TEN, "CANARY", None, None, check=False)
    row = bookings.book(request, actor="tester", asked_at=chosen.clock.now(), polled_since=None)
    book(chosen, at(25, 9), at(25, 10), name="ap-2", changed_by="calendar")
    assert causes(chosen) == [("FORCED", None), ("RULE_LET_IT_THROUGH", "REMOTE_CHANGE")]
    (before, _) = found(chosen)
    chosen.clock.pass_(minutes=1)
    options = {"check": False, "actor": "tester", "asked_at": chosen.clock.now(), "polled_since": None}
    bookings.reschedule(row["appointment_id"], at(24, 9, 30), at(24, 10, 30), **options)
    after = found(chosen)[0]
    assert (after["finding_id"], after["cause"]) == (before["finding_id"], "FORCED")
    assert (after["starts_at"], after["booked_at"]) == (at(24, 9, 30), chosen.clock.now())


def test_a_blocked_slot_counts_against_bookings_only(chosen):
    """Over an outside event it is no double booking; over a booking it is, and came after it."""
    pull(chosen, ("e", meeting("e", NINE, TEN)))
    bookings = Bookings(chosen.db)
    bookings.block("acme", "anna", NINE, TEN, None)
    assert found(chosen) == []
    book(chosen, at(25, 9), at(25, 10))
    chosen.clock.pass_(minutes=5)
    bookings.block("acme", "anna", at(25, 9), at(25, 10), None)
    assert causes(chosen) == [("LATE_ARRIVAL", None)]
    assert found(chosen)[0]["second_source"] == "blocked_slot"


def test_travel_belongs_to_its_event(chosen):
    """One finding for a booking over the journey and the meeting, over all of it."""
    book(chosen, NINE, at(24, 12))
    pull(chosen, ("e", meeting("e", TEN, at(24, 11), travel=timedelta(minutes=30))))
    (row,) = found(chosen)
    assert (row["starts_at"], row["ends_at"]) == (at(24, 9, 30), at(24, 11))


def person(world: World, *who: tuple[str, str]) -> None:
    """Users who are one human."""
    with world.db.write() as tx:
        for sub_account, user in who:
            tx.execute(
                "UPDATE _kept.user_version SET person = 'p-1' WHERE user_key = "
                "(SELECT user_key FROM _kept.account_user WHERE sub_account = ? AND user_id = ?)",
                [sub_account, user],
            )


def test_one_person_at_two_sub_accounts(chosen):
    """CROSS_SUB_ACCOUNT: each side sees its own booking, and of the other the time alone; without ``person`` nothing."""
    book(chosen, NINE, TEN)
    book(chosen, at(24, 9, 30), at(24, 10, 30), name="ap-carla", user="carla")
    assert found(chosen) == []
    person(chosen, ("acme", "anna"), ("globex", "carla"))
    (ours,), (theirs,) = found(chosen), found(chosen, "carla", "globex")
    assert (ours["cause"], theirs["cause"]) == ("CROSS_SUB_ACCOUNT", "CROSS_SUB_ACCOUNT")
    assert (ours["first_ref"], ours["second_source"]) == ("ap-1", "person")
    assert (theirs["second_ref"], theirs["first_source"]) == ("ap-carla", "person")
    assert ours["finding_id"] != theirs["finding_id"]
    hidden = [ours[f"second_{name}"] for name in ("calendar_id", "uid", "ref", "known_from")]
    assert [value for value in hidden if value == value and value is not None] == []  # noqa: PLR0124  # NaT is not itself
    assert (ours["second_starts_at"], ours["second_ends_at"]) == (at(24, 9, 30), at(24, 10, 30))


def test_what_both_sides_see_is_no_business_across(chosen):
    """The event of a calendar that serves both is a finding of each side's own, once."""
    chosen.connect("carla", "globex")
    chosen.roles.add_conflicts("globex", "carla", ["Work"])
    person(chosen, ("acme", "anna"), ("globex", "carla"))
    book(chosen, NINE, TEN)
    pull(chosen, ("e", meeting("e", NINE, TEN)))
    assert causes(chosen) == [("LATE_ARRIVAL", None)]
    assert found(chosen, "carla", "globex") == []


def test_windows_are_half_open_and_users_are_kept_apart(chosen):
    """A finding is there where its overlap touches the window."""
    pull(chosen, ("long", meeting("long", at(24, 0), at(29, 0))))
    for number, name in enumerate(("ap-1", "ap-2", "ap-3")):
        book(chosen, at(25 + number, 9), at(25 + number, 10), name=name)
    findings = Findings(chosen.db)
    whole = findings.double_bookings(None)
    assert len(whole) == 3
    for (start, end), count in {(at(25, 9), at(26, 9)): 1, (at(25, 10), at(26, 9)): 0, (at(26, 0), at(28, 0)): 2}.items():
        assert len(findings.double_bookings([("acme", "anna")], start, end)) == count
    assert len(findings.double_bookings([("acme", "ben")])) == 0
    assert list(findings.double_bookings([("acme", "anna")])["finding_id"]) == list(whole["finding_id"])
    assert list(chosen.answers.view("double_bookings").sort_values("starts_at")["finding_id"]) == list(whole["finding_id"])


def test_the_table_of_causes_is_what_the_core_says(db):
    """R15: every combination of facts, decided by the one function."""
    with db.read() as tx:
        kept = {row["facts_key"]: row["cause"] for row in tx.rows("FROM _kept.audit_cause")}
    assert kept == {facts.key: str(cause_of(facts)) for facts in every_facts()}
    assert set(kept.values()) == set(Cause)
    assert all(left + 1 == right for left, right in pairwise(sorted(kept)))


def test_what_the_audit_takes_for_taken_is_the_busy_time(chosen):
    """R15: blocking things of the audit are the rows of ``busy``, but for what is not known; a drifted copy and travel among them."""
    chosen.connect("ben")
    chosen.roles.add_conflicts("acme", "ben", ["Work", "Home"])
    pull(
        chosen,
        ("t", meeting("t", at(24, 9), at(24, 10), travel=timedelta(minutes=30))),
        ("f", meeting("f", at(24, 12), at(24, 13), transparency=Transparency.TRANSPARENT)),
        ("d", meeting("d", day(25), day(26))),
        ("n", invited("n", at(26, 9), at(26, 10), Participation.NEEDS_ACTION)),
        ("own", meeting("own", at(27, 9), at(27, 10))),
        ("x", rejected(starts=at(28, 9), ends=at(28, 10))),
    )
    with chosen.db.write() as tx:
        key = tx.value("SELECT user_key FROM _kept.account_user WHERE user_id = 'anna'")
        tx.execute("UPDATE _kept.object_version SET own_user_key = ?, appointment_id = 'ap-9', drifted = true WHERE uid = 'own'", [key])
    book(chosen, at(27, 14), at(27, 15))
    chosen.choices.set_policy("acme", "ben", {"unanswered": "free"})
    taken = chosen.rows(
        "SELECT user_key, make_timestamptz(s) AS starts_at, make_timestamptz(e) AS ends_at FROM _kept.things(NULL, NULL, NULL) WHERE takes"
    )
    busy = chosen.rows(
        "SELECT user_key, starts_at, ends_at FROM _kept.busy_rows('9999-12-31 00:00:00+00', now()) WHERE busyness <> 'UNKNOWN'"
    )
    assert _time(taken) == _time(busy)
    assert len(_time(taken)) == 2


def _time(rows: list[dict]) -> dict[int, list[Interval]]:
    """The time of each user, merged."""
    users = {row["user_key"] for row in rows}
    return {user: merged(Interval(row["starts_at"], row["ends_at"]) for row in rows if row["user_key"] == user) for user in users}
