"""The database and its journal, compared: what is missing on one side raises an alert instead of a push or a loss (T5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from icalsync.store import alerts
from icalsync.store.database import Database
from icalsync.store.intents import OPEN, entry_of, journal_of
from icalsync.store.journal import Entry, Phase, Story, path_of
from icalsync.store.transaction import Row, Transaction

BEHIND: Final = "JOURNAL_BEHIND"
AHEAD: Final = "JOURNAL_AHEAD"
_COMPARED: Final[dict[Path, tuple[int, ...]]] = {}
"""Databases that this process has compared with their journals, and what both files looked like then."""
_SHOWN: Final = 5
"""Lost intents that an alert names."""


@dataclass(slots=True)
class _Difference:
    """What the two do not agree about."""

    lost: dict[str, Story] = field(default_factory=dict)
    """The journal says they were committed, and the database does not have them."""
    never: list[str] = field(default_factory=list)
    """They were planned, and never committed: a crash between the two, and nothing is lost."""
    unknown: list[Row] = field(default_factory=list)
    """Open intents that the journal has never heard of."""
    uncommitted: list[Row] = field(default_factory=list)
    """They were committed, and the journal was not told any more."""
    over: list[Row] = field(default_factory=list)
    """The same, for how they ended."""

    def __bool__(self) -> bool:
        return bool(self.lost or self.never or self.unknown or self.uncommitted or self.over)


def agree(tx: Transaction, db: Database) -> bool:
    """Whether both say the same. What looks odd may be a transaction that another thread is committing just now."""
    return not _compared(tx, journal_of(tx, db).stories())


def at_start(db: Database) -> None:
    """Compare them once in each process, before it books anything."""
    if db.path not in _COMPARED:
        _compare(db)


def at_a_glance(db: Database) -> None:
    """Compare them where one of the two files has changed since this process last did, as when a database was put back from a backup.

    Two looks at the disk where nothing has.
    """
    if _COMPARED.get(db.path) != _looks(db.path):
        _compare(db)


def _compare(db: Database) -> None:
    with db.read() as tx:
        same = agree(tx, db)
    if not same:
        reconcile(db)
    _COMPARED[db.path] = _looks(db.path)


def _looks(path: Path) -> tuple[int, ...]:
    """What changes whenever the database or its journal does: which file it is, its size, and when it was last written."""
    found: list[int] = []
    for each in (path, path_of(path)):
        try:
            stat = each.stat()
        except FileNotFoundError:
            found += (0, 0, 0)
        else:
            found += (stat.st_ino, stat.st_size, stat.st_mtime_ns)
    return tuple(found)


def reconcile(db: Database) -> None:
    """Compare them while nobody else writes, raise what has to be raised, and complete what a crash left incomplete."""
    with db.write() as tx:
        journal = journal_of(tx, db)
        found = _compared(tx, journal.stories())
        _raise(tx, found)
        missing, moment = _missing(tx, found), tx.clock_now
    for phase, entries, result in missing:
        journal.write(phase, entries, moment, result=result)


def release(db: Database, outbox_id: str) -> str:
    """A person says that an intent the journal does not know is right: it is told, and the intent may be sent."""
    with db.write() as tx:
        row = tx.row("SELECT * FROM _kept.outbox WHERE outbox_id = ?", [outbox_id])
        if row is not None:
            journal = journal_of(tx, db)
            journal.write("planned", [entry_of(tx, row)], tx.clock_now)
            journal.write("committed", [entry_of(tx, row)], tx.clock_now)
            tx.execute(
                "UPDATE _kept.outbox SET state = 'waiting', last_error = NULL, parked_at = NULL WHERE outbox_id = ? AND last_error = ?",
                [outbox_id, BEHIND],
            )
    return f"released {outbox_id}"


def _compared(tx: Transaction, stories: Mapping[str, Story]) -> _Difference:
    found = _Difference()
    rows = {
        row["outbox_id"]: row
        for row in tx.rows(
            f"FROM _kept.outbox WHERE {OPEN} OR outbox_id IN (SELECT unnest(?::VARCHAR[]))",  # our text
            [list(stories)],
        )
    }
    for name, story in stories.items():
        row = rows.get(name)
        if story.phases & {"abandoned", "lost", "forgotten"}:
            continue
        if row is None:
            if "committed" in story.phases or story.phases & {"sending", "outcome"}:
                found.lost[name] = story
            else:
                found.never.append(name)
        elif "committed" not in story.phases:
            found.uncommitted.append(row)
        elif row["state"] in {"done", "failed"} and not story.ended:
            found.over.append(row)
    found.unknown = [row for name, row in rows.items() if name not in stories and row["state"] not in {"done", "failed"} and not _told(row)]
    return found


def _told(row: Row) -> bool:
    """Whether it is known to be unknown already."""
    return bool(row["state"] == "parked" and row["last_error"] == BEHIND)


def _raise(tx: Transaction, found: _Difference) -> None:
    for row in found.unknown:
        tx.execute(
            "UPDATE _kept.outbox SET state = 'parked', last_error = ?, next_try_at = NULL, parked_at = ? WHERE outbox_id = ?",
            [BEHIND, tx.clock_now, row["outbox_id"]],
        )
        owner = tx.row("FROM _kept.appointment_version WHERE appointment_id = ? ORDER BY known_from DESC LIMIT 1", [row["appointment_id"]])
        about = {"user_key": owner["user_key"] if owner else None, "calendar_key": row["calendar_key"], "subject": row["outbox_id"]}
        alerts.raise_(tx, BEHIND, **about)
    if found.lost:
        shown = ", ".join(sorted(found.lost)[:_SHOWN])
        alerts.raise_(tx, AHEAD, {"count": len(found.lost)}, subject=shown)


def _missing(tx: Transaction, found: _Difference) -> list[tuple[Phase, list[Entry], str | None]]:
    """Lines that complete the journal. Each difference is told once: what was lost stays in its alert until a person has dealt with it."""
    return [
        ("lost", [_unnamed(name) for name in found.lost], None),
        ("abandoned", [_unnamed(name) for name in found.never], None),
        ("committed", [entry_of(tx, row) for row in found.uncommitted], None),
        *(("outcome", [entry_of(tx, row)], str(row["state"])) for row in found.over),
    ]


def _unnamed(outbox_id: str) -> Entry:
    """An intent of which nothing but its id is left."""
    return Entry(outbox_id, "", "", "", None)
