"""What cannot be read, for the reader's users: listed, shown for a reason, read again (R12, R18)."""

from __future__ import annotations

from icalsync.app import quarantine as kept
from icalsync.app.desks import telling
from icalsync.app.desks.guard import Guarded, Row
from icalsync.app.explaining import Reveal
from icalsync.core.access import Action
from icalsync.core.masking import mask
from icalsync.errors import AnotherSyncIsRunning, SyncUnderWay


class QuarantineDesk(Guarded):
    """The quarantine."""

    def quarantine(self, sub_account: str | None = None) -> list[Row]:
        """Objects that cannot be read, as in the view with ``detail``, ``display_name`` and ``says``; never their text.

        ``account_name``, and whom that serves: ``users``, ``elsewhere``, as in ``errors``.

        A detail may quote a line of it, and is masked where titles are, and of what was booked in another sub-account (R11, R18).
        """
        calendars, users, elsewhere = self._parts.sharing.calendars(), self._served(), self._integrations()
        rows = {
            (row["calendar_id"], row["href"]): row
            for account in self._accounts(sub_account)
            for row in self._parts.quarantine.rows(account)
        }
        foreign = self._foreign()
        return [
            row
            | {"display_name": place["display_name"], "account_name": place["account_name"], "says": telling.unreadable(row["reason"])}
            | {"users": users.get(place["integration_id"], []), "elsewhere": elsewhere.get(place["integration_id"], False)}
            | ({} if self._sees_titles and (row["calendar_id"], row["href"]) not in foreign else {"detail": mask(row["detail"])})
            for row in rows.values()
            for place in [calendars[row["calendar_id"]]]
        ]

    def _foreign(self) -> set[tuple[str, str]]:
        """Which of them are events that were booked for another sub-account's user, by calendar and href (R11)."""
        return {(row["calendar_id"], row["href"]) for row in self._parts.quarantine.own() if not self._reader.covers(row["sub_account"])}

    def quarantined(self, calendar_id: str, href: str, *, reveal: bool = False, reason: str | None = None) -> Row:
        """One of them, as ``App.quarantined``; ``raw`` only with ``reveal`` and a reason, which is logged. ``NotFound``.

        The text of what was booked in another sub-account is shown to nobody here: ``raw`` is None (R11).
        """
        if reveal:
            self._check(Action.REVEAL)
            Reveal(reveal, reason).check()
        row = kept.entry(self._parts, calendar_id, href, reveal=False, reason=None)
        if (row["calendar_id"], row["href"]) in self._foreign():
            return row | {"detail": mask(row["detail"])} | ({"raw": None} if reveal else {})
        return kept.entry(self._parts, calendar_id, href, reveal=reveal, reason=reason) if reveal else row

    def retry_quarantine(self, calendar_id: str) -> list[Row]:
        """Read them again with the present code: ``calendar_id, href, outcome, reason, detail``."""
        said = SyncUnderWay().message
        return [
            row | ({"detail": said} if row["reason"] == AnotherSyncIsRunning.code else {}) for row in kept.retry(self._parts, calendar_id)
        ]
