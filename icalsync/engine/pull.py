"""Pulling one calendar: ask what differs, fetch it, commit it, and the token last (C29)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from icalsync.core.interval import Interval
from icalsync.core.pull import RECONCILE_EVERY, Changes, Marks, Way, choose_way, compare_delta, compare_listing, is_due, judge_removals
from icalsync.engine.context import Context, Progress
from icalsync.engine.tally import Tally
from icalsync.errors import SyncTokenInvalid, Unsupported
from icalsync.ports import (
    CalendarServer,
    CalendarState,
    Collection,
    Counts,
    Finish,
    FullListing,
    Lease,
    ObjectWrite,
    PullBatch,
)

SETTLED_AFTER: Final = timedelta(seconds=2)
"""A ctag may be a time in whole seconds: one that was seen so soon after a change may stand for the next change, too."""

ODD_AT_MOST: Final = 50
"""Objects fetched again daily under the same ETag: so many that could not be read, and so many that were odd."""


@dataclass(frozen=True, slots=True)
class PullPlan:
    """What pulling one calendar would do: shown by ``sync --plan``, carried out by ``carry_out``."""

    calendar_id: str
    way: Way
    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removals: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    """Removals that wait for a second proof (R13)."""
    sync_token: str | None = None
    clean: bool = True
    """False where the answer was not whole: then the old token stays and nothing is removed."""

    @property
    def full(self) -> bool:
        """Whether a full listing was compared."""
        return self.way in {Way.LISTING, Way.TOKEN_LISTING}


@dataclass(frozen=True, slots=True)
class PullOutcome:
    """How carrying out a plan ended. ``undelivered`` hrefs are listed but could not be fetched: unknown, not gone (C25)."""

    undelivered: tuple[str, ...] = ()
    finish: Finish | None = None
    """Removals, and the token with them, that are still to be committed: once the account's other calendars told what is new (C19)."""


def plan_pull(
    context: Context,
    server: CalendarServer,
    calendar: CalendarState,
    listed: Collection,
    *,
    confirmed: bool = False,
    early: timedelta = timedelta(),
) -> PullPlan:
    """Ask the server what differs from the store.

    ``confirmed``: a person let held removals go; ``early``: so much before its time the daily listing is compared.
    """
    reconciled_at, now = None if calendar.reconciled_at is None else calendar.reconciled_at - early, context.clock.now()
    way = choose_way(
        token=calendar.sync_token,
        before=Marks(calendar.listed_ctag, calendar.listed_token),
        listed=Marks(listed.ctag, listed.sync_token),
        reports=listed.reports if listed.reports is not None else calendar.reports,
        reconciled_at=reconciled_at,
        now=now,
    )
    if way is Way.UNCHANGED and not confirmed and calendar.state == "ok":
        return PullPlan(calendar.calendar_id, way)
    stored = context.store.etags(calendar.calendar_id)
    if way is Way.DELTA and calendar.sync_token is not None:
        plan = _delta(server, calendar, calendar.sync_token, stored)
        if plan is not None:
            return _judged(plan, calendar, len(stored), context.clock.now(), confirmed=confirmed)
        way = Way.TOKEN_LISTING
    if is_due(reconciled_at, now, RECONCILE_EVERY):
        stored = _without_odd(context, calendar, stored)
    plan = _listing(server, calendar, way, stored)
    return _judged(plan, calendar, len(stored), context.clock.now(), confirmed=confirmed)


def _without_odd(context: Context, calendar: CalendarState, stored: Mapping[str, str | None]) -> Mapping[str, str | None]:
    """The stored ETags as if those of odd objects were not known: a server may have mended them and told the old ETag (C4)."""
    odd = context.store.odd(calendar.calendar_id, ODD_AT_MOST) if stored else frozenset()
    return {href: None if href in odd else etag for href, etag in stored.items()}


def _delta(server: CalendarServer, calendar: CalendarState, token: str, stored: Mapping[str, str | None]) -> PullPlan | None:
    try:
        delta = server.changes_since(calendar.href, token)
    except (SyncTokenInvalid, Unsupported):
        # H4, H8, C1: not a failure but a reason to list in full; the listing then proves what is gone
        return None
    changes = compare_delta(stored, ((member.href, member.etag) for member in delta.changed), delta.removed)
    return _plan(calendar, Way.DELTA, changes, delta.sync_token, clean=delta.clean)


def _listing(server: CalendarServer, calendar: CalendarState, way: Way, stored: Mapping[str, str | None]) -> PullPlan:
    listing: FullListing | None = None
    if way is Way.TOKEN_LISTING:
        try:
            listing = server.list_with_token(calendar.href)
        except (SyncTokenInvalid, Unsupported):
            # H8: sync-collection is an offer, not a duty; the etag listing is what every server has
            way = Way.LISTING
    if listing is None:
        # the token was told before the listing: what changes in between is seen again, never missed
        listing = replace(server.list_members(calendar.href), sync_token=None)
        way = Way.LISTING
    changes = compare_listing(stored, ((member.href, member.etag) for member in listing.members))
    return _plan(calendar, way, changes, listing.sync_token, clean=listing.clean)


def _plan(calendar: CalendarState, way: Way, changes: Changes, token: str | None, *, clean: bool) -> PullPlan:
    removals = changes.gone if clean else ()
    return PullPlan(calendar.calendar_id, way, changes.new, changes.changed, removals, (), token, clean)


def _judged(plan: PullPlan, calendar: CalendarState, stored: int, now: datetime, *, confirmed: bool) -> PullPlan:
    """The plan with its removals divided into those that go now and those that are held (R13)."""
    judged = judge_removals(plan.removals, stored=stored, held=calendar.held, now=now, confirmed=confirmed, complete=plan.full)
    return replace(plan, removals=judged.go, held=judged.held)


@dataclass(frozen=True, slots=True)
class Pull:
    """What carrying out a plan works with."""

    context: Context
    server: CalendarServer
    lease: Lease
    calendar: CalendarState
    listed: Collection
    window: Interval
    tally: Tally

    def commit(self, writes: tuple[ObjectWrite, ...], finish: Finish | None) -> Counts:
        """One transaction; thrown away where lease or starting token moved. It is in the run's tally."""
        self.tally.follow(self.server.traffic)
        batch = PullBatch(self.calendar.calendar_id, self.calendar.sync_token, writes, self.window, finish, self.tally.so_far())
        counts = self.context.store.commit(self.lease, batch)
        self.tally.committed.append(counts)
        return counts


def carry_out(pull: Pull, plan: PullPlan) -> PullOutcome:
    """Fetch and commit, batch by batch; the token goes with the last rows, and only if everything was delivered.

    Where something is to be removed, that and the token are left to be committed last of all: an event that moved is never absent (C19).
    """
    undelivered = list[str]()
    pending: tuple[ObjectWrite, ...] = ()
    hrefs = plan.new + plan.changed
    multiget = pull.listed.reports is None or "calendar-multiget" in pull.listed.reports
    for start in range(0, len(hrefs), pull.context.batch):
        if pending:
            pull.commit(pending, None)
        fetched = pull.server.fetch(pull.calendar.href, hrefs[start : start + pull.context.batch], multiget=multiget)
        pending = tuple(ObjectWrite(o.href, o.etag, o.raw, pull.context.reader.read(o.raw, pull.window)) for o in fetched.objects)
        undelivered += fetched.missing
        done = min(start + pull.context.batch, len(hrefs))
        pull.context.report(Progress(pull.lease.integration_id, pull.calendar.display_name, done, len(hrefs)))
    finish = _finish(plan, pull) if plan.clean and not undelivered else None
    last = None if finish is None or finish.removals else finish
    if pending or last is not None:
        pull.commit(pending, last)
    return PullOutcome(tuple(undelivered), finish if last is None else None)


def _finish(plan: PullPlan, pull: Pull) -> Finish:
    # with held removals neither token nor marks are kept: the next run lists in full again and can confirm them (R13)
    kept = not plan.held
    listed = pull.listed if kept and _tells_changes(plan, pull) else None
    return Finish(
        sync_token=plan.sync_token if kept else None,
        listed_ctag=listed.ctag if listed else None,
        listed_token=listed.sync_token if listed else None,
        removals=plan.removals,
        held=plan.held,
        full=plan.full,
    )


def _tells_changes(plan: PullPlan, pull: Pull) -> bool:
    """Whether what the listing told of the collection can be trusted to differ after the next change.

    A sync token can. A ctag alone may be the second of the last change, and the next change may fall into the same second: it is kept
    only once a pull found nothing new, and the one before lies some seconds back.
    """
    if pull.listed.sync_token is not None:
        return True
    before, now = pull.calendar.pulled_at, pull.context.clock.now()
    unchanged = not (plan.new or plan.changed or plan.removals)
    return unchanged and before is not None and not timedelta(0) <= now - before < SETTLED_AFTER
