"""Alerts as people see them, and as they deal with them."""

from __future__ import annotations

from typing import Final

from icalsync.errors import NotFound
from icalsync.store import given_up, names, reconciling
from icalsync.store.audit import audit
from icalsync.store.belonging import owners
from icalsync.store.database import Database
from icalsync.store.intents import intending
from icalsync.store.transaction import Row

_ROWS: Final = """
    SELECT v.* FROM alerts v JOIN _kept.alert a USING (alert_id)
    LEFT JOIN _kept.account_user u ON u.user_key = a.user_key
    WHERE (NOT ? OR v.cleared_at IS NULL)
"""
_OF_SOMEBODY: Final = """
    AND (u.sub_account_key = ? AND u.user_key = coalesce(?, u.user_key)
        OR a.user_key IS NULL AND a.sub_account_key = ?
        OR a.user_key IS NULL AND a.integration_key IN (
            SELECT n.integration_key FROM _kept.connection_version n JOIN _kept.account_user w USING (user_key)
            WHERE n.known_to = 'infinity' AND w.sub_account_key = ? AND w.user_key = coalesce(?, w.user_key))
        OR ? AND a.user_key IS NULL AND a.sub_account_key IS NULL AND a.integration_key IS NULL)
"""


class Alerts:
    """What stands open, and what is over."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def rows(
        self, sub_account: str | None = None, user_id: str | None = None, open_only: bool = True, *, of_nobody: bool = False
    ) -> list[Row]:
        """Rows of the view ``alerts``, the newest first: of a user, a sub-account (with the accounts that serve it), or all.

        ``of_nobody``: with what is about nobody in particular (``JOURNAL_AHEAD``), and so concerns everybody. ``UnknownSubAccount``,
        ``UnknownUser``.
        """
        reconciling.at_a_glance(self._db)
        order = "ORDER BY v.raised_at DESC, v.alert_id"
        with self._db.read() as tx:
            if sub_account is None:
                return tx.rows(f"{_ROWS} {order}", [open_only])
            account, user = names.scope(tx, sub_account, user_id)
            return tx.rows(f"{_ROWS} {_OF_SOMEBODY} {order}", [open_only, account, user, account, account, user, of_nobody])

    def clear(self, alert_id: str, *, actor: str) -> Row:
        """A person has dealt with it: it is over, and who said so is logged. The row; ``NotFound``.

        What cannot be sent because the journal does not know it (``JOURNAL_BEHIND``) is released by that, and what was given up
        (``PUSH_FAILED``) is tried once more.
        """
        released = None
        with self._db.read() as tx:
            found = tx.row("SELECT * FROM _kept.alert WHERE alert_id = ?", [alert_id])
        if found is None:
            raise NotFound(kind="alert", name=alert_id)
        still = found["cleared_at"] is None
        if still and found["kind"] == "JOURNAL_BEHIND":
            released = reconciling.release(self._db, found["subject"])
        with intending(self._db) as intents:
            tx = intents.tx
            if still and found["kind"] == "PUSH_FAILED":
                released = f"tried again: {given_up.try_again(intents, found['user_key'], found['calendar_key'])}"
            tx.execute("UPDATE _kept.alert SET cleared_at = ? WHERE alert_id = ? AND cleared_at IS NULL", [tx.clock_now, alert_id])
            audit(tx, actor, "CLEAR_ALERT", f"{found['kind']} {alert_id}", released, about=owners(tx, "alert_id", alert_id))
            return tx.rows("FROM alerts WHERE alert_id = ?", [alert_id])[0]
