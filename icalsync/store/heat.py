"""Open, busy and unknown time by local hour, for one user or all: the rows of ``busy`` swept by numpy (store.md, speed.md)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from icalsync.core import hours as opening
from icalsync.core.heat import BUFFER, CLAIMS, UNKNOWN_CLAIMS, open_pieces
from icalsync.core.hours import OpeningHours
from icalsync.core.interval import Interval
from icalsync.core.model import Reason
from icalsync.core.slots import AROUND
from icalsync.store import names, sweep
from icalsync.store.asked import User, moment_of, present_of
from icalsync.store.database import Database
from icalsync.store.sweep import Numbers, Spans
from icalsync.store.transaction import FOREVER, Row, Transaction

_MICROSECOND: Final = timedelta(microseconds=1)
_PER_MINUTE: Final = 60_000_000
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
    claim: NDArray[np.integer[Any]]
    """Rank of each row's reason among those that claim time."""
    groups: tuple[Group, ...] = field(default=())

    def minutes(self) -> Minutes:
        """Open, busy and unknown minutes, summed over the users; each moment of a user counts once, as busy before unknown."""
        opened = sum((_open(group, self.cells) for group in self.groups), np.zeros(self.cells))
        unsure = self.claim >= _FIRST_UNKNOWN
        rows = self.rows.clipped(self._length)
        if not unsure.any():
            busy = self._measured(rows)
            return Minutes(self.first, opened / _PER_MINUTE, busy / _PER_MINUTE, np.zeros(self.cells))
        busy = self._measured(self.rows.picked(~unsure).clipped(self._length))
        unknown = self._measured(rows) - busy
        return Minutes(self.first, opened / _PER_MINUTE, busy / _PER_MINUTE, unknown / _PER_MINUTE)

    def lost(self) -> dict[str, float]:
        """Cause → open minutes it takes that no cause before it takes; those that take none are left out."""
        found: dict[str, float] = {}
        taken = self.rows.picked(self.claim < 0)
        before = 0.0
        for reason, rank in CLAIM.items():
            more = self.rows.picked(self.claim == rank).clipped(self._length)
            if len(more.user):
                taken = sweep.merged(taken.with_(more), self._length)
                found[reason.value] = float(self._measured(taken).sum()) / _PER_MINUTE - before
                before += found[reason.value]
        found[BUFFER] = float(self._measured(self._padded()).sum()) / _PER_MINUTE - before
        return {cause: minutes for cause, minutes in found.items() if minutes > 0}

    @property
    def _length(self) -> int:
        """Of the window, in microseconds."""
        return self.window.length // _MICROSECOND

    def _padded(self) -> Spans:
        """Where no slot may reach, however short: the rows with their users' buffers around."""
        earlier, later = np.zeros(len(self.rows.user), np.int64), np.zeros(len(self.rows.user), np.int64)
        for group in self.groups:
            theirs = group.users[self.rows.user]
            earlier[theirs], later[theirs] = group.hours.buffer_after // _MICROSECOND, group.hours.buffer_before // _MICROSECOND
        return Spans(self.rows.user, self.rows.start - earlier, self.rows.end + later).clipped(self._length)

    def _measured(self, spans: Spans) -> NDArray[np.float64]:
        """What the spans take of the open time, by cell, each moment of a user once."""
        merged, total = sweep.merged(spans, self._length), np.zeros(self.cells)
        for group, theirs in zip(self.groups, self._by_group(merged), strict=True):
            shared = sweep.overlap(theirs, group.start, group.end)
            total += np.bincount(group.cell, weights=shared, minlength=self.cells)
        return total

    def _by_group(self, spans: Spans) -> Iterator[Spans]:
        """The spans of each group's users."""
        if len(self.groups) == 1:
            yield spans
            return
        place = np.zeros(max((len(group.users) for group in self.groups), default=0), np.int32)
        for number, group in enumerate(self.groups):
            place[group.users] = number
        of = place[spans.user]
        order = np.argsort(of, kind="stable")
        bounds = np.searchsorted(of[order], np.arange(len(self.groups) + 1))
        for low, high in pairwise(bounds):
            which = order[low:high]
            yield Spans(spans.user[which], spans.start[which], spans.end[which])


def _open(group: Group, cells: int) -> NDArray[np.float64]:
    one = np.bincount(group.cell, weights=group.end - group.start, minlength=cells)
    return one.astype(np.float64) * int(group.users.sum())


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """Time that is taken, each moment of a user once, by user and start; users by their place among those asked about."""

    user: NDArray[np.integer[Any]]
    start: NDArray[np.datetime64]
    """UTC, in microseconds; so is ``end``."""
    end: NDArray[np.datetime64]
    unknown: NDArray[np.int8]
    """1 where only what is not known takes the time, else 0."""


class Heat:
    """Reads what heat maps and merged busy time are made of."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def load(self, users: Sequence[User] | None, window: Interval, known_at: datetime | None = None) -> Load:
        """Everything over ``window`` for some users (None: all), now or as known at ``known_at``. ``UnknownUser``, ``BeforeRetention``."""
        with self._db.read() as tx:
            keys = None if users is None else [int(found["user_key"]) for found in names.users(tx, users)]
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

    def taken(self, users: Sequence[User], window: Interval, known_at: datetime | None = None) -> Taken:
        """What is taken of ``window``, now or as known at ``known_at``. ``UnknownUser``, ``BeforeRetention``."""
        with self._db.read() as tx:
            keys = [int(found["user_key"]) for found in names.users(tx, users)]
            columns = _busy(tx, keys, window, known_at)
        length = window.length // _MICROSECOND
        number = np.zeros(max(keys, default=0) + 1, np.int64)
        number[keys] = np.arange(len(keys))
        rows = Spans(number[columns["user_key"]], columns["starts"], columns["ends"])
        unsure = columns["claim"] >= _FIRST_UNKNOWN
        if not unsure.any():
            return _taken(sweep.merged(rows.clipped(length), length), None, window)
        busy = sweep.merged(rows.picked(~unsure).clipped(length), length)
        return _taken(busy, sweep.without(sweep.merged(rows.picked(unsure).clipped(length), length), busy, length), window)


def _taken(busy: Spans, unknown: Spans | None, window: Interval) -> Taken:
    spans, unsure = busy, np.zeros(len(busy.user), np.int8)
    if unknown is not None:
        spans, unsure = busy.with_(unknown), np.concatenate((unsure, np.ones(len(unknown.user), np.int8)))
        order = np.lexsort((spans.start, spans.user))
        spans, unsure = Spans(spans.user[order], spans.start[order], spans.end[order]), unsure[order]
    begun = np.datetime64(window.start.astimezone(UTC).replace(tzinfo=None), "us")
    start, end = (begun + moments.astype("timedelta64[us]") for moments in (spans.start, spans.end))
    return Taken(spans.user, start, end, unsure)


def _busy(tx: Transaction, keys: Sequence[int] | None, window: Interval, known_at: datetime | None) -> dict[str, Any]:
    whom = "" if keys is None else f"user_key IN ({', '.join(map(str, keys)) or 'NULL'}) AND "
    claim = " ".join(f"WHEN '{reason}' THEN {rank}" for reason, rank in CLAIM.items())
    return tx.arrays(
        f"SELECT user_key, epoch_us(starts_at) - epoch_us($start::TIMESTAMPTZ) AS starts, "  # noqa: S608  # our keys and codes
        f"epoch_us(ends_at) - epoch_us($start::TIMESTAMPTZ) AS ends, (CASE reason {claim} ELSE {CLAIM[Reason.BUSY]} END)::TINYINT AS claim "
        f"FROM _kept.taken_rows($moment, $present) WHERE {whom} starts_at < $last AND ends_at > $first",
        {
            "moment": moment_of(tx, known_at),
            "present": present_of(tx, known_at),
            "start": window.start,
            "first": window.start - AROUND,
            "last": window.end + AROUND,
        },
    )


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
