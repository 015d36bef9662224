"""GET, PUT, DELETE and MOVE of objects, with the refusals of icloud.md §3.5 and §3.6."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.icloud import calendar_text
from tests.icloud.answers import CALDAV, CALENDAR_TYPE, Refused, Reply, condition, edge_page, href
from tests.icloud.places import locate, member_href
from tests.icloud.refusals import refusal

if TYPE_CHECKING:
    from tests.icloud.ledger import Ledger
    from tests.icloud.members import Stored
    from tests.icloud.places import Place, Request
    from tests.icloud.state import Account, Collection, State


class Writes:
    """Answers what concerns one object."""

    def __init__(self, state: State, ledger: Ledger) -> None:
        self._state = state
        self._ledger = ledger

    def get(self, _: Request, place: Place, _account: Account) -> Reply:
        """The stored text, without the DTSTAMP that a REPORT adds (icloud.md §6.9)."""
        found = self._state.delivered(place.collection, place.name) if place.collection else None
        if found is None:
            return edge_page(404)
        return Reply(200, (("Content-Type", CALENDAR_TYPE), ("ETag", found[0])), found[1].encode("utf-8", "surrogatepass"))

    # --- PUT ------------------------------------------------------------------------------------------------------------------

    def put(self, request: Request, place: Place, account: Account) -> Reply:
        """201 or 204; refused for many reasons, most of them without a word."""
        collection = _writable(place)
        text, calendar, uid = _read(request.body)
        existing = collection.content.members.get(place.name)
        self._check_preconditions(request, existing)
        self._check_tombstones(account, collection, place, uid, existing)
        self._check_uid(account, collection, place, uid)
        status = refusal(calendar, collection, self._state.switches)
        if status is not None:
            raise Refused(edge_page(status))
        stored = self._state.store(account, collection, place.name, self._kept(text, uid, existing), by_device=False)
        reply = Reply(self._state.switches.update_status if existing else 201)
        return reply.having("ETag", stored.etag) if self._state.switches.etag_on_put else reply

    def _check_preconditions(self, request: Request, existing: Stored | None) -> None:
        """412 without a body. ``If-Match: *`` holds backwards (icloud.md §3.5)."""
        if request.header("if-none-match") == "*" and existing is not None:
            raise Refused(Reply(412))
        match = request.header("if-match")
        if match is None:
            if existing is not None and existing.by_device and self._state.switches.device_edits_guarded and request.method == "PUT":
                raise Refused(Reply(412))
        elif match.strip() == "*":
            fails = {"backwards": existing is not None, "refused": True, "honoured": existing is None}
            if fails[self._state.switches.if_match_star]:
                raise Refused(Reply(412))
        elif existing is None or existing.etag not in [tag.strip() for tag in match.split(",")]:
            raise Refused(Reply(412))

    def _check_tombstones(self, account: Account, collection: Collection, place: Place, uid: str, existing: Stored | None) -> None:
        burnt = place.name in collection.content.tombstones or uid in account.tombstones
        if burnt and existing is None and self._state.switches.tombstones:
            raise Refused(Reply(412))

    def _check_uid(self, account: Account, collection: Collection, place: Place, uid: str) -> None:
        """A UID is unique in the account, and a resource keeps its own."""
        other = account.resource_with_uid(uid)
        existing = collection.content.members.get(place.name)
        changed = existing is not None and existing.uid not in {uid, None}
        taken = other is not None and (other[0] is not collection or other[1] != place.name)
        if not (taken or changed) or self._state.switches.uid_elsewhere == "accepted":
            return
        if self._state.switches.uid_elsewhere == "412":
            raise Refused(Reply(412))
        where = member_href(account, *other) if taken and other else member_href(account, collection, place.name)
        conflict = f'<no-uid-conflict xmlns="{CALDAV}">{href(where)}</no-uid-conflict>'
        raise Refused(condition(int(self._state.switches.uid_elsewhere), conflict))

    def _kept(self, text: str, uid: str, existing: Stored | None) -> str:
        """The text as it is stored; guests who are new are written to (icloud.md §3.5, P15)."""
        switches = self._state.switches
        if switches.weekly_without_day == "dropped":
            text = calendar_text.without_weekly_rules(text)
        known = {attendee for attendee, _ in calendar_text.guests(existing.text)} if existing else set()
        invited = {attendee for attendee, wanted in calendar_text.guests(text) if wanted and attendee not in known}
        for attendee in sorted(invited):
            self._ledger.invite(uid, attendee)
        text = calendar_text.told(text, invited) if invited else text
        return calendar_text.rewritten(text) if switches.rewrite_body else text

    # --- DELETE, MOVE ---------------------------------------------------------------------------------------------------------

    def delete(self, request: Request, place: Place, account: Account) -> Reply:
        """204; a Depth header is refused (icloud.md §3.6)."""
        refused = self._state.switches.depth_on_delete
        if request.depth is not None and refused is not None:
            raise Refused(edge_page(refused))
        if place.collection is None or place.collection.content.members.get(place.name) is None:
            raise Refused(edge_page(404))
        collection = _writable(place)
        self._check_preconditions(request, collection.content.members.get(place.name))
        self._state.delete(account, collection, place.name)
        return Reply(204)

    def move(self, request: Request, place: Place, account: Account) -> Reply:
        """412, or it works (icloud.md §3.5)."""
        if self._state.switches.move == "refused":
            return Reply(412)
        target = locate(self._state, urlsplit(request.header("destination") or "").path)
        stored = place.collection.content.members.get(place.name) if place.collection else None
        if stored is None or place.collection is None:
            raise Refused(edge_page(404))
        if target is None or target.kind != "member" or target.account is not account or target.collection is None:
            raise Refused(Reply(409))
        source, goal = _writable(place), _writable(target)
        if goal.content.members.get(target.name) is not None and request.header("overwrite") != "T":
            raise Refused(Reply(412))
        self._state.delete(account, source, place.name, moved=True)
        moved = self._state.store(account, goal, target.name, stored.text, by_device=False)
        return Reply(201).having("ETag", moved.etag)


def _writable(place: Place) -> Collection:
    """The collection, where this account may write objects into it."""
    if place.collection is None:
        raise Refused(edge_page(404))
    if place.collection.kind != "calendar" or not place.collection.writable:
        raise Refused(condition(403, "<need-privileges/>"))
    return place.collection


def _read(body: bytes) -> tuple[str, calendar_text.Component, str]:
    """The body as text, as components, and its UID; 400 where it is no calendar object or its components differ in UID."""
    try:
        text = body.decode()
        calendar = calendar_text.read(text)
    except ValueError:
        raise Refused(edge_page(400)) from None
    uids = {part.value("UID") for part in calendar_text.main_components(calendar)}
    uid = uids.pop() if len(uids) == 1 else None
    if not uid:
        raise Refused(edge_page(400))
    return text, calendar, uid
