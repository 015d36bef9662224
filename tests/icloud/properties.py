"""The values of properties, and PROPFIND (icloud.md §1.1, §2; RFC 4918 §9.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.icloud.answers import (
    APPLE,
    CALDAV,
    CALENDAR_DATA,
    CALENDAR_SERVER,
    CALENDAR_TYPE,
    DAV,
    ETAG,
    Name,
    Refused,
    Reply,
    components,
    edge_page,
    element,
    href,
    multistatus,
    row,
    template_row,
    text,
    within,
)
from tests.icloud.places import Place, Request, collection_href, member_href, name_of
from tests.icloud.tokens import base36, milliseconds, sync_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tests.icloud.members import Stored
    from tests.icloud.state import Account, Collection, State

PRINCIPAL: Final = Name(DAV, "current-user-principal")
RESOURCE_TYPE: Final = Name(DAV, "resourcetype")
DISPLAY_NAME: Final = Name(DAV, "displayname")
HOME_SET: Final = Name(CALDAV, "calendar-home-set")
COMPONENT_SET: Final = Name(CALDAV, "supported-calendar-component-set")
PRIVILEGE_SET: Final = Name(DAV, "current-user-privilege-set")
CTAG: Final = Name(CALENDAR_SERVER, "getctag")
TOKEN: Final = Name(DAV, "sync-token")
COLOR: Final = Name(APPLE, "calendar-color")
CONTENT_TYPE: Final = Name(DAV, "getcontenttype")
WRITABLE: Final = (
    "read", "read-free-busy", "read-current-user-privilege-set", "write", "write-properties", "write-content", "bind", "unbind",
)  # fmt: skip
_CALDAV_PRIVILEGES: Final = {"read-free-busy", "schedule-deliver", "schedule-send"}
_KIND_NAMES: Final = {
    "calendar": (Name(CALDAV, "calendar"),),
    "subscribed": (Name(CALENDAR_SERVER, "subscribed"),),
    "inbox": (Name(CALDAV, "schedule-inbox"),),
    "outbox": (Name(CALDAV, "schedule-outbox"),),
    "notification": (Name(CALENDAR_SERVER, "notification"),),
}
_REPORTS: Final = (Name(CALDAV, "calendar-query"), Name(CALDAV, "calendar-multiget"), Name(DAV, "sync-collection"))
_FEW: Final = (DISPLAY_NAME, Name(DAV, "creationdate"), ETAG)


class Properties:
    """Answers PROPFIND; ``home_url`` tells where the homes are served now."""

    def __init__(self, state: State, home_url: Callable[[Account], str]) -> None:
        self._state = state
        self._home_url = home_url

    def propfind(self, request: Request, place: Place, account: Account) -> Reply:
        """One row for each resource that Depth reaches."""
        names = self._names(request)
        rows = list(self._rows(request, place, account, names))
        return multistatus(rows, content_type=self._state.switches.content_type)

    def _names(self, request: Request) -> Sequence[Name]:
        root = request.xml()
        prop = None if root is None else root.find(f"{{{DAV}}}prop")
        if prop is not None:
            return list(dict.fromkeys(name_of(child) for child in prop.iterchildren("*")))
        if self._state.switches.allprop == "refused":
            raise Refused(edge_page(400))
        return _FEW

    def _rows(self, request: Request, place: Place, account: Account, names: Sequence[Name]) -> Iterator[str]:
        deep = (request.depth or "1") != "0"
        match place.kind:
            case "root" | "well_known":
                # in place, and the row is about the principal, not the path that was asked (icloud.md §1.1.2)
                yield _row(
                    "/" if place.kind == "root" else account.principal, names, {PRINCIPAL: element(PRINCIPAL, href(account.principal))}
                )
            case "principal":
                refusal = self._state.switches.principal_depth_one
                if deep and request.depth is not None and refusal is not None:
                    raise Refused(edge_page(refusal))
                short = self._state.switches.principal_row_href == "short"
                yield _row("/principal/" if short else account.principal, names, self.of_principal(account))
            case "home":
                yield _row(account.home, names, self.of_home(account), template=True)
                for collection in account.rows() if deep else ():
                    values = self.of_collection(account, collection)
                    yield _row(collection_href(account, collection), names, values, template=True)
            case "collection":
                yield from self._collection_rows(account, place, names, deep=deep)
            case "member":
                stored = place.collection.content.members.get(place.name) if place.collection else None
                if stored is None or place.collection is None:
                    raise Refused(edge_page(404))
                yield self.member_row(account, place.collection, stored, names)

    def _collection_rows(self, account: Account, place: Place, names: Sequence[Name], *, deep: bool) -> Iterator[str]:
        if place.collection is None:
            raise Refused(edge_page(404))
        yield _row(collection_href(account, place.collection), names, self.of_collection(account, place.collection))
        if deep:
            full = self._state.switches.href_escaping != "plain"
            for stored in place.collection.content.members:
                yield self.member_row(account, place.collection, stored, names, full=full)

    # --- what each kind of resource knows ---------------------------------------------------------------------------------

    def of_principal(self, account: Account) -> Mapping[Name, str]:
        """A principal: where its homes are, and its addresses (icloud.md §1.1.3, §6.2)."""
        mails = [account.name, *account.aliases]
        addresses = [href(account.principal.rstrip("/")), href(f"urn:uuid:{account.dsid}")]
        addresses += [href(f"mailto:{mail}", preferred=mail == account.name) for mail in mails]
        values = {
            PRINCIPAL: href(account.principal),
            DISPLAY_NAME: text(account.display_name),
            RESOURCE_TYPE: within([Name(DAV, "principal")]),
            HOME_SET: href(self._home_url(account)),
            Name(CALDAV, "schedule-inbox-URL"): href(f"{account.home}inbox/"),
            Name(CALDAV, "schedule-outbox-URL"): href(f"{account.home}outbox/"),
        }
        if self._state.switches.addresses_told:
            values[Name(CALDAV, "calendar-user-address-set")] = "".join(addresses)
        return _elements(values)

    def of_home(self, account: Account) -> Mapping[Name, str]:
        """The home: advertises events, and is no calendar (icloud.md §2.2)."""
        values = {
            DISPLAY_NAME: text(account.display_name),
            RESOURCE_TYPE: within([Name(DAV, "collection")]),
            COMPONENT_SET: components(["VEVENT", "VTODO", "VFREEBUSY"]),
            CTAG: text(sync_token(account.dsid, account.sequence)),
            PRIVILEGE_SET: _privileges(WRITABLE),
        }
        return _elements(values)

    def of_collection(self, account: Account, collection: Collection) -> Mapping[Name, str]:
        """One row of the home (icloud.md §2.2)."""
        values = {RESOURCE_TYPE: within([Name(DAV, "collection"), *self._kinds(collection)])}
        if collection.name is not None:
            values[DISPLAY_NAME] = text(collection.name)
        if collection.components is not None:
            values[COMPONENT_SET] = components(collection.components)
        if collection.kind in {"calendar", "subscribed"}:
            values |= self._look(collection)
        if self._state.switches.privileges_told:
            values[PRIVILEGE_SET] = _privileges(self._rights(collection))
        if collection.source is not None and self._state.switches.source_told:
            values[Name(CALENDAR_SERVER, "source")] = href(collection.source)
        if self._state.switches.reports_told:
            values[Name(DAV, "supported-report-set")] = _reports()
        return _elements(values | self._states(account, collection))

    def _kinds(self, collection: Collection) -> Iterable[Name]:
        if collection.kind == "subscribed" and self._state.switches.subscribed_as == "calendar":
            yield Name(CALDAV, "calendar")
        yield from _KIND_NAMES[collection.kind]
        if collection.sharing is not None:
            yield Name(CALENDAR_SERVER, collection.sharing)

    def _look(self, collection: Collection) -> dict[Name, str]:
        values: dict[Name, str] = {}
        if collection.color is not None:
            values[COLOR] = collection.color + ("FF" if self._state.switches.color_alpha else "")
        if self._state.switches.calendar_order_told:
            values[Name(APPLE, "calendar-order")] = str(collection.order)
        return values

    def _rights(self, collection: Collection) -> Sequence[str]:
        match collection.kind:
            case "inbox":
                return (*WRITABLE, "schedule-deliver")
            case "notification":
                return ("read", "read-current-user-privilege-set", "unbind")
            case "outbox":
                return ("read", "read-free-busy", "read-current-user-privilege-set", "schedule-send")
        return WRITABLE if collection.writable else self._state.switches.read_only_privileges

    def _states(self, account: Account, collection: Collection) -> dict[Name, str]:
        """ETag, ctag and sync token: one family (icloud.md §2.2)."""
        if collection.kind == "outbox":
            return {}
        token = self._state.token(account, collection)
        values = {ETAG: text(f'"{token}"')}
        if self._state.switches.token_in_listing:
            values[TOKEN] = text(token)
        ctag = self._ctag(account, collection, token)
        return values if ctag is None else values | {CTAG: text(ctag)}

    def _ctag(self, account: Account, collection: Collection, token: str) -> str | None:
        place = f"{account.dsid}/{collection.id}/ctag"
        match self._state.switches.ctag:
            case "missing":
                return None
            case "frozen":
                return sync_token(place, 1)
            case "restless":
                self._state.looks += 1
                return sync_token(place, self._state.looks)
            case "seconds":
                changed = collection.content.changed_at
                return base36(milliseconds(changed) // 1000 if changed else 0)
        return token

    def member_row(self, account: Account, collection: Collection, stored: Stored, names: Sequence[Name], *, full: bool = False) -> str:
        """An object: it has no ``resourcetype``, which comes as 404."""
        found = [_member_value(name, stored) for name in names]
        missing = [name for name, value in zip(names, found, strict=True) if value is None]
        place = member_href(account, collection, stored.name, full=full)
        return row(place, [value for value in found if value is not None], missing)


def _member_value(name: Name, stored: Stored) -> str | None:
    if name == ETAG:
        return element(ETAG, text(stored.etag))
    return element(CONTENT_TYPE, CALENDAR_TYPE) if name == CONTENT_TYPE else None


def _row(place: str, names: Sequence[Name], values: Mapping[Name, str], *, template: bool = False) -> str:
    found = [values[name] for name in names if name in values]
    return (template_row if template else row)(place, found, [name for name in names if name not in values and name != CALENDAR_DATA])


def _elements(values: Mapping[Name, str]) -> Mapping[Name, str]:
    return {name: element(name, inner) for name, inner in values.items()}


def _privileges(names: Sequence[str]) -> str:
    each = (Name(CALDAV if name in _CALDAV_PRIVILEGES else DAV, name) for name in names)
    return "".join(f"<privilege>{within([name])}</privilege>" for name in each)


def _reports() -> str:
    return "".join(f"<supported-report><report>{within([name])}</report></supported-report>" for name in _REPORTS)
