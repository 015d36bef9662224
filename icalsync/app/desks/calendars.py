"""A user's calendars: what there is, what a choice would block, the choice, and asking a server what is new (R3–R6)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from icalsync.app import configuring
from icalsync.app.configuring import Preview
from icalsync.app.desks.guard import Row
from icalsync.app.desks.syncing import SyncingDesk
from icalsync.app.syncing import Scope, SyncReport
from icalsync.engine.context import Progress


def _silent(_progress: Progress) -> None:
    """For pages that show no progress."""


class CalendarsDesk(SyncingDesk):
    """Choosing and pulling."""

    def calendars(self, sub_account: str, user: str) -> list[Row]:
        """The user's calendars, see ``app.configuring.calendars``; ``used_by``: other users of the reader's, each with its ``role``.

        ``elsewhere``: whether users of other sub-accounts use it too.
        """
        me = self._parts.people.user(sub_account, user)
        roles: dict[str, list[Row]] = {}
        for role in self._parts.sharing.roles():
            if (role["sub_account"], role["user_id"]) != (me["sub_account"], me["user_id"]):
                roles.setdefault(role.pop("calendar_id"), []).append(role)
        return [
            {
                **row,
                "used_by": [role for role in roles.get(row["calendar_id"], ()) if self._reader.covers(role["sub_account"])],
                "elsewhere": self._is_elsewhere(role["sub_account"] for role in roles.get(row["calendar_id"], ())),
            }
            for row in configuring.calendars(self._parts, sub_account, user)
        ]

    def preview(self, sub_account: str, user: str, *, linked: str | None, conflicts: Sequence[str], days: int = 30) -> Preview:
        """What exactly this choice would block over the coming days; changes nothing. ``UnknownCalendar``."""
        return configuring.preview(self._parts, sub_account, user, linked, conflicts, days)

    def choose(
        self,
        sub_account: str,
        user: str,
        *,
        linked: str | None,
        conflicts: Sequence[str],
        assume_writable: bool = False,
        move: bool = False,
        expected: Collection[tuple[str, str]] | None = None,
    ) -> list[Row]:
        """Exactly this choice, over the roles that were ``expected``; the user's roles. See ``app.configuring.choose``.

        ``CalendarReadOnly``, ``NotSelectable``, ``UnknownCalendar``, ``ChoiceChanged``: nothing is changed then.
        """
        meant = {"assume_writable": assume_writable, "move": move}
        return configuring.choose(self._parts, sub_account, user, linked, conflicts, **meant, expected=expected)

    def sync(self, sub_account: str, user: str, *, report: Callable[[Progress], None] = _silent) -> SyncReport:
        """Pull everything of a user's now."""
        return self._synced(Scope(sub_account, user), report)

    def check_calendar(self, sub_account: str, user: str, calendar_id: str, *, report: Callable[[Progress], None] = _silent) -> SyncReport:
        """Pull one calendar of a user's now. ``UnknownCalendar``."""
        return self._synced(Scope(sub_account, user, calendar_id), report)
