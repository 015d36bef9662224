"""The one judge of every fault: what may happen while it lasts, and what must be true after it (issue 4, R12, R13)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tests.faults.sites import Object
    from tests.faults.world import Known, World

_TIME: Final = re.compile(r"DT(START|END):(\d{8}T\d{6})Z")


class Violation(AssertionError):
    """Something was lost, invented, opened, or said that is not so."""


@dataclass
class Witness:
    """Watches one world from a moment when store and server agree; raises ``Violation``."""

    world: World
    before: dict[str, Known] = field(default_factory=dict)

    def begin(self) -> None:
        """Remember what is known now."""
        self.before = self.world.known()

    def meanwhile(self) -> None:
        """After a run under a fault: what was known and still stands on the server is known; nothing is made up (R13)."""
        known, there = self.world.known(), self.world.on_the_server()
        lost = sorted(key for key in self.before.keys() & there.keys() if key not in known)
        if lost:
            raise Violation(f"lost, though it stands on the server: {lost}")
        made_up = {
            key: each.object.facts
            for key, each in known.items()
            if each.kind != "rejected" and each.object.facts not in self.world.ever.get(key, set())
        }
        if made_up:
            raise Violation(f"known, though the server never said so: {made_up}")
        self.before = known

    def closed(self) -> None:
        """R12: the time of everything that is known and still there is blocked, by itself or because it is not covered."""
        there, spans = self.world.on_the_server(), merged(self.world.blocked())
        known = {key: each for key, each in self.world.known().items() if key in there}
        for key, each in known.items():
            if each.kind == "event" and not _inside(interval_of(each.object.facts), spans):
                raise Violation(f"the slot of {key} is open")

    def honest(self, run: dict[str, Any]) -> None:
        """A run that says all is well has fetched what there is; ETags may be spelt otherwise until the next reconciliation (C8)."""
        if run["outcome"] == "ok" and (differences := self.differences(versions=False)):
            raise Violation(f"the run says ok, and yet {differences}")

    def disagreement(self) -> str:
        """After a fault: how store and server differ, or what answers still miss; empty where all is well again."""
        if differences := self.differences():
            return differences
        coverage = self.world.app.coverage("ACME", "anna")
        return "" if coverage["complete"] else f"answers are not complete: {coverage['missing']}"

    def differences(self, *, versions: bool = True) -> str:
        """How store and server differ, as words; empty where they agree."""
        known, there = self.world.known(), self.world.on_the_server()
        both = known.keys() & there.keys()
        parts = {
            "missing": sorted(there.keys() - known.keys()),
            "not there any more": sorted(known.keys() - there.keys()),
            "another text": sorted(key for key in both if known[key].object.facts != there[key].facts),
            "another etag": sorted(key for key in both if versions and not _same_version(known[key].object, there[key])),
        }
        return "; ".join(f"{what}: {keys}" for what, keys in parts.items() if keys)


def _same_version(ours: Object, theirs: Object) -> bool:
    return ours.etag is None or _opaque(ours.etag) == _opaque(theirs.etag or "")


def _opaque(etag: str) -> str:
    return etag.removeprefix("W/").strip('"')


def interval_of(facts: tuple[str, ...]) -> tuple[datetime, datetime]:
    """When an event made by ``world.text_of`` is."""
    found = {match[1]: datetime.strptime(match[2], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) for match in map(_TIME.fullmatch, facts) if match}
    return found["START"], found["END"]


def merged(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Intervals without overlaps; they come in order of their start."""
    result: list[tuple[datetime, datetime]] = []
    for start, end in spans:
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def _inside(span: tuple[datetime, datetime], spans: list[tuple[datetime, datetime]]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in spans)
