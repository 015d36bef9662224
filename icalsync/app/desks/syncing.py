"""Pulling from the desk: what came of it, as its reader may know it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from icalsync.app import syncing
from icalsync.app.desks import telling
from icalsync.app.desks.guard import Guarded
from icalsync.app.syncing import Scope, SyncReport
from icalsync.engine.context import Progress


class SyncingDesk(Guarded):
    """For the parts that pull."""

    def _synced(self, scope: Scope, report: Callable[[Progress], None] | None = None) -> SyncReport:
        """What a sync did, told as ``runs`` tells it: what was pushed to an account that also serves others is not (R11, S5).

        What is left undone is that of the reader's sub-accounts, and whoever else syncs is not named.
        """
        among = None if self._sees_all else tuple(self._accounts(None))
        done = syncing.sync(self._parts, replace(scope, among=among), report)
        shared = {each for each, accounts in self._parts.belonging.serves().items() if self._is_elsewhere(accounts)}
        runs = tuple(run | {"pushed": None} if run["integration_id"] in shared else run for run in done.runs)
        return replace(done, runs=runs, refused=tuple(telling.refused(row) for row in done.refused))
