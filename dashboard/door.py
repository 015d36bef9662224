"""Before Streamlit hears of a request: what every answer forbids a browser, and from where a page may speak to this server.

Streamlit lets any site draw its pages in a frame, takes every port of this machine for the same origin, and asks a host on the internet for
its own address before it refuses a foreign page. So that is decided here (S12; no request to any other host).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

REFUSED: Final = 1008
"""Why a socket is closed (RFC 6455 §7.4.1): a policy; before it is open, that is the status 403."""
FORBIDS: Final = {
    # Inline and evaluated code are Streamlit's and the charts' own; nothing comes from another host, and nothing goes to one.
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
    "connect-src 'self' ws: wss: data: blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # An invitation's link is its key; no other site is told what was open.
    "Referrer-Policy": "no-referrer",
}


class Door:
    """Before everything: foreign pages do not get in, and every answer says what a browser may do with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or one socket."""
        if scope["type"] == "websocket" and not own_page(Headers(scope=scope)):
            await send({"type": "websocket.close", "code": REFUSED})
            return
        await self._app(scope, receive, with_headers(send) if scope["type"] == "http" else send)


def with_headers(send: Send) -> Send:
    """The same, with what every answer forbids."""

    async def forbidding(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(FORBIDS)
        await send(message)

    return forbidding


def own_page(headers: Headers) -> bool:
    """Whether a page of this server asks: its origin is the host it asks, or the address that was set (``ICALSYNC_DASHBOARD_URL``).

    What is no browser sends no origin; whom it may be, the sign-in asks.
    """
    origin = headers.get("origin")
    if origin is None or origin in st.get_option("server.corsAllowedOrigins"):
        return True
    try:
        return urlsplit(origin).netloc == headers.get("host")
    except ValueError:  # no address at all
        return False
