"""Many accounts at once: threads over the network, and one report. One's trouble never delays another's."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from icalsync.engine.context import Context
from icalsync.engine.dispatch import Dispatch
from icalsync.engine.run import EVERYBODYS, ORDINARY, Wish, sync_integration
from icalsync.errors import IcalsyncError, LeaseLost
from icalsync.ports import Run

log = logging.getLogger(__name__)

ATTEMPTS: Final = 3
TICK: Final = 0.05
GRACE: Final = 3.0
"""Seconds that threads get to finish the transaction in hand when the caller is interrupted."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An account that could not be synced now: somebody else holds it or keeps changing it, its host wants patience, or it is gone."""

    integration_id: str
    error: IcalsyncError


def sync_integrations(
    context: Context, integration_ids: Sequence[str], wish: Wish = ORDINARY, *, hosts: Mapping[str, str] | None = None
) -> list[Run | Refused]:
    """Sync each account once, in parallel; the results in the order given.

    ``hosts`` says where each is, so that no host gets more than its share, and none waits for another. Raises only what concerns the
    database or the secret store itself.
    """
    if len(integration_ids) <= 1:
        return [synced(context, integration_id, wish) for integration_id in integration_ids]
    dispatch: Dispatch[Run | Refused] = Dispatch(context.hosts, lambda key: synced(context, key, wish))
    waiting, found = list(dict.fromkeys(integration_ids)), dict[str, Run | Refused]()
    try:
        while waiting or dispatch:
            waiting = [key for key in waiting if not dispatch.start(key, (hosts or {}).get(key, ""))]
            found.update(dispatch.results(TICK if waiting else 60.0))
    except BaseException:
        # whatever is raised here ends the report; what the others have in hand is committed or undone, and no request is waited for
        context.stop.set()
        dispatch.wind_down(GRACE)
        context.stop.clear()
        raise
    return [found[integration_id] for integration_id in integration_ids]


def synced(context: Context, integration_id: str, wish: Wish = ORDINARY, *, since: datetime | None = None) -> Run | Refused:
    """Sync one account; whatever is its own trouble is the result. Raises ``EVERYBODYS``."""
    try:
        return _patiently(context, integration_id, wish, since)
    except EVERYBODYS:
        raise
    except IcalsyncError as error:
        # one integration's trouble, even that it was purged meanwhile, is no reason to lose the report of the others
        log.warning("integration not synced", extra={"integration_id": integration_id, "error_code": error.code})
        return Refused(integration_id, error)


def _patiently(context: Context, integration_id: str, wish: Wish, since: datetime | None) -> Run:
    for _ in range(ATTEMPTS - 1):
        try:
            return sync_integration(context, integration_id, wish, since=since)
        except LeaseLost as error:
            # what we read was thrown away because something moved under it; it is read again (design.md §2)
            log.info("sync run thrown away", extra={"integration_id": integration_id, "error_code": error.code})
    return sync_integration(context, integration_id, wish, since=since)
