"""The span over which recurring objects are expanded, and how it grows. What was expanded stays (design.md §4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from icalsync.core.interval import Interval, without
from icalsync.core.model import Reading, ReadResult, Rejected
from icalsync.ports import ObjectWrite
from icalsync.store import lenses, objects
from icalsync.store.database import Database
from icalsync.store.transaction import Row, Transaction

Read = Callable[[bytes, Interval], ReadResult]
CHUNK = 200
"""Objects read between two openings of the file."""
PART = timedelta(days=366)


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
    pieces = [part for piece in without([target], [before] if before else []) for part in _parts(piece)]
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
        "SELECT v.version_key, v.calendar_key, v.href, v.path_key, v.etag, r.raw FROM _kept.object_version v "
        "JOIN _kept.raw_text r USING (version_key) "
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


def _parts(piece: Interval) -> Iterator[Interval]:
    """A long piece in parts of about a year: what an object may take is bounded per reading."""
    start = piece.start
    while start < piece.end:
        end = min(start + PART, piece.end)
        yield Interval(start, end)
        start = end


def _extend(tx: Transaction, versions: Sequence[Row], results: dict[int, list[ReadResult]]) -> None:
    """Add what the pieces hold; an object that cannot be read over one of them is unknown from now on, and never free there (R12)."""
    failed = [row for row in versions if any(isinstance(result, Rejected) for result in results[row["version_key"]])]
    for row in failed:
        _reject(tx, row, next(result for result in results[row["version_key"]] if isinstance(result, Rejected)))
    _add(tx, [row for row in versions if row not in failed], results)


def _reject(tx: Transaction, row: Row, rejected: Rejected) -> None:
    current = objects.current(tx, row["calendar_key"], [row["path_key"]])
    if [each["version_key"] for each in current.values()] == [row["version_key"]]:
        objects.close(tx, [row["version_key"]])
        objects.write(tx, row["calendar_key"], [ObjectWrite(row["href"], row["etag"], bytes(row["raw"]), rejected)])


def _add(tx: Transaction, versions: Sequence[Row], results: dict[int, list[ReadResult]]) -> None:
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
