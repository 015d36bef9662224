"""Whom and what a reader sees at all, and under which terms users may be booked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from icalsync.app.desks.guard import Guarded, Row


class PeopleDesk(Guarded):
    """Sub-accounts, users, terms."""

    def sub_accounts(self) -> list[Row]:
        """The reader's sub-accounts, as in the view."""
        return [row for row in self._parts.people.sub_accounts() if self._reader.covers(row["sub_account"])]

    def people(self, sub_account: str | None = None) -> list[Row]:
        """The users of one sub-account, or of all the reader's, as in the view; without addresses where titles are not shown either."""
        return [row if self._sees_titles else {**row, "email": None} for row in self._users(sub_account)]

    def terms(self, sub_account: str, user: str | None = None) -> Row:
        """Under which terms a user (None: by default anybody) may be booked: ``hours`` and ``policies``, rows of the views."""
        return {"hours": self._parts.choices.hours(sub_account, user), "policies": self._parts.choices.policies(sub_account, user)}

    def set_policy(self, sub_account: str, user: str | None, changes: Mapping[str, str], *, calendar: str | None = None) -> dict[str, Any]:
        """Set busy policies of a user, of one calendar of theirs, or the sub-account's defaults. ``InvalidInput``."""
        calendar_id = None
        if calendar is not None and user is not None:
            calendar_id = self._parts.accounts.calendar(sub_account, user, calendar)["calendar_id"]
        return self._parts.choices.set_policy(sub_account, user, changes, calendar_id=calendar_id)

    def set_hours(self, sub_account: str, user: str | None, changes: Mapping[str, str | None]) -> dict[str, Any]:
        """Set opening hours and limits of a user, or the sub-account's defaults; None goes back to what is inherited. ``InvalidInput``."""
        return self._parts.choices.set_hours(sub_account, user, changes)
