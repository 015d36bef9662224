"""Requests as the rest of the server sees them, and what their paths mean (icloud.md §1.1, §2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote, unquote, urlsplit

from lxml import etree

from tests.icloud.answers import Name, Refused, edge_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.etree import _Element

    from tests.icloud.state import Account, Collection, State

PlaceKind = Literal["root", "well_known", "principal", "home", "collection", "member"]
_PLAIN: Final = "@:!$&'()*+,;=~-._"


@dataclass(frozen=True)
class Request:
    """One HTTP request, read whole."""

    number: int
    method: str
    path: str
    """As sent, without query."""
    host: str
    """``canonical`` or a partition's name."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    def header(self, name: str) -> str | None:
        """A header's value."""
        return self.headers.get(name)

    @property
    def depth(self) -> str | None:
        """The Depth header."""
        return self.headers.get("depth")

    def xml(self) -> _Element | None:
        """The body's root element; None for an empty body. Leading blanks and what is no XML are 400 from the edge (icloud.md §3.2)."""
        if not self.body:
            return None
        root = parsed(self.body)
        if self.body[:1].isspace() or root is None:
            raise Refused(edge_page(400))
        return root


def parsed(body: bytes) -> _Element | None:
    """The root of a well-formed document; None for anything else."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        return etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        return None


def name_of(element: _Element) -> Name:
    """An element's qualified name."""
    qualified = etree.QName(element)
    return Name(qualified.namespace or "", qualified.localname)


@dataclass(frozen=True)
class Place:
    """What a path leads to. ``collection`` is None where there is none of that id, or none is meant."""

    kind: PlaceKind
    account: Account | None = None
    collection: Collection | None = None
    id: str = ""
    """The collection's id, whether or not there is one."""
    name: str = ""
    """The object's name, decoded."""


def locate(state: State, href: str) -> Place | None:
    """What stands at a path, or could; None where nothing ever does. ``/principal/`` is nothing, though rows may call it so."""
    path = urlsplit(href).path if "://" in href else href
    segments = [unquote(segment) for segment in path.split("/") if segment]
    match segments:
        case []:
            return Place("root")
        case [".well-known", "caldav"]:
            return Place("well_known")
        case [dsid, *rest]:
            account = state.account_with_dsid(dsid)
            return None if account is None else _below(account, rest)
    return None


def _below(account: Account, segments: list[str]) -> Place | None:
    match segments:
        case ["principal"]:
            return Place("principal", account)
        case ["calendars"]:
            return Place("home", account)
        case ["calendars", name]:
            return Place("collection", account, account.collections.get(name), name)
        case ["calendars", name, member]:
            return Place("member", account, account.collections.get(name), name, member)
    return None


def collection_href(account: Account, collection: Collection) -> str:
    """``/<dsid>/calendars/<id>/``."""
    return f"{account.home}{quote(collection.id)}/"


def member_href(account: Account, collection: Collection, name: str, *, full: bool = False) -> str:
    """An object's path; ``full`` escapes everything that may be escaped (C14)."""
    return collection_href(account, collection) + quote(name, safe="" if full else _PLAIN)
