"""MKCALENDAR, PROPPATCH and DELETE of collections (icloud.md §2.2, §2.5)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tests.icloud.answers import CALDAV, DAV, Refused, Reply, condition, edge_page, element, multistatus, row
from tests.icloud.places import collection_href, name_of
from tests.icloud.properties import COLOR, COMPONENT_SET, DISPLAY_NAME
from tests.icloud.state import Collection

if TYPE_CHECKING:
    from lxml.etree import _Element

    from tests.icloud.answers import Name
    from tests.icloud.places import Place, Request
    from tests.icloud.state import Account, State

TWO_COMPONENTS: Final = "Calendar SupportedCalendarComponentSet length exceeded, only one calendar component type supported"
_ID: Final = re.compile(r"[A-Za-z0-9._-]{3,255}")
_COLOR_FORM: Final = re.compile(r"#[0-9A-Fa-f]{6}(?:[0-9A-Fa-f]{2})?")


class CollectionWrites:
    """Answers what changes a collection itself."""

    def __init__(self, state: State) -> None:
        self._state = state

    def make_calendar(self, request: Request, place: Place, account: Account) -> Reply:
        """201; exactly one component type, and a name that is neither short nor odd (icloud.md §2.5)."""
        if place.kind != "collection" or not _ID.fullmatch(place.id):
            raise Refused(edge_page(400))
        if place.collection is not None:
            raise Refused(condition(403, "<resource-must-be-null/>"))
        wanted = _settings(request.xml(), "set")
        comps = tuple(comp.get("name", "") for comp in wanted[COMPONENT_SET].iterchildren("*")) if COMPONENT_SET in wanted else ("VEVENT",)
        if len(comps) != 1:
            raise Refused(edge_page(400, TWO_COMPONENTS))
        made = Collection(place.id, name=None, components=comps)
        before = account.removed.get(place.id)
        if before is not None and self._state.switches.sticky_calendars:
            made.content = before.content
        account.collections[place.id] = made
        made.content.sequence = account.sequence = self._state.next_sequence()
        _apply(made, wanted)
        return Reply(201)

    def proppatch(self, request: Request, place: Place, account: Account) -> Reply:
        """Display name and colour of a calendar; anything else is 403 in the answer. Names of colours are ignored (caldav 3.6, profile)."""
        if place.collection is None:
            raise Refused(edge_page(404))
        if place.collection.kind != "calendar" or not place.collection.writable:
            raise Refused(condition(403, "<need-privileges/>"))
        wanted = _settings(request.xml(), "set")
        done = [name for name in wanted if name in {DISPLAY_NAME, COLOR}]
        _apply(place.collection, wanted)
        account.sequence = self._state.next_sequence()
        return multistatus([row(collection_href(account, place.collection), [element(name) for name in done])])

    def delete(self, _: Request, place: Place, account: Account) -> Reply:
        """204: a calendar goes with all that is in it, a shared one is unlinked; what the system made stays."""
        if place.collection is None:
            raise Refused(edge_page(404))
        if place.collection.kind not in {"calendar", "subscribed"}:
            raise Refused(Reply(403))
        self._state.remove_collection(account, place.collection)
        return Reply(204)


def _settings(root: _Element | None, action: str) -> dict[Name, _Element]:
    if root is None:
        return {}
    if root.tag not in {f"{{{CALDAV}}}mkcalendar", f"{{{DAV}}}propertyupdate"}:
        raise Refused(edge_page(400))
    found: dict[Name, _Element] = {}
    for prop in root.iterfind(f"{{{DAV}}}{action}/{{{DAV}}}prop"):
        found |= {name_of(child): child for child in prop.iterchildren("*")}
    return found


def _apply(collection: Collection, wanted: dict[Name, _Element]) -> None:
    if DISPLAY_NAME in wanted:
        collection.name = wanted[DISPLAY_NAME].text
    color = (wanted[COLOR].text or "") if COLOR in wanted else ""
    if _COLOR_FORM.fullmatch(color):
        collection.color = color[:7]
