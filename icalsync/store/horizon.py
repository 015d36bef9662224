"""The span over which recurring objects are expanded, and how it grows. What was expanded stays (design.md §4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from icalsync.core.interval import Interval, without
from icalsync.core.model import Reading, ReadResult
from icalsync.store import lenses
from icalsync.store.database import Database
from icalsync.store.transaction import Row, Transaction

Read = Callable[[bytes, Interval], ReadResult]
CHUNK = 200
"""Objects read between two openings of the file."""


def stored_horizon(tx: Transaction) -> Interval | None:
    """What is expanded, or None before the first time it was said."""
    row = tx.row("SELECT horizon_from, horizon_to FROM _kept.meta") or {}
    start, end = row.get("horizon_from"), row.get("horizon_to")
    return Interval(start, end) if isinstance(start, datetime) and isinstance(end, datetime) else None


def ensure(db: Database, window: Interval, read: Read) -> bool:
    """Let ``window`` be expanded, for every kept version of every recurring object; whether anything had to be done.

    Reading happens while the file is closed. The new horizon holds from the transaction on in which nothing is missing any more.
    """
    with db.read() as tx:
        before = stored_horizon(tx)
        if before is not None and before.contains(window):
            return False
    target = window if before is None else Interval(min(before.start, window.start), max(before.end, window.end))
    pieces = without([target], [before] if before else [])
    done = 0
    while True:
        with db.write() as tx:
            versions = _next(tx, done)
            if not versions:
                if _settle(tx, target, before):
                    return True
                break
        results = {row["version_key"]: [read(row["raw"], piece) for piece in pieces] for row in versions}
        with db.write() as tx:
            _extend(tx, versions, results)
        done = int(versions[-1]["version_key"])
    return ensure(db, window, read)  # what another process expanded meanwhile lies apart: the gap between is still to be read


def _next(tx: Transaction, done: int) -> list[Row]:
    return tx.rows(
        "SELECT v.version_key, v.calendar_key, r.raw FROM _kept.object_version v JOIN _kept.raw_text r USING (version_key) "
        "WHERE v.recurring AND v.version_key > ? ORDER BY v.version_key LIMIT ?",
        [done, CHUNK],
    )


def _settle(tx: Transaction, target: Interval, before: Interval | None) -> bool:
    """Say that ``target`` is expanded, together with what another process added meanwhile where both are one stretch."""
    now = stored_horizon(tx) or target
    if now != before and (now.end < target.start or target.end < now.start):
        return False
    start, end = min(now.start, target.start), max(now.end, target.end)
    tx.execute("UPDATE _kept.meta SET horizon_from = ?, horizon_to = ?", [start, end])
    return True


def _extend(tx: Transaction, versions: Sequence[Row], results: dict[int, list[ReadResult]]) -> None:
    stored = lenses.occurrence_rows(tx, [row["version_key"] for row in versions])
    through = {key: lenses.lenses_of(tx, key, ever=True) for key in {row["calendar_key"] for row in versions}}
    batches = []
    for row in versions:
        numbers, places = lenses.identities(stored[row["version_key"]])
        new: dict[object, lenses.Seen] = {}
        for result in results[row["version_key"]]:
            if isinstance(result, Reading):
                for one in lenses.seen_through(result, through[row["calendar_key"]]):
                    if one.place not in places:
                        new.setdefault(one.place, one)
        batches.append(lenses.Batch(row["calendar_key"], row["version_key"], list(new.values()), numbers))
    lenses.write(tx, batches)
