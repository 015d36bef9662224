"""Removals that are held (R13), as somebody decides about them: what is held of which calendar, and holding it for another hour."""

from __future__ import annotations

from typing import Final

from icalsync.errors import NotFound
from icalsync.ports import Clock
from icalsync.store import held_removals
from icalsync.store.audit import audit
from icalsync.store.belonging import using
from icalsync.store.database import Database
from icalsync.store.transaction import Row

_ROWS: Final = """
    SELECT c.calendar_id, c.integration_id, c.display_name, i.account_name, h.number, h.since
    FROM (
        SELECT calendar_key, count(*) AS number, min(first_held_at) AS since FROM _kept.held_removal
        GROUP BY calendar_key HAVING calendar_key IN (SELECT calendar_key FROM _kept.calendar_role_version WHERE known_to = 'infinity')
    ) h
    JOIN _kept.calendar k USING (calendar_key)
    JOIN calendars c ON c.calendar_id = k.calendar_id
    JOIN integrations i ON i.integration_id = c.integration_id
    ORDER BY h.since, c.calendar_id
"""
KIND: Final = "held removals"


class HeldRemovals:
    """What vanished at once, and still blocks."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def rows(self) -> list[Row]:
        """Of each calendar with a role: ``calendar_id, integration_id, display_name, account_name, number, since``, the oldest first."""
        with self._db.read() as tx:
            return tx.rows(_ROWS)

    def check(self, calendar_id: str) -> None:
        """That something is held of this calendar: a word given for nothing would let go what vanishes next. ``NotFound``."""
        if not any(row["calendar_id"] == calendar_id for row in self.rows()):
            raise NotFound(kind=KIND, name=calendar_id)

    def hold_on(self, calendar_id: str, *, actor: str, reason: str | None) -> None:
        """What is held of this calendar waits another hour from now, whatever listings show till then; logged. ``NotFound``."""
        with self._db.write() as tx:
            found = tx.row("SELECT calendar_key FROM _kept.calendar WHERE calendar_id = ?", [calendar_id])
            if found is None or not held_removals.hold_on(tx, found["calendar_key"], self._clock.monotonic()):
                raise NotFound(kind=KIND, name=calendar_id)
            audit(tx, actor, "HOLD_DELETIONS", calendar_id, reason, about=using(tx, calendar_id))
