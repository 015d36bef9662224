"""What a sync leaves undone: intents that wait, are parked or were given up, and drift that nobody settled (P16, R11)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from icalsync.store.transaction import Row, Transaction

DRIFT: Final = "DRIFT"
FAILED: Final = "PUSH_FAILED"
PARKED: Final = "PUSH_PARKED"
WAITING: Final = "PUSH_WAITING"
KINDS: Final = (DRIFT, FAILED, PARKED, WAITING)
"""Kinds of what is unfinished, the most urgent first; the same words as ``sync_runs.error_code``."""

_OPEN: Final = f"""
    SELECT CASE o.state WHEN 'failed' THEN '{FAILED}' WHEN 'parked' THEN '{PARKED}' ELSE '{WAITING}' END AS kind,
        o.last_error AS code, o.next_try_at, o.appointment_id
    FROM _kept.outbox o JOIN _kept.owner w USING (appointment_id)
    WHERE o.state <> 'done' AND NOT (o.state = 'parked' AND coalesce(o.last_error, '') = '{DRIFT}')
        AND NOT (o.created_at > $since AND (o.state = 'sending' OR o.attempts = 0))
        AND w.sub_account = coalesce($account, w.sub_account) AND w.user_id = coalesce($user, w.user_id)
        AND ($among::VARCHAR[] IS NULL OR list_contains($among::VARCHAR[], w.sub_account))
    UNION ALL
    SELECT '{DRIFT}', d.kind, NULL, d.appointment_id FROM _kept.drift d JOIN _kept.owner w USING (appointment_id)
    WHERE d.settled_at IS NULL
        AND w.sub_account = coalesce($account, w.sub_account) AND w.user_id = coalesce($user, w.user_id)
        AND ($among::VARCHAR[] IS NULL OR list_contains($among::VARCHAR[], w.sub_account))
"""  # noqa: S608  # our own words
_COUNTED: Final = f"""
    SELECT kind, count(*) AS number, count(DISTINCT appointment_id) AS appointments,
        list_sort(list(DISTINCT code) FILTER (code IS NOT NULL)) AS codes, min(next_try_at) AS next_try_at
    FROM ({_OPEN}) GROUP BY kind
"""  # noqa: S608  # our own text


def counted(tx: Transaction, account: str | None, user: str | None, since: datetime, among: Sequence[str] | None = None) -> list[Row]:
    """One row for each of ``KINDS`` there is: ``kind``, ``number``, ``appointments``, ``codes``, ``next_try_at`` (the earliest).

    What was booked after ``since`` and not tried yet is no leftover of a sync that began then, and neither is what somebody sends now.
    """
    rows = tx.rows(_COUNTED, {"account": account, "user": user, "since": since, "among": None if among is None else list(among)})
    return [{**row, "codes": list(row["codes"] or ())} for row in sorted(rows, key=lambda row: KINDS.index(row["kind"]))]
