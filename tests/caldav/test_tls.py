"""Certificates: what cannot be verified is sent nothing (N9)."""

from __future__ import annotations

import datetime as dt
import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from icalsync.caldav.client import CalDavDoor
from icalsync.caldav.hosts import SystemResolver
from icalsync.errors import CertificateInvalid, RedirectRefused, ServerUnreachable
from tests.caldav.conftest import QUICK
from tests.caldav.odd_server import Said, account, table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from icalsync.ports import CalendarServer
    from tests.caldav.odd_server import OddServer

    Open = Callable[..., CalendarServer]
    Serve = Callable[..., OddServer]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority nobody trusts."""
    return trustme.CA()


def _context(authority: trustme.CA, *names: str, not_after: dt.datetime | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, not_after=not_after).configure_cert(context)
    return context


def _trusting(authority: trustme.CA, directory: Path) -> CalDavDoor:
    file = directory / "authority.pem"
    authority.cert_pem.write_to_path(file)
    return CalDavDoor(SystemResolver(allow_private=True), QUICK, ca_file=file)


def test_a_self_signed_certificate_is_refused_and_nothing_is_sent(authority: trustme.CA, serve: Serve, open_account: Open) -> None:
    """N9: no password, no request, and no way around."""
    server = serve(table(account()), tls=_context(authority, "127.0.0.1"))
    with pytest.raises(CertificateInvalid, match=r"127\.0\.0\.1"):
        open_account(server.url).discover()
    assert server.seen == []


def test_a_trusted_authority_is_enough(authority: trustme.CA, serve: Serve, open_account: Open, tmp_path: Path) -> None:
    """A server of one's own, behind an authority one names."""
    server = serve(table(account()), tls=_context(authority, "127.0.0.1"))
    found = open_account(server.url, door=_trusting(authority, tmp_path)).discover()
    assert [c.href for c in found.collections] == ["/anna/cals/work/"]
    assert found.origin == server.url.rstrip("/")


def test_a_certificate_of_another_host_is_refused(authority: trustme.CA, serve: Serve, open_account: Open, tmp_path: Path) -> None:
    """N9: trusted, but not for this name."""
    server = serve(table(account()), tls=_context(authority, "other.example.com"))
    with pytest.raises(CertificateInvalid):
        open_account(server.url, door=_trusting(authority, tmp_path)).discover()
    assert server.seen == []


def test_an_expired_certificate_is_refused(authority: trustme.CA, serve: Serve, open_account: Open, tmp_path: Path) -> None:
    """N9."""
    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    server = serve(table(account()), tls=_context(authority, "127.0.0.1", not_after=past))
    with pytest.raises(CertificateInvalid, match="expired"):
        open_account(server.url, door=_trusting(authority, tmp_path)).discover()
    assert server.seen == []


def test_plain_http_behind_an_https_address_is_no_certificate_matter(serve: Serve, open_account: Open) -> None:
    """A wrong port: said as unreachable, and nothing is sent in the clear."""
    server = serve(table(account()))
    with pytest.raises(ServerUnreachable, match="secure"):
        open_account(server.url.replace("http://", "https://")).discover()
    assert server.seen == []


def test_https_does_not_redirect_to_plain_http(authority: trustme.CA, serve: Serve, open_account: Open, tmp_path: Path) -> None:
    """H25: not even on the same loopback address."""
    plain = serve(table(account()))
    server = serve(lambda _seen: Said(302, headers={"Location": plain.url}), tls=_context(authority, "127.0.0.1"))
    with pytest.raises(RedirectRefused, match="plain http"):
        open_account(server.url, door=_trusting(authority, tmp_path)).discover()
    assert plain.seen == []
