"""A user's calendars as somebody chooses among them: what there is, what a choice would block, and the choice (R3–R6, R10)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from icalsync.app import asking
from icalsync.app.parts import Parts
from icalsync.core.hours import open_intervals
from icalsync.core.interval import Interval, without
from icalsync.core.naming import named, one_line
from icalsync.core.paths import last_segment
from icalsync.core.slots import AROUND
from icalsync.core.whatif import bookable
from icalsync.errors import ChoiceChanged
from icalsync.messages import say

Row = dict[str, Any]
_HOUR: Final = timedelta(hours=1)
LONGEST: Final = 366
_NOBODYS_WORD: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
"""What a server calls a collection to which nobody gave a name (RFC 4122)."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a choice of calendars would mean over ``[start, end)``; no titles."""

    start: datetime
    end: datetime
    events: int
    """Events that would block."""
    hours_open: float
    hours_now: float
    """Bookable hours as things are."""
    hours_then: float
    hours_lost: float
    """Bookable now, and not then."""
    hours_gained: float
    calendars: tuple[Row, ...]
    """Per calendar: ``calendar_id, display_name, called, role`` and counts of events over the span, see ``store.previewing``."""
    warnings: tuple[str, ...]
    coverage: Mapping[str, Any]
    known: bool
    """Whether all that would block has been read; where not, the figures say nothing."""


def calendars(parts: Parts, sub_account: str, user: str) -> list[Row]:
    """The user's calendars as in the view, with ``says, account_name, status, roles, all_day``, and whether one can be linked.

    ``linkable``; where not, ``not_linkable`` says why, and ``assume`` whether a person may declare it writable (R3). ``called``: its name
    as people can tell it from the account's others. First the linked one, then those with a role, then those that can be chosen; those
    that nobody gave a name last.
    """
    roles: dict[str, list[str]] = {}
    for role in parts.roles.roles(sub_account, user):
        roles.setdefault(role["calendar_id"], []).append(role["role"])
    accounts = {row["integration_id"]: row for row in parts.accounts.integrations(sub_account, user)}
    all_day = parts.choices.all_day_by_calendar(sub_account, user)
    unsaid = parts.sharing.without_privileges(sub_account, user)
    found = parts.accounts.calendars(sub_account, user)
    called = _called(found)
    rows = [
        row
        | {
            "called": called[row["calendar_id"]],
            "account_name": accounts[row["integration_id"]]["account_name"],
            "status": accounts[row["integration_id"]]["status"],
        }
        | {"roles": sorted(roles.get(row["calendar_id"], ())), "all_day": all_day.get(row["calendar_id"])}
        | _linkable(row, assume=row["calendar_id"] in unsaid)
        for row in found
    ]
    return sorted(rows, key=_rank)


def _rank(row: Row) -> tuple[bool, bool, bool, bool, str]:
    return "LINKED" not in row["roles"], not row["roles"], not row["selectable"], _unnamed(row), row["called"].casefold()


def _unnamed(row: Row) -> bool:
    """Whether nobody named it: then it has the name of its place, which no person knows it by."""
    return row["display_name"] == last_segment(row["href"]) and _NOBODYS_WORD.fullmatch(row["display_name"]) is not None


def _called(rows: Sequence[Row]) -> dict[str, str]:
    """By calendar id its name on one line; where an account has several of one name, with the id."""
    names = {
        row["calendar_id"]: say("configure.untitled", id=row["display_name"][:8])
        if _unnamed(row)
        else one_line(row["display_name"]) or row["calendar_id"]
        for row in rows
    }
    often = Counter((row["integration_id"], names[row["calendar_id"]].casefold()) for row in rows)
    return {
        row["calendar_id"]: name if often[row["integration_id"], name.casefold()] == 1 else f"{name} · {row['calendar_id']}"
        for row in rows
        for name in [names[row["calendar_id"]]]
    }


def _linkable(row: Row, *, assume: bool) -> Row:
    if not row["selectable"]:
        return {"linkable": False, "not_linkable": row["says"], "assume": False}
    if row["access"] == "write":
        return {"linkable": True, "not_linkable": None, "assume": False}
    return {"linkable": False, "not_linkable": say("configure.not_said" if assume else "configure.read_only"), "assume": assume}


def preview(parts: Parts, sub_account: str, user: str, linked: str | None, conflicts: Sequence[str], days: int) -> Preview:
    """What exactly this choice would block over the coming days. ``UnknownUser``, ``UnknownCalendar``, ``InvalidInput``."""
    known = {row["calendar_id"]: row for row in calendars(parts, sub_account, user)}
    chosen = [parts.accounts.calendar(sub_account, user, each)["calendar_id"] for each in conflicts]
    main = None if linked is None else parts.accounts.calendar(sub_account, user, linked)["calendar_id"]
    start = parts.clock.now()
    window = Interval(start, start + timedelta(days=min(max(1, days), LONGEST)))
    asking.ensure_horizon(parts, window, around=AROUND)
    supposed = parts.previewing.load(sub_account, user, window, frozenset(chosen))
    now, then = bookable(supposed.now, window), bookable(supposed.then, window)
    rows = tuple(
        {"calendar_id": each, "display_name": row["display_name"], "called": row["called"], "role": _role(each, main, chosen)}
        | supposed.calendars[each]
        for each, row in known.items()
        if each in supposed.calendars and row["selectable"]
    )
    return Preview(
        start=window.start,
        end=window.end,
        events=sum(row["blocking"] for row in rows if row["calendar_id"] in chosen),
        hours_open=_hours(open_intervals(supposed.now.hours, supposed.now.zone, window)),
        hours_now=_hours(now),
        hours_then=_hours(then),
        hours_lost=_hours(without(now, then)),
        hours_gained=_hours(without(then, now)),
        calendars=rows,
        warnings=tuple(_warnings(parts, (sub_account, user), known, main, chosen, supposed.calendars)),
        coverage=asking.summary(parts.answers.coverage([(sub_account, user)])),
        known=all(supposed.calendars[each]["pulled"] for each in chosen if each in supposed.calendars),
    )


def _role(calendar_id: str, linked: str | None, conflicts: Collection[str]) -> str | None:
    return "LINKED" if calendar_id == linked else "CONFLICT" if calendar_id in conflicts else None


def _hours(intervals: Sequence[Interval]) -> float:
    return sum((each.length for each in intervals), timedelta()) / _HOUR


def _warnings(  # a choice, and all that is known about it
    parts: Parts, who: tuple[str, str], known: Mapping[str, Row], linked: str | None, conflicts: Sequence[str], found: Mapping[str, Row]
) -> list[str]:
    """What somebody should know before they save it."""
    told = []
    if linked is not None and linked not in conflicts:
        told.append(say("configure.R5", calendar=_name(known, linked)))
    if not conflicts:
        told.append(say("configure.no_conflicts"))
    told += [say("configure.not_pulled", calendar=_name(known, each)) for each in conflicts if each in found and not found[each]["pulled"]]
    if linked is not None and parts.sharing.linked_for_others(*who, linked):
        told.append(say("configure.shared", calendar=_name(known, linked)))
    return told


def _name(known: Mapping[str, Row], calendar_id: str) -> str:
    return named(known[calendar_id]["called"]) if calendar_id in known else calendar_id


def choose(  # a choice, and how it is meant
    parts: Parts,
    sub_account: str,
    user: str,
    linked: str | None,
    conflicts: Sequence[str],
    *,
    assume_writable: bool,
    move: bool,
    expected: Collection[tuple[str, str]] | None = None,
) -> list[Row]:
    """Exactly this choice holds from now on; the user's roles. Where something cannot be chosen, nothing is changed.

    ``expected``: the roles (calendar id and role) whoever chooses has seen; where others hold by now: ``ChoiceChanged``.
    ``CalendarReadOnly``, ``NotSelectable``, ``UnknownCalendar``.
    """
    wanted = {parts.accounts.calendar(sub_account, user, each)["calendar_id"] for each in conflicts}
    main = None if linked is None else parts.accounts.calendar(sub_account, user, linked)["calendar_id"]
    before = parts.roles.roles(sub_account, user)
    if expected is not None and {(row["calendar_id"], row["role"]) for row in before} != set(expected):
        raise ChoiceChanged
    parts.roles.add_conflicts(sub_account, user, wanted)
    try:
        _link(parts, sub_account, user, main, before, assume_writable=assume_writable, move=move)
    except BaseException:
        parts.roles.remove_conflicts(sub_account, user, wanted - _conflicts(before))
        raise
    parts.roles.remove_conflicts(sub_account, user, _conflicts(parts.roles.roles(sub_account, user)) - wanted)
    return parts.roles.roles(sub_account, user)


def _link(
    parts: Parts, sub_account: str, user: str, linked: str | None, before: Sequence[Row], *, assume_writable: bool, move: bool
) -> None:
    if linked is None:
        parts.roles.unlink(sub_account, user)
    elif not any(row["role"] == "LINKED" and row["calendar_id"] == linked for row in before):
        parts.roles.link(sub_account, user, linked, actor=parts.actor, assume_writable=assume_writable, move=move)


def _conflicts(roles: Sequence[Row]) -> set[str]:
    return {row["calendar_id"] for row in roles if row["role"] == "CONFLICT"}
