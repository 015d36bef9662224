"""Making cassettes: the way a person records real iCloud, walked against the look-alike; and what must never be written."""

from __future__ import annotations

import ssl
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from vcr.request import Request

from icalsync.caldav.client import CalDavDoor
from icalsync.caldav.hosts import SystemResolver
from icalsync.errors import PasswordForm
from icalsync.ports import Login, Secret
from tests.caldav.odd_server import OddServer, account, table
from tests.cassettes import record as command
from tests.cassettes.chapters import chapters_of
from tests.cassettes.owners import Local
from tests.cassettes.real_icloud import Refused, asked_for, real_icloud
from tests.cassettes.recording import keep
from tests.cassettes.replaying import replay
from tests.cassettes.scan import findings
from tests.cassettes.stage import Account, Nobody, UnexpectedTraffic
from tests.cassettes.tape import RecordingTape, ReplayTape, write
from tests.icloud.fixtures import ANNA, PASSWORD
from tests.servers import event

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.icloud import ICloud

CALENDAR = "For cassettes"


@pytest.fixture
def environment(icloud: ICloud) -> dict[str, str]:
    """What a person sets to record without being asked, here against the look-alike."""
    icloud.account(ANNA).add_calendar(CALENDAR)
    return {
        "ICALSYNC_ICLOUD_URL": icloud.url,
        "ICALSYNC_ALLOW_PRIVATE_HOSTS": "true",
        "RECORD_ACCOUNT": ANNA,
        "RECORD_PASSWORD": PASSWORD,
        "RECORD_CALENDAR": CALENDAR,
        "RECORD_SETTLE": "0",
    }


def _run(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str], into: Path) -> int:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(command, "CASSETTES", into)
    return command.main(["icloud"])


@pytest.mark.long
def test_a_person_s_icloud_is_recorded_with_one_command_and_left_as_it_was(
    icloud: ICloud, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """S3: only the named calendar is written to and read, it is empty again, and what was recorded is clean and plays."""
    anna = icloud.account(ANNA)
    calendar = anna.calendar(CALENDAR)
    anna.calendar("Work").put("private", event("private", summary="Nobody's business"))
    icloud.change(redirect=307, redirect_what="account")
    assert _run(monkeypatch, environment, tmp_path) == 0
    names = chapters_of("icloud")
    assert sorted(path.stem for path in (tmp_path / "icloud").iterdir()) == sorted(names)
    assert [file.name for file in (tmp_path / "icloud").iterdir() if findings(file)] == []
    touched = {entry.path for entry in icloud.ledger if entry.path.startswith(anna.home) and entry.path != anna.home}
    assert {path for path in touched if not path.startswith(calendar.href)} == set()
    assert icloud.ledger.writes(accepted=True) != []
    assert calendar.names() == []
    assert icloud.ledger.invitations() == []
    played = replay("icloud", tmp_path / "icloud", tmp_path)
    assert [each.name for each in played] == names
    assert all(each.cassette.all_played and len(each.cassette) > 0 for each in played)


@pytest.mark.parametrize(
    ("calendar", "why"),
    [("Family", "2 calendars"), ("Nowhere", "0 calendars"), ("Team rota", "cannot be written"), ("Work", "holds 1 objects")],
)
def test_no_calendar_that_matters_to_anybody_is_used(icloud: ICloud, environment: dict[str, str], calendar: str, why: str) -> None:
    """Not one of several of a name, not one of others, and never one with something in it; nothing was written."""
    icloud.account(ANNA).calendar("Work").put("private", event("private"))
    with pytest.raises(Refused, match=why), real_icloud(asked_for(environment | {"RECORD_CALENDAR": calendar})):
        pytest.fail("it began")
    assert icloud.ledger.writes() == []


def test_what_was_stored_is_deleted_also_where_the_recording_fails(
    icloud: ICloud, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence, an exit code, an empty calendar, and the old cassettes as they were."""
    (tmp_path / "icloud").mkdir()
    (tmp_path / "icloud" / "discovery.yaml").write_text("the old one", encoding="utf-8")
    icloud.change(listing_lag_seconds=1e6)
    assert _run(monkeypatch, environment, tmp_path) == 1
    told = capsys.readouterr().err
    assert "first_sync" in told
    assert "Traceback" not in told
    assert icloud.account(ANNA).calendar(CALENDAR).names() == []
    assert [path.read_text(encoding="utf-8") for path in (tmp_path / "icloud").iterdir()] == ["the old one"]


def test_what_cannot_be_deleted_is_said_and_the_rest_is_gone(icloud: ICloud, environment: dict[str, str]) -> None:
    """One refusal is no reason to leave the other events in a person's calendar."""
    with ExitStack() as stack:
        source = stack.enter_context(real_icloud(asked_for(environment)))
        for number in (1, 2, 3):
            source.owner.put(number, f"2027010{number}T090000Z", f"2027010{number}T100000Z")
        icloud.fail_next(1, 500, method="DELETE")
        with pytest.raises(Refused, match="1 of the recording's events"):
            stack.close()
    assert len(icloud.account(ANNA).calendar(CALENDAR).names()) == 1


def test_the_account_is_asked_for_at_a_prompt_and_never_in_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """What no variable gives is asked for, the password without an echo; nothing at all is refused in words."""
    answers = {"Apple Account (primary address): ": ANNA, "Empty calendar to record with: ": CALENDAR}
    monkeypatch.setattr("builtins.input", answers.__getitem__)
    monkeypatch.setattr("getpass.getpass", lambda _prompt: PASSWORD.replace("-", ""))
    wanted = asked_for({})
    assert (wanted.account, wanted.password.reveal(), wanted.calendar) == (ANNA, PASSWORD, CALENDAR)
    assert PASSWORD not in repr(wanted)
    with pytest.raises(PasswordForm):
        asked_for({"RECORD_PASSWORD": "Summer2026!"})
    with pytest.raises(Refused, match="RECORD_SETTLE"):
        asked_for({"RECORD_SETTLE": "soon"})

    def nobody(_prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    with pytest.raises(Refused, match="RECORD_ACCOUNT"):
        asked_for({})


def test_a_server_nobody_knows_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong words are exit code 2, and nothing is recorded."""
    assert command.main(["exchange"]) == 2
    assert "exchange" in capsys.readouterr().err


def test_nothing_is_written_while_something_private_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """S3: the search is made before the file is; the sentence says what kind of thing it was, and not what it says."""
    source = Local(Account("icloud", "https://caldav.icloud.com/", ANNA, PASSWORD, CALENDAR), Nobody(), "a server")
    answer: dict[str, Any] = {"status": {"code": 207, "message": ""}, "headers": {}, "body": {"string": event("a").encode()}}
    exchange = (Request("GET", "https://caldav.icloud.com/", b"", {}), answer)
    (file,) = keep(source, {"discovery": [exchange]}, tmp_path)
    before = file.read_bytes()
    monkeypatch.setattr("tests.cassettes.scrubbing.without_private_words", lambda text, _names: text)
    with pytest.raises(UnexpectedTraffic, match="calendar SUMMARY") as raised:
        keep(source, {"discovery": [exchange], "change": [exchange]}, tmp_path)
    assert "Dentist" not in str(raised.value)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [before]


@pytest.fixture
def tls_server() -> Iterator[tuple[OddServer, trustme.CA]]:
    """A CalDAV account behind a certificate."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with ExitStack() as stack:
        yield stack.enter_context(OddServer(table(account()), tls=context)), authority


def test_what_is_heard_live_over_tls_is_heard_again_without_a_network(tls_server: tuple[OddServer, trustme.CA], tmp_path: Path) -> None:
    """deps.md §2: with our resolver and our check of the peer in place, vcrpy records every request, and none goes past it."""
    server, authority = tls_server
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    door = CalDavDoor(SystemResolver(allow_private=True), ca_file=tmp_path / "authority.pem")

    def visit() -> object:
        with door.open(Login("caldav", server.url, "anna", Secret(PASSWORD))) as opened:
            found = opened.discover()
            assert opened.traffic.requests > 0
            return found

    tape = RecordingTape()
    with tape.rolling():
        live = visit()
    assert len(tape.exchanges) == len(server.seen) > 0
    assert all("authorization" not in {name.lower() for name in request.headers} for request, _ in tape.exchanges)
    told = [
        {
            "request": {
                "method": request.method,
                "uri": request.uri,
                "headers": {"Depth": [request.headers["Depth"]]},
                "body": request.body.decode(),
            },
            "response": response | {"body": {"string": response["body"]["string"].decode()}},
        }
        for request, response in tape.exchanges
    ]
    write(tmp_path / "tls.yaml", told, "over TLS")
    asked = len(server.seen)
    with ReplayTape.of(tmp_path / "tls.yaml") as replayed:
        assert visit() == live
        assert replayed.cassette.all_played
    assert len(server.seen) == asked
