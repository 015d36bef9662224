"""Whose something is: the sub-accounts that an id belongs to, so that nobody reaches beyond their own (S5)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from icalsync.store.database import Database
from icalsync.store.transaction import Transaction

_OWNERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "appointment_id": "SELECT sub_account FROM _kept.owner WHERE appointment_id = $id",
        "blocked_slot_id": "SELECT sub_account FROM blocked_slots WHERE blocked_slot_id = $id",
        "drift_id": "SELECT w.sub_account FROM _kept.drift d JOIN _kept.owner w USING (appointment_id) WHERE d.drift_id = $id",
        "invitation_id": (
            "SELECT u.sub_account FROM _kept.invitation i JOIN _kept.account_user u USING (user_key) WHERE i.invitation_id = $id"
        ),
        "integration_id": "SELECT sub_account FROM connections WHERE integration_id = $id",
        "calendar_id": "SELECT n.sub_account FROM connections n JOIN calendars c USING (integration_id) WHERE c.calendar_id = $id",
        # an alert about somebody belongs to them; one about an account alone to everybody it serves
        "alert_id": (
            "SELECT coalesce(a.sub_account, n.sub_account) AS sub_account FROM alerts a "
            "LEFT JOIN connections n ON a.sub_account IS NULL AND n.integration_id = a.integration_id WHERE a.alert_id = $id"
        ),
    }
)
KINDS: Final = frozenset(_OWNERS)
"""The kinds of ids that are known, named as the parameters that take them."""


def owners(tx: Transaction, kind: str, identifier: str) -> frozenset[str]:
    """The sub-accounts something belongs to; empty where it belongs to none in particular, or there is no such thing."""
    return _told(tx, kind, identifier) or frozenset()


def using(tx: Transaction, calendar_id: str) -> frozenset[str]:
    """The sub-accounts whose users' time a calendar touches: who has a role in it."""
    rows = tx.rows("SELECT DISTINCT sub_account FROM calendar_roles WHERE calendar_id = ?", [calendar_id])
    return frozenset(row["sub_account"] for row in rows)


def _told(tx: Transaction, kind: str, identifier: str) -> frozenset[str] | None:
    rows = tx.rows(f"SELECT DISTINCT sub_account FROM ({_OWNERS[kind]})", {"id": identifier})  # noqa: S608  # our own text
    return frozenset(row["sub_account"] for row in rows if row["sub_account"] is not None) if rows else None


class Belonging:
    """Looks up owners."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def owners(self, kind: str, identifier: str) -> frozenset[str] | None:
        """The sub-accounts something belongs to, empty where it belongs to none in particular; None where there is no such thing."""
        with self._db.read() as tx:
            return _told(tx, kind, identifier)

    def using(self, calendar_id: str) -> frozenset[str]:
        """The sub-accounts whose users have a role in a calendar."""
        with self._db.read() as tx:
            return using(tx, calendar_id)

    def serves(self) -> dict[str, frozenset[str]]:
        """Integration id → the sub-accounts it serves."""
        with self._db.read() as tx:
            rows = tx.rows("SELECT integration_id, list(DISTINCT sub_account) AS accounts FROM connections GROUP BY ALL")
        return {row["integration_id"]: frozenset(row["accounts"]) for row in rows}
