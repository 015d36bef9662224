"""Clients of the real iCloud cope with the look-alike: the library ``caldav`` by itself, and the product's own door."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import caldav
import pytest
from caldav.lib.error import AuthorizationError

from icalsync.caldav.client import CalDavDoor
from icalsync.caldav.hosts import SystemResolver
from icalsync.core.collections import access_of, not_selectable_reason
from icalsync.errors import AuthenticationRejected, ServerBusy, ServerUnreachable, SyncTokenInvalid
from icalsync.ports import Login, Secret
from tests.icloud.fixtures import ANNA, PASSWORD
from tests.servers import event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from icalsync.ports import CalendarServer
    from tests.icloud import CalendarOwner, ICloud


@pytest.fixture
def library(icloud: ICloud) -> Iterator[Any]:
    """The library with its own profile of iCloud."""
    options = {"auth_type": "basic", "enable_rfc6764": False, "features": "icloud"}
    with closing(caldav.DAVClient(url=icloud.url, username=ANNA, password=PASSWORD, **options)) as client:
        yield client


@pytest.fixture
def server(icloud: ICloud) -> Iterator[CalendarServer]:
    """The product's door, opened for Anna."""
    door = CalDavDoor(SystemResolver(allow_private=True), clock=icloud.clock)
    with door.open(Login("icloud", icloud.url, ANNA, Secret(PASSWORD))) as opened:
        yield opened


def _calendar(library: Any, name: str) -> Any:
    (found,) = [each for each in library.get_principal().get_calendars() if each.get_display_name() == name]
    return found


def test_the_library_discovers_and_lists(icloud: ICloud, library: Any) -> None:
    """Discovery over two hosts; reminders are there, what is no calendar is not."""
    names = sorted(str(calendar.get_display_name()) for calendar in library.get_principal().get_calendars())
    assert names == ["Family", "Family", "Home", "None", "Practice", "Reminders ⚠️", "Team rota", "Work"]
    assert {entry.host for entry in icloud.ledger} == {"canonical", "p42"}
    assert {entry.status for entry in icloud.ledger} == {207}


def test_the_library_syncs_and_fetches(icloud: ICloud, library: Any, work: CalendarOwner) -> None:
    """sync-collection, multiget, a time range; an expired token says what it is."""
    work.put("one.ics", event("one"))
    calendar = _calendar(library, "Work")
    first = calendar.get_objects_by_sync_token(None, load_objects=False, disable_fallback=True)
    assert [each.url.path for each in first] == [work.href_of("one.ics")]
    (fetched,) = calendar.multiget([each.url for each in first])
    assert b"UID:one" in fetched.raw_data
    assert fetched.props["{DAV:}getetag"] == work.etag("one.ics")
    work.delete("one.ics")
    work.put("two.ics", event("two"))
    second = calendar.get_objects_by_sync_token(first.sync_token, load_objects=False, disable_fallback=True)
    assert {url.path for url in second.deleted_urls} == {work.href_of("one.ics")}
    january = {"start": datetime(2027, 1, 1, tzinfo=UTC), "end": datetime(2027, 2, 1, tzinfo=UTC)}
    assert [each.url.path for each in calendar.search(event=True, **january)] == [work.href_of("two.ics")]
    icloud.expire_tokens()
    with pytest.raises(AuthorizationError) as caught:
        calendar.get_objects_by_sync_token(second.sync_token, load_objects=False, disable_fallback=True)
    assert (caught.value.status, caught.value.preconditions) == (403, ["{DAV:}valid-sync-token"])


def test_the_library_writes_and_deletes(icloud: ICloud, library: Any, work: CalendarOwner) -> None:
    """PUT, change, DELETE; the name of what was deleted is burnt."""
    calendar = _calendar(library, "Work")
    made = calendar.add_event(event("one"))
    assert work.names() == ["one.ics"]
    made.data = event("one", summary="Moved")
    made.save()
    assert "SUMMARY:Moved" in work.text("one.ics")
    made.delete()
    assert work.names() == []
    statuses = [(entry.method, entry.status) for entry in icloud.ledger.writes()]
    assert statuses == [("PUT", 201), ("PUT", 204), ("DELETE", 204)]


def test_the_product_discovers_every_row_and_says_what_may_be_chosen(icloud: ICloud, server: CalendarServer) -> None:
    """R3, R10: by what the server says of each."""
    found = server.discover()
    assert (found.display_name, found.addresses) == ("Anna", (ANNA,))
    assert (found.principal, found.homes) == (icloud.account(ANNA).principal, (icloud.account(ANNA).home,))
    reasons = {
        collection.display_name or collection.href.split("/")[-2]: not_selectable_reason(
            collection.kinds, collection.components, collection.privileges, has_source=collection.source is not None
        )
        for collection in found.collections
    }
    refused = {name: reason for name, reason in reasons.items() if reason}
    assert refused == {
        "Holidays": "SUBSCRIBED",
        "Reminders ⚠️": "REMINDERS",
        "inbox": "INBOX",
        "notification": "NOTIFICATIONS",
        "outbox": "OUTBOX",
    }
    access = {collection.display_name: access_of(collection.privileges) for collection in found.collections}
    assert (access["Team rota"], access["Practice"], access["Work"]) == ("read", "write", "write")
    assert len(found.collections) == 12
    mark = icloud.ledger.mark()
    assert server.list_homes(found.homes) == found.collections
    assert [entry.host for entry in icloud.ledger.requests(after=mark)] == ["p42"]


def test_the_product_lists_follows_and_fetches(icloud: ICloud, server: CalendarServer, work: CalendarOwner) -> None:
    """C23, C26: the calendar's own row, rows that come twice and odd escapes do no harm."""
    icloud.change(duplicate_rows=True, self_row="no_slash", href_escaping="mixed")
    one = work.put("a@b c.ics", event("one"))
    listing = server.list_with_token(work.href)
    assert ([member.href for member in listing.members], listing.clean) == ([one], True)
    two = work.put("two.ics", event("two"))
    work.delete(one)
    delta = server.changes_since(work.href, listing.sync_token or "")
    assert ([member.href for member in delta.changed], delta.removed) == ([two], (one,))
    found = server.fetch(work.href, [two, one])
    assert ([each.etag for each in found.objects], found.missing) == ([work.etag("two.ics")], (one,))
    assert server.list_members(work.href).members == delta.changed


def test_the_product_tells_throttling_from_a_dead_password(icloud: ICloud, server: CalendarServer, work: CalendarOwner) -> None:
    """§1.3, H1: an empty 401 below the root while the root answers; then one everywhere."""
    server.discover()
    icloud.throttle(60)
    with pytest.raises(ServerBusy):
        server.list_members(work.href)
    icloud.recover()
    icloud.account(ANNA).change_password("xxxx-xxxx-xxxx-xxxx")
    with pytest.raises(AuthenticationRejected):
        server.list_members(work.href)


def test_the_product_survives_a_rotation_of_hosts(icloud: ICloud, server: CalendarServer, work: CalendarOwner) -> None:
    """§1.1.5: the old partition is gone once, then the canonical host serves."""
    server.discover()
    icloud.rotate_host()
    with pytest.raises(ServerUnreachable):
        server.list_members(work.href)
    assert server.list_members(work.href).clean


@pytest.mark.parametrize("way", ["valid_sync_token", "bare_403", "409", "410", "412"])
def test_the_product_knows_an_expired_token(icloud: ICloud, server: CalendarServer, work: CalendarOwner, way: str) -> None:
    """C1, H4, H14: whatever the status."""
    token = server.list_with_token(work.href).sync_token or ""
    icloud.change(expired_token=way)
    icloud.expire_tokens()
    with pytest.raises(SyncTokenInvalid):
        server.changes_since(work.href, token)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_product_follows_redirects_to_the_partition_host(
    icloud: ICloud, server: CalendarServer, work: CalendarOwner, status: int
) -> None:
    """§1.1.2, H26: with method and body."""
    icloud.change(redirect=status)
    work.put("one.ics", event("one"))
    server.discover()
    assert len(server.list_with_token(work.href).members) == 1
    assert icloud.ledger.requests(method="GET") == []
