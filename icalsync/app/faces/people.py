"""Sub-accounts and users."""

from __future__ import annotations

from typing import Any

from icalsync.app.faces.base import Face


class People(Face):
    """Who is there."""

    def add_sub_account(self, name: str, *, display_name: str | None = None, time_zone: str = "UTC") -> dict[str, Any]:
        """Add a sub-account (a tenant); its row of the view ``sub_accounts``. ``AlreadyExists``, ``InvalidInput``."""
        return self._parts.people.add_sub_account(name, display_name or name, time_zone)

    def sub_accounts(self) -> list[dict[str, Any]]:
        """All sub-accounts, as in the view.

        >>> app.sub_accounts()[0]
        {'sub_account': 'acme', 'name': 'Acme', 'time_zone': 'Europe/Berlin'}
        """
        return self._parts.people.sub_accounts()

    def add_user(
        self,
        sub_account: str,
        user_id: str,
        *,
        name: str | None = None,
        email: str | None = None,
        time_zone: str | None = None,
        person: str | None = None,
    ) -> dict[str, Any]:
        """Add a user to a sub-account; ``person`` says which users are one human. The row of the view ``users``."""
        return self._parts.people.add_user(sub_account, user_id, name=name or user_id, email=email, time_zone=time_zone, person=person)

    def users(self, sub_account: str | None = None) -> list[dict[str, Any]]:
        """The users of a sub-account, or all.

        >>> [user["user_id"] for user in app.users("acme")]
        ['anna', 'ben']
        """
        return self._parts.people.users(sub_account)

    def set_time_zone(self, sub_account: str, user_id: str, time_zone: str | None) -> dict[str, Any]:
        """Put a user into another zone, or with None into the sub-account's; the row of the view ``users``.

        All-day and floating events and opening hours are read in it from now on; as known before, they are as they were (R16).
        ``UnknownUser``, ``InvalidInput``.
        """
        return self._parts.people.set_time_zone(sub_account, user_id, time_zone)
