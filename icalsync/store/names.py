"""Names and ids as people give them, looked up: exactly first, then without regard to case."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from icalsync.errors import AmbiguousName, InvalidInput, UnknownCalendar, UnknownIntegration, UnknownSubAccount, UnknownUser
from icalsync.store.transaction import Row, Transaction

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")


def check_name(what: str, value: str) -> str:
    """A short text name for a sub-account or a user; ``InvalidInput``."""
    if not _NAME.fullmatch(value):
        raise InvalidInput(what=what, value=value, why="it needs 1 to 64 letters, digits or _ . @ -, and begins with a letter or digit")
    return value


def _match(rows: list[Row], column: str, name: str) -> Row | None:
    exact = [row for row in rows if row[column] == name]
    return next(iter(exact or rows), None)


def find_sub_account(tx: Transaction, name: str) -> Row | None:
    """Key and name of a sub-account, or None."""
    return _match(tx.rows("SELECT * FROM _kept.sub_account WHERE lower(sub_account) = lower(?)", [name]), "sub_account", name)


def find_user(tx: Transaction, account: Row, user_id: str) -> Row | None:
    """Keys and names of a user of a sub-account, or None."""
    rows = tx.rows(
        "SELECT * FROM _kept.account_user WHERE sub_account_key = ? AND lower(user_id) = lower(?)", [account["sub_account_key"], user_id]
    )
    return _match(rows, "user_id", user_id)


def sub_account(tx: Transaction, name: str) -> Row:
    """Key and name of a sub-account; ``UnknownSubAccount``."""
    found = find_sub_account(tx, name)
    if found is None:
        raise UnknownSubAccount(name=name)
    return found


def user(tx: Transaction, sub_account_name: str, user_id: str) -> Row:
    """Keys and names of a user; ``UnknownSubAccount``, ``UnknownUser``."""
    known = tx.users.get((sub_account_name, user_id))
    if known is not None:
        return known
    account = sub_account(tx, sub_account_name)
    found = find_user(tx, account, user_id)
    if found is None:
        raise UnknownUser(name=user_id, sub_account=account["sub_account"])
    return tx.users.setdefault((sub_account_name, user_id), found)


def users(tx: Transaction, wanted: Sequence[tuple[str, str]]) -> list[Row]:
    """The same for many (sub-account, user id), each looked up as ``user`` does."""
    if len(wanted) == 1:
        return [user(tx, *wanted[0])]
    known: dict[str, dict[str, Row]] = {}
    found = []
    for name, user_id in wanted:
        if name not in known:
            key = sub_account(tx, name)["sub_account_key"]
            known[name] = {row["user_id"]: row for row in tx.rows("SELECT * FROM _kept.account_user WHERE sub_account_key = ?", [key])}
        found.append(known[name].get(user_id) or user(tx, name, user_id))
    return found


def scope(tx: Transaction, sub_account_name: str, user_id: str | None) -> tuple[int, int | None]:
    """Keys of a sub-account, or of one of its users."""
    if user_id is None:
        return int(sub_account(tx, sub_account_name)["sub_account_key"]), None
    found = user(tx, sub_account_name, user_id)
    return int(found["sub_account_key"]), int(found["user_key"])


def told(tx: Transaction, sub_account_name: str | None, user_id: str | None) -> tuple[str | None, str | None]:
    """A sub-account and a user as they are written; None for all. ``UnknownSubAccount``, ``UnknownUser``."""
    if sub_account_name is None:
        return None, None
    if user_id is None:
        return str(sub_account(tx, sub_account_name)["sub_account"]), None
    found = user(tx, sub_account_name, user_id)
    return str(found["sub_account"]), str(found["user_id"])


def integration(tx: Transaction, integration_id: str) -> Row:
    """Identity and login of an integration; ``UnknownIntegration``."""
    found = tx.row(
        "SELECT i.*, l.url, l.account, l.display_name FROM _kept.integration i JOIN _kept.integration_login l USING (integration_key) "
        "WHERE i.integration_id = ?",
        [integration_id],
    )
    if found is None:
        raise UnknownIntegration(name=integration_id)
    return found


_CALENDARS: Final = """
    SELECT c.calendar_key, c.calendar_id, c.integration_key, v.display_name, v.access, v.privileges, v.not_selectable_reason
    FROM _kept.connection_version n
    JOIN _kept.calendar c ON c.integration_key = n.integration_key
    JOIN _kept.calendar_version v ON v.calendar_key = c.calendar_key AND v.known_to = 'infinity'
    WHERE n.known_to = 'infinity' AND n.user_key = ?
    ORDER BY v.display_name, c.calendar_id
"""


def calendar(tx: Transaction, user_key: int, name_or_id: str) -> Row:
    """A calendar of the user's integrations by id or unique display name; ``UnknownCalendar``, ``AmbiguousName``.

    Of several with one name, those that can be chosen go before those that cannot.
    """
    rows = tx.rows(_CALENDARS, [user_key])
    by_id = [row for row in rows if row["calendar_id"] == name_or_id]
    named = [row for row in rows if row["display_name"] == name_or_id]
    named = named or [row for row in rows if row["display_name"].casefold() == name_or_id.casefold()]
    selectable = [row for row in named if row["not_selectable_reason"] is None]
    found = by_id or selectable or named
    if not found:
        raise UnknownCalendar(name=name_or_id)
    if len(found) > 1:
        raise AmbiguousName(name=name_or_id, candidates=", ".join(row["calendar_id"] for row in found))
    return found[0]
