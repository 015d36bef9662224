"""What would flip an answer, one thing at a time: with its command for the command line, and without for pages, which have buttons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from icalsync.core.wording import Told, both, in_words, numbered, setting
from icalsync.messages import knows, say

_LENGTHS: Final = frozenset({"notice", "horizon", "step", "before", "after"})
ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing that would do, or with ``parts`` several that would together."""

    kind: str
    """Which of the sentences ``explain.change.…``: ``event``, ``policy``, ``unchoose``, ``notice``, ``all``, …"""
    says: str
    """What would have to be, without a command."""
    in_full: str
    """The same with the command that does it, where there is one."""
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """What it is about: ``calendar_id``, ``ref``, ``name`` and ``value`` of a policy, lengths as the commands take them."""
    parts: tuple[Remedy, ...] = ()


def remedy(kind: str, **facts: Any) -> Remedy:
    """The remedy of a kind; ``KeyError`` for one that has no sentence."""
    told: dict[str, Any] = {name: in_words(value) if name in _LENGTHS else value for name, value in facts.items()}
    if facts.get("ref"):
        told["ref"] = numbered(facts["ref"])
    if kind == "policy":
        told |= {name: setting(facts[name]) for name in ("name", "value")}
    command = f"explain.how.{kind}"
    how = Told(": " + say(command, **facts) if knows(command) else ".", ".")
    sentence = both(f"explain.change.{kind}", **told | {"how": how})
    return Remedy(kind, sentence.page, sentence.cli, MappingProxyType(facts))


def together(steps: Sequence[Remedy]) -> Remedy:
    """All of these, where none does alone."""
    says, in_full = (
        say(f"explain.change.{ALL}", changes=" ".join(f"({number}) {one}" for number, one in enumerate(told, 1)))
        for told in ([one.says for one in steps], [one.in_full for one in steps])
    )
    return Remedy(ALL, says, in_full, parts=tuple(steps))
