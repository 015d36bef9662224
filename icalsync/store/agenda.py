"""Users as the slot finder sees them: hours, policy and busy time. Listing slots, booking them and explaining them read the same (R15)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, cast

from icalsync.core import hours
from icalsync.core.interval import Interval
from icalsync.core.model import Busyness, Reason
from icalsync.core.slots import AROUND, BusyRow, Person
from icalsync.store import choices, names
from icalsync.store.asked import User, moment_of, present_of
from icalsync.store.transaction import FOREVER, Transaction
from icalsync.store.zones import zones_of


def persons(
    tx: Transaction, users: Sequence[User], window: Interval, known_at: datetime | None = None, *, without: str | None = None
) -> list[Person]:
    """Each user over ``window``, now or as known at ``known_at``; ``without``: an appointment that does not count, because it is moved.

    ``UnknownUser``, ``BeforeRetention``.
    """
    found = names.users(tx, users)
    keys, moment = [row["user_key"] for row in found], known_at or FOREVER
    busy = _busy(tx, keys, window, known_at, without)
    terms, zones = choices.in_force_for(tx, keys, moment), zones_of(tx, keys, moment)
    return [
        _person(row["user_id"], zones[key], terms["hours", key], terms["policy", key], busy[key])
        for key, row in zip(keys, found, strict=True)
    ]


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


def _person(
    user_id: str, zone: str, fields: Mapping[str, str | None], policies: Mapping[str, str | None], busy: Sequence[BusyRow]
) -> Person:
    return Person(
        user_id=user_id,
        zone=zone,
        hours=hours.parse({name: fields.get(name) for name in hours.FIELDS}),
        unknown=cast("Literal['refuse', 'warn']", policies.get("unknown", "refuse")),
        busy=tuple(busy),
        appointments=tuple(row.interval for row in busy if row.source == "appointment"),
    )
