"""Which addresses may be used, and which hosts are one site."""

from __future__ import annotations

import socket

import pytest

from icalsync.caldav import hosts
from icalsync.caldav.hosts import SystemResolver, parse_url, same_site
from icalsync.errors import HostUnknown, InsecureUrl, PrivateHost, ServerTimedOut, UrlRefused

INSIDE = [
    "127.0.0.1",
    "127.9.9.9",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "0.0.0.0",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "134744072",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "2002:7f00:1::",
    "64:ff9b::a9fe:a9fe",
]


@pytest.mark.parametrize("host", INSIDE)
def test_an_address_inside_needs_leave(host: str) -> None:
    """S14: private, loopback, link-local, unspecified, CGNAT, odd spellings and addresses inside addresses."""
    with pytest.raises(PrivateHost):
        SystemResolver(allow_private=False).resolve(host, 443)


@pytest.mark.parametrize("host", ["8.8.8.8", "17.253.144.10", "2a00:1450:4001:81b::200e"])
def test_a_public_address_needs_none(host: str) -> None:
    """The open Internet is what the product is for."""
    assert SystemResolver(allow_private=False).resolve(host, 443) == (host,)


def test_with_leave_a_private_address_is_fine() -> None:
    """Setting ``allow_private_hosts``, as the demo and the tests do."""
    assert SystemResolver(allow_private=True).resolve("127.0.0.1", 80) == ("127.0.0.1",)
    SystemResolver(allow_private=True).check_peer("server", "10.0.0.1")


def test_one_private_address_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """S14: a name with a public and a private address is not used at all; which one is connected would be luck."""
    monkeypatch.setattr(hosts, "look_up", lambda _host, _port: ["17.253.144.10", "10.0.0.1"])
    with pytest.raises(PrivateHost) as caught:
        SystemResolver(allow_private=False).resolve("calendar.example.com", 443)
    assert "10.0.0.1" in caught.value.message


def test_localhost_is_nothing_but_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain http is allowed to ``localhost``: a name server must not be able to move it elsewhere."""
    monkeypatch.setattr(hosts, "look_up", lambda _host, _port: ["17.253.144.10"])
    with pytest.raises(HostUnknown):
        SystemResolver(allow_private=True).resolve("localhost", 80)


def test_a_name_that_does_not_resolve_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """N6: NXDOMAIN and a failing name server are transient for the caller; nothing is deleted."""

    def fail(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "later")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(HostUnknown):
        SystemResolver(allow_private=False).resolve("calendar.example.com", 443)


def test_a_silent_name_server_does_not_hold_us(monkeypatch: pytest.MonkeyPatch) -> None:
    """N6: the system may take minutes; we wait a bounded time."""
    import threading  # noqa: PLC0415

    released = threading.Event()
    monkeypatch.setattr(hosts, "DNS_SECONDS", 0.05)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: released.wait(5) and [])
    try:
        with pytest.raises(ServerTimedOut):
            SystemResolver(allow_private=False).resolve("calendar.example.com", 443)
    finally:
        released.set()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "caldav.example.com",
        "ftp://example.com/",
        "webcal://example.com/",
        "https://",
        "https:///path",
        "https://user:secret@example.com/",
        "https://exa mple.com/",
        "https://example.com\\@evil.com/",
        "https://example.com:port/",
        "https://example.com:99999/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://example.com/a/../b",
        "https://example.com/a/%2e%2e/b",
        "https://example.com/?key=value",
        "https://example.com/#there",
        "https://" + "a" * 64 + ".com/",
    ],
)
def test_an_address_of_the_wrong_form_is_refused(text: str) -> None:
    """C16 and the rest: refused before anything is looked up."""
    with pytest.raises(UrlRefused):
        parse_url(text)


@pytest.mark.parametrize(
    "text", ["https://anna:se/cret@example.com:x/", "https://anna:secret@exa mple.com/", "https://[anna:secret@example.com/"]
)
def test_a_refused_address_does_not_show_its_password(text: str) -> None:
    """S1: also not in the errors behind the error."""
    with pytest.raises(UrlRefused) as caught:
        parse_url(text)
    assert "cret" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("text", ["http://example.com/", "http://10.0.0.1/", "http://localhost.example.com/", "http://134744072/"])
def test_plain_http_is_for_loopback_only(text: str) -> None:
    """design.md §5 "Hosts"."""
    with pytest.raises(InsecureUrl):
        parse_url(text)


@pytest.mark.parametrize("text", ["http://127.0.0.1:5232/", "http://localhost/", "http://[::1]:80/", "http://127.1/"])
def test_plain_http_to_loopback_is_of_the_right_form(text: str) -> None:
    """Whether it may be connected is the resolver's matter."""
    assert parse_url(text).scheme == "http"


def test_an_address_is_kept_in_one_form() -> None:
    """Host in lower case and ASCII, the port only where it is not the scheme's own, no final dot."""
    assert str(parse_url(" HTTPS://CalDAV.iCloud.com:443 ")) == "https://caldav.icloud.com/"
    assert str(parse_url("https://kalender.müller.example./dav/")) == "https://kalender.xn--mller-kva.example/dav/"
    assert parse_url("https://example.com:8443/x").origin == "https://example.com:8443"
    assert parse_url("https://[2A00::1]:8443/x").origin == "https://[2a00::1]:8443"
    assert str(parse_url("https://example.com/a%20b/ä")) == "https://example.com/a%20b/%C3%A4"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://caldav.icloud.com/", "https://p42-caldav.icloud.com:443/", True),
        ("https://caldav.icloud.com.cn/", "https://p1-caldav.icloud.com.cn/", True),
        ("https://caldav.icloud.com/", "https://caldav.icloud.com.cn/", False),
        ("https://example.com/", "https://example.com:8443/", True),
        ("https://icloud.com/", "https://icloud.com.evil.com/", False),
        ("https://a.co.uk/", "https://b.co.uk/", False),
        ("https://anna.github.io/", "https://eve.github.io/", False),
        ("http://127.0.0.1:1/", "http://127.0.0.1:2/", True),
        ("http://127.0.0.1/", "http://127.0.0.2/", False),
        ("http://127.0.0.1/", "http://localhost/", False),
        ("https://17.0.0.1/", "https://17.0.0.2/", False),
        ("https://cal.corp.internal/", "https://other.corp.internal/", False),
        ("https://server/", "https://other/", False),
    ],
)
def test_a_site_is_a_registrable_domain(one: str, other: str, same: bool) -> None:
    """design.md §5; where the suffix list does not know the name, only the very same host counts."""
    assert same_site(parse_url(one), parse_url(other)) is same
    assert same_site(parse_url(other), parse_url(one)) is same


def test_the_suffix_list_is_neither_fetched_nor_written(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """It comes with the package: no request, no cache directory."""
    import tldextract  # noqa: PLC0415

    def forbidden(*_arguments: object, **_options: object) -> None:
        raise AssertionError("no connection is needed to tell a site")

    monkeypatch.setattr(socket.socket, "connect", forbidden)
    monkeypatch.setattr(tldextract.cache.DiskCache, "set", forbidden)
    hosts._suffixes.cache_clear()
    hosts._registrable_domain.cache_clear()
    assert same_site(parse_url("https://caldav.icloud.com/"), parse_url("https://p42-caldav.icloud.com/"))
