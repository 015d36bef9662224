"""A CalDAV server in memory, behind the same port as the real one: for loading the known world straight into a database."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from icalsync.core.paths import path_key
from icalsync.demo.known.people import Account
from icalsync.errors import AuthenticationRejected, PreconditionFailed, SyncTokenInvalid
from icalsync.ports import CalendarServer, Collection, Delta, Discovered, Fetched, FetchResult, FullListing, Login, Member, Traffic

HOST: Final = "calendars.example"
URL: Final = f"https://{HOST}/"
_REPORTS: Final = frozenset({"sync-collection", "calendar-multiget", "calendar-query"})
_RIGHTS: Final = frozenset({"read", "write"})
_ROW: Final = 300
"""Octets that a row of an answer takes, about: so that the runs' figures are of the right size."""


@dataclass(slots=True)
class _Shelf:
    """One collection: its objects, and which changed when, as a number that grows."""

    objects: dict[str, bytes] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    """Href → the number of its last change; of removed ones too."""
    last: int = 0

    def put(self, href: str, raw: bytes) -> str:
        self.last += 1
        self.objects[href], self.changes[href] = raw, self.last
        return _etag(raw)

    def remove(self, href: str) -> None:
        self.last += 1
        del self.objects[href]
        self.changes[href] = self.last


class Shelves:
    """All accounts' calendars; implements ``ports.ServerDoor`` for the product, and ``playing.Owners`` for their owners."""

    url = URL

    def __init__(self, accounts: Sequence[Account]) -> None:
        self._accounts = {account.name: account for account in accounts}
        self._shelves = {_path(account.name, plan.slug): _Shelf() for account in accounts for plan in account.calendars}
        self._locked = {account.name: 0 for account in accounts}

    def password(self, account: str) -> str:
        """What the account opens with now."""
        return f"known-{account}-{self._locked[account]}"

    def lock(self, account: str) -> None:
        """From now on the account opens with another one."""
        self._locked[account] += 1

    def put(self, account: str, slug: str, name: str, raw: bytes) -> None:
        """Its owner writes an object, or writes over it."""
        path = _path(account, slug)
        self._shelves[path].put(path + name, raw)

    def remove(self, account: str, slug: str, name: str) -> None:
        """Its owner deletes one."""
        path = _path(account, slug)
        self._shelves[path].remove(path + name)

    @contextmanager
    def open(self, login: Login) -> Iterator[CalendarServer]:
        """See ``ports.ServerDoor``; a wrong password is found out by the first request, as by any server."""
        good = self.password(login.account) == login.password.reveal()
        yield _Visitor(self._accounts[login.account], self._shelves, good=good)


class _Visitor:
    """One account, opened: ``ports.CalendarServer``."""

    def __init__(self, account: Account, shelves: Mapping[str, _Shelf], *, good: bool) -> None:
        self.traffic = Traffic()
        self._account, self._shelves, self._good = account, shelves, good

    def discover(self, told: Callable[[str], None] | None = None) -> Discovered:  # noqa: ARG002  # nothing takes long here
        self._ask(3, 3)
        account = self._account
        home = f"/{account.name}/"
        principal = f"/principals/{account.name}/"
        return Discovered(f"https://{HOST}", principal, account.display_name, account.addresses, (home,), self._collections())

    def list_homes(self, homes: Sequence[str]) -> tuple[Collection, ...]:
        self._ask(len(homes), len(self._account.calendars))
        return self._collections()

    def look_at(self, href: str) -> Collection:
        self._ask(1, 1)
        return next(one for one in self._collections() if path_key(one.href) == path_key(href))

    def changes_since(self, href: str, token: str) -> Delta:
        shelf = self._shelf(href)
        if not token.isdecimal() or int(token) > shelf.last:
            raise SyncTokenInvalid(path=href, host=HOST)
        since = [name for name, number in shelf.changes.items() if number > int(token)]
        self._ask(1, len(since))
        changed = tuple(Member(name, _etag(shelf.objects[name])) for name in since if name in shelf.objects)
        return Delta(changed, tuple(name for name in since if name not in shelf.objects), str(shelf.last))

    def list_with_token(self, href: str) -> FullListing:
        shelf = self._shelf(href)
        self._ask(1, len(shelf.objects))
        return FullListing(tuple(Member(name, _etag(raw)) for name, raw in shelf.objects.items()), str(shelf.last))

    def list_members(self, href: str) -> FullListing:
        return self.list_with_token(href)

    def fetch(self, href: str, hrefs: Sequence[str], *, multiget: bool = True) -> FetchResult:
        shelf = self._shelf(href)
        found = [name for name in hrefs if name in shelf.objects]
        self._ask(max(1, len(hrefs) // 50) if multiget else len(hrefs), len(hrefs))
        self.traffic.bytes += sum(len(shelf.objects[name]) for name in found)
        missing = tuple(name for name in hrefs if name not in shelf.objects)
        return FetchResult(tuple(Fetched(name, _etag(shelf.objects[name]), shelf.objects[name]) for name in found), missing)

    def read(self, href: str) -> Fetched | None:
        self._ask(1, 1)
        raw = self._shelf(_parent(href)).objects.get(href)
        return None if raw is None else Fetched(href, _etag(raw), raw)

    def create(self, href: str, raw: bytes) -> str | None:
        self._ask(1, 0)
        shelf = self._shelf(_parent(href))
        if href in shelf.objects:
            raise PreconditionFailed(path=href, host=HOST)
        return shelf.put(href, raw)

    def replace(self, href: str, raw: bytes, etag: str) -> str | None:
        self._ask(1, 0)
        shelf = self._shelf(_parent(href))
        if href not in shelf.objects or _etag(shelf.objects[href]) != etag:
            raise PreconditionFailed(path=href, host=HOST)
        return shelf.put(href, raw)

    def remove(self, href: str, etag: str) -> None:
        self._ask(1, 0)
        shelf = self._shelf(_parent(href))
        if href in shelf.objects:
            if _etag(shelf.objects[href]) != etag:
                raise PreconditionFailed(path=href, host=HOST)
            shelf.remove(href)

    def _ask(self, requests: int, rows: int) -> None:
        self.traffic.requests += requests
        self.traffic.bytes += _ROW * (requests + rows)
        if not self._good:
            raise AuthenticationRejected(host=HOST, account=self._account.name)

    def _shelf(self, href: str) -> _Shelf:
        return self._shelves[href]

    def _collections(self) -> tuple[Collection, ...]:
        name = self._account.name
        return tuple(
            Collection(
                href=_path(name, plan.slug),
                kinds=frozenset({"collection", "calendar"}),
                display_name=plan.display_name,
                color=plan.color,
                components=frozenset({"VEVENT"}),
                privileges=_RIGHTS,
                ctag=str(self._shelves[_path(name, plan.slug)].last),
                sync_token=str(self._shelves[_path(name, plan.slug)].last),
                reports=_REPORTS,
            )
            for plan in self._account.calendars
        )


def _path(account: str, slug: str) -> str:
    return f"/{account}/{slug}/"


def _parent(href: str) -> str:
    return href.rpartition("/")[0] + "/"


def _etag(raw: bytes) -> str:
    return f'"{hashlib.sha256(raw).hexdigest()[:20]}"'
