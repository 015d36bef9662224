"""Redirects: method and body are kept, the site is never left, and nothing leaks on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from icalsync.caldav.answers import Answer
from icalsync.caldav.hosts import parse_url
from icalsync.caldav.redirects import target_of
from icalsync.errors import RedirectRefused
from tests.caldav.odd_server import Said, Seen, account, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from icalsync.caldav.transport import Transport
    from icalsync.ports import CalendarServer
    from tests.caldav.odd_server import OddServer

    Open = Callable[..., CalendarServer]
    Serve = Callable[..., OddServer]

FOLLOWED = [301, 302, 307, 308]


def _transport(server: CalendarServer) -> Transport:
    return server._account.transport  # type: ignore[attr-defined]


def _answer(location: str | None, status: int = 302, url: str = "https://caldav.icloud.com/x") -> Answer:
    headers = {} if location is None else {"location": (location,)}
    return Answer(parse_url(url), status, headers, b"")


@pytest.mark.parametrize("status", FOLLOWED)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PROPFIND", "REPORT"])
def test_a_redirect_keeps_method_body_and_headers(method: str, status: int, serve: Serve, open_account: Open) -> None:
    """H23: left to the library, a 302 on PUT is a GET that reports success: a lost write."""
    target = serve(lambda _seen: Said(201, b""))
    start = serve(lambda _seen: Said(status, headers={"Location": f"{target.url}there.ics"}))
    transport = _transport(open_account(start.url))
    answer = transport.request(method, parse_url(f"{start.url}here.ics"), body=b"BEGIN:VCALENDAR", headers={"If-None-Match": "*"})
    (seen,) = target.seen
    assert (answer.status, seen.method, seen.path, seen.body) == (201, method, "/there.ics", b"BEGIN:VCALENDAR")
    assert seen.headers["If-None-Match"] == "*"
    assert seen.headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize("status", FOLLOWED)
@pytest.mark.parametrize("method", ["PUT", "PROPFIND"])
def test_another_site_receives_neither_password_nor_body(method: str, status: int, serve: Serve, open_account: Open) -> None:
    """H24: it receives nothing at all; the error names it. 127.0.0.1 and localhost are two hosts, and no site."""
    other = serve(lambda _seen: Said(200))
    elsewhere = f"http://localhost:{other.port}/private.ics"
    start = serve(lambda _seen: Said(status, headers={"Location": elsewhere}))
    with pytest.raises(RedirectRefused) as caught:
        _transport(open_account(start.url)).request(method, parse_url(start.url), body=b"BEGIN:VCALENDAR PRIVATE")
    assert other.seen == []
    assert elsewhere in caught.value.message


def test_the_answer_to_a_303_is_not_fetched(serve: Serve, open_account: Open) -> None:
    """H23: it would turn the request into a GET."""
    start = serve(lambda _seen: Said(303, headers={"Location": "/other"}))
    with pytest.raises(RedirectRefused):
        _transport(open_account(start.url)).request("PUT", parse_url(start.url), body=b"x")
    assert start.methods == ["PUT /"]


def test_a_redirect_loop_ends_after_five(serve: Serve, open_account: Open) -> None:
    """H22: the library went round 31 times."""
    start = serve(lambda seen: Said(302, headers={"Location": seen.path + "x"}))
    with pytest.raises(RedirectRefused, match="more than 5"):
        open_account(start.url).list_members("/a/")
    assert len(start.seen) == 6


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("http://caldav.icloud.com/x", "plain http"),
        ("http://127.0.0.1/x", "plain http"),
        ("https://evil.com/x", "another site"),
        ("//evil.com/x", "another site"),
        ("https://icloud.com.evil.com/x", "another site"),
        ("https://anna:secret@caldav.icloud.com/x", "user name"),
        ("ftp://caldav.icloud.com/x", "https"),
        ("https://caldav.icloud.com\\@evil.com/", "backslash"),
        (None, "no single target"),
    ],
)
def test_where_a_redirect_must_not_lead(location: str | None, why: str) -> None:
    """H25 and the tricks around it; a password in the target is not shown."""
    with pytest.raises(RedirectRefused, match=why) as caught:
        target_of(_answer(location))
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://p42-caldav.icloud.com:443/1/", "https://p42-caldav.icloud.com/1/"),
        ("/1/calendars/", "https://caldav.icloud.com/1/calendars/"),
        ("principal/", "https://caldav.icloud.com/principal/"),
    ],
)
def test_where_a_redirect_may_lead(location: str, target: str) -> None:
    """H26: to a partition host, or elsewhere on the same one."""
    assert str(target_of(_answer(location))) == target


def test_two_different_targets_are_none() -> None:
    """H36: a header given twice counts as missing."""
    answer = Answer(parse_url("https://a.example.com/"), 302, {"location": ("/one", "/two")}, b"")
    with pytest.raises(RedirectRefused, match="no single target"):
        target_of(answer)


def test_discovery_follows_the_well_known_redirect(serve: Serve, open_account: Open) -> None:
    """icloud.md §1.1.2: a 301 to where the account lives; that origin is the account's from then on."""
    home = serve(table(account("/dav/")))

    def script(seen: Seen) -> Said:
        return Said(301, headers={"Location": f"{home.url}dav/"}) if seen.path == "/.well-known/caldav" else Said(404)

    start = serve(script)
    found = open_account(start.url).discover()
    assert found.origin == home.url.rstrip("/")
    assert [c.href for c in found.collections] == ["/anna/cals/work/"]


def test_a_host_once_redirected_to_is_asked_directly(serve: Serve, open_account: Open) -> None:
    """H26: a partition is not looked up anew with each request."""
    answers = account()
    partition = serve(table(answers))
    start = serve(lambda seen: Said(301, headers={"Location": f"{partition.url.rstrip('/')}{seen.path}"}))
    server = open_account(start.url)
    for _ in range(3):
        assert len(server.list_homes(["/anna/cals/"])) == 1
    assert len(start.seen) == 1
    assert len(partition.seen) == 3
