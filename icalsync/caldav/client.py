"""The CalDAV door: opens accounts, and is the one place where ports and the protocol meet (``ports.ServerDoor``, ``CalendarServer``)."""

from __future__ import annotations

import threading
from collections import defaultdict
from contextlib import closing
from typing import TYPE_CHECKING

from icalsync.caldav import discovery, fetching, listing, writing
from icalsync.caldav.account import GONE, Account, Whereabouts, multistatus
from icalsync.caldav.hosts import literal_address, parse_url
from icalsync.caldav.properties import COLLECTION_PROPERTIES, collection_of, only_row
from icalsync.caldav.transport import BasicAuthorization, Gates, Limits, Transport
from icalsync.caldav.wire import propfind_body
from icalsync.clock import SystemClock
from icalsync.errors import CalendarGone, ProtocolViolation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from icalsync.ports import (
        CalendarServer,
        Clock,
        Collection,
        Delta,
        Discovered,
        Fetched,
        FetchResult,
        FullListing,
        Login,
        Resolver,
        Traffic,
    )

USER_AGENT = "icalsync (CalDAV client)"
"""iCloud answers 403 to requests without one (icloud.md §1.2)."""


class CalDavDoor:
    """Opens accounts on CalDAV servers. One door per process: it holds the limit of requests per host, and which host serves what."""

    def __init__(
        self,
        resolver: Resolver,
        limits: Limits | None = None,
        user_agent: str = USER_AGENT,
        *,
        clock: Clock | None = None,
        ca_file: Path | None = None,
    ) -> None:
        self._resolver = resolver
        self._limits = limits or Limits()
        self._user_agent = user_agent
        self._clock = clock or SystemClock()
        self._ca_file = ca_file
        self._gates = Gates(self._limits.per_host)
        self._lock = threading.Lock()
        self._known: defaultdict[tuple[str, str], Whereabouts] = defaultdict(Whereabouts)

    def open(self, login: Login) -> AbstractContextManager[CalendarServer]:
        """An account, ready to be asked; nothing is sent yet. ``UrlRefused``, ``InsecureUrl``, ``PrivateHost`` for a numeric address."""
        start = parse_url(login.url)
        literal = literal_address(start.host)
        if literal is not None:
            self._resolver.check_peer(start.host, str(literal))
        authorization = BasicAuthorization(login.account, login.password)
        transport = Transport(
            start,
            authorization,
            self._resolver,
            limits=self._limits,
            gates=self._gates,
            user_agent=self._user_agent,
            ca_file=self._ca_file,
        )
        with self._lock:
            whereabouts = self._known[start.origin, login.account]
        return closing(CalDavServer(Account(login, start, transport, whereabouts, self._clock)))


class CalDavServer:
    """One account, opened (``ports.CalendarServer``)."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.traffic: Traffic = account.transport.traffic

    def close(self) -> None:
        """Close its connections."""
        self._account.transport.close()

    def discover(self, told: Callable[[str], None] | None = None) -> Discovered:
        """Principal, homes, addresses and every collection; ``told`` hears each stage."""
        return discovery.discover(self._account, told)

    def list_homes(self, homes: Sequence[str]) -> tuple[Collection, ...]:
        """One PROPFIND Depth 1 per home set (design.md §7)."""
        return discovery.list_homes(self._account, homes)

    def look_at(self, href: str) -> Collection:
        """One PROPFIND Depth 0 on a collection outside the homes; ``CalendarGone`` for 404 and 410."""
        answer = self._account.ask("PROPFIND", href, body=propfind_body(COLLECTION_PROPERTIES), depth="0")
        row = only_row(multistatus(answer, "a look at the collection"))
        if row is None:
            raise ProtocolViolation(host=answer.url.host, path=href, why="it says nothing about the collection")
        if row.status in GONE:
            raise CalendarGone(path=href, host=answer.url.host)
        return collection_of(row)

    def changes_since(self, href: str, token: str) -> Delta:
        """sync-collection with a token, all its pages; ``SyncTokenInvalid``, ``Unsupported``, ``CalendarGone``."""
        return listing.changes_since(self._account, href, token)

    def list_with_token(self, href: str) -> FullListing:
        """sync-collection without a token, all its pages; ``Unsupported``, ``CalendarGone``."""
        return listing.list_with_token(self._account, href)

    def list_members(self, href: str) -> FullListing:
        """PROPFIND Depth 1 for ETags: the listing every server has."""
        return listing.list_members(self._account, href)

    def fetch(self, href: str, hrefs: Sequence[str], *, multiget: bool = True) -> FetchResult:
        """The objects' texts, each with the ETag of the same answer (C28)."""
        return fetching.fetch(self._account, href, hrefs, multiget=multiget)

    def read(self, href: str) -> Fetched | None:
        """One object as it is now; None for 404 and 410."""
        return writing.read(self._account, href)

    def create(self, href: str, raw: bytes) -> str | None:
        """PUT where there is nothing yet; the strong ETag, where the server gave one."""
        return writing.create(self._account, href, raw)

    def replace(self, href: str, raw: bytes, etag: str) -> str | None:
        """PUT over exactly that version (``*``: over whatever is there)."""
        return writing.replace(self._account, href, raw, etag)

    def remove(self, href: str, etag: str) -> None:
        """DELETE of exactly that version; what is gone already is success."""
        writing.remove(self._account, href, etag)
