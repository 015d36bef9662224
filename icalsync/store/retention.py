"""Forgetting what was known before a limit (R16): only where a person set ``retention``; else everything is kept.

What it costs to keep, measured on histories of 1,000 to 20,000 changes (texts of 0.6 kB, a horizon of 430 days): a change of a single
event 0.6 to 0.9 kB in the file, of a weekly series 3 kB, of a daily one 18 kB, because each version keeps its text and its occurrences.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from icalsync.store.database import Database
from icalsync.store.intents import intending
from icalsync.store.transaction import Transaction

CHUNK: Final = 2000
"""Object versions forgotten in one transaction, so that others get at the file in between."""
LONGEST_STEP: Final = timedelta(days=1)
WITNESSED_FOR: Final = timedelta(hours=1)
SHARE: Final = 10
"""The limit moves by whole days, or a tenth of a shorter retention: between two steps an unchanged sync writes nothing (R17)."""
_CARRIED_OUT: Final = f"""
    SELECT o.* FROM _kept.outbox o JOIN _kept.appointment_version a ON a.appointment_id = o.appointment_id AND a.known_to = 'infinity'
    WHERE o.state = 'done' AND o.created_at < ? AND a.ends_at < ? AND a.booked_at < ? AND coalesce(a.changed_at, a.booked_at) < ?
        AND NOT EXISTS (FROM _kept.outbox x WHERE x.appointment_id = o.appointment_id AND x.state <> 'done')
        AND NOT EXISTS (FROM _kept.own_object w WHERE w.appointment_id = o.appointment_id
            AND (w.confirmed_at >= ? OR w.sending_since IS NOT NULL OR w.doubtful_since IS NOT NULL))
    ORDER BY o.number LIMIT {CHUNK}
"""  # noqa: S608  # our own figure
"""SQL: intents that ended before a limit, of appointments that ended before it, and about which nothing is in doubt."""
_LEFT: Final = """(
    SELECT w.appointment_id, w.generation FROM _kept.own_object w
    JOIN _kept.appointment_version a ON a.appointment_id = w.appointment_id AND a.known_to = 'infinity'
    WHERE w.state = 'left' AND a.ends_at < ?
)"""
"""SQL: events of ours in accounts that were purged, whose appointments ended before a limit."""


class Retention:
    """How long history is kept."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def prune(self, keep: timedelta) -> int:
        """Forget what ceased to hold longer than ``keep`` ago, with raw texts and occurrences; how many object versions.

        From the first step on a question about a moment before the limit is ``BeforeRetention``, so that no answer is ever half there.
        """
        with self._db.read() as tx:
            before = _limit(tx)
            limit = tx.clock_now - keep
            if limit - before < min(LONGEST_STEP, keep / SHARE) or _leapt(tx, keep):
                return 0
        with self._db.write() as tx:
            tx.execute("UPDATE _kept.meta SET retention_limit = greatest(retention_limit, ?)", [limit])
            limit = _limit(tx)
            _forget_versions(tx, limit)
            _forget_runs(tx, limit)
        while self._forget_intents(limit) == CHUNK:
            pass
        forgotten = 0
        while True:
            with self._db.write() as tx:
                keys = _forget_objects(tx, limit)
            forgotten += keys
            if keys < CHUNK:
                return forgotten

    def _forget_intents(self, limit: datetime) -> int:
        """What was carried out long ago, of appointments that are long past; the journal is told first, so that it misses nothing (T5)."""
        with self._db.read() as tx:
            if not tx.rows(_CARRIED_OUT, [limit] * 5) and not tx.rows(f"FROM {_LEFT} LIMIT 1", [limit]):
                return 0
        with intending(self._db) as intents:
            rows = intents.tx.rows(_CARRIED_OUT, [limit] * 5)
            intents.forgotten(rows)
            intents.tx.execute(
                "DELETE FROM _kept.outbox WHERE outbox_id IN (SELECT unnest(?::VARCHAR[]))", [[row["outbox_id"] for row in rows]]
            )
            for table in ("own_text", "own_object"):
                intents.tx.execute(
                    f"DELETE FROM _kept.{table} WHERE (appointment_id, generation) IN (SELECT (appointment_id, generation) FROM {_LEFT})",  # noqa: S608  # our own text
                    [limit],
                )
        return len(rows)


def _leapt(tx: Transaction, keep: timedelta) -> bool:
    """Whether the last run of an hour ago or more lies so far back that all history would go: either nobody synced, or the clock is wrong.

    What a wrong clock forgets is gone for good (T12); after a true pause, runs that go on for an hour bear the clock out.
    """
    last = tx.value("SELECT max(ended_at) FROM _kept.sync_run WHERE ended_at < ?", [tx.clock_now - WITNESSED_FOR])
    return last is not None and tx.clock_now - last > keep


def _limit(tx: Transaction) -> datetime:
    limit: datetime = tx.value("SELECT retention_limit FROM _kept.meta")
    return limit


def _tables(tx: Transaction, column: str) -> list[str]:
    """The internal tables with a column of that name: new ones are never forgotten to be forgotten."""
    rows = tx.rows(
        "SELECT table_name FROM duckdb_columns() WHERE schema_name = '_kept' AND column_name = ? AND table_name IN "
        "(SELECT table_name FROM duckdb_tables() WHERE schema_name = '_kept') ORDER BY 1",
        [column],
    )
    return [row["table_name"] for row in rows]


def _forget_versions(tx: Transaction, limit: datetime) -> None:
    for table in _tables(tx, "known_to"):
        if table != "object_version":
            tx.execute(f"DELETE FROM _kept.{table} WHERE known_to <= ?", [limit])  # noqa: S608  # a name from the catalogue


def _forget_objects(tx: Transaction, limit: datetime) -> int:
    keys = [
        row["version_key"]
        for row in tx.rows(f"SELECT version_key FROM _kept.object_version WHERE known_to <= ? ORDER BY version_key LIMIT {CHUNK}", [limit])  # noqa: S608  # our figure
    ]
    if keys:
        for table in _tables(tx, "version_key"):
            tx.execute(f"DELETE FROM _kept.{table} WHERE version_key IN (SELECT unnest(?::INTEGER[]))", [keys])  # noqa: S608  # a name from the catalogue
    return len(keys)


def _forget_runs(tx: Transaction, limit: datetime) -> None:
    """Runs that ended before the limit, but for the last one that found a calendar fresh: it says how fresh that was at the limit."""
    tx.execute(
        "DELETE FROM _kept.sync_run WHERE ended_at < ? AND outcome <> 'running' AND run_id NOT IN ("
        "SELECT arg_max(run_id, ended_at) FROM "
        "(SELECT run_id, ended_at, unnest(fresh) AS calendar_key FROM _kept.sync_run WHERE ended_at <= ?) GROUP BY calendar_key)",
        [limit, limit],
    )
    tx.execute("DELETE FROM _kept.sync_calendar_run WHERE run_id NOT IN (SELECT run_id FROM _kept.sync_run)")
