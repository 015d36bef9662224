"""How the accounts are doing: runs, what failed and how often, when they last changed, which calendars lost a right."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from icalsync.store.database import Database
from icalsync.store.transaction import Row

_RUNS: Final = """
    SELECT r.*, i.account_name, epoch(r.ended_at) - epoch(r.started_at) AS seconds
    FROM sync_runs r JOIN integrations i USING (integration_id)
    WHERE r.integration_id IN (SELECT unnest(?::VARCHAR[])) AND r.started_at >= ?
    ORDER BY r.started_at DESC, r.run_id LIMIT ?
"""
_ENDED: Final = """
    SELECT integration_id, ended_at, outcome FROM sync_runs
    WHERE integration_id IN (SELECT unnest(?::VARCHAR[])) AND started_at >= ? AND ended_at IS NOT NULL ORDER BY integration_id, ended_at
"""
# Over is what ended before its account was read again: after a run that brought nothing by one that brought something, else by a whole one.
_ERRORS: Final = """
    WITH run AS (
        SELECT *, max(ended_at) FILTER (WHERE outcome IN ('ok', 'partial')) OVER w AS read_at,
            max(ended_at) FILTER (WHERE outcome = 'ok') OVER w AS whole_at
        FROM sync_runs WHERE integration_id IN (SELECT unnest(?::VARCHAR[])) AND started_at >= ? WINDOW w AS (PARTITION BY integration_id)
    )
    SELECT r.error_code AS code, i.provider, coalesce(r.ended_at < if(r.outcome = 'partial', r.whole_at, r.read_at), false) AS healed,
        count(*) AS runs, list_sort(list(DISTINCT i.account_name)) AS accounts,
        list_sort(list(DISTINCT r.integration_id)) AS integrations, min(r.ended_at) AS first_at, max(r.ended_at) AS last_at
    FROM run r JOIN integrations i USING (integration_id)
    WHERE r.error_code IS NOT NULL
    GROUP BY ALL ORDER BY healed, last_at DESC, code, i.provider
"""
_LAST_ERRORS: Final = """
    SELECT integration_id, arg_max(error_code, ended_at) AS code FROM sync_runs
    WHERE integration_id IN (SELECT unnest(?::VARCHAR[])) AND error_code IS NOT NULL AND outcome = 'failed' GROUP BY integration_id
"""
_CHANGES: Final = """
    SELECT r.integration_id, i.account_name, list_sort(list(r.ended_at)) AS moments
    FROM sync_runs r JOIN integrations i USING (integration_id)
    WHERE r.integration_id IN (SELECT unnest(?::VARCHAR[])) AND r.ended_at >= ? AND r.added + r.changed + r.removed > 0 AND i.status = 'ok'
    GROUP BY ALL ORDER BY r.integration_id
"""
# A calendar somebody uses, that can no longer be read, or can no longer be written and could be before.
_LOST: Final = """
    SELECT i.integration_id, n.account_name, c.calendar_id, v.display_name,
        CASE WHEN coalesce(s.state, 'ok') = 'access_lost' OR v.not_selectable_reason IN ('GONE', 'NO_READ_ACCESS') THEN 'all' ELSE 'write'
        END AS lost,
        greatest(v.known_from, CASE WHEN s.state = 'access_lost' THEN s.known_from ELSE v.known_from END) AS since
    FROM _kept.calendar c
    JOIN _kept.integration i USING (integration_key)
    JOIN integrations n ON n.integration_id = i.integration_id
    JOIN _kept.calendar_version v ON v.calendar_key = c.calendar_key AND v.known_to = 'infinity'
    LEFT JOIN _kept.calendar_state_version s ON s.calendar_key = c.calendar_key AND s.known_to = 'infinity'
    WHERE i.integration_id IN (SELECT unnest(?::VARCHAR[]))
        AND EXISTS (FROM _kept.calendar_role_version r WHERE r.calendar_key = c.calendar_key AND r.known_to = 'infinity')
        AND (coalesce(s.state, 'ok') = 'access_lost' OR v.not_selectable_reason IN ('GONE', 'NO_READ_ACCESS')
            OR (v.access = 'read' AND NOT EXISTS (FROM _kept.assumed_writable w WHERE w.calendar_key = c.calendar_key)
                AND EXISTS (FROM _kept.calendar_version b WHERE b.calendar_key = c.calendar_key AND b.access = 'write')))
    ORDER BY since, c.calendar_id
"""
# For readers of some sub-accounts: lines that concern those alone, and what somebody limited to those did to what others share. Whom a
# line concerns was written with it, and does not change when an account changes hands; of older lines it is not known.
_AUDIT: Final = """
    SELECT l.at, l.actor, l.action, l.object, l.reason FROM (SELECT *, rowid AS number FROM _kept.audit_log) l
    WHERE l.at >= coalesce($start, '-infinity'::TIMESTAMPTZ) AND l.at < coalesce($end, 'infinity'::TIMESTAMPTZ)
        AND l.action = coalesce($action, l.action)
        AND ($accounts::VARCHAR[] IS NULL OR (
            list_has_any(l.sub_accounts, $accounts::VARCHAR[])
            AND (list_has_all($accounts::VARCHAR[], l.sub_accounts)
                OR (len(l.actor_limit) > 0 AND list_has_all($accounts::VARCHAR[], l.actor_limit)))))
    ORDER BY l.at DESC, l.number DESC LIMIT $most
"""


class Health:
    """Reads; never writes. Questions are about the accounts that are named, and no others."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def runs(self, integration_ids: list[str], lasting: timedelta, most: int) -> list[Row]:
        """Rows of ``sync_runs`` that began in the last ``lasting``, with ``account_name`` and ``seconds``, the newest first."""
        with self._db.read() as tx:
            return tx.rows(_RUNS, [integration_ids, tx.clock_now - lasting, most])

    def ended(self, integration_ids: list[str], lasting: timedelta) -> dict[str, list[Row]]:
        """Integration id → its runs' ``ended_at`` and ``outcome``, in order."""
        with self._db.read() as tx:
            rows = tx.rows(_ENDED, [integration_ids, tx.clock_now - lasting])
        told: dict[str, list[Row]] = {}
        for row in rows:
            told.setdefault(row["integration_id"], []).append(row)
        return told

    def errors(self, integration_ids: list[str], lasting: timedelta) -> list[Row]:
        """By code, provider and whether it is over: ``code, provider, healed, runs, accounts, integrations, first_at, last_at``."""
        with self._db.read() as tx:
            return tx.rows(_ERRORS, [integration_ids, tx.clock_now - lasting])

    def last_errors(self, integration_ids: list[str]) -> dict[str, str]:
        """Integration id → the code of its last run that failed."""
        if not integration_ids:
            return {}
        with self._db.read() as tx:
            rows = tx.rows(_LAST_ERRORS, [integration_ids])
        return {row["integration_id"]: row["code"] for row in rows}

    def changes(self, integration_ids: list[str], lasting: timedelta) -> list[Row]:
        """When runs of an account that is well brought something: ``integration_id, account_name, moments``."""
        with self._db.read() as tx:
            return tx.rows(_CHANGES, [integration_ids, tx.clock_now - lasting])

    def lost_rights(self, integration_ids: list[str]) -> list[Row]:
        """Calendars in use that lost a right: ``integration_id, account_name, calendar_id, display_name, lost, since``."""
        with self._db.read() as tx:
            return tx.rows(_LOST, [integration_ids])

    def audit(
        self, sub_accounts: list[str] | None, start: datetime | None, end: datetime | None, action: str | None, most: int
    ) -> list[Row]:
        """Lines of ``audit_log``, the newest first; of some sub-accounts (None: all) those that are about them."""
        accounts = None if sub_accounts is None else [name.lower() for name in sub_accounts]
        with self._db.read() as tx:
            facts = {"accounts": accounts, "start": start, "end": end, "action": action, "most": most}
            return tx.rows(_AUDIT, facts)
