"""Making sure that accounts were asked since a moment, for whoever is about to book (R14); however many ask at once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from icalsync.engine.context import Context
from icalsync.engine.fleet import Refused, synced
from icalsync.engine.visit import Wish
from icalsync.errors import AuthenticationRejected, UnknownIntegration
from icalsync.ports import Purpose, Run

BOOKING: Final = Wish(purpose=Purpose.BOOKING, attended=False)
LATE: Final = "DEADLINE_PASSED"
"""The code of an account that did not answer in time."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """Which accounts were asked since the moment, and which could not be."""

    fresh: Mapping[str, Run]
    """Integration id → a run that began after it and got through; its ``fresh`` names the calendars that are clean and up to date."""
    out_of_reach: Mapping[str, str]
    """Integration id → the code of what was in the way."""


def ensure_fresh(context: Context, integration_ids: Sequence[str], since: datetime, deadline: timedelta) -> Freshness:
    """Ask each account that was not asked since ``since``, all at once, and wait at most ``deadline``.

    However many ask at the same moment, one or two syncs of an account serve them all. An account whose host wants patience, or whose
    password counts as dead, is out of reach at once and not asked. Nothing hangs: what is late goes on behind the caller's back, and is
    out of reach for now. Raises only what concerns the database or the secret store itself.
    """
    until = time.monotonic() + deadline.total_seconds()
    now = context.clock.now()
    found: dict[str, Run | str] = dict.fromkeys(integration_ids, UnknownIntegration.code)
    waiting: dict[str, Future[Run | Refused]] = {}
    for account in context.store.accounts(integration_ids):
        key = account.integration_id
        if account.standing.is_dead(now) and account.standing.is_waiting(now):
            found[key] = AuthenticationRejected.code
            continue
        run = context.store.elsewhere(key, since).run
        if run is not None:
            found[key] = run
        else:
            waiting[key] = context.flights.join(key, lambda key=key: synced(context, key, BOOKING))  # type: ignore[misc]  # a lambda's default has no type
    wait(waiting.values(), timeout=max(0.0, until - time.monotonic()))
    for key, future in waiting.items():
        found[key] = _told(future.result()) if future.done() else LATE
    return _sorted(found)


def _told(result: Run | Refused) -> Run | str:
    return result if isinstance(result, Run) else result.error.code


def _sorted(found: Mapping[str, Run | str]) -> Freshness:
    fresh = {key: run for key, run in found.items() if isinstance(run, Run) and run.outcome != "failed"}
    late = {key: run if isinstance(run, str) else run.error_code or "FAILED" for key, run in found.items() if key not in fresh}
    return Freshness(fresh, late)
