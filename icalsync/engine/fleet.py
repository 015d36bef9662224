"""Many integrations at once: a thread pool over the network, and one report. One's trouble never delays another's."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from icalsync.engine.context import Context
from icalsync.engine.run import EVERYBODYS, ORDINARY, Wish, sync_integration
from icalsync.errors import IcalsyncError, LeaseLost
from icalsync.ports import Run

log = logging.getLogger(__name__)

ATTEMPTS: Final = 3
WORKERS: Final = 8
"""Measured: more connections than this gain nothing, and a single host is limited anyway (speed.md)."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An integration that could not be synced now: somebody else holds its lease or keeps changing it, or it is gone meanwhile."""

    integration_id: str
    error: IcalsyncError


def sync_integrations(context: Context, integration_ids: Sequence[str], wish: Wish = ORDINARY) -> list[Run | Refused]:
    """Sync each integration once, in parallel, in the order given; raises only what concerns the database or the secret store itself."""
    if len(integration_ids) <= 1:
        return [_sync(context, integration_id, wish) for integration_id in integration_ids]
    with ThreadPoolExecutor(min(WORKERS, len(integration_ids)), thread_name_prefix="sync") as pool:
        futures = [pool.submit(_sync, context, integration_id, wish) for integration_id in integration_ids]
        return [future.result() for future in futures]


def _sync(context: Context, integration_id: str, wish: Wish) -> Run | Refused:
    try:
        return _patiently(context, integration_id, wish)
    except EVERYBODYS:
        raise
    except IcalsyncError as error:
        # one integration's trouble, even that it was purged meanwhile, is no reason to lose the report of the others
        log.warning("integration not synced", extra={"integration_id": integration_id, "error_code": error.code})
        return Refused(integration_id, error)


def _patiently(context: Context, integration_id: str, wish: Wish) -> Run:
    for _ in range(ATTEMPTS - 1):
        try:
            return sync_integration(context, integration_id, wish)
        except LeaseLost as error:
            # what we read was thrown away because something moved under it; it is read again (design.md §2)
            log.info("sync run thrown away", extra={"integration_id": integration_id, "error_code": error.code})
    return sync_integration(context, integration_id, wish)
