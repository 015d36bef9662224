"""One visit to an account: its collections, its calendars, and what came of each. One bad calendar never stops the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final

from icalsync.core.backoff import spread
from icalsync.core.interval import Interval
from icalsync.core.paths import path_key
from icalsync.core.pull import RECONCILE_EVERY, Way, is_due
from icalsync.engine.context import Context, Progress
from icalsync.engine.discover import answered, rediscovered
from icalsync.engine.pull import Pull, PullPlan, carry_out, plan_pull
from icalsync.engine.tally import FRESH, Tally
from icalsync.errors import (
    AccessDenied,
    CalendarGone,
    CertificateInvalid,
    IcalsyncError,
    RedirectRefused,
    SecretError,
    ServerBusy,
    ServerUnreachable,
    StoreError,
    SyncRefused,
)
from icalsync.ports import CalendarRun, CalendarServer, CalendarState, Collection, Counts, IntegrationState, Lease, Purpose

_STOPS_THE_RUN = (ServerUnreachable, CertificateInvalid, RedirectRefused, SyncRefused, StoreError, SecretError)
"""What is no single calendar's trouble: the rest of the run would only meet it again."""
_ACCESS = (AccessDenied, CalendarGone)
_LOSSES = {"GONE": CalendarGone.code}
"""Why a calendar cannot be chosen, as the error code of a run where there is one."""
_PARTIAL: Final = frozenset({"REMOVALS_HELD", "UNCLEAN_LISTING", "NOT_DELIVERED"})
_Pulled = tuple[str | None, Callable[[], Counts] | None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a run is asked to do beyond the ordinary. Empty ``calendars`` means all."""

    purpose: Purpose = Purpose.SYNC
    calendars: frozenset[str] = frozenset()
    confirmed: frozenset[str] = frozenset()
    """Calendars whose held removals a person let go (``--confirm-deletions``)."""
    rediscover: bool = False
    attended: bool = True
    """Whether a person waits for the answer: then a rejected password is asked again at once, and told as what it is (H1)."""

    @property
    def ordinary(self) -> bool:
        """Whether any other run over the whole account would do as well."""
        return not (self.calendars or self.confirmed or self.rediscover)


@dataclass(frozen=True, slots=True)
class Visit:
    """One account, opened: everything the steps of a run share."""

    context: Context
    lease: Lease
    state: IntegrationState
    server: CalendarServer
    wish: Wish
    tally: Tally


@dataclass(frozen=True, slots=True)
class _Before:
    """How far a run was when it came to a calendar: what follows is that calendar's, however it ends."""

    requests: int
    bytes: int
    commits: int

    @classmethod
    def of(cls, visit: Visit) -> _Before:
        traffic = visit.server.traffic
        return cls(traffic.requests, traffic.bytes, len(visit.tally.committed))

    def run(self, visit: Visit, calendar: CalendarState, code: str | None) -> CalendarRun:
        """The calendar's row, with what was asked and committed since, also where trouble broke it off."""
        traffic = visit.server.traffic
        return CalendarRun(
            calendar_id=calendar.calendar_id,
            requests=traffic.requests - self.requests,
            bytes=traffic.bytes - self.bytes,
            counts=sum(visit.tally.committed[self.commits :], Counts()),
            outcome="ok" if code is None else "partial" if code in _PARTIAL else "failed",
            error_code=code,
        )


def pull_all(visit: Visit) -> None:
    """Every calendar that is wanted, one after the other; what comes of each is in the tally. Removals of all come last (C19)."""
    state, collections = answered(visit)
    listed = {path_key(c.href): c for c in collections}
    visit.tally.calendars += lost(state, visit.wish)
    wanted = wanted_calendars(visit.context, state, visit.wish)
    try:
        for number, calendar in enumerate(wanted):
            visit.context.report(Progress(state.integration_id, None, number, len(wanted)))
            _one_but_removals(visit, calendar, listed, state.window)
        visit.context.report(Progress(state.integration_id, None, len(wanted), len(wanted)))
        if visit.tally.gone:
            after_rediscovery(visit)
    except IcalsyncError as error:
        _stay(visit.tally, error)
        raise
    _let_go(visit.tally)


def _let_go(tally: Tally) -> None:
    """What is gone from one calendar goes now that the others have told what is new: an event that moved is never absent (C19)."""
    leaving, tally.leaving = tally.leaving, []
    for run, remove in leaving:
        tally.take(replace(run, counts=run.counts + remove()))


def _stay(tally: Tally, error: IcalsyncError) -> None:
    """A run that breaks off removes nothing any more: where it went may be what could not be asked. The next one sees it again."""
    tally.calendars += [replace(run, outcome="partial", error_code=error.code) for run, _ in tally.leaving]
    tally.leaving = []


def after_rediscovery(visit: Visit) -> None:
    """Calendars that answered 404 are looked for anew, and pulled where they are found (H6, C11: nothing is believed gone before)."""
    state, collections = rediscovered(visit)
    listed = {path_key(c.href): c for c in collections}
    missed, visit.tally.gone = frozenset(visit.tally.gone), []
    for calendar in state.calendars:
        if calendar.calendar_id not in missed:
            continue
        if calendar.selectable:
            _one_but_removals(visit, calendar, listed, state.window)
        else:
            visit.tally.calendars.append(_loss(calendar))
    _let_go(visit.tally)


def wanted_calendars(context: Context, state: IntegrationState, wish: Wish) -> list[CalendarState]:
    """The calendars to pull: all, or under ``pull = chosen`` what has a role or holds events of ours (R11); a wish narrows it."""
    return [
        calendar
        for calendar in state.calendars
        if calendar.selectable
        and (not wish.calendars or calendar.calendar_id in wish.calendars)
        and (context.pull == "all" or calendar.roles or calendar.holds_ours or calendar.calendar_id in wish.calendars)
    ]


def lost(state: IntegrationState, wish: Wish) -> list[CalendarRun]:
    """Calendars somebody relies on that vanished or can no longer be chosen: not pulled, and never passed over in silence (R12)."""
    return [
        _loss(each)
        for each in state.calendars
        if not each.selectable and each.roles and (not wish.calendars or each.calendar_id in wish.calendars)
    ]


def _loss(each: CalendarState) -> CalendarRun:
    code = _LOSSES.get(each.not_selectable_reason or "", each.not_selectable_reason)
    return CalendarRun(each.calendar_id, 0, 0, Counts(), "failed", code)


def listed_row(server: CalendarServer, calendar: CalendarState, listed: Mapping[str, Collection]) -> Collection:
    """The collection's row: from the home listing, or by one look at it where it lies outside the homes (design.md §7)."""
    found = listed.get(path_key(calendar.href))
    if found is not None:
        return found
    if calendar.in_home:
        raise CalendarGone(path=calendar.href, host="")
    return server.look_at(calendar.href)


def one_calendar(visit: Visit, calendar: CalendarState, listed: Mapping[str, Collection], window: Interval) -> None:
    """Pull one calendar and put it into the tally; its trouble stays its own unless it is everybody's."""
    _one_but_removals(visit, calendar, listed, window)
    _let_go(visit.tally)


def _one_but_removals(visit: Visit, calendar: CalendarState, listed: Mapping[str, Collection], window: Interval) -> None:
    """The same, with what is to be removed left for later (``_let_go``)."""
    tally, before = visit.tally, _Before.of(visit)
    try:
        pulled = _pull(visit, calendar, listed, window)
    except ServerBusy as error:
        pulled = _not_now(visit, calendar, error, before)
    except _STOPS_THE_RUN as error:
        tally.calendars.append(before.run(visit, calendar, error.code))
        raise
    except IcalsyncError as error:
        if isinstance(error, CalendarGone) and not tally.discovered:
            tally.gone.append(calendar.calendar_id)
            return
        pulled = error.code, None
        state = "access_lost" if isinstance(error, _ACCESS) else "failing"
        visit.context.store.mark_calendar(visit.lease, calendar.calendar_id, state, error.code)
    else:
        tally.busy = 0
    if pulled is None:
        tally.fresh.append(calendar.calendar_id)
        return
    code, remove = pulled
    run = before.run(visit, calendar, code)
    if remove is None:
        tally.take(run)
    else:
        tally.leaving.append((run, remove))


def _not_now(visit: Visit, calendar: CalendarState, error: ServerBusy, before: _Before) -> _Pulled:
    """A "not now" for one calendar of an account that answered its listing: its own trouble (H2).

    Unless the next one meets it, too, or the server says how long it wants to be left alone (H15): then it is the account's.
    """
    visit.tally.busy += 1
    if visit.tally.busy > 1 or error.facts.get("retry_after") is not None:
        visit.tally.calendars.append(before.run(visit, calendar, error.code))
        raise error
    return error.code, None


def _pull(visit: Visit, calendar: CalendarState, listed: Mapping[str, Collection], window: Interval) -> _Pulled | None:
    """None for an unchanged calendar; else what kept it from being whole, and how to commit what is to be removed."""
    context, tally = visit.context, visit.tally
    row = listed_row(visit.server, calendar, listed)
    early = context.spread * spread(calendar.calendar_id)
    plan = plan_pull(context, visit.server, calendar, row, confirmed=calendar.calendar_id in visit.wish.confirmed, early=early)
    if plan.way is Way.UNCHANGED:
        return None
    if plan.full and tally.purpose is Purpose.SYNC and _is_daily(visit, calendar, early):
        tally.purpose = Purpose.RECONCILE
    pull = Pull(context, visit.server, visit.lease, calendar, row, window, tally)
    outcome = carry_out(pull, plan)
    code = _shortfall(plan, outcome.undelivered)
    if code not in FRESH:
        context.store.mark_calendar(visit.lease, calendar.calendar_id, "failing", code)
    return code, None if outcome.finish is None else partial(pull.commit, (), outcome.finish)


def _is_daily(visit: Visit, calendar: CalendarState, early: timedelta) -> bool:
    """Whether a listing was the daily reconciliation of a calendar that had been pulled before (design.md §7)."""
    last = calendar.reconciled_at
    return last is not None and is_due(last - early, visit.context.clock.now(), RECONCILE_EVERY)


def _shortfall(plan: PullPlan, undelivered: tuple[str, ...]) -> str | None:
    """What kept a pull from being whole, as a code for ``sync_calendar_runs``."""
    if not plan.clean:
        return "UNCLEAN_LISTING"
    if undelivered:
        return "NOT_DELIVERED"
    return "REMOVALS_HELD" if plan.held else None
