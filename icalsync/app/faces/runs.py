"""Syncing, and what could not be read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from icalsync.app import quarantine, syncing, watching
from icalsync.app.faces.base import Face
from icalsync.app.syncing import Scope, SyncReport
from icalsync.engine.context import Progress
from icalsync.errors import IcalsyncError


class Runs(Face):
    """Runs, plans and the quarantine."""

    def sync(
        self,
        sub_account: str | None = None,
        user: str | None = None,
        calendar: str | None = None,
        *,
        confirm_deletions: Sequence[str] = (),
        report: Callable[[Progress], None] | None = None,
    ) -> SyncReport:
        """Pull what changed, once per integration in scope."""
        return syncing.sync(self._parts, Scope(sub_account, user, calendar, tuple(confirm_deletions)), report)

    def watch(
        self,
        sub_account: str | None = None,
        user: str | None = None,
        calendar: str | None = None,
        *,
        every: timedelta = timedelta(seconds=60),
        stop: threading.Event | None = None,
        told: Callable[[dict[str, Any]], None] = lambda _run: None,
        troubled: Callable[[IcalsyncError], None] = lambda _error: None,
        begun: Callable[[], None] = lambda: None,
    ) -> list[str]:
        """Sync again and again until ``stop`` is set, each account by itself; see ``app.watching.watch``. ``AnotherWatcher``."""
        scope = Scope(sub_account, user, calendar)
        ends = stop or threading.Event()
        return watching.watch(self._parts, scope, every=every, stop=ends, told=told, troubled=troubled, begun=begun)

    def plan(self, sub_account: str | None = None, user: str | None = None, calendar: str | None = None) -> list[dict[str, Any]]:
        """What a sync would do now, calendar by calendar; changes nothing."""
        return syncing.plan(self._parts, Scope(sub_account, user, calendar))

    def quarantine(self, sub_account: str | None = None, user_id: str | None = None) -> list[dict[str, Any]]:
        """Objects that could not be read, of a user, a sub-account or all: rows of the view ``quarantine`` with ``detail``."""
        return self._parts.quarantine.rows(sub_account, user_id)

    def quarantined(self, calendar: str, href: str, *, reveal: bool = False, reason: str | None = None) -> dict[str, Any]:
        """One of them, with the time it blocks, its size and its SHA-256; see ``app.quarantine.entry``.

        ``reveal`` adds the bytes as ``raw``, titles and all; who asked, and the ``reason``, is logged (R18).
        """
        return quarantine.entry(self._parts, calendar, href, reveal=reveal, reason=reason)

    def retry_quarantine(self, calendar: str | None = None) -> list[dict[str, Any]]:
        """Read what is kept again with the present code, of one calendar (id or unique name) or all; see ``app.quarantine.retry``."""
        return quarantine.retry(self._parts, calendar)
