"""Policies per user with a default per sub-account: their names, their values and which level decides (design.md §1)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, cast

from icalsync.core.model import AllDay, Choice, Policy
from icalsync.errors import InvalidInput

Level = Literal["sub_account", "user", "calendar"]

DEFAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unanswered": "busy",
        "tentative": "busy",
        "travel": "busy",
        "all_day": "as_marked",
        "unknown": "refuse",
        "push_detail": "title",
    }
)
"""What holds where nobody decided. ``unknown`` is R12's and R14's policy, ``push_detail`` R4's."""

VALUES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "unanswered": ("busy", "free"),
        "tentative": ("busy", "free"),
        "travel": ("busy", "free"),
        "all_day": ("as_marked", "always", "never"),
        "unknown": ("refuse", "warn"),
        "push_detail": ("reference", "title", "full"),
    }
)

_LEVELS: Final[Mapping[str, tuple[Level, ...]]] = MappingProxyType(
    {"all_day": ("sub_account", "user", "calendar"), "push_detail": ("sub_account",)}
)
_WHERE: Final[Mapping[Level, str]] = MappingProxyType(
    {"sub_account": "for a sub-account", "user": "for a single user", "calendar": "for a single calendar"}
)


def check(name: str, value: str, *, level: Level) -> None:
    """Whether a policy may be set to ``value`` there; ``InvalidInput`` says what may stand instead."""
    if name not in VALUES:
        raise InvalidInput(what="policy", value=name, why="choose one of " + ", ".join(VALUES))
    if level not in _LEVELS.get(name, ("sub_account", "user")):
        raise InvalidInput(what=f"policy {name}", value=value, why=f"it cannot be set {_WHERE[level]}")
    if value not in VALUES[name]:
        raise InvalidInput(what=f"policy {name}", value=value, why="choose one of " + ", ".join(VALUES[name]))


def effective(
    sub_account: Mapping[str, str], user: Mapping[str, str], calendar: Mapping[str, str] = MappingProxyType({})
) -> dict[str, tuple[str, str]]:
    """Name → (value in force, where it comes from: ``default``, ``sub_account``, ``user`` or ``calendar``)."""
    levels: tuple[tuple[Level, Mapping[str, str]], ...] = (("calendar", calendar), ("user", user), ("sub_account", sub_account))
    result: dict[str, tuple[str, str]] = {}
    for name, default in DEFAULTS.items():
        allowed = _LEVELS.get(name, ("sub_account", "user"))
        chosen = ((values[name], level) for level, values in levels if level in allowed and name in values)
        result[name] = next(chosen, (default, "default"))
    return result


def policy_of(effective: Mapping[str, tuple[str, str]]) -> Policy:
    """The busy policies among the effective ones, as ``core.busy.verdict`` takes them."""
    return Policy(
        unanswered=cast("Choice", effective["unanswered"][0]),
        tentative=cast("Choice", effective["tentative"][0]),
        travel=cast("Choice", effective["travel"][0]),
        all_day=cast("AllDay", effective["all_day"][0]),
    )
