"""The log of what persons decided: who, what, to what, and why. Only ever appended to (S23)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from icalsync.core.access import Actor
from icalsync.store.database import Database
from icalsync.store.transaction import Transaction

POLICY = "policy"
"""The actor where nobody in particular decided, but a rule that somebody had set."""
NOBODY: Final[tuple[str, ...]] = ()
"""Whom a line concerns that is about no sub-account in particular: those who see all read it."""


class Audit:
    """For decisions that change nothing else in the database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def note(self, actor: str, action: str, what: str, reason: str | None = None, *, about: Iterable[str]) -> None:
        """One line."""
        with self._db.write() as tx:
            audit(tx, actor, action, what, reason, about=about)


def audit(tx: Transaction, actor: str, action: str, what: str, reason: str | None = None, *, about: Iterable[str]) -> None:
    """One line; no secret and no title belongs in it (R18). ``about``: the sub-accounts it concerns, as things stand now.

    Both they and the actor's limit are written in small letters, because case tells no names apart.
    """
    limit = actor.limit if isinstance(actor, Actor) else None
    told = {"at": tx.clock_now, "actor": str(actor), "action": action, "object": what, "reason": reason}
    tx.append("audit_log", [told | {"sub_accounts": _lower(about), "actor_limit": None if limit is None else _lower(limit)}])


def _lower(names: Iterable[str]) -> list[str]:
    return sorted({name.lower() for name in names})
