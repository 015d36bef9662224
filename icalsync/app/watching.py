"""Watching a database: everything in scope, again and again, until somebody says stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from icalsync.app import syncing
from icalsync.app.parts import Parts
from icalsync.app.syncing import Scope
from icalsync.engine.fleet import Refused
from icalsync.engine.watch import Plan, Watch
from icalsync.errors import IcalsyncError, InvalidInput
from icalsync.ports import Run
from icalsync.store.watching import sole_watcher

log = logging.getLogger(__name__)

SHORTEST: Final = timedelta(seconds=1)
LONGEST: Final = timedelta(days=1)
"""Between two runs of an account; a minute is what the calendars' providers bear well (icloud.md §1.3: 60 to 300 s)."""
SPREAD: Final = timedelta(hours=6)
"""Discovery and the full comparison come daily, up to so much early: each account and calendar at a time of its own."""


def watch(
    parts: Parts,
    scope: Scope,
    *,
    every: timedelta,
    stop: threading.Event,
    told: Callable[[dict[str, Any]], None],
    troubled: Callable[[IcalsyncError], None],
    begun: Callable[[], None],
) -> list[str]:
    """Sync what is in scope every so often until ``stop`` is set; the accounts whose last request was left behind unanswered.

    ``told`` gets a row as ``sync_runs`` for each run, or the error of an account that was not asked, as a dictionary with
    ``integration_id``. ``begun`` is called when nobody else watches. ``troubled`` gets trouble of this machine, which is tried again.
    Raises ``AnotherWatcher``, ``InvalidInput``, and at the beginning whatever keeps the database or the secret store from being used.
    """
    if not SHORTEST <= every <= LONGEST:
        raise InvalidInput(what="--every", value=f"{every.total_seconds():g}s", why="it must lie between 1s and 1d")
    with sole_watcher(parts.path, parts.context().holder):
        _, wish = syncing.resolve(parts, scope)
        context = replace(parts.context(), stop=stop, spread=SPREAD)
        plan = Plan(
            every=every,
            select=lambda: _selected(parts, scope),
            wish=replace(wish, attended=False),
            told=lambda result: told(row_of(result)),
            troubled=troubled,
            chores=lambda: _chores(parts),
        )
        begun()
        log.info("watch begins", extra={"every_seconds": every.total_seconds(), "holder": context.holder})
        left = Watch(context, plan).run()
        log.info("watch ends", extra={"left": left})
        return left


def row_of(result: Run | Refused) -> dict[str, Any]:
    """A run as ``sync`` shows it; of an account that was not asked, the error."""
    if isinstance(result, Run):
        return syncing.run_row(result)
    return {"integration_id": result.integration_id} | result.error.as_dict()


def _selected(parts: Parts, scope: Scope) -> Sequence[str]:
    return syncing.resolve(parts, scope)[0]


def _chores(parts: Parts) -> None:
    syncing.prepare(parts)
    syncing.tidy(parts)
    parts.pulls.sweep()
