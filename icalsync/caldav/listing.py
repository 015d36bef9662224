"""The members of a collection: changes since a token, a full listing by token, and the listing every server has (RFC 6578, RFC 4918)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from icalsync.caldav.account import GONE, READABLE, check_readable
from icalsync.caldav.properties import ETAG, RESOURCE_TYPE, kinds_of
from icalsync.caldav.quirks import NOT_OFFERED, TOKEN_REFUSED
from icalsync.caldav.wire import Multistatus, Row, conditions_in, propfind_body, stream_multistatus, sync_body
from icalsync.core.paths import path_key
from icalsync.errors import AccessDenied, CalendarGone, ProtocolViolation, SyncTokenInvalid, Unsupported
from icalsync.ports import Delta, FullListing, Member

if TYPE_CHECKING:
    from icalsync.caldav.account import Account
    from icalsync.caldav.answers import Answer

MOST_PAGES: Final = 10_000
"""Pages of one listing; with one row each that is still a large calendar."""
_INSUFFICIENT_STORAGE: Final = 507
_SYNC: Final = "sync-collection"


@dataclass
class _Found:
    """What rows said, by path. A later page overrules an earlier one; a contradiction within a page proves nothing (``clean``)."""

    changed: dict[str, Member] = field(default_factory=dict)
    removed: dict[str, str] = field(default_factory=dict)
    clean: bool = True
    more: bool = False
    """The last page said that there is more: 507 on the collection itself (RFC 6578 §3.6)."""
    told: bool = False
    """Whether there was any row at all."""

    def take(self, answer: Answer) -> Multistatus:
        """Add a page, row by row; the page without its rows. ``CalendarGone`` where the collection's own row says so (Xandikos does)."""
        self.more = False
        place = path_key(answer.url.path)
        changed: dict[str, Member] = {}
        removed: dict[str, str] = {}

        def hear(row: Row) -> None:
            key = path_key(row.href)
            self.told = True
            if key == place:  # iCloud lists the collection in every delta (C23)
                self._hear(row.status or 0, answer)
            elif key.rpartition("/")[0] != place.rstrip("/"):  # nothing directly in the collection
                self.clean = False
            elif row.status in GONE:
                removed[key] = row.href
            elif (row.status or 0) >= 300:  # noqa: PLR2004  # the row's own error: unknown, which proves nothing (H27)
                self.clean = False
            elif "collection" not in kinds_of(row) and not row.href.endswith("/"):
                self._list(row, key, changed)

        page = stream_multistatus(answer.body, answer.url, hear)
        self.clean = self.clean and page.clean and not changed.keys() & removed.keys()
        self.removed |= removed
        self.changed = {key: member for key, member in self.changed.items() if key not in removed} | changed
        self.removed = {key: href for key, href in self.removed.items() if key not in changed}
        return page

    def _hear(self, status: int, answer: Answer) -> None:
        """What the page says of the collection itself."""
        if status in GONE:
            raise CalendarGone(path=answer.url.path, host=answer.url.host)
        if status == _INSUFFICIENT_STORAGE:
            self.more = True
        elif status >= 300:  # noqa: PLR2004
            self.clean = False

    def _list(self, row: Row, key: str, changed: dict[str, Member]) -> None:
        etag = row.text(ETAG)
        if row.refused.get(ETAG, 404) != 404:  # noqa: PLR2004  # not "there is none" (H28), but an error in its place
            self.clean = False
        if key in changed and changed[key].etag != etag:
            etag, self.clean = None, False
        changed[key] = Member(row.href, etag)


def list_members(account: Account, href: str) -> FullListing:
    """PROPFIND Depth 1. A listing that does not even hold the collection itself proves nothing (H30)."""
    answer = account.ask("PROPFIND", href, body=propfind_body([ETAG, RESOURCE_TYPE]), depth="1")
    check_readable(answer, "a listing of members")
    found = _Found()
    page = found.take(answer)
    return FullListing(tuple(found.changed.values()), page.sync_token, found.clean and found.told and not found.more)


def changes_since(account: Account, href: str, token: str) -> Delta:
    """sync-collection with a token, page after page."""
    found, last = _sync(account, href, token)
    return Delta(tuple(found.changed.values()), tuple(found.removed.values()), last, found.clean)


def list_with_token(account: Account, href: str) -> FullListing:
    """sync-collection without a token: all members, and the token they belong to. ``Unsupported`` also where its pages break off.

    An answer without any member proves an empty collection only where the other way of listing says the same (H30): one request more.
    """
    try:
        found, last = _sync(account, href, None)
    except SyncTokenInvalid as refused:
        raise Unsupported(path=href, what=_SYNC) from refused
    members = tuple(found.changed.values())
    return FullListing(members, last, found.clean and (bool(members) or _is_empty(account, href)))


def _is_empty(account: Account, href: str) -> bool:
    listed = list_members(account, href)
    return listed.clean and not listed.members


def _sync(account: Account, href: str, token: str | None) -> tuple[_Found, str]:
    found = _Found()
    used = {token}
    for _ in range(MOST_PAGES):
        page = found.take(_sync_page(account, href, token))
        if page.sync_token is None:
            raise ProtocolViolation(host=page.url.host, path=href, why="it has no sync token")  # C3: the old one is kept
        if not found.more:
            return found, page.sync_token
        token = page.sync_token
        if token in used:
            raise ProtocolViolation(host=page.url.host, path=href, why="its pages go round in circles")
        used.add(token)
    raise ProtocolViolation(host=account.start.host, path=href, why=f"it has more than {MOST_PAGES} pages")


def _sync_page(account: Account, href: str, token: str | None) -> Answer:
    answer = account.ask("REPORT", href, body=sync_body(token), depth="1")
    if answer.status in READABLE:
        return answer
    if token is None:
        _refuse_initial(answer, href)
    raise _refusal(answer, href)


def _refusal(answer: Answer, href: str) -> Exception:
    """What a status means for a report with a token (RFC 6578 §3.2; icloud.md §3.1, H4, H14)."""
    conditions = conditions_in(answer.body)
    if answer.status == 404:  # noqa: PLR2004
        return CalendarGone(path=href)
    if answer.status in NOT_OFFERED or "supported-report" in conditions:
        return Unsupported(path=href, what=_SYNC)
    if "valid-sync-token" not in conditions and "need-privileges" in conditions:
        return AccessDenied(host=answer.url.host, path=href)
    if answer.status in TOKEN_REFUSED or answer.status >= 400:  # noqa: PLR2004
        return SyncTokenInvalid(path=href)
    return ProtocolViolation(host=answer.url.host, path=href, why=f"the status {answer.status} makes no sense here")


def _refuse_initial(answer: Answer, href: str) -> None:
    """Without a token there is none to blame: another way of listing will tell what is wrong."""
    if answer.status in GONE:
        raise CalendarGone(path=href)
    if "need-privileges" in conditions_in(answer.body):
        raise AccessDenied(host=answer.url.host, path=href)
    if answer.status >= 400:  # noqa: PLR2004
        raise Unsupported(path=href, what=_SYNC)
