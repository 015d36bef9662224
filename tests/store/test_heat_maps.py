"""Heat maps and suppositions, from the database to the file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from icalsync.app import App, open_app
from icalsync.cli import main
from icalsync.core.model import Participation, Transparency
from icalsync.errors import DependencyMissing, InvalidInput
from tests.store.conftest import World, at, day, invited, meeting, rejected
from tests.store.test_double_bookings import book, pull, ran

MONDAY, TUESDAY, SATURDAY = "2026-11-23", "2026-11-24", "2026-11-28"


@pytest.fixture
def app(chosen: World) -> App:
    """The library on the small world, where Work was just found clean; its clock is the world's."""
    ran(chosen)
    with chosen.db.write() as tx:
        tx.execute("UPDATE _kept.calendar_freshness SET last_synced_at = ?", [tx.clock_now])
    return open_app(chosen.db.path, clock=chosen.clock)


def cells(frame: pd.DataFrame) -> dict[tuple[int, int], tuple[float, float, float]]:
    """(weekday, hour) → open, busy, unknown minutes, where anything is open."""
    return {(r.weekday, r.hour): (r.open_minutes, r.busy_minutes, r.unknown_minutes) for r in frame.itertuples() if r.open_minutes}


def test_a_week_by_hour_overlaps_counted_once(app, chosen):
    """Ten to half past eleven in Berlin, twice over; a free event takes nothing; a booking is told as one."""
    pull(
        chosen,
        ("a", meeting("a", at(24, 9), at(24, 10))),
        ("b", meeting("b", at(24, 9, 30), at(24, 10, 30))),
        ("c", meeting("c", at(25, 9), at(25, 10), transparency=Transparency.TRANSPARENT)),
    )
    book(chosen, at(24, 9, 45), at(24, 10, 15))
    heat = app.heatmap("acme", "anna", MONDAY, "2026-11-30")
    found = cells(heat.frame)
    assert len(heat.frame) == 168
    assert len(found) == 5 * 8
    assert (found[1, 10], found[1, 11], found[1, 12]) == ((60.0, 60.0, 0.0), (60.0, 30.0, 0.0), (60.0, 0.0, 0.0))
    assert sum(busy for _, busy, _ in found.values()) == 90
    assert heat.lost == {"OWN_APPOINTMENT": 30.0, "BUSY": 60.0}
    shares = heat.frame.set_index(["weekday", "hour"])["share"]
    assert (shares[1, 11], shares.isna().sum()) == (0.5, 168 - 40)
    assert heat.by_day["open_minutes"].sum() == 5 * 8 * 60
    assert heat.by_day.loc[heat.by_day["busy_minutes"] > 0, "day"].unique().tolist() == [pd.Timestamp(TUESDAY)]
    assert heat.coverage["complete"]
    assert "CANARY" not in heat.to_html("A week") + heat._repr_html_()


def test_unknown_time_is_neither_busy_nor_free(app, chosen):
    """R12: an object that cannot be read, and a calendar that was never pulled."""
    pull(chosen, ("x", rejected(starts=at(24, 9), ends=at(24, 10))), ("y", meeting("y", at(24, 9, 30), at(24, 10, 30))))
    heat = app.heatmap("acme", "anna", TUESDAY, "2026-11-25")
    assert cells(heat.frame)[1, 10] == (60.0, 30.0, 30.0)
    assert heat.lost == {"BUSY": 60.0, "UNREADABLE": 30.0}
    assert not heat.coverage["complete"]
    app.add_conflicts("acme", "anna", ["Home"])
    blind = app.heatmap("acme", "anna", TUESDAY, "2026-11-25")
    assert cells(blind.frame)[1, 14] == (60.0, 0.0, 60.0)
    assert (blind.frame["open_minutes"] - blind.frame["busy_minutes"] - blind.frame["unknown_minutes"]).sum() == 0
    assert len(app.slots("acme", "anna", TUESDAY, "2026-11-25")) == 0


def test_buffers_and_invitations_are_causes_of_their_own(app, chosen):
    """Lost hours by cause: what the buffers around a meeting take beside it, an unanswered invitation, an all-day event."""
    app.set_hours("acme", "anna", {"buffer_before": "15m", "buffer_after": "30m"})
    pull(
        chosen,
        ("b", meeting("b", at(24, 9), at(24, 10))),
        ("i", invited("i", at(24, 13), at(24, 14), Participation.NEEDS_ACTION)),
        ("d", meeting("d", day(25), day(26))),
    )
    assert app.heatmap("acme", "anna", TUESDAY, "2026-11-26").lost == {"BUSY": 60.0, "ALL_DAY": 480.0, "UNANSWERED": 60.0, "BUFFER": 90.0}


def test_a_team_is_the_sum_of_its_users_each_in_their_own_zone(app, chosen):
    """Nine in Tokyo is nine o'clock's cell."""
    chosen.connect("ben")
    chosen.roles.add_conflicts("acme", "ben", ["Work"])
    pull(chosen, ("e", meeting("e", at(24, 0), at(24, 1))))
    whole = app.heatmap("acme", None, MONDAY, "2026-11-28", tz="UTC")
    assert cells(whole.frame)[1, 9] == (120.0, 60.0, 0.0)
    each = [app.heatmap("acme", user, MONDAY, "2026-11-28", tz="UTC").frame for user in ("anna", "ben")]
    for name in ("open_minutes", "busy_minutes", "unknown_minutes"):
        assert (each[0][name] + each[1][name]).tolist() == whole.frame[name].tolist()


def test_the_hour_that_comes_twice_is_open_twice(app):
    """DST: 25 October in Berlin has 25 hours, 28 March 2027 has 23."""
    app.set_hours("acme", "anna", {"weekly": "Mon-Sun 00:00-24:00"})
    autumn = cells(app.heatmap("acme", "anna", "2026-10-25", "2026-10-26").frame)
    spring = cells(app.heatmap("acme", "anna", "2027-03-28", "2027-03-29").frame)
    assert (autumn[6, 2][0], sum(opened for opened, _, _ in autumn.values())) == (120.0, 25 * 60)
    assert ((6, 2) in spring, sum(opened for opened, _, _ in spring.values())) == (False, 23 * 60)


def test_as_known_at_a_past_moment(app, chosen):
    """R16."""
    before = chosen.clock.now()
    chosen.clock.pass_(minutes=1)
    pull(chosen, ("a", meeting("a", at(24, 9), at(24, 10))))
    assert app.heatmap("acme", "anna", TUESDAY, "2026-11-25", known_at=before).lost == {}
    assert app.heatmap("acme", "anna", TUESDAY, "2026-11-25").lost == {"BUSY": 60.0}


def test_the_chart_needs_an_extra_and_says_so(app, monkeypatch):
    """The picture is altair's; without it the error names the extra."""
    heat = app.heatmap("acme", "anna", TUESDAY, "2026-11-25")
    drawn = heat.chart().to_dict()
    assert drawn["encoding"]["color"]["field"] == "share"
    monkeypatch.setattr("icalsync.app.heating.find_spec", lambda name: None)
    with pytest.raises(DependencyMissing) as caught:
        heat.chart()
    assert "icalsync[dashboard]" in caught.value.next_step


def test_the_command_prints_json_a_week_and_files(app, chosen, monkeypatch, capsys, tmp_path):
    """design.md §5: weekday, hour, minutes, share; CSV and a page by the name's ending."""
    pull(chosen, ("a", meeting("a", at(24, 9), at(24, 9, 30))))
    monkeypatch.setenv("ICALSYNC_DATABASE", str(chosen.db.path))
    asked = ["heatmap", "acme", "anna", "--from", MONDAY, "--to", "2026-11-30"]
    main.run([*asked, "--json"])
    rows = json.loads(capsys.readouterr().out)
    assert rows[34] == {"weekday": 1, "hour": 10, "open_minutes": 60.0, "busy_minutes": 30.0, "unknown_minutes": 0.0, "share": 0.5}
    assert rows[0]["share"] is None
    main.run(asked)
    assert "50%" in capsys.readouterr().out
    for name in ("week.csv", "week.html"):
        main.run([*asked, "--output", str(tmp_path / name)])
    assert "1,10,60.0,30.0,0.0,0.5" in (tmp_path / "week.csv").read_text()
    page = (tmp_path / "week.html").read_text()
    assert "50%" in page
    assert "http" not in page
    assert main.run([*asked, "--output", str(tmp_path / "week.pdf")]) == 2


def digest(path: Path) -> str:
    """Of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_another_policy_is_supposed_and_nothing_is_stored(app, chosen):
    """Case 4, R17: hours gained and lost, slots, and bookings it would have refused; the file stays as it is to the byte."""
    pull(
        chosen,
        ("i", invited("i", at(24, 9), at(24, 10), Participation.NEEDS_ACTION)),
        ("d", meeting("d", day(25), day(26), transparency=Transparency.TRANSPARENT)),
    )
    book(chosen, at(25, 9), at(25, 10))
    before, shown = digest(chosen.db.path), app.busy("acme", "anna", MONDAY, SATURDAY)
    done = app.what_if("acme", "anna", MONDAY, SATURDAY, policy={"unanswered": "free", "all_day": "always"}, length="1h")
    (row,) = done.frame.to_dict("records")
    assert (row["hours_gained"], row["hours_lost"], row["hours_then"] - row["hours_now"]) == (1.0, 7.0, -6.0)
    assert (row["slots_gained"], row["slots_lost"], row["collisions"]) == (1, 7, 1)
    assert done.collisions.to_dict("records")[0]["because"] == ["BUSY"]
    assert done.slots.loc[done.slots["change"] == "gained", "starts_at"].tolist() == [pd.Timestamp(at(24, 9)).tz_convert("Europe/Berlin")]
    assert digest(chosen.db.path) == before
    pd.testing.assert_frame_equal(app.busy("acme", "anna", MONDAY, SATURDAY), shown)


def test_what_is_supposed_is_what_would_come(app, chosen):
    """R15: once the policy and the hours are really set, slots and bookable time are those that were foretold."""
    pull(chosen, ("i", invited("i", at(24, 9), at(24, 10), Participation.NEEDS_ACTION)), ("b", meeting("b", at(26, 9), at(26, 10))))
    book(chosen, at(24, 14), at(24, 15))
    policy, hours = {"unanswered": "free"}, {"buffer_before": "30m", "weekly": "Mon-Fri 10:00-18:00"}
    asked = app.what_if("acme", "anna", MONDAY, SATURDAY, policy=policy, hours=hours)
    slots_then = asked.frame["slots_then"].tolist()
    app.set_policy("acme", "anna", policy)
    app.set_hours("acme", "anna", hours)
    assert [len(app.slots("acme", "anna", MONDAY, SATURDAY))] == slots_then
    again = app.what_if("acme", "anna", MONDAY, SATURDAY, policy=policy, hours=hours)
    assert again.frame["hours_now"].tolist() == asked.frame["hours_then"].tolist()
    assert again.frame[["hours_gained", "hours_lost", "collisions"]].to_numpy().sum() == 0


def test_bookings_that_longer_buffers_or_notice_would_have_refused(app, chosen):
    """Back to back with a meeting, and booked at short notice; a booking never stands in its own way."""
    pull(chosen, ("b", meeting("b", at(24, 10), at(24, 11))))
    book(chosen, at(24, 9), at(24, 10))
    book(chosen, at(27, 9), at(27, 10), name="ap-2")
    done = app.what_if("acme", "anna", MONDAY, SATURDAY, hours={"buffer_after": "15m", "notice": "72h"})
    found = {row["appointment_id"]: row["because"] for row in done.collisions.to_dict("records")}
    assert found == {"ap-1": ["NOTICE", "BUFFER"]}
    assert app.what_if("acme", "anna", MONDAY, SATURDAY, hours={"daily_limit": "1"}).frame["collisions"].tolist() == [0]


@pytest.mark.parametrize(
    "supposed", [{}, {"policy": {"unanswered": "perhaps"}}, {"hours": {"weekly": "sometimes"}}, {"policy": {"x": "busy"}}]
)
def test_a_supposition_that_cannot_be_is_bad_input(app, supposed):
    """Nothing supposed, or nothing that could be set."""
    with pytest.raises(InvalidInput):
        app.what_if("acme", "anna", MONDAY, SATURDAY, **supposed)


def test_the_command_what_if(app, chosen, monkeypatch, capsys):
    """One object as JSON; a table for people; bad words exit 2."""
    pull(chosen, ("i", invited("i", at(24, 9), at(24, 10), Participation.NEEDS_ACTION)))
    monkeypatch.setenv("ICALSYNC_DATABASE", str(chosen.db.path))
    asked = ["what-if", "acme", "anna", "--from", MONDAY, "--to", SATURDAY, "--policy", "unanswered=free"]
    main.run([*asked, "--json"])
    told = json.loads(capsys.readouterr().out)
    assert (told["users"][0]["hours_gained"], told["collisions"], len(told["slots"])) == (1.0, [], 2)
    main.run(asked)
    assert "1.0 h" in capsys.readouterr().out
    assert main.run([*asked[:-1], "unanswered"]) == 2


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_the_command_what_if_ends_with_1_where_not_all_is_known(app, chosen, monkeypatch, capsys, form):
    """R12: in either form."""
    app.add_conflicts("acme", "anna", ["Home"])
    monkeypatch.setenv("ICALSYNC_DATABASE", str(chosen.db.path))
    assert main.run(["what-if", "acme", "anna", "--from", MONDAY, "--to", SATURDAY, "--policy", "unanswered=free", *form]) == 1
    told = capsys.readouterr()
    assert ("INCOMPLETE" if form else "incomplete") in told.err
