"""Double bookings, asked for: the view's own macro, over some users and a window, so that frame, view and command cannot disagree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from icalsync.errors import NotFound
from icalsync.store import names
from icalsync.store.asked import User
from icalsync.store.database import Database
from icalsync.store.transaction import Row, Transaction

if TYPE_CHECKING:
    import pandas as pd

_ORDER = "ORDER BY starts_at, ends_at, sub_account, user_id, finding_id"


class Findings:
    """What the audit finds; it only reads."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def double_bookings(self, users: Sequence[User] | None, start: datetime | None = None, end: datetime | None = None) -> pd.DataFrame:
        """Rows of the view ``double_bookings`` of some users (None: all) whose overlap touches ``[start, end)``. ``UnknownUser``."""
        with self._db.read() as tx:
            return tx.frame(f"FROM {_findings(_keys(tx, users), start, end)} {_ORDER}")


def finding(tx: Transaction, who: User, finding_id: str) -> Row:
    """One double booking of a user's. ``NotFound``, ``UnknownUser``."""
    found = tx.row(f"FROM {_findings(_keys(tx, [who]))} WHERE finding_id = ?", [finding_id])
    if found is None:
        raise NotFound(kind="double booking", name=finding_id)
    return found


def _findings(keys: str, start: datetime | None = None, end: datetime | None = None) -> str:
    """The macro with literals, because they reach the scans, and parameters do not."""
    return f"_kept.double_bookings_in({keys}, {_literal(start)}, {_literal(end)})"


def _keys(tx: Transaction, users: Sequence[User] | None) -> str:
    if users is None:
        return "NULL"
    if len(users) > 1 and len(users) == tx.value("SELECT count(*) FROM _kept.account_user"):
        names.users(tx, users)
        return "NULL"  # everybody, told apart from nobody: a long list would be looked through for each row
    return f"[{', '.join(str(int(found['user_key'])) for found in names.users(tx, users))}]::INTEGER[]"


def _literal(moment: datetime | None) -> str:
    return "NULL" if moment is None else f"TIMESTAMPTZ '{moment.astimezone(UTC).isoformat()}'"
