"""What a person should know and do something about: raised once, and cleared when it is over."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from icalsync.messages import recorded
from icalsync.store.transaction import Row, Transaction

_KEYS: Final = ("sub_account_key", "user_key", "integration_key", "calendar_key", "subject")


def raise_(tx: Transaction, kind: str, facts: dict[str, Any] | None = None, **keys: Any) -> None:
    """Raise an alert of ``kind`` about ``keys`` (any of ``_KEYS``); nothing happens while the same one stands open."""
    about = {name: keys.get(name) for name in _KEYS}
    if _open(tx, kind, about):
        return
    alert_id = uuid4().hex
    told = {"alert_id": alert_id, **about, **(facts or {})}
    if about["integration_key"] is not None:
        told["integration_id"] = tx.value(
            "SELECT integration_id FROM _kept.integration WHERE integration_key = ?", [about["integration_key"]]
        )
    row = {"alert_id": alert_id, "kind": kind, **about, "raised_at": tx.clock_now, "says": recorded(f"alert.{kind}", **told)}
    tx.append("alert", [row])


def clear(tx: Transaction, kind: str, **keys: Any) -> None:
    """The alert of ``kind`` about exactly these keys is over; nothing is written where none stands open (R17)."""
    about = {name: keys.get(name) for name in _KEYS}
    found = _open(tx, kind, about)
    if found:
        tx.execute(
            "UPDATE _kept.alert SET cleared_at = ? WHERE alert_id IN (SELECT unnest(?::VARCHAR[]))",
            [tx.clock_now, [row["alert_id"] for row in found]],
        )


def _open(tx: Transaction, kind: str, about: dict[str, Any]) -> list[Row]:
    same = " AND ".join(f"{name} IS NOT DISTINCT FROM ?" for name in _KEYS)
    return tx.rows(
        f"SELECT alert_id FROM _kept.alert WHERE kind = ? AND cleared_at IS NULL AND {same}",  # noqa: S608  # our own names
        [kind, *about.values()],
    )
