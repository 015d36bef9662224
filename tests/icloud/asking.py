"""A client for the look-alike's own tests: the standard library's HTTP, and answers taken apart with lxml."""

from __future__ import annotations

import base64
import gzip
import http.client
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from lxml import etree

from tests.icloud.answers import APPLE, CALDAV, CALENDAR_DATA, CALENDAR_SERVER, DAV, ETAG, Name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.etree import _Element

D: Final = f"{{{DAV}}}"
_PREFIXES: Final = f'xmlns:D="{DAV}" xmlns:C="{CALDAV}" xmlns:CS="{CALENDAR_SERVER}" xmlns:A="{APPLE}"'


@dataclass(frozen=True)
class Row:
    """One response element."""

    href: str
    status: int | None
    found: dict[str, _Element]
    """By local name."""
    missing: set[str]

    @property
    def etag(self) -> str:
        """The ETag it tells."""
        return self.found["getetag"].text or ""

    @property
    def data(self) -> str:
        """The calendar-data it tells."""
        return self.found["calendar-data"].text or ""

    def inside(self, local: str) -> list[str]:
        """Local names inside a property, at any depth."""
        return [etree.QName(each).localname for each in self.found[local].iterdescendants("*")]


@dataclass(frozen=True)
class Heard:
    """An answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """A header's first value."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @cached_property
    def root(self) -> _Element:
        """The body's root element."""
        return etree.fromstring(self.body)

    @property
    def token(self) -> str:
        """The sync token, which must be the last child."""
        last = self.root[-1]
        assert last.tag == f"{D}sync-token"
        return last.text or ""

    @cached_property
    def rows(self) -> list[Row]:
        """The responses in order."""
        return [_row(response) for response in self.root.iterchildren(f"{D}response")]

    @cached_property
    def hrefs(self) -> list[str]:
        """Their hrefs."""
        return [row.href for row in self.rows]


@dataclass(frozen=True)
class Asker:
    """One account's client."""

    url: str
    name: str
    password: str

    def ask(self, method: str, path: str, body: str | bytes = b"", **headers: str) -> Heard:
        """One request with a User-Agent and the account's credentials; nothing is judged."""
        pair = base64.b64encode(f"{self.name}:{self.password}".encode()).decode()
        return self.bare(method, path, body, User_Agent="tests", Authorization=f"Basic {pair}", **headers)

    def bare(self, method: str, path: str, body: str | bytes = b"", **headers: str) -> Heard:
        """One request with these headers alone."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)
        try:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body.encode() if isinstance(body, str) else body, sent)
            answer = connection.getresponse()
            content = answer.read()
            packed = answer.getheader("content-encoding") == "gzip"
            return Heard(answer.status, answer.getheaders(), gzip.decompress(content) if packed else content)
        finally:
            connection.close()

    def propfind(self, path: str, *names: Name, depth: str = "0", **headers: str) -> Heard:
        """PROPFIND for named properties."""
        return self.ask("PROPFIND", path, f"{PROLOG}<D:propfind {_PREFIXES}>{_prop(names)}</D:propfind>", Depth=depth, **headers)

    def sync(self, path: str, token: str = "") -> Heard:
        """REPORT sync-collection for ETags."""
        return self.ask("REPORT", path, sync_body(token), Depth="1")

    def multiget(self, path: str, *hrefs: str) -> Heard:
        """REPORT calendar-multiget for ETags and bare calendar-data."""
        return self.ask("REPORT", path, multiget_body(*hrefs), Depth="1")

    def query(self, path: str, filters: str, data: str = "") -> Heard:
        """REPORT calendar-query; ``filters`` stands inside the filter of VCALENDAR, ``data`` inside calendar-data."""
        wanted = f"<D:prop><D:getetag/><C:calendar-data>{data}</C:calendar-data></D:prop>"
        outer = f'<C:filter><C:comp-filter name="VCALENDAR">{filters}</C:comp-filter></C:filter>'
        return self.ask("REPORT", path, f"{PROLOG}<C:calendar-query {_PREFIXES}>{wanted}{outer}</C:calendar-query>", Depth="1")

    def put(self, path: str, text: str, **headers: str) -> Heard:
        """PUT of a calendar object."""
        return self.ask("PUT", path, text, Content_Type="text/calendar; charset=utf-8", **headers)


PROLOG: Final = '<?xml version="1.0" encoding="utf-8"?>'


def sync_body(token: str) -> str:
    """The body of a sync-collection."""
    inner = f"<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>{_prop([ETAG])}"
    return f"{PROLOG}<D:sync-collection {_PREFIXES}>{inner}</D:sync-collection>"


def multiget_body(*hrefs: str) -> str:
    """The body of a calendar-multiget."""
    places = "".join(f"<D:href>{href}</D:href>" for href in hrefs)
    return f"{PROLOG}<C:calendar-multiget {_PREFIXES}>{_prop([ETAG, CALENDAR_DATA])}{places}</C:calendar-multiget>"


def _prop(names: Sequence[Name]) -> str:
    return "<D:prop>" + "".join(f'<{name.local} xmlns="{name.namespace}"/>' for name in names) + "</D:prop>"


def _row(response: _Element) -> Row:
    found: dict[str, _Element] = {}
    missing: set[str] = set()
    for propstat in response.iterchildren(f"{D}propstat"):
        prop = propstat.find(f"{D}prop")
        names = {etree.QName(each).localname: each for each in (prop if prop is not None else [])}
        if " 200 " in (propstat.findtext(f"{D}status") or ""):
            found |= names
        else:
            missing |= set(names)
    status = response.findtext(f"{D}status")
    return Row(response.findtext(f"{D}href") or "", int(status.split()[1]) if status else None, found, missing)
