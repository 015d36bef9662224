"""What a reader of the dashboard is told: in their language, from codes, without commands, places or processes (issue 7)."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

import icalsync
from icalsync import errors
from icalsync.app.desks import telling
from icalsync.core.access import Reader
from icalsync.errors import IcalsyncError, InputError, NotFound, SlotNotBookable, StoreLocked
from icalsync.messages import language, say, speak
from icalsync.ports import Secret
from icalsync.settings import load_settings
from icalsync.store.database import Database
from tests.engine.clinic import WINDOW, fill, run_of
from tests.icloud.fixtures import ANNA, BEN, PASSWORD
from tests.store.conftest import at, meeting
from tests.store.own_events import edited, kept_open

if TYPE_CHECKING:
    from collections.abc import Iterator

    from icalsync.app import App
    from icalsync.app.desk import Desk
    from tests.icloud import CalendarOwner, ICloud, MovableClock
    from tests.store.conftest import World

ADMIN = Reader("ada", "admin")
PARTIAL = ("REMOVALS_HELD", "UNCLEAN_LISTING", "NOT_DELIVERED", "RUN_ABORTED", "PUSH_WAITING", "PUSH_PARKED", "PUSH_FAILED", "DRIFT")
GONE = ("SUBSCRIBED", "REMINDERS", "INBOX", "OUTBOX", "NOTIFICATIONS", "NO_EVENTS", "NOT_A_CALENDAR", "NO_READ_ACCESS")
ENGLISH = re.compile(r"\b(the|this|again|password|calendar)\b", re.IGNORECASE)


def codes() -> Iterator[str]:
    """Every code that a run may end with, and those of partial results."""
    kinds = [IcalsyncError]
    while kinds:
        kind = kinds.pop()
        kinds += [each for each in kind.__subclasses__() if each.__module__ == errors.__name__]
        if not issubclass(kind, InputError):
            yield kind.code
    yield from (*PARTIAL, *GONE)


@pytest.fixture
def german() -> Iterator[None]:
    """The reader speaks German."""
    speak("de")
    yield
    speak("en")


@pytest.mark.parametrize("spoken", ["en", "de"])
def test_every_code_reads_well_and_says_what_to_click_and_not_what_to_type(spoken: str) -> None:
    """No question mark for a fact nobody kept, no command, in both languages, for accounts of both providers."""
    speak(spoken)
    try:
        for code in {*codes(), "NEVER_HEARD_OF"}:
            for provider in ("icloud", "caldav"):
                said = f"{telling.what(code)} {telling.next_step(code, provider)}"
                assert "?" not in said.replace(say("page.why"), ""), (code, said)
                assert "icalsync " not in said.replace("runs icalsync", "").replace("icalsync betreib", ""), (code, said)
                assert re.search(r"[.)“]$", telling.what(code)), code
            assert telling.push(code)
    finally:
        speak("en")


def test_the_next_step_of_a_rejected_password_is_that_of_the_provider() -> None:
    """R2: an app-specific password for iCloud, and the server's own for any other."""
    assert "app-specific" in telling.next_step("AUTHENTICATION_REJECTED", "icloud")
    assert "app-specific" not in telling.next_step("AUTHENTICATION_REJECTED", "caldav")


def test_why_an_object_cannot_be_read_is_a_sentence() -> None:
    """Also for a reason that has none of its own."""
    assert telling.unreadable("TOO_LARGE") == "It is too large."
    assert telling.unreadable("NEVER_HEARD_OF") == say("health.unreadable")


def test_the_state_of_an_account_is_said_anew_in_the_readers_language(
    app: App,
    work: CalendarOwner,
    icloud: ICloud,
    german: None,
) -> None:
    """What is stored is in English, whoever caused it; pages say it from the code, to whom it matters, and what to do about it."""
    desk = app.desk(ADMIN)
    fill(work, 1)
    app.sync()
    assert [row["says"] for row in desk.connections()] == [None]
    icloud.account(ANNA).change_password("abcd-efgh-ijkl-mnop-other")
    run = run_of(app)
    assert ENGLISH.search(run["status_reason"])
    (row,) = desk.connections()
    assert (row["status"], row["says"]) == ("reauthentication_needed", say("page.kind.AUTHENTICATION_REJECTED"))
    assert row["status_reason"] == run["status_reason"]
    (error,) = desk.errors()
    assert (error["code"], error["provider"], error["elsewhere"]) == ("AUTHENTICATION_REJECTED", "icloud", False)
    assert [(user["sub_account"], user["user_id"]) for user in error["users"]] == [("ACME", "anna")]
    (alert,) = desk.alerts()
    assert alert["says"] == say("page.alert.REAUTHENTICATION_NEEDED")
    assert ENGLISH.search(app.alerts()[0]["says"])
    assert language() == "de"
    told = f"{row['says']} {row['next_step']} {error['says']} {error['next_step']} {alert['says']}"
    assert not ENGLISH.search(told), told


def test_what_is_connected_elsewhere_is_elsewhere_in_errors_too(app: App, icloud: ICloud) -> None:
    """S5: neither name nor count of the users of another sub-account."""
    app.add_sub_account("Globex")
    app.add_user("Globex", "carla")
    app.connect("Globex", "carla", provider="icloud", account=ANNA, password=PASSWORD)
    icloud.account(ANNA).change_password("abcd-efgh-ijkl-mnop-other")
    run_of(app)
    (row,) = app.desk(Reader("ada", "admin", frozenset({"ACME"}))).errors()
    assert (row["elsewhere"], [user["user_id"] for user in row["users"]]) == (True, ["anna"])
    assert "carla" not in str(row)


def test_calendars_have_one_shape_wherever_they_are_listed(app: App) -> None:
    """Right after connecting a page needs to know which can be linked, too."""
    app.add_user("ACME", "ben")
    desk = app.desk(ADMIN)
    found = desk.connect("ACME", "ben", provider="icloud", account=BEN, password=Secret(PASSWORD))
    assert found["calendars"] == desk.calendars("ACME", "ben")
    assert {"linkable", "not_linkable", "assume", "used_by", "elsewhere"} <= set(found["calendars"][0])


def held(app: App, work: CalendarOwner, count: int = 16) -> str:
    """Most events of anna's calendar vanish at once; its id."""
    fill(work, count)
    app.sync()
    for number in range(count - 5):
        work.delete(f"e{number}")
    assert run_of(app)["error_code"] == "REMOVALS_HELD"
    return str(next(row for row in app.calendars("ACME", "anna") if row["display_name"] == "Work")["calendar_id"])


def test_an_admin_lets_held_removals_go_and_that_is_logged_r13_s23(app: App, work: CalendarOwner) -> None:
    """R13: a person confirms what they see; a forced deletion stands in the audit log with its reason."""
    desk = app.desk(ADMIN)
    assert desk.held_removals() == []
    calendar = held(app, work)
    (row,) = desk.held_removals()
    assert (row["calendar_id"], row["display_name"], row["number"], row["elsewhere"]) == (calendar, "Work", 11, False)
    assert [user["user_id"] for user in row["users"]] == ["anna"]
    assert "11 events vanished" in row["says"]
    assert "11 events vanished" in desk.alerts()[0]["says"]
    report = desk.confirm_removals(calendar, reason=" she moved ")
    assert report.runs[0]["removed"] == 11
    assert (len(app.busy("ACME", "anna", *WINDOW)), desk.held_removals(), desk.alerts()) == (5, [], [])
    line = next(each for each in desk.audit() if each["action"] == "CONFIRM_DELETIONS")
    assert (line["actor"], line["object"], line["reason"]) == ("ada", calendar, "she moved")
    for deed in (desk.confirm_removals, desk.hold_removals):  # a word given for nothing would let go what vanishes next
        with pytest.raises(NotFound):
            deed(calendar)


def test_an_admin_holds_removals_for_another_hour_r13_s23(
    app: App,
    work: CalendarOwner,
    icloud_clock: MovableClock,
) -> None:
    """R13: the hour begins anew; until it is over they block, whatever listings show; logged."""
    desk = app.desk(ADMIN)
    calendar = held(app, work)
    icloud_clock.advance(3000)
    before = desk.held_removals()[0]["since"]
    (row,) = desk.hold_removals(calendar, reason="a backup is being put back")
    assert row["since"] > before
    icloud_clock.advance(900)
    assert run_of(app)["removed"] == 0
    assert len(app.busy("ACME", "anna", *WINDOW)) == 16
    line = next(each for each in desk.audit() if each["action"] == "HOLD_DELETIONS")
    assert (line["actor"], line["object"], line["reason"]) == ("ada", calendar, "a backup is being put back")
    icloud_clock.advance(3600)
    assert run_of(app)["removed"] == 11


def app_of(world: World) -> App:
    """The library on a world's database, with its clock."""
    return icalsync.open(settings=load_settings({}, database=world.db.path), clock=world.clock)


def test_a_question_of_the_desk_is_one_look_at_the_database(chosen: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening costs 25 ms, and between two openings a sync may have changed what is told."""
    chosen.pull("Work", ("a", meeting("a", at(24, 9), at(24, 10))), before="t0")
    opened, entered = [], Database._entered

    @contextmanager
    def counted(database: Database) -> Iterator[Any]:
        opened.append(1)
        with entered(database) as cursor:
            yield cursor

    desk = app_of(chosen).desk(Reader("sue", "support", frozenset({"acme"})))
    week = ("2026-11-23", "2026-11-30")
    work_id = chosen.id_of("Work")
    questions = {
        "slots": lambda: desk.slots("acme", "anna", *week),
        "busy": lambda: desk.busy("acme", "anna", *week),
        "freshness": lambda: desk.freshness("acme", "anna"),
        "heatmap": lambda: desk.heatmap("acme", None, *week),
        "calendars": lambda: desk.calendars("acme", "anna"),
        "preview": lambda: desk.preview("acme", "anna", linked=work_id, conflicts=[work_id]),
        "connections": desk.connections,
        "appointments": lambda: desk.appointments("acme"),
        "outbox": desk.outbox,
        "drifts": desk.drifts,
        "errors": desk.errors,
        "alerts": desk.alerts,
        "double_bookings": desk.double_bookings,
    }
    for question in questions.values():
        question()  # expands, and compares with the journal, where that was not done yet
    monkeypatch.setattr(Database, "_entered", counted)
    for name, question in questions.items():
        opened.clear()
        question()
        assert len(opened) == 1, name
    opened.clear()
    assert (
        len(desk.at_once(lambda one: [ask() for ask in (one.connections, one.errors, lambda: one.explain("acme", "anna", at(24, 9)))])) == 3
    )
    assert len(opened) == 1, "several questions at once"


def test_what_does_something_is_not_done_in_a_look(chosen: World) -> None:  # a page that asks and acts in one go
    """Nothing of it is begun there; it is done outside, once."""
    desk, begun = app_of(chosen).desk(ADMIN), []

    def mixed(one: Desk) -> str:
        begun.append(len(one.appointments("acme")))
        return str(one.book("acme", "anna", "2026-11-24 10:00", "2026-11-24 10:30", "Visit", check=False, push=False)["appointment_id"])

    made = desk.at_once(mixed)
    assert begun == [0, 0]
    assert [row["appointment_id"] for row in desk.appointments("acme")] == [made]


def test_a_question_that_has_to_expand_first_is_answered_all_the_same(chosen: World) -> None:
    """One moment of the database is only read: what has to be written first is written, and the question asked again."""
    desk = app_of(chosen).desk(ADMIN)
    assert len(desk.slots("acme", "anna", "2029-11-26", "2029-11-27", length="1h")) == 8


def test_a_database_in_use_is_told_without_its_place_and_without_a_process(chosen: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a page that is nobody's business; the command line says who holds it, so that somebody can end it."""

    @contextmanager
    def taken(database: Database) -> Iterator[None]:
        raise StoreLocked(path=str(database.path), holder="PID 4711 (python)")
        yield

    library = app_of(chosen)
    desk = library.desk(ADMIN)
    monkeypatch.setattr(Database, "_entered", taken)
    for ask in (desk.connections, desk.explain_appointment, library.signed_in, library.sign_in_way, library.invitation):
        with pytest.raises(StoreLocked) as caught:
            ask() if ask == desk.connections else ask("127.0.0.1")
        assert caught.value.code == "STORE_IN_USE"
        assert not re.search(r"4711|duckdb", f"{caught.value.message} {caught.value.next_step} {caught.value.facts}")
    for tell in (library.alerts, lambda: library.sign_in_way("127.0.0.1", plain=False)):
        with pytest.raises(StoreLocked, match=r"clinic\.duckdb.*PID 4711"):
            tell()


def test_a_slot_that_cannot_be_booked_is_told_as_pages_write_times(chosen: World, german: None) -> None:
    """R14: no ISO dates, and no command where an account needs its password: a page has a button for that."""
    desk = app_of(chosen).desk(ADMIN)
    with pytest.raises(SlotNotBookable) as caught:
        desk.book("acme", "anna", "2026-11-29 09:00", "2026-11-29 10:00", "Visit", push=False)
    told = caught.value.message
    assert told.startswith("So 29.11.2026 09:00 – So 29.11.2026 10:00 ist nicht buchbar: ")
    assert say("slot.CLOSED") in told
    facts = {"start": "2026-11-24T09:00:00+01:00", "end": "2026-11-24T10:00:00+01:00", "because": ["UNKNOWN"], "zone": "Europe/Berlin"}
    with pytest.raises(SlotNotBookable) as caught, telling.refusals():
        raise SlotNotBookable(**facts, why=say("slot.locked", integration_id="int-1"))
    assert caught.value.message == f"Di 24.11.2026 09:00 – Di 24.11.2026 10:00 ist nicht buchbar: {say('slot.UNKNOWN')}."


def test_an_alert_about_nobody_in_particular_is_everybodys_on_the_command_line_alone(
    chosen: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """T5: JOURNAL_AHEAD concerns everybody, so it shows wherever one looks; a reader of some tenants learns nothing of others."""
    with kept_open(chosen, monkeypatch) as office:
        lost = office.book()["appointment_id"]
        with chosen.db.write() as tx:  # as a damaged WAL does
            for table in ("outbox", "own_object", "appointment_version"):
                tx.execute(f"DELETE FROM _kept.{table} WHERE appointment_id = ?", [lost])
        library = app_of(chosen)
        for asked in ((), ("acme",), ("globex",), ("acme", "anna")):
            assert [row["kind"] for row in library.alerts(*asked)] == ["JOURNAL_AHEAD"], asked
        assert [row["says"] for row in library.desk(ADMIN).alerts()] == [say("told.alert.JOURNAL_AHEAD")]
        assert library.desk(Reader("gus", "admin", frozenset({"globex"}))).alerts() == []


def test_an_event_of_ours_dragged_onto_something_is_told_as_what_it_is(chosen: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """R11, issue 6: both times came from outside, so EXTERNAL_ONLY; but one of them is ours, and its drift is to be settled."""
    with kept_open(chosen, monkeypatch) as office:
        _, href, raw = office.pushed(at(24, 9))
        office.pull("Work", (href, edited(raw, at(24, 14))), ("/dav/anna/work/own.ics", theirs(at(24, 14))))
        (found,) = app_of(chosen).double_bookings("acme").to_dict("records")
        assert (found["cause"], {found["first_source"], found["second_source"]}) == ("EXTERNAL_ONLY", {"external"})
        assert found["says"] == say("audit.EXTERNAL_ONLY.DRIFT")
        office.resolve("restore")
        office.pull("Work", (href, raw), ("/dav/anna/work/more.ics", theirs(at(24, 14))))
        says = [row["says"] for row in app_of(chosen).double_bookings("acme").to_dict("records")]
        assert says == [say("audit.EXTERNAL_ONLY")]


def theirs(start: Any) -> bytes:
    """An event of the person's own."""
    stamp = f"{start:%Y%m%dT%H%M%SZ}"
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:x",
        "BEGIN:VEVENT",
        f"UID:{stamp}-{id(start)}",
        f"DTSTAMP:{stamp}",
        f"DTSTART:{stamp}",
    )
    return "\r\n".join((*lines, "DURATION:PT1H", "SUMMARY:CANARY", "END:VEVENT", "END:VCALENDAR", "")).encode()


def test_findings_are_told_in_the_readers_language(german: None) -> None:
    """Lengths of time, too."""
    from icalsync.app import auditing  # noqa: PLC0415  # pandas, which the rest does without

    assert [auditing.lapse(each) for each in (0.5, 1, 4, 90, 60, 1440, 4320)] == [
        "30 Sekunden", "1 Minute", "4 Minuten", "1 Std. 30 Min.", "1 Std.", "1 Tag", "3 Tage",
    ]  # fmt: skip
    shift = {"cause": "ZONE_SHIFT", "detail": None, "minutes": 60.0}
    assert "1 Std. später" in auditing.says(shift)


def test_a_turning_mark_hides_no_formula_in_a_download_d34_d35(chosen: World) -> None:
    """The mark goes first: what stands behind it is judged as the spreadsheet will see it; JSON keeps the data."""
    import pandas as pd  # noqa: PLC0415  # as above

    desk, frame = app_of(chosen).desk(ADMIN), pd.DataFrame({"name": ["\u202e=1+1", "An\u2066na", "\u200e +1"]})
    for dialect in ("plain", "excel-de"):
        lines = desk.download(frame, "csv", dialect=dialect).decode("utf-8-sig").splitlines()
        assert lines[1:] == ["'=1+1", "Anna", "' +1"]
    assert "u202e" in desk.download(frame, "json").decode().lower().replace("\u202e", "\\u202e")
