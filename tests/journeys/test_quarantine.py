"""What cannot be read: it stops nobody else, is seen by support, keeps its bytes, heals, and never opens a slot (issue 3, R12, R18)."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from icalsync.cli.quarantine import escaped
from icalsync.core.model import Rejected
from icalsync.workers.reader import BoundedReader
from tests import databases
from tests.journeys.conftest import connect
from tests.servers import event_at

if TYPE_CHECKING:
    from tests.journeys.conftest import Cli
    from tests.servers import DavServer

IN_PROCESS = True

MONDAY = ("--from", "2027-01-04", "--to", "2027-01-05")
ENDLESS = event_at("endless", "20270104T090000Z", "20270104T100000Z", summary="Secret plan", more=("RRULE:FREQ=DAILY;INTERVAL=0",))
"""Its start can be told, its rule cannot be read."""
TIMELESS = event_at("timeless", "20270104T250000Z", "20270104T100000Z", summary="Secret plan")
"""Nobody can say when it is."""
GOOD = event_at("good", "20270104T120000Z", "20270104T130000Z")


@pytest.fixture
def work(clinic: Cli, xandikos: DavServer) -> Work:
    """A linked calendar with a readable event, on a server that takes broken objects too."""
    xandikos.account.mkcalendar(f"{xandikos.home}work/", name="Work")
    here = Work(clinic, xandikos)
    here.put("good", GOOD)
    connect(clinic, xandikos)
    clinic("link", "ACME", "anna", "Work")
    return here


class Work:
    """One calendar on a server, and the command line that syncs it."""

    def __init__(self, cli: Cli, server: DavServer) -> None:
        self.cli, self.server = cli, server

    def href(self, name: str) -> str:
        """Where an object lies."""
        return f"{self.server.home}work/{name}.ics"

    def put(self, name: str, text: str) -> None:
        """Store an object, or replace it."""
        self.server.account.put(self.href(name), text)

    def sync(self, code: int = 0) -> dict[str, Any]:
        """The run over the account."""
        return self.cli.json("sync", code=code)["runs"][0]

    def quarantine(self) -> list[dict[str, Any]]:
        """What ``quarantine list`` shows."""
        return self.cli.json("quarantine", "list", code=None)

    def starts(self, *options: str, code: int = 0) -> list[str]:
        """When Monday's hours that can be booked begin."""
        return [row["starts_at"][11:16] for row in self.cli.json("slots", "ACME", "anna", *MONDAY, "--length", "1h", *options, code=code)]

    def busy(self, code: int = 0) -> list[tuple[str, str, str]]:
        """(from, busyness, reason) on Monday."""
        rows = self.cli.json("busy", "ACME", "anna", *MONDAY, code=code)
        return [(row["starts_at"][11:16], row["busyness"], row["reason"]) for row in rows]

    def coverage(self) -> dict[str, Any]:
        """The calendar's row of the view ``coverage``."""
        output = self.cli.directory / "coverage.json"
        self.cli("export", "coverage", "-o", str(output))
        (row,) = json.loads(output.read_text())
        return row

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Straight from the database."""
        databases.let_go()
        with duckdb.connect(str(self.cli.database)) as connection:
            return connection.execute(sql).fetchall()


def test_an_unreadable_object_is_listed_with_its_reason_and_stops_nobody_else(work: Work) -> None:
    """The good event of the same calendar counts; the bad one is visible, to its users and to nobody else's; no title anywhere."""
    work.put("endless", ENDLESS)
    run = work.sync(code=1)
    assert (run["outcome"], run["added"], run["rejected"]) == ("ok", 1, 1)
    (row,) = work.quarantine()
    assert (row["href"], row["reason"], row["detail"]) == (work.href("endless"), "BAD_RULE", "INTERVAL=0")
    assert set(row) == {"calendar_id", "href", "reason", "first_seen_at", "last_seen_at", "detail"}
    work.cli("user", "add", "ACME", "ben")
    assert work.cli.json("quarantine", "list", "ACME", "anna", code=1) == work.cli.json("quarantine", "list", "ACME", code=1) != []
    assert work.cli.json("quarantine", "list", "ACME", "ben") == []
    assert work.cli("quarantine", "list", "ACME", "ben").out == "Every object could be read.\n"
    assert "INTERVAL=0" in work.cli("quarantine", "list", "ACME", "anna", code=1).out
    assert ("13:00", "BUSY", "BUSY") in work.busy(code=1)


def test_one_whose_time_can_be_told_blocks_it_as_unknown_and_opens_no_slot_r12(work: Work) -> None:
    """R12: from its start on, because nobody can count its instances; coverage says so; the policy ``warn`` lists what it blocks."""
    work.put("endless", ENDLESS)
    work.sync(code=1)
    assert work.busy(code=1) == [("10:00", "UNKNOWN", "UNREADABLE"), ("13:00", "BUSY", "BUSY")]
    assert work.starts(code=1) == ["09:00"]
    work.cli("policy", "ACME", "unknown=warn")
    assert work.starts(code=1) == ["09:00", "10:00", "11:00", "12:00", "14:00", "15:00", "16:00"]


def test_one_whose_time_cannot_be_told_lowers_coverage_r12(work: Work) -> None:
    """R12: the calendar's row in ``coverage`` is incomplete, and so is every answer that depends on it; healing restores it."""
    work.sync()
    assert (work.coverage()["complete"], work.coverage()["state"]) == (True, "ok")
    work.put("timeless", TIMELESS)
    work.sync(code=1)
    covered = work.coverage()
    assert (covered["complete"], covered["state"], covered["reason"]) == (False, "unreadable", "BAD_DATE")
    answer = work.cli("slots", "ACME", "anna", *MONDAY, "--json", code=1)
    warning = json.loads(answer.err)
    assert (warning["warning"], warning["coverage"]["missing"][0]["state"]) == ("INCOMPLETE", "unreadable")
    work.server.account.delete(work.href("timeless"))
    work.sync()
    assert work.coverage()["complete"] is True


def test_one_whose_time_cannot_be_told_opens_no_slot_r12(work: Work) -> None:
    """R12: it may be at any time, so no time of its calendar is known to be free."""
    work.put("timeless", TIMELESS)
    work.sync(code=1)
    assert work.starts(code=1) == []


def test_it_heals_by_itself_when_the_object_changes(work: Work) -> None:
    """Mended, or deleted, on the server: the next sync takes it out, and its time counts as what it is."""
    work.put("endless", ENDLESS)
    work.put("timeless", TIMELESS)
    work.sync(code=1)
    assert len(work.quarantine()) == 2
    work.put("endless", ENDLESS.replace("INTERVAL=0", "INTERVAL=7;COUNT=1"))
    work.server.account.delete(work.href("timeless"))
    assert work.sync()["rejected"] == 0
    assert work.quarantine() == []
    assert work.busy() == [("10:00", "BUSY", "BUSY"), ("13:00", "BUSY", "BUSY")]


def test_show_tells_everything_but_the_text_r18(work: Work) -> None:
    """R18: reason, times, size and hash; the calendar by its name or id; the text, with its title, is not among them."""
    work.put("endless", ENDLESS)
    work.sync(code=1)
    (listed,) = work.quarantine()
    shown = work.cli.json("quarantine", "show", "work", work.href("endless"))
    assert shown == work.cli.json("quarantine", "show", listed["calendar_id"], work.href("endless"))
    ((raw,),) = work.rows("SELECT raw FROM _kept.raw_text JOIN _kept.quarantine USING (version_key)")
    assert (shown["size"], shown["sha256"]) == (len(raw), hashlib.sha256(raw).hexdigest())
    assert listed.items() <= shown.items()
    assert (shown["uid"], shown["starts_at"], shown["ends_at"]) == ("endless", "2027-01-04T09:00:00+00:00", "2200-01-01T00:00:00+00:00")
    text = work.cli("quarantine", "show", "Work", work.href("endless")).out
    assert "INTERVAL=0" in text
    assert "Secret plan" not in text + json.dumps(shown)
    assert work.rows("SELECT action FROM audit_log") == [("CONNECT",)]


def test_a_reveal_shows_the_text_and_is_logged_r18(work: Work) -> None:
    """R18: one named act, with who and why in ``audit_log``; the JSON has the bytes as text and, whatever they are, as base64."""
    work.put("endless", ENDLESS)
    work.sync(code=1)
    shown = work.cli.json("quarantine", "show", "Work", work.href("endless"), "--reveal", "--reason", "ticket 7")
    assert "Secret plan" in shown["raw"]
    assert hashlib.sha256(base64.b64decode(shown["raw_base64"])).hexdigest() == shown["sha256"]
    ((actor, action, what, reason),) = work.rows("SELECT actor, action, object, reason FROM audit_log WHERE action <> 'CONNECT'")
    assert (action, what, reason) == ("REVEAL_QUARANTINED", f"{shown['calendar_id']} {shown['href']}", "ticket 7")
    assert actor
    work.cli("quarantine", "show", "Work", work.href("good"), "--reveal", code=2)
    assert len(work.rows("SELECT * FROM audit_log WHERE action <> 'CONNECT'")) == 1, "what shows nothing logs nothing"


def test_a_reveal_into_a_file_is_the_object_byte_for_byte(work: Work) -> None:
    """Piped, only the text is on standard output; the facts are beside it."""
    work.put("endless", ENDLESS)
    work.sync(code=1)
    process = type(work.cli)(work.cli.directory, work.cli.environment)
    answer = process("quarantine", "show", "Work", work.href("endless"), "--reveal")
    ((raw,),) = work.rows("SELECT raw FROM _kept.raw_text JOIN _kept.quarantine USING (version_key)")
    assert answer.out.encode() == raw
    assert "BAD_RULE" in answer.err


def test_what_a_terminal_is_shown_cannot_paint_it_d35() -> None:
    """D35: escape sequences, odd bytes and lone carriage returns are written out; lines and letters stay."""
    assert escaped(b"SUMMARY:\x1b[2J\xff K\xc3\xa4se\r\nX\rY\t\x00\n") == "SUMMARY:\\x1b[2J\\xff Käse\nX\\rY\t\\x00\n"


def test_wrong_names_are_plain_errors(work: Work) -> None:
    """Exit 2: nothing was tried."""
    for arguments, code in (
        (("show", "Work", "/nowhere.ics"), "NOT_FOUND"),
        (("show", "Play", "/nowhere.ics"), "UNKNOWN_CALENDAR"),
        (("show", "Work", "/nowhere.ics", "--reason", "x"), "USAGE"),
        (("retry", "Play"), "UNKNOWN_CALENDAR"),
        (("list", "NOWHERE"), "UNKNOWN_SUB_ACCOUNT"),
        (("list", "ACME", "nobody"), "UNKNOWN_USER"),
    ):
        assert work.cli("quarantine", *arguments, "--json", code=2).error["error"] == code


def test_retry_reads_kept_bytes_with_the_present_code(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is understood now becomes an ordinary version; R16: what was known before stays known as it was."""
    work.put("late", event_at("late", "20270104T090000Z", "20270104T100000Z"))
    with monkeypatch.context() as patch:
        _reject(patch, "late", Rejected("BUDGET", "a busy machine"))
        work.sync(code=1)
    assert work.coverage()["state"] == "unreadable"
    before = datetime.now(UTC).isoformat()  # noqa: TID251  # the test's own present
    (healed,) = work.cli.json("quarantine", "retry")
    assert (healed["href"], healed["outcome"], healed["reason"]) == (work.href("late"), "healed", None)
    assert work.quarantine() == []
    assert work.coverage()["state"] == "ok"
    assert work.busy() == [("10:00", "BUSY", "BUSY"), ("13:00", "BUSY", "BUSY")]
    known = work.cli.json("busy", "ACME", "anna", *MONDAY, "--known-at", before, code=None)
    assert "10:00" not in [row["starts_at"][11:16] for row in known if row["busyness"] == "BUSY"]
    assert work.rows("SELECT action FROM audit_log") == [("CONNECT",), ("RETRY_QUARANTINED",)]
    assert work.sync()["requests"] == 1, "the server is not asked for it again"
    assert work.cli("quarantine", "retry").out == "There is nothing to try again.\n"


def _reject(patch: pytest.MonkeyPatch, uid: str, verdict: Rejected) -> None:
    """Let the reader reject one object."""
    genuine = BoundedReader.read

    def read(reader: BoundedReader, raw: bytes, window: Any) -> Any:
        return verdict if f"UID:{uid}".encode() in raw else genuine(reader, raw, window)

    patch.setattr(BoundedReader, "read", read)


def test_retry_says_what_still_cannot_be_read_and_writes_nothing_r17(work: Work) -> None:
    """R17: exit 1, the reason as it is now, and no new version."""
    work.put("endless", ENDLESS)
    work.sync(code=1)
    versions = work.rows("SELECT * FROM _kept.object_version ORDER BY ALL")
    (row,) = work.cli.json("quarantine", "retry", "Work", code=1)
    assert (row["outcome"], row["reason"], row["detail"]) == ("rejected", "BAD_RULE", "INTERVAL=0")
    assert work.rows("SELECT * FROM _kept.object_version ORDER BY ALL") == versions
    assert work.rows("SELECT action FROM audit_log") == [("CONNECT",)]


def test_retry_blocks_the_time_that_can_be_told_now_r12(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """R12: still rejected, but its time is known now: it blocks as UNKNOWN, and lowers the coverage of nothing else."""
    work.put("endless", ENDLESS)
    with monkeypatch.context() as patch:
        _reject(patch, "endless", Rejected("BUDGET", "a busy machine"))
        work.sync(code=1)
    assert work.coverage()["state"] == "unreadable"
    (row,) = work.cli.json("quarantine", "retry", code=1)
    assert (row["outcome"], row["reason"]) == ("rejected", "BAD_RULE")
    assert work.coverage()["state"] == "ok"
    (listed,) = work.quarantine()
    assert listed["reason"] == "BAD_RULE"
    assert listed["first_seen_at"] < listed["last_seen_at"]
    assert work.busy(code=1)[0] == ("10:00", "UNKNOWN", "UNREADABLE")


def test_retry_waits_for_no_other_sync_and_says_so(work: Work) -> None:
    """One at a time per integration: while another process syncs the account, nothing of it is changed."""
    work.put("endless", ENDLESS)
    work.sync(code=1)
    databases.let_go()
    with duckdb.connect(str(work.cli.database)) as connection:
        connection.execute("UPDATE _kept.lease SET expires_at = now() + INTERVAL 1 HOUR, holder = 'PID 1 elsewhere', host = 'elsewhere'")
    (row,) = work.cli.json("quarantine", "retry", code=1)
    assert (row["outcome"], row["reason"]) == ("refused", "ANOTHER_SYNC_IS_RUNNING")
    assert "PID 1 elsewhere" in row["detail"]


def test_a_bomb_in_a_calendar_ends_in_its_budget_and_the_rest_is_stored_d6(work: Work) -> None:
    """D6, D9: through the command line, with the budget of the settings; the bomb is quarantined, the others are there."""
    numbers = ",".join(map(str, range(60)))
    bomb = f"RRULE:FREQ=DAILY;BYHOUR={','.join(map(str, range(24)))};BYMINUTE={numbers};BYSECOND={numbers}"
    work.put("bomb", event_at("bomb", "20270104T140000Z", "20270104T140001Z", more=(bomb,)))
    work.put("weekly", event_at("weekly", "20270104T080000Z", "20270104T090000Z", more=("RRULE:FREQ=WEEKLY",)))
    run = work.cli.json("sync", code=1, ICALSYNC_OBJECT_SECONDS="0.2")["runs"][0]
    assert (run["added"], run["rejected"]) == (2, 1)
    (row,) = work.quarantine()
    assert (row["href"], row["reason"]) == (work.href("bomb"), "BUDGET")
    assert work.busy(code=1) == [("09:00", "BUSY", "BUSY"), ("13:00", "BUSY", "BUSY"), ("15:00", "UNKNOWN", "UNREADABLE")]
