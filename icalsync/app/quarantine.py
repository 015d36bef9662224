"""The quarantine as people use it: what is in it, one object of it, and reading it again with the present code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from icalsync.app.parts import Parts
from icalsync.core.model import Rejected
from icalsync.errors import SyncRefused
from icalsync.ports import Lease

CHUNK: Final = 50
"""Objects read under one lease: at a second or two each it does not run out meanwhile."""
LEASE_SECONDS: Final = 300.0


def entry(parts: Parts, calendar: str, href: str, *, reveal: bool, reason: str | None) -> dict[str, Any]:
    """One quarantined object; with ``reveal`` also its bytes as ``raw``, which is logged. ``UnknownCalendar``, ``NotFound``."""
    if not reveal:
        return parts.quarantine.entry(calendar, href)
    row, raw = parts.quarantine.reveal(calendar, href, actor=parts.actor, reason=reason)
    return {**row, "raw": raw}


def retry(parts: Parts, calendar: str | None) -> list[dict[str, Any]]:
    """Read kept bytes again: ``calendar_id, href, outcome, reason, detail`` of each object.

    The outcome is ``healed``, ``rejected`` (with the reason as it is now), or ``refused``: another process is syncing that account, or
    changed the object meanwhile (the reason is the error's code). ``UnknownCalendar``, ``ReaderUnavailable``.
    """
    if calendar is None:
        return [row for integration_id in parts.accounts.serving() for row in _retry(parts, integration_id, None)]
    calendar_id, integration_id = parts.quarantine.calendar(calendar)
    return _retry(parts, integration_id, calendar_id)


def _retry(parts: Parts, integration_id: str, calendar_id: str | None) -> list[dict[str, Any]]:
    kept = parts.quarantine.kept(integration_id, calendar_id)
    return [row for start in range(0, len(kept), CHUNK) for row in _chunk(parts, integration_id, kept[start : start + CHUNK])]


def _chunk(parts: Parts, integration_id: str, kept: list[dict[str, Any]]) -> list[dict[str, Any]]:
    done: list[dict[str, Any]] = []
    try:
        with _leased(parts, integration_id) as lease:
            window = parts.pulls.load(integration_id).window
            for each in kept:
                raw = parts.quarantine.raw(each)
                result = parts.reader.read(raw, window)
                healed = parts.quarantine.settle(lease, each, window, (raw, result), actor=parts.actor)
                reason, detail = (result.reason, result.detail) if isinstance(result, Rejected) else (None, None)
                done.append(_row(each, "healed" if healed else "rejected", reason, detail))
    except SyncRefused as error:
        done += [_row(each, "refused", error.code, error.message) for each in kept[len(done) :]]
    return done


@contextmanager
def _leased(parts: Parts, integration_id: str) -> Iterator[Lease]:
    lease = parts.pulls.acquire(integration_id, parts.actor, LEASE_SECONDS)
    try:
        yield lease
    finally:
        parts.pulls.release(lease)


def _row(kept: dict[str, Any], outcome: str, reason: str | None, detail: str | None) -> dict[str, Any]:
    return {"calendar_id": kept["calendar_id"], "href": kept["href"], "outcome": outcome, "reason": reason, "detail": detail}
