"""One run over one integration: lease, listing, calendars, record. One bad calendar never stops the others."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Final
from uuid import uuid4

from icalsync.core.collections import Description, describe
from icalsync.core.interval import Interval
from icalsync.core.paths import path_key
from icalsync.core.providers import PROVIDERS
from icalsync.core.pull import Way, is_due
from icalsync.engine.context import Context, Progress
from icalsync.engine.pull import Pull, PullPlan, carry_out, plan_pull
from icalsync.errors import (
    AccessDenied,
    AnotherSyncIsRunning,
    AuthenticationRejected,
    CalendarGone,
    CertificateInvalid,
    IcalsyncError,
    LeaseLost,
    RedirectRefused,
    SecretError,
    SecretFileUnsafe,
    SecretKeyMissing,
    SecretKeyWrong,
    SecretStoreUnavailable,
    ServerBusy,
    ServerUnreachable,
    StoreError,
)
from icalsync.ports import (
    CalendarRun,
    CalendarServer,
    CalendarState,
    Collection,
    Counts,
    IntegrationState,
    Lease,
    Login,
    Outcome,
    Purpose,
    Run,
)

log = logging.getLogger(__name__)

_STOPS_THE_RUN = (ServerUnreachable, CertificateInvalid, RedirectRefused, LeaseLost, StoreError, SecretError)
"""What is no single calendar's trouble: the rest of the run would only meet it again."""
_ACCESS = (AccessDenied, CalendarGone)
_LOSSES = {"GONE": CalendarGone.code}
"""Why a calendar cannot be chosen, as the error code of a run where there is one."""
EVERYBODYS: Final = (StoreError, SecretKeyMissing, SecretKeyWrong, SecretFileUnsafe, SecretStoreUnavailable)
"""What is this machine's or this shell's trouble: it is raised, and never written down as the account's state."""
_NOT_THE_ACCOUNTS = (*EVERYBODYS, LeaseLost)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a run is asked to do beyond the ordinary. Empty ``calendars`` means all."""

    purpose: Purpose = Purpose.SYNC
    calendars: frozenset[str] = frozenset()
    confirmed: frozenset[str] = frozenset()
    """Calendars whose held removals a person let go (``--confirm-deletions``)."""
    rediscover: bool = False


ORDINARY: Final = Wish()


@dataclass(slots=True)
class _Tally:
    """What a run has done so far."""

    calendars: list[CalendarRun] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    purpose: Purpose = Purpose.SYNC
    requests: int = 0
    bytes: int = 0

    @property
    def counts(self) -> Counts:
        return sum((run.counts for run in self.calendars), Counts())


@dataclass(frozen=True, slots=True)
class _Visit:
    """One integration, opened: everything the steps of a run share."""

    context: Context
    lease: Lease
    state: IntegrationState
    server: CalendarServer
    wish: Wish
    tally: _Tally


def sync_integration(context: Context, integration_id: str, wish: Wish = ORDINARY) -> Run:
    """Pull one integration and record the run; trouble with the server is a recorded run, not an exception.

    Raises ``AnotherSyncIsRunning`` after ``lease_wait`` seconds, ``UnknownIntegration``, and the ``StoreError`` tree.
    """
    started = context.clock.now()
    with _leased(context, integration_id) as lease:
        tally = _Tally(purpose=wish.purpose)
        error: IcalsyncError | None = None
        try:
            with _opened(context, integration_id) as (state, server):
                try:
                    _pull_all(_Visit(context, lease, state, server, wish, tally))
                finally:
                    tally.requests, tally.bytes = server.traffic.requests, server.traffic.bytes
        except _NOT_THE_ACCOUNTS:
            raise
        except IcalsyncError as caught:
            error = caught
        run = _run(integration_id, started, context.clock.now(), tally, error)
        context.store.record(lease, run)
    _log_run(run)
    return run


def _log_run(run: Run) -> None:
    facts = {name: getattr(run, name) for name in ("run_id", "integration_id", "purpose", "outcome", "status", "requests", "bytes")}
    log.info("sync run ended", extra=facts | asdict(run.counts) | {"error_code": run.error_code})


def _run(integration_id: str, started: datetime, ended: datetime, tally: _Tally, error: IcalsyncError | None) -> Run:
    troubled = [run for run in tally.calendars if run.outcome != "ok"]
    if error is not None:
        outcome: Outcome = "partial" if tally.fresh else "failed"
    else:
        outcome = "partial" if troubled else "ok"
    return Run(
        run_id=uuid4().hex,
        integration_id=integration_id,
        purpose=tally.purpose,
        started_at=started,
        ended_at=ended,
        requests=tally.requests,
        bytes=tally.bytes,
        counts=tally.counts,
        pushed=0,
        outcome=outcome,
        error_code=error.code if error else next((run.error_code for run in troubled), None),
        status=status_of(error),
        status_reason=error.message if error else None,
        calendars=tuple(tally.calendars),
        fresh=tuple(tally.fresh),
    )


def plan_integration(context: Context, integration_id: str, wish: Wish = ORDINARY) -> list[PullPlan]:
    """What a sync would do now: asks the server, changes nothing here. Raises what the server raises."""
    with _opened(context, integration_id) as (state, server):
        listed = {path_key(c.href): c for c in server.list_homes(state.homes)}
        return [
            plan_pull(context, server, calendar, _listed(server, calendar, listed), confirmed=calendar.calendar_id in wish.confirmed)
            for calendar in _wanted(context, state, wish)
            if path_key(calendar.href) in listed or not calendar.in_home
        ]


@contextmanager
def _leased(context: Context, integration_id: str) -> Iterator[Lease]:
    """The lease, waited for; whoever finds a fresh one lets its holder finish first."""
    deadline = context.clock.monotonic() + context.lease_wait
    while True:
        try:
            lease = context.store.acquire(integration_id, context.holder, context.lease_seconds)
            break
        except AnotherSyncIsRunning:
            if context.clock.monotonic() >= deadline:
                raise
            time.sleep(0.1)
    try:
        yield lease
    finally:
        context.store.release(lease)


@contextmanager
def _opened(context: Context, integration_id: str) -> Iterator[tuple[IntegrationState, CalendarServer]]:
    state = context.store.load(integration_id)
    login = Login(state.provider, state.url, state.account, context.secrets.get(integration_id))
    with context.door.open(login) as server:
        yield state, server


def _pull_all(visit: _Visit) -> None:
    state, collections = _collections(visit)
    listed = {path_key(c.href): c for c in collections}
    visit.tally.calendars += _lost(state, visit.wish)
    wanted = _wanted(visit.context, state, visit.wish)
    for number, calendar in enumerate(wanted):
        visit.context.report(Progress(state.integration_id, None, number, len(wanted)))
        _one_calendar(visit, calendar, listed, state.window)
    visit.context.report(Progress(state.integration_id, None, len(wanted), len(wanted)))


def _collections(visit: _Visit) -> tuple[IntegrationState, tuple[Collection, ...]]:
    """The home listing; discovery where it is due, or where a home is gone (H6, C11: nothing is believed gone before)."""
    context, state = visit.context, visit.state
    due = is_due(state.discovered_at, context.clock.now(), context.discover_every)
    if not (due or visit.wish.rediscover):
        try:
            return _listing(visit)
        except CalendarGone:
            visit.tally.purpose = Purpose.DISCOVERY
        except ServerUnreachable:
            # iCloud's partition hosts rotate, and the old one is gone at once: the canonical host knows the new one (icloud.md §1.1.5)
            if PROVIDERS[state.provider].origin_is_identity:
                raise
    found = visit.server.discover()
    if visit.wish.purpose is Purpose.SYNC:
        visit.tally.purpose = Purpose.DISCOVERY
    context.store.save_discovery(visit.lease, found)
    return context.store.load(state.integration_id), found.collections


def _listing(visit: _Visit) -> tuple[IntegrationState, tuple[Collection, ...]]:
    """One PROPFIND per home; where it describes other calendars than known, that is saved first."""
    collections = visit.server.list_homes(visit.state.homes)
    if not _differ(visit.state, collections):
        return visit.state, collections
    visit.context.store.save_listing(visit.lease, collections)
    return visit.context.store.load(visit.state.integration_id), collections


def _differ(state: IntegrationState, collections: tuple[Collection, ...]) -> bool:
    """Whether a home listing describes other collections than the store knows; homes themselves are no calendars."""
    homes = {path_key(home) for home in state.homes}
    known = {
        Description(path_key(c.href), c.display_name, c.color, c.access, c.not_selectable_reason): True
        for c in state.calendars
        if c.in_home
    }
    told = {description_of(c): True for c in collections if path_key(c.href) not in homes}
    # a calendar that vanished is already known as such
    return any(d not in known for d in told) or any(d not in told and d.not_selectable_reason != "GONE" for d in known)


def description_of(collection: Collection) -> Description:
    """A collection as the store keeps it."""
    return describe(
        collection.href,
        collection.kinds,
        display_name=collection.display_name,
        color=collection.color,
        components=collection.components,
        privileges=collection.privileges,
        has_source=collection.source is not None,
    )


def _wanted(context: Context, state: IntegrationState, wish: Wish) -> list[CalendarState]:
    """The calendars to pull: what can be chosen, or under ``pull = chosen`` what has a role; a wish narrows it."""
    return [
        calendar
        for calendar in state.calendars
        if calendar.selectable
        and (not wish.calendars or calendar.calendar_id in wish.calendars)
        and (context.pull == "all" or calendar.roles or calendar.calendar_id in wish.calendars)
    ]


def _lost(state: IntegrationState, wish: Wish) -> list[CalendarRun]:
    """Calendars somebody relies on that vanished or can no longer be chosen: not pulled, and never passed over in silence (R12)."""
    return [
        CalendarRun(each.calendar_id, 0, 0, Counts(), "failed", _LOSSES.get(each.not_selectable_reason or "", each.not_selectable_reason))
        for each in state.calendars
        if not each.selectable and each.roles and (not wish.calendars or each.calendar_id in wish.calendars)
    ]


def _listed(server: CalendarServer, calendar: CalendarState, listed: Mapping[str, Collection]) -> Collection:
    """The collection's row: from the home listing, or by one look at it where it lies outside the homes (design.md §7)."""
    found = listed.get(path_key(calendar.href))
    if found is not None:
        return found
    if calendar.in_home:
        raise CalendarGone(path=calendar.href, host="")
    return server.look_at(calendar.href)


def _one_calendar(visit: _Visit, calendar: CalendarState, listed: Mapping[str, Collection], window: Interval) -> None:
    """Pull one calendar and put it into the tally; its trouble stays its own unless it is everybody's."""
    traffic, tally = visit.server.traffic, visit.tally
    requests, received = traffic.requests, traffic.bytes
    try:
        pulled = _pull(visit, calendar, listed, window)
    except _STOPS_THE_RUN:
        raise
    except IcalsyncError as error:
        pulled = Counts(), error.code
        state = "access_lost" if isinstance(error, _ACCESS) else "failing"
        visit.context.store.mark_calendar(visit.lease, calendar.calendar_id, state, error.code)
    if pulled is None:
        tally.fresh.append(calendar.calendar_id)
        return
    counts, code = pulled
    if code in _FRESH:
        tally.fresh.append(calendar.calendar_id)
    tally.calendars.append(
        CalendarRun(
            calendar_id=calendar.calendar_id,
            requests=traffic.requests - requests,
            bytes=traffic.bytes - received,
            counts=counts,
            outcome="ok" if code is None else "partial" if code in _PARTIAL else "failed",
            error_code=code,
        )
    )


def _pull(visit: _Visit, calendar: CalendarState, listed: Mapping[str, Collection], window: Interval) -> tuple[Counts, str | None] | None:
    """None for an unchanged calendar; else what came in, and what kept it from being whole."""
    row = _listed(visit.server, calendar, listed)
    plan = plan_pull(visit.context, visit.server, calendar, row, confirmed=calendar.calendar_id in visit.wish.confirmed)
    if plan.way is Way.UNCHANGED:
        return None
    outcome = carry_out(Pull(visit.context, visit.server, visit.lease, calendar, row, window), plan)
    code = _shortfall(plan, outcome.undelivered)
    if code not in _FRESH:
        visit.context.store.mark_calendar(visit.lease, calendar.calendar_id, "failing", code)
    return outcome.counts, code


_FRESH = frozenset({None, "REMOVALS_HELD"})
_PARTIAL = frozenset({"REMOVALS_HELD", "UNCLEAN_LISTING", "NOT_DELIVERED"})


def _shortfall(plan: PullPlan, undelivered: tuple[str, ...]) -> str | None:
    """What kept a pull from being whole, as a code for ``sync_calendar_runs``."""
    if not plan.clean:
        return "UNCLEAN_LISTING"
    if undelivered:
        return "NOT_DELIVERED"
    return "REMOVALS_HELD" if plan.held else None


def status_of(error: IcalsyncError | None) -> str:
    """An integration's state after a run: what stopped it. A calendar's own trouble is that calendar's state, not everybody's (H2)."""
    match error:
        case None:
            return "ok"
        case AuthenticationRejected() | SecretError():
            return "reauthentication_needed"
        case ServerBusy():
            return "throttled"
        case ServerUnreachable():
            return "unreachable"
        case _:
            return "failing"
