"""What a newcomer met: exports of each kind, wrong keys, odd streams, and answers that say what they rest on."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
import pytest

from tests import databases
from tests.journeys.conftest import connect
from tests.servers import event_at

if TYPE_CHECKING:
    from tests.journeys.conftest import Cli
    from tests.servers import DavServer

IN_PROCESS = True
ZEROS = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
"""A well-formed key that is not the one."""


@pytest.fixture
def synced(clinic: Cli, radicale: DavServer) -> Cli:
    """Anna's calendar ``Work`` with one event, linked and synced."""
    radicale.account.mkcalendar("/anna/work/", name="Work")
    radicale.account.put("/anna/work/a.ics", event_at("a", "20270104T090000Z", "20270104T100000Z", summary="Secret plan"))
    connect(clinic, radicale)
    clinic("link", "ACME", "anna", "Work")
    clinic("sync")
    return clinic


@pytest.mark.parametrize("ending", ["csv", "parquet", "json"])
def test_a_view_is_exported_in_each_format_without_titles_r18(synced: Cli, ending: str) -> None:
    """R18: the rows come back as they are in the view, the title masked; the file is its owner's alone."""
    output = synced.directory / f"events.{ending}"
    done = synced.json("export", "events", "-o", str(output), "--where", "uid = 'a'")
    assert done["rows"] == 1
    assert output.stat().st_mode & 0o077 == 0
    with duckdb.connect() as connection:
        ((uid, summary),) = connection.execute(f"SELECT uid, summary FROM '{output}'").fetchall()
    assert (uid, summary) == ("a", "•••")
    assert b"Secret plan" not in output.read_bytes()


def test_an_export_to_an_unwritable_place_names_it(synced: Cli) -> None:
    """It is the output that is wrong, not the database."""
    answer = synced("export", "events", "-o", str(synced.directory / "nowhere" / "x.csv"), "--json", code=2)
    assert answer.error["error"] == "INVALID_INPUT"
    assert "output file" in answer.error["message"]


def test_a_condition_that_reads_files_is_refused_s6(synced: Cli) -> None:
    """S6: ``--where`` is a condition over the view, and nothing else."""
    for where in ("uid IN (SELECT content FROM read_text('/etc/hostname'))", "1=1; DROP VIEW busy", "true) UNION SELECT 1 --"):
        answer = synced("export", "events", "-o", str(synced.directory / "x.json"), "--where", where, "--json", code=2)
        assert answer.error["error"] == "QUERY_REFUSED"
    assert not (synced.directory / "x.json").exists()


def test_a_wrong_key_is_refused_and_is_no_accounts_fault_s16(synced: Cli) -> None:
    """S16: exit 3; the key is this shell's trouble, so the account stays well and its calendars covered."""
    answer = synced("sync", "--json", code=3, ICALSYNC_SECRET_KEY=ZEROS, ICALSYNC_SECRET_KEY_FILE="")
    assert answer.error["error"] == "SECRET_KEY_WRONG"
    assert synced.json("integrations")[0]["status"] == "ok"
    assert synced.json("busy", "ACME", "anna", "--from", "2027-01-04", "--to", "2027-01-05")[0]["reason"] == "BUSY"


def test_a_variable_with_a_wrong_key_is_not_passed_over_for_the_usual_key_file(synced: Cli) -> None:
    """A key that is given explicitly is the one that counts."""
    usual = synced.directory / "home" / "config" / "icalsync" / "secret.key"
    usual.parent.mkdir(parents=True)
    usual.write_text((synced.directory / "keys" / "secret.key").read_text())
    usual.chmod(0o600)
    assert synced.json("sync", ICALSYNC_SECRET_KEY_FILE="", code=0)["runs"]
    assert synced("sync", "--json", code=3, ICALSYNC_SECRET_KEY=ZEROS, ICALSYNC_SECRET_KEY_FILE="").error["error"] == "SECRET_KEY_WRONG"


def test_a_failed_sync_says_the_next_step(clinic: Cli, radicale: DavServer) -> None:
    """Exit 3 promises one: it stands in the run, and is printed for people."""
    radicale.account.mkcalendar("/anna/work/", name="Work")
    integration = connect(clinic, radicale)["integration_id"]
    variable = {f"ICALSYNC_PASSWORD_{integration.upper().replace('-', '_')}": "wrong"}
    failed = clinic("sync", "--json", code=3, **variable)
    assert "icalsync reconnect" in failed.json["runs"][0]["next_step"]
    assert "Next step:" in clinic("sync", code=3, **variable).err


def test_an_address_given_for_icloud_is_refused_not_ignored(clinic: Cli) -> None:
    """Nothing a person says is passed over in silence."""
    arguments = ("connect", "ACME", "anna", "--provider", "icloud", "--account", "a@icloud.com", "--url", "https://dav.example.org/")
    answer = clinic(*arguments, "--password-stdin", "--json", stdin="abcd-efgh-ijkl-mnop\n", code=2)
    assert "--url" in answer.error["message"]


def test_a_user_without_any_conflict_calendar_is_told_so(clinic: Cli) -> None:
    """Free is what nothing blocks; that nothing could block it is said beside the answer."""
    answer = clinic("busy", "ACME", "anna", "--from", "2027-01-04", "--to", "2027-01-05")
    assert "only the system's own bookings count" in answer.err


def test_time_that_is_not_covered_is_shown_as_far_as_was_asked_r12(clinic: Cli, radicale: DavServer) -> None:
    """R12: it has no bounds of its own."""
    radicale.account.mkcalendar("/anna/work/", name="Work")
    connect(clinic, radicale)
    clinic("link", "ACME", "anna", "Work")
    (row,) = clinic.json("busy", "ACME", "anna", "--from", "2027-01-04", "--to", "2027-01-05", code=1)
    assert (row["starts_at"], row["ends_at"]) == ("2027-01-04T00:00:00+01:00", "2027-01-05T00:00:00+01:00")
    shown = clinic("busy", "ACME", "anna", "--from", "2027-01-04", "--to", "2027-01-05", code=1)
    assert "calendar Work: It has never been pulled." in shown.err
    assert "Times are in Europe/Berlin." in shown.out


def test_a_policy_for_one_calendar_is_shown(synced: Cli) -> None:
    """What was stored can be seen."""
    row = synced.json("policy", "ACME", "anna", "all_day=never", "--calendar", "Work")
    (name,) = row["all_day_by_calendar"]
    assert row["all_day_by_calendar"][name] == "never"
    assert row["all_day"] == "as_marked"
    assert f"all_day of calendar {name}: never" in synced("policy", "ACME", "anna").out


def test_a_moment_that_cannot_be_is_named_by_its_end(clinic: Cli) -> None:
    """Which of the two was wrong."""
    answer = clinic("busy", "ACME", "anna", "--from", "2027-01-04", "--to", "soon", "--json", code=2)
    assert "the end cannot be 'soon'" in answer.error["message"]


@pytest.mark.parametrize(("redirection", "code"), [(">&-", 0), ("<&-", 0), (">/dev/full", 2), ("| head -n 0", 0)])
def test_odd_streams_never_end_in_a_traceback(clinic: Cli, redirection: str, code: int) -> None:
    """A closed or full stream is said plainly, or is nobody's business."""
    command = f"'{sys.executable}' -m icalsync user list ACME {redirection}"
    databases.let_go()
    done = subprocess.run(["bash", "-c", command], env=clinic.environment, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr
    assert "inside icalsync" not in done.stderr
    assert done.returncode == code


def test_names_that_the_terminal_cannot_show_are_escaped(clinic: Cli) -> None:
    """An answer in another encoding is still an answer."""
    clinic("user", "add", "ACME", "oe", "--name", "Œuvre 李")
    environment = clinic.environment | {"PYTHONIOENCODING": "ascii"}
    databases.let_go()
    done = subprocess.run(
        [sys.executable, "-m", "icalsync", "user", "list", "ACME", "--json"], env=environment, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0
    assert "oe" in {row["user_id"] for row in json.loads(done.stdout.decode("utf-8"))}


def test_a_password_that_is_no_text_is_refused_without_showing_it(clinic: Cli) -> None:
    """The bytes are never echoed (S1)."""
    command = [sys.executable, "-m", "icalsync", "connect", "ACME", "anna", "--provider", "caldav", "--url", "https://127.0.0.1:9/"]
    databases.let_go()
    done = subprocess.run(
        [*command, "--account", "a", "--password-stdin", "--json"],
        env=clinic.environment,
        input=b"\xff\xfecanary\n",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert b"UTF-8" in done.stderr
    assert b"canary" not in done.stderr


def test_an_account_that_serves_nobody_is_not_reconnected(synced: Cli) -> None:
    """Its password went with its last connection, and must not come back without one."""
    (row,) = synced.json("integrations")
    synced("disconnect", "ACME", "anna", row["integration_id"])
    answer = synced("reconnect", row["integration_id"], "--password-stdin", "--json", stdin="abcd-efgh-ijkl-mnop\n", code=2)
    assert answer.error["error"] == "UNKNOWN_INTEGRATION"
    assert row["integration_id"] not in (synced.directory / "data" / "clinic.duckdb.secrets").read_text()
