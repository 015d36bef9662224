"""The answer to "why busy?" and "why free?": a verdict, its evidence in order, and what would change it; as data, text and HTML."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from icalsync.core.durations import format_duration
from icalsync.core.model import Busyness
from icalsync.core.remedies import Remedy
from icalsync.core.wording import Told, iso
from icalsync.messages import say


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of evidence: which kind (``verdict``, ``event``, ``recurrence``, …), what it says, and its facts."""

    step: str
    says: str
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    page: str = ""
    """What a page says instead, which has no use for commands and ids; empty where it says the same."""

    @classmethod
    def of(cls, step: str, told: Told, facts: Mapping[str, Any]) -> Step:
        """A step that is told in both ways."""
        return cls(step, told.cli, facts, "" if told.page == told.cli else told.page)

    @property
    def on_page(self) -> str:
        """What a page says."""
        return self.page or self.says

    def as_dict(self, zone: str) -> dict[str, Any]:
        """``{"step", "says", …}`` with instants as ISO 8601 in ``zone``."""
        return {"step": self.step, "says": self.says, **{name: plain(value, zone) for name, value in self.facts.items()}}


def plain(value: Any, zone: str) -> Any:
    """A fact as JSON has it."""
    if isinstance(value, Mapping):
        return {name: plain(item, zone) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, zone) for item in value]
    return iso(value, zone) if isinstance(value, datetime) else value


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the slot that starts at ``at`` is offered or not: judged by ``core.slots.judge`` and nothing else (R15).

    ``busyness`` and ``reason`` are those of the winning interval; where nothing blocks the slot itself, ``FREE`` and what else decides
    (``CLOSED``, ``BUFFER``, …), or why what lies there does not count (``DECLINED``, …), or ``OFFERED``.
    """

    sub_account: str
    user_id: str
    zone: str
    at: datetime
    length: timedelta
    busyness: Busyness
    reason: str
    offered: bool
    because: tuple[str, ...]
    """Every code ``judge`` gives, in its order."""
    coverage: Mapping[str, Any]
    evidence: tuple[Step, ...]
    would_change: tuple[str, ...]
    """Each sentence alone would flip the answer."""
    asked_at: datetime
    known_at: datetime | None
    customer: str
    revealed: bool = False
    remedies: tuple[Remedy, ...] = ()
    """What ``would_change`` says, as records: their kinds, what they are about, and sentences without commands, for pages."""

    def as_dict(self) -> dict[str, Any]:
        """As ``explain --json`` prints it (design.md §5); instants are ISO 8601 in the user's zone."""
        return {
            "sub_account": self.sub_account,
            "user_id": self.user_id,
            "at": iso(self.at, self.zone),
            "length": format_duration(self.length),
            "busyness": self.busyness.value,
            "reason": self.reason,
            "offered": self.offered,
            "because": list(self.because),
            "coverage": plain(self.coverage, self.zone),
            "asked_at": iso(self.asked_at, self.zone),
            "known_at": iso(self.known_at, self.zone),
            "evidence": [step.as_dict(self.zone) for step in self.evidence],
            "would_change": list(self.would_change),
        }

    def for_customer(self) -> str:
        """Plain sentences for a reply to the customer: no place on a server, no title, nobody else's calendar."""
        return self.customer

    def for_staff(self) -> str:
        """All of it as plain sentences, one a line; titles only where they were revealed."""
        lines = [step.says for step in self.evidence]
        if self.would_change:
            lines += [say("explain.would_change"), *(f"- {sentence}" for sentence in self.would_change)]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.for_staff()

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{html.escape(step.step)}</th><td>{_lines(step)}</td></tr>" for step in self.evidence)
        changes = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in self.would_change)
        after = f"<p>{html.escape(say('explain.would_change'))}</p><ul>{changes}</ul>" if changes else ""
        head = html.escape(f"{self.sub_account} / {self.user_id}: {self.busyness.value} · {self.reason}")
        return f"<h4>{head}</h4><table>{rows}</table>{after}"


def _lines(step: Step) -> str:
    quoted = "\n".join(step.facts.get("lines", ()))
    if not quoted:
        return html.escape(step.says)
    head = step.says.split("\n", 1)[0]
    return f"{html.escape(head)}<pre>{html.escape(quoted)}</pre>"
