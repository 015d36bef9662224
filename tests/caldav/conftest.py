"""A way to open accounts, and odd servers that stop by themselves."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from icalsync.caldav.client import CalDavDoor
from icalsync.caldav.hosts import SystemResolver
from icalsync.caldav.transport import Limits
from icalsync.ports import Login, Secret
from tests.caldav.odd_server import OddServer
from tests.conftest import PASSWORD

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from icalsync.ports import CalendarServer, Resolver
    from tests.caldav.odd_server import Script

QUICK = Limits(connect_timeout=3.0, read_timeout=3.0, total_deadline=8.0)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What a test opens is closed after it."""
    with ExitStack() as opened:
        yield opened


@pytest.fixture
def serve(stack: ExitStack) -> Callable[..., OddServer]:
    """Start an odd server with a script."""

    def start(script: Script, *, tls: ssl.SSLContext | None = None) -> OddServer:
        return stack.enter_context(OddServer(script, tls=tls))

    return start


@pytest.fixture
def open_account(stack: ExitStack) -> Callable[..., CalendarServer]:
    """Open an account at an address."""

    def start(
        url: str,
        *,
        provider: str = "caldav",
        name: str = "anna",
        password: str = PASSWORD,
        limits: Limits = QUICK,
        resolver: Resolver | None = None,
        door: CalDavDoor | None = None,
    ) -> CalendarServer:
        door = door or CalDavDoor(resolver or SystemResolver(allow_private=True), limits)
        return stack.enter_context(door.open(Login(provider, url, name, Secret(password))))

    return start
