"""External entities, bombs and DOCTYPEs in every kind of answer, also where another library changed lxml's default parser (S7, S8)."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from icalsync.errors import ServerError
from icalsync.ports import Discovered
from tests.caldav.odd_server import XML, Said, Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from icalsync.ports import CalendarServer

CANARY = "canary-3141"
HREF = "/anna/work/"
CALLS: dict[str, Callable[[CalendarServer], Any]] = {
    "discovery": lambda server: server.discover(),
    "home listing": lambda server: server.list_homes(["/anna/"]),
    "collection": lambda server: server.look_at(HREF),
    "delta": lambda server: server.changes_since(HREF, "token-1"),
    "listing by token": lambda server: server.list_with_token(HREF),
    "listing": lambda server: server.list_members(HREF),
    "multiget": lambda server: server.fetch(HREF, [f"{HREF}1.ics", f"{HREF}2.ics"]),
}
"""Every kind of answer that is read as XML."""
STATUSES = (207, 200, 400, 403, 404, 409, 412, 500, 507)
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
DOCTYPES = {
    "a file": '[<!ENTITY x SYSTEM "file://{file}">]',
    "a host": '[<!ENTITY x SYSTEM "{url}steal">]',
    "a DTD of a host": 'SYSTEM "{url}steal"',
    "a parameter entity": '[<!ENTITY % p SYSTEM "{url}steal"> %p; <!ENTITY x "y">]',
    "a default attribute": '[<!ATTLIST href stolen CDATA "{file}"> <!ENTITY x "y">]',
    "a billion laughs": f'[<!ENTITY l0 "lol">{LAUGHS}<!ENTITY x "&l9;">]',
    "a quadratic bomb": f'[<!ENTITY x "{"x" * 50_000}">]',
    "nothing at all": '[<!ENTITY x "y">]',
}


def hostile(doctype: str, root: str = "multistatus") -> str:
    """An answer that would be a good one without its DOCTYPE."""
    times = 2000 if "x" * 1000 in doctype else 1
    return (
        f'<?xml version="1.0"?><!DOCTYPE {root} {doctype}><{root} xmlns="DAV:"><response><href>{HREF}{"&x;" * times}.ics</href>'
        f'<propstat><prop><getetag>"&x;"</getetag></prop><status>HTTP/1.1 200 OK</status></propstat></response>'
        f"<valid-sync-token/><sync-token>&x;</sync-token></{root}>"
    )


@contextmanager
def careless_default_parser() -> Iterator[None]:
    """What another library in the process may have done (S8)."""
    etree.set_default_parser(etree.XMLParser(resolve_entities=True, load_dtd=True, no_network=False, huge_tree=True, recover=True))
    try:
        yield
    finally:
        etree.set_default_parser(None)


@pytest.fixture(params=["as it is", "made careless by another library"])
def default_parser(request: pytest.FixtureRequest) -> Iterator[None]:
    """S8."""
    with ExitStack() as stack:
        if request.param != "as it is":
            stack.enter_context(careless_default_parser())
        yield


@pytest.mark.usefixtures("default_parser")
@pytest.mark.parametrize("what", DOCTYPES)
def test_s7_s8_a_doctype_in_any_answer_reads_nothing_and_costs_nothing(
    what: str, tmp_path: Path, serve: Callable[..., Any], open_account: Callable[..., CalendarServer]
) -> None:
    """S7, S8: every kind of answer, success or error, in two encodings: refused, no file or host is read, and no second of CPU is spent."""
    (tmp_path / "secret").write_text(CANARY)
    answer = Said(207, b"", XML)

    def script(seen: Seen) -> Said:
        return Said(404) if seen.method == "GET" else answer

    server = serve(script)
    asked = open_account(server.url)
    text = DOCTYPES[what].format(file=tmp_path / "secret", url=server.url)
    for status in STATUSES:
        encoding = "utf-16" if status == 200 else "utf-8"
        answer = Said(status, hostile(text, "multistatus" if status < 300 else "error").encode(encoding), XML)
        for kind, call in CALLS.items():
            began = time.process_time()
            told = outcome(call, asked)
            assert time.process_time() - began < 1.0, f"{kind}, {status}"
            assert CANARY not in told
            assert status >= 300 or told.startswith(("ServerError", "FetchResult(objects=()")), f"{kind}, {status}: {told}"
    assert {seen.path for seen in server.seen if "steal" in seen.path} == set()


def outcome(call: Callable[[CalendarServer], Any], asked: CalendarServer) -> str:
    """What came of a call, as text: a result, or an error of ours with all it says."""
    try:
        return repr(call(asked))
    except ServerError as error:
        return f"ServerError {error.code} {error.message} {error.facts}"


def test_s8_good_answers_are_read_as_ever(serve: Callable[..., Any], open_account: Callable[..., CalendarServer]) -> None:
    """S8: with a careless default parser a real server's answers mean the same, so it is our own parser that reads."""
    body = (
        '<?xml version="1.0"?><multistatus xmlns="DAV:"><response><href>/anna/</href><propstat><prop><current-user-principal>'
        "<href>/anna/</href></current-user-principal><resourcetype><collection/></resourcetype><C:calendar-home-set "
        'xmlns:C="urn:ietf:params:xml:ns:caldav"><href>/anna/</href></C:calendar-home-set></prop><status>HTTP/1.1 200 OK</status>'
        "</propstat></response></multistatus>"
    )
    server = serve(lambda _seen: Said(207, body.encode(), XML))
    before = open_account(server.url).discover()
    with careless_default_parser():
        after = open_account(server.url).discover()
    assert isinstance(after, Discovered)
    assert after == before
