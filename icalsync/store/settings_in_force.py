"""Policies and opening hours in force, written out per user as the core's pure functions say them, so that the views are plain."""

from __future__ import annotations

from collections import defaultdict

from icalsync.core import hours, policies
from icalsync.store.transaction import Row, Transaction
from icalsync.store.versions import rewrite

Chosen = dict[tuple[int | None, int | None], dict[str, str]]
"""(user key or None, calendar key or None) → name → value, as chosen at that level."""


def chosen_policies(tx: Transaction, sub_account_key: int) -> Chosen:
    """The busy and other policies that were set in a sub-account, by level."""
    rows = tx.rows("SELECT * FROM _kept.policy_version WHERE sub_account_key = ? AND known_to = 'infinity'", [sub_account_key])
    result: Chosen = defaultdict(dict)
    for row in rows:
        result[row["user_key"], row["calendar_key"]][row["name"]] = row["value"]
    return result


def chosen_hours(tx: Transaction, sub_account_key: int) -> Chosen:
    """The opening hours that were set in a sub-account, by level."""
    rows = tx.rows("SELECT * FROM _kept.hours_version WHERE sub_account_key = ? AND known_to = 'infinity'", [sub_account_key])
    result: Chosen = defaultdict(dict)
    for row in rows:
        result[row["user_key"], None][row["name"]] = row["value"]
    return result


def refresh(tx: Transaction, sub_account_key: int, user_key: int | None = None) -> None:
    """Write out what is in force for one user, or for a sub-account and all its users."""
    if user_key is None:
        users = tx.rows("SELECT user_key FROM _kept.account_user WHERE sub_account_key = ?", [sub_account_key])
        keys = [None, *(row["user_key"] for row in users)]
        scope, params = "sub_account_key = ?", [sub_account_key]
    else:
        keys, scope, params = [user_key], "sub_account_key = ? AND user_key = ?", [sub_account_key, user_key]
    chosen, opened = chosen_policies(tx, sub_account_key), chosen_hours(tx, sub_account_key)
    rows = [row for key in keys for row in _in_force(sub_account_key, key, chosen, opened)]
    rewrite(tx, "effective_setting", ("user_key", "kind", "name"), rows, scope, params)


def _in_force(sub_account_key: int, user_key: int | None, chosen: Chosen, opened: Chosen) -> list[Row]:
    def own(levels: Chosen) -> dict[str, str]:
        return levels.get((user_key, None), {}) if user_key is not None else {}

    in_force: dict[str, dict[str, tuple[str | None, str]]] = {
        "policy": dict(policies.effective(chosen.get((None, None), {}), own(chosen))),
        "hours": dict(hours.effective(dict(opened.get((None, None), {})), dict(own(opened)))),
    }
    return [
        {"sub_account_key": sub_account_key, "user_key": user_key, "kind": kind, "name": name, "value": value, "source": source}
        for kind, values in in_force.items()
        for name, (value, source) in values.items()
    ]
