"""Reading, writing and deleting one object: each write under a condition, sent once, and every refusal told from an unknown outcome.

``icalsync.ports.CalendarServer`` says which errors mean that nothing was written. After every other ``ServerError`` nobody knows (H18).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from icalsync.caldav.account import GONE, READABLE
from icalsync.caldav.fetching import may_be_cut_short
from icalsync.caldav.properties import ETAG
from icalsync.caldav.redirects import REDIRECTS, target_of
from icalsync.caldav.wire import (
    CALDAV,
    DAV,
    conditions_in,
    locate,
    looks_like_html,
    name,
    parse_multistatus,
    parse_xml,
    propfind_body,
    text_of,
)
from icalsync.core.paths import path_key
from icalsync.core.push import strong
from icalsync.errors import (
    AccessDenied,
    CalendarGone,
    ObjectRefused,
    PreconditionFailed,
    ProtocolViolation,
    RedirectRefused,
    ServerError,
    ServerFailed,
    UidConflict,
)
from icalsync.ports import Fetched

if TYPE_CHECKING:
    from icalsync.caldav.account import Account
    from icalsync.caldav.answers import Answer

CALENDAR_TYPE: Final = "text/calendar; charset=utf-8"
_OK: Final = 200
_ACCEPTED: Final = 202
_WRITTEN: Final = frozenset({_OK, 201, _ACCEPTED, 204, 205})
_QUOTA: Final = 507
_QUOTA_CONDITIONS: Final = frozenset({"quota-not-exceeded", "sufficient-disk-space"})
_OBJECT_CONDITIONS: Final = frozenset(
    {
        "max-attendees-per-instance",
        "max-date-time",
        "max-instances",
        "max-resource-size",
        "min-date-time",
        "supported-calendar-component",
        "supported-calendar-data",
        "valid-calendar-data",
        "valid-calendar-object-resource",
    }
)
"""RFC 4791 §5.3.2.1: what is wrong is the object, and not our right to write."""


def read(account: Account, href: str) -> Fetched | None:
    """One object by GET; None for 404 and 410.

    Where the answer has no strong ETag (H35, H36; a proxy that compresses makes it weak, C7) the property is asked for, and belongs to the
    text if the text is still the same after it. ``AccessDenied``, ``ProtocolViolation``.
    """
    answer = _get(account, href)
    if answer is None:
        return None
    etag = answer.header("etag") or None
    if strong(etag) is None:
        told = _property(account, href)
        again = None if strong(told) is None else _get(account, href)
        etag = told if again is not None and again.body == answer.body else etag
    return Fetched(href, etag, answer.body)


def create(account: Account, href: str, raw: bytes) -> str | None:
    """PUT with ``If-None-Match: *``; the strong ETag, or None where the server gave none."""
    return _put(account, href, raw, {"If-None-Match": "*"})


def replace(account: Account, href: str, raw: bytes, etag: str) -> str | None:
    """PUT with ``If-Match``; the strong ETag, or None where the server gave none."""
    return _put(account, href, raw, {"If-Match": etag})


def remove(account: Account, href: str, etag: str) -> None:
    """DELETE with ``If-Match``, without ``Depth``, which iCloud refuses (icloud.md §3.6); what is gone already is success (P8)."""
    answer = _send(account, "DELETE", href, b"", {"If-Match": etag})
    if answer.status not in _WRITTEN | GONE:
        raise _refusal(account, answer, href)


def _put(account: Account, href: str, raw: bytes, condition: dict[str, str]) -> str | None:
    answer = _send(account, "PUT", href, raw, {**condition, "Content-Type": CALENDAR_TYPE})
    if answer.status not in _WRITTEN:
        raise _refusal(account, answer, href)
    return None if answer.status == _ACCEPTED else strong(answer.header("etag"))


def _send(account: Account, method: str, href: str, body: bytes, headers: dict[str, str]) -> Answer:
    """A write, sent once; after a redirect within the site once more, when a look at the new place has shown that it is still due (H23)."""
    answer = account.ask(method, href, body=body, headers=headers, follow=False)
    if answer.status not in REDIRECTS:
        return answer
    target = target_of(answer)
    there = account.ask_at("GET", target)
    if method == "DELETE" and there.status in GONE:
        return there
    if not _still_due(there, headers):
        raise PreconditionFailed(path=href, host=target.host)
    again = account.ask_at(method, target, body=body, headers=headers, follow=False)
    if again.status in REDIRECTS:
        raise RedirectRefused(host=target.host, target=target_of(again).origin, why="a write is not sent on twice")
    if path_key(target.path) == path_key(href):  # H26: its collection is served there
        collection = href.rpartition("/")[0] + "/"
        account.whereabouts.remember(collection, target.at(collection))
    return again


def _still_due(there: Answer, condition: dict[str, str]) -> bool:
    """Whether the condition of a write holds for what stands there."""
    if "If-None-Match" in condition:
        return there.status in GONE
    return there.status == _OK and condition["If-Match"] in {"*", there.header("etag")}


def _get(account: Account, href: str) -> Answer | None:
    answer = account.ask("GET", href)
    if answer.status in GONE:
        return None
    if answer.status == 403:  # noqa: PLR2004
        raise AccessDenied(host=answer.url.host, path=href)
    if answer.status != _OK:
        raise ProtocolViolation(host=answer.url.host, path=href, why=f"the status {answer.status} makes no sense here")
    if "html" in (answer.header("content-type") or "").lower() and looks_like_html(answer.body):  # a captive portal (N10)
        raise ProtocolViolation(host=answer.url.host, path=href, why="it is a web page")
    if may_be_cut_short(answer):  # N4: half an event would pass for an owner's edit
        raise ServerFailed(host=answer.url.host, status="200, cut short")
    return answer


def _property(account: Account, href: str) -> str | None:
    """``getetag`` by PROPFIND; None where the server does not tell it so either."""
    answer = account.ask("PROPFIND", href, body=propfind_body([ETAG]), depth="0")
    if answer.status not in READABLE:
        return None
    rows = parse_multistatus(answer.body, answer.url).rows
    return rows[0].text(ETAG) if len(rows) == 1 else None


def _refusal(account: Account, answer: Answer, href: str) -> ServerError:
    """The error for a status that is no success: by the condition it names, else by itself."""
    host, conditions = answer.url.host, conditions_in(answer.body)
    if "no-uid-conflict" in conditions:
        return UidConflict(path=href, host=host, href=_conflicting(answer))
    if conditions & _QUOTA_CONDITIONS:  # RFC 4331 §6: as 507, whichever status it came with
        return ObjectRefused(host=host, path=href, status=_QUOTA, why=_named(conditions & _QUOTA_CONDITIONS))
    if conditions & _OBJECT_CONDITIONS:
        return ObjectRefused(host=host, path=href, status=answer.status, why=_named(conditions & _OBJECT_CONDITIONS))
    return _by_status(account, answer, href)


def _by_status(account: Account, answer: Answer, href: str) -> ServerError:
    """The same for a bare status; 401, 429, 503 and most 5xx were raised before."""
    host = answer.url.host
    error: ServerError
    match answer.status:
        case 407 | 408:  # a proxy that wants something (N13), a server that gave up waiting: it may have had all it needed
            error = ServerFailed(host=host, status=answer.status)
        case 423 | 425:
            error = account.busy(answer)
        case 412:
            error = PreconditionFailed(path=href, host=host)
        case 403 | 405 | 501:  # the last two: PUT is nothing this collection has, as little as for want of the right
            error = AccessDenied(host=host, path=href)
        case 404 | 409 | 410:  # H10: the collection is gone; iCloud also says 404 to an event without an end, which ours have
            error = CalendarGone(path=href.rpartition("/")[0] + "/", host=host)
        case status if 400 <= status < 500 or status == _QUOTA:  # noqa: PLR2004  # the client errors
            error = ObjectRefused(host=host, path=href, status=status, why="")
        case status:
            error = ProtocolViolation(host=host, path=href, why=f"the status {status} makes no sense here")
    return error


def _named(conditions: frozenset[str]) -> str:
    return "".join(f", {condition}" for condition in sorted(conditions))


def _conflicting(answer: Answer) -> str | None:
    """The href of the resource that has the UID already (RFC 4791 §5.3.2.1), as a path; None where it is not told, or no place here."""
    root = parse_xml(answer.body)
    element = None if root is None else root.find(f"{name(CALDAV, 'no-uid-conflict')}/{name(DAV, 'href')}")
    href = None if element is None else text_of(element)
    place = None if href is None else locate(href, answer.url)
    return None if place is None else place.path
