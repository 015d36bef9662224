"""A calendar object to rows and back: what was read once is not parsed again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from icalsync.core.model import (
    Attendee,
    CdoStatus,
    Event,
    EventTime,
    Instance,
    Participation,
    Reading,
    ReadResult,
    Rejected,
    Status,
    Timing,
    Transparency,
)
from icalsync.store.transaction import Row, Transaction

_ODD: Final = """
    SELECT href FROM _kept.object_version
    WHERE calendar_key = $calendar AND known_to = 'infinity' AND (kind = 'rejected' OR len(flags) > 0)
    QUALIFY row_number() OVER (PARTITION BY kind ORDER BY md5(path_key || $day)) <= $most
"""


def wall_time(value: EventTime) -> datetime | None:
    """A floating time as it is, a date as its midnight; None for an instant."""
    if isinstance(value, datetime):
        return value if value.tzinfo is None else None
    return datetime.combine(value, time())


def _instant(value: EventTime) -> datetime | None:
    return value if isinstance(value, datetime) and value.tzinfo is not None else None


def event_rows(version_key: int, reading: Reading) -> tuple[list[Row], list[Row]]:
    """The VEVENTs of an object, and their attendees."""
    events, attendees = [], []
    for component, event in enumerate(reading.events):
        events.append(
            {
                "version_key": version_key,
                "component": component,
                "recurrence_id": event.recurrence_id,
                "summary": event.summary,
                "timing": str(event.timing),
                "starts_at": _instant(event.starts),
                "ends_at": _instant(event.ends),
                "starts_local": wall_time(event.starts),
                "ends_local": wall_time(event.ends),
                "time_zone": event.time_zone,
                "transparency": str(event.transparency),
                "status": str(event.status),
                "cdo": str(event.cdo),
                "rrule": event.rrule,
            }
        )
        attendees += [
            {"version_key": version_key, "component": component, "address": one.address, "participation": str(one.participation)}
            for one in event.attendees
        ]
    return events, attendees


def attendee(address: str, participation: str) -> Attendee:
    """An attendee as stored."""
    return Attendee(address, Participation(participation))


def load(tx: Transaction, version_keys: Sequence[int], occurrences: Mapping[int, Sequence[Row]]) -> dict[int, ReadResult]:
    """Objects rebuilt from their rows; the instances are those that ``occurrences`` hold."""
    picked = "version_key IN (SELECT unnest(?::INTEGER[]))"
    versions = tx.rows(f"SELECT * FROM _kept.object_version WHERE {picked}", [list(version_keys)])  # noqa: S608  # our own text
    events: dict[int, list[Row]] = defaultdict(list)
    for row in tx.rows(f"SELECT * FROM _kept.event WHERE {picked} ORDER BY version_key, component", [list(version_keys)]):  # noqa: S608
        events[row["version_key"]].append(row)
    invited: dict[tuple[int, int], list[Attendee]] = defaultdict(list)
    for row in tx.rows(f"SELECT * FROM _kept.attendee WHERE {picked}", [list(version_keys)]):  # noqa: S608  # our own text
        invited[row["version_key"], row["component"]].append(attendee(row["address"], row["participation"]))
    return {
        row["version_key"]: _result(row, events[row["version_key"]], invited, occurrences.get(row["version_key"], ())) for row in versions
    }


def _result(
    version: Row, events: Sequence[Row], invited: Mapping[tuple[int, int], list[Attendee]], occurrences: Sequence[Row]
) -> ReadResult:
    instances = _instances(occurrences)
    if version["kind"] == "rejected":
        first = instances[0] if instances else None
        starts, ends = (first.starts, first.ends) if first else (None, None)
        return Rejected(version["rejected_reason"], "", version["uid"], starts, ends)
    read = tuple(_event(row, tuple(invited.get((version["version_key"], row["component"]), ()))) for row in events)
    return Reading(version["uid"] or "", read, instances, version["recurring"], tuple(version["flags"] or ()), version["content_hash"])


def _event(row: Row, attendees: tuple[Attendee, ...]) -> Event:
    timing = Timing(row["timing"])
    starts, ends = (row["starts_at"], row["ends_at"]) if timing is Timing.INSTANT else (row["starts_local"], row["ends_local"])
    return Event(
        recurrence_id=row["recurrence_id"],
        summary=row["summary"],
        timing=timing,
        starts=starts.date() if timing is Timing.DATE else starts,
        ends=ends.date() if timing is Timing.DATE else ends,
        time_zone=row["time_zone"],
        transparency=Transparency(row["transparency"]),
        status=Status(row["status"]),
        cdo=CdoStatus(row["cdo"]),
        attendees=attendees,
        rrule=row["rrule"],
    )


def _instances(rows: Sequence[Row]) -> tuple[Instance, ...]:
    first: dict[int, Row] = {}
    for row in rows:
        first.setdefault(row["instance"], row)
    travel: dict[tuple[int, str | None], list[timedelta]] = defaultdict(list)
    for row in first.values():
        if row["travel"]:
            travel[row["component"], row["recurrence_id"]].append(row["ends_at"] - row["starts_at"])
    result = []
    for row in first.values():
        if not row["travel"]:
            lengths = travel[row["component"], row["recurrence_id"]]
            before = lengths.pop(0) if lengths else timedelta()
            result.append(Instance(row["component"], row["recurrence_id"], _said(row, "starts"), _said(row, "ends"), before))
    return tuple(result)


def _said(row: Row, which: str) -> date | datetime:
    """The time as the event says it: a date, a wall time or an instant."""
    if row["zone"] is None:
        instant: datetime = row[f"{which}_at"]
        return instant
    local: datetime = row[f"{which}_local"]
    return local.date() if row["all_day"] else local


def odd(tx: Transaction, calendar_key: int, most: int) -> frozenset[str]:
    """Hrefs of objects that could not be read, and of those that were odd: at most so many of each, others on each day."""
    rows = tx.rows(_ODD, {"calendar": calendar_key, "day": tx.clock_now.date().isoformat(), "most": most})
    return frozenset(row["href"] for row in rows)
