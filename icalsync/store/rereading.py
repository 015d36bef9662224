"""Reading kept objects again when what they are read with has changed: the zones' rules (D26), or the reader itself.

Only objects that now take other time, or mean something else, become new versions: that is what became known then (R16).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from icalsync.core.interval import Interval
from icalsync.core.model import ReadResult, Skipped
from icalsync.ports import ObjectWrite
from icalsync.store import lenses, objects
from icalsync.store.database import Database
from icalsync.store.horizon import stored_horizon
from icalsync.store.transaction import Row, Transaction

Read = Callable[[bytes, Interval], ReadResult]
CHUNK: Final = 200
"""Objects read between two openings of the file."""


class Rereading:
    """What the kept objects were read with, and their renewal."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def zones(self) -> list[str]:
        """The time zones that kept events and users name."""
        with self._db.read() as tx:
            rows = tx.rows(
                "SELECT DISTINCT time_zone FROM _kept.event WHERE time_zone IS NOT NULL "
                "UNION SELECT DISTINCT zone FROM _kept.occurrence WHERE zone IS NOT NULL"
            )
            return sorted(row["time_zone"] for row in rows)

    def changed(self, marks: Mapping[str, str]) -> bool:
        """Whether a mark (of a zone's rules, or of the reader) differs from the one that was kept; new ones are no change."""
        with self._db.read() as tx:
            kept = _marks(tx)
        return any(name in kept and kept[name] != mark for name, mark in marks.items())

    def keep(self, marks: Mapping[str, str]) -> None:
        """These marks hold from now on; nothing is written where they do already (R17)."""
        with self._db.read() as tx:
            kept = _marks(tx)
        fresh = {name: mark for name, mark in marks.items() if kept.get(name) != mark}
        if not fresh:
            return
        with self._db.write() as tx:
            tx.execute("DELETE FROM _kept.read_with WHERE name IN (SELECT unnest(?::VARCHAR[]))", [list(fresh)])
            tx.append("read_with", [{"name": name, "mark": mark} for name, mark in fresh.items()])

    def renew(self, read: Read) -> int:
        """Read every current object again; how many became new versions. Reading happens while the file is closed."""
        done = renewed = 0
        while True:
            with self._db.read() as tx:
                rows, window = _next(tx, done), stored_horizon(tx)
            if not rows or window is None:
                return renewed
            results = {row["version_key"]: read(bytes(row["raw"]), window) for row in rows}
            with self._db.write() as tx:
                renewed += sum(_settle(tx, row, results[row["version_key"]]) for row in rows)
            done = rows[-1]["version_key"]


def _marks(tx: Transaction) -> dict[str, str]:
    return {row["name"]: row["mark"] for row in tx.rows("FROM _kept.read_with")}


def _next(tx: Transaction, done: int) -> list[Row]:
    return tx.rows(
        "SELECT v.version_key, v.calendar_key, v.href, v.path_key, v.etag, v.content_hash, r.raw FROM _kept.object_version v "
        "JOIN _kept.raw_text r USING (version_key) WHERE v.known_to = 'infinity' AND v.version_key > ? ORDER BY v.version_key LIMIT ?",
        [done, CHUNK],
    )


def _settle(tx: Transaction, row: Row, result: ReadResult) -> bool:
    """Write the object anew where it differs; one that a pull has replaced meanwhile was read with the new rules already."""
    current = objects.current(tx, row["calendar_key"], [row["path_key"]])
    if [each["version_key"] for each in current.values()] != [row["version_key"]]:
        return False
    write = ObjectWrite(row["href"], row["etag"], bytes(row["raw"]), result)
    if objects.content_of(write) == row["content_hash"] and _same_time(tx, row, result):
        return False
    objects.close(tx, [row["version_key"]])
    objects.write(tx, row["calendar_key"], [write])
    return True


def _same_time(tx: Transaction, row: Row, result: ReadResult) -> bool:
    if isinstance(result, Skipped):
        return True
    through = lenses.lenses_of(tx, row["calendar_key"])
    zones = {None, *(each.time_zone for each in through)}
    told = {(one.zone, one.occurrence.starts_at, one.occurrence.ends_at) for one in lenses.seen_through(result, through)}
    stored = tx.rows("SELECT zone, starts_at, ends_at FROM _kept.occurrence WHERE version_key = ?", [row["version_key"]])
    return told == {(each["zone"], each["starts_at"], each["ends_at"]) for each in stored if each["zone"] in zones}
