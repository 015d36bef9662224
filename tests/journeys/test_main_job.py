"""The main job on real servers: connect, choose, sync, and say when a person is free."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb
import pytest

import icalsync
from icalsync.settings import load_settings
from tests import databases
from tests.conftest import PASSWORD
from tests.journeys.conftest import connect
from tests.servers import Account, DavServer, RadicaleServer, event_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.journeys.conftest import Cli

IN_PROCESS = True
MONDAY = datetime(2027, 1, 4, tzinfo=UTC)
"""A Monday well ahead, in winter: Berlin is one hour ahead of UTC."""


def seed(server: DavServer) -> None:
    """A work calendar with a meeting, a free event and a cancelled one, and a private one."""
    server.account.mkcalendar(f"{server.home}work/", name="Work", color="#1E4C63FF")
    server.account.mkcalendar(f"{server.home}private/", name="Private")
    server.account.put(f"{server.home}work/a.ics", event_at("a", "20270104T090000Z", "20270104T100000Z", summary="Secret plan"))
    server.account.put(f"{server.home}work/b.ics", event_at("b", "20270104T110000Z", "20270104T120000Z", more=("TRANSP:TRANSPARENT",)))
    server.account.put(f"{server.home}work/c.ics", event_at("c", "20270104T120000Z", "20270104T130000Z", more=("STATUS:CANCELLED",)))
    server.account.put(f"{server.home}private/d.ics", event_at("d", "20270104T130000Z", "20270104T133000Z"))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("dav_server", ["radicale", pytest.param("xandikos", marks=pytest.mark.long)], indirect=True)
def test_the_main_job_end_to_end_through_the_command_line(clinic: Cli, dav_server: DavServer) -> None:
    """Connect, link, add a conflict calendar, sync, ask: busy events block, free and cancelled ones do not, titles stay masked."""
    clinic = replace(clinic, as_process=True)
    seed(dav_server)
    done = connect(clinic, dav_server)
    names = {row["display_name"]: row for row in done["calendars"]}
    assert {"Work", "Private"} <= set(names)
    assert names["Work"]["access"] == "write"
    assert names["Work"]["selectable"] is True
    role = clinic.json("link", "ACME", "anna", "Work")
    assert (role["role"], role["calendar_id"]) == ("LINKED", names["Work"]["calendar_id"])
    clinic("conflicts", "add", "ACME", "anna", "Private")
    conflicts = clinic.json("conflicts", "list", "ACME", "anna")
    assert {row["calendar_id"] for row in conflicts} == {names["Work"]["calendar_id"], names["Private"]["calendar_id"]}
    report = clinic.json("sync")
    assert report["totals"]["added"] == 4
    assert report["runs"][0]["outcome"] == "ok"
    clinic("hours", "ACME", "set", "Mon-Fri 09:00-17:00")

    busy = clinic.json("busy", "ACME", "anna", "--from", "2027-01-04", "--to", "2027-01-05")
    assert [(row["starts_at"], row["ends_at"], row["busyness"], row["reason"]) for row in busy] == [
        ("2027-01-04T10:00:00+01:00", "2027-01-04T11:00:00+01:00", "BUSY", "BUSY"),
        ("2027-01-04T14:00:00+01:00", "2027-01-04T14:30:00+01:00", "BUSY", "BUSY"),
    ]
    slots = clinic.json("slots", "ACME", "anna", "--from", "2027-01-04", "--to", "2027-01-05", "--length", "1h")
    assert [slot["starts_at"][11:16] for slot in slots] == ["09:00", "11:00", "12:00", "13:00", "15:00", "16:00"]
    assert set(slots[0]) == {"starts_at", "ends_at", "users", "coverage"}
    assert slots[0]["users"] == ["anna"]
    assert slots[0]["coverage"]["complete"] is True
    assert slots[0]["coverage"]["missing"] == []

    output = clinic.directory / "events.json"
    clinic("export", "events", "-o", str(output))
    events = json.loads(output.read_text())
    assert len(events) == 4
    assert {event["summary"] for event in events} == {"•••"}
    assert "Secret plan" not in output.read_text()


def test_an_unchanged_account_costs_one_request_and_writes_nothing_r17(clinic: Cli, dav_server: DavServer) -> None:
    """R17, design.md §7: the second sync is one PROPFIND, and changes no row but runs and freshness."""
    seed(dav_server)
    connect(clinic, dav_server)
    clinic("link", "ACME", "anna", "Work")
    clinic.json("sync")
    before = contents(clinic)
    report = clinic.json("sync")
    assert report["totals"] | {"bytes": 0} == {
        "requests": 1,
        "bytes": 0,
        "added": 0,
        "changed": 0,
        "removed": 0,
        "rejected": 0,
        "pushed": 0,
    }
    assert report["runs"][0]["purpose"] == "sync"
    assert report["runs"][0]["calendars"] == []
    assert contents(clinic) == before


def contents(cli: Cli) -> dict[str, list[tuple[object, ...]]]:
    """What the public views hold, without runs and freshness."""
    views = (
        "sub_accounts",
        "users",
        "connections",
        "calendar_roles",
        "events",
        "occurrences",
        "busy",
        "policies",
        "opening_hours",
        "quarantine",
    )
    databases.let_go()
    with duckdb.connect(str(cli.database)) as connection:
        return {view: sorted(connection.execute(f"SELECT * FROM {view}").fetchall(), key=repr) for view in views}


def test_a_change_and_a_deletion_on_the_server_come_in_with_three_requests(clinic: Cli, dav_server: DavServer) -> None:
    """One PROPFIND, one sync-collection, one multiget; the deletion is an explicit 404 row (R13)."""
    seed(dav_server)
    connect(clinic, dav_server)
    clinic("link", "ACME", "anna", "Work")
    clinic.json("sync")
    dav_server.account.put(f"{dav_server.home}work/a.ics", event_at("a", "20270104T100000Z", "20270104T110000Z"))
    dav_server.account.delete(f"{dav_server.home}work/b.ics")
    report = clinic.json("sync")
    assert {name: report["totals"][name] for name in ("requests", "added", "changed", "removed")} == {
        "requests": 3,
        "added": 0,
        "changed": 1,
        "removed": 1,
    }
    busy = clinic.json("busy", "ACME", "anna", "--from", "2027-01-04", "--to", "2027-01-05")
    assert [row["starts_at"] for row in busy] == ["2027-01-04T11:00:00+01:00"]


def test_a_plan_shows_what_a_sync_would_do_and_changes_nothing(clinic: Cli, radicale: DavServer) -> None:
    """``sync --plan`` asks the server and leaves the store as it is; the sync then does just that."""
    seed(radicale)
    connect(clinic, radicale)
    clinic("link", "ACME", "anna", "Work")
    plan = {row["display_name"]: row["added"] for row in clinic.json("sync", "--plan")}
    assert plan == {"Work": 3, "Private": 1}
    assert clinic.json("busy", "ACME", "anna", "--from", "2027-01-04", "--to", "2027-01-05", code=1)[0]["reason"] == "NOT_COVERED"
    assert clinic.json("sync")["totals"]["added"] == 4
    assert {row["added"] for row in clinic.json("sync", "--plan")} == {0}


def test_a_calendar_never_pulled_is_unknown_and_opens_no_slot_r12(clinic: Cli, radicale: DavServer) -> None:
    """R12: unknown is not free: no slot is listed, the exit code is 1 and standard error says what is missing."""
    seed(radicale)
    connect(clinic, radicale)
    clinic("link", "ACME", "anna", "Work")
    answer = clinic("slots", "ACME", "anna", "--from", "2027-01-04", "--to", "2027-01-05", "--json", code=1)
    assert answer.json == []
    assert answer.error["warning"] == "INCOMPLETE"
    assert answer.error["coverage"]["missing"][0]["state"] == "never_pulled"
    clinic("policy", "ACME", "anna", "unknown=warn")
    warned = clinic("slots", "ACME", "anna", "--from", "2027-01-04", "--to", "2027-01-05", "--json", code=1)
    assert warned.json
    assert warned.json[0]["coverage"]["complete"] is False


def test_one_integration_serves_users_of_two_sub_accounts_and_is_fetched_once_r9(clinic: Cli, radicale: DavServer) -> None:
    """R9: the second connection is of the same integration; a sync makes one run, and both users see the event."""
    seed(radicale)
    clinic("sub-account", "add", "NORTH", "--time-zone", "America/New_York")
    clinic("user", "add", "NORTH", "ann")
    first, second = connect(clinic, radicale), connect(clinic, radicale, "NORTH", "ann")
    assert first["integration_id"] == second["integration_id"]
    clinic("link", "ACME", "anna", "Work")
    clinic("conflicts", "add", "NORTH", "ann", "Work")
    assert len(clinic.json("sync")["runs"]) == 1
    for sub_account, user, starts in (("ACME", "anna", "2027-01-04T10:00:00+01:00"), ("NORTH", "ann", "2027-01-04T04:00:00-05:00")):
        busy = clinic.json("busy", sub_account, user, "--from", "2027-01-04", "--to", "2027-01-05")
        assert [row["starts_at"] for row in busy] == [starts]
    clinic("disconnect", "ACME", "anna", first["integration_id"])
    assert [row["integration_id"] for row in clinic.json("integrations")] == [first["integration_id"]]
    assert clinic.json("sync")["runs"][0]["outcome"] == "ok"
    last = clinic.json("disconnect", "NORTH", "ann", first["integration_id"])
    assert last["last"] is True
    assert clinic.json("sync") == {
        "runs": [],
        "totals": dict.fromkeys(("requests", "bytes", "added", "changed", "removed", "rejected", "pushed"), 0),
    }


def test_the_linked_calendar_is_one_and_blocks_unless_lifted_on_purpose_r4_r5(clinic: Cli, radicale: DavServer) -> None:
    """R4, R5: linking another calendar ends the first; lifting the conflict role needs an explicit yes."""
    seed(radicale)
    connect(clinic, radicale)
    clinic("link", "ACME", "anna", "Work")
    clinic("link", "ACME", "anna", "Private")
    databases.let_go()
    with duckdb.connect(str(clinic.database)) as connection:
        roles = connection.execute("SELECT role, count(*) FROM calendar_roles WHERE user_id = 'anna' GROUP BY role").fetchall()
    assert dict(roles)["LINKED"] == 1
    refused = clinic("conflicts", "remove", "ACME", "anna", "Private", "--json", code=2)
    assert refused.error["error"] == "CONFIRMATION_NEEDED"
    assert clinic("conflicts", "remove", "ACME", "anna", "pRIVATE", "--json", code=2).error["error"] == "CONFIRMATION_NEEDED"
    clinic("conflicts", "remove", "ACME", "anna", "Private", "--yes")
    assert "Private" not in {row["display_name"] for row in clinic.json("conflicts", "list", "ACME", "anna")}
    clinic("unlink", "ACME", "anna")
    clinic("unlink", "ACME", "anna", code=2)


def test_the_same_journey_through_python(clinic: Cli, radicale: DavServer) -> None:
    """design.md §6: everything the command line does is a method; frames are tz-aware and carry their coverage."""
    seed(radicale)
    environment = clinic.environment
    app = icalsync.open(settings=load_settings(environment))
    app.connect("acme", "anna", provider="caldav", account="anna", password=PASSWORD, url=radicale.url)
    app.link("acme", "anna", "Work")
    report = app.sync(sub_account="acme")
    assert report.totals["added"] == 4
    assert "<table>" in report._repr_html_()
    frame = app.busy("acme", "anna", MONDAY, MONDAY + timedelta(days=1))
    assert str(frame["starts_at"].dtype) == "datetime64[us, Europe/Berlin]"
    assert frame["complete"].all()
    assert list(frame["reason"]) == ["BUSY"]
    slots = app.slots("acme", ["anna"], "2027-01-04", "2027-01-05", length="30m")
    assert slots["starts_at"].iloc[0].isoformat() == "2027-01-04T09:00:00+01:00"
    rows = app.sql("from busy where user_id = $u", u="anna")
    assert len(rows) >= 1


@pytest.fixture
def own_radicale(tmp_path: Path) -> Iterator[DavServer]:
    """A Radicale whose passwords the test may change."""
    with RadicaleServer(tmp_path / "radicale", {"anna": PASSWORD}) as server:
        yield DavServer("radicale", server.url, "/anna/", "/anna/", Account(server.url, "anna", PASSWORD))


def test_a_password_changed_on_the_server_stops_the_sync_until_reconnected(clinic: Cli, own_radicale: DavServer) -> None:
    """Exit 3 and a next step; nothing is lost; the time is unknown, not free (R12); reconnect heals (R9)."""
    seed(own_radicale)
    done = connect(clinic, own_radicale)
    clinic("link", "ACME", "anna", "Work")
    clinic.json("sync")
    users = clinic.directory / "radicale" / "users"
    users.write_text("anna:another password\n")
    failed = clinic("sync", "--json", code=3)
    assert failed.json["runs"][0]["error_code"] == "AUTHENTICATION_REJECTED"
    assert clinic.json("integrations")[0]["status"] == "reauthentication_needed"
    busy = clinic.json("busy", "ACME", "anna", "--from", "2027-01-04", "--to", "2027-01-05", code=1)
    assert {row["reason"] for row in busy} == {"BUSY", "NOT_COVERED"}
    wrong = clinic("reconnect", done["integration_id"], "--password-stdin", "--json", stdin="still wrong\n", code=3)
    assert wrong.error["error"] == "AUTHENTICATION_REJECTED"
    clinic("reconnect", done["integration_id"], "--password-stdin", stdin="another password\n")
    assert clinic.json("integrations")[0]["status"] == "ok"
    busy = clinic.json("busy", "ACME", "anna", "--from", "2027-01-04", "--to", "2027-01-05")
    assert [row["reason"] for row in busy] == ["BUSY"]
