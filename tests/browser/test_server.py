"""The server as others meet it: from another site's frame, through a proxy, with files for it (S12, S13)."""

from __future__ import annotations

import http.server
import socket
import socketserver
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from icalsync.messages import say
from tests.browser.conftest import Clinic, clinic_in
from tests.browser.hands import PATIENCE, PERSON
from tests.browser.serving import Dashboard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    """A clinic whose dashboard is for this machine's user alone: no accounts."""
    clinic = clinic_in(tmp_path_factory.mktemp("alone"))
    clinic.app.add_sub_account("ACME", time_zone="Europe/Berlin")
    clinic.app.add_user("ACME", "anna", name="Anna Adler")
    return clinic


@pytest.fixture(scope="module")
def served(alone: Clinic) -> Iterator[Dashboard]:
    """Its dashboard."""
    with Dashboard(alone.environment, alone.database.with_suffix(".log")) as dashboard:
        yield dashboard
        assert "Traceback" not in dashboard.said


@contextmanager
def site(page: str) -> Iterator[str]:
    """Another site on this machine, with one page; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *told: object) -> None:
            """Nobody reads it."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_another_site_cannot_show_the_dashboard_in_a_frame_s12(served: Dashboard, browser: Browser) -> None:
    """S12: a page that draws it in a frame, to borrow the user's clicks, shows nothing of it."""
    with site(f"<title>Win!</title><iframe src='{served.url}/connections' width=900 height=700></iframe>") as address:
        page = browser.new_page(**PERSON)
        try:
            with page.expect_event("console", lambda told: "frame-ancestors" in told.text, timeout=PATIENCE):
                page.goto(address)
            assert [frame.locator("body").inner_text() for frame in page.frames if frame.url.startswith(served.url)] in ([], [""])
        finally:
            page.close()


@contextmanager
def proxy(port: int, header: str) -> Iterator[str]:
    """A proxy before a server on this machine, which says by a header for whom it asks; its address."""

    class Relay(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", port)) as behind:
                behind.sendall(self.rfile.readline() + f"{header}: 203.0.113.9\r\n".encode())
                back = threading.Thread(target=pour, args=(behind, self.connection))
                back.start()
                pour(self.rfile, behind)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Relay) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def pour(source: Any, sink: socket.socket) -> None:
    """Hand on what comes, until one side has ended."""
    read = source.recv if isinstance(source, socket.socket) else source.read1
    try:
        while part := read(65536):
            sink.sendall(part)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return  # the browser has gone


def test_through_a_proxy_nobody_is_the_admin_of_a_dashboard_without_accounts_s13(served: Dashboard, browser: Browser) -> None:
    """S13: it listens on loopback, but a proxy brings others here; said plainly, and nothing is shown. This machine's user goes on."""
    refused = say("PUBLIC_WITHOUT_SIGN_IN", address=say("sign_in.relayed", address="127.0.0.1"))
    for header, sees in (("X-Forwarded-For", refused), ("Forwarded", refused), ("Via", refused), ("X-Nothing", "Anna Adler (ACME/anna)")):
        with proxy(served.port, header) as address:
            page = browser.new_page(**PERSON)
            page.goto(address)
            if sees == refused:
                expect(page.get_by_text(sees)).to_be_visible(timeout=PATIENCE)
            else:
                expect(page.get_by_role("combobox", name=say("page.user"))).to_have_value(sees, timeout=PATIENCE)
            assert ("Anna Adler" in page.content()) is (sees != refused)
            page.close()


def test_nobody_fills_the_memory_with_files(served: Dashboard) -> None:
    """No page takes a file, so that none is taken from whoever has not signed in, either."""
    request = urllib.request.Request(  # noqa: S310  # our own address
        f"{served.url}/_stcore/upload_file/00000000-0000-0000-0000-000000000000/1", data=b"x" * 1_000_000, method="PUT"
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)  # noqa: S310  # as above
    with refused.value as answer:
        assert 400 <= answer.code < 500
