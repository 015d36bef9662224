"""What sub-accounts and users chose: policies and opening hours, kept as chosen and written out as in force."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from icalsync.core import hours as core_hours
from icalsync.core import policies as core_policies
from icalsync.store import names, readings, settings_in_force
from icalsync.store.database import Database
from icalsync.store.transaction import FOREVER, Row, Transaction
from icalsync.store.versions import rewrite

_IN_FORCE: Final = """
    SELECT name, value, source FROM _kept.effective_setting
    WHERE kind = ? AND sub_account_key = ? AND user_key IS NOT DISTINCT FROM ? AND known_from <= ? AND known_to > ? ORDER BY name
"""
_IN_FORCE_FOR: Final = """
    SELECT user_key, kind, name, value FROM _kept.effective_setting
    WHERE user_key IN ({keys}) AND known_from <= $at AND known_to > $at
"""


class Choices:
    """Policies and hours, at each level."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def set_policy(self, sub_account: str, user_id: str | None, changes: Mapping[str, str], *, calendar_id: str | None = None) -> Row:
        """Set policies of a sub-account, a user, or one calendar of a user; what is then in force, as ``policies`` shows it.

        Verdicts change in the same transaction. ``InvalidInput`` for a name or value that cannot be, and then nothing is changed.
        """
        level: core_policies.Level = "calendar" if calendar_id is not None else "user" if user_id is not None else "sub_account"
        for name, value in changes.items():
            core_policies.check(name, value, level=level)
        with self._db.write() as tx:
            account, user = names.scope(tx, sub_account, user_id)
            calendar = names.calendar(tx, user, calendar_id)["calendar_key"] if calendar_id is not None and user is not None else None
            chosen = {**settings_in_force.chosen_policies(tx, account).get((user, calendar), {}), **changes}
            rows = [
                {"sub_account_key": account, "user_key": user, "calendar_key": calendar, "name": n, "value": v} for n, v in chosen.items()
            ]
            _keep(tx, "policy_version", rows, account, user, calendar)
            settings_in_force.refresh(tx, account, user)
            readings.refresh_users(tx, [user] if user is not None else readings.users_of(tx, account))
            return _wide(tx, "policy", account, user, sub_account, user_id)

    def policies(self, sub_account: str, user_id: str | None = None, known_at: datetime | None = None) -> Row:
        """What is (or at ``known_at`` was) in force: each policy as NAME, and where it comes from as NAME_from."""
        return self._in_force("policy", sub_account, user_id, known_at)

    def all_day_by_calendar(self, sub_account: str, user_id: str | None) -> dict[str, str]:
        """What the policy ``all_day`` says for single calendars of a user, by calendar id; empty for a sub-account."""
        with self._db.read() as tx:
            _, user = names.scope(tx, sub_account, user_id)
            rows = tx.rows(
                "SELECT c.calendar_id, p.value FROM _kept.policy_version p JOIN _kept.calendar c USING (calendar_key) "
                "WHERE p.user_key = ? AND p.name = 'all_day' AND p.known_to = 'infinity' ORDER BY 1",
                [user],
            )
            return {row["calendar_id"]: row["value"] for row in rows}

    def set_hours(self, sub_account: str, user_id: str | None, changes: Mapping[str, str | None]) -> Row:
        """Set opening hours of a sub-account or a user; None returns a field to what is inherited."""
        checked = {name: core_hours.check_field(name, value) if value is not None else None for name, value in changes.items()}
        for name in checked:
            if name not in core_hours.FIELDS:
                core_hours.check_field(name, "")
        with self._db.write() as tx:
            account, user = names.scope(tx, sub_account, user_id)
            chosen = {**settings_in_force.chosen_hours(tx, account).get((user, None), {}), **checked}
            rows = [{"sub_account_key": account, "user_key": user, "name": n, "value": v} for n, v in chosen.items() if v is not None]
            _keep(tx, "hours_version", rows, account, user)
            settings_in_force.refresh(tx, account, user)
            return _wide(tx, "hours", account, user, sub_account, user_id)

    def hours(self, sub_account: str, user_id: str | None = None, known_at: datetime | None = None) -> Row:
        """The opening hours in force: each field, and where it comes from as FIELD_from."""
        return self._in_force("hours", sub_account, user_id, known_at)

    def _in_force(self, kind: str, sub_account: str, user_id: str | None, known_at: datetime | None) -> Row:
        with self._db.read() as tx:
            account, user = names.scope(tx, sub_account, user_id)
            return _wide(tx, kind, account, user, sub_account, user_id, known_at or FOREVER)


def _keep(tx: Transaction, table: str, rows: list[Row], account: int, user: int | None, calendar: int | None = None) -> None:
    scope, params = "sub_account_key = ? AND user_key IS NOT DISTINCT FROM ?", [account, user]
    keys: tuple[str, ...] = ("sub_account_key", "user_key", "name")
    if table == "policy_version":
        scope, params, keys = scope + " AND calendar_key IS NOT DISTINCT FROM ?", [*params, calendar], (*keys, "calendar_key")
    rewrite(tx, table, keys, rows, scope, params)


def in_force(tx: Transaction, kind: str, account: int, user: int | None, known_at: datetime = FOREVER) -> dict[str, Row]:
    """``policy`` or ``hours`` in force for a user or a sub-account: name → ``value`` and ``source``."""
    return {row["name"]: row for row in tx.rows(_IN_FORCE, [kind, account, user, known_at, known_at])}


def in_force_for(tx: Transaction, users: Collection[int], known_at: datetime = FOREVER) -> dict[tuple[str, int], dict[str, str | None]]:
    """The same for many users at once: values by name, by ``policy`` or ``hours`` and user."""
    keys = ", ".join(str(int(key)) for key in users) or "NULL"
    found: dict[tuple[str, int], dict[str, str | None]] = {(kind, user): {} for kind in ("policy", "hours") for user in users}
    for row in tx.rows(_IN_FORCE_FOR.format(keys=keys), {"at": known_at}):
        found[row["kind"], row["user_key"]][row["name"]] = row["value"]
    return found


def _wide(
    tx: Transaction, kind: str, account: int, user: int | None, sub_account: str, user_id: str | None, known_at: datetime = FOREVER
) -> Row:
    shown = names.user(tx, sub_account, user_id) if user_id is not None else {**names.sub_account(tx, sub_account), "user_id": None}
    result: Row = {"sub_account": shown["sub_account"], "user_id": shown["user_id"]}
    found = in_force(tx, kind, account, user, known_at)
    for name in core_policies.DEFAULTS if kind == "policy" else core_hours.FIELDS:
        result[name] = found[name]["value"] if name in found else None
        result[f"{name}_from"] = found[name]["source"] if name in found else None
    return result
