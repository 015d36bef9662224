"""The password goes to its server and nowhere else: not into logs, errors, tracebacks or representations."""

from __future__ import annotations

import base64
import gc
import io
import logging
import traceback
from typing import TYPE_CHECKING

import pytest

from icalsync.errors import IcalsyncError
from icalsync.ports import Login, Secret
from tests.caldav.odd_server import XML, Said, Script, account, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from icalsync.ports import CalendarServer
    from tests.caldav.odd_server import OddServer

    Open = Callable[..., CalendarServer]
    Serve = Callable[..., OddServer]

CANARY = "canary-canary-canary"
FORMS = (CANARY, base64.b64encode(f"anna:{CANARY}".encode()).decode(), base64.b64encode(CANARY.encode()).decode()[:20])


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, at DEBUG, by whomever."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def _assert_clean(text: str) -> None:
    for form in FORMS:
        assert form not in text


FAILURES: dict[str, Script] = {
    "rejected": lambda _seen: Said(401, b"no", {"WWW-Authenticate": "Basic"}),
    "denied": lambda _seen: Said(403, b"no"),
    "failed": lambda _seen: Said(500, b"oops"),
    "busy": lambda _seen: Said(503),
    "portal": lambda _seen: Said(200, b"<html>hello</html>"),
    "hung-up": lambda _seen: Said(raw=b""),
    "garbage": lambda _seen: Said(raw=b"SSH-2.0\r\n"),
    "cut": lambda _seen: Said(207, b"<?xml", XML, length=500),
    "elsewhere": lambda _seen: Said(302, headers={"Location": "https://evil.example.com/"}),
    "loop": lambda seen: Said(302, headers={"Location": seen.path + "x"}),
}


@pytest.mark.parametrize("script", FAILURES.values(), ids=FAILURES)
def test_no_failure_shows_the_password(script: Script, serve: Serve, open_account: Open, log: io.StringIO) -> None:
    """S1: neither in the error and its causes, nor in a traceback with the local variables of all frames, nor in any log (S2)."""
    server = serve(script)
    asked = open_account(server.url, password=CANARY)
    with pytest.raises(IcalsyncError) as caught:
        asked.discover()
    error = caught.value
    report = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    _assert_clean(report + repr(error) + str(error) + repr(vars(error)) + repr(error.as_dict()) + log.getvalue())
    assert "Authorization" not in report
    assert any("Authorization" in seen.headers for seen in server.seen)


def test_no_chain_leads_from_an_error_to_the_request(serve: Serve, open_account: Open) -> None:
    """S1: the libraries' exceptions carry the request with its headers; ours have no cause and no context."""
    with pytest.raises(IcalsyncError) as caught:
        open_account(serve(FAILURES["hung-up"]).url, password=CANARY).discover()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_success_logs_neither_password_nor_bodies(serve: Serve, open_account: Open, log: io.StringIO) -> None:
    """S2: at DEBUG the libraries would write headers and bodies; they are pinned, whatever the root logger wants."""
    open_account(serve(table(account())).url, password=CANARY).discover()
    _assert_clean(log.getvalue())
    for word in ("Authorization", "multistatus", "<D:", "calendar-home-set"):
        assert word not in log.getvalue()
    assert "PROPFIND" in log.getvalue()


def test_a_library_set_to_debug_is_pinned_again(serve: Serve, open_account: Open, log: io.StringIO) -> None:
    """S2: also where somebody switched it on before, and the dump of all communication stays off."""
    from caldav.lib import error as caldav_error  # noqa: PLC0415

    for name in ("caldav", "niquests", "urllib3"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    caldav_error.debug_dump_communication = True
    open_account(serve(table(account())).url, password=CANARY).discover()
    assert not caldav_error.debug_dump_communication
    assert all(logging.getLogger(name).level >= logging.WARNING for name in ("caldav", "niquests", "urllib3"))
    _assert_clean(log.getvalue())


def test_no_object_of_an_open_account_shows_it(serve: Serve, open_account: Open) -> None:
    """S1: ``vars()`` of the library's client held the password in plain text [ran]; what we build does not."""
    asked = open_account(serve(table(account())).url, password=CANARY)
    asked.discover()
    opened = asked._account  # type: ignore[attr-defined]
    client = opened.transport._client
    for thing in (asked, opened, opened.transport, client, client.session, client.auth, opened.login):
        _assert_clean(repr(thing) + repr(getattr(thing, "__dict__", "")))


def test_nothing_keeps_the_header_alive_after_an_answer(serve: Serve, open_account: Open) -> None:
    """S1: requests are let go, and with them the header; only the secret itself stays."""
    asked = open_account(serve(table(account())).url, password=CANARY)
    asked.discover()
    gc.collect()
    requests = [thing for thing in gc.get_objects() if type(thing).__name__ == "PreparedRequest"]
    assert not [request for request in requests if FORMS[1] in str((getattr(request, "headers", None) or {}).get("Authorization"))]


def test_a_login_does_not_print_its_password() -> None:
    """S1."""
    _assert_clean(repr(Login("caldav", "https://example.com/", "anna", Secret(CANARY))))
