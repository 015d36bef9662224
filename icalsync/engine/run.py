"""One run over one account: lease, pull, record. Trouble with the server is a recorded run, not an exception."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Final
from uuid import uuid4

from icalsync.core.backoff import WELL
from icalsync.core.paths import path_key
from icalsync.engine.context import Context
from icalsync.engine.holding import Held, HeldServer, take
from icalsync.engine.pull import PullPlan, plan_pull
from icalsync.engine.push import PlannedPush, park_all, plan_pushes, push_due
from icalsync.engine.states import asked_until, reason_of, standing_after
from icalsync.engine.tally import Tally
from icalsync.engine.visit import Visit, Wish, listed_row, pull_all, wanted_calendars
from icalsync.errors import (
    AuthenticationRejected,
    HostHeld,
    IcalsyncError,
    SecretFileUnsafe,
    SecretKeyMissing,
    SecretKeyWrong,
    SecretStoreUnavailable,
    StoreError,
    SyncRefused,
)
from icalsync.ports import Beginning, CalendarServer, IntegrationState, Login, Outcome, Purpose, Run

log = logging.getLogger(__name__)

EVERYBODYS: Final = (StoreError, SecretKeyMissing, SecretKeyWrong, SecretFileUnsafe, SecretStoreUnavailable)
"""What is this machine's or this shell's trouble: it is raised, and never written down as the account's state."""
_NOT_THE_ACCOUNTS = (*EVERYBODYS, SyncRefused)

ORDINARY: Final = Wish()

__all__ = ["EVERYBODYS", "ORDINARY", "Wish", "plan_integration", "sync_integration"]


def sync_integration(context: Context, integration_id: str, wish: Wish = ORDINARY, *, since: datetime | None = None) -> Run:
    """Pull one account and record the run.

    Where somebody else holds the account, that is waited for; and a run over the whole account that began after ``since`` (by default:
    after this call) is then taken as the result. Raises ``AnotherSyncIsRunning`` after ``lease_wait`` seconds, ``HostHeld`` while the host
    wants to be left alone, ``SyncStopped``, ``UnknownIntegration``, and the ``StoreError`` tree.
    """
    started = context.clock.now()
    beginning = Beginning(uuid4().hex, wish.purpose, started, whole=not wish.calendars)
    taken = take(context, integration_id, beginning, since=(since or started) if wish.ordinary else None)
    if isinstance(taken, Run) and taken.purpose is Purpose.BOOKING and wish.purpose is not Purpose.BOOKING:
        # somebody asked what is free, and sent nothing: that is not what is wished for here
        taken = take(context, integration_id, beginning, since=None)
    if isinstance(taken, Run):
        log.info("sync run shared", extra={"run_id": taken.run_id, "integration_id": integration_id})
        return taken
    asked, tally = True, Tally(purpose=wish.purpose)
    try:
        run = _held(context, taken, wish, tally)
    except HostHeld:
        asked = False
        raise
    finally:
        context.store.release(taken.lease, asked=asked, so_far=tally.so_far())
    _log_run(run)
    return run


def _held(context: Context, held: Held, wish: Wish, tally: Tally) -> Run:
    """The run itself, under its lease: pull all, push, pull what the push touched, record."""
    lease, beginning = held.lease, held.beginning
    state = context.store.load(lease.integration_id)
    _check_hold(state, wish)
    error: IcalsyncError | None = None
    visit: Visit | None = None
    try:
        with _opened(context, state) as server:
            visit = Visit(context, lease, state, HeldServer(context, lease, server), wish, tally)
            try:
                pull_all(visit)
                push_due(visit)
            finally:
                tally.follow(server.traffic)
    except _NOT_THE_ACCOUNTS:
        raise
    except IcalsyncError as caught:
        error = caught
        if isinstance(caught, AuthenticationRejected):
            park_all(context, lease, caught.code)
    now = context.clock.now()
    before = WELL if wish.purpose is Purpose.CONNECT else state.standing  # a person has just shown that the password is good
    standing = standing_after(visit, before, error, now, context.jitter())
    run = Run(
        run_id=beginning.run_id,
        integration_id=lease.integration_id,
        purpose=tally.purpose,
        started_at=beginning.started_at,
        ended_at=now,
        requests=tally.requests,
        bytes=tally.bytes,
        counts=tally.counts,
        pushed=tally.pushed,
        outcome=_outcome(tally, error),
        error_code=_code(tally, error),
        status=standing.status,
        status_reason=reason_of(error, standing),
        calendars=tuple(tally.calendars),
        fresh=tuple(tally.fresh),
        whole=beginning.whole,
        standing=standing,
        held_until=asked_until(error, now),
    )
    context.store.record(lease, run)
    return run


def _check_hold(state: IntegrationState, wish: Wish) -> None:
    """H15: what one account was asked by a host holds for all accounts there. A reconnection has just been answered, and goes on."""
    if state.held_until is not None and wish.purpose is not Purpose.CONNECT:
        until = state.held_until.isoformat(timespec="seconds")
        raise HostHeld(integration_id=state.integration_id, host=state.host, until=until)


def _outcome(tally: Tally, error: IcalsyncError | None) -> Outcome:
    if error is not None:
        return "partial" if tally.fresh else "failed"
    return "partial" if tally.trouble or any(run.outcome != "ok" for run in tally.calendars) else "ok"


def _code(tally: Tally, error: IcalsyncError | None) -> str | None:
    if error is not None:
        return error.code
    troubled = (run.error_code for run in tally.calendars if run.outcome != "ok")
    return next(troubled, tally.trouble[0] if tally.trouble else None)


def _log_run(run: Run) -> None:
    facts = {name: getattr(run, name) for name in ("run_id", "integration_id", "purpose", "outcome", "status", "requests", "bytes")}
    log.info("sync run ended", extra=facts | asdict(run.counts) | {"error_code": run.error_code})


def plan_integration(context: Context, integration_id: str, wish: Wish = ORDINARY) -> tuple[list[PullPlan], list[PlannedPush]]:
    """What a sync would pull and write now: asks the server, changes nothing. Raises what the server raises, and ``HostHeld``."""
    state = context.store.load(integration_id)
    _check_hold(state, wish)
    with _opened(context, state) as server:
        listed = {path_key(c.href): c for c in server.list_homes(state.homes)}
        pulls = [
            plan_pull(context, server, calendar, listed_row(server, calendar, listed), confirmed=calendar.calendar_id in wish.confirmed)
            for calendar in wanted_calendars(context, state, wish)
            if path_key(calendar.href) in listed or not calendar.in_home
        ]
        return pulls, plan_pushes(context, server, integration_id)


@contextmanager
def _opened(context: Context, state: IntegrationState) -> Iterator[CalendarServer]:
    login = Login(state.provider, state.url, state.account, context.secrets.get(state.integration_id))
    with context.door.open(login) as server:
        yield server
