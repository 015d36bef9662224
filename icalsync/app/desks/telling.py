"""What readers are told about codes: in their language, without commands, and without facts that nobody kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from icalsync.core.wording import moment
from icalsync.errors import AnotherSyncIsRunning, SlotNotBookable, SyncUnderWay
from icalsync.messages import knows, next_step_for, say

Row = dict[str, Any]
_GROUPS: Final = {"SECRET_": "secret", "STORE_": "store"}
_COMMAND: Final = "icalsync "
_MISSING: Final = "?"
"""How a fact reads that was not given."""


def what(code: str) -> str:
    """What went wrong, said of all runs that ended with a code."""
    for key in (f"page.kind.{code}", f"not_selectable.{code}"):
        if knows(key):
            return say(key)
    group = _group(code)
    return say(f"told.{group}") if group else say("told.failed", code=code)


def next_step(code: str, provider: str) -> str:
    """What to do about it, where the account is one of ``provider``: what to click, where a page has it."""
    for key in (f"page.error.{code}.{provider}", f"page.error.{code}", f"told.next.{code}"):
        if knows(key):
            return say(key)
    group = _group(code)
    if group:
        return say(f"told.next.{group}")
    said = next_step_for(code) if knows(code) or knows(f"next.{code}") else ""
    return say("told.next") if not said or _MISSING in said or _COMMAND in said else said


def _group(code: str) -> str | None:
    return next((group for start, group in _GROUPS.items() if code.startswith(start)), None)


def state(status: str, code: str | None) -> str | None:
    """Why an account is as it is, from the code of its last run that failed; None where it is well, or nothing is known."""
    if status == "ok" or code is None:
        return None
    return say("told.rejected_once") if status == "throttled" and code == "AUTHENTICATION_REJECTED" else what(code)


def alert(row: Row, held: int | None) -> str:
    """What an alert says; ``held``: how many removals its calendar holds now. Where there are no words for its kind, what was kept."""
    if row["kind"] == "REMOVALS_HELD" and held is None:
        return str(row["says"])  # it is over
    key = next((key for key in (f"page.alert.{row['kind']}", f"told.alert.{row['kind']}") if knows(key)), None)
    return str(row["says"]) if key is None else say(key, number=held)


@contextmanager
def refusals() -> Iterator[None]:
    """A slot that cannot be booked, with its time as a page writes times, and without commands in its reasons."""
    try:
        yield
    except SlotNotBookable as error:
        facts = error.facts
        first, last = (moment(datetime.fromisoformat(facts[name]), facts["zone"]) for name in ("start", "end"))
        why = "; ".join(say(f"slot.{code}") for code in facts["because"]) if _COMMAND in facts["why"] else facts["why"]
        raise SlotNotBookable(**facts | {"start": first, "end": last, "why": why}) from error


def refused(row: dict[str, str]) -> dict[str, str]:
    """Why an account was not synced; of whoever else is at it just now, neither process nor machine is named."""
    return SyncUnderWay().as_dict() if row["error"] == AnotherSyncIsRunning.code else row


def push(code: str) -> str:
    """Why something could not be written to a calendar."""
    return say(f"push.{code}") if knows(f"push.{code}") else what(code)


def unreadable(reason: str) -> str:
    """Why an object cannot be read."""
    return say(f"unreadable.{reason}" if knows(f"unreadable.{reason}") else "health.unreadable")
