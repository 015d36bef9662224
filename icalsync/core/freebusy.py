"""Busy time as iCalendar VFREEBUSY (RFC 5545 §3.6.4): no titles, no places, no people; only when, and how busy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from icalsync.core.interval import Interval, merged, without
from icalsync.core.model import Busyness
from icalsync.core.slots import BusyRow

FBTYPES: Final = (
    (Busyness.BUSY, "BUSY"),
    (Busyness.BUSY_UNAVAILABLE, "BUSY-UNAVAILABLE"),
    (Busyness.UNKNOWN, "BUSY-UNAVAILABLE"),
    (Busyness.BUSY_TENTATIVE, "BUSY-TENTATIVE"),
)
"""RFC 5545 §3.2.9, the strongest first: each moment is told once. Time that is not known is told as BUSY-UNAVAILABLE, with a COMMENT that
says so: it must never read as free (R12), and a type of our own would be read as certainly busy (§3.2.9 says so of what is not known)."""
_MOST_OCTETS: Final = 75


def free_busy(busy: Iterable[BusyRow], window: Interval, *, name: str, made_at: datetime, remark: str) -> bytes:
    """One VCALENDAR with one VFREEBUSY over ``window``; ``name`` tells whose it is apart, and is not shown.

    Periods are in UTC, within the window, in order, and do not overlap. ``remark`` is the COMMENT where something is not known.
    """
    rows = tuple(busy)
    periods = list(_periods(rows, window))
    told = [("COMMENT", _text(remark))] if any(row.busyness is Busyness.UNKNOWN and row.interval.overlaps(window) for row in rows) else []
    lines = [
        ("BEGIN", "VCALENDAR"),
        ("VERSION", "2.0"),
        ("PRODID", "-//icalsync//icalsync//EN"),
        ("BEGIN", "VFREEBUSY"),
        ("UID", _uid(name, window)),
        ("DTSTAMP", _stamp(made_at)),
        ("DTSTART", _stamp(window.start)),
        ("DTEND", _stamp(window.end)),
        *told,
        *((f"FREEBUSY;FBTYPE={kind}", f"{_stamp(each.start)}/{_stamp(each.end)}") for each, kind in periods),
        ("END", "VFREEBUSY"),
        ("END", "VCALENDAR"),
    ]
    return b"".join(_folded(f"{key}:{value}") for key, value in lines)


def _periods(rows: Iterable[BusyRow], window: Interval) -> Iterator[tuple[Interval, str]]:
    told: list[Interval] = []
    found: list[tuple[Interval, str]] = []
    kept = tuple(rows)
    for busyness, kind in FBTYPES:
        mine = merged(part for row in kept if row.busyness is busyness and (part := row.interval.clip(window)) is not None)
        left = without(mine, told)
        found += [(_whole(each), kind) for each in left]
        told = merged([*told, *left])
    yield from sorted(found)


def _whole(interval: Interval) -> Interval:
    """In whole seconds, as iCalendar writes them, and never shorter than it is."""
    start, end = interval.start.replace(microsecond=0), interval.end
    return Interval(start, end if not end.microsecond else datetime.fromtimestamp(int(end.timestamp()) + 1, UTC))


def _uid(name: str, window: Interval) -> str:
    """The same for the same question, and nobody's name in it."""
    return hashlib.sha256(f"{name}|{_stamp(window.start)}|{_stamp(window.end)}".encode()).hexdigest()[:32] + "@icalsync"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(value: str) -> str:
    """RFC 5545 §3.3.11; a line break in it must not begin a property."""
    plain = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\r\n", "\n").replace("\r", "\n")
    return plain.replace("\n", "\\n")


def _folded(line: str) -> bytes:
    """RFC 5545 §3.1: at most 75 octets a line, cut between characters."""
    octets, result = 0, bytearray()
    for character in line:
        encoded = character.encode()
        if octets + len(encoded) > _MOST_OCTETS:
            result += b"\r\n "
            octets = 1
        result += encoded
        octets += len(encoded)
    return bytes(result) + b"\r\n"
