"""Which intents may be tried now, with all that deciding about them takes (P16: the oldest of each appointment, and no other's trouble)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from icalsync.core.model import Content
from icalsync.core.writing import content_for
from icalsync.ports import PushTask
from icalsync.store.intents import DRIFT, OPEN
from icalsync.store.obstacles import FACTS, KNOWN, REJECTED, obstacle_of
from icalsync.store.own_objects import OURS_NOW, THERE
from icalsync.store.reconciling import BEHIND
from icalsync.store.transaction import Row, Transaction

MOST: Final = 500
"""Intents told at a time."""
PARKED_FOR: Final = timedelta(hours=6)
"""After so long a parked intent is tried again, where nothing says when, and nothing that is known stands in its way."""
FARTHEST: Final = timedelta(days=2)
"""No try is put off for longer: a moment beyond was told by a clock that has been set back since (T12)."""

_HEADS: Final = f"""
    SELECT h.*, a.status, a.starts_at, a.ends_at, a.title, a.sequence, a.booked_at, a.changed_at, g.generation AS own_generation,
        g.user_key, g.uid,
        g.href, g.state AS own_state, coalesce(g.doubtful_since, g.sending_since) AS doubtful, g.confirmed_at, g.puts, g.puts_for,
        c.calendar_id, i.integration_id, v.href AS calendar_href, n.user_key IS NOT NULL AS connected, {FACTS},
        k.name AS contact_name, k.email AS contact_email, coalesce(uv.time_zone, sv.time_zone) AS time_zone, e.value AS detail,
        d.drift_id IS NOT NULL AS drifting
    FROM _kept.outbox h
    JOIN _kept.appointment_version a ON a.appointment_id = h.appointment_id AND a.known_to = 'infinity'
    JOIN _kept.own_object g ON g.appointment_id = h.appointment_id
        AND CASE WHEN h.generation IS NULL THEN g.live ELSE g.generation = h.generation END
    JOIN _kept.calendar c ON c.calendar_key = g.calendar_key
    JOIN _kept.integration i ON i.integration_key = c.integration_key
    JOIN _kept.calendar_version v ON v.calendar_key = c.calendar_key AND v.known_to = 'infinity'
    JOIN _kept.account_user u ON u.user_key = a.user_key
    JOIN _kept.user_version uv ON uv.user_key = u.user_key AND uv.known_to = 'infinity'
    JOIN _kept.sub_account_version sv ON sv.sub_account_key = u.sub_account_key AND sv.known_to = 'infinity'
    LEFT JOIN _kept.assumed_writable w ON w.calendar_key = c.calendar_key
    LEFT JOIN _kept.connection_version n ON n.user_key = u.user_key AND n.integration_key = c.integration_key AND n.known_to = 'infinity'
    LEFT JOIN _kept.contact k ON k.contact_id = a.contact_id
    LEFT JOIN _kept.effective_setting e
        ON e.user_key = u.user_key AND e.kind = 'policy' AND e.name = 'push_detail' AND e.known_to = 'infinity'
    LEFT JOIN _kept.drift d ON d.appointment_id = h.appointment_id AND d.settled_at IS NULL
    WHERE h.{OPEN} AND h.number = (SELECT min(o.number) FROM _kept.outbox o WHERE o.appointment_id = h.appointment_id AND o.{OPEN})
        AND i.integration_id = coalesce(?, i.integration_id)
    ORDER BY h.number
"""  # noqa: S608  # our own text

_FOLLOWING: Final = _HEADS.replace("h.number = (SELECT min", "h.action = 'delete' AND h.generation IS NOT NULL AND h.number > (SELECT min")


def tasks(tx: Transaction, integration_id: str, now: datetime) -> tuple[PushTask, ...]:
    """The oldest open intent of each appointment that may be tried at ``now``."""
    rows = [row for row in _open(tx, _HEADS, integration_id) if is_due(row, now)][:MOST]
    sent = _sent(tx, rows)
    return tuple(_task(row, sent[row["appointment_id"], row["own_generation"]]) for row in rows)


def following(tx: Transaction, integration_id: str, now: datetime) -> tuple[PushTask, ...]:
    """Deletions of former events that wait for the new one to be there: due as soon as the intents before them are done."""
    rows = [row for row in _open(tx, _FOLLOWING, integration_id) if is_due(row, now)][:MOST]
    sent = _sent(tx, rows)
    return tuple(_task(row, sent[row["appointment_id"], row["own_generation"]]) for row in rows)


def integrations(tx: Transaction, now: datetime) -> tuple[str, ...]:
    """Accounts with something to send at ``now``; what needs a person first is no reason to ask a server."""
    found = {
        row["integration_id"] for row in _open(tx, _HEADS, None) if obstacle_of(row) is None and is_due(row, now) and not _rejected(row)
    }
    return tuple(sorted(found))


def _open(tx: Transaction, sql: str, integration_id: str | None) -> list[Row]:
    """What is open, if anything is: to plan so many joins takes 15 ms, and most runs have nothing to send."""
    if tx.row(f"SELECT 1 FROM _kept.outbox WHERE {OPEN} LIMIT 1") is None:  # noqa: S608  # our own text
        return []
    return tx.rows(sql, [integration_id])


def is_due(row: Row, now: datetime) -> bool:
    """Whether an intent may be tried: its moment has come, and what it was parked for is over."""
    if row["drifting"] or (row["state"] == "parked" and row["last_error"] == BEHIND):
        return False
    tried = row["next_try_at"]
    come = tried is None or tried <= now or tried > now + FARTHEST
    if row["state"] != "parked":
        return come
    if obstacle_of(row) is not None:
        return False
    if _rejected(row) or row["last_error"] in KNOWN | {DRIFT}:
        return True
    since = row["parked_at"] or now
    described = row["described_at"] > since
    return described or (come if tried is not None else not since <= now < since + PARKED_FOR)


def _rejected(row: Row) -> bool:
    """Parked with its account: who asks what is due got in, so it may go out."""
    return bool(row["state"] == "parked" and row["last_error"] == REJECTED)


def _sent(tx: Transaction, rows: Sequence[Row]) -> dict[tuple[str, int], set[str]]:
    if not rows:
        return {}
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    for row in tx.rows(
        "SELECT * FROM _kept.own_text WHERE appointment_id IN (SELECT unnest(?::VARCHAR[]))", [[row["appointment_id"] for row in rows]]
    ):
        if row["standing"] in OURS_NOW or row["standing"] == "overwrite":
            found[row["appointment_id"], row["generation"]].add(row["fingerprint"])
    return found


def _task(row: Row, sent: set[str]) -> PushTask:
    obstacle = obstacle_of(row)
    return PushTask(
        outbox_id=row["outbox_id"],
        action=row["action"],
        attempts=row["attempts"],
        appointment_id=row["appointment_id"],
        calendar_id=row["calendar_id"],
        calendar_href=row["calendar_href"],
        writable=obstacle is None,
        obstacle=obstacle,
        generation=row["own_generation"],
        uid=row["uid"],
        href=row["href"],
        content=None if row["action"] == "delete" or row["status"] == "cancelled" else _content(row),
        sent=frozenset(sent),
        exists=row["own_state"] in THERE,
        doubtful_since=row["doubtful"],
        puts=row["puts"] if row["puts_for"] == row["sequence"] else 0,
        # proof that it is gone beats the doubt whether it is only not shown yet
        pushed_at=None if row["own_state"] == "gone" else row["confirmed_at"],
    )


def _content(row: Row) -> Content:
    return content_for(
        detail=row["detail"] or "reference",
        appointment_id=row["appointment_id"],
        generation=row["own_generation"],
        title=row["title"],
        contact_name=row["contact_name"],
        contact_email=row["contact_email"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        zone=row["time_zone"],
        sequence=row["sequence"],
        created_at=row["booked_at"],
        modified_at=row["changed_at"] or row["booked_at"],
    )
