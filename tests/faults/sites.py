"""The real servers behind the proxy, with one account each and two calendars, ``Work`` and ``Side``, edited past the proxy."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol, Self

from icalsync.core.paths import path_key
from tests.icloud import ICloud
from tests.servers import Account, RadicaleServer, XandikosServer

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from tests.icloud import MovableClock

PASSWORD: Final = "abcd-efgh-ijkl-mnop"
CALENDARS: Final = ("Work", "Side")
SERVERS: Final = ("icloud", "radicale", "xandikos")
ServerKind = Literal["icloud", "radicale", "xandikos"]
_TOLD: Final = ("UID:", "SUMMARY:", "DTSTART:", "DTEND:")
_PROPFIND: Final = '<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:prop><D:getetag/></D:prop></D:propfind>'


@dataclass(frozen=True, slots=True)
class Object:
    """One object: what its text says, and its version."""

    facts: tuple[str, ...]
    etag: str | None


def facts_of(text: str) -> tuple[str, ...]:
    """What an event says, whatever a server does to its spelling, order and stamps."""
    lines = re.sub(r"\r?\n[ \t]", "", text).replace("\r\n", "\n").split("\n")
    return tuple(sorted(line.strip() for line in lines if line.startswith(_TOLD)))


class Site(Protocol):
    """A running server."""

    kind: ServerKind
    provider: str
    account: str

    @property
    def origins(self) -> tuple[str, ...]:
        """Its addresses, the one that serves every path first."""

    def put(self, calendar: str, name: str, text: str) -> None:
        """Create or change an object."""

    def delete(self, calendar: str, name: str) -> None:
        """Delete one."""

    def move(self, calendar: str, name: str, other: str) -> None:
        """To another calendar, with its UID and its name."""

    def objects(self, calendar: str) -> dict[str, Object]:
        """What stands there now, by path key."""

    def place(self, calendar: str) -> str:
        """The calendar's path."""


class LookAlike:
    """The look-alike of iCloud, in threads of this process."""

    kind: ServerKind = "icloud"
    provider = "icloud"
    account = "anna@icloud.com"

    def __init__(self, clock: MovableClock) -> None:
        self.cloud = ICloud({self.account: PASSWORD}, clock=clock, furnished=False)
        owner = self.cloud.account(self.account)
        owner.calendar("home").rename("Side")
        owner.add_calendar("Work", id="work")
        self._calendars = {name: owner.calendar(name) for name in CALENDARS}

    def __enter__(self) -> Self:
        self.cloud.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None) -> None:
        self.cloud.__exit__(kind, failure, trace)

    @property
    def origins(self) -> tuple[str, ...]:
        """The canonical host, and the partition host that the principal names."""
        return self.cloud.url, self.cloud.partition_url

    def put(self, calendar: str, name: str, text: str) -> None:
        """On the owner's telephone."""
        self._calendars[calendar].put(name, text)

    def delete(self, calendar: str, name: str) -> None:
        """The same."""
        self._calendars[calendar].delete(name)

    def move(self, calendar: str, name: str, other: str) -> None:
        """Dragged there: same UID, same name."""
        self._calendars[calendar].move(name, self._calendars[other])

    def rename(self, calendar: str, display_name: str) -> None:
        """Another display name."""
        self._calendars[calendar].rename(display_name)

    def hide(self, calendar: str) -> None:
        """The calendar vanishes."""
        self._calendars[calendar].remove()

    def bring_back(self, calendar: str) -> None:
        """And comes back as it was."""
        self._calendars[calendar].bring_back()

    def objects(self, calendar: str) -> dict[str, Object]:
        """From its memory."""
        owner = self._calendars[calendar]
        return {path_key(owner.href_of(name)): Object(facts_of(owner.text(name)), owner.etag(name)) for name in owner.names()}

    def place(self, calendar: str) -> str:
        """``/<dsid>/calendars/work/``."""
        return self._calendars[calendar].href


class DavSite:
    """Radicale or Xandikos, in a process of its own."""

    provider = "caldav"
    account = "anna"

    def __init__(self, kind: Literal["radicale", "xandikos"], directory: Path) -> None:
        self.kind: ServerKind = kind
        make = RadicaleServer if kind == "radicale" else XandikosServer
        self._server = make(directory, {self.account: PASSWORD})
        self._home = "/anna/" if kind == "radicale" else "/anna/calendars/"
        self._stack = ExitStack()
        self._seen: dict[str, Object] = {}

    def __enter__(self) -> Self:
        self._stack.enter_context(self._server)
        self._hand = Account(self._server.url, self.account, PASSWORD)
        self._hand.clear(self._home)
        for name in CALENDARS:
            self._hand.mkcalendar(self.place(name), name=name)
        return self

    def __exit__(self, *failure: object) -> None:
        self._stack.close()

    @property
    def origins(self) -> tuple[str, ...]:
        """One."""
        return (self._server.url,)

    def place(self, calendar: str) -> str:
        """``/anna/work/``."""
        return f"{self._home}{calendar.lower()}/"

    def put(self, calendar: str, name: str, text: str) -> None:
        """As another client."""
        self._seen.pop(path_key(self.place(calendar) + name), None)
        self._hand.put(self.place(calendar) + name, text)

    def delete(self, calendar: str, name: str) -> None:
        """The same."""
        self._seen.pop(path_key(self.place(calendar) + name), None)
        self._hand.delete(self.place(calendar) + name)

    def move(self, calendar: str, name: str, other: str) -> None:
        """A copy there, and the old one away."""
        text = self._hand.must(200, reply=self._hand.ask("GET", self.place(calendar) + name)).body.decode()
        self.delete(calendar, name)
        self.put(other, name, text)

    def objects(self, calendar: str) -> dict[str, Object]:
        """By a listing and a GET for what changed, past the proxy."""
        place = self.place(calendar)
        listing = self._hand.must(207, reply=self._hand.ask("PROPFIND", place, _PROPFIND, depth="1", Content_Type="application/xml"))
        found = re.findall(r"<(?:\w+:)?href>([^<]+)</(?:\w+:)?href>", listing.body.decode())
        hrefs = [href for href in found if path_key(href) != path_key(place)]
        return {path_key(href): self._object(href) for href in hrefs}

    def _object(self, href: str) -> Object:
        key = path_key(href)
        if key not in self._seen:
            reply = self._hand.must(200, reply=self._hand.ask("GET", href))
            self._seen[key] = Object(facts_of(reply.body.decode()), reply.headers.get("etag"))
        return self._seen[key]
