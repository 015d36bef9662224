"""Recorded traffic, replayed through the whole product: what servers really said leads to what stands in the database."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from tests.cassettes.chapters import CHAPTERS, MISSING, chapters_of
from tests.cassettes.invented import HOST
from tests.cassettes.replaying import replay
from tests.cassettes.tape import hosts_of

CASSETTES = Path(__file__).parents[2] / "cassettes"
LOCAL = [server for server in MISSING if server != "icloud"]
RECORDED = sorted(path.name for path in CASSETTES.iterdir() if path.is_dir())

pytestmark = pytest.mark.block_network


@pytest.fixture(autouse=True)
def _no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """No name is looked up; connections are blocked by ``block_network``."""

    def refuse(host: object, *_: object, **_more: object) -> None:
        raise AssertionError(f"{host} was looked up")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("server", RECORDED)
def test_what_a_server_said_is_understood_again_without_it(server: str, tmp_path: Path) -> None:
    """Every chapter, in one process and one thread: all exchanges played, none left over, and the database as it was live (S3).

    Connecting, the first sync, an unchanged one, changes, removals, a refused token, rights, a subscription, a wrong password,
    throttling: what each leads to stands in ``chapters.py``.
    """
    played = replay(server, CASSETTES / server, tmp_path)
    assert [each.name for each in played] == [name for name in CHAPTERS if (CASSETTES / server / f"{name}.yaml").exists()]
    for each in played:
        assert len(each.cassette) > 0, f"{each.name} is empty"
        assert each.cassette.all_played, f"{each.name} was not played to its end; where the product asks less on purpose, run make record"
        assert each.cassette.play_count == len(each.cassette) == each.requests
        assert hosts_of(each.cassette) == {HOST}


@pytest.mark.parametrize("server", LOCAL)
def test_every_server_has_a_cassette_of_each_thing_it_does(server: str) -> None:
    """And of nothing else: a file nobody plays proves nothing."""
    assert sorted(path.stem for path in (CASSETTES / server).iterdir()) == sorted(chapters_of(server))


def test_the_network_is_really_blocked() -> None:
    """The guard bites."""
    with socket.socket() as connection, pytest.raises(RuntimeError, match="Network is disabled"):
        connection.connect(("127.0.0.1", 9))
    with pytest.raises(AssertionError, match="was looked up"):
        socket.getaddrinfo(HOST, 443)


def test_the_readme_says_which_cassettes_there_are() -> None:
    """Its table is what is recorded: a dash where a server does not do a thing, and the reason in a sentence."""
    text = (CASSETTES / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .+? \| (.+?) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    assert [name for name, *_ in rows] == list(CHAPTERS)
    for name, *there in rows:
        assert [cell != "–" for cell in there] == [name not in MISSING[server] for server in LOCAL], name
    reasons = {reason for server in LOCAL for reason in MISSING[server].values()}
    flat = " ".join(text.split())
    assert [reason for reason in reasons if reason.removeprefix("it has no ").removeprefix("it ") not in flat] == []
