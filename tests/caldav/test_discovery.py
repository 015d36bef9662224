"""From an address to an account, on servers that are no CalDAV servers, or odd ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from icalsync.caldav.client import CalDavDoor
from icalsync.caldav.hosts import SystemResolver
from icalsync.errors import (
    AccessDenied,
    AuthenticationRejected,
    CalendarGone,
    NotCalDav,
    ProtocolViolation,
    RedirectRefused,
    ServerBusy,
    ServerFailed,
    ServerUnreachable,
    SingleCalendarUrl,
)
from tests.caldav.conftest import QUICK
from tests.caldav.odd_server import XML, Said, Seen, account, multistatus, row, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from icalsync.ports import CalendarServer
    from tests.caldav.odd_server import OddServer

    Open = Callable[..., CalendarServer]
    Serve = Callable[..., OddServer]

PAGE = b"<!DOCTYPE html><html><body>Welcome to Hotel WLAN</body></html>"


def _href(path: str) -> str:
    return f"<D:href>{path}</D:href>"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Said(200, PAGE, {"Content-Type": "text/html"}), "web page"),
        (Said(404, PAGE, {"Content-Type": "text/html"}), "404"),
        (Said(405), "405"),
        (Said(501, b"Unsupported Request"), "501"),
        (Said(200, b"{}", {"Content-Type": "application/json"}), "well-formed"),
        (Said(207, multistatus(row("/", "<D:displayname/>")), XML), "no principal"),
        (Said(207, multistatus(), XML), "nothing"),
        (Said(204), "204"),
    ],
)
def test_what_is_no_caldav_server_is_told_as_such(said: Said, why: str, serve: Serve, open_account: Open) -> None:
    """N10, icloud.md §1.1.8: a website, a portal, another kind of service; the reason is of the address that was given."""
    server = serve(lambda _seen: said)
    with pytest.raises(NotCalDav, match=why):
        open_account(server.url).discover()


def test_the_well_known_address_may_answer_in_place(serve: Serve, open_account: Open) -> None:
    """icloud.md §1.1.2: 207 without a redirect, and with the principal as the row's own href."""
    answers = account("/nothing/")
    answers["PROPFIND", "/.well-known/caldav"] = multistatus(
        row("/anna/", f"<D:current-user-principal>{_href('/anna/')}</D:current-user-principal>")
    )
    server = serve(table(answers))
    assert open_account(server.url).discover().principal == "/anna/"
    assert server.methods[:3] == ["PROPFIND /", "PROPFIND /.well-known/caldav", "PROPFIND /anna/"]


def test_a_principal_answered_under_another_name_is_understood(serve: Serve, open_account: Open) -> None:
    """icloud.md §1.1.7."""
    answers = account()
    answers["PROPFIND", "/anna/"] = answers["PROPFIND", "/anna/"].replace(b"<D:href>/anna/</D:href>", b"<D:href>/principal/</D:href>", 1)
    assert open_account(serve(table(answers)).url).discover().homes == ("/anna/cals/",)


def test_homes_on_partition_hosts_are_asked_there(serve: Serve, open_account: Open) -> None:
    """icloud.md §1.1.3: absolute home addresses; identity stays the path, and the next opening remembers the host."""
    partition = serve(table(account()))
    answers = account()
    home = f"{partition.url}anna/cals/"
    answers["PROPFIND", "/anna/"] = multistatus(row("/anna/", f"<C:calendar-home-set>{_href(home)}</C:calendar-home-set>"))
    start = serve(table(answers))
    door = CalDavDoor(SystemResolver(allow_private=True), QUICK)
    found = open_account(start.url, door=door).discover()
    assert (found.origin, found.homes) == (start.url.rstrip("/"), ("/anna/cals/",))
    assert partition.methods == ["PROPFIND /anna/cals/"]
    open_account(start.url, door=door).list_homes(found.homes)
    assert partition.methods == ["PROPFIND /anna/cals/"] * 2
    assert start.methods == ["PROPFIND /", "PROPFIND /anna/"]


def test_a_partition_that_is_gone_is_forgotten(serve: Serve, open_account: Open) -> None:
    """icloud.md §1.1.5: partition numbers rotate; the host the account starts at serves every path."""
    answers = account()
    known, gone = table(account()), []
    partition = serve(lambda seen: Said(raw=b"") if gone else known(seen))
    home = _href(f"{partition.url}anna/cals/")
    answers["PROPFIND", "/anna/"] = multistatus(row("/anna/", f"<C:calendar-home-set>{home}</C:calendar-home-set>"))
    server = open_account(serve(table(answers)).url)
    homes = server.discover().homes
    gone.append(True)
    with pytest.raises(ServerUnreachable):
        server.list_homes(homes)
    assert [c.href for c in server.list_homes(homes)] == ["/anna/cals/work/"]


def test_several_homes_are_listed_one_by_one(serve: Serve, open_account: Open) -> None:
    """RFC 4791 §6.2.1 allows several; a calendar listed twice is one."""
    answers = account()
    homes = _href("/anna/cals/") + _href("/anna/more/") + _href("/anna/cals")
    answers["PROPFIND", "/anna/"] = multistatus(row("/anna/", f"<C:calendar-home-set>{homes}</C:calendar-home-set>"))
    calendar = "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>"
    answers["PROPFIND", "/anna/more/"] = multistatus(row("/anna/more/"), row("/anna/more/x/", calendar), row("/anna/cals/work/", calendar))
    found = open_account(serve(table(answers)).url).discover()
    assert found.homes == ("/anna/cals/", "/anna/more/")
    assert [c.href for c in found.collections] == ["/anna/cals/work/", "/anna/more/x/"]


@pytest.mark.parametrize("where", ["principal", "home"])
def test_an_account_that_points_to_another_site_is_refused(where: str, serve: Serve, open_account: Open) -> None:
    """design.md §5: the password goes to one site; the other one is named, and never asked."""
    other = serve(table(account()))
    elsewhere = _href(f"http://localhost:{other.port}/anna/")
    answers = account()
    if where == "principal":
        answers["PROPFIND", "/"] = multistatus(row("/", f"<D:current-user-principal>{elsewhere}</D:current-user-principal>"))
    else:
        answers["PROPFIND", "/anna/"] = multistatus(row("/anna/", f"<C:calendar-home-set>{elsewhere}</C:calendar-home-set>"))
    with pytest.raises(RedirectRefused, match="localhost"):
        open_account(serve(table(answers)).url).discover()
    assert other.seen == []


def test_a_calendar_without_principal_is_a_single_calendar(serve: Serve, open_account: Open) -> None:
    """icloud.md §1.1.6: on a calendar iCloud puts the principal into a 404 propstat."""
    body = multistatus(row("/anna/cals/work/", "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>"))
    server = serve(table({("PROPFIND", "/anna/cals/work/"): body}))
    with pytest.raises(SingleCalendarUrl, match="/anna/cals/work/"):
        open_account(f"{server.url}anna/cals/work/").discover()


def test_somebody_the_server_does_not_know_is_rejected(serve: Serve, open_account: Open) -> None:
    """RFC 5397 §3: a principal that is ``unauthenticated``."""
    body = multistatus(row("/", "<D:current-user-principal><D:unauthenticated/></D:current-user-principal>"))
    with pytest.raises(AuthenticationRejected):
        open_account(serve(table({("PROPFIND", "/"): body})).url).discover()


def test_a_principal_without_a_home_is_no_calendar_account(serve: Serve, open_account: Open) -> None:
    """A server for contacts alone, for example."""
    answers = account()
    answers["PROPFIND", "/anna/"] = multistatus(row("/anna/", "<C:calendar-home-set/>", propstat=404))
    with pytest.raises(NotCalDav, match="home"):
        open_account(serve(table(answers)).url).discover()


def test_a_401_is_a_rejection(serve: Serve, open_account: Open) -> None:
    """icloud.md §1.2: two challenges, an empty body; the request is not repeated."""
    challenge = {"WWW-Authenticate": 'Basic realm="MMCalDav", X-MobileMe-AuthToken realm="MMCalDav"'}
    server = serve(lambda _seen: Said(401, headers=challenge))
    with pytest.raises(AuthenticationRejected):
        open_account(server.url).discover()
    assert len(server.seen) == 1


def test_a_403_is_a_rejection_for_icloud_alone(serve: Serve, open_account: Open) -> None:
    """icloud.md §1.2: a wrong account name; elsewhere it is what it says."""
    server = serve(lambda _seen: Said(403))
    with pytest.raises(AuthenticationRejected):
        open_account(server.url, provider="icloud").discover()
    with pytest.raises(AccessDenied):
        open_account(server.url).discover()


def test_a_401_below_a_root_that_answers_is_throttling(serve: Serve, open_account: Open) -> None:
    """icloud.md §1.3, H1: the password is good, and must not be declared dead; one PROPFIND on the root tells."""
    answers = account()
    known = table(answers)
    server = serve(lambda seen: known(seen) if seen.path == "/" else Said(401))
    asked = open_account(server.url, provider="icloud")
    with pytest.raises(ServerBusy):
        asked.list_homes(["/anna/cals/"])
    assert server.methods == ["PROPFIND /anna/cals/", "PROPFIND /"]
    with pytest.raises(ServerBusy):
        asked.discover()
    with pytest.raises(AuthenticationRejected):
        open_account(server.url).list_homes(["/anna/cals/"])


def test_a_401_everywhere_is_a_dead_password(serve: Serve, open_account: Open) -> None:
    """The root is asked, and rejects too."""
    server = serve(lambda _seen: Said(401))
    with pytest.raises(AuthenticationRejected, match="anna"):
        open_account(server.url, provider="icloud").list_homes(["/anna/cals/"])


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 1),
        ("-5", 1),
        ("99999999", 3600),
        ("1e400", 3600),
        ("nan", None),
        ("soon", None),
        (None, None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 1),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
        ("Mon, 23 Nov 2026 12:01:30 GMT", 90),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_the_time_a_server_asks_for_is_kept_within_reason(
    status: int, value: str | None, seconds: float | None, serve: Serve, open_account: Open
) -> None:
    """H15, H16, H19: seconds or a date (against the server's own clock), junk, the past, ten years."""

    def script(_seen: Seen) -> Said:
        lines = [f"HTTP/1.1 {status} Busy", "Date: Mon, 23 Nov 2026 12:00:00 GMT", "Content-Length: 0"]
        lines += [] if value is None else [f"Retry-After: {value}"]
        return Said(raw=("\r\n".join(lines) + "\r\n\r\n").encode())

    with pytest.raises(ServerBusy) as caught:
        open_account(serve(script).url).discover()
    assert caught.value.facts["retry_after"] == seconds


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_failing_server_is_no_wrong_address(status: int, serve: Serve, open_account: Open) -> None:
    """H17: transient; not told as ``not CalDAV``."""
    with pytest.raises(ServerFailed, match=str(status)):
        open_account(serve(lambda _seen: Said(status, PAGE)).url).discover()


def test_a_home_that_is_gone_is_told_as_such(serve: Serve, open_account: Open) -> None:
    """H6: the caller discovers anew."""
    server = open_account(serve(lambda _seen: Said(404)).url)
    with pytest.raises(CalendarGone):
        server.list_homes(["/anna/cals/"])


def test_a_portal_in_the_middle_of_a_sync_is_an_error(serve: Serve, open_account: Open) -> None:
    """N10: 200 text/html is no empty listing, wherever it comes."""
    server = open_account(serve(lambda _seen: Said(200, PAGE, {"Content-Type": "text/html"})).url)
    for ask in (
        lambda: server.list_homes(["/a/"]),
        lambda: server.list_members("/a/"),
        lambda: server.list_with_token("/a/"),
        lambda: server.changes_since("/a/", "t"),
        lambda: server.look_at("/a/"),
        lambda: server.fetch("/a/", ["/a/1.ics"]),
        lambda: server.fetch("/a/", ["/a/1.ics", "/a/2.ics"]),
    ):
        with pytest.raises(ProtocolViolation, match="web page"):
            ask()
