"""What rows say about collections and principals, as plain data (RFC 4918, 4791, 3744, 6578; icloud.md §2.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from icalsync.caldav.wire import APPLE, CALDAV, CALENDAR_SERVER, DAV, Multistatus, Row, is_self, local_names, name, text_of
from icalsync.core.paths import path_key
from icalsync.errors import ProtocolViolation, ServerFailed
from icalsync.ports import Collection

if TYPE_CHECKING:
    from collections.abc import Iterator

RESOURCE_TYPE: Final = name(DAV, "resourcetype")
DISPLAY_NAME: Final = name(DAV, "displayname")
PRINCIPAL: Final = name(DAV, "current-user-principal")
HOMES: Final = name(CALDAV, "calendar-home-set")
ADDRESSES: Final = name(CALDAV, "calendar-user-address-set")
ETAG: Final = name(DAV, "getetag")
CALENDAR_DATA: Final = name(CALDAV, "calendar-data")
_COMPONENTS: Final = name(CALDAV, "supported-calendar-component-set")
_PRIVILEGES: Final = name(DAV, "current-user-privilege-set")
_REPORTS: Final = name(DAV, "supported-report-set")
_CTAG: Final = name(CALENDAR_SERVER, "getctag")
_SOURCE: Final = name(CALENDAR_SERVER, "source")
_COLOR: Final = name(APPLE, "calendar-color")
_TOKEN: Final = name(DAV, "sync-token")

COLLECTION_PROPERTIES: Final = (DISPLAY_NAME, RESOURCE_TYPE, _COMPONENTS, _PRIVILEGES, _CTAG, _TOKEN, _COLOR, _REPORTS, _SOURCE)

_COLOR_FORM: Final = re.compile(r"#(?:([0-9A-Fa-f]{6})(?:[0-9A-Fa-f]{2})?|([0-9A-Fa-f])([0-9A-Fa-f])([0-9A-Fa-f]))")
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_SERVER_ERRORS: Final = 500


def collection_of(row: Row) -> Collection:
    """The collection a row describes; what the server did not say stays None."""
    return Collection(
        href=row.href,
        kinds=kinds_of(row),
        display_name=row.text(DISPLAY_NAME),
        color=_color(row.text(_COLOR)),
        components=_components(row),
        privileges=_grandchildren(row, _PRIVILEGES, name(DAV, "privilege")),
        ctag=row.text(_CTAG),
        sync_token=row.text(_TOKEN),
        reports=_reports(row),
        source=row.text(_SOURCE),
    )


def kinds_of(row: Row) -> frozenset[str]:
    """Local names in ``resourcetype``; empty where the row has none."""
    element = row.found.get(RESOURCE_TYPE)
    return frozenset() if element is None else local_names(element)


def collections_in(listing: Multistatus) -> list[Collection]:
    """Every collection in a home, each once, without the home itself.

    A row that cannot be read, or a server error in one, makes the whole listing an error (``ProtocolViolation``, ``ServerFailed``): a
    collection must not look gone because the server had a bad moment (H27). A row of 403 or 404 is no collection of ours.
    """
    if not listing.clean:
        raise ProtocolViolation(host=listing.url.host, path=listing.url.path, why="a row of the listing cannot be read")
    found: dict[str, Collection] = {}
    for row in listing.rows:
        if is_self(row, listing.url):
            continue
        status = row.status or row.refused.get(RESOURCE_TYPE, 0)
        if status >= _SERVER_ERRORS:
            raise ServerFailed(host=listing.url.host, status=status)
        if status not in {_FORBIDDEN, _NOT_FOUND} and kinds_of(row) & {"collection", "calendar"}:
            found.setdefault(path_key(row.href), collection_of(row))
    return list(found.values())


def only_row(answer: Multistatus) -> Row | None:
    """The row of a Depth 0 answer: the only one, whatever its href (icloud.md §1.1.7), else the one for the requested path."""
    if len(answer.rows) == 1:
        return answer.rows[0]
    return next((row for row in answer.rows if is_self(row, answer.url)), None)


def hrefs_in(row: Row, qualified: str) -> list[str]:
    """The ``DAV:href`` values of a property, in order."""
    element = row.found.get(qualified)
    texts = [] if element is None else [text_of(href) for href in element.iterchildren(name(DAV, "href"))]
    return [text for text in texts if text]


def addresses_in(row: Row) -> tuple[str, ...]:
    """E-mail addresses of a principal, in lower case, each once."""
    mails = [href[len("mailto:") :] for href in hrefs_in(row, ADDRESSES) if href.lower().startswith("mailto:")]
    return tuple(dict.fromkeys(address for mail in mails if "@" in (address := unquote(mail).strip().lower())))


def _color(text: str | None) -> str | None:
    """``#RRGGBB``; an alpha channel is dropped, and what is no such colour is none."""
    match = None if text is None else _COLOR_FORM.fullmatch(text)
    if match is None:
        return None
    return f"#{match[1]}" if match[1] else "#" + "".join(digit * 2 for digit in match.groups()[1:])


def _components(row: Row) -> frozenset[str] | None:
    element = row.found.get(_COMPONENTS)
    names = [] if element is None else [str(comp.get("name", "")).upper() for comp in element.iterchildren(name(CALDAV, "comp"))]
    return frozenset(filter(None, names)) or None  # RFC 4791 §5.2.3 wants at least one: an empty set says nothing


def _grandchildren(row: Row, qualified: str, child: str) -> frozenset[str] | None:
    element = row.found.get(qualified)
    return None if element is None else frozenset().union(*(local_names(inner) for inner in element.iterchildren(child)))


def _reports(row: Row) -> frozenset[str] | None:
    element = row.found.get(_REPORTS)
    return None if element is None else frozenset(_report_names(element.iterdescendants(name(DAV, "report"))))


def _report_names(reports: Iterator[object]) -> Iterator[str]:
    for report in reports:
        yield from local_names(report)  # type: ignore[arg-type]  # iterdescendants is typed loosely
