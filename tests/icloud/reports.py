"""sync-collection and calendar-multiget (icloud.md §3.1, §3.2; RFC 6578, RFC 4791 §7.9)."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from tests.icloud import calendar_text
from tests.icloud.answers import (
    CALDAV,
    CALENDAR_DATA,
    DAV,
    ETAG,
    Name,
    Refused,
    Reply,
    condition,
    data,
    edge_page,
    element,
    multistatus,
    row,
    status_row,
    text,
)
from tests.icloud.places import collection_href, locate, member_href, name_of
from tests.icloud.properties import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.etree import _Element

    from tests.icloud.members import Stored
    from tests.icloud.state import Account, Collection, State


class Reports:
    """Answers the two reports that a sync is made of."""

    def __init__(self, state: State) -> None:
        self._state = state

    # --- sync-collection ------------------------------------------------------------------------------------------------------

    def sync_collection(self, root: _Element, account: Account, collection: Collection) -> Reply:
        """Everything, or what changed since a token; calendar-data is not told here."""
        if not self._state.switches.sync_supported:
            raise Refused(edge_page(501))
        asked = (root.findtext(f"{{{DAV}}}sync-token") or "").strip()
        page = self._state.page_of(account, collection, asked)
        since = self._state.sequence_of(account, collection, asked)
        if asked and page is None and since is None:
            refused = self._refuse_token()
            if refused is not None:
                return refused
        if since is not None:
            return self._delta(account, collection, since, wanted(root))
        return self._listing(account, collection, page or (self._state.horizon(collection), 0), wanted(root))

    def _refuse_token(self) -> Reply | None:
        """The refusal of a token, or None where the server starts anew without saying so (C2)."""
        match self._state.switches.expired_token:
            case "valid_sync_token":
                return condition(403, "<valid-sync-token/>")
            case "full_listing":
                return None
            case "bare_403":
                return Reply(403)
            case status:
                return Reply(int(status))

    def _listing(self, account: Account, collection: Collection, page: tuple[int, int], names: Sequence[Name]) -> Reply:
        """All members that existed at a sequence number; with ``page_size`` some of them, and a token that goes on."""
        horizon, skipped = page
        size = self._state.switches.page_size
        members = islice((each for each in collection.content.members if each.created <= horizon), skipped, None)
        lines = [self._member(account, collection, stored, names) for stored in islice(members, size)]
        if size is not None and next(members, None) is not None:
            return self._cut(account, collection, lines, self._state.page_token(account, collection, horizon, skipped + size))
        return self._whole(account, collection, lines, self._state.token(account, collection, horizon))

    def _delta(self, account: Account, collection: Collection, since: int, names: Sequence[Name]) -> Reply:
        """What changed after a sequence number; a removal is a 404 of its own, also of what nobody ever saw."""
        size = self._state.switches.page_size
        changed = self._state.changed_since(collection, since)
        rows = [(sequence, self._changed(account, collection, name, names)) for sequence, name in changed]
        if size is not None and len(rows) > size and rows[size - 1][0] < rows[size][0]:
            reached = self._state.token(account, collection, rows[size - 1][0])
            return self._cut(account, collection, [line for _, line in rows[:size]], reached)
        return self._whole(account, collection, [line for _, line in rows], self._state.token(account, collection))

    def _changed(self, account: Account, collection: Collection, name: str, names: Sequence[Name]) -> str:
        stored = collection.content.members.get(name)
        if stored is not None:
            return self._member(account, collection, stored, names)
        return status_row(member_href(account, collection, name, full=self._state.switches.href_escaping == "full"), 404)

    def _member(self, account: Account, collection: Collection, stored: Stored, names: Sequence[Name]) -> str:
        place = member_href(account, collection, stored.name, full=self._state.switches.href_escaping == "full")
        found = [element(ETAG, text(stored.etag))] if ETAG in names else []
        return row(place, found, [name for name in names if name != ETAG])

    def _cut(self, account: Account, collection: Collection, lines: list[str], token: str) -> Reply:
        """A page: 507 on the collection says that there is more (RFC 6578 §3.6)."""
        full = status_row(collection_href(account, collection), 507, "<error><number-of-matches-within-limits/></error>")
        return multistatus([*lines, full], token=token, content_type=self._state.switches.content_type)

    def _whole(self, account: Account, collection: Collection, lines: list[str], token: str) -> Reply:
        told = self._as_told(account, collection, lines)
        return multistatus(told, token=token, content_type=self._state.switches.content_type)

    def _as_told(self, account: Account, collection: Collection, lines: list[str]) -> Iterator[str]:
        switches = self._state.switches
        if lines and switches.self_row != "absent":
            place = collection_href(account, collection)
            tag = element(ETAG, text(f'"{self._state.token(account, collection)}"'))
            yield row(place if switches.self_row == "slash" else place.rstrip("/"), [tag])
        for line in lines:
            yield line
            if switches.duplicate_rows:
                yield line

    # --- calendar-multiget ----------------------------------------------------------------------------------------------------

    def multiget(self, root: _Element, account: Account, collection: Collection) -> Reply:
        """The objects of these hrefs; one href that is a collection spoils the whole report (icloud.md §3.1, §3.2)."""
        if not self._state.switches.multiget_supported:
            raise Refused(edge_page(501))
        names = wanted(root)
        places = [(element_.text or "").strip() for element_ in root.iterchildren(f"{{{DAV}}}href")]
        if not places or any((place := locate(self._state, each)) is None or place.kind != "member" for each in places):
            raise Refused(edge_page(400))
        rows: list[str] = []
        for each in places:
            line = self._object(root, account, collection, each, names)
            rows += [line] * (2 if self._state.switches.duplicate_rows else 1) if line else []
        return multistatus(rows, content_type=self._state.switches.content_type)

    def _object(self, root: _Element, account: Account, collection: Collection, href: str, names: Sequence[Name]) -> str | None:
        place = locate(self._state, href)
        found = None
        hidden = collection.sharing == "shared" and self._state.switches.shared_multiget == "not_found"
        if place is not None and place.collection is collection and not hidden:
            found = self._state.delivered(collection, place.name)
        if place is None or found is None:
            return status_row(href, 404) if self._state.switches.missing_in_multiget == "row" else None
        full = self._state.switches.href_escaping != "plain"
        return self.object_row(member_href(account, collection, place.name, full=full), found, names, data_element(root))

    def object_row(self, place: str, found: tuple[str, str], names: Sequence[Name], asked: _Element | None) -> str:
        """An object with its ETag and its text as a REPORT shows it."""
        values = {
            ETAG: lambda: element(ETAG, text(found[0])),
            CALENDAR_DATA: lambda: element(CALENDAR_DATA, self.shown(found[1], asked)),
            CONTENT_TYPE: lambda: element(CONTENT_TYPE, "text/calendar; charset=utf-8"),
        }
        return row(place, [values[name]() for name in names if name in values], [name for name in names if name not in values])

    def shown(self, body: str, asked: _Element | None) -> str:
        """The text with a DTSTAMP of this moment, emptied where only parts of it were asked for."""
        switches = self._state.switches
        if asked is not None and asked.find(f"{{{CALDAV}}}comp") is not None and switches.partial_data == "empty":
            body = calendar_text.emptied(body)
        elif switches.extra_stamp:
            body = calendar_text.stamped(body, self._state.clock.now())
        return data(body, cdata=switches.calendar_data == "cdata")


def wanted(root: _Element) -> list[Name]:
    """The properties a report asks for, each once."""
    prop = root.find(f"{{{DAV}}}prop")
    return [] if prop is None else list(dict.fromkeys(name_of(child) for child in prop.iterchildren("*")))


def data_element(root: _Element) -> _Element | None:
    """The ``calendar-data`` that was asked for, with what it says about parts and expansion."""
    return root.find(f"{{{DAV}}}prop/{{{CALDAV}}}calendar-data")
