"""Answers whose rows are not what the server said: each takes the true body and the request, and gives another (``behaviour.Body``)."""

from __future__ import annotations

import copy
import itertools
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lxml.etree import _Element

    from tests.faults.asked import Asked
    from tests.faults.behaviour import Body

DAV: Final = "{DAV:}"
CALDAV: Final = "{urn:ietf:params:xml:ns:caldav}"
CALENDAR_SERVER: Final = "{http://calendarserver.org/ns/}"
_NUMBERS: Final = itertools.count(1)


def _rewritten(change: Callable[[_Element, Asked], None]) -> Body:
    """A lie told with the answer's own XML; what is no multistatus stays as it is."""

    def lie(body: bytes, asked: Asked) -> bytes:
        root = etree.fromstring(body) if body.lstrip()[:1] == b"<" else None
        if root is None or root.tag != DAV + "multistatus":
            return body
        change(root, asked)
        return etree.tostring(root, xml_declaration=True, encoding="utf-8")

    return lie


def _rows(root: _Element) -> list[_Element]:
    return list(root.iterchildren(DAV + "response"))


def _href(row: _Element) -> str:
    return row.findtext(DAV + "href", "").strip()


def _members(root: _Element, asked: Asked) -> list[_Element]:
    """The rows that are not about the requested collection itself."""
    place = unquote(asked.path).rstrip("/")
    return [row for row in _rows(root) if unquote(_href(row)).rstrip("/") != place]


def _set_href(row: _Element, href: str) -> None:
    for element in row.iterchildren(DAV + "href"):
        element.text = href


def _etags(root: _Element) -> Iterator[_Element]:
    yield from root.iter(DAV + "getetag")


def _status(element: _Element, status: int) -> None:
    etree.SubElement(element, DAV + "status").text = f"HTTP/1.1 {status} Whatever"


# --- the rows -----------------------------------------------------------------------------------------------------------------


@_rewritten
def without_token(root: _Element, _asked: Asked) -> None:
    """Everything but the sync token (C3)."""
    for token in root.findall(DAV + "sync-token"):
        root.remove(token)


@_rewritten
def nothing_new(root: _Element, asked: Asked) -> None:
    """No rows, and the token that covers them (H30): a delta that hides what changed."""
    for row in _members(root, asked):
        root.remove(row)


@_rewritten
def with_self_row(root: _Element, asked: Asked) -> None:
    """A row about the collection itself, which is in every listing anyway (C23)."""
    row = etree.Element(DAV + "response")
    etree.SubElement(row, DAV + "href").text = asked.path
    propstat = etree.SubElement(row, DAV + "propstat")
    etree.SubElement(etree.SubElement(propstat, DAV + "prop"), DAV + "getetag").text = '"self"'
    _status(propstat, 200)
    root.insert(0, row)


@_rewritten
def gone_by_its_own_row(root: _Element, asked: Asked) -> None:
    """The row of the collection says 404, in an answer of 207 (H6; Xandikos does)."""
    for row in _rows(root):
        root.remove(row)
    row = etree.SubElement(root, DAV + "response")
    etree.SubElement(row, DAV + "href").text = asked.path
    _status(row, 404)


@_rewritten
def more_pages(root: _Element, asked: Asked) -> None:
    """507 on the collection: there is more, go on from this token (H20)."""
    row = etree.SubElement(root, DAV + "response")
    etree.SubElement(row, DAV + "href").text = asked.path
    _status(row, 507)
    token = root.find(DAV + "sync-token")
    if token is not None:
        root.append(token)


@_rewritten
def without_etags(root: _Element, _asked: Asked) -> None:
    """No row has an ETag (C6)."""
    for etag in list(_etags(root)):
        etag.getparent().remove(etag)  # type: ignore[union-attr]  # it stands in a prop


@_rewritten
def etags_not_found(root: _Element, _asked: Asked) -> None:
    """The ETag stands, empty, in a propstat of 404 (H28)."""
    for etag in list(_etags(root)):
        prop = etag.getparent()
        assert prop is not None
        row = prop.getparent().getparent()  # type: ignore[union-attr]  # response > propstat > prop
        prop.remove(etag)
        propstat = etree.SubElement(row, DAV + "propstat")
        etree.SubElement(etree.SubElement(propstat, DAV + "prop"), DAV + "getetag")
        _status(propstat, 404)


@_rewritten
def weak_etags(root: _Element, _asked: Asked) -> None:
    """Every ETag is a weak one (C7)."""
    for etag in _etags(root):
        etag.text = "W/" + (etag.text or "")


@_rewritten
def respelt_etags(root: _Element, _asked: Asked) -> None:
    """ETags as a compressing front server spells them: ``"x-gzip"`` (C8)."""
    for etag in _etags(root):
        etag.text = '"' + (etag.text or "").strip('"') + '-gzip"'


def one_row_fails(status: int) -> Body:
    """One member's row is an error, the others are well (H27)."""

    def change(root: _Element, asked: Asked) -> None:
        for row in _members(root, asked)[:1]:
            for propstat in [*row.findall(DAV + "propstat"), *row.findall(DAV + "status")]:
                row.remove(propstat)
            _status(row, status)

    return _rewritten(change)


@_rewritten
def one_row_says_nothing(root: _Element, asked: Asked) -> None:
    """One member's row has an href and nothing else."""
    for row in _members(root, asked)[:1]:
        for element in [*row.findall(DAV + "propstat"), *row.findall(DAV + "status")]:
            row.remove(element)


@_rewritten
def one_row_without_data(root: _Element, asked: Asked) -> None:
    """One object of a multiget comes without its text (C25)."""
    for row in _members(root, asked)[:1]:
        for data in list(row.iter(CALDAV + "calendar-data")):
            data.getparent().remove(data)  # type: ignore[union-attr]  # it stands in a prop


@_rewritten
def one_row_twice(root: _Element, asked: Asked) -> None:
    """One object comes twice, with two texts and two ETags (C26)."""
    for row in _members(root, asked)[:1]:
        second = copy.deepcopy(row)
        for data in second.iter(CALDAV + "calendar-data"):
            data.text = (data.text or "").replace("SUMMARY:", "SUMMARY:Not ")
        for etag in second.iter(DAV + "getetag"):
            etag.text = '"another"'
        root.insert(0, second)


@_rewritten
def one_row_too_many(root: _Element, asked: Asked) -> None:
    """An object that nobody asked for (C26)."""
    for row in _members(root, asked)[:1]:
        stranger = copy.deepcopy(row)
        _set_href(stranger, asked.path.rstrip("/") + "/nobody-asked.ics")
        root.append(stranger)


def one_href(spelling: Callable[[str, Asked], str]) -> Body:
    """One member's href, spelt otherwise."""

    def change(root: _Element, asked: Asked) -> None:
        for row in _members(root, asked)[:1]:
            _set_href(row, spelling(_href(row), asked))

    return _rewritten(change)


def every_href(spelling: Callable[[str, Asked], str]) -> Body:
    """Every member's href, spelt otherwise."""

    def change(root: _Element, asked: Asked) -> None:
        for row in _members(root, asked):
            _set_href(row, spelling(_href(row), asked))

    return _rewritten(change)


def elsewhere(href: str, _asked: Asked) -> str:
    """On another host (C15)."""
    return "https://calendars.elsewhere.example" + href


def absolute(href: str, asked: Asked) -> str:
    """The whole address, with scheme and host (C15)."""
    return f"http://{asked.headers['host']}{href}"


def dotted(href: str, _asked: Asked) -> str:
    """Through a detour that leads out of the collection (C16)."""
    head, _, name = href.rstrip("/").rpartition("/")
    return f"{head}/../{head.rpartition('/')[2]}/{name}"


def dotted_and_escaped(href: str, asked: Asked) -> str:
    """The same detour with escaped dots (C16)."""
    return dotted(href, asked).replace("..", "%2e%2E")


def escaped(href: str, _asked: Asked) -> str:
    """Every letter of the last segment as an escape, in small hexadecimal digits (C14)."""
    head, _, name = href.rstrip("/").rpartition("/")
    slash = "/" if href.endswith("/") else ""
    return head + "/" + "".join(f"%{byte:02x}" for byte in unquote(name).encode()) + slash


def fully_quoted(href: str, _asked: Asked) -> str:
    """As another library quotes it (C14)."""
    return "/".join(quote(unquote(part), safe="") for part in href.split("/"))


# --- the home -----------------------------------------------------------------------------------------------------------------


def _calendars(root: _Element) -> list[_Element]:
    return [row for row in _rows(root) if row.find(f".//{DAV}resourcetype/{CALDAV}calendar") is not None]


@_rewritten
def without_calendars(root: _Element, _asked: Asked) -> None:
    """The home is there, and no calendar in it (H6, C9)."""
    for row in _calendars(root):
        root.remove(row)


@_rewritten
def renamed(root: _Element, _asked: Asked) -> None:
    """Every calendar has another name (C10)."""
    for row in _calendars(root):
        for name in row.iter(DAV + "displayname"):
            name.text = "Renamed " + (name.text or "")


@_rewritten
def without_rights(root: _Element, _asked: Asked) -> None:
    """No calendar may be written to any more, or read (C12)."""
    for row in _calendars(root):
        for privileges in row.iter(DAV + "current-user-privilege-set"):
            for privilege in list(privileges):
                privileges.remove(privilege)


def _marks(root: _Element, value: Callable[[], str]) -> None:
    for row in _calendars(root):
        for mark in (CALENDAR_SERVER + "getctag", DAV + "sync-token"):
            for element in row.iter(mark):
                element.text = value()


@_rewritten
def frozen_marks(root: _Element, _asked: Asked) -> None:
    """Neither ctag nor token ever moves (C4)."""
    _marks(root, lambda: "http://frozen.example/1")


@_rewritten
def restless_marks(root: _Element, _asked: Asked) -> None:
    """A new ctag and token at every look (C5)."""
    _marks(root, lambda: f"http://restless.example/{next(_NUMBERS)}")


@_rewritten
def without_marks(root: _Element, _asked: Asked) -> None:
    """Neither ctag nor token (servers that know neither)."""
    for row in _calendars(root):
        for mark in (CALENDAR_SERVER + "getctag", DAV + "sync-token"):
            for element in list(row.iter(mark)):
                element.getparent().remove(element)  # type: ignore[union-attr]  # it stands in a prop
