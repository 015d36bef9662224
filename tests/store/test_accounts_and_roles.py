"""Integrations, connections, calendars, addresses and roles."""

from __future__ import annotations

import pytest

from icalsync.core.model import Participation
from icalsync.errors import (
    AlreadyExists,
    AmbiguousName,
    AnotherPrincipal,
    CalendarReadOnly,
    InvalidInput,
    NotConnected,
    NotSelectable,
    UnknownCalendar,
    UnknownIntegration,
)
from tests.store.conftest import FEED, HOME, WORK, at, collection, discovered, invited, meeting


def test_one_integration_serves_several_users_of_several_sub_accounts(world):
    """R9: it is one row, and says whom it serves."""
    assert world.accounts.find("caldav", "https://cal.example", "/dav/principals/anna/") == "int-1"
    world.connect("ben")
    world.connect("carla", "globex")
    (row,) = world.accounts.integrations()
    assert [(u["sub_account"], u["user_id"]) for u in row["users"]] == [("acme", "anna"), ("acme", "ben"), ("globex", "carla")]
    assert world.accounts.integrations("globex")[0]["integration_id"] == "int-1"
    assert world.accounts.serving("acme", "BEN") == ["int-1"]
    assert len(world.answers.view("connections")) == 3


def test_identity_is_provider_origin_and_principal(world):
    """Another origin is another integration, except for iCloud, whose hosts rotate."""
    assert world.accounts.find("caldav", "https://other.example", "/dav/principals/anna/") is None
    assert world.accounts.find("caldav", "https://cal.example", "/dav/principals/%61nna") == "int-1"
    assert world.accounts.find("icloud", "https://p01-caldav.icloud.com", "/dav/principals/anna/") is None


def test_connecting_tells_whether_it_served_nobody_before(world):
    """The second connection of one account is not new."""
    again = {"integration_id": "int-1", "provider": "caldav", "url": "u", "found": discovered(), "account": "anna", "sub_account": "acme"}
    assert world.accounts.connect(**again, user_id="ben") is False
    assert world.accounts.connect(**again, user_id="anna") is False
    with pytest.raises(AlreadyExists):
        world.accounts.connect(**{**again, "integration_id": "int-2"}, user_id="ben")
    with pytest.raises(AnotherPrincipal):
        world.accounts.connect(**{**again, "found": discovered(principal="/dav/principals/eve/")}, user_id="ben")


def test_r10_calendars_that_cannot_be_chosen_are_listed_and_say_why(world):
    """R10: in the API a sentence, in the view its code."""
    rows = {row["display_name"]: row for row in world.accounts.calendars("acme", "anna")}
    assert list(rows) == ["Holidays", "Home", "Work"]
    assert rows["Holidays"]["selectable"] is False
    assert "subscription" in rows["Holidays"]["says"]
    assert rows["Work"]["not_selectable_reason"] is None
    assert (rows["Work"]["access"], rows["Home"]["access"]) == ("write", "read")
    codes = world.answers.view("calendars").set_index("href")["not_selectable_reason"]
    assert codes[FEED] == "SUBSCRIBED"


def test_a_calendar_is_found_by_id_or_unique_name(world):
    """And ambiguity names the candidates."""
    found = world.accounts.calendar("acme", "anna", "work")
    assert world.accounts.calendar("acme", "anna", found["calendar_id"]) == found
    with pytest.raises(UnknownCalendar):
        world.accounts.calendar("acme", "ben", "Work")
    world.accounts.save_discovery("int-1", discovered(collection(WORK, "Same"), collection(HOME, "Same")))
    with pytest.raises(AmbiguousName) as caught:
        world.accounts.calendar("acme", "anna", "Same")
    assert found["calendar_id"] in caught.value.message


def test_a_renamed_calendar_is_the_same_and_a_vanished_one_says_so(chosen):
    """C10, C14: identity is the place, in whatever spelling; what is gone lowers coverage and is not deleted (R12)."""
    before = chosen.id_of("Work")
    chosen.accounts.save_discovery("int-1", discovered(collection("/dav/%61nna/work", "Arbeit"), collection(HOME, "Home")))
    assert chosen.id_of("Arbeit") == before
    chosen.accounts.save_discovery("int-1", discovered(collection(HOME, "Home")))
    row = chosen.accounts.calendar("acme", "anna", before)
    assert row["selectable"] is False
    assert "no longer" in row["says"]
    assert [row[2:] for row in chosen.busy()] == [("UNKNOWN", "NOT_COVERED")]
    assert chosen.answers.coverage([("acme", "anna")])[0]["state"] == "access_lost"


def test_a_home_listing_says_nothing_of_calendars_outside_the_homes(world):
    """What lies elsewhere is not gone because it is not listed."""
    world.accounts.save_discovery("int-1", discovered(collection(WORK, "Work"), collection("/shared/team/", "Team")))
    world.pulls.save_listing(world.lease(), [collection("/dav/anna/new/", "New")])
    rows = {row["display_name"]: row["says"] for row in world.accounts.calendars("acme", "anna")}
    assert rows["Team"] is None
    assert rows["New"] is None
    assert "no longer" in rows["Work"]


def test_disconnecting_ends_one_connection_and_tells_whether_it_was_the_last(chosen, clock):
    """R9, R13: history stays; what was known before is still answered."""
    chosen.connect("ben")
    chosen.roles.add_conflicts("acme", "ben", ["Work"])
    chosen.pull("Work", ("a", meeting("a", at(24, 9), at(24, 10))), before="t0")
    moment = clock.pass_(minutes=1)
    clock.pass_(minutes=1)
    assert chosen.accounts.disconnect("acme", "anna", "int-1") is False
    assert chosen.roles.roles("acme", "anna") == []
    assert chosen.busy() == []
    assert len(chosen.busy("ben")) == 1
    assert chosen.accounts.disconnect("acme", "ben", "int-1") is True
    assert chosen.accounts.integrations() == []
    assert len(chosen.answers.view("calendars")) == 0
    assert len(chosen.answers.view("events")) == 0
    assert len(chosen.busy(known_at=moment)) == 1
    with pytest.raises(NotConnected):
        chosen.accounts.disconnect("acme", "ben", "int-1")
    assert chosen.accounts.find("caldav", "https://cal.example", "/dav/principals/anna/") == "int-1"


def test_what_was_disconnected_is_not_trusted_when_it_comes_back(chosen):
    """R12: between the two nobody looked; until the next pull its time is not covered."""
    chosen.accounts.disconnect("acme", "anna", "int-1")
    chosen.connect()
    chosen.roles.add_conflicts("acme", "anna", ["Work"])
    assert [row[2:] for row in chosen.busy()] == [("UNKNOWN", "NOT_COVERED")]


def test_purging_the_last_connection_forgets_everything(chosen):
    """``--purge``: no table holds a row of that integration any more."""
    chosen.pull("Work", ("a", invited("a", at(24, 9), at(24, 10), Participation.ACCEPTED)), before="t0")
    assert chosen.accounts.disconnect("acme", "anna", "int-1", purge=True) is True
    for table in (
        "integration",
        "calendar",
        "calendar_version",
        "object_version",
        "raw_text",
        "event",
        "attendee",
        "occurrence",
        "calendar_reading",
    ):
        assert chosen.rows(f"SELECT count(*) AS n FROM _kept.{table}") == [{"n": 0}]
    with pytest.raises(UnknownIntegration):
        chosen.accounts.integration("int-1")
    chosen.connect(integration="int-2")
    assert len(chosen.accounts.calendars("acme", "anna")) == 3


def test_purging_one_of_two_connections_keeps_the_others(chosen):
    """Only the user's own part is forgotten."""
    chosen.connect("ben")
    chosen.roles.add_conflicts("acme", "ben", ["Work"])
    assert chosen.accounts.disconnect("acme", "anna", "int-1", purge=True) is False
    assert [row["role"] for row in chosen.roles.roles("acme", "ben")] == ["CONFLICT"]
    assert chosen.rows("SELECT count(*) AS n FROM _kept.calendar_role_version") == [{"n": 1}]


def test_addresses_say_where_they_come_from_and_change_verdicts_at_once(chosen, clock):
    """Case 6, R16: a declined invitation to an alias frees the time as soon as the alias is known, and not before."""
    chosen.pull("Work", ("a", invited("a", at(24, 9), at(24, 10), Participation.DECLINED, "ann@old.example")), before="t0")
    moment = clock.pass_(minutes=1)
    clock.pass_(minutes=1)
    assert [row[3] for row in chosen.busy()] == ["BUSY"]
    rows = chosen.accounts.add_addresses("int-1", ["MAILTO:Ann@Old.example"])
    assert rows == [{"address": "anna@acme.example", "origin": "principal"}, {"address": "ann@old.example", "origin": "person"}]
    assert chosen.busy() == []
    assert list(chosen.answers.view("events")["participation"]) == ["DECLINED"]
    assert [row[3] for row in chosen.busy(known_at=moment)] == ["BUSY"]
    chosen.accounts.remove_addresses("int-1", ["ann@old.example"])
    assert [row[3] for row in chosen.busy()] == ["BUSY"]
    assert list(chosen.answers.view("events")["participation"]) == ["NONE"]
    for wrong in (["anna@acme.example"], ["never@seen.example"]):
        with pytest.raises(InvalidInput):
            chosen.accounts.remove_addresses("int-1", wrong)
    with pytest.raises(InvalidInput):
        chosen.accounts.add_addresses("int-1", ["no address"])


def test_r4_r5_a_linked_calendar_is_the_only_one_and_a_conflict_calendar(world):
    """R4, R5: linking another releases the first, which stays a conflict calendar."""
    row = world.roles.link("acme", "anna", "Work", actor="tester")
    assert row.items() >= {"sub_account": "acme", "user_id": "anna", "calendar_id": world.id_of("Work"), "role": "LINKED"}.items()
    assert [row["role"] for row in world.roles.roles("acme", "anna")] == ["LINKED", "CONFLICT"]
    world.accounts.save_discovery("int-1", discovered(collection(WORK, "Work"), collection(HOME, "Home")))
    world.roles.link("acme", "anna", "Home", actor="tester")
    assert world.roles.roles("acme", "anna")[0]["calendar_id"] == world.id_of("Home")
    assert [row["role"] for row in world.roles.roles("acme", "anna")] == ["LINKED", "CONFLICT", "CONFLICT"]
    assert [row["role"] for row in world.roles.remove_conflicts("acme", "anna", ["Home"])] == ["LINKED", "CONFLICT"]


def test_r3_author_access_is_needed_for_linking(world):
    """R3: read access is refused, and is enough for a conflict calendar."""
    with pytest.raises(CalendarReadOnly) as caught:
        world.roles.link("acme", "anna", "Home", actor="tester", assume_writable=True)
    assert caught.value.exit_code == 3
    assert world.roles.roles("acme", "anna") == []
    assert [row["role"] for row in world.roles.add_conflicts("acme", "anna", ["Home"])] == ["CONFLICT"]


def test_r3_where_the_server_does_not_say_a_person_decides_and_it_is_logged(world):
    """R3: access is read, linking says so, and the assumption stands in the audit log."""
    world.accounts.save_discovery("int-1", discovered(collection(WORK, "Work", privileges=None)))
    with pytest.raises(CalendarReadOnly):
        world.roles.link("acme", "anna", "Work", actor="tester")
    assert len(world.answers.view("audit_log")) == 0
    world.roles.link("acme", "anna", "Work", actor="tester", assume_writable=True)
    (entry,) = world.answers.view("audit_log").to_dict("records")
    assert (entry["actor"], entry["action"], entry["object"]) == ("tester", "ASSUME_WRITABLE", world.id_of("Work"))


def test_r10_a_subscribed_calendar_can_have_no_role(world):
    """R10: and one bad name among good ones changes nothing."""
    for call in (
        lambda: world.roles.link("acme", "anna", "Holidays", actor="tester"),
        lambda: world.roles.add_conflicts("acme", "anna", ["Work", "Holidays"]),
    ):
        with pytest.raises(NotSelectable, match="subscription"):
            call()
    assert world.roles.roles("acme", "anna") == []


def test_unlinking_tells_what_ended_and_keeps_the_conflict_role(chosen):
    """R5: time in it goes on counting until a person says otherwise."""
    assert chosen.roles.unlink("acme", "anna")["role"] == "LINKED"
    assert chosen.roles.unlink("acme", "anna") is None
    assert [row["role"] for row in chosen.roles.roles("acme", "anna")] == ["CONFLICT"]


def test_r6_only_calendars_with_a_role_take_availability(world, clock):
    """R6, R16: others are pulled and shown; a role counts from when it was given."""
    world.pull("Work", ("a", meeting("a", at(24, 9), at(24, 10))))
    before = clock.pass_(minutes=1)
    clock.pass_(minutes=1)
    assert world.busy() == []
    assert list(world.answers.view("occurrences")["busyness"]) == ["BUSY"]
    world.roles.add_conflicts("acme", "anna", ["Work"])
    assert len(world.busy()) == 1
    assert world.busy(known_at=before) == []
