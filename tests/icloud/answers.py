"""Answers in iCloud's hand: no prefixes, the namespace declared again on every element, 200 and 404 apart (icloud.md §2.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DAV: Final = "DAV:"
CALDAV: Final = "urn:ietf:params:xml:ns:caldav"
CALENDAR_SERVER: Final = "http://calendarserver.org/ns/"
APPLE: Final = "http://apple.com/ns/ical/"

PROLOG: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
ERROR_PROLOG: Final = "<?xml version='1.0' encoding='UTF-8'?>"
REASONS: Final = {
    200: "OK", 201: "Created", 204: "No Content", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 409: "Conflict",
    412: "Precondition Failed", 500: "Internal Server Error", 507: "Insufficient Storage",
}  # fmt: skip
XML_TYPE: Final = "application/xml; charset=utf-8"
CALENDAR_TYPE: Final = "text/calendar; charset=utf-8"


class Name(NamedTuple):
    """A qualified XML name."""

    namespace: str
    local: str


ETAG: Final = Name(DAV, "getetag")
CALENDAR_DATA: Final = Name(CALDAV, "calendar-data")


@dataclass(frozen=True)
class Reply:
    """What goes back, before the headers that every reply has."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def having(self, name: str, value: str) -> Reply:
        """The same with one more header."""
        return replace(self, headers=(*self.headers, (name, value)))


class Refused(Exception):
    """A request ends here, with this reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


# --- elements -----------------------------------------------------------------------------------------------------------------


def text(value: str) -> str:
    """Character data; a carriage return would not survive otherwise."""
    return escape(value, {"\r": "&#13;"})


def element(name: Name, inner: str = "") -> str:
    """An element that declares its namespace, whatever stands around it."""
    return f'<{name.local} xmlns="{name.namespace}">{inner}</{name.local}>' if inner else f'<{name.local} xmlns="{name.namespace}"/>'


def within(names: Iterable[Name], default: str = DAV) -> str:
    """Empty elements inside a parent of the default namespace: only others declare theirs (``<collection/><calendar xmlns=…/>``)."""
    return "".join(f"<{name.local}/>" if name.namespace == default else element(name) for name in names)


def components(names: Sequence[str]) -> str:
    """``comp`` elements with single-quoted attributes."""
    return "".join(f"<comp name='{name}' xmlns='{CALDAV}'/>" for name in names)


def href(value: str, *, preferred: bool = False) -> str:
    """An href element inside a parent of another namespace."""
    return f'<href xmlns="DAV:"{" preferred=" + chr(34) + "1" + chr(34) if preferred else ""}>{text(value)}</href>'


def data(value: str, *, cdata: bool) -> str:
    """Calendar text, CDATA-wrapped or escaped (icloud.md §3.7)."""
    return "<![CDATA[" + value.replace("]]>", "]]]]><![CDATA[>") + "]]>" if cdata else text(value)


# --- rows ---------------------------------------------------------------------------------------------------------------------


def row(place: str, found: Sequence[str], missing: Sequence[Name] = ()) -> str:
    """A response with what was found, and empty elements for what was not; without either, an empty 200."""
    stats = _propstat(200, found) if found or not missing else ""
    if missing:
        stats += _propstat(404, [element(name) for name in missing])
    return f'<response xmlns="DAV:"><href>{text(place)}</href>{stats}</response>\n'


def template_row(place: str, found: Sequence[str], missing: Sequence[Name] = ()) -> str:
    """The same in the home listing's template, with its blank lines."""
    compact = row(place, found, missing)
    spaced = compact.replace("<prop>", "\n        <prop>\n            \n").replace("</prop>", "\n        </prop>\n        ")
    return "    \n    " + spaced.replace("<propstat>", "\n    <propstat>").replace("</propstat>", "\n    </propstat>\n    ")


def status_row(place: str, status: int, inner: str = "") -> str:
    """A response with a status of its own, as removals come."""
    return f'<response xmlns="DAV:"><href>{text(place)}</href>{status_line(status)}{inner}</response>\n'


def status_line(status: int) -> str:
    """``<status>HTTP/1.1 404 Not Found</status>``."""
    return f"<status>HTTP/1.1 {status} {REASONS[status]}</status>"


def _propstat(status: int, properties: Sequence[str]) -> str:
    return f"<propstat><prop>{''.join(properties)}</prop>{status_line(status)}</propstat>"


# --- replies ------------------------------------------------------------------------------------------------------------------


def multistatus(rows: Iterable[str], *, token: str | None = None, content_type: str = XML_TYPE) -> Reply:
    """207; a sync token is the last child."""
    tail = "" if token is None else f"<sync-token>{text(token)}</sync-token>"
    body = "".join([PROLOG, '<multistatus xmlns="DAV:">\n', *rows, tail, "</multistatus>"])
    return Reply(207, (("Content-Type", content_type),), body.encode("utf-8", "surrogatepass"))


def condition(status: int, inner: str) -> Reply:
    """A ``DAV:error`` with its single-quoted prolog (icloud.md §3.1)."""
    body = f"{ERROR_PROLOG}<error xmlns='DAV:'>{inner}</error>"
    return Reply(status, (("Content-Type", "text/xml; charset=utf-8"),), body.encode())


def edge_page(status: int, says: str = "") -> Reply:
    """The edge's own HTML error page (icloud.md §2.1)."""
    title = f"{status} {REASONS.get(status, 'Error')}"
    page = f"<center><h1>{text(says or title)}</h1></center><hr><center>AppleHttpServer</center>"
    body = f"<html><head><title>{title}</title></head><body>{page}</body></html>"
    return Reply(status, (("Content-Type", "text/html"),), body.encode())
