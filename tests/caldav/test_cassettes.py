"""Recording and replaying: the door works under vcrpy, which replaces the library's connection classes (deps.md §2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import vcr

from icalsync.caldav.client import CalDavDoor
from icalsync.caldav.hosts import SystemResolver
from icalsync.ports import Login, Secret
from tests.servers import event

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from icalsync.ports import Resolver
    from tests.servers import DavServer


class NoNetwork:
    """A name server that must not be asked."""

    def resolve(self, host: str, _port: int) -> Sequence[str]:
        """Nothing is connected in a replay."""
        raise AssertionError(f"{host} was looked up")

    def check_peer(self, _host: str, address: str) -> None:
        """Only the address in the URL itself is judged; no connection has one."""
        assert address == "127.0.0.1"


def test_a_recorded_account_is_replayed_without_a_network(radicale: DavServer, tmp_path: Path) -> None:
    """What was heard live, compressed, is what is heard again; no lookup, no connection, and no password on disk (S3)."""
    radicale.account.mkcalendar("/anna/work/", name="Work")
    for number in range(55):
        radicale.account.put(f"/anna/work/{number}.ics", event(f"uid-{number}"))
    recorder = vcr.VCR(
        match_on=["method", "scheme", "host", "port", "path", "query", "body"],
        filter_headers=["authorization"],
        decode_compressed_response=True,
    )
    password = radicale.account.password

    def visit(resolver: Resolver) -> tuple[object, ...]:
        login = Login("caldav", radicale.url, "anna", Secret(password))
        with CalDavDoor(resolver).open(login) as server:
            found = server.discover()
            listing = server.list_with_token("/anna/work/")
            hrefs = [member.href for member in listing.members]
            return found, listing, server.fetch("/anna/work/", [*hrefs, "/anna/work/never.ics"])

    file = tmp_path / "account.yaml"
    with recorder.use_cassette(str(file), record_mode="once"):
        live = visit(SystemResolver(allow_private=True))
    with recorder.use_cassette(str(file), record_mode="none") as cassette:
        replayed = visit(NoNetwork())
    assert cassette.all_played
    assert cassette.play_count == 7
    assert replayed == live
    assert "uthorization" not in file.read_text()
    assert password not in file.read_text()
