"""Deciding a pull: which way to ask, what to fetch, what may be removed. Pure; the engine carries it out.

Deletion is the dangerous operation (R13): a removal needs proof, which is an explicit 404 row of a delta, or absence from a listing
that was complete and clean. Where one run would remove more than a fifth and more than ten objects of a calendar, they are held.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from icalsync.core.paths import path_key

RECONCILE_EVERY: Final = timedelta(days=1)
"""Tokens lie (C2): once a day a full listing is compared."""
HOLD_SHARE: Final = 0.2
HOLD_COUNT: Final = 10
HOLD_FOR: Final = timedelta(hours=1)


class Way(StrEnum):
    """How a calendar is asked for what is new."""

    UNCHANGED = "unchanged"
    DELTA = "delta"
    TOKEN_LISTING = "token_listing"  # noqa: S105  # a way of listing, no password
    LISTING = "listing"


@dataclass(frozen=True, slots=True)
class Marks:
    """What a home listing says about a collection's state; equal marks mean an unchanged collection."""

    ctag: str | None
    sync_token: str | None

    @property
    def tells(self) -> bool:
        """Whether there is anything to compare."""
        return self.ctag is not None or self.sync_token is not None


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs from the store: hrefs to fetch (new and changed), and stored hrefs that are gone."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]

    @property
    def fetch(self) -> tuple[str, ...]:
        """New ones first: an event that moved is never absent (C19)."""
        return self.new + self.changed


def choose_way(
    *,
    token: str | None,
    before: Marks,
    listed: Marks,
    reports: frozenset[str] | None,
    reconciled_at: datetime | None,
    now: datetime,
) -> Way:
    """The cheapest way that is safe. Capabilities are what the server says; where it says nothing, sync-collection is tried once."""
    if reports is not None:
        syncs = "sync-collection" in reports
    else:
        syncs = token is not None or listed.sync_token is not None or reconciled_at is None
    due = is_due(reconciled_at, now, RECONCILE_EVERY)
    if not due and listed.tells and listed == before:
        return Way.UNCHANGED
    if token is not None and syncs and not due:
        return Way.DELTA
    return Way.TOKEN_LISTING if syncs else Way.LISTING


def is_due(last: datetime | None, now: datetime, every: timedelta) -> bool:
    """Whether it is time again; what lies in the future was noted by a clock that has been set back since, and its age is unknown."""
    return last is None or not timedelta(0) <= now - last < every


def compare_listing(stored: Mapping[str, str | None], members: Iterable[tuple[str, str | None]]) -> Changes:
    """A full listing against the store, by place and ETag; a missing ETag counts as changed (C6)."""
    by_key = {path_key(href): (href, etag) for href, etag in stored.items()}
    changes = _compare(by_key, members)
    return Changes(changes.new, changes.changed, tuple(href for key, (href, _) in by_key.items() if key not in changes.seen))


def compare_delta(stored: Mapping[str, str | None], members: Iterable[tuple[str, str | None]], removed: Iterable[str]) -> Changes:
    """A delta against the store: a 404 row may name an href that was never seen (icloud.md §3.1), and is then nothing."""
    by_key = {path_key(href): (href, etag) for href, etag in stored.items()}
    changes = _compare(by_key, members)
    gone = {path_key(href) for href in removed} - changes.seen
    return Changes(changes.new, changes.changed, tuple(href for key, (href, _) in by_key.items() if key in gone))


@dataclass(frozen=True, slots=True)
class _Compared:
    new: tuple[str, ...]
    changed: tuple[str, ...]
    seen: frozenset[str]


def _compare(by_key: Mapping[str, tuple[str, str | None]], members: Iterable[tuple[str, str | None]]) -> _Compared:
    new: list[str] = []
    changed: list[str] = []
    seen: set[str] = set()
    for href, etag in members:
        key = path_key(href)
        if key in seen:
            continue
        seen.add(key)
        if key not in by_key:
            new.append(href)
        elif etag is None or by_key[key][1] != etag:
            # the stored spelling stays, so that a place has one row however it is escaped (C14)
            changed.append(by_key[key][0])
    return _Compared(tuple(new), tuple(changed), frozenset(seen))


def is_suspicious(removals: int, stored: int) -> bool:
    """Whether so many removals at once are held for a second proof or a person's word (R13)."""
    return removals > HOLD_COUNT and removals > HOLD_SHARE * stored


@dataclass(frozen=True, slots=True)
class Removals:
    """What may be removed now, and what is held (R13): hrefs."""

    go: tuple[str, ...]
    held: tuple[str, ...]


def judge_removals(
    gone: Iterable[str], *, stored: int, held: Mapping[str, datetime], now: datetime, confirmed: bool = False, complete: bool = True
) -> Removals:
    """Each href that is gone, by its own proof: ``held`` says since when its path key is held, ``stored`` how many objects there are.

    Held an hour and still absent from a ``complete`` listing, it goes; so does what a person ``confirmed``: what is held, or where
    nothing is, what is absent now. The others stay held, and what has newly vanished is judged as at first (R13).
    """
    absent = tuple(gone)
    if confirmed and not held:
        return Removals(absent, ())
    proven = {href for href in absent if _is_proven(held.get(path_key(href)), now, confirmed=confirmed, complete=complete)}
    rest = tuple(href for href in absent if href not in proven)
    suspicious = is_suspicious(len(rest), stored - len(proven))
    waiting = {href for href in rest if suspicious or path_key(href) in held}
    return Removals(tuple(href for href in absent if href not in waiting), tuple(href for href in rest if href in waiting))


def _is_proven(since: datetime | None, now: datetime, *, confirmed: bool, complete: bool) -> bool:
    return since is not None and (confirmed or (complete and now - since >= HOLD_FOR))
