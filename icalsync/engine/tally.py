"""What a run has done so far: counted as it happens, so that a run that is broken off has told it, too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from icalsync.ports import CalendarRun, Counts, Purpose, SoFar, Traffic

FRESH: Final = frozenset({None, "REMOVALS_HELD"})
"""Codes of a calendar that is known as it is now, held removals included."""


@dataclass(slots=True)
class Tally:
    """What a run has done so far."""

    calendars: list[CalendarRun] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    purpose: Purpose = Purpose.SYNC
    discovered: bool = False
    """Whether the account was discovered anew in this run."""
    gone: list[str] = field(default_factory=list)
    """Calendars that answered 404: asked for once more after a discovery, before anything is believed (H6)."""
    asked_again: int = 0
    """How often a rejected password was tried once more."""
    busy: int = 0
    """Calendars in a row whose requests met "not now" while the account itself was answered."""
    requests: int = 0
    bytes: int = 0
    pushed: int = 0
    """Intents of the outbox that were carried out."""
    committed: list[Counts] = field(default_factory=list)
    """What each commit of the run brought."""
    trouble: list[str] = field(default_factory=list)
    """Why others were not: codes of ``engine.push.TROUBLE``."""
    leaving: list[tuple[CalendarRun, Callable[[], Counts]]] = field(default_factory=list)
    """Calendars whose removals are still to be committed, and how."""

    @property
    def counts(self) -> Counts:
        """Everything the run has committed, whatever became of the calendars."""
        return sum(self.committed, Counts())

    def so_far(self) -> SoFar:
        """The figures for the run's row while it runs, and where it is broken off."""
        return SoFar(self.requests, self.bytes, self.pushed)

    def follow(self, traffic: Traffic) -> None:
        """What was asked, as the account counts it."""
        self.requests, self.bytes = traffic.requests, traffic.bytes

    def take(self, run: CalendarRun) -> None:
        """A calendar that is done."""
        if run.error_code in FRESH:
            self.fresh.append(run.calendar_id)
        self.calendars.append(run)
