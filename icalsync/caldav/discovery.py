"""From an address and a login to the principal, its homes and its calendars (RFC 6764 §6, RFC 5397, RFC 4791 §6.2; icloud.md §1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from icalsync.caldav.account import READABLE, multistatus
from icalsync.caldav.properties import (
    ADDRESSES,
    COLLECTION_PROPERTIES,
    DISPLAY_NAME,
    HOMES,
    PRINCIPAL,
    RESOURCE_TYPE,
    addresses_in,
    collections_in,
    hrefs_in,
    kinds_of,
    only_row,
)
from icalsync.caldav.wire import DAV, locate, name, parse_multistatus, propfind_body
from icalsync.core.paths import path_key
from icalsync.errors import AccessDenied, NotCalDav, ProtocolViolation, RedirectRefused, SingleCalendarUrl
from icalsync.ports import Collection, Discovered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from icalsync.caldav.account import Account
    from icalsync.caldav.answers import Answer
    from icalsync.caldav.hosts import ServerUrl
    from icalsync.caldav.wire import Row

WELL_KNOWN: Final = "/.well-known/caldav"


def discover(account: Account, told: Callable[[str], None] | None = None) -> Discovered:
    """Everything about an account; ``told`` hears each of ``ports.STAGES`` as it begins.

    ``AuthenticationRejected``, ``NotCalDav``, ``SingleCalendarUrl``, ``RedirectRefused``, ``AccessDenied``, or trouble on the way.
    """
    tell = told or (lambda _stage: None)
    account.whereabouts.forget()
    tell("address")
    origin, principal = _find_principal(account)
    tell("principal")
    row = _read_principal(account, principal)
    account.whereabouts.remember(principal.path, principal)
    homes = _homes(account, principal, row)
    tell("calendars")
    return Discovered(
        origin=origin.origin,
        principal=principal.path,
        display_name=row.text(DISPLAY_NAME),
        addresses=addresses_in(row),
        homes=homes,
        collections=list_homes(account, homes),
    )


def list_homes(account: Account, homes: Sequence[str]) -> tuple[Collection, ...]:
    """Exactly one PROPFIND Depth 1 for each home (design.md §7)."""
    found: dict[str, Collection] = {}
    for home in homes:
        answer = account.ask("PROPFIND", home, body=propfind_body(COLLECTION_PROPERTIES), depth="1")
        for collection in collections_in(multistatus(answer, "a listing of the home")):
            found.setdefault(path_key(collection.href), collection)
    return tuple(found.values())


def _find_principal(account: Account) -> tuple[ServerUrl, ServerUrl]:
    """Where the account was met, and its principal: at the address given, then where RFC 6764 puts it, then at the root."""
    reasons: list[str] = []
    denied: AccessDenied | None = None
    for path in dict.fromkeys([account.start.path, WELL_KNOWN, "/"]):
        url = account.start.at(path)
        try:
            answer = account.ask_at("PROPFIND", url, body=propfind_body([PRINCIPAL, RESOURCE_TYPE]), depth="0")
            principal, why = _principal_in(account, answer, given=path == account.start.path)
        except AccessDenied as error:
            denied = denied or error
            continue
        if principal is not None:
            return answer.url, principal
        reasons.append(why)
    if denied is not None:
        raise denied
    raise NotCalDav(host=account.start.host, why=reasons[0])


def _principal_in(account: Account, answer: Answer, *, given: bool) -> tuple[ServerUrl | None, str]:
    """The principal that an answer names, or why there is none; ``given`` is the address the person gave."""
    if answer.status == 403:  # noqa: PLR2004
        if account.quirks.discovery_403_is_rejection:
            raise account.rejected(answer.url)
        raise AccessDenied(host=answer.url.host, path=answer.url.path)
    if answer.status not in READABLE:
        return None, f"it answers {answer.status} to {answer.url.path}"
    try:
        row = only_row(parse_multistatus(answer.body, answer.url))
    except ProtocolViolation as violation:
        return None, str(violation.facts["why"])
    if row is None:
        return None, "it says nothing about its own address"
    if given and "calendar" in kinds_of(row):
        raise SingleCalendarUrl(url=str(answer.url))
    return _named_principal(account, answer, row)


def _named_principal(account: Account, answer: Answer, row: Row) -> tuple[ServerUrl | None, str]:
    element = row.found.get(PRINCIPAL)
    if element is not None and element.find(name(DAV, "unauthenticated")) is not None:
        raise account.rejected(answer.url)
    hrefs = hrefs_in(row, PRINCIPAL)
    if not hrefs and "principal" in kinds_of(row):
        return answer.url.at(row.href), ""
    if not hrefs:
        return None, "it names no principal for this account"
    return _on_this_site(answer.url, hrefs[0], "the account's principal"), ""


def _read_principal(account: Account, principal: ServerUrl) -> Row:
    answer = account.ask_at("PROPFIND", principal, body=propfind_body([HOMES, ADDRESSES, DISPLAY_NAME]), depth="0")
    if answer.status == 403 and account.quirks.discovery_403_is_rejection:  # noqa: PLR2004
        raise account.rejected(principal)
    if answer.status not in READABLE:
        raise NotCalDav(host=principal.host, why=f"its principal answers {answer.status}")
    row = only_row(multistatus(answer, "the principal"))
    if row is None or not hrefs_in(row, HOMES):
        raise NotCalDav(host=principal.host, why="its principal has no calendar home")
    return row


def _homes(account: Account, principal: ServerUrl, row: Row) -> tuple[str, ...]:
    """The homes' paths; which host serves each is remembered, because identity is the path alone (icloud.md §1.1.5)."""
    homes: dict[str, str] = {}
    for href in hrefs_in(row, HOMES):
        place = _on_this_site(principal, href, "the account's calendar home")
        account.whereabouts.remember(place.path, place)
        homes.setdefault(path_key(place.path), place.path)
    return tuple(homes.values())


def _on_this_site(base: ServerUrl, href: str, what: str) -> ServerUrl:
    place = locate(href, base)
    if place is None:
        raise RedirectRefused(host=base.host, target=href, why=f"{what} is said to be there, which is no place on the same site")
    return place
