"""Bringing objects: one bad object costs only itself, and what was not asked for is not taken."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

import pytest

from icalsync.caldav.transport import Limits
from icalsync.errors import AccessDenied, CalendarGone, ServerBusy, ServerFailed
from icalsync.ports import Fetched
from tests.caldav.odd_server import XML, Said, Seen, etag, multistatus, row
from tests.servers import event

if TYPE_CHECKING:
    from collections.abc import Callable

    from icalsync.ports import CalendarServer
    from tests.caldav.odd_server import OddServer, Script

    Open = Callable[..., CalendarServer]
    Serve = Callable[..., OddServer]

TEXT = event("uid-1").replace("\r\n", "\n")
ICS = {"Content-Type": "text/calendar; charset=utf-8"}


def _data(text: str, tag: str = "1", *, cdata: bool = False) -> str:
    inside = f"<![CDATA[{text}]]>" if cdata else escape(text)
    return f"{etag(tag)}<C:calendar-data>{inside}</C:calendar-data>"


def _asked(seen: Seen) -> list[str]:
    return re.findall(r"<D:href>([^<]*)</D:href>", seen.body.decode())


def _reports(server: OddServer) -> list[int]:
    return [len(_asked(seen)) for seen in server.seen if seen.method == "REPORT"]


def _gets(server: OddServer) -> list[str]:
    return [seen.path for seen in server.seen if seen.method == "GET"]


def _answering(rows: Callable[[list[str]], list[str]], get: Callable[[str], Said] = lambda _path: Said(404)) -> Script:
    """A server whose multiget rows are made from the hrefs asked for, and whose GETs are said by path."""

    def script(seen: Seen) -> Said:
        if seen.method == "GET":
            return get(seen.path)
        return Said(207, multistatus(*rows(_asked(seen))), XML)

    return script


def _object(_path: str) -> Said:
    return Said(200, TEXT.encode(), {**ICS, "ETag": '"g"'})


HREFS = [f"/a/{number}.ics" for number in range(4)]


@pytest.mark.parametrize("cdata", [True, False], ids=["cdata", "escaped"])
def test_text_comes_with_the_etag_of_the_same_row(cdata: bool, serve: Serve, open_account: Open) -> None:
    """C28, icloud.md §3.7: wrapped or escaped, it is the same text."""
    server = serve(_answering(lambda hrefs: [row(href, _data(TEXT, href[3], cdata=cdata)) for href in hrefs]))
    fetched = open_account(server.url).fetch("/a/", HREFS)
    assert fetched.objects == tuple(Fetched(href, f'"{href[3]}"', TEXT.encode()) for href in HREFS)
    assert _reports(server) == [4]


def test_what_comes_without_text_is_fetched_by_get(serve: Serve, open_account: Open) -> None:
    """C25: a row without calendar-data, an empty one, a row that is left out, a 404 row: GET decides."""

    def rows(_hrefs: list[str]) -> list[str]:
        return [row(HREFS[0], etag("1")), row(HREFS[1], f"{etag('1')}<C:calendar-data> </C:calendar-data>"), row(HREFS[2], status=404)]

    server = serve(_answering(rows, lambda path: Said(404) if path == HREFS[2] else _object(path)))
    fetched = open_account(server.url).fetch("/a/", HREFS)
    assert _gets(server) == HREFS
    assert fetched.missing == (HREFS[2],)
    assert {(o.href, o.etag) for o in fetched.objects} == {(HREFS[0], '"g"'), (HREFS[1], '"g"'), (HREFS[3], '"g"')}


def test_what_was_not_asked_for_is_not_taken(serve: Serve, open_account: Open) -> None:
    """C26: foreign rows, and the collection itself."""

    def rows(hrefs: list[str]) -> list[str]:
        extra = [row("/a/other.ics", _data("evil")), row("/a/", _data("evil")), row("https://evil.example.com/a/0.ics", _data("evil"))]
        return [*extra, *(row(href, _data(TEXT)) for href in hrefs)]

    fetched = open_account(serve(_answering(rows)).url).fetch("/a/", HREFS)
    assert [o.href for o in fetched.objects] == HREFS
    assert all(o.raw == TEXT.encode() for o in fetched.objects)


def test_two_answers_for_one_object_are_settled_by_get(serve: Serve, open_account: Open) -> None:
    """C26: the later one does not win silently; the same one twice is no question."""

    def rows(hrefs: list[str]) -> list[str]:
        return [*(row(href, _data(TEXT)) for href in hrefs), row(HREFS[0], _data("other", "2")), row(HREFS[1], _data(TEXT))]

    server = serve(_answering(rows, _object))
    fetched = open_account(server.url).fetch("/a/", HREFS)
    assert _gets(server) == [HREFS[0]]
    assert {o.href: o.etag for o in fetched.objects} == {HREFS[0]: '"g"', HREFS[1]: '"1"', HREFS[2]: '"1"', HREFS[3]: '"1"'}


def test_one_object_that_breaks_the_xml_is_found_by_halves(serve: Serve, open_account: Open) -> None:
    """Finding 8, H32: one raw control byte kills the whole answer; the others come by report, the culprit by GET."""
    hrefs = [f"/a/{number}.ics" for number in range(40)]
    bad = hrefs[17]
    raw = TEXT.replace("Dentist", "Den\x0btist")
    script = _answering(
        lambda asked: [row(href, _data(raw if href == bad else TEXT)) for href in asked],
        lambda _path: Said(200, raw.encode(), {**ICS, "ETag": '"g"'}),
    )
    server = serve(script)
    fetched = open_account(server.url).fetch("/a/", hrefs)
    assert {o.href for o in fetched.objects} == set(hrefs)
    assert {o.href: o.raw for o in fetched.objects}[bad] == raw.encode()
    assert bad in _gets(server)
    assert len(server.seen) < 20


def test_an_object_beyond_the_limit_is_missing_and_the_others_come(serve: Serve, open_account: Open) -> None:
    """H33, D31: the batch is halved; what is too large by itself is not delivered."""
    big = TEXT.replace("Dentist", "x" * 60_000)
    script = _answering(
        lambda asked: [row(href, _data(big if href == HREFS[1] else TEXT)) for href in asked],
        lambda path: Said(200, (big if path == HREFS[1] else TEXT).encode(), {**ICS, "ETag": '"g"'}),
    )
    fetched = open_account(serve(script).url, limits=Limits(max_body=30_000)).fetch("/a/", HREFS)
    assert fetched.missing == (HREFS[1],)
    assert {o.href for o in fetched.objects} == {HREFS[0], HREFS[2], HREFS[3]}


def test_an_object_the_server_fails_over_is_missing(serve: Serve, open_account: Open) -> None:
    """H17: a 500 to the report, and to one GET, is that object's trouble."""

    def script(seen: Seen) -> Said:
        if seen.method == "GET":
            return Said(500) if seen.path == HREFS[2] else _object(seen.path)
        asked = _asked(seen)
        return Said(500) if HREFS[2] in asked else Said(207, multistatus(*(row(href, _data(TEXT)) for href in asked)), XML)

    fetched = open_account(serve(script).url).fetch("/a/", HREFS)
    assert fetched.missing == (HREFS[2],)
    assert {o.href for o in fetched.objects} == {HREFS[0], HREFS[1], HREFS[3]}


@pytest.mark.parametrize(("status", "error"), [(500, ServerFailed), (502, ServerFailed), (503, ServerBusy)])
def test_a_server_that_fails_altogether_is_left_alone_soon(status: int, error: type[Exception], serve: Serve, open_account: Open) -> None:
    """H17, H19: it is not asked fifty times more."""
    server = serve(lambda _seen: Said(status))
    with pytest.raises(error):
        open_account(server.url).fetch("/a/", [f"/a/{number}.ics" for number in range(50)])
    assert len(server.seen) < 10


@pytest.mark.parametrize("status", [400, 404, 405, 412, 501])
def test_where_the_report_is_not_answered_get_does(status: int, serve: Serve, open_account: Open) -> None:
    """H8, icloud.md §3.2 (vdirsyncer#800: multiget not found on a shared calendar); the report is not tried again."""
    hrefs = [f"/a/{number}.ics" for number in range(60)]
    server = serve(lambda seen: _object(seen.path) if seen.method == "GET" else Said(status))
    fetched = open_account(server.url).fetch("/a/", hrefs)
    assert len(fetched.objects) == 60
    assert _reports(server) == [50]


@pytest.mark.parametrize(("status", "error"), [(403, AccessDenied), (410, CalendarGone)])
def test_a_refused_report_is_the_collections_matter(status: int, error: type[Exception], serve: Serve, open_account: Open) -> None:
    """C12: fifty GETs would not help."""
    server = serve(lambda _seen: Said(status))
    with pytest.raises(error):
        open_account(server.url).fetch("/a/", HREFS)
    assert len(server.seen) == 1


def test_hrefs_that_must_not_be_sent_are_missing(serve: Serve, open_account: Open) -> None:
    """icloud.md §3.1, C16: the collection in a multiget makes iCloud refuse all of it; dot segments go nowhere."""
    server = serve(_answering(lambda hrefs: [row(href, _data(TEXT)) for href in hrefs]))
    fetched = open_account(server.url).fetch("/a/", ["/a/", "/a", "/a/../b.ics", "b.ics", *HREFS, HREFS[0]])
    assert _reports(server) == [4]
    assert set(fetched.missing) == {"/a", "/a/../b.ics", "b.ics"} or set(fetched.missing) == {"/a/", "/a/../b.ics", "b.ics"}
    assert [o.href for o in fetched.objects] == HREFS


def test_nothing_asked_costs_nothing(serve: Serve, open_account: Open) -> None:
    """An empty batch is no request."""
    server = serve(lambda _seen: Said(500))
    assert open_account(server.url).fetch("/a/", []).objects == ()
    assert server.seen == []


def test_a_calendar_text_called_html_is_still_one(serve: Serve, open_account: Open) -> None:
    """H31: the body decides, not its label; what is in it is judged by who reads it."""
    server = serve(lambda _seen: Said(200, TEXT.encode(), {"Content-Type": "text/html", "ETag": '"1"'}))
    (fetched,) = open_account(server.url).fetch("/a/", HREFS[:1]).objects
    assert fetched.raw == TEXT.encode()


def test_two_etags_in_one_answer_are_none(serve: Serve, open_account: Open) -> None:
    """H36."""
    head = f'HTTP/1.1 200 OK\r\nETag: "1"\r\nETag: "2"\r\nContent-Length: {len(TEXT)}\r\n\r\n'
    server = serve(lambda _seen: Said(raw=head.encode() + TEXT.encode()))
    (fetched,) = open_account(server.url).fetch("/a/", HREFS[:1]).objects
    assert fetched.etag is None
