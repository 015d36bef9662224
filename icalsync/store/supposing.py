"""Users as they would be seen under other policies: the same occurrences and table of verdicts, other rows of it; nothing is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, cast

from icalsync.core import hours as opening
from icalsync.core import policies
from icalsync.core.interval import Interval
from icalsync.core.model import Busyness, Reason
from icalsync.core.slots import AROUND, BusyRow, Person
from icalsync.core.whatif import Booked
from icalsync.store import agenda, choices, names
from icalsync.store.asked import User
from icalsync.store.database import Database
from icalsync.store.settings_in_force import Chosen, chosen_policies
from icalsync.store.transaction import Row, Transaction
from icalsync.store.verdicts import policy_key

_READINGS: Final = "SELECT user_key, calendar_key, blocks FROM _kept.calendar_reading WHERE known_to = 'infinity' AND user_key = ?"
_ROWS: Final = """
    SELECT s.starts_at, s.ends_at, CASE WHEN s.own_user_key = s.user_key THEN 'BUSY' ELSE d.busyness END AS busyness,
        CASE WHEN s.own_user_key = s.user_key THEN 'DRIFT' ELSE d.reason END AS reason
    FROM (
        SELECT unnest($calendars::INTEGER[]) AS calendar_key, unnest($policies::INTEGER[]) AS policy_key,
            unnest($blocks::BOOLEAN[]) AS blocks
    ) r
    JOIN _kept.seen_rows('9999-12-31 00:00:00+00') s ON s.calendar_key = r.calendar_key
    JOIN _kept.verdict d ON d.facts_key = s.facts_key AND d.policy_key = r.policy_key AND NOT d.own
    WHERE s.user_key = $user AND (r.blocks OR s.own_user_key = s.user_key) AND d.busyness <> 'FREE'
        AND (s.own_user_key IS NULL OR s.own_user_key <> s.user_key OR s.drifted) AND s.starts_at < $end AND s.ends_at > $start
"""
_BOOKED: Final = """
    SELECT a.appointment_id, a.starts_at, a.ends_at, m.made_at
    FROM _kept.appointment_version a JOIN _kept.booking_made([?::INTEGER]) m ON m.appointment_id = a.appointment_id
    WHERE a.user_key = ? AND a.known_to = 'infinity' AND a.status <> 'cancelled' AND a.starts_at < a.ends_at
        AND a.starts_at < ? AND a.ends_at > ?
    ORDER BY a.starts_at, a.appointment_id
"""


@dataclass(frozen=True, slots=True)
class Both:
    """A user under the rules in force and under the supposed ones, and the bookings that stand."""

    now: Person
    then: Person
    booked: tuple[Booked, ...]


class Supposing:
    """Reads the world as it is, and as it would be."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def load(self, users: Sequence[User], window: Interval, policy: Mapping[str, str], hours: Mapping[str, str]) -> list[Both]:
        """Each user both ways, of one moment of the database. ``UnknownUser``."""
        with self._db.read() as tx:
            persons = agenda.persons(tx, users, window)
            found = [names.user(tx, *user) for user in users]
            return [_both(tx, user, person, window, policy, hours) for user, person in zip(found, persons, strict=True)]


def _both(tx: Transaction, user: Row, now: Person, window: Interval, policy: Mapping[str, str], hours: Mapping[str, str]) -> Both:
    fields = choices.in_force(tx, "hours", user["sub_account_key"], user["user_key"])
    texts = {name: fields[name]["value"] if name in fields else None for name in opening.FIELDS}
    busy = (*(row for row in now.busy if row.source != "external"), *_external(tx, user, window, policy)) if policy else now.busy
    unknown = cast("Literal['refuse', 'warn']", policy.get("unknown", now.unknown))
    then = replace(now, busy=busy, unknown=unknown, hours=opening.parse({**texts, **hours}))
    booked = tx.rows(_BOOKED, [user["user_key"], user["user_key"], window.end, window.start])
    lying = (Booked(row["appointment_id"], Interval(row["starts_at"], row["ends_at"]), row["made_at"]) for row in booked)
    return Both(now, then, tuple(lying))


def _external(tx: Transaction, user: Row, window: Interval, policy: Mapping[str, str]) -> Sequence[BusyRow]:
    readings = tx.rows(_READINGS, [user["user_key"]])
    chosen = chosen_policies(tx, user["sub_account_key"])
    rows = tx.rows(
        _ROWS,
        {
            "calendars": [row["calendar_key"] for row in readings],
            "policies": [_policy(chosen, row, policy) for row in readings],
            "blocks": [row["blocks"] for row in readings],
            "user": user["user_key"],
            "start": window.start - AROUND,
            "end": window.end + AROUND,
        },
    )
    return [
        BusyRow(Interval(row["starts_at"], row["ends_at"]), Busyness(row["busyness"]), "external", Reason(row["reason"])) for row in rows
    ]


def _policy(chosen: Chosen, reading: Row, policy: Mapping[str, str]) -> int:
    """As it would be in force had the user chosen it: what is set for one calendar still goes before."""
    level: Mapping[tuple[int | None, int | None], Mapping[str, str]] = defaultdict(dict, chosen)
    user, calendar = reading["user_key"], reading["calendar_key"]
    return policy_key(policies.policy_of(policies.effective(level[None, None], {**level[user, None], **policy}, level[user, calendar])))
