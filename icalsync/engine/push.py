"""Sending what is due: one intent after the other, the oldest of each appointment first; a poison row stops nobody else (P16)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from icalsync.core.model import Content
from icalsync.core.paths import path_key
from icalsync.core.push import DeleteIfMatch, PutIfMatch, PutNew, decide
from icalsync.engine.attempt import Attempt, Result, found_in
from icalsync.engine.context import Context
from icalsync.engine.visit import Visit, after_rediscovery, one_calendar
from icalsync.errors import ServerError, ServerUnreachable
from icalsync.ports import CalendarRun, CalendarServer, Lease, Purpose, PushOutcome, PushTask

MOST_UNREACHABLE: Final = 2
"""So many tries in a row without an answer end a push: one slow object is its own trouble, two are the server's."""
MOST_ROUNDS: Final = 8
"""Rounds of asking what is due: an appointment's next intent becomes due when the one before it is done."""
TROUBLE: Final = {"again": "PUSH_WAITING", "parked": "PUSH_PARKED", "failed": "PUSH_FAILED", "diverged": "DRIFT"}
"""What an intent that was not carried out makes of a run: codes for ``sync_runs.error_code``."""


@dataclass(slots=True)
class Pushed:
    """What a push did."""

    count: int = 0
    """Intents carried out, by writing or by finding that it stands so already."""
    touched: set[str] = field(default_factory=set)
    """Calendars something was sent to, or found otherwise than we left it: they are pulled again."""
    trouble: list[str] = field(default_factory=list)
    """Why intents were not carried out, as codes of ``TROUBLE``."""
    stopped: ServerError | None = None
    """What ended the push before everything was tried."""

    def add(self, task: PushTask, result: Result) -> None:
        """Count one try."""
        kind = result.outcome.result
        self.count += kind == "done"
        if kind in TROUBLE:
            self.trouble.append(TROUBLE[kind])
        if result.wrote or kind == "diverged":
            self.touched.add(task.calendar_id)


@dataclass(frozen=True, slots=True)
class PlannedPush:
    """A write that a sync would make now."""

    action: str
    """``create``, ``update`` or ``delete``: what would be sent."""
    calendar_id: str
    appointment_id: str
    href: str


def push_due(visit: Visit) -> None:
    """After a pull: settle what policies settle, send what is due, and pull what that touched; all of it in the run's tally (R11)."""
    if visit.wish.purpose is Purpose.BOOKING:
        return  # somebody waits for an answer about what is free; what is to be written can wait
    context, tally = visit.context, visit.tally
    context.outbox.apply_policies(visit.lease, tuple(tally.fresh))
    pushed = push_all(context, visit.server, visit.lease, visit.state.host)
    tally.pushed += pushed.count
    tally.trouble += pushed.trouble
    if pushed.stopped is not None:
        raise pushed.stopped
    if pushed.touched:
        _pull_again(visit, pushed.touched)


def push_all(context: Context, server: CalendarServer, lease: Lease, host: str) -> Pushed:
    """Try everything that is due at this account, under the run's lease. ``LeaseLost`` and the store's errors are raised.

    Trouble with the server is in the result: the row waits for its next try, is parked, or has failed, and says why.
    """
    pushed, silent = Pushed(), 0
    for task in _due(context, lease.integration_id):
        result = Attempt(context, server, lease, task, host).run()
        if result is None:
            continue
        context.outbox.settle(lease, result.outcome)
        pushed.add(task, result)
        silent = silent + 1 if isinstance(result.error, ServerUnreachable) else 0
        if result.stops or silent >= MOST_UNREACHABLE:
            pushed.stopped = result.error
            break
    return pushed


def _pull_again(visit: Visit, touched: Collection[str]) -> None:
    """Pull the calendars that were written to, so that what stands there now is known, and ours is recognised at once."""
    context, tally, before = visit.context, visit.tally, list(visit.tally.calendars)
    state = context.store.load(visit.state.integration_id)
    listed = {path_key(row.href): row for row in visit.server.list_homes(state.homes)}
    tally.calendars = []
    try:
        for calendar in state.calendars:
            if calendar.calendar_id in touched and calendar.selectable:
                row = listed.get(path_key(calendar.href))
                if row is not None and (row.ctag, row.sync_token) == (calendar.listed_ctag, calendar.listed_token):
                    # the listing does not show the write yet, and would not show it later either (C4)
                    listed[path_key(calendar.href)] = replace(row, ctag=None, sync_token=None)
                one_calendar(visit, calendar, listed, state.window)
        if tally.gone:
            after_rediscovery(visit)
    finally:  # a run that breaks off here still tells what it pulled before
        tally.calendars = _merged(before + tally.calendars)
    tally.fresh = list(dict.fromkeys(tally.fresh))
    context.outbox.apply_policies(visit.lease, tuple(tally.fresh))


def _merged(runs: Sequence[CalendarRun]) -> list[CalendarRun]:
    """One row for each calendar: what came in before and after the push, and how the last pull ended."""
    merged: dict[str, CalendarRun] = {}
    for run in runs:
        first = merged.get(run.calendar_id)
        if first is not None:
            run = replace(run, requests=first.requests + run.requests, bytes=first.bytes + run.bytes, counts=first.counts + run.counts)  # noqa: PLW2901
        merged[run.calendar_id] = run
    return list(merged.values())


def _due(context: Context, integration_id: str) -> Iterator[PushTask]:
    """What is due; each intent once a run, and again only where it goes on in another generation or for a changed appointment."""
    tried: set[tuple[str, int, Content | None]] = set()
    for _ in range(MOST_ROUNDS):
        due = context.outbox.due(integration_id, context.clock.now())
        tasks = [task for task in due if (task.outbox_id, task.generation, task.content) not in tried]
        if not tasks:
            return
        for task in tasks:
            tried.add((task.outbox_id, task.generation, task.content))
            yield task


def park_all(context: Context, lease: Lease, code: str) -> None:
    """Nothing can be sent until a person helps (a changed password): what is due is parked, and tried with the next run that gets in."""
    now = context.clock.now()
    for task in context.outbox.due(lease.integration_id, now):
        context.outbox.settle(lease, PushOutcome(task.outbox_id, "parked", code, next_try_at=now))


def plan_pushes(context: Context, server: CalendarServer, integration_id: str) -> list[PlannedPush]:
    """The writes that a sync would make now; asks the server, sends nothing."""
    planned = []
    now = context.clock.now()
    for task in context.outbox.due(integration_id, now) + context.outbox.following(integration_id, now):
        if not task.writable:
            continue
        match decide(task, found_in(server.read(task.href)), now):
            case PutNew(href=href):
                action = "create"
            case PutIfMatch(href=href):
                action = "update"
            case DeleteIfMatch(href=href):
                action = "delete"
            case _:
                continue
        planned.append(PlannedPush(action, task.calendar_id, task.appointment_id, href))
    return planned
