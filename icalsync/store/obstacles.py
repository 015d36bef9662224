"""What keeps intents from being sent until a person helps, and the alerts that say so (R3, P9, P10, P18)."""

from __future__ import annotations

from typing import Any, Final

from icalsync.store import alerts
from icalsync.store.intents import OPEN
from icalsync.store.transaction import Row, Transaction

NOT_CONNECTED: Final = "NOT_CONNECTED"
GONE: Final = "CALENDAR_GONE"
NOT_SELECTABLE: Final = "NOT_SELECTABLE"
READ_ONLY: Final = "CALENDAR_READ_ONLY"
KNOWN: Final = frozenset({NOT_CONNECTED, GONE, NOT_SELECTABLE, READ_ONLY})
REJECTED: Final = "AUTHENTICATION_REJECTED"
_LOST: Final = "LINKED_CALENDAR_LOST"
_DENIED: Final = "LINKED_CALENDAR_READ_ONLY"

FACTS: Final = """
    v.not_selectable_reason, v.known_from AS described_at,
    v.access = 'write' OR (v.privileges IS NULL AND w.calendar_key IS NOT NULL) AS writable
"""
"""SQL: what ``obstacle_of`` takes, of ``_kept.calendar_version v`` and ``_kept.assumed_writable w``."""

_LINKED: Final = f"""
    SELECT r.user_key, r.calendar_key, true AS connected, {FACTS}
    FROM _kept.calendar_role_version r
    JOIN _kept.calendar c USING (calendar_key)
    JOIN _kept.calendar_version v ON v.calendar_key = r.calendar_key AND v.known_to = 'infinity'
    LEFT JOIN _kept.assumed_writable w ON w.calendar_key = r.calendar_key
    WHERE r.role = 'LINKED' AND r.known_to = 'infinity' AND c.integration_key = ?
"""  # noqa: S608  # our own text


def obstacle_of(row: Row) -> str | None:
    """Why nothing can be written to a calendar for a user now, as a code; None where it can."""
    if not row["connected"]:
        return NOT_CONNECTED
    if row["not_selectable_reason"] is not None:
        return GONE if row["not_selectable_reason"] == "GONE" else NOT_SELECTABLE
    return None if row["writable"] else READ_ONLY


def follow_calendars(tx: Transaction, integration_key: int) -> None:
    """After calendars were described anew, or roles changed: alerts about linked ones, and the intents that wait for them."""
    linked = tx.rows(_LINKED, [integration_key])
    for row in linked:
        about = {"user_key": row["user_key"], "integration_key": integration_key, "calendar_key": row["calendar_key"]}
        obstacle = obstacle_of(row)
        kind = _DENIED if obstacle == READ_ONLY else _LOST if obstacle else None
        for each in (_LOST, _DENIED):
            if each == kind:
                alerts.raise_(tx, each, {"code": row["not_selectable_reason"]}, **about)
            else:
                alerts.clear(tx, each, **about)
        if obstacle is not None:
            _park(tx, row, obstacle)
    _clear_unlinked(tx, integration_key, {(row["user_key"], row["calendar_key"]) for row in linked})


def _clear_unlinked(tx: Transaction, integration_key: int, linked: set[tuple[int, int]]) -> None:
    """A calendar that is linked no longer needs nobody's attention for that."""
    for row in tx.rows(
        "SELECT kind, user_key, calendar_key FROM _kept.alert WHERE cleared_at IS NULL AND integration_key = ? AND kind IN (?, ?)",
        [integration_key, _LOST, _DENIED],
    ):
        if (row["user_key"], row["calendar_key"]) not in linked:
            alerts.clear(tx, row["kind"], user_key=row["user_key"], integration_key=integration_key, calendar_key=row["calendar_key"])


def _park(tx: Transaction, row: Row, code: str) -> None:
    tx.execute(
        f"UPDATE _kept.outbox SET state = 'parked', last_error = ?, parked_at = ?, next_try_at = NULL "  # noqa: S608  # our text
        f"WHERE calendar_key = ? AND {OPEN} AND state <> 'parked' AND appointment_id IN "
        "(SELECT appointment_id FROM _kept.own_object WHERE user_key = ?)",
        [code, tx.clock_now, row["calendar_key"], row["user_key"]],
    )


def follow_connection(tx: Transaction, user_key: int, integration_key: int) -> None:
    """After a connection ended: what was to be written over it waits until there is one again."""
    calendars = tx.rows("SELECT calendar_key FROM _kept.calendar WHERE integration_key = ?", [integration_key])
    for row in calendars:
        about = {"calendar_key": row["calendar_key"], "user_key": user_key}
        _park(tx, about, NOT_CONNECTED)
        follow_intents(tx, about)
    follow_calendars(tx, integration_key)


def follow_status(tx: Transaction, integration_key: int, status: str, error_code: str | None) -> None:
    """After a run: an account that needs its password again parks its intents; one that is well needs nobody."""
    kinds = {"REAUTHENTICATION_NEEDED": status == "reauthentication_needed", "PRINCIPAL_CHANGED": error_code == "ANOTHER_PRINCIPAL"}
    for kind, holds in kinds.items():
        if holds:
            alerts.raise_(tx, kind, integration_key=integration_key)
        elif status == "ok":
            alerts.clear(tx, kind, integration_key=integration_key)
    if status == "reauthentication_needed":
        tx.execute(
            f"UPDATE _kept.outbox SET state = 'parked', last_error = ?, parked_at = ?, next_try_at = NULL "  # noqa: S608  # our text
            f"WHERE {OPEN} AND state <> 'parked' AND calendar_key IN (SELECT calendar_key FROM _kept.calendar WHERE integration_key = ?)",
            [REJECTED, tx.clock_now, integration_key],
        )


def follow_intents(tx: Transaction, own: Row) -> None:
    """After an intent was settled: the alerts about what could not be written for this user to this calendar."""
    rows = tx.rows(
        "SELECT appointment_id, arg_max(state, number) AS state, arg_max(last_error, number) AS code FROM _kept.outbox "
        "WHERE calendar_key = ? AND appointment_id IN (SELECT appointment_id FROM _kept.own_object WHERE user_key = ?) GROUP BY ALL",
        [own["calendar_key"], own["user_key"]],
    )
    about = {"user_key": own["user_key"], "calendar_key": own["calendar_key"]}
    told_elsewhere = KNOWN & {READ_ONLY, GONE, NOT_SELECTABLE} if _is_linked(tx, own) else frozenset()
    parked = [row for row in rows if row["state"] == "parked" and row["code"] not in told_elsewhere | {"DRIFT", "JOURNAL_BEHIND", REJECTED}]
    failed = [row for row in rows if row["state"] == "failed"]
    _tell(tx, "PUSH_PARKED", parked, about)
    _tell(tx, "PUSH_FAILED", failed, about)


def _tell(tx: Transaction, kind: str, rows: list[Row], about: dict[str, Any]) -> None:
    if rows:
        alerts.raise_(tx, kind, {"code": rows[0]["code"]}, **about)
    else:
        alerts.clear(tx, kind, **about)


def _is_linked(tx: Transaction, own: Row) -> bool:
    found = tx.row(
        "FROM _kept.calendar_role_version WHERE user_key = ? AND calendar_key = ? AND role = 'LINKED' AND known_to = 'infinity'",
        [own["user_key"], own["calendar_key"]],
    )
    return found is not None
