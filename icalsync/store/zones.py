"""The zone a user's times are read in: the user's own, or the sub-account's."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from icalsync.store.transaction import FOREVER, Transaction

_ZONES: Final = """
    WITH asked AS (
        SELECT u.user_key, u.sub_account_key, v.time_zone, greatest(v.known_from, $at::TIMESTAMPTZ) AS moment
        FROM _kept.account_user u JOIN _kept.user_version v USING (user_key)
        WHERE u.user_key IN ({keys}) AND v.known_to > $at::TIMESTAMPTZ
        QUALIFY row_number() OVER (PARTITION BY u.user_key ORDER BY v.known_from) = 1
    )
    SELECT a.user_key, coalesce(a.time_zone, s.time_zone) AS time_zone FROM asked a
    JOIN _kept.sub_account_version s ON s.sub_account_key = a.sub_account_key AND s.known_from <= a.moment AND s.known_to > a.moment
"""


def zone_of(tx: Transaction, user_key: int, known_at: datetime = FOREVER) -> str:
    """The user's zone, now or as it was known then; of one who was not known yet, the first that was."""
    return zones_of(tx, [user_key], known_at)[user_key]


def zones_of(tx: Transaction, user_keys: Collection[int], known_at: datetime = FOREVER) -> dict[int, str]:
    """The same for many users, by key."""
    keys = ", ".join(str(int(key)) for key in user_keys) or "NULL"
    return {row["user_key"]: row["time_zone"] for row in tx.rows(_ZONES.format(keys=keys), {"at": known_at})}
