"""The demo's and the tests' own servers: up when asked for, and gone afterwards, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

import pytest

from icalsync.demo import server as demo_server
from icalsync.demo.server import Child, RadicaleServer, free_port
from icalsync.errors import DependencyMissing, ServerUnreachable
from tests.caldav.odd_server import Said, until
from tests.servers import Account, event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.caldav.odd_server import OddServer

ACCOUNTS = {"anna": "abcd-efgh-ijkl-mnop", "b.en+x": "xxxx-xxxx-xxxx-xxxx"}


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_each_account_owns_its_own_calendars_and_no_others(tmp_path: Path) -> None:
    """Passwords are checked, and nobody reads what is another's."""
    with RadicaleServer(tmp_path, ACCOUNTS) as server:
        anna, ben = (Account(server.url, name, password) for name, password in ACCOUNTS.items())
        anna.mkcalendar("/anna/work/")
        ben.mkcalendar("/b.en+x/work/")
        assert anna.ask("PROPFIND", "/anna/work/", depth="0").status == 207
        assert ben.ask("PROPFIND", "/anna/work/", depth="0").status in {403, 404}
        assert Account(server.url, "anna", "wrong").ask("PROPFIND", "/anna/", depth="0").status == 401


def test_it_is_gone_after_the_block(tmp_path: Path) -> None:
    """Also where the block ends in an error."""
    server = RadicaleServer(tmp_path, ACCOUNTS)
    seen: list[int] = []

    def fail() -> None:
        with server:
            seen.append(server.pid or 0)
            assert _runs(seen[0])
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        fail()
    assert not _runs(seen[0])
    assert server.pid is None


def test_what_was_stored_is_there_at_the_next_start(tmp_path: Path) -> None:
    """The directory is the account's memory."""
    with RadicaleServer(tmp_path, ACCOUNTS) as server:
        account = Account(server.url, "anna", ACCOUNTS["anna"])
        account.mkcalendar("/anna/work/")
        account.put("/anna/work/1.ics", event("1"))
    with RadicaleServer(tmp_path, ACCOUNTS) as server:
        assert b"uid" in Account(server.url, "anna", ACCOUNTS["anna"]).ask("GET", "/anna/work/1.ics").body.lower()


PARENT = """
import sys, time
from pathlib import Path
from icalsync.demo.server import RadicaleServer
with RadicaleServer(Path(sys.argv[1]), {"anna": "abcd-efgh-ijkl-mnop"}) as server:
    print(server.pid, flush=True)
    time.sleep(60)
"""


GENTLER: Final = [pytest.param(each, marks=pytest.mark.long) for each in (signal.SIGINT, signal.SIGTERM)]
"""What ends a parent more gently than SIGKILL does, and is tried at leisure."""


@pytest.mark.parametrize("number", [signal.SIGKILL, *GENTLER], ids=lambda number: number.name)
def test_it_does_not_outlive_its_parent(number: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C, a polite end and a kill -9 of the parent leave nothing running."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        start_new_session=True,
    )
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert _runs(child)
        os.killpg(parent.pid, number)
        parent.wait(20)
    assert until(lambda: not _runs(child), 10)


def test_a_port_that_was_taken_meanwhile_is_tried_anew(
    serve: Callable[..., OddServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else answers there: it is not taken for ours, and another port is found."""
    other = serve(lambda _seen: Said(401, headers={"WWW-Authenticate": 'Basic realm="other"'}))
    ports = iter([other.port, free_port()])
    monkeypatch.setattr(demo_server, "free_port", lambda: next(ports))
    with RadicaleServer(tmp_path, ACCOUNTS) as server:
        assert server.port != other.port
        assert Account(server.url, "anna", ACCOUNTS["anna"]).ask("PROPFIND", "/", depth="0").status == 207


def test_a_server_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last line of its log stands in the error, and nothing is left running."""
    monkeypatch.setattr(demo_server, "ATTEMPTS", 2)
    (tmp_path / "storage").write_text("a file where the folder should be")
    started: list[Child] = []

    class Watched(RadicaleServer):
        def _launch(self, port: int) -> Child:
            started.append(super()._launch(port))
            return started[-1]

    with pytest.raises(ServerUnreachable, match="did not start"):
        Watched(tmp_path, ACCOUNTS).start()
    assert all(child.ended for child in started)


def test_without_radicale_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo needs it; the product does not."""
    monkeypatch.setattr(demo_server, "find_spec", lambda _name: None)
    with pytest.raises(DependencyMissing, match="radicale") as caught:
        RadicaleServer(tmp_path, ACCOUNTS).start()
    assert "icalsync[demo]" in caught.value.next_step


def test_passwords_in_the_directory_are_for_the_owner_alone(tmp_path: Path) -> None:
    """T16: Radicale reads them in plain text."""
    with RadicaleServer(tmp_path, ACCOUNTS):
        assert (tmp_path / "users").stat().st_mode & 0o077 == 0


def test_stopping_is_quick_and_may_be_repeated(tmp_path: Path) -> None:
    """No test and no demo waits for it."""
    server = RadicaleServer(tmp_path, ACCOUNTS)
    server.start()
    started = time.monotonic()
    server.stop()
    server.stop()
    assert time.monotonic() - started < 3
