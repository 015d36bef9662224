"""WebDAV on the wire, without any I/O: request bodies, and multistatus answers (RFC 4918 §13) read strictly.

Strict about what could lose data (an answer that is not whole is an error, a row that cannot be read makes the answer unclean), and
patient about spelling: prefixes, blanks, byte order marks, duplicate rows and hrefs in every form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Final

from lxml import etree

from icalsync.caldav.hosts import ServerUrl, parse_url, same_site
from icalsync.core.paths import has_dot_segments, path_key, path_of
from icalsync.errors import ProtocolViolation, UrlRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from lxml.etree import _Element

DAV: Final = "DAV:"
CALDAV: Final = "urn:ietf:params:xml:ns:caldav"
CALENDAR_SERVER: Final = "http://calendarserver.org/ns/"
APPLE: Final = "http://apple.com/ns/ical/"
_PREFIXES: Final = {"D": DAV, "C": CALDAV, "CS": CALENDAR_SERVER, "A": APPLE}

_BOM: Final = b"\xef\xbb\xbf"
_PROLOG: Final = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_STATUS: Final = re.compile(r"HTTP/\d+(?:\.\d+)?\s+(\d{3})\b")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


_STRICT: Final[dict[str, bool]] = {
    "resolve_entities": False,
    "no_network": True,
    "huge_tree": False,
    "load_dtd": False,
    "recover": False,
    "remove_comments": True,
    "remove_pis": True,
}
"""How every document is read (S7)."""


def name(namespace: str, local: str) -> str:
    """A qualified name as lxml spells it: ``{namespace}local``."""
    return f"{{{namespace}}}{local}"


_MULTISTATUS: Final = name(DAV, "multistatus")
_RESPONSE: Final = name(DAV, "response")
_SYNC_TOKEN: Final = name(DAV, "sync-token")


@dataclass(frozen=True, slots=True)
class Row:
    """One ``response`` element: an href and what is said about it."""

    href: str
    """A path on the account's server, as the server spells it."""
    status: int | None
    """The row's own status; None where it has propstats instead."""
    found: Mapping[str, _Element]
    """Properties with a status of 2xx, by qualified name; a 404 propstat never hides one of them."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """The other properties and their status."""

    def text(self, qualified: str) -> str | None:
        """A property's text without blanks around it; None where there is none, or only blanks."""
        element = self.found.get(qualified)
        return None if element is None else text_of(element)


@dataclass(frozen=True, slots=True)
class Multistatus:
    """An answer that was read whole."""

    url: ServerUrl
    rows: tuple[Row, ...]
    sync_token: str | None
    clean: bool
    """False where a row could not be used: no href, another host, dot segments, or nothing said about it."""


def text_of(element: _Element) -> str | None:
    """All text inside an element (CDATA or escaped, it is the same), without blanks around it; None where nothing is left."""
    return "".join(str(part) for part in element.itertext()).strip() or None


# --- request bodies -----------------------------------------------------------------------------------------------------------


def propfind_body(properties: Iterable[str]) -> bytes:
    """PROPFIND for named properties; never allprop (icloud.md §2.1)."""
    root = etree.Element(name(DAV, "propfind"), nsmap=_PREFIXES)
    _add_properties(root, properties)
    return _serialised(root)


def sync_body(token: str | None) -> bytes:
    """REPORT sync-collection (RFC 6578 §3.2) for ETags; without a token, the initial one (§3.4)."""
    root = etree.Element(name(DAV, "sync-collection"), nsmap={"D": DAV})
    etree.SubElement(root, name(DAV, "sync-token")).text = token or ""
    etree.SubElement(root, name(DAV, "sync-level")).text = "1"
    _add_properties(root, [name(DAV, "getetag")])
    return _serialised(root)


def multiget_body(hrefs: Sequence[str]) -> bytes:
    """REPORT calendar-multiget (RFC 4791 §7.9) for ETag and bare calendar-data, both from the same answer (C28)."""
    root = etree.Element(name(CALDAV, "calendar-multiget"), nsmap={"D": DAV, "C": CALDAV})
    _add_properties(root, [name(DAV, "getetag"), name(CALDAV, "calendar-data")])
    for href in hrefs:
        etree.SubElement(root, name(DAV, "href")).text = href
    return _serialised(root)


def _add_properties(root: _Element, properties: Iterable[str]) -> None:
    prop = etree.SubElement(root, name(DAV, "prop"))
    for qualified in properties:
        etree.SubElement(prop, qualified)


def _serialised(root: _Element) -> bytes:
    """From the first byte on ``<?xml``: iCloud answers 400 to leading blanks (icloud.md §3.2)."""
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


# --- answers ------------------------------------------------------------------------------------------------------------------


def parse_xml(body: bytes) -> _Element | None:
    """The root element of a well-formed document without DOCTYPE (S7); None for anything else. No entity, no network, no recovery."""
    document = _document(body)
    if document is None:
        return None
    parser = etree.XMLParser(**_STRICT)  # type: ignore[call-overload]  # one for each call: a default parser could be replaced by anybody (S8)
    try:
        root: _Element | None = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return None if root is None or root.getroottree().docinfo.doctype else root


def _document(body: bytes) -> bytes | None:
    """From the first byte of the document; None where a DOCTYPE comes before its root."""
    body = body.lstrip().removeprefix(_BOM).lstrip()
    prolog = _PROLOG.match(body)
    return None if prolog is not None and body[prolog.end() : prolog.end() + 2] == b"<!" else body


def parse_multistatus(body: bytes, url: ServerUrl) -> Multistatus:
    """Read a multistatus answer that came from ``url``; ``ProtocolViolation`` for everything that is not a whole one (N4, N10, H29)."""
    root = parse_xml(body)
    if root is None or root.tag != _MULTISTATUS:
        raise _no_multistatus(body, url, is_xml=root is not None)
    rows: list[Row] = []
    clean = True
    for response in root.iterchildren(_RESPONSE):
        found = _rows_of(response, url)
        clean = clean and found is not None
        rows += found or []
    token = root.find(_SYNC_TOKEN)
    return Multistatus(url, tuple(rows), None if token is None else text_of(token), clean)


def stream_multistatus(body: bytes, url: ServerUrl, take: Callable[[Row], None]) -> Multistatus:
    """The same for an answer of any length: each row is handed to ``take`` and then forgotten, and the result has no rows.

    All rows of 100,000 members at once take ten times the memory of the answer (C24). Nothing may be done with what was taken where this
    raises: an answer that is cut short tells so only at its end.
    """
    clean, token, root = True, None, None
    try:
        for element in _children_of_root(body):
            root = element.getparent()
            if root is None or root.tag != _MULTISTATUS:
                break
            if element.tag == _SYNC_TOKEN and token is None:
                token = element
            elif element.tag == _RESPONSE:
                rows = _rows_of(element, url)
                clean = clean and rows is not None
                for row in rows or ():
                    take(row)
                root.remove(element)
    except _NotWhole:
        raise _no_multistatus(body, url, is_xml=False) from None
    if root is None:
        return parse_multistatus(body, url)  # without children: empty, or something else altogether
    if root.tag != _MULTISTATUS:
        raise _no_multistatus(body, url, is_xml=True)
    return Multistatus(url, (), None if token is None else text_of(token), clean)


class _NotWhole(Exception):  # never leaves this module
    """Not well-formed, cut short, or with a DOCTYPE."""


def _children_of_root(body: bytes) -> Iterator[_Element]:
    """The root's ``response`` and ``sync-token``, each complete, in their order; ``_NotWhole`` as soon as the document is none."""
    document = _document(body)
    if document is None:
        raise _NotWhole
    events = etree.iterparse(BytesIO(document), events=("end",), tag=(_RESPONSE, _SYNC_TOKEN), **_STRICT)  # type: ignore[call-overload]
    while True:
        try:
            _, element = next(events)
        except StopIteration:
            return
        except (etree.XMLSyntaxError, ValueError):
            raise _NotWhole from None
        if element.getroottree().docinfo.doctype:
            raise _NotWhole
        root = element.getparent()
        if root is not None and root.getparent() is None:
            yield element


def _no_multistatus(body: bytes, url: ServerUrl, *, is_xml: bool) -> ProtocolViolation:
    why = "it is no WebDAV multistatus" if is_xml else "it is no well-formed XML, is cut short, or has a DOCTYPE"
    return ProtocolViolation(host=url.host, path=url.path, why="it is a web page" if looks_like_html(body) else why)


def looks_like_html(body: bytes) -> bool:
    """Whether an answer is a web page: a captive portal, a login form, an error page."""
    start = body[:512].lower()
    return b"<html" in start or b"<!doctype html" in start


def conditions_in(body: bytes) -> frozenset[str]:
    """Local names in a ``DAV:error`` body (RFC 4918 §16): ``valid-sync-token``, ``need-privileges``, …; empty for any other body."""
    root = parse_xml(body)
    if root is None or root.tag != name(DAV, "error"):
        return frozenset()
    return local_names(root)


def local_names(element: _Element) -> frozenset[str]:
    """The local names of an element's children."""
    return frozenset(etree.QName(child).localname for child in element.iterchildren("*"))


def locate(href: str, base: ServerUrl) -> ServerUrl | None:
    """Where an href leads, seen from ``base``; None where it is no place on this site or has dot segments (C15, C16)."""
    href = href.strip()
    if not href or _CONTROL.search(href) or href.startswith("//") or has_dot_segments(href):
        return None
    if _SCHEME.match(href):
        return _elsewhere(href, base)
    path = path_of(href)
    return base.at(path if path.startswith("/") else base.path.rpartition("/")[0] + "/" + path)


def _elsewhere(href: str, base: ServerUrl) -> ServerUrl | None:
    try:
        target = parse_url(href.split("?", 1)[0].split("#", 1)[0])
    except UrlRefused:
        return None
    if not same_site(base, target) or (base.scheme, target.scheme) == ("https", "http"):
        return None
    return target.at(path_of(href) or "/")  # the path as the server spells it


def _rows_of(response: _Element, url: ServerUrl) -> list[Row] | None:
    """The rows of one ``response``; None where it cannot be used."""
    hrefs = [locate("".join(str(part) for part in element.itertext()), url) for element in response.iterchildren(name(DAV, "href"))]
    status = _status_in(response)
    found: dict[str, _Element] = {}
    refused: dict[str, int] = {}
    propstats = list(response.iterchildren(name(DAV, "propstat")))
    for propstat in propstats:
        code = _status_in(propstat)
        if code is None:
            return None
        for prop in propstat.iterchildren(name(DAV, "prop")):
            for element in prop.iterchildren("*"):
                if 200 <= code < 300:  # noqa: PLR2004  # success
                    found.setdefault(str(element.tag), element)
                else:
                    refused.setdefault(str(element.tag), code)
    if not hrefs or (status is None and not propstats):
        return None
    places = [place.path for place in hrefs if place is not None]
    if len(places) != len(hrefs):
        return None
    refused = {qualified: code for qualified, code in refused.items() if qualified not in found}
    return [Row(place, status, found, refused) for place in places]


def _status_in(element: _Element) -> int | None:
    status = element.find(name(DAV, "status"))
    match = None if status is None else _STATUS.match(text_of(status) or "")
    return None if match is None else int(match[1])


def is_self(row: Row, url: ServerUrl) -> bool:
    """Whether a row is about the requested collection itself, in whatever spelling (C23)."""
    return path_key(row.href) == path_key(url.path)
