"""``explain`` on a real server: each case support is asked about is settled by one call, and what it says would change the answer does."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

import icalsync
from icalsync.clock import SystemClock
from icalsync.errors import InvalidInput, UnknownUser
from icalsync.settings import load_settings
from tests.journeys.conftest import Cli, connect
from tests.servers import event_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers import DavServer

IN_PROCESS = True

SERIES = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//icalsync//tests//EN
BEGIN:VEVENT
UID:series
DTSTAMP:20261122T000000Z
DTSTART;TZID=America/New_York:20270104T040000
DTEND;TZID=America/New_York:20270104T050000
RRULE:FREQ=DAILY;COUNT=10
EXDATE;TZID=America/New_York:20270105T040000
SUMMARY:Canary series
LOCATION:Canary place
ATTENDEE;CN=Canary;PARTSTAT=ACCEPTED:mailto:canary@else.example
END:VEVENT
BEGIN:VEVENT
UID:series
DTSTAMP:20261122T000000Z
RECURRENCE-ID;TZID=America/New_York:20270106T040000
DTSTART;TZID=America/New_York:20270106T060000
DTEND;TZID=America/New_York:20270106T070000
SUMMARY:Canary moved
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")
"""Each day at 10:00 in Berlin from Monday 2027-01-04; Tuesday's is taken out, Wednesday's is moved to 12:00."""
ME = "ATTENDEE;PARTSTAT={}:mailto:anna@example.org"
OBJECTS = {
    "work/series": SERIES,
    "work/free": event_at("free", "20270104T110000Z", "20270104T120000Z", summary="Canary free", more=("TRANSP:TRANSPARENT",)),
    "work/declined": event_at("declined", "20270104T130000Z", "20270104T133000Z", summary="Canary no", more=(ME.format("DECLINED"),)),
    "work/asked": event_at("asked", "20270104T140000Z", "20270104T143000Z", summary="Canary ask", more=(ME.format("NEEDS-ACTION"),)),
    "work/gone": event_at("gone", "20270104T150000Z", "20270104T153000Z", summary="Canary off", more=("STATUS:CANCELLED",)),
    "private/dentist": event_at("dentist", "20270104T120000Z", "20270104T123000Z", summary="Canary dentist"),
}


def fill(server: DavServer) -> None:
    """A work and a private calendar with what people ask about."""
    for name in ("work", "private"):
        server.account.mkcalendar(f"{server.home}{name}/", name=name.capitalize())
    for name, text in OBJECTS.items():
        server.account.put(f"{server.home}{name}.ics", text)


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory, _running: Callable[[str], DavServer]) -> Path:
    """Anna's work calendar is linked and synced, her private one is not chosen; made once, to be copied."""
    server, directory = _running("radicale"), tmp_path_factory.mktemp("synced")
    server.account.clear("/anna/")
    fill(server)
    cli = cli_in(directory)
    cli("sub-account", "add", "ACME", "--name", "Acme Clinic", "--time-zone", "Europe/Berlin")
    cli("user", "add", "ACME", "anna", "--name", "Anna Adler", "--email", "anna@example.org")
    cli("addresses", connect(cli, server)["integration_id"], "add", "anna@example.org")
    cli("link", "ACME", "anna", "Work")
    cli("sync")
    return directory


def cli_in(directory: Path) -> Cli:
    """The command line on a database in that directory."""
    settings = {
        "HOME": str(directory / "home"),
        "XDG_CONFIG_HOME": str(directory / "home" / "config"),
        "XDG_DATA_HOME": str(directory / "home" / "data"),
        "ICALSYNC_DATABASE": str(directory / "data" / "clinic.duckdb"),
        "ICALSYNC_SECRET_KEY_FILE": str(directory / "keys" / "secret.key"),
        "ICALSYNC_ALLOW_PRIVATE_HOSTS": "true",
    }
    return Cli(directory, settings, as_process=False)


@pytest.fixture
def anna(synced: Path, radicale: DavServer, tmp_path: Path) -> Asked:
    """The same in a place of one's own, with the server as it was synced."""
    fill(radicale)
    shutil.copytree(synced, tmp_path / "place")
    return Asked(cli_in(tmp_path / "place"), radicale)


class Asked:
    """The command line, asked about Anna."""

    def __init__(self, cli: Cli, server: DavServer) -> None:
        self.cli, self.server = cli, server

    def __call__(self, at: str, *options: str) -> dict[str, Any]:
        """The explanation as JSON."""
        return self.cli.json("explain", "ACME", "anna", at, *options)

    def says(self, at: str, *options: str) -> str:
        """The sentences."""
        return self.cli("explain", "ACME", "anna", at, *options).out

    @property
    def app(self) -> icalsync.app.App:
        """The same in Python."""
        return icalsync.open(settings=load_settings(self.cli.environment))


def step(told: dict[str, Any], kind: str) -> dict[str, Any]:
    """The first piece of evidence of a kind."""
    return next(one for one in told["evidence"] if one["step"] == kind)


def test_each_question_support_is_asked_is_settled_by_one_call(anna: Asked) -> None:
    """Cases 3, 6, 7, 8, 10, 11, 14: busy or free, with the rule, the exception, the zone, the lines and the run that brought it."""
    series = anna("2027-01-07 10:00")
    assert (series["busyness"], series["reason"], series["offered"]) == ("BUSY", "BUSY", False)
    assert step(series, "recurrence")["rule"] == "FREQ=DAILY;COUNT=10"
    assert "04:00 America/New_York (UTC-05:00)" in step(series, "zone")["says"]
    assert "RRULE:FREQ=DAILY;COUNT=10" in step(series, "lines")["lines"]
    runs = anna.cli.directory / "runs.json"
    anna.cli("export", "sync_runs", "-o", str(runs))
    assert step(series, "run")["run_id"] in {run["run_id"] for run in json.loads(runs.read_text())}
    assert step(series, "event")["age_seconds"] < 600

    moved = anna("2027-01-06 12:00")
    assert (moved["offered"], step(moved, "recurrence")["moved_from"]) == (False, "2027-01-06T10:00:00+01:00")
    for at, aside in (("2027-01-06 10:00", "MOVED_AWAY"), ("2027-01-05 10:00", "EXCLUDED"), ("2027-01-04 12:00", "TRANSPARENT")):
        told = anna(at)
        assert (told["offered"], step(told, "event")["set_aside"]) == (True, aside), at
    declined = anna("2027-01-04 14:00")
    assert (declined["offered"], declined["reason"]) == (True, "DECLINED")
    assert "anna@example.org declined it" in step(declined, "event")["says"]
    assert anna("2027-01-04 15:00")["reason"] == "UNANSWERED"
    assert anna("2027-01-04 16:00")["reason"] == "CANCELLED"
    private = anna("2027-01-04 13:00")
    assert (private["offered"], step(private, "event")["set_aside"], step(private, "event")["calendar"]) == (True, "NOT_CHOSEN", "Private")


def test_what_an_explanation_says_would_change_the_answer_changes_it(anna: Asked) -> None:
    """Issue 6: every command it names is run, and the answer flips; then it is undone, and flips back."""
    undo = {
        "conflicts remove": ("conflicts", "add", "ACME", "anna", "Work"),
        "conflicts add": ("conflicts", "remove", "ACME", "anna", "Private"),
        "policy": ("policy", "ACME", "anna", "unanswered=busy"),
        "hours": ("hours", "ACME", "anna", "set", "--step", "inherit", "--exceptions", "inherit"),
    }
    done = set()
    for at in ("2027-01-04 15:00", "2027-01-04 13:00", "2027-01-04 09:10", "2027-01-04 17:30"):
        before = anna(at)
        for sentence in before["would_change"]:
            command = re.search(r": icalsync (.+)$", sentence)
            if command is None:
                continue
            words = shlex.split(command.group(1))
            anna.cli(*words)
            after = anna(at)
            assert after["offered"] is not before["offered"], sentence
            kind = next(name for name in undo if " ".join(words).startswith(name))
            done.add(kind)
            anna.cli(*undo[kind])
            if "remove" in kind:
                anna.cli("link", "ACME", "anna", "Work")
    assert done == set(undo)
    assert not anna("2027-01-04 15:00")["offered"]
    anna.server.account.delete(f"{anna.server.home}work/asked.ics")
    anna.cli("sync")
    assert anna("2027-01-04 15:00")["offered"]


def test_titles_are_shown_only_on_request_with_a_reason_and_that_is_logged(anna: Asked) -> None:
    """R18: no title, place or person without a reveal; for the customer neither hrefs; each reveal stands in the audit log."""
    for at in ("2027-01-07 10:00", "2027-01-04 13:00", "2027-01-05 10:00"):
        shown = anna.says(at) + anna.says(at, "--json") + anna.app.explain("acme", "anna", at)._repr_html_()
        assert "anary" not in shown, at
        customer = anna.says(at, "--for", "customer")
        assert not re.search(r"anary|\.ics|cal-|int-|/anna/", customer), customer
        assert customer.startswith("Anna Adler can")
    with pytest.raises(InvalidInput):
        anna.app.explain("ACME", "anna", "2027-01-07 10:00", reveal=True)
    assert step(anna("2027-01-04 13:00", "--reveal"), "event")["title"] != "•••"
    revealed = anna("2027-01-07 10:00", "--reveal", "--reason", "ticket 7")
    assert step(revealed, "event")["title"] == "Canary series"
    log = anna.cli.directory / "log.json"
    anna.cli("export", "audit_log", "-o", str(log))
    unsaid, entry = [one for one in json.loads(log.read_text()) if one["action"].startswith("REVEAL")]
    assert (unsaid["reason"], entry["reason"]) == ("asked for on the command line, without a reason", "ticket 7")
    assert "ACME/anna 2027-01-07T09:00:00+00:00" in entry["object"]
    assert "anary" not in entry["object"]
    assert "Canary place" not in json.dumps(revealed)


def test_as_known_at_a_past_moment_it_says_what_became_known_since(anna: Asked) -> None:
    """R16, case 20: the slot was free when it was asked about; the event that takes it now arrived later, and how much later is told."""
    at = "2027-01-08 15:00"
    then = SystemClock().now().isoformat()
    time.sleep(0.01)
    anna.server.account.put(f"{anna.server.home}work/late.ics", event_at("late", "20270108T140000Z", "20270108T150000Z"))
    anna.cli("sync")
    assert anna(at)["reason"] == "BUSY"
    told = anna(at, "--known-at", then)
    assert (told["offered"], datetime.fromisoformat(told["known_at"])) == (True, datetime.fromisoformat(then))
    since = [one for one in told["evidence"] if one["step"] == "since"]
    assert [(one["what"], one.get("uid")) for one in since] == [("appeared", "late"), ("now", None)]
    assert datetime.fromisoformat(since[0]["at"]) > datetime.fromisoformat(then)
    slots = anna.app.slots("acme", "anna", "2027-01-08", "2027-01-09", known_at=then)
    assert datetime(2027, 1, 8, 14, tzinfo=UTC) in set(slots["starts_at"])
    early = anna.cli("explain", "ACME", "anna", at, "--known-at", "2020-01-01", "--json", code=2)
    assert early.error["error"] == "BEFORE_RETENTION"


def test_a_window_is_one_row_per_stretch_of_equal_reason(anna: Asked) -> None:
    """``--from``/``--to``: a bare array; where coverage is incomplete it exits 1 and warns."""
    rows = anna.cli.json("explain", "ACME", "anna", "--from", "2027-01-04 08:00", "--to", "2027-01-04 18:00")
    assert [(row["starts_at"][11:16], row["reason"], row["offered"]) for row in rows] == [
        ("08:00", "CLOSED", False),
        ("09:00", "OFFERED", True),
        ("10:00", "BUSY", False),
        ("11:00", "OFFERED", True),
        ("15:00", "UNANSWERED", False),
        ("15:30", "OFFERED", True),
        ("17:00", "CLOSED", False),
    ]
    anna.cli("conflicts", "add", "ACME", "anna", "Private")
    anna.server.account.delete(f"{anna.server.home}private/")
    anna.cli("sync", code=None)
    answer = anna.cli("explain", "ACME", "anna", "--from", "2027-01-04", "--to", "2027-01-05", "--json", code=1)
    assert answer.error["warning"] == "INCOMPLETE"
    assert {row["reason"] for row in answer.json} >= {"NOT_COVERED", "BUSY"}
    single = anna("2027-01-04 09:00")
    assert (single["busyness"], single["reason"], single["coverage"]["complete"]) == ("UNKNOWN", "NOT_COVERED", False)
    assert "do not offer what we cannot see" in anna.says("2027-01-04 09:00", "--for", "customer")


def test_another_users_event_is_a_near_miss_of_the_same_sub_account_alone(anna: Asked) -> None:
    """Case 3, R11: ben's booking is told to staff, carla's of another tenant to nobody, and neither to the customer."""
    anna.cli("user", "add", "ACME", "ben", "--name", "Ben Berg")
    anna.cli("sub-account", "add", "NORTH", "--time-zone", "America/New_York")
    anna.cli("user", "add", "NORTH", "carla")
    for sub_account, user in (("ACME", "ben"), ("NORTH", "carla")):
        anna.cli("block", sub_account, user, "--start", "2027-01-08T08:00Z", "--end", "2027-01-08T09:00Z", "--note", f"Canary {user}")
    told = anna("2027-01-08 09:00")
    others = [one for one in told["evidence"] if one.get("set_aside") == "ANOTHER_USER"]
    assert [(one["user_id"], one["reason"]) for one in others] == [("ben", "BLOCKED_SLOT")]
    assert told["offered"] is True
    assert not re.search(r"carla|NORTH|Canary", json.dumps(told))
    assert not re.search(r"ben|carla|NORTH", anna.says("2027-01-08 09:00", "--for", "customer"))


def test_a_booking_is_explained_as_asked_and_known_when_it_was_made(anna: Asked) -> None:
    """``--appointment ID``: free when it was booked, though an event lies there now; the booking does not stand in its own way."""
    row = anna.cli.json(
        "book", "ACME", "anna", "--start", "2027-01-08T13:00", "--end", "2027-01-08T13:30", "--title", "Canary visit", "--no-check"
    )
    anna.server.account.put(f"{anna.server.home}work/late.ics", event_at("late", "20270108T120000Z", "20270108T130000Z"))
    anna.cli("sync", code=None)
    told = anna.cli.json("explain", "--appointment", row["appointment_id"])
    assert (told["at"], told["length"], told["offered"]) == ("2027-01-08T13:00:00+01:00", "30m", True)
    assert {one["what"] for one in told["evidence"] if one["step"] == "since"} >= {"appeared", "now"}
    assert anna("2027-01-08 13:00")["reason"] in {"BUSY", "OWN_APPOINTMENT"}
    with pytest.raises(UnknownUser):
        anna.app.explain_appointment(row["appointment_id"], sub_account="ACME", user="ben")
    findings = anna.app.view("double_bookings", "user_id = 'anna'")
    for finding in findings["finding_id"][:1]:
        met = anna(str(finding))
        assert met["at"].startswith("2027-01-08T13:00")
    assert len(findings) == 1


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("anna", "not a time"), "INVALID_INPUT"),
        (("anna", "2027-03-28 02:30"), "INVALID_INPUT"),
        (("anna", "2027-01-04 10:00", "--length", "0m"), "INVALID_INPUT"),
        (("anna", "2027-01-04 10:00", "--length", "20 years"), "INVALID_INPUT"),
        (("anna", "2060-01-04 10:00"), "INVALID_INPUT"),
        (("anna", "2027-01-04 10:00", "--reason", "why"), "INVALID_INPUT"),
        (("nobody", "2027-01-04 10:00"), "UNKNOWN_USER"),
        (("anna", "0123456789abcdef"), "NOT_FOUND"),
        (("anna",), "USAGE"),
        (("anna", "2027-01-04 10:00", "--from", "2027-01-04"), "USAGE"),
        (("anna", "--from", "2027-01-04"), "USAGE"),
        (("anna", "--from", "2027-01-04", "--to", "2027-01-05", "--reveal"), "USAGE"),
        (("anna", "--from", "2027-01-05", "--to", "2027-01-04"), "START_AFTER_END"),
        (("anna", "--appointment", "nothing"), "APPOINTMENT_UNKNOWN"),
    ],
)
def test_bad_input_gets_a_plain_error_and_changes_nothing(synced: Path, arguments: tuple[str, ...], error: str) -> None:
    """Exit 2, one sentence and a next step."""
    answer = cli_in(synced)("explain", "ACME", *arguments, "--json", code=2)
    assert answer.error["error"] == error
    assert answer.error["next_step"]
    assert answer.out == ""


def test_the_length_and_the_moments_of_asking_are_those_of_slots(anna: Asked) -> None:
    """R15: asked a minute before the notice ends it is refused, a minute after it is offered; the same lengths as slots take."""
    app = anna.app
    app.set_hours("acme", "anna", {"notice": "2h", "weekly": "Mon-Fri 09:00-17:00"})
    at = datetime(2027, 1, 4, 10, tzinfo=UTC)
    for minutes, offered in ((121, True), (119, False)):
        told = app.explain("acme", "anna", at, "1h", asked_at=at - timedelta(minutes=minutes))
        assert told.offered is offered
        assert told.length == timedelta(hours=1)
    with suppress(InvalidInput):
        app.explain("acme", "anna", at, timedelta(0))
        pytest.fail("a slot must last some time")
