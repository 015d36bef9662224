"""Whom a question is about, and as known when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from icalsync.errors import BeforeRetention
from icalsync.store import names
from icalsync.store.transaction import FOREVER, Transaction

User = tuple[str, str]
"""Sub-account and user id."""


def keys_of(tx: Transaction, users: Sequence[User]) -> str:
    """Keys of the users as SQL, because literals reach the scans, and parameters do not."""
    return ", ".join(str(int(found["user_key"])) for found in names.users(tx, users)) or "NULL"


def present_of(tx: Transaction, known_at: datetime | None) -> datetime:
    """What ages are measured against: the moment asked about, or what the clock says."""
    return known_at.astimezone(UTC) if known_at else tx.clock_now


def moment_of(tx: Transaction, known_at: datetime | None) -> datetime:
    """The moment as the views take it; ``BeforeRetention`` where nothing of it is kept."""
    if known_at is None:
        return FOREVER
    limit = tx.value("SELECT retention_limit FROM _kept.meta")
    if known_at < limit:
        raise BeforeRetention(moment=known_at.isoformat(), limit=limit.isoformat())
    return known_at.astimezone(UTC)
