"""Changes that people made to our events: what happened, what each way of settling it would do, proposing and settling (R11)."""

from __future__ import annotations

from icalsync.app.desks.guard import Guarded, Row
from icalsync.core.masking import mask
from icalsync.errors import InvalidInput
from icalsync.messages import say

IMPOSSIBLE = "NOT_AN_APPOINTMENT"


class DriftDesk(Guarded):
    """Drift."""

    def drifts(self, sub_account: str | None = None, user: str | None = None, *, settled: bool = False) -> list[Row]:
        """Drift as in the view, the oldest first; with ``settled`` what is settled too.

        ``calendar`` (name), ``title`` (ours, masked where titles are), ``says`` (what happened), ``ways`` (``settlement,
        possible, says``), ``proposals`` (``settlement, proposed_by, proposed_at, reason``). The other side's text is not shown.
        """
        rows = self._parts.drifts.rows(sub_account, user, open_only=not settled)
        calendars, proposals = self._parts.sharing.calendar_names(), self._parts.proposals.rows()
        return [
            self._told(row) | {"calendar": calendars.get(row["calendar_id"], ""), "proposals": proposals.get(row["drift_id"], [])}
            for row in rows
            if self._reader.covers(row["sub_account"])
        ]

    def propose(self, drift_id: str, settlement: str, *, reason: str) -> Row:
        """Record what the reader would do, and why; an admin settles it. The row, as ``drifts``. ``InvalidInput``."""
        if not reason.strip():
            raise InvalidInput(what="the reason", value=reason, why="say why, for whoever decides")
        self._parts.proposals.propose(drift_id, settlement, reason.strip(), actor=self._parts.actor)
        return self._row(drift_id)

    def settle(self, drift_id: str, settlement: str, *, reason: str | None = None) -> Row:
        """Settle it: ``accept`` takes theirs, ``restore`` writes ours again, ``keep`` lets both stand. The row, as ``drifts``."""
        self._parts.drifts.resolve(drift_id, settlement, actor=self._parts.actor, reason=(reason or "").strip() or None)
        return self._row(drift_id)

    def _row(self, drift_id: str) -> Row:
        return next(row for row in self.drifts(settled=True) if row["drift_id"] == drift_id)

    def _told(self, row: Row) -> Row:
        title = self._parts.bookings.appointment(row["appointment_id"])["title"]
        ways = [
            {
                "settlement": settlement,
                "possible": code != IMPOSSIBLE,
                "says": say(f"drift.{code}" if code == IMPOSSIBLE else f"way.{code}"),
            }
            for settlement, code in self._parts.proposals.ways(row["drift_id"])
        ]
        return {**row, "title": title if self._sees_titles else mask(title), "says": say(f"drift.what.{row['kind']}"), "ways": ways}
