"""What an explanation needs of the database, read in one transaction: everything that touches a stretch of a user's time (R15, R16).

What blocks is what ``_kept.busy_rows`` says, the rows that slots are made from; the rest of what touches the time are near misses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from icalsync.core.evidence import NOT_CHOSEN, OWN_COPY, Arrival, Saying, Source, Touch
from icalsync.core.interval import Interval
from icalsync.core.model import Busyness, CdoStatus, Facts, Participation, Policy, Reason, Status, Transparency, Verdict
from icalsync.errors import AppointmentUnknown
from icalsync.store import explaining_sql as sql
from icalsync.store import findings, names, near_misses, touches
from icalsync.store.audit import audit
from icalsync.store.database import Database
from icalsync.store.near_misses import Asked, Excluding
from icalsync.store.transaction import Row, Transaction

_MOST_RAW: Final = 2_000_000
"""Bytes of an object whose lines are still quoted."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What touches the slot or its buffers, every calendar of the user's accounts, and the texts to quote from."""

    touches: tuple[Touch, ...]
    calendars: tuple[Source, ...]
    raws: dict[int, tuple[bytes, frozenset[str]]]
    """By version: the object's bytes, and the own addresses it is read with."""
    excluding: tuple[Excluding, ...]


def gather(
    tx: Transaction, who: tuple[str, str], zone: str, slot: Interval, padded: Interval, known_at: datetime | None, present: datetime
) -> Gathered:
    """Everything about the slot of a user (sub-account, user id), as known at ``known_at``, or now. ``UnknownUser``."""
    asked = Asked(names.user(tx, *who), zone, slot, padded, known_at, present)
    calendars = {row["calendar_id"]: row for row in asked.rows(tx, sql.CALENDARS)}
    sources = {calendar_id: _source(row) for calendar_id, row in calendars.items()}
    events = asked.rows(tx, sql.EVENTS)
    own = {row["version_key"]: frozenset(row["own_addresses"]) for row in events}
    invited = _invited(tx, own)
    detailed = [_touch(row, sources, own, invited) for row in events]
    blocking, left = _matched(tx, asked.rows(tx, sql.BUSY), detailed, sources, asked)
    found = [*blocking, *left]
    found += near_misses.cancelled(tx, asked) + near_misses.moved(tx, asked, sources, found) + near_misses.others(tx, asked)
    excluding = near_misses.excluding(tx, asked, sources)
    arrivals = _arrivals(tx, [*found, *(one.like for one in excluding)], calendars)
    found = [_arrived(one, arrivals) for one in found]
    excluding = tuple(replace(one, like=_arrived(one.like, arrivals)) for one in excluding)
    keys = [one.version for one in found if one.version is not None and one.saying.rejected is None]
    return Gathered(tuple(found), tuple(sources.values()), _raws(tx, keys, own), excluding)


def _source(row: Row) -> Source:
    return Source(
        calendar_id=row["calendar_id"],
        calendar=row["display_name"],
        integration_id=row["integration_id"],
        provider=row["provider"],
        blocks=row["blocks"],
        linked=row["linked"],
        not_selectable=row["not_selectable_reason"],
        state=row["state"],
        last_clean_at=row["as_of"],
    )


def _touch(row: Row, sources: dict[str, Source], own: dict[int, frozenset[str]], invited: dict[tuple[int, int], list[str]]) -> Touch:
    mine, drifted = bool(row["own"]), bool(row["own"] and row["drifted"])
    verdict = Verdict(Busyness.BUSY, Reason.DRIFT) if drifted else Verdict(Busyness(row["busyness"]), Reason(row["reason"]))
    addresses = invited.get((row["version_key"], row["component"]), [])
    return touches.of_object(
        row,
        sources,
        row["starts_at"],
        row["ends_at"],
        verdict,
        set_aside=_set_aside(row, mine=mine, drifted=drifted),
        ref=row["appointment_id"] if mine else None,
        facts=_facts(row),
        policy=Policy(row["unanswered"], row["tentative"], row["travel_policy"], row["all_day_policy"]),
        saying=_saying(row, [one for one in addresses if one in own[row["version_key"]]], len(addresses)),
    )


def _set_aside(row: Row, *, mine: bool, drifted: bool) -> str:
    if mine and not drifted:
        return OWN_COPY
    if not row["blocks"]:
        return NOT_CHOSEN
    return str(row["plain_reason"])


def _facts(row: Row) -> Facts:
    return Facts(
        readable=row["readable"],
        transparency=Transparency(row["transparency"]),
        status=Status(row["status"]),
        participation=Participation(row["participation"]),
        cdo=CdoStatus(row["cdo"]),
        all_day=row["all_day"],
        zero_length=row["zero_length"],
        travel=row["travel"],
    )


def _saying(row: Row, own: list[str], attendees: int) -> Saying:
    return Saying(
        title=row["summary"] or "",
        timing=row["timing"] or ("date" if row["all_day"] else "instant"),
        time_zone=row["tzid"],
        rrule=row["rrule"],
        recurring=bool(row["recurring"]),
        changed=row["replaces"] is not None,
        own_address=next(iter(sorted(own)), None),
        attendees=attendees,
        flags=tuple(row["flags"] or ()),
        rejected=row["rejected_reason"],
        foreign=row["foreign"],
    )


def _invited(tx: Transaction, versions: Iterable[int]) -> dict[tuple[int, int], list[str]]:
    result: dict[tuple[int, int], list[str]] = defaultdict(list)
    for row in tx.rows(sql.ATTENDEES, {"versions": list(versions)}):
        result[row["version_key"], row["component"]].append(row["address"])
    return result


def _matched(
    tx: Transaction, rows: Sequence[Row], detailed: Sequence[Touch], sources: dict[str, Source], asked: Asked
) -> tuple[list[Touch], list[Touch]]:
    """The rows that slots are made from, each with what its object says; and what none of them is of: near misses."""
    by_key: dict[tuple[Any, ...], list[Touch]] = defaultdict(list)
    for one in detailed:
        by_key[_key(one)].append(one)
    titles = {row["appointment_id"]: row["title"] for row in asked.rows(tx, sql.APPOINTMENTS)}
    blocking = []
    for row in rows:
        plain = _plain(row, sources, titles)
        like = by_key[_key(plain)]
        blocking.append(replace(like.pop(0), blocks=True, set_aside=None) if like else plain)
    return blocking, [one for rest in by_key.values() for one in rest]


def _plain(row: Row, sources: dict[str, Source], titles: dict[str, str]) -> Touch:
    """A row of what blocks, as it stands."""
    return touches.of_time(
        row,
        row["source"],
        blocks=True,
        source=sources.get(row["calendar_id"]),
        href=row["href"],
        uid=row["uid"],
        recurrence_id=row["recurrence_id"],
        ref=row["ref"],
        saying=Saying(title=titles.get(row["ref"], "") if row["source"] == "appointment" else ""),
    )


def _key(one: Touch) -> tuple[Any, ...]:
    return one.kind, *one.event, one.uid, one.starts_at, one.ends_at, one.verdict


def _arrivals(tx: Transaction, touches: Sequence[Touch], calendars: dict[str, Row]) -> dict[tuple[str, datetime], Arrival]:
    """The runs that committed their versions, where one did."""
    pairs = {
        (calendars[one.source.calendar_id]["calendar_key"], one.known_from)
        for one in touches
        if one.source is not None and one.version is not None and one.source.calendar_id in calendars
    }
    ordered = sorted(pairs, key=repr)
    rows = tx.rows(sql.ARRIVALS, {"calendars": [key for key, _ in ordered], "known": [known for _, known in ordered]})
    return {(row["calendar_id"], row["known_from"]): Arrival(row["run_id"], row["purpose"], row["ended_at"]) for row in rows}


def _arrived(one: Touch, arrivals: dict[tuple[str, datetime], Arrival]) -> Touch:
    if one.source is None or one.known_from is None:
        return one
    return replace(one, arrival=arrivals.get((one.source.calendar_id, one.known_from)))


def _raws(tx: Transaction, versions: Sequence[int | None], own: dict[int, frozenset[str]]) -> dict[int, tuple[bytes, frozenset[str]]]:
    picked = ", ".join(str(int(key)) for key in sorted({key for key in versions if key is not None})) or "NULL"
    rows = tx.rows(f"{sql.RAW} WHERE version_key IN ({picked}) AND octet_length(raw) <= {_MOST_RAW}")
    return {row["version_key"]: (bytes(row["raw"]), own.get(row["version_key"], frozenset())) for row in rows}


def vanished(tx: Transaction, versions: Sequence[int]) -> dict[int, datetime]:
    """When versions ceased to hold, of those that did."""
    return {row["version_key"]: row["known_to"] for row in tx.rows(sql.VANISHED, {"versions": list(versions)})}


def booked(tx: Transaction, appointment_id: str) -> Row:
    """Whose an appointment is, its time, and just when it came to lie there. ``AppointmentUnknown``."""
    row = tx.row(sql.BOOKED, {"appointment": appointment_id})
    if row is None:
        raise AppointmentUnknown(name=appointment_id)
    return row


def finding(tx: Transaction, who: tuple[str, str], finding_id: str) -> Row:
    """When the two things of a double booking of this user meet. ``NotFound``."""
    return findings.finding(tx, who, finding_id)


def log_reveal(db: Database, actor: str, what: str, reason: str, *, sub_account: str) -> None:
    """Who is about to see titles, of what, and why; written before anybody sees them (R18)."""
    with db.write() as tx:
        audit(tx, actor, "REVEAL_EXPLANATION", what, reason, about=[sub_account])
