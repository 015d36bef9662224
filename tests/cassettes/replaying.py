"""Replaying a server's cassettes: the whole story on a new database, without a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from icalsync.caldav.client import CalDavDoor
from tests.cassettes.chapters import CHAPTERS
from tests.cassettes.invented import ACCOUNT, CALENDAR, DOMAIN, ORIGIN
from tests.cassettes.stage import Account, Manners, Stage, expect, opened_once
from tests.cassettes.tape import CassetteResolver, ReplayTape
from tests.icloud import MovableClock

if TYPE_CHECKING:
    from pathlib import Path

    from vcr.cassette import Cassette

PASSWORD: Final = "abcd-efgh-ijkl-mnop"
APPLE: Final = frozenset({"lookalike", "icloud"})
MANNERS: Final = {"icloud": Manners(others_are_read=False, tokens_expire=False)}


@dataclass(frozen=True)
class Played:
    """A chapter that was played to its end."""

    name: str
    cassette: Cassette
    requests: int
    """What the product counted itself."""


def replay(server: str, cassettes: Path, directory: Path) -> list[Played]:
    """Play every chapter that has a cassette, in order; ``directory`` takes the database."""
    apple = server in APPLE
    name = f"{ACCOUNT}@{DOMAIN}" if apple else ACCOUNT
    account = Account("icloud" if apple else "caldav", f"{ORIGIN}/", name, PASSWORD, CALENDAR)
    clock = MovableClock()
    door = CalDavDoor(CassetteResolver(), clock=clock)
    stage = Stage(directory, account, MANNERS.get(server, Manners()), clock, private_hosts=False, door=door)
    with opened_once(stage):
        stage.people()
        return [_chapter(stage, chapter, file) for chapter in CHAPTERS if (file := cassettes / f"{chapter}.yaml").exists()]


def _chapter(stage: Stage, name: str, file: Path) -> Played:
    before = stage.door.requests
    with ReplayTape.of(file) as tape:
        stage.tape = tape
        try:
            CHAPTERS[name](stage)
        except Exception as failure:
            failure.add_note(
                f"while {file.parent.name}/{file.name} was replayed; where the product asks otherwise on purpose, run make record"
            )
            raise
        requests = stage.door.requests - before
        expect(f"exchanges played of {name}", tape.cassette.play_count, requests)
        return Played(name, tape.cassette, requests)
