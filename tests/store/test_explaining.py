"""What an explanation reads: one moment of the database, nothing of another tenant, and every row that slots are made from (R11, R15)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import icalsync
from icalsync.app import explaining
from icalsync.core.interval import Interval
from icalsync.core.model import Event, Instance, Timing
from icalsync.settings import load_settings
from tests.store.conftest import at, day, meeting, rejected


def app_of(world):
    """The library on the world's database, with its clock."""
    return icalsync.open(settings=load_settings({}, database=world.db.path), clock=world.clock)


def steps(told, kind):
    """The evidence of a kind."""
    return [step for step in told.as_dict()["evidence"] if step["step"] == kind]


def test_another_tenants_booking_in_a_shared_calendar_is_an_outside_event_and_shows_nothing(chosen):
    """R9, R11: carla of another sub-account is booked in the calendar both read: anna is busy, and learns nothing more, revealed or not."""
    chosen.connect("carla", "globex")
    chosen.roles.add_conflicts("globex", "carla", ["Work"])
    chosen.pull("Work", ("a", meeting("a", at(24, 9), at(24, 10), summary="CANARY of carla")), before="t0")
    with chosen.db.write() as tx:
        tx.execute(
            "UPDATE _kept.object_version SET appointment_id = 'a1', own_user_key = "
            "(SELECT user_key FROM _kept.account_user WHERE user_id = 'carla')"
        )
    told = app_of(chosen).explain("acme", "anna", "2026-11-24 10:00", reveal=True, reason="a test")
    assert (told.offered, told.reason) == (False, "BUSY")
    assert steps(told, "event")[0]["title"] == "•••"
    assert not any(name in json.dumps(told.as_dict()) for name in ("CANARY", "carla", "globex", '"a1"'))


def test_an_object_whose_time_nobody_can_tell_is_said_to_be_why(chosen):
    """R12: the whole calendar is uncovered; what would help is to correct that object, not another pull."""
    chosen.pull("Work", ("x", rejected()), before="t0")
    told = app_of(chosen).explain("acme", "anna", "2026-11-24 10:00")
    assert (told.busyness, told.reason, told.offered) == ("UNKNOWN", "NOT_COVERED", False)
    assert steps(told, "coverage")[0]["state"] == "unreadable"
    assert any("corrected or deleted" in sentence for sentence in told.would_change)


def test_an_unreadable_object_takes_its_time_and_says_its_code(chosen):
    """R12: its time is unknown, the rest of the day is not."""
    chosen.pull("Work", ("x", rejected("BAD_RULE", at(24, 9), at(24, 10))), before="t0")
    app = app_of(chosen)
    told = app.explain("acme", "anna", "2026-11-24 10:00")
    assert (told.busyness, told.reason) == ("UNKNOWN", "UNREADABLE")
    assert "BAD_RULE" in steps(told, "event")[0]["says"]
    assert steps(told, "lines") == []
    assert app.explain("acme", "anna", "2026-11-24 12:00").offered


def test_an_exception_moved_away_is_found_for_dates_and_times_without_a_zone_too(chosen):
    """Case 10: RECURRENCE-ID as a DATE, read in the user's own zone."""
    plain = meeting("m", day(24), day(25))
    master, moved = plain.events[0], replace(plain.events[0], recurrence_id="20261125", starts=day(27), ends=day(28))
    assert isinstance(master, Event)
    assert master.timing is Timing.DATE
    instances = (Instance(0, "20261124", day(24), day(25), timedelta()), Instance(1, "20261125", day(27), day(28), timedelta()))
    series = replace(
        plain, events=(replace(master, rrule="FREQ=DAILY;COUNT=2"), moved), instances=instances, recurring=True, content_hash="s"
    )
    chosen.pull("Work", ("m", series), before="t0")
    told = app_of(chosen).explain("acme", "anna", "2026-11-25 10:00")
    assert told.offered
    (near,) = steps(told, "event")
    assert near["set_aside"] == "MOVED_AWAY"
    assert steps(told, "recurrence")[0]["moved_to"] == "2026-11-27T00:00:00+01:00"


def test_one_look_is_one_moment_whatever_is_committed_meanwhile(chosen):
    """R15: what is committed while an explanation gathers is not half seen; and nothing can be written through that look."""
    app = app_of(chosen)
    with explaining.at_one_moment(app._parts) as (held, _):
        before = held.answers.busy([("acme", "anna")], at(24, 0), at(25, 0))
        assert len(held.answers.busy([("acme", "anna")], at(24, 0), at(25, 0))) == len(before)
        with pytest.raises(RuntimeError):
            held.choices.set_hours("acme", "anna", {"notice": "1h"})
    assert app.hours("acme", "anna")["notice"] == "0m"


def test_asking_beyond_the_horizon_extends_it(chosen):
    """design.md §6: never empty for want of expansion."""
    app = app_of(chosen)
    told = app.explain("acme", "anna", datetime(2028, 5, 2, 9, tzinfo=UTC))
    assert told.offered
    assert chosen.answers.horizon().contains(Interval(datetime(2028, 5, 2, 9, tzinfo=UTC), datetime(2028, 5, 2, 9, 30, tzinfo=UTC)))
