"""The zone a user's times are read in: the user's own, or the sub-account's."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from icalsync.store.transaction import FOREVER, Transaction

_ZONE: Final = """
    WITH asked AS (
        SELECT u.sub_account_key, v.time_zone, greatest(v.known_from, ?::TIMESTAMPTZ) AS moment
        FROM _kept.account_user u JOIN _kept.user_version v USING (user_key)
        WHERE u.user_key = ? AND v.known_to > ?::TIMESTAMPTZ ORDER BY v.known_from LIMIT 1
    )
    SELECT coalesce(a.time_zone, s.time_zone) FROM asked a
    JOIN _kept.sub_account_version s ON s.sub_account_key = a.sub_account_key AND s.known_from <= a.moment AND s.known_to > a.moment
"""


def zone_of(tx: Transaction, user_key: int, known_at: datetime = FOREVER) -> str:
    """The user's zone, now or as it was known then; of one who was not known yet, the first that was."""
    return str(tx.value(_ZONE, [known_at, user_key, known_at]))
