"""Real CalDAV servers for the tests, and a plain-HTTP hand to fill them with. A missing server package is a failure, never a skip."""

from __future__ import annotations

import base64
import http.client
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from icalsync.demo.server import Child, RadicaleServer, start_child

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Account", "DavServer", "RadicaleServer", "XandikosServer", "event", "event_at"]


class XandikosServer:
    """Xandikos with one account and no password check (it offers none over plain http), as a context manager like ``RadicaleServer``."""

    def __init__(self, directory: Path, accounts: Mapping[str, str]) -> None:
        (self.user,) = accounts
        self.accounts = dict(accounts)
        self.directory = directory
        self.port = 0
        self._probe = f"probe-{secrets.token_hex(8)}"
        self._child: Child | None = None

    @property
    def url(self) -> str:
        """Where it answers: ``http://127.0.0.1:PORT/``."""
        return f"http://127.0.0.1:{self.port}/"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it answers."""
        (self.directory / "storage" / self._probe).mkdir(parents=True)
        self._child, self.port = start_child(self._launch, self._answers)

    def stop(self) -> None:
        """End it."""
        if self._child is not None:
            self._child.stop()
            self._child = None

    def _launch(self, port: int) -> Child:
        options = ["--listen-address", "127.0.0.1", "--port", str(port), "--no-detect-systemd", "--defaults"]
        places = ["--directory", str(self.directory / "storage"), "--state-dir", str(self.directory / "state")]
        return Child(
            "xandikos", ["serve", *options, *places, "--current-user-principal", f"/{self.user}/"], self.directory / "xandikos.log"
        )

    def _answers(self, port: int) -> bool:
        try:
            return Account(f"http://127.0.0.1:{port}/", self.user, "").ask("PROPFIND", f"/{self._probe}/", depth="0").status == 207
        except OSError:
            return False


@dataclass(frozen=True)
class Reply:
    """What a server answered to a test's own request."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Account:
    """One account on a server, written to as another client would: over the standard library, past the product."""

    url: str
    name: str
    password: str

    def ask(self, method: str, path: str, body: str | bytes = b"", *, depth: str | None = None, **headers: str) -> Reply:
        """One request; nothing is checked."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)
        token = base64.b64encode(f"{self.name}:{self.password}".encode()).decode()
        sent = {"Authorization": f"Basic {token}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if depth is not None:
            sent["Depth"] = depth
        try:
            connection.request(method, path, body.encode() if isinstance(body, str) else body, sent)
            answer = connection.getresponse()
            return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def must(self, *statuses: int, reply: Reply) -> Reply:
        """The reply, which must have one of these statuses: seeding that fails is a failing test."""
        assert reply.status in statuses, f"{reply.status}: {reply.body[:300]!r}"
        return reply

    def mkcalendar(
        self, path: str, *, name: str | None = None, color: str | None = None, components: tuple[str, ...] = ("VEVENT",)
    ) -> None:
        """MKCALENDAR at a path, with a display name, a colour and its component types."""
        comps = "".join(f'<C:comp name="{component}"/>' for component in components)
        body = (
            '<?xml version="1.0" encoding="utf-8"?><C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" '
            'xmlns:A="http://apple.com/ns/ical/"><D:set><D:prop>'
            f"<C:supported-calendar-component-set>{comps}</C:supported-calendar-component-set>{_named(name, color)}"
            "</D:prop></D:set></C:mkcalendar>"
        )
        self.must(201, reply=self.ask("MKCALENDAR", path, body, Content_Type="application/xml"))

    def mkcol(self, path: str) -> None:
        """A plain collection, which is no calendar."""
        self.must(201, reply=self.ask("MKCOL", path))

    def put(self, path: str, text: str) -> str | None:
        """Store an object; its ETag, where the server tells."""
        reply = self.must(200, 201, 204, reply=self.ask("PUT", path, text, Content_Type="text/calendar; charset=utf-8"))
        return reply.headers.get("etag")

    def clear(self, home: str) -> None:
        """Delete every collection in a home."""
        listing = self.must(207, reply=self.ask("PROPFIND", home, depth="1")).body.decode()
        for href in re.findall(r"<(?:\w+:)?response>\s*<(?:\w+:)?href>([^<]+)<", listing):
            if href.rstrip("/") != home.rstrip("/"):
                self.delete(href)

    def delete(self, path: str) -> None:
        """Delete an object or a collection."""
        self.must(200, 204, reply=self.ask("DELETE", path))

    def proppatch(self, path: str, *, name: str | None = None, color: str | None = None) -> None:
        """Set a collection's display name or colour."""
        body = (
            '<?xml version="1.0" encoding="utf-8"?><D:propertyupdate xmlns:D="DAV:" xmlns:A="http://apple.com/ns/ical/">'
            f"<D:set><D:prop>{_named(name, color)}</D:prop></D:set></D:propertyupdate>"
        )
        self.must(207, reply=self.ask("PROPPATCH", path, body, Content_Type="application/xml"))


def _named(name: str | None, color: str | None) -> str:
    display = "" if name is None else f"<D:displayname>{escape(name)}</D:displayname>"
    return display + ("" if color is None else f"<A:calendar-color>{escape(color)}</A:calendar-color>")


@dataclass(frozen=True)
class DavServer:
    """A running server with one account ``anna``, and where her calendars are."""

    kind: str
    url: str
    home: str
    """Where calendars are made: ``/anna/`` or ``/anna/calendars/``."""
    principal: str
    account: Account


def event_at(uid: str, starts: str, ends: str, *, summary: str = "Dentist", more: tuple[str, ...] = ()) -> str:
    """An iCalendar object with one VEVENT; ``starts`` and ``ends`` are UTC times (``20270104T090000Z``)."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//icalsync//tests//EN",
        "BEGIN:VEVENT",
        f"UID:{uid}",
        "DTSTAMP:20261122T000000Z",
        f"DTSTART:{starts}",
        f"DTEND:{ends}",
        f"SUMMARY:{summary}",
        *more,
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    return "\r\n".join(lines)


def event(uid: str, *, summary: str = "Dentist") -> str:
    """An event of which only the identity matters."""
    return event_at(uid, "20270104T090000Z", "20270104T100000Z", summary=summary)
