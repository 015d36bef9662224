"""Open, busy and unknown time by local hour, for one user or all: the rows of ``busy`` swept by numpy (store.md, speed.md)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from icalsync.core import hours as opening
from icalsync.core.heat import BUFFER, CLAIMS, UNKNOWN_CLAIMS, open_pieces
from icalsync.core.hours import OpeningHours
from icalsync.core.interval import Interval
from icalsync.core.model import Reason
from icalsync.core.slots import AROUND
from icalsync.store import names
from icalsync.store.asked import User, moment_of, present_of
from icalsync.store.database import Database
from icalsync.store.transaction import FOREVER, Row, Transaction

Numbers = NDArray[np.int64]

_MICROSECOND: Final = timedelta(microseconds=1)
_PER_MINUTE: Final = 60_000_000
_LARGEST: Final = 2**62
CLAIM: Final = {reason: rank for rank, reason in enumerate((*CLAIMS, *UNKNOWN_CLAIMS))}
"""Reason → rank among those that claim time."""
_FIRST_UNKNOWN: Final = len(CLAIMS)
_PEOPLE: Final = """
    SELECT u.user_key, u.sub_account_key, coalesce(v.time_zone, s.time_zone) AS time_zone
    FROM _kept.account_user u
    JOIN _kept.user_version v ON v.user_key = u.user_key AND v.known_from <= $moment AND v.known_to > $moment
    JOIN _kept.sub_account_version s ON s.sub_account_key = u.sub_account_key AND s.known_from <= $moment AND s.known_to > $moment
    WHERE $all OR list_contains($keys::INTEGER[], u.user_key) ORDER BY 1
"""
_HOURS: Final = """
    SELECT user_key, name, value FROM _kept.effective_setting
    WHERE kind = 'hours' AND user_key IS NOT NULL AND known_from <= $moment AND known_to > $moment
        AND ($all OR list_contains($keys::INTEGER[], user_key))
"""


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Stretches of time of numbered users: microseconds after the window's start, half-open."""

    user: Numbers
    start: Numbers
    end: Numbers

    def picked(self, which: NDArray[np.bool_]) -> Spans:
        """Some of them."""
        return Spans(self.user[which], self.start[which], self.end[which])

    def with_(self, other: Spans) -> Spans:
        """These and others."""
        return Spans(*(np.concatenate(pair) for pair in ((self.user, other.user), (self.start, other.start), (self.end, other.end))))


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Users with the same hours in the same zone: their open time in local hours, each with its cell."""

    hours: OpeningHours
    users: NDArray[np.bool_]
    start: Numbers
    end: Numbers
    cell: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class Minutes:
    """Minutes by cell: 24 for each local day from ``first`` on."""

    first: date
    open: NDArray[np.float64]
    busy: NDArray[np.float64]
    unknown: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """What takes the open time of some users over a window, and the answers that are made of it."""

    window: Interval
    first: date
    cells: int
    rows: Spans
    claim: Numbers
    """Rank of each row's reason among those that claim time."""
    groups: tuple[Group, ...] = field(default=())

    def minutes(self) -> Minutes:
        """Open, busy and unknown minutes, summed over the users; each moment of a user counts once, as busy before unknown."""
        opened = sum((_open(group, self.cells) for group in self.groups), np.zeros(self.cells))
        known = self._clipped(self.rows.picked(self.claim < _FIRST_UNKNOWN))
        busy = self._measured(known)
        unknown = self._measured(known.with_(self._clipped(self.rows.picked(self.claim >= _FIRST_UNKNOWN)))) - busy
        return Minutes(self.first, opened / _PER_MINUTE, busy / _PER_MINUTE, unknown / _PER_MINUTE)

    def lost(self) -> dict[str, float]:
        """Cause → open minutes it takes that no cause before it takes; those that take none are left out."""
        found: dict[str, float] = {}
        taken = self._clipped(self.rows.picked(self.claim < 0))
        before = 0.0
        for reason, rank in CLAIM.items():
            more = self._clipped(self.rows.picked(self.claim == rank))
            if len(more.user):
                taken = self._merged(taken.with_(more))
                found[reason.value] = float(self._measured(taken).sum()) / _PER_MINUTE - before
                before += found[reason.value]
        found[BUFFER] = float(self._measured(self._padded()).sum()) / _PER_MINUTE - before
        return {cause: minutes for cause, minutes in found.items() if minutes > 0}

    def _padded(self) -> Spans:
        """Where no slot may reach, however short: the rows with their users' buffers around."""
        earlier, later = np.zeros(len(self.rows.user), np.int64), np.zeros(len(self.rows.user), np.int64)
        for group in self.groups:
            theirs = group.users[self.rows.user]
            earlier[theirs], later[theirs] = group.hours.buffer_after // _MICROSECOND, group.hours.buffer_before // _MICROSECOND
        return self._clipped(Spans(self.rows.user, self.rows.start - earlier, self.rows.end + later))

    def _clipped(self, spans: Spans) -> Spans:
        length = self.window.length // _MICROSECOND
        start, end = np.maximum(spans.start, 0), np.minimum(spans.end, length)
        inside = start < end
        return Spans(spans.user[inside], start[inside], end[inside])

    def _merged(self, spans: Spans) -> Spans:
        """The same time, each moment of a user once."""
        stride = self.window.length // _MICROSECOND + 1
        parts = [_merge(part, stride) for part in _chunks(spans, stride)]
        return Spans(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def _measured(self, spans: Spans) -> NDArray[np.float64]:
        merged = self._merged(spans)
        total = np.zeros(self.cells)
        for group in self.groups:
            theirs = merged if group.users.all() else merged.picked(group.users[merged.user])
            total += _overlap(theirs, group, self.cells)
        return total


def _open(group: Group, cells: int) -> NDArray[np.float64]:
    one = np.bincount(group.cell, weights=group.end - group.start, minlength=cells)
    return one.astype(np.float64) * int(group.users.sum())


def _chunks(spans: Spans, stride: int) -> Iterator[Spans]:
    """Users at a time, so that a user and a moment fit into one number."""
    size = _LARGEST // stride
    most = int(spans.user.max(initial=0))
    if most < size:
        yield spans
        return
    for lowest in range(0, most + 1, size):
        yield spans.picked((spans.user >= lowest) & (spans.user < lowest + size))


def _merge(spans: Spans, stride: int) -> tuple[Numbers, Numbers, Numbers]:
    if not len(spans.user):
        return spans.user, spans.start, spans.end
    lowest = int(spans.user.min())
    base = (spans.user - lowest) * stride
    order = np.argsort(base + spans.start, kind="stable")
    start, reach = (base + spans.start)[order], np.maximum.accumulate((base + spans.end)[order])
    begins = np.flatnonzero(np.concatenate(([True], start[1:] > reach[:-1])))
    ends = np.concatenate((begins[1:] - 1, [len(start) - 1]))
    user, first = np.divmod(start[begins], stride)
    return user + lowest, first, reach[ends] - user * stride


def _overlap(spans: Spans, group: Group, cells: int) -> NDArray[np.float64]:
    """What disjoint spans share with the group's open pieces, by cell."""
    low = np.searchsorted(group.end, spans.start, "right")
    count = np.maximum(np.searchsorted(group.start, spans.end, "left") - low, 0)
    total = int(count.sum())
    piece = np.repeat(low, count) + np.arange(total) - np.repeat(np.cumsum(count) - count, count)
    shared = np.minimum(np.repeat(spans.end, count), group.end[piece]) - np.maximum(np.repeat(spans.start, count), group.start[piece])
    return np.bincount(group.cell[piece], weights=shared, minlength=cells).astype(np.float64)


class Heat:
    """Reads what heat maps are made of."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def load(self, users: Sequence[User] | None, window: Interval, known_at: datetime | None = None) -> Load:
        """Everything over ``window`` for some users (None: all), now or as known at ``known_at``. ``UnknownUser``, ``BeforeRetention``."""
        with self._db.read() as tx:
            keys = None if users is None else [int(names.user(tx, *user)["user_key"]) for user in users]
            asked = {"moment": known_at or FOREVER, "all": keys is None, "keys": keys or []}
            moment_of(tx, known_at)
            people = tx.rows(_PEOPLE, asked)
            texts: dict[int, dict[str, str | None]] = defaultdict(dict)
            for row in tx.rows(_HOURS, asked):
                texts[row["user_key"]][row["name"]] = row["value"]
            columns = _busy(tx, keys, window, known_at)
        first = (window.start - timedelta(days=1)).date()
        days = ((window.end + timedelta(days=1)).date() - first).days + 1
        number = np.full(max((row["user_key"] for row in people), default=0) + 1, -1, np.int64)
        number[[row["user_key"] for row in people]] = np.arange(len(people))
        rows = Spans(number[columns["user_key"]], columns["starts"], columns["ends"])
        return Load(window, first, days * 24, rows, columns["claim"], tuple(_groups(people, texts, window, first)))


def _busy(tx: Transaction, keys: Sequence[int] | None, window: Interval, known_at: datetime | None) -> dict[str, Numbers]:
    whom = "" if keys is None else f"user_key IN ({', '.join(map(str, keys)) or 'NULL'}) AND "
    claim = " ".join(f"WHEN '{reason}' THEN {rank}" for reason, rank in CLAIM.items())
    frame = tx.frame(
        f"SELECT user_key::BIGINT AS user_key, epoch_us(starts_at) - epoch_us($start::TIMESTAMPTZ) AS starts, "  # noqa: S608  # our keys and codes
        f"epoch_us(ends_at) - epoch_us($start::TIMESTAMPTZ) AS ends, (CASE reason {claim} ELSE {CLAIM[Reason.BUSY]} END)::BIGINT AS claim "
        f"FROM _kept.busy_rows($moment, $present) WHERE {whom} starts_at < $last AND ends_at > $first",
        {
            "moment": moment_of(tx, known_at),
            "present": present_of(tx, known_at),
            "start": window.start,
            "first": window.start - AROUND,
            "last": window.end + AROUND,
        },
    )
    return {name: frame[name].to_numpy("int64") for name in frame.columns}


def _groups(people: Sequence[Row], texts: dict[int, dict[str, str | None]], window: Interval, first: date) -> Iterator[Group]:
    alike: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for place, row in enumerate(people):
        alike[row["time_zone"], *(texts[row["user_key"]].get(name) for name in opening.FIELDS)].append(place)
    for (zone, *values), places in alike.items():
        hours = opening.parse(dict(zip(opening.FIELDS, values, strict=True)))
        users = np.zeros(len(people), np.bool_)
        users[places] = True
        yield group_of(hours, zone, users, window, first)


def group_of(hours: OpeningHours, zone: str, users: NDArray[np.bool_], window: Interval, first: date) -> Group:
    """Users with the same hours in the same zone, with their open time cut into local hours."""
    pieces = list(open_pieces(hours, zone, window))
    return Group(
        hours,
        users,
        np.array([(piece.interval.start - window.start) // _MICROSECOND for piece in pieces], np.int64),
        np.array([(piece.interval.end - window.start) // _MICROSECOND for piece in pieces], np.int64),
        np.array([(piece.day - first).days * 24 + piece.hour for piece in pieces], np.int64),
    )
