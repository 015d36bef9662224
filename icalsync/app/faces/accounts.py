"""Accounts, their calendars, and what each calendar is used for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from icalsync.app import connecting
from icalsync.app.faces.base import Face
from icalsync.ports import Secret


class Accounts(Face):
    """Connecting, choosing calendars, own addresses."""

    def connect(
        self, sub_account: str, user_id: str, *, provider: str, account: str, password: str | Secret, url: str | None = None
    ) -> dict[str, Any]:
        """Connect an iCloud or CalDAV account for a user; see ``app.connecting.connect``."""
        secret = password if isinstance(password, Secret) else Secret(password)
        return connecting.connect(
            self._parts, sub_account=sub_account, user_id=user_id, provider=provider, account=account, password=secret, url=url
        )

    def reconnect(self, integration_id: str, password: str | Secret) -> dict[str, Any]:
        """Replace an integration's password, once for all it serves, and sync it."""
        return connecting.reconnect(self._parts, integration_id, password if isinstance(password, Secret) else Secret(password))

    def disconnect(self, sub_account: str, user_id: str, integration_id: str, *, purge: bool = False) -> dict[str, Any]:
        """End one user's connection; ``purge`` also forgets its history. The integration goes with its last connection."""
        return connecting.disconnect(self._parts, sub_account=sub_account, user_id=user_id, integration_id=integration_id, purge=purge)

    def integrations(self, sub_account: str | None = None, user_id: str | None = None) -> list[dict[str, Any]]:
        """Integrations with their health, as in the view, with whom they serve."""
        return self._parts.accounts.integrations(sub_account, user_id)

    def calendars(self, sub_account: str, user_id: str) -> list[dict[str, Any]]:
        """Every collection the user's accounts show, what it may be used for, and why not (R10).

        >>> {each["display_name"]: each["not_selectable_reason"] for each in app.calendars("acme", "anna")}
        {'Holidays': 'SUBSCRIBED', 'Home': None, 'Work': None}
        """
        return self._parts.accounts.calendars(sub_account, user_id)

    def calendar(self, sub_account: str, user_id: str, name: str) -> dict[str, Any]:
        """One of them, by id or unique name. ``UnknownCalendar``, ``AmbiguousName``."""
        return self._parts.accounts.calendar(sub_account, user_id, name)

    def link(self, sub_account: str, user_id: str, calendar: str, *, assume_writable: bool = False, move: bool = False) -> dict[str, Any]:
        """Make a calendar (id or unique name) the user's linked one (R4), and by default a conflict calendar too (R5).

        Events of appointments stay where they were written; with ``move`` those of future ones go to the new calendar.
        """
        calendar_id = self._parts.accounts.calendar(sub_account, user_id, calendar)["calendar_id"]
        return self._parts.roles.link(
            sub_account, user_id, calendar_id, actor=self._parts.actor, assume_writable=assume_writable, move=move
        )

    def unlink(self, sub_account: str, user_id: str) -> dict[str, Any] | None:
        """End the user's linked calendar; what was written to it stays. The role that ended, or None."""
        return self._parts.roles.unlink(sub_account, user_id)

    def add_conflicts(self, sub_account: str, user_id: str, calendars: Sequence[str]) -> list[dict[str, Any]]:
        """Let these calendars (ids or unique names) block availability (R6); their roles."""
        ids = self._ids(sub_account, user_id, calendars)
        return _conflicts(self._parts.roles.add_conflicts(sub_account, user_id, ids), ids)

    def remove_conflicts(self, sub_account: str, user_id: str, calendars: Sequence[str]) -> list[dict[str, Any]]:
        """Let these calendars no longer block availability (R5 for the linked one: the caller warns); the roles that ended."""
        ids = self._ids(sub_account, user_id, calendars)
        ended = _conflicts(self._parts.roles.roles(sub_account, user_id), ids)
        self._parts.roles.remove_conflicts(sub_account, user_id, ids)
        return ended

    def roles(self, sub_account: str, user_id: str) -> list[dict[str, Any]]:
        """The user's calendar roles.

        >>> [(each["display_name"], each["role"]) for each in app.roles("acme", "anna")]
        [('Work', 'LINKED'), ('Work', 'CONFLICT')]
        """
        return self._parts.roles.roles(sub_account, user_id)

    def _ids(self, sub_account: str, user_id: str, calendars: Sequence[str]) -> list[str]:
        return [self._parts.accounts.calendar(sub_account, user_id, name)["calendar_id"] for name in calendars]

    def addresses(self, integration_id: str) -> list[dict[str, Any]]:
        """The addresses that count as the account's own (for declined and unanswered invitations), and where each is from."""
        return self._parts.accounts.addresses(integration_id)

    def add_addresses(self, integration_id: str, addresses: Sequence[str]) -> list[dict[str, Any]]:
        """Add aliases; verdicts they touch change at once."""
        return self._parts.accounts.add_addresses(integration_id, list(addresses))

    def remove_addresses(self, integration_id: str, addresses: Sequence[str]) -> list[dict[str, Any]]:
        """Take aliases off that a person added."""
        return self._parts.accounts.remove_addresses(integration_id, list(addresses))


def _conflicts(rows: Sequence[dict[str, Any]], ids: Sequence[str]) -> list[dict[str, Any]]:
    return [row for row in rows if row["role"] == "CONFLICT" and row["calendar_id"] in ids]
