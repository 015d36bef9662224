"""The look-alike as an HTTP server: connections, bodies that do not arrive, and many clients at once."""

from __future__ import annotations

import http.client
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.icloud import ICloud
from tests.icloud.fixtures import ANNA, PASSWORD
from tests.icloud.properties import PRINCIPAL
from tests.servers import event

if TYPE_CHECKING:
    from tests.icloud import CalendarOwner
    from tests.icloud.asking import Asker


def _connected(cloud: ICloud) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(cloud.url).netloc, timeout=20)


def test_connections_stay_open_until_they_are_dropped(icloud: ICloud) -> None:
    """§1.3, N11: kept alive between requests; a dropped one ends without an answer, a new one works."""
    connection = _connected(icloud)
    try:
        for _ in range(2):
            connection.request("OPTIONS", "/", headers={"User-Agent": "tests"})
            assert connection.getresponse().read() == b""
        kept = connection.sock
        assert kept is not None
        icloud.drop_connections()
        assert kept.recv(1) == b""
        connection.close()
        connection.request("OPTIONS", "/", headers={"User-Agent": "tests"})
        assert connection.getresponse().status == 401
    finally:
        connection.close()


def test_a_put_that_is_cut_short_is_never_carried_out(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """P2: half a body stores nothing, and the server goes on."""
    address = urlsplit(icloud.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=20) as wire:
        wire.sendall(f"PUT {work.href_of('one.ics')} HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\nBEGIN:VCALENDAR".encode())
        wire.shutdown(socket.SHUT_WR)
        assert wire.recv(1) == b""
    assert work.names() == []
    assert icloud.ledger.writes() == []
    assert anna.propfind("/", PRINCIPAL).status == 207


def test_chunked_bodies_are_read_and_broken_ones_refused(work: CalendarOwner, anna: Asker) -> None:
    """RFC 9112 §7.1: a size that is none is 400."""
    text = event("one").encode()
    chunks = b"%x\r\n%s\r\n5\r\n%s\r\n0\r\n\r\n" % (len(text) - 5, text[:-5], text[-5:])
    href = work.href_of("one.ics")
    assert anna.ask("PUT", href, chunks, Transfer_Encoding="chunked", Content_Length="").status == 201
    assert work.text("one.ics") == text.decode()
    assert anna.ask("PUT", href, b"zz\r\n", Transfer_Encoding="chunked", Content_Length="").status == 400


def test_methods_are_answered_where_they_make_sense(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """§3.7: OPTIONS with a DAV header, HEAD without a body, GET of a calendar 400, unknown paths 404, unknown methods 405."""
    href = work.put("one.ics", event("one"))
    assert "calendar-access" in (anna.ask("OPTIONS", href).header("dav") or "")
    head = anna.ask("HEAD", href)
    assert (head.status, head.body, head.header("etag")) == (200, b"", work.etag("one.ics"))
    assert [anna.ask("GET", path).status for path in (work.href, "/nowhere/", "/principal/", work.href_of("gone.ics"))] == [
        400,
        404,
        404,
        404,
    ]
    assert anna.ask("LOCK", href).status == 405
    assert anna.ask("REPORT", icloud.account(ANNA).home, "<a/>").status == 400
    assert anna.propfind(icloud.account(ANNA).home + "GONE/", PRINCIPAL).status == 404


def test_of_many_who_create_the_same_object_one_wins(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """P3: the rest get 412, over both hosts."""
    start = threading.Barrier(12)

    def create(number: int) -> int:
        start.wait(timeout=20)
        return anna.put(work.href_of("one.ics"), event("one", summary=str(number)), If_None_Match="*").status

    with ThreadPoolExecutor(12) as pool:
        statuses = sorted(pool.map(create, range(12)))
    assert statuses == [201] + [412] * 11
    assert [entry.number for entry in icloud.ledger] == list(range(1, 13))


def test_a_stopped_look_alike_answers_nobody_and_may_be_started_again() -> None:
    """Its ports are given up; what it knew it still knows."""
    cloud = ICloud({ANNA: PASSWORD}, furnished=False)
    with cloud:
        url = cloud.url
        cloud.account(ANNA).calendar("Home").put("one.ics", event("one"))
        assert [calendar.id for calendar in cloud.account(ANNA).calendars()] == ["home"]
    with pytest.raises(RuntimeError, match="not running"):
        assert cloud.url
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=20)
    with cloud:
        assert cloud.account(ANNA).calendar("home").names() == ["one.ics"]
