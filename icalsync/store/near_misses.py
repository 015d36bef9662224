"""Near misses: what was, is or could be at the time asked about, and takes none of the user's time (case 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from icalsync.core.evidence import ANOTHER_USER, MOVED_AWAY, Saying, Source, Touch
from icalsync.core.instances import instant_of
from icalsync.core.interval import Interval
from icalsync.core.model import Busyness, Reason, Verdict
from icalsync.store import explaining_sql as sql
from icalsync.store.touches import of_object, of_time
from icalsync.store.transaction import FOREVER, Row, Transaction

MOST_OTHERS: Final = 20
"""Rows of other users that are shown."""
_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose time, which of it, and as known when."""

    user: Row
    zone: str
    slot: Interval
    padded: Interval
    known_at: datetime | None
    present: datetime

    @property
    def params(self) -> dict[str, Any]:
        """For the queries of ``explaining_sql``."""
        return {
            "user": self.user["user_key"],
            "moment": self.known_at or FOREVER,
            "present": self.present,
            "start": self.padded.start,
            "end": self.padded.end,
        }

    def rows(self, tx: Transaction, query: str, **more: Any) -> list[Row]:
        """The rows of a query of ``explaining_sql``, with the parameters it names."""
        return tx.rows(query, _named(query, {**self.params, **more}))


def _named(query: str, params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if f"${name}" in query}


@dataclass(frozen=True, slots=True)
class Excluding:
    """A series some of whose dates near the slot were taken out; whether one of them was in it, only reading can tell."""

    like: Touch
    raw: bytes
    own: frozenset[str]


def cancelled(tx: Transaction, asked: Asked) -> list[Touch]:
    """Appointments that were at that time, and are cancelled."""
    gone = Verdict(Busyness.FREE, Reason.CANCELLED)
    return [
        of_time(
            row,
            "appointment",
            blocks=False,
            verdict=gone,
            set_aside=Reason.CANCELLED.value,
            ref=row["appointment_id"],
            saying=Saying(title=row["title"]),
        )
        for row in asked.rows(tx, sql.APPOINTMENTS)
        if row["status"] == "cancelled"
    ]


def moved(tx: Transaction, asked: Asked, sources: dict[str, Source], touches: Sequence[Touch]) -> list[Touch]:
    """Occurrences that were to be in the slot, and take place elsewhere."""
    days = _days(asked.slot)
    here = {one.event for one in touches if one.during(asked.slot)}
    result = []
    for row in asked.rows(tx, sql.EXCEPTIONS, days=days, zone=asked.zone):
        starts = instant_of(row["recurrence_id"], asked.zone)
        lasting = max(row["lasting"] or timedelta(), timedelta(minutes=1))
        touch = of_object(
            row,
            sources,
            row["starts_at"] or starts,
            row["ends_at"] or starts,
            Verdict(Busyness.FREE, Reason(row["reason"] or Reason.BUSY)),
            interval=None if row["starts_at"] is None else Interval(row["starts_at"], max(row["ends_at"], row["starts_at"] + _INSTANT)),
            set_aside=MOVED_AWAY,
            saying=Saying(
                row["summary"] or "", row["timing"], row["tzid"], row["rrule"], recurring=True, changed=True, foreign=row["foreign"]
            ),
        )
        if Interval(starts, starts + lasting).overlaps(asked.slot) and touch.event not in here:
            result.append(touch)
    return result


def _days(slot: Interval) -> list[str]:
    """The dates in whose RECURRENCE-ID or EXDATE the slot could be named, in whatever zone they are written."""
    first, last = slot.start.date() - timedelta(days=2), slot.end.date() + timedelta(days=1)
    return [(first + timedelta(days=n)).strftime("%Y%m%d") for n in range((last - first).days + 1)]


def others(tx: Transaction, asked: Asked) -> list[Touch]:
    """What takes the time of other users of the same sub-account; those who are the same person come first."""
    around = {"start": asked.slot.start, "end": asked.slot.end, "sub_account": asked.user["sub_account_key"]}
    return [
        of_time(
            row,
            row["source"],
            blocks=False,
            set_aside=ANOTHER_USER,
            recurrence_id=row["recurrence_id"],
            ref=row["ref"],
            owner=row["user_id"],
        )
        for row in asked.rows(tx, f"{sql.OTHERS} LIMIT {MOST_OTHERS}", **around)
    ]


def excluding(tx: Transaction, asked: Asked, sources: dict[str, Source]) -> tuple[Excluding, ...]:
    """Series in the user's conflict calendars that name a date near the slot in an EXDATE."""
    series = {row["version_key"]: row for row in asked.rows(tx, sql.SERIES)}
    picked = ", ".join(map(str, sorted(series))) or "NULL"
    dates = "|".join(_days(asked.slot))
    rows = tx.rows(f"{sql.RAW} WHERE version_key IN ({picked}) AND {sql.EXCLUDES.format(dates=dates)} LIMIT 20")
    return tuple(
        Excluding(_series(series[row["version_key"]], sources), bytes(row["raw"]), frozenset(series[row["version_key"]]["own_addresses"]))
        for row in rows
    )


def _series(row: Row, sources: dict[str, Source]) -> Touch:
    """An occurrence of a series that is yet to be placed."""
    free = Verdict(Busyness.FREE, Reason.CANCELLED)
    return of_object(row, sources, row["known_from"], row["known_from"], free, saying=Saying(foreign=row["foreign"]))
