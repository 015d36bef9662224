"""Reading and writing WebDAV, without a server: strict about what could lose data, patient about spelling."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from icalsync.caldav.hosts import parse_url
from icalsync.caldav.properties import addresses_in, collection_of, collections_in, only_row
from icalsync.caldav.wire import DAV, conditions_in, is_self, locate, multiget_body, name, parse_multistatus, propfind_body, sync_body
from icalsync.core.collections import access_of, not_selectable_reason
from icalsync.errors import ProtocolViolation, ServerFailed
from tests.caldav.odd_server import etag, multistatus, row

if TYPE_CHECKING:
    from pathlib import Path

HOME = parse_url("https://p42-caldav.icloud.com:443/123456789/calendars/")

ICLOUD_HOME = b"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>


<multistatus xmlns="DAV:">
    <response xmlns="DAV:">
        <href>/123456789/calendars/</href>
        <propstat><prop>
            <displayname xmlns="DAV:">Anna Beispiel</displayname>
            <resourcetype xmlns="DAV:"><collection/></resourcetype>
            <supported-calendar-component-set xmlns="urn:ietf:params:xml:ns:caldav">
                <comp name='VEVENT' xmlns='urn:ietf:params:xml:ns:caldav'/>
            </supported-calendar-component-set>
        </prop><status>HTTP/1.1 200 OK</status></propstat>
    </response>
    <response xmlns="DAV:">
        <href>/123456789/calendars/8D3C5F2A-0000-4000-8000-00000000ABCD/</href>
        <propstat><prop>
            <displayname xmlns="DAV:">Arbeit &amp; B\xc3\xbcro</displayname>
            <resourcetype xmlns="DAV:"><collection/><calendar xmlns="urn:ietf:params:xml:ns:caldav"/></resourcetype>
            <supported-calendar-component-set xmlns="urn:ietf:params:xml:ns:caldav">
                <comp name='VEVENT' xmlns='urn:ietf:params:xml:ns:caldav'/>
            </supported-calendar-component-set>
            <current-user-privilege-set xmlns="DAV:">
                <privilege xmlns="DAV:"><read/></privilege>
                <privilege xmlns="DAV:"><read-free-busy xmlns="urn:ietf:params:xml:ns:caldav"/></privilege>
                <privilege xmlns="DAV:"><write/></privilege>
                <privilege xmlns="DAV:"><bind/></privilege>
            </current-user-privilege-set>
            <getctag xmlns="http://calendarserver.org/ns/">HwoQEgwAAAh4+/c=</getctag>
            <sync-token xmlns="DAV:">HwoQEgwAAAh4+/c=</sync-token>
            <calendar-color xmlns="http://apple.com/ns/ical/">#1E4C63FF</calendar-color>
        </prop><status>HTTP/1.1 200 OK</status></propstat>
        <propstat><prop>
            <displayname xmlns="DAV:"/>
            <source xmlns="http://calendarserver.org/ns/"/>
            <supported-report-set xmlns="DAV:"/>
        </prop><status>HTTP/1.1 404 Not Found</status></propstat>
    </response>
    <response xmlns="DAV:">
        <href>/123456789/calendars/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/</href>
        <propstat><prop>
            <resourcetype xmlns="DAV:"><collection/><calendar xmlns="urn:ietf:params:xml:ns:caldav"/>
                <shared xmlns="http://calendarserver.org/ns/"/></resourcetype>
            <current-user-privilege-set xmlns="DAV:"><privilege xmlns="DAV:"><read/></privilege></current-user-privilege-set>
        </prop><status>HTTP/1.1 200 OK</status></propstat>
        <propstat><prop>
            <displayname xmlns="DAV:"/>
            <supported-calendar-component-set xmlns="urn:ietf:params:xml:ns:caldav"/>
        </prop><status>HTTP/1.1 404 Not Found</status></propstat>
    </response>
    <response xmlns="DAV:">
        <href>/123456789/calendars/feed/</href>
        <propstat><prop>
            <displayname xmlns="DAV:">Feiertage</displayname>
            <resourcetype xmlns="DAV:"><collection/><subscribed xmlns="http://calendarserver.org/ns/"/></resourcetype>
            <source xmlns="http://calendarserver.org/ns/"><href xmlns="DAV:">webcal://example.com/feiertage.ics</href></source>
        </prop><status>HTTP/1.1 200 OK</status></propstat>
    </response>
    <response xmlns="DAV:">
        <href>/123456789/calendars/tasks/</href>
        <propstat><prop>
            <displayname xmlns="DAV:">Reminders</displayname>
            <resourcetype xmlns="DAV:"><collection/><calendar xmlns="urn:ietf:params:xml:ns:caldav"/></resourcetype>
            <supported-calendar-component-set xmlns="urn:ietf:params:xml:ns:caldav">
                <comp name='VTODO' xmlns='urn:ietf:params:xml:ns:caldav'/>
            </supported-calendar-component-set>
        </prop><status>HTTP/1.1 200 OK</status></propstat>
    </response>
    <response xmlns="DAV:">
        <href>/123456789/calendars/inbox/</href>
        <propstat><prop>
            <resourcetype xmlns="DAV:"><collection/><schedule-inbox xmlns="urn:ietf:params:xml:ns:caldav"/></resourcetype>
        </prop><status>HTTP/1.1 200 OK</status></propstat>
    </response>
</multistatus>
"""


def _read(body: bytes, path: str = "/a/") -> object:
    return parse_multistatus(body, parse_url(f"https://dav.example.com{path}"))


def test_icloud_style_listings_are_understood() -> None:
    """icloud.md §2.1: no prefixes, namespaces on every element, single quotes, a 200 and a 404 propstat in each row."""
    found = collections_in(parse_multistatus(ICLOUD_HOME, HOME))
    assert [c.href.removeprefix("/123456789/calendars/")[:8] for c in found] == ["8D3C5F2A", "01234567", "feed/", "tasks/", "inbox/"]
    work = found[0]
    assert (work.display_name, work.color, work.components) == ("Arbeit & Büro", "#1E4C63", {"VEVENT"})
    assert (work.ctag, work.sync_token) == ("HwoQEgwAAAh4+/c=", "HwoQEgwAAAh4+/c=")
    assert access_of(work.privileges) == "write"
    assert work.reports is None
    shared = found[1]
    assert (shared.display_name, shared.components, access_of(shared.privileges)) == (None, None, "read")
    assert found[2].source == "webcal://example.com/feiertage.ics"
    reasons = [not_selectable_reason(c.kinds, c.components, c.privileges, has_source=c.source is not None) for c in found]
    assert reasons == [None, None, "SUBSCRIBED", "REMINDERS", "INBOX"]


def test_a_404_propstat_never_hides_a_value() -> None:
    """H28: in whichever order the two come (AndroidCaldavSyncAdapter#186)."""
    good = f"<D:propstat><D:prop>{etag('1')}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
    bad = "<D:propstat><D:prop><D:getetag/></D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>"
    for propstats in (good + bad, bad + good):
        (found,) = parse_multistatus(multistatus(f"<D:response><D:href>/a/1.ics</D:href>{propstats}</D:response>"), HOME).rows
        assert found.text(name(DAV, "getetag")) == '"1"'
        assert found.refused == {}


def test_a_property_that_is_missing_is_none() -> None:
    """H28: an empty element in a 404 propstat is no empty ETag."""
    (found,) = parse_multistatus(multistatus(row("/a/1.ics", "<D:getetag/>", propstat=404)), HOME).rows
    assert found.text(name(DAV, "getetag")) is None
    assert found.refused == {name(DAV, "getetag"): 404}


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\r\n\r\n ", b"\n\xef\xbb\xbf\n"])
def test_blanks_and_a_byte_order_mark_before_the_xml_do_no_harm(before: bytes) -> None:
    """H34."""
    assert len(parse_multistatus(before + ICLOUD_HOME, HOME).rows) == 6


@pytest.mark.parametrize("cut", [50, 400, len(ICLOUD_HOME) // 2, len(ICLOUD_HOME) - 16])
def test_a_cut_answer_is_an_error_and_never_a_part(cut: int) -> None:
    """N4, H29: ``recover=True`` would return a subset without a word."""
    with pytest.raises(ProtocolViolation):
        parse_multistatus(ICLOUD_HOME[:cut], HOME)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "well-formed"),
        (b"<html><head><title>Welcome to Hotel WLAN</title></head></html>", "web page"),
        (b"<!DOCTYPE html>\n<html><body>Please log in<br></body></html>", "web page"),
        (b'{"multistatus": []}', "well-formed"),
        (b"<?xml version='1.0'?><multistatus/>", "no WebDAV multistatus"),
        (b"<?xml version='1.0'?><error xmlns='DAV:'/>", "no WebDAV multistatus"),
        (b"<?xml version='1.0'?><multistatus xmlns='DAV:'>\x0b</multistatus>", "well-formed"),
        (b"<?xml version='1.0' encoding='utf-8'?><multistatus xmlns='DAV:'>\xff\xfe</multistatus>", "well-formed"),
    ],
)
def test_what_is_no_multistatus_is_an_error(body: bytes, why: str) -> None:
    """N10, H19, H31, H32."""
    with pytest.raises(ProtocolViolation, match=why):
        _read(body)


@pytest.mark.parametrize("doctype", ['<!DOCTYPE multistatus SYSTEM "{path}">', '<!DOCTYPE m [<!ENTITY x SYSTEM "file://{path}">]>'])
@pytest.mark.parametrize("before", ["", "<!-- a comment -->\n", "<?target data?>"])
def test_a_doctype_is_refused_and_nothing_is_read(doctype: str, before: str, tmp_path: Path) -> None:
    """S7: no external file, no entity."""
    secret = tmp_path / "secret.txt"
    secret.write_text("canary")
    body = f'<?xml version="1.0"?>{before}{doctype.format(path=secret)}<multistatus xmlns="DAV:">&x;</multistatus>'
    with pytest.raises(ProtocolViolation, match="DOCTYPE") as caught:
        _read(body.encode())
    assert "canary" not in str(caught.value)
    with pytest.raises(ProtocolViolation):
        _read(body.encode("utf-16"))


def test_an_entity_bomb_costs_nothing() -> None:
    """S7: refused at its DOCTYPE, before a second of CPU."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    body = f'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY l0 "lol">{entities}]><multistatus xmlns="DAV:">&l9;</multistatus>'
    started = time.perf_counter()
    with pytest.raises(ProtocolViolation):
        _read(body.encode())
    assert time.perf_counter() - started < 0.2


def test_a_doctype_inside_an_event_is_just_text() -> None:
    """A description may hold a web page."""
    body = multistatus(row("/a/1.ics", "<C:calendar-data><![CDATA[<!DOCTYPE html><p>]]></C:calendar-data>"))
    assert parse_multistatus(body, HOME).clean


def test_a_default_parser_of_somebody_else_changes_nothing() -> None:
    """S8: another library in the process may set one that resolves entities and recovers."""
    etree.set_default_parser(etree.XMLParser(recover=True, resolve_entities=True))
    try:
        with pytest.raises(ProtocolViolation):
            parse_multistatus(ICLOUD_HOME[:800], HOME)
    finally:
        etree.set_default_parser(None)


@pytest.mark.parametrize(
    "bad",
    [
        row("/a/../b.ics", etag("1")),
        row("/a/%2e%2e/b.ics", etag("1")),
        row("https://evil.example.org/a/1.ics", etag("1")),
        row("//evil.example.org/a/1.ics", etag("1")),
        row("http://dav.example.com/a/1.ics", etag("1")),
        row("urn:uuid:1", etag("1")),
        row("", etag("1")),
        "<D:response><D:propstat><D:prop/><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>",
        "<D:response><D:href>/a/1.ics</D:href></D:response>",
        "<D:response><D:href>/a/1.ics</D:href><D:propstat><D:prop/></D:propstat></D:response>",
        "<D:response><D:href>/a/1.ics</D:href><D:status>gone</D:status></D:response>",
    ],
)
def test_a_row_that_cannot_be_used_makes_the_answer_unclean(bad: str) -> None:
    """C15, C16, H27: it is left out, the others stay, and nothing may be deleted."""
    found = parse_multistatus(multistatus(bad, row("/a/2.ics", etag("2"))), parse_url("https://dav.example.com/a/"))
    assert [r.href for r in found.rows] == ["/a/2.ics"]
    assert not found.clean


@pytest.mark.parametrize(
    ("href", "path"),
    [
        ("/a/1.ics", "/a/1.ics"),
        ("1.ics", "/a/1.ics"),
        (" /a/1.ics\n", "/a/1.ics"),
        ("https://dav.example.com/a/1.ics", "/a/1.ics"),
        ("https://dav.example.com:8443/a/1.ics", "/a/1.ics"),
        ("https://p2.example.com/a/1.ics", "/a/1.ics"),
        ("/a/%7Btest%7D.ics", "/a/%7Btest%7D.ics"),
        ("/a/ä b.ics", "/a/ä b.ics"),
        ("https://dav.example.com/a/ä.ics", "/a/ä.ics"),
    ],
)
def test_hrefs_in_every_form_become_paths_as_the_server_spells_them(href: str, path: str) -> None:
    """C14, C15: identity is the path."""
    found = locate(href, parse_url("https://dav.example.com/a/"))
    assert found is not None
    assert found.path == path


@pytest.mark.parametrize(
    "href", ["/123456789/calendars/", "/123456789/calendars", "https://caldav.icloud.com/123456789/calendars/", "/123456789/%63alendars/"]
)
def test_the_collection_itself_is_known_in_every_spelling(href: str) -> None:
    """C23: with or without a slash, absolute, or escaped without need."""
    (found,) = parse_multistatus(multistatus(row(href, etag("1"))), HOME).rows
    assert is_self(found, HOME)


def test_one_row_may_tell_one_status_of_several_places() -> None:
    """RFC 4918 §14.24."""
    body = multistatus("<D:response><D:href>/a/1</D:href><D:href>/a/2</D:href><D:status>HTTP/1.1 404 Not Found</D:status></D:response>")
    assert [(r.href, r.status) for r in parse_multistatus(body, HOME).rows] == [("/a/1", 404), ("/a/2", 404)]


def test_the_only_row_of_a_depth_0_answer_counts_whatever_its_href() -> None:
    """icloud.md §1.1.7: a principal is sometimes answered as ``/principal/``."""
    answer = parse_multistatus(multistatus(row("/principal/", etag("1"))), parse_url("https://dav.example.com/1/principal/"))
    found = only_row(answer)
    assert found is not None
    assert found.href == "/principal/"


def test_of_several_rows_the_requested_one_counts() -> None:
    """A server that ignores Depth 0."""
    answer = parse_multistatus(multistatus(row("/x/", etag("1")), row("/a/", etag("2"))), parse_url("https://dav.example.com/a/"))
    found = only_row(answer)
    assert found is not None
    assert found.href == "/a/"
    assert only_row(parse_multistatus(multistatus(row("/x/"), row("/y/")), parse_url("https://dav.example.com/a/"))) is None


def test_a_server_error_in_a_row_does_not_make_a_calendar_vanish() -> None:
    """H27: the listing fails as a whole; a 403 row is simply none of ours."""
    with pytest.raises(ServerFailed):
        collections_in(parse_multistatus(multistatus(row("/a/work/", status=500)), HOME))
    with pytest.raises(ServerFailed):
        collections_in(parse_multistatus(multistatus(row("/a/work/", "<D:resourcetype/>", propstat=502)), HOME))
    with pytest.raises(ProtocolViolation):
        collections_in(parse_multistatus(multistatus(row("/a/../work/", "<D:resourcetype/>")), HOME))
    assert collections_in(parse_multistatus(multistatus(row("/a/work/", status=403)), HOME)) == []


@pytest.mark.parametrize(
    ("said", "color"),
    [("#1E4C63FF", "#1E4C63"), ("#1e4c63", "#1e4c63"), ("#abc", "#aabbcc"), ("red", None), ("", None), ("#12345", None)],
)
def test_colours_lose_their_alpha(said: str, color: str | None) -> None:
    """icloud.md §2.2."""
    body = multistatus(row("/a/b/", f'<A:calendar-color xmlns:A="http://apple.com/ns/ical/">{said}</A:calendar-color>'))
    assert collection_of(parse_multistatus(body, HOME).rows[0]).color == color


def test_addresses_are_mail_addresses_in_lower_case() -> None:
    """icloud.md §1.1.3: among paths and urns, with attributes."""
    hrefs = (
        '<D:href preferred="1">mailto:Anna@Example.com</D:href><D:href>/123/principal/</D:href><D:href>urn:uuid:123</D:href>'
        "<D:href>MAILTO:anna%2Bcal@example.com</D:href><D:href>mailto:anna@example.com</D:href><D:href>mailto:nobody</D:href>"
    )
    (found,) = parse_multistatus(multistatus(row("/p/", f"<C:calendar-user-address-set>{hrefs}</C:calendar-user-address-set>")), HOME).rows
    assert addresses_in(found) == ("anna@example.com", "anna+cal@example.com")


def test_conditions_are_read_from_an_error_body_and_from_nothing_else() -> None:
    """RFC 4918 §16; iCloud's single-quoted prolog, and bodies that are none."""
    assert conditions_in(b"<?xml version='1.0' encoding='UTF-8'?><error xmlns='DAV:'><valid-sync-token/></error>") == {"valid-sync-token"}
    for body in (b"", b"<html>valid-sync-token</html>", b"<error><valid-sync-token/></error>"):
        assert conditions_in(body) == frozenset()


def test_requests_begin_with_the_xml_declaration_and_are_escaped() -> None:
    """icloud.md §3.2: leading blanks are answered with 400; names and tokens may hold anything."""
    token = "HwoQ<&>\"'+/=="
    for body in (propfind_body([name(DAV, "getetag")]), sync_body(token), multiget_body(["/a/b&c<d>.ics"])):
        assert body.startswith(b"<?xml ")
        assert etree.fromstring(body) is not None
    assert etree.fromstring(sync_body(token)).findtext(name(DAV, "sync-token")) == token
    assert etree.fromstring(sync_body(None)).findtext(name(DAV, "sync-token")) == ""
    assert etree.fromstring(multiget_body(["/a/b&c<d>.ics"])).findtext(name(DAV, "href")) == "/a/b&c<d>.ics"
    assert b"allprop" not in propfind_body([])
