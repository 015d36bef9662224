"""What stands before Streamlit: who may open a socket, and what every answer forbids a browser (S12)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from streamlit import config

from dashboard.door import FORBIDS, Door, own_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Receive, Scope, Send

PUBLIC = "https://cal.example.org"


@pytest.fixture
def known_outside() -> Iterator[None]:
    """People reach it under an address of its own."""
    before = config.get_option("server.corsAllowedOrigins")
    config.set_option("server.corsAllowedOrigins", [PUBLIC])
    yield
    config.set_option("server.corsAllowedOrigins", before)


@pytest.mark.usefixtures("known_outside")
@pytest.mark.parametrize(
    ("origin", "host", "own"),
    [
        ("http://127.0.0.1:8501", "127.0.0.1:8501", True),
        ("http://localhost:8501", "localhost:8501", True),
        (PUBLIC, "127.0.0.1:8501", True),  # behind a proxy
        (None, "127.0.0.1:8501", True),  # no browser; whom it may be, the sign-in asks
        ("http://localhost:5173", "localhost:8501", False),
        ("http://127.0.0.1:8501", "localhost:8501", False),
        ("http://0.0.0.0:1", "127.0.0.1:8501", False),
        ("http://cal.example.org", "127.0.0.1:8501", False),
        ("https://cal.example.org:8443", "127.0.0.1:8501", False),
        ("https://cal.example.org.evil.example", "127.0.0.1:8501", False),
        ("null", "127.0.0.1:8501", False),
        ("http://[", "127.0.0.1:8501", False),
        ("", "127.0.0.1:8501", False),
    ],
)
def test_only_a_page_of_this_server_may_open_a_socket_s12(origin: str | None, host: str, own: bool) -> None:
    """S12: another site, another port of this machine and a page without an origin (a file, a sandbox) are no page of ours."""
    assert own_page(Headers({"host": host} | ({} if origin is None else {"origin": origin}))) is own


class Behind:
    """What stands behind the door, and whether it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note it, and answer."""
        self.asked.append(scope["type"])
        if scope["type"] == "http":
            await PlainTextResponse("a page", headers={"X-Frame-Options": "ALLOWALL"})(scope, receive, send)


def through(behind: Behind, kind: str, **headers: str) -> list[Any]:
    """What is sent to whoever asks so."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "method": "GET", "path": "/", "headers": raw, "query_string": b""}
    asyncio.run(Door(behind)(scope, receive, send))
    return sent


def test_a_foreign_page_does_not_even_reach_streamlit_s12() -> None:
    """S12: Streamlit would first ask a host on the internet for this machine's address; the socket is closed before (403)."""
    behind = Behind()
    assert through(behind, "websocket", host="127.0.0.1:8501", origin="https://evil.example") == [{"type": "websocket.close", "code": 1008}]
    assert behind.asked == []
    through(behind, "websocket", host="127.0.0.1:8501", origin="http://127.0.0.1:8501")
    assert behind.asked == ["websocket"]


def test_every_answer_forbids_frames_other_hosts_and_telling_where_one_was() -> None:
    """No site draws the pages in a frame and borrows a click; a page loads nothing from elsewhere; a link's token goes to nobody."""
    start, *_ = through(Behind(), "http", host="127.0.0.1:8501")
    told = Headers(raw=start["headers"])
    assert {name: told.getlist(name) for name in FORBIDS} == {name: [value] for name, value in FORBIDS.items()}
    policy = dict(part.split(" ", 1) for part in FORBIDS["Content-Security-Policy"].split("; "))
    assert (policy["default-src"], policy["frame-ancestors"], policy["object-src"]) == ("'self'", "'none'", "'none'")
    assert [source for sources in policy.values() for source in sources.split() if "//" in source or "*" in source] == []
    assert FORBIDS["Referrer-Policy"] == "no-referrer"
