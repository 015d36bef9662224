"""Recording a server: play the story against it, scrub what was said, search it, and only then write it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.cassettes.chapters import CHAPTERS, NothingToRecord, chapters_of, furnish
from tests.cassettes.scan import findings_in
from tests.cassettes.scrubbing import Private, Scrubber
from tests.cassettes.stage import Stage, UnexpectedTraffic, expect, opened_once
from tests.cassettes.tape import RecordingTape, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cassettes.owners import Source
    from tests.icloud import MovableClock


Told = dict[str, list[tuple[Any, dict[str, Any]]]]
"""What was said in each chapter: requests and answers, unscrubbed."""


@dataclass(frozen=True)
class Recorded:
    """What became of a recording."""

    files: list[Path]
    left_out: dict[str, str]
    """Chapters that the account had nothing to show for, and why."""


def record(server: str, source: Source, clock: MovableClock, into: Path, report: Callable[[str], None] = print) -> Recorded:
    """Record all chapters of a server into ``into``; nothing is written unless all went as expected and nothing private is left.

    Raises ``UnexpectedTraffic``, and the product's own errors.
    """
    with tempfile.TemporaryDirectory(prefix="icalsync-record-") as place:
        stage = Stage(Path(place), source.account, source.manners, clock, private_hosts=source.private_hosts)
        stage.owner = source.owner
        furnish(source.owner)
        with opened_once(stage):
            stage.people()
            told, left_out = _play(server, stage, report)
    return Recorded(keep(source, told, into), left_out)


def keep(source: Source, told: Told, into: Path) -> list[Path]:
    """Scrub what was told, search it, and put it in the place of what ``into`` held; ``UnexpectedTraffic`` where anything is left."""
    scrubber = Scrubber(Private(source.account.url, source.account.name, source.account.password, source.account.calendar))
    for exchanges in told.values():
        scrubber.learn(exchanges)
    cassettes = {name: [scrubber.scrubbed(*exchange) for exchange in exchanges] for name, exchanges in told.items()}
    for name, cassette in cassettes.items():
        found = findings_in({"interactions": cassette}, forbidden=scrubber.forbidden())
        if found:
            kinds = ", ".join(sorted({finding.partition(":")[0] for finding in found}))
            raise UnexpectedTraffic(f"{name} would still hold private things ({kinds}); nothing was written")
    for old in into.glob("*.yaml"):
        old.unlink()
    for name, cassette in cassettes.items():
        write(into / f"{name}.yaml", cassette, f"{source.says}. {(CHAPTERS[name].__doc__ or '').strip()}")
    return [into / f"{name}.yaml" for name in cassettes]


def _play(server: str, stage: Stage, report: Callable[[str], None]) -> tuple[Told, dict[str, str]]:
    told: Told = {}
    left_out: dict[str, str] = {}
    for name in chapters_of(server):
        stage.tape = tape = RecordingTape()
        before = stage.door.requests
        try:
            CHAPTERS[name](stage)
        except NothingToRecord as nothing:
            left_out[name] = str(nothing)
            report(f"{server}: {name} left out, {nothing}")
            continue
        except UnexpectedTraffic as unexpected:
            unexpected.add_note(f"in the chapter {name}; nothing was written")
            raise
        expect(f"requests that {name} put on the tape", len(tape.exchanges), stage.door.requests - before)
        told[name] = tape.exchanges
        report(f"{server}: {name}, {len(tape.exchanges)} requests")
    return told, left_out
