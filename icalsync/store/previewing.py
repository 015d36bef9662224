"""What a choice of calendars would block, before it is made: the stored occurrences and verdicts, read with other roles (R15)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from icalsync.core.interval import Interval
from icalsync.core.model import Busyness, Reason
from icalsync.core.slots import AROUND, BusyRow, Person
from icalsync.store import agenda, names
from icalsync.store.database import Database
from icalsync.store.transaction import Row

_SEEN: Final = """
    SELECT c.calendar_id, s.starts_at, s.ends_at, f.all_day, f.travel,
        s.own_user_key = s.user_key AS mine, s.drifted,
        CASE WHEN s.own_user_key = s.user_key THEN 'BUSY' ELSE d.busyness END AS busyness,
        CASE WHEN s.own_user_key = s.user_key THEN 'DRIFT' ELSE d.reason END AS reason
    FROM _kept.seen_rows('9999-12-31 00:00:00+00') s
    JOIN _kept.calendar c ON c.calendar_key = s.calendar_key
    JOIN _kept.facts f ON f.facts_key = s.facts_key
    JOIN _kept.verdict d ON d.facts_key = s.facts_key AND d.policy_key = s.policy_key AND NOT d.own
    WHERE s.user_key = {user} AND s.starts_at < $end AND s.ends_at > $start
"""
_STATES: Final = """
    SELECT c.calendar_id, coalesce(s.state, 'never_pulled') = 'ok' AND m.horizon_from IS NOT NULL
        AND i.status NOT IN ('reauthentication_needed', 'unreachable', 'failing')
        AND NOT (i.status = 'throttled' AND coalesce(f.last_synced_at < $now::TIMESTAMPTZ - m.stale_after, true))
        AND NOT EXISTS (
            FROM _kept.object_version v WHERE v.calendar_key = c.calendar_key AND v.unplaced AND v.known_to = 'infinity'
        ) AS covered
    FROM _kept.connection_version n
    JOIN _kept.calendar c ON c.integration_key = n.integration_key
    CROSS JOIN _kept.meta m
    LEFT JOIN _kept.calendar_state_version s ON s.calendar_key = c.calendar_key AND s.known_to = 'infinity'
    LEFT JOIN _kept.integration_status_version i ON i.integration_key = c.integration_key AND i.known_to = 'infinity'
    LEFT JOIN _kept.calendar_freshness f ON f.calendar_key = c.calendar_key
    WHERE n.known_to = 'infinity' AND n.user_key = $user
"""


@dataclass(frozen=True, slots=True)
class Supposed:
    """A user as they are, as they would be, and what is in each calendar over the span."""

    now: Person
    then: Person
    calendars: dict[str, Row]
    """By id: ``blocking``, ``tentative``, ``free``, ``all_day_busy``, ``all_day_free``, ``declined``, ``unknown`` (events), ``pulled``."""


class Previewing:
    """Reads; never writes."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def load(self, sub_account: str, user_id: str, window: Interval, blocks: Collection[str]) -> Supposed:
        """The user as though exactly the calendars ``blocks`` (ids) were conflict calendars. ``UnknownUser``."""
        with self._db.read() as tx:
            user = names.user(tx, sub_account, user_id)
            now = agenda.persons(tx, [(user["sub_account"], user["user_id"])], window)[0]
            # a literal reaches the scans, and a parameter does not
            seen = tx.rows(_SEEN.format(user=int(user["user_key"])), {"start": window.start - AROUND, "end": window.end + AROUND})
            states = {row["calendar_id"]: row for row in tx.rows(_STATES, {"user": user["user_key"], "now": tx.clock_now})}
            busy = [_busy(row) for row in seen if _takes(row, blocks)]
            gaps = [gap for each in sorted(blocks) if each in states for gap in _gaps(states[each], window)]
            kept = [row for row in now.busy if row.source in {"appointment", "blocked_slot"}]
            counts = {each: _counted([row for row in seen if row["calendar_id"] == each], window) for each in states}
        pulled = {each: {**counts[each], "pulled": states[each]["covered"]} for each in states}
        return Supposed(now, replace(now, busy=(*kept, *busy, *gaps)), pulled)


def _takes(row: Row, blocks: Collection[str]) -> bool:
    if row["mine"] and not row["drifted"]:
        return False  # it counts once, as the appointment (R11)
    return (row["calendar_id"] in blocks or bool(row["mine"])) and row["busyness"] != Busyness.FREE.value


def _busy(row: Row) -> BusyRow:
    return BusyRow(Interval(row["starts_at"], row["ends_at"]), Busyness(row["busyness"]), "external", Reason(row["reason"]))


def _gaps(state: Row, window: Interval) -> list[BusyRow]:
    """What is not known of a calendar would count as not known (R12)."""
    around = Interval(window.start - AROUND, window.end + AROUND)
    return [] if state["covered"] else [BusyRow(around, Busyness.UNKNOWN, "coverage", Reason.NOT_COVERED)]


def _counted(seen: list[Row], window: Interval) -> Row:
    """Events of one calendar inside the window, each occurrence once, whatever time of travel it brings."""
    inside = [
        row for row in seen if row["starts_at"] < window.end and row["ends_at"] > window.start and not row["travel"] and not row["mine"]
    ]
    busy = [row for row in inside if row["busyness"] not in {Busyness.FREE.value, Busyness.UNKNOWN.value}]
    free = [row for row in inside if row["busyness"] == Busyness.FREE.value]
    return {
        "blocking": len(busy),
        "tentative": sum(row["busyness"] == Busyness.BUSY_TENTATIVE.value for row in busy),
        "free": len(free),
        "all_day_busy": sum(row["all_day"] for row in busy),
        "all_day_free": sum(row["all_day"] for row in free),
        "declined": sum(row["reason"] == Reason.DECLINED.value for row in free),
        "unknown": sum(row["busyness"] == Busyness.UNKNOWN.value for row in inside),
    }
