"""How each user reads each calendar: zone, own addresses, policy and role, rewritten in the transaction of any change to one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from icalsync.core import policies
from icalsync.store import lenses
from icalsync.store.settings_in_force import Chosen, chosen_policies
from icalsync.store.transaction import Row, Transaction
from icalsync.store.verdicts import policy_key
from icalsync.store.versions import rewrite

_BASIS: Final = """
    SELECT n.user_key, u.sub_account_key, c.calendar_key, coalesce(v.time_zone, s.time_zone) AS time_zone, a.address_set_key,
        coalesce(r.blocks, false) AS blocks, coalesce(r.linked, false) AS linked
    FROM _kept.connection_version n
    JOIN _kept.account_user u ON u.user_key = n.user_key
    JOIN _kept.user_version v ON v.user_key = n.user_key AND v.known_to = 'infinity'
    JOIN _kept.sub_account_version s ON s.sub_account_key = u.sub_account_key AND s.known_to = 'infinity'
    JOIN _kept.calendar c ON c.integration_key = n.integration_key
    JOIN _kept.calendar_version k ON k.calendar_key = c.calendar_key AND k.known_to = 'infinity'
    JOIN _kept.address_set_version a ON a.integration_key = n.integration_key AND a.known_to = 'infinity'
    LEFT JOIN (
        SELECT user_key, calendar_key, bool_or(role = 'CONFLICT') AS blocks, bool_or(role = 'LINKED') AS linked
        FROM _kept.calendar_role_version WHERE known_to = 'infinity' GROUP BY ALL
    ) r ON r.user_key = n.user_key AND r.calendar_key = c.calendar_key
    WHERE n.known_to = 'infinity'
        AND (coalesce(k.not_selectable_reason, 'GONE') IN ('GONE', 'NO_READ_ACCESS') OR r.blocks OR r.linked)
"""


def refresh_users(tx: Transaction, user_keys: Sequence[int]) -> None:
    """After a change of a user's zone, policies, roles or connections."""
    _refresh(tx, "n.user_key IN (SELECT unnest(?::INTEGER[]))", "user_key IN (SELECT unnest(?::INTEGER[]))", user_keys)


def refresh_integration(tx: Transaction, integration_key: int) -> None:
    """After a change of an integration's addresses or calendars."""
    inside = "calendar_key IN (SELECT calendar_key FROM _kept.calendar WHERE integration_key IN (SELECT unnest(?::INTEGER[])))"
    _refresh(tx, "n.integration_key IN (SELECT unnest(?::INTEGER[]))", inside, [integration_key])


def users_of(tx: Transaction, sub_account_key: int) -> list[int]:
    """Keys of all users of a sub-account."""
    return [row["user_key"] for row in tx.rows("SELECT user_key FROM _kept.account_user WHERE sub_account_key = ?", [sub_account_key])]


def _refresh(tx: Transaction, basis_scope: str, own_scope: str, keys: Sequence[int]) -> None:
    basis = tx.rows(f"{_BASIS} AND {basis_scope}", [list(keys)])
    chosen = {key: chosen_policies(tx, key) for key in {row["sub_account_key"] for row in basis}}
    wanted = [{**row, "policy_key": _policy(row, chosen[row["sub_account_key"]])} for row in basis]
    changed = rewrite(tx, "calendar_reading", ("user_key", "calendar_key"), wanted, own_scope, [list(keys)])
    lenses.ensure(tx, {int(row["calendar_key"]) for row in changed.opened})


def _policy(row: Row, chosen: Chosen) -> int:
    in_force = policies.effective(
        chosen.get((None, None), {}), chosen.get((row["user_key"], None), {}), chosen.get((row["user_key"], row["calendar_key"]), {})
    )
    return policy_key(policies.policy_of(in_force))
