"""Calendars that stay out of reach: after a grace their events no longer hold, under a tombstone; nothing is deleted (H6, C9, C12).

Until then everything they hold goes on blocking. Afterwards they are still not covered (R12): what is not known never opens a slot.
Undo is their return: the next pull finds them, keeps everything anew, and the tombstone says when.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from icalsync.store import held_removals, objects
from icalsync.store.transaction import Transaction

GRACE: Final = timedelta(hours=24)
GRACE_RUNS: Final = 3
"""H6: out of reach for at least so long, and in at least so many runs that got through to the account."""

_LOST: Final = """
    SELECT s.calendar_key, coalesce(b.since, s.known_from) AS since
    FROM _kept.calendar_state_version s
    JOIN _kept.calendar c USING (calendar_key)
    LEFT JOIN (
        SELECT calendar_key, max(known_to) AS since FROM _kept.calendar_state_version
        WHERE state <> 'access_lost' AND known_to < 'infinity' GROUP BY ALL
    ) b USING (calendar_key)
    WHERE c.integration_key = ? AND s.known_to = 'infinity' AND s.state = 'access_lost'
"""


def forget(tx: Transaction, integration_key: int) -> None:
    """Let the events of calendars whose grace is over hold no longer."""
    for row in tx.rows(_LOST, [integration_key]):
        if tx.clock_now - row["since"] < GRACE:
            continue
        runs = tx.value(
            "SELECT count(*) FROM _kept.sync_run WHERE integration_key = ? AND outcome IN ('ok', 'partial') AND started_at >= ?",
            [integration_key, row["since"]],
        )
        if runs >= GRACE_RUNS:
            _bury(tx, row["calendar_key"], row["since"])


def _bury(tx: Transaction, calendar_key: int, since: object) -> None:
    keys = [
        row["version_key"]
        for row in tx.rows("SELECT version_key FROM _kept.object_version WHERE calendar_key = ? AND known_to = 'infinity'", [calendar_key])
    ]
    if not keys:
        return
    objects.close(tx, keys)
    tx.execute("UPDATE _kept.quarantine SET healed_at = ? WHERE calendar_key = ? AND healed_at IS NULL", [tx.clock_now, calendar_key])
    held_removals.forget(tx, calendar_key)
    # when it comes back, it is listed and fetched as if it were new
    tx.execute(
        "UPDATE _kept.calendar_sync SET sync_token = NULL, listed_ctag = NULL, listed_token = NULL, reconciled_at = NULL "
        "WHERE calendar_key = ?",
        [calendar_key],
    )
    stone = {"calendar_key": calendar_key, "lost_at": since, "forgotten_at": tx.clock_now, "objects": len(keys), "returned_at": None}
    tx.append("calendar_tombstone", [stone])


def returned(tx: Transaction, calendar_key: int) -> None:
    """A calendar was pulled: where it was given up, that is over."""
    tx.execute(
        "UPDATE _kept.calendar_tombstone SET returned_at = ? WHERE calendar_key = ? AND returned_at IS NULL", [tx.clock_now, calendar_key]
    )
