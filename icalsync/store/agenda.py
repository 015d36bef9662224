"""Users as the slot finder sees them: hours, policy and busy time. Listing slots, booking them and explaining them read the same (R15)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, cast

from icalsync.core import hours
from icalsync.core.interval import Interval
from icalsync.core.model import Busyness, Reason
from icalsync.core.slots import AROUND, BusyRow, Person
from icalsync.store import choices, names
from icalsync.store.asked import User, moment_of, present_of
from icalsync.store.transaction import FOREVER, Row, Transaction
from icalsync.store.zones import zone_of


def persons(
    tx: Transaction, users: Sequence[User], window: Interval, known_at: datetime | None = None, *, without: str | None = None
) -> list[Person]:
    """Each user over ``window``, now or as known at ``known_at``; ``without``: an appointment that does not count, because it is moved.

    ``UnknownUser``, ``BeforeRetention``.
    """
    found = [names.user(tx, *user) for user in users]
    busy = _busy(tx, [row["user_key"] for row in found], window, known_at, without)
    return [_person(tx, row, busy[row["user_key"]], known_at) for row in found]


def _busy(
    tx: Transaction, keys: Sequence[int], window: Interval, known_at: datetime | None, without: str | None
) -> dict[int, list[BusyRow]]:
    wanted = ", ".join(str(int(key)) for key in keys) or "NULL"  # literals reach the scans, and parameters do not
    rows = tx.rows(
        "SELECT user_key, starts_at, ends_at, busyness, source, reason FROM _kept.busy_rows($moment, $present) "  # noqa: S608  # our keys
        f"WHERE user_key IN ({wanted}) AND starts_at < $end AND ends_at > $start AND ref IS DISTINCT FROM $without ORDER BY ALL",
        {
            "moment": moment_of(tx, known_at),
            "present": present_of(tx, known_at),
            "start": window.start - AROUND,
            "end": window.end + AROUND,
            "without": without or "",
        },
    )
    found: dict[int, list[BusyRow]] = defaultdict(list)
    for row in rows:
        found[row["user_key"]].append(
            BusyRow(Interval(row["starts_at"], row["ends_at"]), Busyness(row["busyness"]), row["source"], Reason(row["reason"]))
        )
    return found


def _person(tx: Transaction, user: Row, busy: Sequence[BusyRow], known_at: datetime | None) -> Person:
    moment = known_at or FOREVER
    fields = choices.in_force(tx, "hours", user["sub_account_key"], user["user_key"], moment)
    policies = choices.in_force(tx, "policy", user["sub_account_key"], user["user_key"], moment)
    return Person(
        user_id=user["user_id"],
        zone=zone_of(tx, user["user_key"], moment),
        hours=hours.parse({name: fields[name]["value"] if name in fields else None for name in hours.FIELDS}),
        unknown=cast("Literal['refuse', 'warn']", policies["unknown"]["value"] if "unknown" in policies else "refuse"),
        busy=tuple(busy),
        appointments=tuple(row.interval for row in busy if row.source == "appointment"),
    )
