"""The way to a server, when the server or the way is bad."""

from __future__ import annotations

import gzip
import resource
import socket
import threading
import time
import zlib
from typing import TYPE_CHECKING

import pytest

from icalsync.caldav.answers import Body
from icalsync.caldav.client import CalDavDoor
from icalsync.caldav.deadline import Deadline, Wire
from icalsync.caldav.hosts import SystemResolver, parse_url
from icalsync.caldav.pinning import in_turn
from icalsync.caldav.transport import Limits
from icalsync.errors import (
    AnswerTooLarge,
    HostUnknown,
    InvalidInput,
    PrivateHost,
    ProtocolViolation,
    ServerFailed,
    ServerTimedOut,
    ServerUnreachable,
)
from tests.caldav.odd_server import XML, Said, Seen, etag, multistatus, row, until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from icalsync.ports import CalendarServer
    from tests.caldav.odd_server import OddServer

    Open = Callable[..., CalendarServer]
    Serve = Callable[..., OddServer]

LISTING = multistatus(row("/a/"), row("/a/1.ics", etag("1")))
HURRIED = Limits(connect_timeout=1.0, read_timeout=1.0, total_deadline=1.0)


def test_a_request_is_authorized_at_once_and_names_its_sender(serve: Serve, open_account: Open) -> None:
    """No 401 is waited for; gzip is asked for; iCloud refuses requests without a User-Agent (icloud.md §1.2)."""
    server = serve(lambda _seen: Said(207, LISTING, XML))
    open_account(server.url, name="änna@example.com").list_members("/a/")
    (seen,) = server.seen
    headers = {name.lower(): value for name, value in seen.headers.items()}
    assert headers["authorization"].startswith("Basic ")
    assert "icalsync" in headers["user-agent"]
    assert headers["accept-encoding"] == "gzip"
    assert headers["depth"] == "1"
    assert seen.body.startswith(b"<?xml")


def test_an_account_name_with_a_colon_is_refused(open_account: Open) -> None:
    """RFC 7617 §2: it could not be told from the password."""
    with pytest.raises(InvalidInput):
        open_account("https://caldav.example.com/", name="anna:x")


def test_nobody_there_is_said_plainly(open_account: Open) -> None:
    """N13: refused connections are transient."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(ServerUnreachable, match="refused"):
        open_account(f"http://127.0.0.1:{port}/").list_members("/a/")


def test_a_server_that_never_answers_is_left(serve: Serve, open_account: Open) -> None:
    """N1, N2: within the read timeout."""
    released = threading.Event()

    def script(_seen: Seen) -> Said:
        released.wait(10)
        return Said(500)

    server = serve(script)
    started = time.monotonic()
    try:
        with pytest.raises(ServerTimedOut):
            open_account(server.url, limits=Limits(connect_timeout=1, read_timeout=0.5, total_deadline=5)).list_members("/a/")
    finally:
        released.set()
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("length", [None, -1], ids=["with-length", "until-close"])
def test_a_slow_drip_ends_with_the_deadline(length: int | None, serve: Serve, open_account: Open) -> None:
    """N5: measured 23.6 s with a read timeout of 2 s; the total deadline ends it, and the cut is never taken for the end."""
    server = serve(lambda _seen: Said(207, LISTING * 50, XML, drip=0.05, length=length))
    started = time.monotonic()
    with pytest.raises(ServerTimedOut, match="within 1 s"):
        open_account(server.url, limits=HURRIED).list_members("/a/")
    assert time.monotonic() - started < 3


def test_slowly_dripping_headers_end_with_the_deadline(stack: object, open_account: Open) -> None:
    """N5: each byte is in time for the read timeout, and the answer never begins."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            for byte in b"HTTP/1.1 207 Multi-Status\r\n" + b"X-Long: 1\r\n" * 100:
                if stop.wait(0.05):
                    return
                try:
                    connection.sendall(bytes([byte]))
                except OSError:
                    return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    started = time.monotonic()
    try:
        with pytest.raises(ServerTimedOut):
            open_account(f"http://127.0.0.1:{listener.getsockname()[1]}/", limits=HURRIED).list_members("/a/")
        assert time.monotonic() - started < 3
    finally:
        stop.set()
        thread.join(5)
        listener.close()


def test_after_a_deadline_the_account_can_be_asked_again(serve: Serve, open_account: Open) -> None:
    """A cut connection is not used again."""
    slow = [True]
    server = serve(lambda _seen: Said(207, LISTING, XML, drip=0.05 if slow[0] else 0.0))
    asked = open_account(server.url, limits=HURRIED)
    with pytest.raises(ServerTimedOut):
        asked.list_members("/a/")
    slow[0] = False
    assert len(asked.list_members("/a/").members) == 1


@pytest.mark.parametrize("length", [len(LISTING) + 10, -1], ids=["with-length", "until-close"])
def test_a_truncated_answer_is_no_listing(length: int, serve: Serve, open_account: Open) -> None:
    """N3, N4, H29: half a listing would look like deletions."""
    server = serve(lambda _seen: Said(207, LISTING[:-20] if length < 0 else LISTING, XML, length=length))
    with pytest.raises((ServerFailed, ProtocolViolation)):
        open_account(server.url).list_members("/a/")


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 207 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
        b"HTTP/1.1 207 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 207 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\nhello",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 207",
        b"",
    ],
    ids=["bad-chunk-size", "no-last-chunk", "short-chunk", "no-http", "half-a-status", "nothing"],
)
def test_garbage_instead_of_an_answer_is_an_error(raw: bytes, serve: Serve, open_account: Open) -> None:
    """N3, N12: an error of ours, at once, and no hang."""
    server = serve(lambda _seen: Said(raw=raw))
    with pytest.raises((ServerFailed, ServerUnreachable, ProtocolViolation)):
        open_account(server.url).list_members("/a/")


def test_a_read_is_repeated_once_when_a_kept_connection_was_dropped(serve: Serve, open_account: Open) -> None:
    """N11: idle connections die; the second try is on a new one."""
    answers = iter([Said(207, LISTING, XML), Said(raw=b""), Said(207, LISTING, XML)])
    server = serve(lambda _seen: next(answers))
    asked = open_account(server.url)
    asked.list_members("/a/")
    assert len(asked.list_members("/a/").members) == 1
    assert len(server.seen) == 3
    assert asked.traffic.requests == 3


def test_a_write_is_never_repeated(serve: Serve, open_account: Open) -> None:
    """N11, P2: whether it arrived is unknown; only the caller can find out."""
    answers = iter([Said(207, LISTING, XML), Said(raw=b""), Said(201)])
    server = serve(lambda _seen: next(answers))
    asked = open_account(server.url)
    asked.list_members("/a/")
    with pytest.raises(ServerUnreachable):
        asked._account.transport.request("PUT", parse_url(f"{server.url}a/x.ics"), body=b"x")  # type: ignore[attr-defined]
    assert server.methods == ["PROPFIND /a/", "PUT /a/x.ics"]


def test_a_new_connection_that_breaks_is_not_tried_again(serve: Serve, open_account: Open) -> None:
    """N11: only a kept connection can have been dropped; a broken server is not asked twice."""
    server = serve(lambda _seen: Said(raw=b""))
    with pytest.raises(ServerUnreachable):
        open_account(server.url).list_members("/a/")
    assert len(server.seen) == 1


def test_gzip_is_decoded_and_counted_as_sent(serve: Serve, open_account: Open) -> None:
    """design.md §7; several gzip members in a row are one text (RFC 1952 §2.2)."""
    packed = gzip.compress(LISTING[:100]) + gzip.compress(LISTING[100:])
    server = serve(lambda _seen: Said(207, packed, {**XML, "Content-Encoding": "gzip"}))
    asked = open_account(server.url)
    assert len(asked.list_members("/a/").members) == 1
    assert asked.traffic.bytes == len(packed)


@pytest.mark.parametrize("body", [gzip.compress(LISTING)[:-12], b"no gzip at all"], ids=["cut", "damaged"])
def test_damaged_compression_is_no_listing(body: bytes, serve: Serve, open_account: Open) -> None:
    """N3: neither is taken for a whole answer."""
    server = serve(lambda _seen: Said(207, body, {**XML, "Content-Encoding": "gzip"}))
    with pytest.raises((ServerFailed, ProtocolViolation)):
        open_account(server.url).list_members("/a/")


def test_a_cut_object_is_not_taken_for_a_whole_one(serve: Serve, open_account: Open) -> None:
    """N3: there is no closing tag to miss in a calendar object; the compression itself tells."""
    packed = gzip.compress(b"BEGIN:VCALENDAR\r\n" + b"X:y\r\n" * 500)
    server = serve(lambda _seen: Said(200, packed[:-12], {"Content-Type": "text/calendar", "Content-Encoding": "gzip"}))
    with pytest.raises(ServerFailed, match="cut short"):
        open_account(server.url).fetch("/a/", ["/a/1.ics"])


def test_a_plain_answer_labelled_gzip_is_read_as_it_is(serve: Serve, open_account: Open) -> None:
    """H31: as recorders and proxies leave it that decompress and forget the label."""
    server = serve(lambda _seen: Said(207, LISTING, {**XML, "Content-Encoding": "gzip"}))
    assert len(open_account(server.url).list_members("/a/").members) == 1


@pytest.mark.parametrize("size", [0, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])
@pytest.mark.parametrize("step", [1000, 1 << 16])
def test_compressed_answers_of_every_size_come_whole(size: int, step: int) -> None:
    """The steps of decompression lose nothing at their edges."""
    packed = gzip.compress(bytes(size))
    body = Body(parse_url("https://dav.example.com/"), 200, "gzip", 8 << 20)
    for start in range(0, len(packed), step):
        body.feed(packed[start : start + step])
    assert len(body.whole()) == size


def test_an_encoding_nobody_asked_for_is_refused(serve: Serve, open_account: Open) -> None:
    """The caps hold for gzip; nothing else is decoded."""
    server = serve(lambda _seen: Said(207, LISTING, {**XML, "Content-Encoding": "br"}))
    with pytest.raises(ProtocolViolation, match="br"):
        open_account(server.url).list_members("/a/")


def test_a_gzip_bomb_costs_its_cap_and_not_its_size(serve: Serve, open_account: Open) -> None:
    """H33: measured 3.6 GB for 1.33 MB on the wire; here 512 MB are cut off at 8 MB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(512)) + packer.flush()
    server = serve(lambda _seen: Said(207, bomb, {**XML, "Content-Encoding": "gzip"}))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(AnswerTooLarge):
        open_account(server.url, limits=Limits(max_body=8 << 20)).list_members("/a/")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes


def test_an_answer_that_is_too_long_is_dropped(serve: Serve, open_account: Open) -> None:
    """H33: without compression too; the account can be asked again."""
    large = [True]
    server = serve(lambda _seen: Said(207, LISTING + b" " * (200_000 if large[0] else 0), XML))
    asked = open_account(server.url, limits=Limits(max_body=100_000))
    with pytest.raises(AnswerTooLarge):
        asked.list_members("/a/")
    large[0] = False
    assert len(asked.list_members("/a/").members) == 1


def test_a_host_is_asked_at_most_so_often_at_a_time(serve: Serve) -> None:
    """Over all accounts and threads of one door: 4 by default, here 2."""
    running, most, lock = [0], [0], threading.Lock()

    def script(_seen: Seen) -> Said:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.05)
        with lock:
            running[0] -= 1
        return Said(207, LISTING, XML)

    server = serve(script)
    door = CalDavDoor(SystemResolver(allow_private=True), Limits(per_host=2))

    def visit() -> None:
        from icalsync.ports import Login, Secret  # noqa: PLC0415

        with door.open(Login("caldav", server.url, "anna", Secret("abcd-efgh-ijkl-mnop"))) as asked:
            asked.list_members("/a/")

    threads = [threading.Thread(target=visit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(server.seen) == 8
    assert most[0] == 2


# --- S14: only addresses that were allowed ------------------------------------------------------------------------------------


class Rebinding:
    """A name server that says a public address to whoever checks, and loopback to whoever connects."""

    def resolve(self, _host: str, _port: int) -> Sequence[str]:
        """What the connection is made to: as if it had changed since it was judged."""
        return ["127.0.0.1"]

    def check_peer(self, host: str, address: str) -> None:
        """The real judgement, over the address the connection really has."""
        SystemResolver(allow_private=False).check_peer(host, address)


def test_a_connection_that_ended_up_inside_is_cut_before_anything_is_sent(open_account: Open) -> None:
    """S14, N7: DNS rebinding; the peer's own address decides, on the connection that would carry the password."""
    listener = socket.create_server(("127.0.0.1", 0))
    got: list[bytes] = []

    def listen() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(5)
            got.append(connection.recv(65536))

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        with pytest.raises(PrivateHost):
            open_account(f"https://calendar.example.com:{listener.getsockname()[1]}/", resolver=Rebinding()).discover()
        thread.join(5)
    finally:
        listener.close()
    assert got == [b""]


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "http://127.0.0.1/", "https://169.254.169.254/", "https://[::1]/", "https://2130706433/"]
)
def test_a_private_address_is_refused_before_anything_is_sent(url: str, open_account: Open) -> None:
    """S14: already when the account is opened."""
    with pytest.raises(PrivateHost):
        open_account(url, resolver=SystemResolver(allow_private=False))


def test_a_redirect_does_not_lead_inside(serve: Serve, open_account: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """S14: the target's address is judged like any other, at the moment it is connected."""
    inside = serve(lambda _seen: Said(207, LISTING, XML))
    start = serve(lambda _seen: Said(307, headers={"Location": inside.url}))

    class Guard(SystemResolver):
        def check_peer(self, host: str, address: str) -> None:
            if len(start.seen) > 0:
                raise PrivateHost(host=host, address=address)

    with pytest.raises(PrivateHost):
        open_account(start.url, resolver=Guard(allow_private=True)).list_members("/a/")
    assert inside.seen == []


def test_a_name_that_is_unknown_is_said_so(open_account: Open) -> None:
    """N6."""

    class Nowhere(Rebinding):
        def resolve(self, host: str, _port: int) -> Sequence[str]:
            raise HostUnknown(host=host)

    with pytest.raises(HostUnknown, match=r"calendar\.example\.com"):
        open_account("https://calendar.example.com/", resolver=Nowhere()).discover()


def test_both_address_families_get_their_turn() -> None:
    """N8: a black hole in one of them costs one connect timeout, not all."""
    assert in_turn(["2a00::1", "2a00::2", "2a00::3", "17.0.0.1"]) == ["2a00::1", "17.0.0.1", "2a00::2", "2a00::3"]
    assert in_turn(["17.0.0.1"]) == ["17.0.0.1"]
    assert in_turn([]) == []


# --- S15: nothing from the environment ----------------------------------------------------------------------------------------


def test_netrc_and_proxies_of_the_environment_are_ignored(
    serve: Serve, open_account: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """S15: another user's password for the host, and a proxy, stand in the environment; neither is used."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login eve password evil\n")
    netrc.chmod(0o600)
    proxy = serve(lambda _seen: Said(502))
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    server = serve(lambda _seen: Said(207, LISTING, XML))
    open_account(server.url).list_members("/a/")
    assert proxy.seen == []
    assert "YW5uYT" in server.seen[0].headers["Authorization"]  # anna, not eve


def test_no_host_that_a_certificate_names_is_asked(open_account: Open) -> None:
    """S14: the library's revocation check would send requests to addresses of the certificate's choosing."""
    session = open_account("https://caldav.example.com/")._account.transport._client.session  # type: ignore[attr-defined]
    assert session._revocation_configuration is None


def test_a_server_may_be_named_localhost(serve: Serve, open_account: Open) -> None:
    """By name, whichever address family it resolves to first."""
    server = serve(lambda _seen: Said(207, LISTING, XML))
    assert len(open_account(f"http://localhost:{server.port}/").list_members("/a/").members) == 1


def test_header_names_compare_without_case(serve: Serve, open_account: Open) -> None:
    """A caller's Content-Type replaces ours, and a request without a body has none."""
    server = serve(lambda _seen: Said(201))
    transport = open_account(server.url)._account.transport  # type: ignore[attr-defined]
    transport.request("PUT", parse_url(f"{server.url}1.ics"), body=b"x", headers={"content-type": "text/calendar"})
    transport.request("DELETE", parse_url(f"{server.url}1.ics"))
    put, delete = ([value for name, value in seen.headers.items() if name.lower() == "content-type"] for seen in server.seen)
    assert put == ["text/calendar"]
    assert delete == []
    assert not any(name.lower() == "depth" for name in server.seen[1].headers)


def test_cookies_are_not_kept(serve: Serve, open_account: Open) -> None:
    """Each request stands for itself."""
    server = serve(lambda _seen: Said(207, LISTING, {**XML, "Set-Cookie": "session=1; Path=/"}))
    asked = open_account(server.url)
    asked.list_members("/a/")
    asked.list_members("/a/")
    assert "Cookie" not in server.seen[1].headers


# --- the parts ----------------------------------------------------------------------------------------------------------------


def test_a_deadline_that_was_met_cuts_nothing() -> None:
    """The timer ends with the block."""
    cuts: list[int] = []
    with Deadline(0.05, lambda: cuts.append(1)) as deadline:
        pass
    time.sleep(0.15)
    assert cuts == []
    assert not deadline.expired


def test_a_remembered_connection_is_cut_only_while_it_is_that_connection() -> None:
    """A descriptor number is soon somebody else's: both ends' addresses tell."""
    one, other = socket.create_server(("127.0.0.1", 0)), None
    first = socket.create_connection(one.getsockname())
    wire = Wire(first)
    number = first.fileno()
    assert wire.alive
    first.close()
    other = socket.create_connection(one.getsockname())
    try:
        assert other.fileno() == number
        assert not wire.alive
        wire.cut()
        other.sendall(b"still open")
    finally:
        other.close()
        one.close()


def test_a_closed_account_leaves_no_connection(serve: Serve) -> None:
    """T18: sockets are closed with the account."""
    from icalsync.ports import Login, Secret  # noqa: PLC0415

    server = serve(lambda _seen: Said(207, LISTING, XML))
    door = CalDavDoor(SystemResolver(allow_private=True))
    with door.open(Login("caldav", server.url, "anna", Secret("abcd-efgh-ijkl-mnop"))) as asked:
        asked.list_members("/a/")
        (wire,) = asked._account.transport._wires  # type: ignore[attr-defined]
        assert wire.alive
    assert until(lambda: not wire.alive)
