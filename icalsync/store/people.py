"""Sub-accounts and their users."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from icalsync.core.zones import check_zone
from icalsync.errors import AlreadyExists
from icalsync.store import names, readings, settings_in_force
from icalsync.store.database import Database
from icalsync.store.transaction import Row, Transaction
from icalsync.store.versions import rewrite
from icalsync.store.zones import zone_of

_USERS: Final = "SELECT * FROM users WHERE sub_account = coalesce(?, sub_account) ORDER BY sub_account, user_id"


class People:
    """Who the calendars are for."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add_sub_account(self, name: str, display_name: str, time_zone: str) -> Row:
        """A new sub-account, as ``sub_accounts`` shows it. ``AlreadyExists`` (also where only the case differs), ``InvalidInput``."""
        names.check_name("the sub-account's name", name)
        zone = check_zone(time_zone)
        with self._db.write() as tx:
            taken = names.find_sub_account(tx, name)
            if taken is not None:
                raise AlreadyExists(kind="sub-account", name=taken["sub_account"])
            key = tx.next_key("sub_account", "sub_account_key")
            tx.append("sub_account", [{"sub_account_key": key, "sub_account": name}])
            row = {"sub_account_key": key, "name": display_name, "time_zone": zone, "known_from": tx.now}
            tx.append("sub_account_version", [row])
            settings_in_force.refresh(tx, key)
            return {"sub_account": name, "name": display_name, "time_zone": zone}

    def sub_accounts(self) -> list[Row]:
        """All of them, by name."""
        with self._db.read() as tx:
            return tx.rows("FROM sub_accounts ORDER BY sub_account")

    def sub_account(self, name: str) -> Row:
        """One of them. ``UnknownSubAccount``."""
        with self._db.read() as tx:
            return tx.rows("FROM sub_accounts WHERE sub_account = ?", [names.sub_account(tx, name)["sub_account"]])[0]

    def add_user(
        self,
        sub_account: str,
        user_id: str,
        *,
        name: str,
        email: str | None = None,
        time_zone: str | None = None,
        person: str | None = None,
    ) -> Row:
        """A new user, as ``users`` shows it; without a zone of their own they have the sub-account's."""
        names.check_name("the user's id", user_id)
        zone = check_zone(time_zone) if time_zone is not None else None
        with self._db.write() as tx:
            account = names.sub_account(tx, sub_account)
            taken = names.find_user(tx, account, user_id)
            if taken is not None:
                raise AlreadyExists(kind="user", name=taken["user_id"])
            key = tx.next_key("account_user", "user_key")
            tx.append("account_user", [{"user_key": key, **account, "user_id": user_id}])
            row = {"user_key": key, "name": name, "email": email, "time_zone": zone, "person": person, "known_from": tx.now}
            tx.append("user_version", [row])
            settings_in_force.refresh(tx, account["sub_account_key"], key)
            return _shown(tx, account["sub_account"], user_id)

    def users(self, sub_account: str | None = None) -> list[Row]:
        """The users of one sub-account, or of all."""
        with self._db.read() as tx:
            name = names.sub_account(tx, sub_account)["sub_account"] if sub_account is not None else None
            return tx.rows(_USERS, [name])

    def user(self, sub_account: str, user_id: str) -> Row:
        """One user. ``UnknownSubAccount``, ``UnknownUser``."""
        with self._db.read() as tx:
            found = names.user(tx, sub_account, user_id)
            return _shown(tx, found["sub_account"], found["user_id"])

    def named(self, sub_account: str, user_ids: Sequence[str]) -> list[Row]:
        """These users, in this order. ``UnknownSubAccount``, ``UnknownUser``."""
        with self._db.read() as tx:
            found = names.users(tx, [(sub_account, user_id) for user_id in user_ids])
            if len(found) == 1:
                return [_shown(tx, found[0]["sub_account"], found[0]["user_id"])]
            shown = {row["user_id"]: row for row in tx.rows(_USERS, [names.sub_account(tx, sub_account)["sub_account"]])}
            return [shown[row["user_id"]] for row in found]

    def time_zone(self, sub_account: str, user_id: str, known_at: datetime) -> str:
        """The user's zone as it was known then; of one who was not known yet, the first that was. ``UnknownUser``."""
        with self._db.read() as tx:
            return zone_of(tx, names.user(tx, sub_account, user_id)["user_key"], known_at)

    def set_time_zone(self, sub_account: str, user_id: str, zone: str | None) -> Row:
        """The user's own zone, or with None the sub-account's; every verdict it touches changes in the same transaction."""
        checked = check_zone(zone) if zone is not None else None
        with self._db.write() as tx:
            found = names.user(tx, sub_account, user_id)
            key = found["user_key"]
            current = tx.row("SELECT * FROM _kept.user_version WHERE user_key = ? AND known_to = 'infinity'", [key]) or {}
            rewrite(tx, "user_version", ("user_key",), [{**current, "time_zone": checked}], "user_key = ?", [key])
            readings.refresh_users(tx, [key])
            return _shown(tx, found["sub_account"], found["user_id"])


def _shown(tx: Transaction, sub_account: str, user_id: str) -> Row:
    return tx.rows("FROM users WHERE sub_account = ? AND user_id = ?", [sub_account, user_id])[0]
