"""Holding an account for a run: the lease waited for and kept, and a result that others brought meanwhile shared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from icalsync.engine.context import Context
from icalsync.errors import AnotherSyncIsRunning, SyncStopped
from icalsync.ports import Beginning, CalendarServer, Collection, Delta, Discovered, Fetched, FetchResult, FullListing, Lease, Run, Traffic

FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 0.5
"""Seconds between two looks at a lease that somebody holds."""
LATE: Final = 0.2
"""Seconds for getting at the file after which others may have asked the server meanwhile."""
RENEWED_AFTER: Final = 0.2
"""Share of the lease's time after which it is renewed before the server is asked the next thing."""
SLICE: Final = 50
"""Hrefs fetched between two looks at lease and stop: what one multiget asks for anyway (icloud.md §3.2)."""


@dataclass(frozen=True, slots=True)
class Held:
    """An account that is held, and the run that began when it was: the server is asked from then on, however long that was waited for."""

    lease: Lease
    beginning: Beginning


def take(context: Context, integration_id: str, beginning: Beginning, *, since: datetime | None) -> Held | Run:
    """The lease, waited for; or where ``since`` is given, the result of a run over the whole account that began after that moment.

    Whoever asked while somebody else held the account takes what comes of it, instead of asking the server the same once more
    (design.md §2). ``AnotherSyncIsRunning`` after ``lease_wait`` seconds, ``SyncStopped``.
    """
    asked = context.clock.monotonic()
    patience = context.lease_wait
    pause = FIRST_PAUSE
    while True:
        begins = replace(beginning, started_at=context.clock.now())
        try:
            lease = context.store.acquire(integration_id, context.holder, context.lease_seconds, begins)
        except AnotherSyncIsRunning:
            held = True
            while held:
                if context.clock.monotonic() >= asked + context.lease_wait or patience <= 0:
                    raise
                context.pause(pause, integration_id)
                patience -= pause  # a clock that stands still must not make anybody wait for ever
                pause = min(pause * 1.5, LONGEST_PAUSE)
                held, run = _looked(context, integration_id, since)
                if run is not None:
                    return run
        else:
            late = pause > FIRST_PAUSE or context.clock.monotonic() - asked > LATE
            return (_already_done(context, lease, since) if late else None) or Held(lease, begins)


def _already_done(context: Context, lease: Lease, since: datetime | None) -> Run | None:
    """What others brought between the last look and the lease: then it is given back unused."""
    _, run = _looked(context, lease.integration_id, since)
    if run is not None:
        context.store.release(lease, asked=False)
    return run


def _looked(context: Context, integration_id: str, since: datetime | None) -> tuple[bool, Run | None]:
    found = context.store.elsewhere(integration_id, context.clock.now() if since is None else since)
    return found.held, found.run if since is not None else None


class HeldServer:
    """An opened account whose every request first looks whether to stop, and whether the lease wants renewing (``CalendarServer``)."""

    def __init__(self, context: Context, lease: Lease, server: CalendarServer) -> None:
        self._context, self._lease, self._server = context, lease, server
        self._renewed = context.clock.monotonic()
        self.traffic: Traffic = server.traffic

    def _asked(self) -> CalendarServer:
        """The account, to be asked one thing. ``SyncStopped``, ``LeaseLost``."""
        if self._context.stop.is_set():
            raise SyncStopped(integration_id=self._lease.integration_id)
        now = self._context.clock.monotonic()
        if not 0 <= now - self._renewed < self._context.lease_seconds * RENEWED_AFTER:
            self._context.store.renew(self._lease, self._context.lease_seconds)
            self._renewed = now
        return self._server

    def discover(self, told: Callable[[str], None] | None = None) -> Discovered:
        """See ``CalendarServer``."""
        return self._asked().discover(told)

    def list_homes(self, homes: Sequence[str]) -> tuple[Collection, ...]:
        """See ``CalendarServer``."""
        return self._asked().list_homes(homes)

    def look_at(self, href: str) -> Collection:
        """See ``CalendarServer``."""
        return self._asked().look_at(href)

    def changes_since(self, href: str, token: str) -> Delta:
        """See ``CalendarServer``."""
        return self._asked().changes_since(href, token)

    def list_with_token(self, href: str) -> FullListing:
        """See ``CalendarServer``."""
        return self._asked().list_with_token(href)

    def list_members(self, href: str) -> FullListing:
        """See ``CalendarServer``."""
        return self._asked().list_members(href)

    def fetch(self, href: str, hrefs: Sequence[str], *, multiget: bool = True) -> FetchResult:
        """See ``CalendarServer``; a long fetch renews the lease on its way."""
        objects: tuple[Fetched, ...] = ()
        missing: tuple[str, ...] = ()
        for start in range(0, len(hrefs), SLICE):
            found = self._asked().fetch(href, hrefs[start : start + SLICE], multiget=multiget)
            objects, missing = objects + found.objects, missing + found.missing
        return FetchResult(objects, missing)

    def read(self, href: str) -> Fetched | None:
        """See ``CalendarServer``."""
        return self._asked().read(href)

    def create(self, href: str, raw: bytes) -> str | None:
        """See ``CalendarServer``."""
        return self._asked().create(href, raw)

    def replace(self, href: str, raw: bytes, etag: str) -> str | None:
        """See ``CalendarServer``."""
        return self._asked().replace(href, raw, etag)

    def remove(self, href: str, etag: str) -> None:
        """See ``CalendarServer``."""
        self._asked().remove(href, etag)
