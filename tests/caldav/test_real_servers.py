"""The door against Radicale and Xandikos, as a person's account would meet them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from icalsync.caldav.client import CalDavDoor
from icalsync.caldav.hosts import SystemResolver
from icalsync.core.collections import access_of, not_selectable_reason
from icalsync.core.paths import path_key
from icalsync.demo.server import RadicaleServer
from icalsync.errors import AuthenticationRejected, CalendarGone, SingleCalendarUrl, SyncTokenInvalid
from icalsync.ports import Login, Secret
from tests.servers import Account, event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from icalsync.ports import CalendarServer, Collection
    from tests.servers import DavServer

    Open = Callable[..., CalendarServer]


def _by_name(collections: tuple[Collection, ...]) -> dict[str, Collection]:
    return {collection.display_name or collection.href: collection for collection in collections}


def _filled(dav: DavServer, count: int) -> str:
    calendar = f"{dav.home}work/"
    dav.account.mkcalendar(calendar, name="Work")
    for number in range(count):
        dav.account.put(f"{calendar}{number}.ics", event(f"uid-{number}"))
    return calendar


def test_discovery_finds_principal_home_and_calendars(dav_server: DavServer, open_account: Open) -> None:
    """From the server's address alone: paths, names, colours and rights of everything."""
    dav_server.account.mkcalendar(f"{dav_server.home}work/", name="Arbeit & Büro", color="#1E4C63FF")
    found = open_account(dav_server.url).discover()
    assert found.principal == dav_server.principal
    assert found.homes == (dav_server.home,)
    assert found.origin == dav_server.url.rstrip("/")
    work = _by_name(found.collections)["Arbeit & Büro"]
    assert (work.href, work.color) == (f"{dav_server.home}work/", "#1E4C63")
    assert work.components == {"VEVENT"}
    assert access_of(work.privileges) == "write"
    assert {"sync-collection", "calendar-multiget"} <= (work.reports or set())
    assert work.ctag
    assert work.sync_token


def test_what_is_no_event_calendar_can_be_told_apart(dav_server: DavServer, open_account: Open) -> None:
    """R10: a list of reminders and a plain folder are listed with what the rules need to refuse them."""
    dav_server.account.mkcalendar(f"{dav_server.home}todo/", name="Reminders", components=("VTODO",))
    dav_server.account.mkcalendar(f"{dav_server.home}work/", name="Work")
    found = _by_name(open_account(dav_server.url).discover().collections)
    reasons = {name: not_selectable_reason(c.kinds, c.components, c.privileges) for name, c in found.items()}
    assert reasons["Reminders"] == "REMINDERS"
    assert reasons["Work"] is None


def test_a_calendar_its_owner_may_only_read_has_read_access(tmp_path: Path, open_account: Open) -> None:
    """R3: access comes from the privileges the server tells, not from a guess."""
    accounts = {"anna": "abcd-efgh-ijkl-mnop"}
    with RadicaleServer(tmp_path, accounts) as server:
        account = Account(server.url, "anna", accounts["anna"])
        account.mkcalendar("/anna/work/", name="Work")
        account.mkcalendar("/anna/holidays/", name="Holidays")
    with RadicaleServer(tmp_path, accounts, read_only=["anna/holidays"]) as server:
        found = _by_name(open_account(server.url).discover().collections)
        assert {name: access_of(c.privileges) for name, c in found.items()} == {"Work": "write", "Holidays": "read"}
        account = Account(server.url, "anna", accounts["anna"])
        assert account.ask("PUT", "/anna/holidays/x.ics", event("x")).status == 403


def test_both_listings_show_every_object_once(dav_server: DavServer, open_account: Open) -> None:
    """The listing by token and the one by PROPFIND agree, without the collection itself (C23)."""
    calendar = _filled(dav_server, 7)
    server = open_account(dav_server.url)
    by_token, plain = server.list_with_token(calendar), server.list_members(calendar)
    assert by_token.clean
    assert plain.clean
    assert set(by_token.members) == set(plain.members)
    assert {path_key(member.href) for member in plain.members} == {f"{calendar}{number}.ics" for number in range(7)}
    assert by_token.sync_token


def test_a_delta_brings_what_was_added_changed_and_deleted(dav_server: DavServer, open_account: Open) -> None:
    """R13: a deletion is an explicit 404 row."""
    calendar = _filled(dav_server, 3)
    server = open_account(dav_server.url)
    token = server.list_with_token(calendar).sync_token
    assert token is not None
    dav_server.account.delete(f"{calendar}0.ics")
    dav_server.account.put(f"{calendar}1.ics", event("uid-1", summary="Moved"))
    dav_server.account.put(f"{calendar}new.ics", event("uid-new"))
    delta = server.changes_since(calendar, token)
    assert delta.clean
    assert delta.removed == (f"{calendar}0.ics",)
    assert {member.href for member in delta.changed} == {f"{calendar}1.ics", f"{calendar}new.ics"}
    quiet = server.changes_since(calendar, delta.sync_token)
    assert (quiet.changed, quiet.removed, quiet.clean) == ((), (), True)


def test_a_token_the_server_does_not_know_is_told_as_such(dav_server: DavServer, open_account: Open) -> None:
    """H4, C1: the caller lists anew; it is no failure of the calendar."""
    calendar = _filled(dav_server, 1)
    foreign = {"radicale": "http://radicale.org/ns/sync/" + "0" * 64, "xandikos": "0" * 40}[dav_server.kind]
    with pytest.raises(SyncTokenInvalid):
        open_account(dav_server.url).changes_since(calendar, foreign)


def test_a_calendar_that_is_gone_is_told_as_such(dav_server: DavServer, open_account: Open) -> None:
    """H6, C9: by every way of asking."""
    server = open_account(dav_server.url)
    gone = f"{dav_server.home}gone/"
    for ask in (server.list_members, server.list_with_token, server.look_at):
        with pytest.raises(CalendarGone):
            ask(gone)
    with pytest.raises(CalendarGone):
        server.changes_since(gone, "http://radicale.org/ns/sync/" + "0" * 64)


def test_objects_come_with_their_etag_in_batches(dav_server: DavServer, open_account: Open) -> None:
    """C28: 60 objects take two reports of at most 50, and text and ETag belong together."""
    calendar = _filled(dav_server, 60)
    server = open_account(dav_server.url)
    members = server.list_members(calendar).members
    before = server.traffic.requests
    fetched = server.fetch(calendar, [member.href for member in members])
    assert server.traffic.requests - before == 2
    assert {(o.href, o.etag) for o in fetched.objects} == {(m.href, m.etag) for m in members}
    assert fetched.missing == ()
    assert all(b"BEGIN:VEVENT" in o.raw for o in fetched.objects)


def test_get_brings_the_same_as_multiget(dav_server: DavServer, open_account: Open) -> None:
    """For servers whose report cannot be trusted, the slow way brings the same objects and ETags."""
    calendar = _filled(dav_server, 3)
    server = open_account(dav_server.url)
    hrefs = [member.href for member in server.list_members(calendar).members]
    quick, slow = server.fetch(calendar, hrefs), server.fetch(calendar, hrefs, multiget=False)
    assert {(o.href, o.etag) for o in quick.objects} == {(o.href, o.etag) for o in slow.objects}


def test_an_object_that_is_not_there_is_missing(dav_server: DavServer, open_account: Open) -> None:
    """H7: not delivered, neither by multiget nor by GET; nothing else follows from it."""
    calendar = _filled(dav_server, 2)
    wanted = [f"{calendar}0.ics", f"{calendar}never.ics", f"{calendar}1.ics"]
    fetched = open_account(dav_server.url).fetch(calendar, wanted)
    assert fetched.missing == (f"{calendar}never.ics",)
    assert {o.href for o in fetched.objects} == {wanted[0], wanted[2]}


def test_names_with_blanks_umlauts_and_percent_are_fetched(radicale: DavServer, open_account: Open) -> None:
    """C14: the href goes over the wire as the server spells it."""
    radicale.account.mkcalendar("/anna/work/")
    for name in ("a%20b.ics", "%C3%A4.ics", "100%25.ics", "at@sign.ics"):
        radicale.account.put(f"/anna/work/{name}", event(name))
    server = open_account(radicale.url)
    hrefs = [member.href for member in server.list_members("/anna/work/").members]
    assert len(hrefs) == 4
    for multiget in (True, False):
        assert server.fetch("/anna/work/", hrefs, multiget=multiget).missing == ()


def test_an_unchanged_account_of_20_calendars_costs_one_request(dav_server: DavServer, open_account: Open) -> None:
    """R17, design.md §7: one PROPFIND for the home set, whatever the number of calendars."""
    for number in range(20):
        dav_server.account.mkcalendar(f"{dav_server.home}c{number}/", name=f"Calendar {number}")
    homes = open_account(dav_server.url).discover().homes
    server = open_account(dav_server.url)
    first = {c.href: (c.ctag, c.sync_token) for c in server.list_homes(homes)}
    assert server.traffic.requests == 1
    assert len(first) >= 20
    assert {c.href: (c.ctag, c.sync_token) for c in server.list_homes(homes)} == first
    assert server.traffic.requests == 2


def test_a_change_shows_in_the_home_listing(dav_server: DavServer, open_account: Open) -> None:
    """Only the calendar that changed has another token afterwards."""
    for name in ("a", "b"):
        dav_server.account.mkcalendar(f"{dav_server.home}{name}/")
    server = open_account(dav_server.url)
    before = {c.href: c.sync_token for c in server.list_homes([dav_server.home])}
    dav_server.account.put(f"{dav_server.home}a/x.ics", event("x"))
    after = {c.href: c.sync_token for c in server.list_homes([dav_server.home])}
    assert {href for href in after if after[href] != before[href]} == {f"{dav_server.home}a/"}


def test_bytes_are_counted_as_sent(radicale: DavServer, open_account: Open) -> None:
    """design.md §7: Radicale compresses, so far fewer bytes travel than are read."""
    calendar = _filled(radicale, 30)
    server = open_account(radicale.url)
    members = server.list_members(calendar).members
    before = server.traffic.bytes
    raw = sum(len(o.raw) for o in server.fetch(calendar, [m.href for m in members]).objects)
    assert 0 < server.traffic.bytes - before < raw / 2


def test_a_wrong_password_is_rejected(radicale: DavServer, open_account: Open) -> None:
    """H1: the error names host and account, never the password."""
    with pytest.raises(AuthenticationRejected) as caught:
        open_account(radicale.url, password="not-the-password").discover()
    assert "anna" in caught.value.message
    assert "not-the-password" not in repr(vars(caught.value))


def test_the_address_of_a_calendar_is_refused_with_the_reason(dav_server: DavServer, open_account: Open) -> None:
    """Case: somebody pastes the calendar's own address (vdirsyncer#874)."""
    dav_server.account.mkcalendar(f"{dav_server.home}work/")
    with pytest.raises(SingleCalendarUrl):
        open_account(dav_server.url.rstrip("/") + f"{dav_server.home}work/").discover()


def test_an_address_that_leads_nowhere_still_finds_the_account(dav_server: DavServer, open_account: Open) -> None:
    """Where the given path is unknown, RFC 6764's well-known address and the root are tried."""
    assert open_account(dav_server.url + "somewhere/else/").discover().principal == dav_server.principal


def test_a_calendar_outside_the_homes_can_be_looked_at(dav_server: DavServer, open_account: Open) -> None:
    """One PROPFIND Depth 0 (design.md §7)."""
    calendar = _filled(dav_server, 1)
    server = open_account(dav_server.url)
    seen = server.look_at(calendar)
    assert (seen.display_name, server.traffic.requests) == ("Work", 1)
    assert seen.sync_token


def test_threads_share_one_door(dav_server: DavServer) -> None:
    """Accounts are opened side by side over one door, each with its own traffic."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    door = CalDavDoor(SystemResolver(allow_private=True))

    def visit(_number: int) -> int:
        with door.open(Login("caldav", dav_server.url, "anna", Secret(dav_server.account.password))) as server:
            server.discover()
            return server.traffic.requests

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(visit, range(16))) == [3] * 16
