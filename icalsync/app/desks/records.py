"""Files, and the log of what persons decided."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from icalsync.app.desks.guard import Guarded, Row
from icalsync.errors import NotAllowed

if TYPE_CHECKING:
    import pandas as pd

MOST = 5000


class RecordsDesk(Guarded):
    """Downloads, the audit log, readers."""

    def download(self, frame: pd.DataFrame, form: str, *, dialect: str = "plain") -> bytes:
        """A frame from this desk as a file: ``csv`` (``plain`` or ``excel-de``, safe against formulas), ``parquet``, ``json``."""
        from icalsync.app import exporting  # noqa: PLC0415  # pandas takes a second; setting up needs none

        return exporting.as_bytes(self._parts, frame, form, dialect)

    def audit(self, *, start: datetime | None = None, end: datetime | None = None, action: str | None = None, most: int = 500) -> list[Row]:
        """Who did what to what, and why, the newest first; for an admin of some sub-accounts, only what is about those."""
        accounts = None if self._sees_all else self._accounts(None)
        return self._parts.health.audit(accounts, start, end, action, max(0, min(most, MOST)))

    def readers(self) -> list[Row]:
        """Everybody who may sign in; for admins of everything. ``NotAllowed``."""
        if not self._sees_all:
            raise NotAllowed(role=self._reader.role)
        return self._parts.readers.rows()
