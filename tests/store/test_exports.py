"""Files: busy time as iCalendar, tables that spreadsheets open and never run, and the audit as frame, view and command."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timedelta
from pathlib import Path

import icalendar
import pandas as pd
import pytest

from icalsync.app import App, open_app
from icalsync.app.exporting import safe_for_spreadsheets
from icalsync.cli import main
from icalsync.core.freebusy import free_busy
from icalsync.core.interval import Interval
from icalsync.core.model import Busyness, Reason, Status, Transparency
from icalsync.core.slots import BusyRow
from icalsync.errors import InvalidInput, NotFound, UnknownUser
from tests.store.conftest import World, at, meeting, rejected
from tests.store.test_double_bookings import book, person, pull

DAY = Interval(at(24, 0), at(25, 0))


@pytest.fixture
def app(chosen: World) -> App:
    """The library on the small world."""
    return open_app(chosen.db.path, clock=chosen.clock)


def read(content: bytes) -> tuple[icalendar.FreeBusy, list[tuple]]:
    """The one VFREEBUSY of a calendar, as another library reads it: from, to, type."""
    (told,) = icalendar.Calendar.from_ical(content).walk("VFREEBUSY")
    listed = told.get("FREEBUSY", [])
    listed = listed if isinstance(listed, list) else [listed]
    return told, [(each.dt[0], each.dt[1], str(each.params["FBTYPE"])) for each in listed]


def test_busy_time_is_told_as_vfreebusy_without_titles(app, chosen):
    """RFC 5545 3.6.4, R18: FBTYPE by busyness, the strongest where several meet; free events are not told; nothing but time."""
    pull(
        chosen,
        ("b", meeting("b", at(24, 9), at(24, 10))),
        ("t", meeting("t", at(24, 9, 30), at(24, 11), status=Status.TENTATIVE)),
        ("f", meeting("f", at(24, 12), at(24, 13), transparency=Transparency.TRANSPARENT)),
        ("x", rejected(starts=at(24, 14), ends=at(24, 15))),
    )
    content = app.free_busy("acme", "anna", DAY.start, DAY.end)
    told, periods = read(content)
    assert periods == [
        (at(24, 9), at(24, 10), "BUSY"),
        (at(24, 10), at(24, 11), "BUSY-TENTATIVE"),
        (at(24, 14), at(24, 15), "BUSY-UNAVAILABLE"),
    ]
    assert (told["DTSTART"].dt, told["DTEND"].dt, told["DTSTAMP"].dt) == (DAY.start, DAY.end, chosen.clock.now())
    assert "not known" in str(told["COMMENT"])
    assert [word for word in (b"CANARY", b"anna", b"acme", b"/dav/") if word in content] == []
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert app.free_busy("acme", "anna", DAY.start, DAY.end) == content


def test_time_that_was_never_looked_at_is_not_free_in_vfreebusy(app):
    """R12: a calendar that was never pulled makes the whole span unavailable."""
    app.add_conflicts("acme", "anna", ["Home"])
    assert read(app.free_busy("acme", "anna", DAY.start, DAY.end))[1] == [(DAY.start, DAY.end, "BUSY-UNAVAILABLE")]


def test_vfreebusy_cannot_be_broken_out_of():
    """S10: a line break in a remark stays within it; seconds are kept whole, and never shortened; long lines are folded."""
    half = timedelta(microseconds=500_000)
    row = BusyRow(Interval(at(24, 9) + half, at(24, 10) + half), Busyness.UNKNOWN, "coverage", Reason.NOT_COVERED)
    content = free_busy([row], DAY, name="x", made_at=at(23, 0), remark="a, b; c\r\nFREEBUSY:evil " + "ä" * 80)
    told, periods = read(content)
    assert periods == [(at(24, 9), at(24, 10) + timedelta(seconds=1), "BUSY-UNAVAILABLE")]
    assert str(told["COMMENT"]) == "a, b; c\nFREEBUSY:evil " + "ä" * 80
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))


def test_the_command_exports_busy_time_as_ics(chosen, monkeypatch, capsys, tmp_path):
    """``export busy --format ics``: whose and when are needed, and ``--where`` is not for it; a directory gets a name of ours (S9)."""
    pull(chosen, ("b", meeting("../../evil", at(24, 9), at(24, 10))))
    with chosen.db.write() as tx:
        tx.execute("UPDATE _kept.calendar_freshness SET last_synced_at = now()")  # the command goes by the clock on the wall
    monkeypatch.setenv("ICALSYNC_DATABASE", str(chosen.db.path))
    whose = ["--sub-account", "acme", "--user", "anna", "--from", "2026-11-24", "--to", "2026-11-25"]
    assert main.run(["export", "busy", "-o", str(tmp_path), "--format", "ics", *whose, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["output"] == str(tmp_path / "busy.ics")
    assert read((tmp_path / "busy.ics").read_bytes())[1] == [(at(24, 9), at(24, 10), "BUSY")]
    for wrong in (["-o", "x.ics"], ["-o", "x.ics", *whose, "--where", "true"], ["-o", "x.csv", *whose], ["-o", "x.pdf"]):
        assert main.run(["export", "busy", *wrong]) == 2
    assert main.run(["export", "users", "-o", str(tmp_path / "x.ics"), *whose]) == 2
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix in {".ics", ".csv"}) == ["busy.ics"]


def test_the_command_says_where_the_exported_time_is_not_all_known(app, chosen, monkeypatch, capsys, tmp_path):
    """R12: the file is written; exit code 1, and the warning that ``busy`` gives too."""
    app.add_conflicts("acme", "anna", ["Home"])
    monkeypatch.setenv("ICALSYNC_DATABASE", str(chosen.db.path))
    whose = ["--sub-account", "acme", "--user", "anna", "--from", "2026-11-24", "--to", "2026-11-25"]
    assert main.run(["export", "busy", "-o", str(tmp_path / "x.ics"), *whose, "--json"]) == 1
    told = capsys.readouterr()
    assert json.loads(told.out)["output"] == str(tmp_path / "x.ics")
    assert json.loads(told.err)["warning"] == "INCOMPLETE"
    assert main.run(["export", "busy", "-o", str(tmp_path / "x.ics"), *whose]) == 1
    assert "calendar Home" in capsys.readouterr().err


def test_names_of_files_are_the_persons_or_the_views(app, chosen, tmp_path):
    """S9: nothing from an event names a file: neither UID nor href nor title."""
    book(chosen, at(24, 9), at(24, 10), name="../../../evil\r\nX: y")
    pull(chosen, ("../evil", meeting("../../evil", at(24, 9), at(24, 10))))
    files = tmp_path / "files"
    files.mkdir()
    for form in ("csv", "json", "parquet"):
        assert app.export("double_bookings", files, form=form)["rows"] == 1
    assert sorted(path.name for path in files.iterdir()) == [f"double_bookings.{form}" for form in ("csv", "json", "parquet")]
    assert list(tmp_path.glob("*evil*")) == []


@pytest.mark.parametrize("name", ["a\r\nX-Evil: 1.csv", "a\0.csv", "a\x1b]0;.csv", "a\u2028.csv"])
def test_a_file_name_with_control_characters_is_refused(app, tmp_path, name):
    """S10: such a name would end in a header, a log or a terminal."""
    with pytest.raises(InvalidInput, match="control characters"):
        app.export("users", tmp_path / name)
    assert list(tmp_path.glob("a*")) == []


def test_a_table_for_a_german_excel(app, chosen, tmp_path):
    """Semicolons, decimal comma, byte order mark, its own dates and truth values; read back it is the same table."""
    book(chosen, at(24, 9), at(24, 10))
    chosen.clock.pass_(seconds=30)
    pull(chosen, ("b", meeting("b", at(24, 9, 30), at(24, 10))))
    app.export("double_bookings", tmp_path / "found.csv", dialect="excel-de")
    text = (tmp_path / "found.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbffinding_id;sub_account;")
    (row,) = csv.DictReader(text.decode("utf-8-sig").splitlines(), delimiter=";")
    assert (row["starts_at"], row["minutes"][:3]) == ("24.11.2026 09:30:00", "1,5")
    pull(chosen, ("t", meeting("t", at(24, 9), at(24, 10), transparency=Transparency.TRANSPARENT)))
    app.export("double_bookings", tmp_path / "found.csv", dialect="excel-de")
    assert ";1,5" in (tmp_path / "found.csv").read_text("utf-8-sig")
    app.export("appointments", tmp_path / "booked.csv", dialect="excel-de")
    assert ";FALSCH;" in (tmp_path / "booked.csv").read_text("utf-8-sig")
    for wrong in ({"dialect": "excel-fr"}, {"dialect": "excel-de", "form": "json"}, {"form": "xlsx"}):
        with pytest.raises(InvalidInput):
            app.export("users", tmp_path / "x", **wrong)


def test_no_cell_is_run_as_a_formula(tmp_path):
    """D34: in whatever kind of column text stands, and behind blanks."""
    evil = ["=1+1", "+1", "-1", "@x", "\t=1", "  =1", "\uff1d1"]
    frame = pd.DataFrame({"text": evil, "kind": pd.Categorical(evil), "figure": [-1.5] * len(evil)})
    safe = safe_for_spreadsheets(frame)
    assert all(value.startswith("'") for name in ("text", "kind") for value in safe[name])
    assert safe["figure"].tolist() == [-1.5] * len(evil)
    assert safe_for_spreadsheets(pd.DataFrame({"text": ["a=1", None]}))["text"].iloc[0] == "a=1"


def test_every_view_is_exported_in_every_format(app, tmp_path):
    """Empty or not, filtered or not."""
    for view in ("users", "busy", "double_bookings", "calendars"):
        for form in ("csv", "json", "parquet"):
            rows = app.export(view, tmp_path, form=form)["rows"]
            assert len(app.view(view)) == rows
    assert len(pd.read_parquet(tmp_path / "users.parquet")) if _arrow() else (tmp_path / "users.parquet").stat().st_size > 0
    assert app.export("users", tmp_path / "anna.csv", where="user_id = 'anna'")["rows"] == 1
    assert (tmp_path / "anna.csv").stat().st_mode & 0o777 == 0o600


def _arrow() -> bool:
    try:
        pd.read_parquet(Path("nowhere"))
    except ImportError:
        return False
    except FileNotFoundError:
        return True
    return True


def test_the_audit_as_frame_view_and_command_is_the_same(app, chosen, monkeypatch, capsys):
    """One text finds them; the frame has one zone per column, categories and words; exit code 1 with findings."""
    book(chosen, at(24, 9), at(24, 10))
    pull(
        chosen,
        ("b", meeting("b", at(24, 9, 30), at(24, 10))),
        ("t", meeting("t", at(24, 9), at(24, 10), transparency=Transparency.TRANSPARENT)),
    )
    frame = app.double_bookings("acme", "anna", "2026-11-24", "2026-11-25")
    view = app.view("double_bookings").sort_values(["starts_at", "finding_id"])
    shared = [name for name in frame.columns if name in view.columns]
    assert shared == list(view.columns)
    assert sorted(frame["finding_id"]) == sorted(view["finding_id"])
    assert {str(frame[name].dt.tz) for name in frame.columns if isinstance(frame[name].dtype, pd.DatetimeTZDtype)} == {"Europe/Berlin"}
    assert [str(frame[name].dtype) for name in ("cause", "first_source", "minutes", "complete")] == [
        "category",
        "category",
        "float64",
        "bool",
    ]
    assert frame["says"].tolist() == [
        "The event is marked as free, so it did not block.",
        "It became known 1 minute after the booking was made.",
    ]
    assert app.double_bookings().drop(columns=["as_of"]).shape[0] == 2
    monkeypatch.setenv("ICALSYNC_DATABASE", str(chosen.db.path))
    assert main.run(["double-bookings", "acme", "anna", "--from", "2026-11-24", "--to", "2026-11-25", "--json"]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert [(row["finding_id"], row["cause"]) for row in rows] == list(zip(frame["finding_id"], frame["cause"], strict=True))
    assert main.run(["double-bookings"]) == 1
    assert "LATE_ARRIVAL" in capsys.readouterr().out
    empty = app.double_bookings("acme", "ben")
    assert (len(empty), [type(kind) for kind in empty.dtypes]) == (0, [type(kind) for kind in frame.dtypes])
    assert str(empty["starts_at"].dt.tz) == "Asia/Tokyo"


def test_explain_takes_a_finding(app, chosen):
    """The same id, and an error for one that is not this user's."""
    book(chosen, at(24, 9), at(24, 10))
    pull(chosen, ("b", meeting("b", at(24, 9, 30), at(24, 10))))
    (finding,) = app.double_bookings("acme", "anna")["finding_id"]
    assert datetime.fromisoformat(app.explain("acme", "anna", finding).as_dict()["at"]) == at(24, 9, 30)
    with pytest.raises(NotFound):
        app.explain("acme", "ben", finding)
    with pytest.raises(UnknownUser):
        app.double_bookings("acme", "nobody")
    with pytest.raises(InvalidInput):
        app.double_bookings(user="anna")


def test_of_the_other_sub_account_nothing_but_time_is_shown(app, chosen, monkeypatch, capsys):
    """R11: neither id nor calendar nor name of the other side, in no form."""
    book(chosen, at(24, 9), at(24, 10))
    book(chosen, at(24, 9), at(24, 11), name="SECRET-APPOINTMENT", user="carla")
    person(chosen, ("acme", "anna"), ("globex", "carla"))
    monkeypatch.setenv("ICALSYNC_DATABASE", str(chosen.db.path))
    main.run(["double-bookings", "acme", "--json"])
    told = capsys.readouterr().out
    assert json.loads(told)[0]["cause"] == "CROSS_SUB_ACCOUNT"
    assert [word for word in ("SECRET", "carla", "globex") if word in told] == []
