"""The log of what persons decided: who, what, to what, and why. Only ever appended to (S23)."""

from __future__ import annotations

from icalsync.store.database import Database
from icalsync.store.transaction import Transaction

POLICY = "policy"
"""The actor where nobody in particular decided, but a rule that somebody had set."""


class Audit:
    """For decisions that change nothing else in the database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def note(self, actor: str, action: str, what: str, reason: str | None = None) -> None:
        """One line."""
        with self._db.write() as tx:
            audit(tx, actor, action, what, reason)


def audit(tx: Transaction, actor: str, action: str, what: str, reason: str | None = None) -> None:
    """One line; no secret and no title belongs in it (R18)."""
    tx.append("audit_log", [{"at": tx.clock_now, "actor": actor, "action": action, "object": what, "reason": reason}])
