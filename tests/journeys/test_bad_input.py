"""Bad input: each a plain error with a next step and its exit code, and nothing is lost or stored."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import duckdb
import pytest

from tests import databases
from tests.conftest import PASSWORD
from tests.journeys.conftest import connect

if TYPE_CHECKING:
    from pathlib import Path

    from tests.journeys.conftest import Answer, Cli
    from tests.servers import DavServer


IN_PROCESS = True
"""The main job runs as processes; these many small cases go through the same entry point without starting one each."""


def try_connect(cli: Cli, *options: str, code: int, password: str = PASSWORD, **variables: str) -> Answer:
    """A connect that must fail, and leave nothing behind (R1)."""
    answer = cli("connect", "ACME", "anna", *options, "--password-stdin", "--json", stdin=password + "\n", code=code, **variables)
    assert answer.out == ""
    assert answer.error["next_step"]
    assert cli.json("integrations") == []
    assert not cli.database.with_name("clinic.duckdb.secrets").exists()
    return answer


def test_a_regular_apple_password_is_refused_before_any_request_r1_case_2(clinic: Cli) -> None:
    """R1, case 2: the form is checked first; the error carries the steps to an app-specific one (R2) and not the password."""
    answer = try_connect(clinic, "--provider", "icloud", "--account", "a@icloud.com", password="Summer2026!", code=2)
    assert answer.error["error"] == "PASSWORD_FORM"
    assert "appleid.apple.com" in answer.error["next_step"]
    assert "Summer2026" not in answer.err


def test_a_wrong_password_is_rejected_by_the_server_and_nothing_is_stored_r1(clinic: Cli, radicale: DavServer) -> None:
    """R1: nothing is stored before discovery has succeeded; a 401 says what to do and names the likely causes (R2)."""
    answer = try_connect(clinic, "--provider", "caldav", "--url", radicale.url, "--account", "anna", password="wrong", code=3)
    assert answer.error["error"] == "AUTHENTICATION_REJECTED"
    assert "revokes" in answer.error["next_step"]


def test_an_unknown_host_is_named(clinic: Cli) -> None:
    """A name that does not resolve is the network's or the spelling's trouble (N6)."""
    answer = try_connect(clinic, "--provider", "caldav", "--url", "https://no-such-host.invalid/", "--account", "a", code=1)
    assert answer.error["error"] == "HOST_UNKNOWN"
    assert "no-such-host.invalid" in answer.error["message"]


def test_nobody_listening_is_said(clinic: Cli) -> None:
    """A refused connection is no account's fault (N13)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/"
        answer = try_connect(clinic, "--provider", "caldav", "--url", url, "--account", "a", code=1)
    assert answer.error["error"] == "SERVER_UNREACHABLE"


@pytest.fixture
def website(tmp_path: Path) -> str:
    """A web server that is no CalDAV server."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("<html><body>Welcome</body></html>")
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(tmp_path / "site")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().split("port ")[1].split()[0]
        yield f"http://127.0.0.1:{port}/"
        process.terminate()


def test_a_host_that_is_no_caldav_server_is_told_apart(clinic: Cli, website: str) -> None:
    """A website answers, but not with a multistatus (N10)."""
    answer = try_connect(clinic, "--provider", "caldav", "--url", website, "--account", "a", code=1)
    assert answer.error["error"] == "NOT_CALDAV"


def test_a_url_of_a_single_calendar_is_refused_with_the_reason(clinic: Cli, dav_server: DavServer) -> None:
    """The account's address is needed; calendars are chosen afterwards."""
    dav_server.account.mkcalendar(f"{dav_server.home}work/", name="Work")
    url = f"{dav_server.url.rstrip('/')}{dav_server.home}work/"
    answer = try_connect(clinic, "--provider", "caldav", "--url", url, "--account", "anna", code=2)
    assert answer.error["error"] == "SINGLE_CALENDAR_URL"


def test_plain_http_to_a_public_host_is_refused_before_anything_is_sent(clinic: Cli) -> None:
    """It would show the password to everyone on the way (design.md §5)."""
    answer = try_connect(clinic, "--provider", "caldav", "--url", "http://dav.example.org/", "--account", "a", code=2)
    assert answer.error["error"] == "INSECURE_URL"


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "169.254.169.254", "10.0.0.1", "2130706433", "0.0.0.0"])
def test_a_private_host_needs_leave_s14(clinic: Cli, host: str) -> None:
    """S14: a dashboard on a server must not be a way into the network behind it."""
    variables = {"ICALSYNC_ALLOW_PRIVATE_HOSTS": "false"}
    answer = try_connect(clinic, "--provider", "caldav", "--url", f"https://{host}:9/", "--account", "a", code=2, **variables)
    assert answer.error["error"] == "PRIVATE_HOST"
    assert "ICALSYNC_ALLOW_PRIVATE_HOSTS" in answer.error["next_step"]


def test_no_password_and_nobody_to_ask_is_an_error(clinic: Cli) -> None:
    """Without a terminal, ``--password-stdin`` or the variable is needed; an argument is never offered."""
    answer = clinic("connect", "ACME", "anna", "--provider", "icloud", "--account", "a@icloud.com", "--json", code=2)
    assert answer.error["error"] == "PASSWORD_MISSING"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("sub-account", "add", "ACME"), "ALREADY_EXISTS"),
        (("sub-account", "add", "acme"), "ALREADY_EXISTS"),
        (("sub-account", "add", "WEST", "--time-zone", "Europe/Atlantis"), "INVALID_INPUT"),
        (("user", "add", "ACME", "anna"), "ALREADY_EXISTS"),
        (("user", "add", "NOWHERE", "anna"), "UNKNOWN_SUB_ACCOUNT"),
        (("calendars", "ACME", "nobody"), "UNKNOWN_USER"),
        (("link", "ACME", "anna", "No such calendar"), "UNKNOWN_CALENDAR"),
        (("reconnect", "int-none", "--password-stdin"), "UNKNOWN_INTEGRATION"),
        (("disconnect", "ACME", "anna", "int-none"), "UNKNOWN_INTEGRATION"),
        (("busy", "ACME", "anna", "--from", "2027-01-05", "--to", "2027-01-04"), "START_AFTER_END"),
        (("busy", "ACME", "anna", "--from", "2027-01-05", "--to", "2027-01-05"), "START_AFTER_END"),
        (("busy", "ACME", "anna", "--from", "2026-02-30", "--to", "2027-01-04"), "INVALID_INPUT"),
        (("busy", "ACME", "anna", "--from", "2027-03-28 02:30", "--to", "2027-03-29"), "INVALID_INPUT"),
        (("slots", "ACME", "anna", "--from", "2027-01-04", "--to", "2027-01-05", "--length", "soon"), "INVALID_INPUT"),
        (("slots", "ACME", "anna", "--from", "2027-01-04", "--to", "2027-01-05", "--need", "some"), "USAGE"),
        (("hours", "ACME", "set", "Mon-Fri 17:00-09:99"), "INVALID_INPUT"),
        (("hours", "ACME", "anna"), "USAGE"),
        (("policy", "ACME", "anna", "unanswered=maybe"), "INVALID_INPUT"),
        (("policy", "ACME", "anna", "colour=blue"), "INVALID_INPUT"),
        (("export", "passwords", "-o", "x.csv"), "UNKNOWN_VIEW"),
        (("export", "busy", "-o", "x.exe"), "INVALID_INPUT"),
        (("sync", "--user", "anna"), "USAGE"),
        (("connect", "ACME", "anna", "--provider", "outlook", "--account", "a"), "USAGE"),
        (("dance",), "USAGE"),
    ],
)
def test_wrong_input_is_exit_2_with_a_code_and_a_next_step(clinic: Cli, arguments: tuple[str, ...], code: str) -> None:
    """Exit 2: nothing was tried; with ``--json`` the error is one object on standard error, and standard output is empty."""
    answer = clinic(*arguments, "--json", code=2, stdin="abcd-efgh-ijkl-mnop\n")
    assert answer.error["error"] == code
    assert answer.error["message"]
    assert answer.error["next_step"]
    assert answer.out == ""


def test_an_ambiguous_calendar_name_lists_the_candidates(clinic: Cli, radicale: DavServer) -> None:
    """Two calendars may bear one name (icloud.md §2.2): the id decides."""
    for path in ("one", "two"):
        radicale.account.mkcalendar(f"/anna/{path}/", name="Same")
    calendars = connect(clinic, radicale)["calendars"]
    answer = clinic("link", "ACME", "anna", "Same", "--json", code=2)
    assert answer.error["error"] == "AMBIGUOUS_NAME"
    assert all(row["calendar_id"] in answer.error["message"] for row in calendars if row["display_name"] == "Same")
    clinic("link", "ACME", "anna", next(row["calendar_id"] for row in calendars if row["display_name"] == "Same"))


def test_a_reminder_list_cannot_be_chosen_and_says_why_r10(clinic: Cli, radicale: DavServer) -> None:
    """R10: it is listed, with the reason; linking it is refused and changes nothing."""
    radicale.account.mkcalendar("/anna/todo/", name="Reminders", components=("VTODO",))
    calendars = {row["display_name"]: row for row in connect(clinic, radicale)["calendars"]}
    assert calendars["Reminders"]["selectable"] is False
    assert calendars["Reminders"]["not_selectable_reason"] == "REMINDERS"
    assert "reminders" in calendars["Reminders"]["says"]
    for command in (("link", "ACME", "anna", "Reminders"), ("conflicts", "add", "ACME", "anna", "Reminders")):
        assert clinic(*command, "--json", code=2).error["error"] == "NOT_SELECTABLE"
    assert clinic.json("conflicts", "list", "ACME", "anna") == []


def test_a_newer_database_is_refused_and_left_alone_t10(clinic: Cli) -> None:
    """T10: exit 3, and not a byte is changed."""
    databases.let_go()
    with duckdb.connect(str(clinic.database)) as connection:
        connection.execute("INSERT INTO _kept.schema_migration SELECT 9999, 'from the future', now()")
    before = clinic.database.read_bytes()
    answer = clinic("user", "list", "ACME", "--json", code=3)
    assert answer.error["error"] == "SCHEMA_TOO_NEW"
    assert clinic.database.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_alone(cli: Cli) -> None:
    """The file belongs to somebody else."""
    cli.database.parent.mkdir()
    cli.database.write_text("Dear diary")
    answer = cli("sub-account", "list", "--json", code=2)
    assert answer.error["error"] == "NOT_A_DATABASE"
    assert cli.database.read_text() == "Dear diary"


def test_a_locked_database_names_its_holder_t3(clinic: Cli) -> None:
    """T3: another process holds the file: a plain error after a short wait, with the process id."""
    holder = textwrap.dedent(f"""
        import duckdb, sys
        connection = duckdb.connect({str(clinic.database)!r})
        print("held", flush=True)
        sys.stdin.read()
    """)
    databases.let_go()
    with subprocess.Popen([sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        answer = clinic("user", "list", "ACME", "--json", code=1, ICALSYNC_LOCK_WAIT="0.5")
        process.kill()
    assert answer.error["error"] == "STORE_LOCKED"
    assert str(process.pid) in answer.error["message"]
    assert len(clinic.json("user", "list", "ACME")) == 1


def test_a_setting_that_cannot_be_read_is_named(cli: Cli) -> None:
    """A misspelt value is an error of the setting, not a traceback."""
    answer = cli("sub-account", "list", "--json", code=2, ICALSYNC_STALE_AFTER="soon")
    assert answer.error["error"] == "SETTINGS_INVALID"
    assert "ICALSYNC_STALE_AFTER" in answer.error["message"]
