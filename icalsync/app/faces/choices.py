"""Policies and opening hours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from icalsync.app.faces.base import Face


class Choices(Face):
    """What a sub-account or a user decided."""

    def set_policy(
        self, sub_account: str, user_id: str | None, changes: Mapping[str, str], *, calendar: str | None = None
    ) -> dict[str, Any]:
        """Set busy policies for a user, or a sub-account's defaults (``user_id`` None); ``calendar`` for ``all_day`` of one calendar."""
        calendar_id = None
        if calendar is not None and user_id is not None:
            calendar_id = self._parts.accounts.calendar(sub_account, user_id, calendar)["calendar_id"]
        self._parts.choices.set_policy(sub_account, user_id, changes, calendar_id=calendar_id)
        return self.policies(sub_account, user_id)

    def policies(self, sub_account: str, user_id: str | None = None) -> dict[str, Any]:
        """The policies in force, and where each comes from; ``all_day_by_calendar`` holds what is set for single calendars.

        >>> app.policies("acme", "anna")["tentative"], app.policies("acme", "anna")["tentative_from"]
        ('busy', 'default')
        """
        row = self._parts.choices.policies(sub_account, user_id)
        return row | {"all_day_by_calendar": self._parts.choices.all_day_by_calendar(sub_account, user_id)}

    def set_hours(self, sub_account: str, user_id: str | None, changes: Mapping[str, str | None]) -> dict[str, Any]:
        """Set opening hours and booking limits for a user, or a sub-account's defaults; None goes back to what is inherited.

        >>> app.set_hours("acme", "ben", {"weekly": "Mon-Fri 10:00-16:00", "buffer_after": "15m"})["weekly"]
        'Mon-Fri 10:00-16:00'
        """
        return self._parts.choices.set_hours(sub_account, user_id, changes)

    def hours(self, sub_account: str, user_id: str | None = None) -> dict[str, Any]:
        """Opening hours and booking limits in force, and where each comes from."""
        return self._parts.choices.hours(sub_account, user_id)
