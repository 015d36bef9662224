"""Sub-accounts, users, policies and opening hours."""

from __future__ import annotations

from datetime import timedelta

import pytest

from icalsync.core.model import Participation
from icalsync.errors import AlreadyExists, InvalidInput, UnknownCalendar, UnknownSubAccount, UnknownUser
from tests.store.conftest import at, day, invited, meeting


def test_a_sub_account_is_shown_as_the_view_shows_it(world):
    """What add returns is the row of the view."""
    row = world.people.add_sub_account("initech", "Initech GmbH", "Europe/Vienna")
    assert row == {"sub_account": "initech", "name": "Initech GmbH", "time_zone": "Europe/Vienna"}
    assert row in world.people.sub_accounts()
    assert world.people.sub_account("Initech") == row


def test_a_user_without_a_zone_has_the_sub_accounts(world):
    """And one with a zone has their own."""
    zones = {row["user_id"]: row["time_zone"] for row in world.people.users("acme")}
    assert zones == {"anna": "Europe/Berlin", "ben": "Asia/Tokyo"}
    assert len(world.people.users()) == 3


def test_r16_a_users_zone_as_it_was_known(world, clock):
    """R16: hours are read in the zone known then, the sub-account's for a user without one; before the user was known, in the first."""
    before = clock.at
    clock.pass_(minutes=1)
    world.people.set_time_zone("acme", "anna", "Asia/Tokyo")
    after = clock.pass_(minutes=1)
    zones = [world.people.time_zone("acme", "anna", moment) for moment in (before - timedelta(days=9), before, after)]
    assert zones == ["Europe/Berlin", "Europe/Berlin", "Asia/Tokyo"]
    with pytest.raises(UnknownUser):
        world.people.time_zone("acme", "nobody", before)


@pytest.mark.parametrize("name", ["acme", "ACME"])
def test_a_name_that_differs_only_in_case_is_taken(world, name):
    """Two sub-accounts that people would confuse cannot be."""
    with pytest.raises(AlreadyExists):
        world.people.add_sub_account(name, "x", "UTC")
    with pytest.raises(AlreadyExists):
        world.people.add_user(name, "ANNA", name="x")


def test_names_are_found_whatever_their_case(world):
    """The command line writes ACME where the API wrote acme."""
    assert world.people.user("ACME", "Anna")["user_id"] == "anna"
    with pytest.raises(UnknownUser):
        world.people.user("acme", "nobody")
    with pytest.raises(UnknownSubAccount):
        world.people.users("nowhere")


@pytest.mark.parametrize("name", ["", " acme", "a b", "x" * 65, "-x", "a/b", "ä", "a\nb", "';--"])
def test_odd_names_are_refused(world, name):
    """Ids are short text names."""
    with pytest.raises(InvalidInput):
        world.people.add_sub_account(name, "x", "UTC")
    with pytest.raises(InvalidInput):
        world.people.add_user("acme", name, name="x")


def test_an_unknown_zone_is_refused_at_the_door(world):
    """Trap 2 of the measurements: one unknown zone would fail every query."""
    for call in (
        lambda: world.people.add_sub_account("x", "x", "Mars/Olympus"),
        lambda: world.people.add_user("acme", "x", name="x", time_zone="Mars/Olympus"),
        lambda: world.people.set_time_zone("acme", "anna", "Mars/Olympus"),
    ):
        with pytest.raises(InvalidInput):
            call()


def test_policies_are_inherited_name_by_name(world):
    """Each shows where it comes from."""
    world.choices.set_policy("acme", None, {"tentative": "free", "push_detail": "reference"})
    row = world.choices.set_policy("acme", "anna", {"unanswered": "free"})
    assert (row["tentative"], row["tentative_from"]) == ("free", "sub_account")
    assert (row["unanswered"], row["unanswered_from"]) == ("free", "user")
    assert (row["travel"], row["travel_from"]) == ("busy", "default")
    assert row == world.choices.policies("acme", "anna")
    assert world.choices.policies("acme")["user_id"] is None
    shown = world.answers.view("policies", "user_id = $u", {"u": "anna"}).to_dict("records")[0]
    assert shown["push_detail_from"] == "sub_account"


def test_a_wrong_policy_changes_nothing(world):
    """One bad value among good ones: none is kept."""
    before = world.choices.policies("acme", "anna")
    for changes in ({"travel": "free", "tentative": "perhaps"}, {"push_detail": "full"}, {"colour": "red"}):
        with pytest.raises(InvalidInput):
            world.choices.set_policy("acme", "anna", changes)
    assert world.choices.policies("acme", "anna") == before


def test_a_policy_rewrites_verdicts_at_once_and_not_the_past(chosen, clock):
    """R16: users, sub-accounts and single calendars; what was known before is answered as before."""
    chosen.pull(
        "Work", ("d", meeting("d", day(24), day(25))), ("i", invited("i", at(25, 9), at(25, 10), Participation.NEEDS_ACTION)), before="t0"
    )
    moment = clock.pass_(minutes=1)
    clock.pass_(minutes=1)
    assert [row[3] for row in chosen.busy()] == ["ALL_DAY", "UNANSWERED"]
    chosen.choices.set_policy("acme", None, {"unanswered": "free"})
    assert [row[3] for row in chosen.busy()] == ["ALL_DAY"]
    chosen.choices.set_policy("acme", "anna", {"all_day": "never"}, calendar_id="Work")
    assert chosen.busy() == []
    assert [row[3] for row in chosen.busy(known_at=moment)] == ["ALL_DAY", "UNANSWERED"]
    assert chosen.choices.policies("acme", None, moment)["unanswered"] == "busy"
    reasons = chosen.answers.view("occurrences").set_index("href")
    assert reasons.loc["/dav/x/i.ics", "busyness"] == "FREE"
    assert reasons.loc["/dav/x/i.ics", "reason"] == "UNANSWERED"


def test_a_calendar_policy_is_for_a_calendar_of_that_user(world):
    """Only all_day, and only where the calendar is theirs."""
    with pytest.raises(InvalidInput):
        world.choices.set_policy("acme", "anna", {"travel": "free"}, calendar_id="Work")
    with pytest.raises(UnknownCalendar):
        world.choices.set_policy("acme", "ben", {"all_day": "never"}, calendar_id="Work")


def test_hours_are_inherited_field_by_field_and_can_be_given_back(world):
    """None returns a field to what is inherited."""
    world.choices.set_hours("acme", None, {"weekly": "Mon-Thu 08:00-16:00", "notice": "2h"})
    row = world.choices.set_hours("acme", "anna", {"weekly": "Fri 10:00-12:00", "slot_length": "30m"})
    assert (row["weekly"], row["weekly_from"]) == ("Fri 10:00-12:00", "user")
    assert (row["notice"], row["notice_from"]) == ("2h", "sub_account")
    row = world.choices.set_hours("acme", "anna", {"weekly": None})
    assert (row["weekly"], row["weekly_from"]) == ("Mon-Thu 08:00-16:00", "sub_account")
    assert row["slot_length"] == "30m"
    assert row == world.choices.hours("acme", "anna")
    assert world.choices.hours("acme", "ben")["weekly_from"] == "sub_account"


def test_unreadable_hours_change_nothing(world):
    """A field that is no field, or a text that is no time."""
    before = world.choices.hours("acme", "anna")
    for changes in ({"notice": "1h", "weekly": "Someday 09:00-17:00"}, {"colour": None}, {"colour": "x"}):
        with pytest.raises(InvalidInput):
            world.choices.set_hours("acme", "anna", changes)
    assert world.choices.hours("acme", "anna") == before
