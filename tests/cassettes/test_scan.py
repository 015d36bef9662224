"""Nothing private stands in a cassette, and the search that says so finds what it is for (S3)."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cassettes.scan import findings
from tests.cassettes.tape import write

if TYPE_CHECKING:
    from collections.abc import Callable

CASSETTES = sorted((Path(__file__).parents[2] / "cassettes").rglob("*.yaml"))
LETTERS = "-".join("qwertyuiopasdfgh"[start : start + 4] for start in range(0, 16, 4))
SUMMARY = "SUMMARY:Title 1"


def exchange() -> dict[str, Any]:
    """A clean one, with every kind of thing in it."""
    calendar = (
        f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:event-1\r\nDTSTART;VALUE=DATE:20270104\r\n{SUMMARY}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    body = (
        '<multistatus xmlns="DAV:"><response><href>/123456789/calendars/work/</href><displayname>Work</displayname>'
        f'<calendar-data xmlns="urn:ietf:params:xml:ns:caldav">{calendar}</calendar-data></response></multistatus>'
    )
    return {
        "request": {
            "method": "REPORT",
            "uri": "https://caldav.example.test/123456789/calendars/",
            "headers": {"Depth": ["1"]},
            "body": None,
        },
        "response": {"status": {"code": 207, "message": "Multi-Status"}, "headers": {"Etag": ['"1"']}, "body": {"string": body}},
    }


@pytest.mark.parametrize("file", CASSETTES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_no_cassette_holds_anything_private(file: Path) -> None:
    """S3: no credentials, no account's name or number, no real host, and no title but the invented ones."""
    assert findings(file) == []


def test_there_is_something_to_search() -> None:
    """An empty directory is not a clean one."""
    assert len(CASSETTES) >= 26


def test_what_is_invented_is_let_through(tmp_path: Path) -> None:
    """The cassette that is spoilt below is clean before."""
    write(tmp_path / "clean.yaml", [exchange()], "clean")
    assert findings(tmp_path / "clean.yaml") == []


def _in_body(old: str, new: str) -> Callable[[dict[str, Any]], None]:
    def spoil(spoilt: dict[str, Any]) -> None:
        body = spoilt["response"]["body"]
        assert old in body["string"]
        body["string"] = body["string"].replace(old, new)

    return spoil


def _uri(uri: str) -> Callable[[dict[str, Any]], None]:
    return lambda spoilt: spoilt["request"].update(uri=uri)


def _header(side: str, name: str, value: str) -> Callable[[dict[str, Any]], None]:
    return lambda spoilt: spoilt[side]["headers"].update({name: [value]})


SPOILT = {
    "an app-specific password": (_header("response", "Etag", f"x {LETTERS} x"), "password"),
    "credentials in a header that may stay": (_header("request", "Accept", "Basic " + "YW5uYTpzZWNyZXQ="), "credentials"),
    "credentials in their own header": (_header("request", "Authorization", "x"), "header"),
    "a cookie": (_header("response", "Set-Cookie", "x"), "header"),
    "Apple's name of a machine": (_header("response", "X-Responding-Instance", "x"), "header"),
    "another account's number in the address": (_uri("https://caldav.example.test/8034" + "509913/calendars/"), "account number"),
    "another account's number in a body": (_in_body("/123456789/", "/8034" + "509913/"), "account number"),
    "an account's number elsewhere": (_in_body("/work/", "/8034" + "509913/"), "number"),
    "a real host": (_uri("https://p07-caldav.icloud.com/"), "host"),
    "a real host in a body": (_in_body("/123456789/", "https://p07-caldav.icloud.com:443/123456789/"), "host"),
    "a host that is only named": (_in_body(SUMMARY, "X-A:caldav.icloud.com"), "host"),
    "a numeric host": (_in_body("/work/", "/127.0.0.1/"), "host"),
    "somebody's calendar": (_in_body(">Work<", ">Anna's practice<"), "name"),
    "a title": (_in_body("Title 1", "Dentist"), "calendar SUMMARY"),
    "a title behind a fold": (_in_body(SUMMARY, "SUM\r\n MARY:Dentist"), "calendar SUMMARY"),
    "a place": (_in_body(SUMMARY, "LOCATION:12 Main Street"), "calendar LOCATION"),
    "a guest": (_in_body(SUMMARY, "ATTENDEE:mailto:ben@acme.example"), "calendar ATTENDEE"),
    "a guest without an address": (_in_body(SUMMARY, "ATTENDEE:tel:+1"), "calendar ATTENDEE"),
    "a guest's name": (_in_body(SUMMARY, "ATTENDEE;CN=Ben:mailto:person-1@example.test"), "calendar ATTENDEE;CN"),
    "a zone of one's own": (_in_body(";VALUE=DATE:", ";TZID=Anna's zone:"), "calendar DTSTART;TZID"),
    "a zone of one's own, defined": (_in_body(SUMMARY, "TZID:Anna's zone"), "calendar TZID"),
    "a product that names its owner": (_in_body(SUMMARY, "PRODID:-//Anna Adler//EN"), "calendar PRODID"),
    "words where a rule should be": (_in_body(SUMMARY, "RRULE:with Anna"), "calendar RRULE"),
    "a property nobody knows": (_in_body(SUMMARY, "X-SECRET:words"), "calendar X-SECRET"),
    "a UID that was somebody's": (_in_body("event-1", "anna-likes-cake"), "calendar UID"),
    "an address": (_in_body(">Work<", ">anna@acme.example<"), "address"),
    "an address in a path": (_uri("https://caldav.example.test/anna%40acme.example/"), "address"),
    "words in an element": (_in_body("<response>", "<response><owner-name>Anna</owner-name>"), "element owner-name"),
    "a page": (_in_body('<multistatus xmlns="DAV:">', "<html>Hello Anna"), "page"),
    "a text": (_in_body('<multistatus xmlns="DAV:">', "Hello Anna"), "text"),
    "a body nobody can read": (lambda spoilt: spoilt["response"]["body"].update(string=b"\x1f\x8b\xff"), "binary"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_the_search_finds(what: str, tmp_path: Path) -> None:
    """S3: one private thing in a second exchange is enough."""
    spoil, kind = SPOILT[what]
    spoilt = copy.deepcopy(exchange())
    spoil(spoilt)
    write(tmp_path / "spoilt.yaml", [exchange(), spoilt], "spoilt")
    assert kind in {finding.partition(":")[0] for finding in findings(tmp_path / "spoilt.yaml")}


def test_a_comment_is_searched_too(tmp_path: Path) -> None:
    """What YAML's readers never see is in the file all the same."""
    write(tmp_path / "spoilt.yaml", [exchange()], f"recorded with {LETTERS}")
    assert [finding.partition(":")[0] for finding in findings(tmp_path / "spoilt.yaml")] == ["password"]


@pytest.mark.parametrize("text", ["interactions: []\nversion: 1\n", "a: [", "words", ""])
def test_an_empty_or_broken_cassette_is_not_a_clean_one(text: str, tmp_path: Path) -> None:
    """A recording without an exchange proves nothing, and a file that cannot be searched is none."""
    file = tmp_path / "broken.yaml"
    file.write_text(text, encoding="utf-8")
    assert findings(file) != []
