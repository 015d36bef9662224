"""Integrations, the connections that say whom they serve, and their calendars."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from icalsync.core.paths import path_key
from icalsync.core.providers import PROVIDERS
from icalsync.errors import AlreadyExists, AnotherPrincipal, InvalidInput, NotConnected
from icalsync.messages import say
from icalsync.ports import Discovered
from icalsync.store import (
    addresses,
    discovery,
    forgetting,
    held_removals,
    left_behind,
    moved_calendars,
    names,
    objects,
    obstacles,
    readings,
    standings,
)
from icalsync.store.audit import audit
from icalsync.store.belonging import owners
from icalsync.store.database import Database
from icalsync.store.intents import intending
from icalsync.store.transaction import Row, Transaction
from icalsync.store.versions import rewrite

_SERVED: Final = """
    SELECT DISTINCT i.integration_id FROM _kept.connection_version n
    JOIN _kept.integration i USING (integration_key) JOIN _kept.account_user u USING (user_key)
    WHERE n.known_to = 'infinity' AND u.sub_account = coalesce(?, u.sub_account) AND u.user_id = coalesce(?, u.user_id)
    ORDER BY ALL
"""


def anybody(_tx: Transaction) -> None:
    """Nobody has to be asked again."""


REMOTE_CHANGES: Final = ("flag", "accept", "restore")
_CONNECTION: Final = "SELECT * FROM _kept.connection_version WHERE user_key = ? AND integration_key = ? AND known_to = 'infinity'"


class Accounts:
    """Where calendars come from, and for whom."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def find(self, provider: str, origin: str, principal: str) -> str | None:
        """The id of the integration for an account, also of one that serves nobody now; None for a new one."""
        with self._db.read() as tx:
            found = _find(tx, provider, origin, principal)
            return found["integration_id"] if found else None

    def connect(
        self,
        *,
        integration_id: str,
        provider: str,
        url: str,
        found: Discovered,
        account: str,
        sub_account: str,
        user_id: str,
        actor: str | None = None,
        allowed: Callable[[Transaction], None] = anybody,
    ) -> bool:
        """Save what discovery found and let the integration serve the user, in one transaction; whether it served nobody before.

        ``allowed`` raises in it where whoever connects may not any more. ``AnotherPrincipal`` where the id belongs to another account,
        ``AlreadyExists`` where the account has another id.
        """
        with self._db.write() as tx:
            allowed(tx)
            user = names.user(tx, sub_account, user_id)
            known = _find(tx, provider, found.origin, found.principal)
            if known is not None and known["integration_id"] != integration_id:
                raise AlreadyExists(kind="integration", name=known["integration_id"])
            if known is None and tx.row("FROM _kept.integration WHERE integration_id = ?", [integration_id]):
                raise AnotherPrincipal(integration_id=integration_id)
            key = int(known["integration_key"]) if known else _add_integration(tx, integration_id, provider, found)
            unused = not _served(tx, key)
            _save_login(tx, key, url, account, found.display_name)
            _add_connection(tx, user["user_key"], key)
            discovery.save(tx, key, found)
            readings.refresh_users(tx, [user["user_key"]])
            for calendar_key, place in left_behind.kept_in(tx, user["user_key"], key):
                objects.renew(tx, calendar_key, place)
            obstacles.follow_status(tx, key, "ok", None)
            obstacles.follow_calendars(tx, key)
            if actor is not None:
                audit(tx, actor, "CONNECT", _named(user, integration_id), about=[user["sub_account"]])
            return unused

    def reconnecting(self, integration_id: str, *, actor: str, allowed: Callable[[Transaction], None] = anybody) -> None:
        """Log that its password is about to be replaced for all it serves: no such change is without its line. ``allowed``: as above."""
        with self._db.write() as tx:
            allowed(tx)
            audit(tx, actor, "RECONNECT", integration_id, about=owners(tx, "integration_id", integration_id))

    def save_discovery(self, integration_id: str, found: Discovered) -> None:
        """What a later discovery found. ``AnotherPrincipal`` where it arrived at another account."""
        with self._db.write() as tx:
            known = names.integration(tx, integration_id)
            if path_key(found.principal) != known["principal_key"]:
                raise AnotherPrincipal(integration_id=integration_id)
            discovery.save(tx, known["integration_key"], found)

    def integrations(self, sub_account: str | None = None, user_id: str | None = None) -> list[Row]:
        """Rows of the view ``integrations``, each with ``users``: the sub-account and user id of everybody it serves.

        Asked for one sub-account, only its own users are told: whom an account serves elsewhere is none of its business (S5).
        """
        with self._db.read() as tx:
            served = _serving(tx, sub_account, user_id)
            tenant = None if sub_account is None else names.sub_account(tx, sub_account)["sub_account"]
            rows = tx.rows("FROM integrations WHERE integration_id IN (SELECT unnest(?::VARCHAR[])) ORDER BY integration_id", [served])
            users = tx.rows(
                "SELECT integration_id, sub_account, user_id FROM connections WHERE sub_account = coalesce(?, sub_account) ORDER BY ALL",
                [tenant],
            )
        of: dict[str, list[Row]] = {}
        for each in users:
            of.setdefault(each.pop("integration_id"), []).append(each)
        return [{**row, "users": of.get(row["integration_id"], [])} for row in rows]

    def integration(self, integration_id: str) -> Row:
        """One integration with its url, origin, account and principal. ``UnknownIntegration``."""
        with self._db.read() as tx:
            known = names.integration(tx, integration_id)
            shown = tx.row("FROM integrations WHERE integration_id = ?", [integration_id]) or {}
            return {**{k: v for k, v in known.items() if not k.endswith("_key")}, **shown}

    def serving(self, sub_account: str | None = None, user_id: str | None = None) -> list[str]:
        """Ids of the integrations that serve a user, a sub-account, or anybody."""
        with self._db.read() as tx:
            return _serving(tx, sub_account, user_id)

    def disconnect(self, sub_account: str, user_id: str, integration_id: str, *, purge: bool = False, actor: str | None = None) -> bool:
        """End one connection and the user's roles on its calendars; True where it was the last one, and the secret has to go.

        What was still to be written there waits for a new connection. History is kept unless ``purge``; then it is forgotten for this
        user, and with the last connection for all. ``NotConnected``.
        """
        with intending(self._db) as intents:
            tx = intents.tx
            user = names.user(tx, sub_account, user_id)
            key = names.integration(tx, integration_id)["integration_key"]
            if tx.row(_CONNECTION, [user["user_key"], key]) is None:
                raise NotConnected(user_id=user["user_id"], integration_id=integration_id)
            inside = "calendar_key IN (SELECT calendar_key FROM _kept.calendar WHERE integration_key = ?)"
            rewrite(tx, "connection_version", ("user_key",), [], "user_key = ? AND integration_key = ?", [user["user_key"], key])
            rewrite(tx, "calendar_role_version", ("calendar_key", "role"), [], f"user_key = ? AND {inside}", [user["user_key"], key])
            readings.refresh_users(tx, [user["user_key"]])
            obstacles.follow_connection(tx, user["user_key"], key)
            moved_calendars.follow(tx, key)
            last = not _served(tx, key)
            if last:
                _set_status(tx, key, "disconnected")
                standings.clear(tx, key)
                for row in tx.rows(
                    "SELECT calendar_key FROM _kept.calendar_state_version s JOIN _kept.calendar c USING (calendar_key) "
                    "WHERE c.integration_key = ? AND s.known_to = 'infinity' AND s.state = 'ok'",
                    [key],
                ):
                    discovery.set_state(tx, row["calendar_key"], "failing", "DISCONNECTED")
            if purge:
                forgetting.forget_writing(intents, user["user_key"], key)
                forgetting.forget(tx, user["user_key"], key, wholly=last)
            held_removals.follow(tx)
            if actor is not None:
                audit(tx, actor, "PURGE" if purge else "DISCONNECT", _named(user, integration_id), about=[user["sub_account"]])
            return last

    def set_remote_changes(self, sub_account: str, user_id: str, integration_id: str, policy: str, *, actor: str) -> Row:
        """What becomes of changes made to our events in this account: ``flag``, ``accept`` or ``restore`` (R11).

        The row of the view ``connections``. ``NotConnected``, ``InvalidInput``.
        """
        if policy not in REMOTE_CHANGES:
            raise InvalidInput(what="remote changes", value=policy, why="choose one of " + ", ".join(REMOTE_CHANGES))
        with self._db.write() as tx:
            user = names.user(tx, sub_account, user_id)
            row = tx.row(_CONNECTION, [user["user_key"], names.integration(tx, integration_id)["integration_key"]])
            if row is None:
                raise NotConnected(user_id=user["user_id"], integration_id=integration_id)
            keys, inside = ("user_key", "integration_key"), "user_key = ? AND integration_key = ?"
            changed = rewrite(
                tx, "connection_version", keys, [{**row, "remote_change_policy": policy}], inside, [row[name] for name in keys]
            )
            if changed:
                audit(tx, actor, "SET_REMOTE_CHANGES", f"{_named(user, integration_id)} {policy}", about=[user["sub_account"]])
            return tx.rows(
                "FROM connections WHERE sub_account = ? AND user_id = ? AND integration_id = ?",
                [user["sub_account"], user["user_id"], integration_id],
            )[0]

    def calendars(self, sub_account: str, user_id: str) -> list[Row]:
        """Rows of the view ``calendars`` for a user, those that cannot be chosen included; the reason is a sentence here."""
        with self._db.read() as tx:
            names.user(tx, sub_account, user_id)
            served = _serving(tx, sub_account, user_id)
            rows = tx.rows(
                "FROM calendars WHERE integration_id IN (SELECT unnest(?::VARCHAR[])) ORDER BY display_name, calendar_id", [served]
            )
        return [_explained(row) for row in rows]

    def calendar(self, sub_account: str, user_id: str, name_or_id: str) -> Row:
        """One calendar by id or unique display name. ``UnknownCalendar``, ``AmbiguousName``."""
        with self._db.read() as tx:
            key = names.user(tx, sub_account, user_id)["user_key"]
            found = names.calendar(tx, key, name_or_id)
            return _explained(tx.rows("FROM calendars WHERE calendar_id = ?", [found["calendar_id"]])[0])

    def addresses(self, integration_id: str) -> list[Row]:
        """Own addresses, each with its ``origin``: ``principal`` or ``person``."""
        with self._db.read() as tx:
            return addresses.listed(tx, names.integration(tx, integration_id)["integration_key"])

    def add_addresses(self, integration_id: str, more: Iterable[str]) -> list[Row]:
        """Add aliases; verdicts that depend on them change in the same transaction. ``InvalidInput``."""
        return self._change_addresses(integration_id, addresses.checked(more), remove=False)

    def remove_addresses(self, integration_id: str, fewer: Iterable[str]) -> list[Row]:
        """Take aliases away that a person added. ``InvalidInput`` for any other."""
        return self._change_addresses(integration_id, addresses.checked(fewer), remove=True)

    def _change_addresses(self, integration_id: str, given: list[str], *, remove: bool) -> list[Row]:
        with self._db.write() as tx:
            key = names.integration(tx, integration_id)["integration_key"]
            person = {row["address"] for row in addresses.listed(tx, key) if row["origin"] == "person"}
            unknown = [address for address in given if remove and address not in person]
            if unknown:
                raise InvalidInput(what="address", value=unknown[0], why="it is not among those that were added by hand")
            if addresses.keep(tx, key, by_person=person - set(given) if remove else person | set(given)):
                readings.refresh_integration(tx, key)
            return addresses.listed(tx, key)


def _named(user: Row, integration_id: str) -> str:
    return f"{user['sub_account']} {user['user_id']} {integration_id}"


def _find(tx: Transaction, provider: str, origin: str, principal: str) -> Row | None:
    """Identity is the provider, the principal's path, and for most providers the origin (design.md §3)."""
    rows = tx.rows("FROM _kept.integration WHERE provider = ? AND principal_key = ?", [provider, path_key(principal)])
    by_origin = PROVIDERS[provider].origin_is_identity
    return next((row for row in rows if not by_origin or row["origin"] == origin), None)


def _serving(tx: Transaction, sub_account: str | None, user_id: str | None) -> list[str]:
    if sub_account is not None and user_id is not None:
        user = names.user(tx, sub_account, user_id)
        params = [user["sub_account"], user["user_id"]]
    else:
        params = [names.sub_account(tx, sub_account)["sub_account"] if sub_account is not None else None, user_id]
    return [row["integration_id"] for row in tx.rows(_SERVED, params)]


def _served(tx: Transaction, integration_key: int) -> bool:
    return tx.row("FROM _kept.connection_version WHERE integration_key = ? AND known_to = 'infinity'", [integration_key]) is not None


def _add_integration(tx: Transaction, integration_id: str, provider: str, found: Discovered) -> int:
    key = tx.next_key("integration", "integration_key")
    identity = {"integration_key": key, "integration_id": integration_id, "provider": provider, "origin": found.origin}
    tx.append("integration", [{**identity, "principal": found.principal, "principal_key": path_key(found.principal)}])
    tx.append("integration_freshness", [{"integration_key": key}])
    return key


def _save_login(tx: Transaction, key: int, url: str, account: str, display_name: str | None) -> None:
    tx.execute("DELETE FROM _kept.integration_login WHERE integration_key = ?", [key])
    tx.append("integration_login", [{"integration_key": key, "url": url, "account": account, "display_name": display_name}])
    _set_status(tx, key, "ok")
    standings.clear(tx, key)


def _set_status(tx: Transaction, key: int, status: str) -> None:
    row = {"integration_key": key, "status": status, "reason": None}
    rewrite(tx, "integration_status_version", ("integration_key",), [row], "integration_key = ?", [key])


def _add_connection(tx: Transaction, user_key: int, key: int) -> None:
    if tx.row(_CONNECTION, [user_key, key]) is None:
        row = {"user_key": user_key, "integration_key": key, "connected_at": tx.now, "remote_change_policy": "flag", "known_from": tx.now}
        tx.append("connection_version", [row])


def _explained(row: Row) -> Row:
    """The view's row, and with ``says`` the sentence for its ``not_selectable_reason``."""
    reason = row["not_selectable_reason"]
    return {**row, "says": say(f"not_selectable.{reason}") if reason else None}
