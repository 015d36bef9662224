"""Fixtures shared by all tests: real CalDAV servers, started once per test process, and empty at the start of each test."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests import databases
from tests.icloud.cloud import LEDGERS
from tests.icloud.fixtures import icloud, icloud_clock
from tests.servers import Account, DavServer, RadicaleServer, XandikosServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["icloud", "icloud_clock"]

PASSWORD = "abcd-efgh-ijkl-mnop"


@pytest.fixture(autouse=True)
def _nothing_but_appointments_is_written(request: pytest.FixtureRequest) -> Iterator[None]:
    """R8, after every test: no look-alike was sent anything by the product that is not an appointment's event."""
    directory = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    LEDGERS.clear()
    yield
    if directory is not None and LEDGERS:
        from tests.icloud.appointments import check_only_appointments_were_written  # noqa: PLC0415  # only where something was written

        check_only_appointments_were_written(LEDGERS, directory)


@pytest.fixture(autouse=True)
def _databases_are_quick(request: pytest.FixtureRequest, _nothing_but_appointments_is_written: None) -> Iterator[None]:
    """New databases are copies, and stay open until the test ends, where the module does not say otherwise (``tests.databases``)."""
    with pytest.MonkeyPatch.context() as patch:
        if not getattr(request.module, "MAKES_EACH_DATABASE", False):
            databases.copied(patch)
        if databases.stays_open(request.module):
            yield from databases.kept_open(patch)
        else:
            yield


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], DavServer]]:
    """Servers by kind, each started when a test first asks for it."""
    started: dict[str, DavServer] = {}
    with ExitStack() as stack:

        def start(kind: str) -> DavServer:
            if kind == "radicale":
                accounts = {"anna": PASSWORD, "ben": PASSWORD}
                url, home = stack.enter_context(RadicaleServer(tmp_path_factory.mktemp(kind), accounts)).url, "/anna/"
            else:
                url = stack.enter_context(XandikosServer(tmp_path_factory.mktemp(kind), {"anna": PASSWORD})).url
                home = "/anna/calendars/"
            return DavServer(kind, url, home, "/anna/", Account(url, "anna", PASSWORD))

        yield lambda kind: started.get(kind) or started.setdefault(kind, start(kind))


@pytest.fixture
def radicale(_running: Callable[[str], DavServer]) -> DavServer:
    """A Radicale with the empty accounts ``anna`` and ``ben``; passwords are checked."""
    server = _running("radicale")
    for name in ("anna", "ben"):
        Account(server.url, name, PASSWORD).clear(f"/{name}/")
    return server


@pytest.fixture
def xandikos(_running: Callable[[str], DavServer]) -> DavServer:
    """A Xandikos with the empty account ``anna``; passwords are not checked."""
    server = _running("xandikos")
    server.account.clear(server.home)
    return server


@pytest.fixture(params=["radicale", "xandikos"])
def dav_server(request: pytest.FixtureRequest) -> DavServer:
    """Each server in turn, as ``radicale`` and ``xandikos`` above."""
    server: DavServer = request.getfixturevalue(request.param)
    return server
