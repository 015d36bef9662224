"""Every fault that the proxy can inject, by name, with its numbers in the catalogue (faults.md §2: N, H, C) and the requests it bites."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from tests.faults import lies, rows
from tests.faults.asked import READS, ROWS, WRITES, Kind
from tests.faults.behaviour import (
    Alter,
    Behaviour,
    Break,
    Chunks,
    Drip,
    Drop,
    DropKept,
    Fault,
    Interim,
    Lose,
    Meddle,
    Pretend,
    Refuse,
    Say,
    Silence,
)

HTML: Final = (("Content-Type", "text/html"),)
XML: Final = (("Content-Type", "application/xml; charset=utf-8"),)
GZIP: Final = (("Content-Encoding", "gzip"),)
MAINTENANCE: Final = b"<html><head><title>503 Service Unavailable</title></head><body>We will be back.</body></html>"
_LISTS: Final = (Kind.SYNC, Kind.FIRST, Kind.LISTING)
_BODIES: Final = (Kind.MULTIGET, Kind.GET)
_ASKED_OF_A_COLLECTION: Final = (Kind.SYNC, Kind.FIRST, Kind.LISTING, Kind.MULTIGET)
_RETRY_AFTER: Final = {
    "none": None,
    "seconds": "120",
    "a_date": "Sun, 22 Nov 2026 13:00:00 GMT",
    "a_past_date": "Fri, 01 Jan 1999 00:00:00 GMT",
    "negative": "-5",
    "ten_years": "315360000",
    "junk": "soon, perhaps",
    "not_a_number": "nan",
    "empty": "",
}


def _all(first: Kind) -> tuple[Kind, ...]:
    """Every kind that pulling asks, the most telling one first; then the writes."""
    return (first, *(kind for kind in READS if kind is not first), *WRITES)


def _error(condition: str, namespace: str = "DAV:", inside: str = "") -> bytes:
    """A ``DAV:error`` body (RFC 4918 §16)."""
    return (
        f"<?xml version='1.0' encoding='UTF-8'?><error xmlns='DAV:'><X:{condition} xmlns:X='{namespace}'>{inside}</X:{condition}></error>"
    ).encode()


CALDAV: Final = "urn:ietf:params:xml:ns:caldav"


def _network() -> Iterator[Fault]:
    yield Fault("connection_refused", ("N13",), (Kind.HOME,), Refuse())
    yield Fault("no_answer", ("N1",), _all(Kind.HOME), Silence(), slow=True)
    yield Fault("silence_after_the_head", ("N2",), _all(Kind.SYNC), Silence("head"), slow=True)
    yield Fault("silence_in_the_body", ("N2",), _all(Kind.MULTIGET), Silence("half"), slow=True)
    yield Fault("reset_before_the_answer", ("N3", "N11"), _all(Kind.SYNC), Break("nothing"))
    yield Fault("reset_in_the_status_line", ("N3",), _all(Kind.HOME), Break("status_line"))
    yield Fault("reset_after_the_head", ("N3",), _all(Kind.GET), Break("head"))
    yield Fault("reset_in_the_body", ("N3",), _all(Kind.MULTIGET), Break("half"))
    yield Fault("ended_in_the_body", ("N3",), _all(Kind.SYNC), Break("half", reset=False))
    yield Fault("cut_without_a_length", ("N4",), _all(Kind.SYNC), Break("half", reset=False, framing="close"))
    yield Fault("cut_object_without_a_length", ("N4",), (Kind.GET,), Break("half", reset=False, framing="close"))
    yield Fault("cut_between_chunks", ("N3", "N12"), _all(Kind.LISTING), Break("half", reset=False, framing="chunked"))
    yield Fault("drip", ("N5",), _all(Kind.SYNC), Drip(), slow=True)
    yield Fault("captive_portal", ("N10",), _all(Kind.HOME), Say(200, HTML, lies.PORTAL))
    yield Fault("dropped_after_the_answer", ("N11",), _all(Kind.HOME), Drop(), harmless=True)
    yield Fault("kept_connection_dropped", ("N11",), _all(Kind.SYNC), DropKept(), harmless=True)
    yield Fault("bad_chunk_size", ("N12",), _all(Kind.MULTIGET), Chunks(b"zzz\r\n"))
    yield Fault("negative_chunk_size", ("N12",), _all(Kind.SYNC), Chunks(b"-5\r\n"))
    yield Fault("huge_chunk_size", ("N12",), _all(Kind.GET), Chunks(b"7fffffff\r\n"), slow=True)
    yield Fault("proxy_wants_a_password", ("N13",), _all(Kind.HOME), Say(407, (("Proxy-Authenticate", 'Basic realm="x"'),)))
    yield Fault("continue_for_ever", ("N14",), _all(Kind.HOME), Interim(), slow=True)
    yield Fault("continue_and_nothing", ("N14",), _all(Kind.MULTIGET), Interim(endless=False), slow=True)


def _refusals() -> Iterator[Fault]:
    challenge = (("WWW-Authenticate", 'Basic realm="MMCalDav"'), ("WWW-Authenticate", 'X-MobileMe-AuthToken realm="MMCalDav"'))
    yield Fault("unauthorized", ("H1", "H2"), _all(Kind.SYNC), Say(401, challenge))
    yield Fault("rate_limit_as_403", ("H5",), _all(Kind.HOME), Say(403))
    yield Fault("forbidden_calendar", ("C12", "H5"), _all(Kind.SYNC), Say(403))
    yield Fault("need_privileges", ("H3", "C12"), (*_ASKED_OF_A_COLLECTION, Kind.GET, *WRITES), Say(403, XML, _error("need-privileges")))
    yield Fault("token_refused", ("H4", "C1"), (Kind.SYNC,), Say(403, XML, _error("valid-sync-token")))
    yield Fault("token_refused_by_the_server", ("H4", "C1"), (Kind.SYNC,), Pretend(_with_a_token_of_nobody))
    yield Fault("not_found", ("H6", "H7"), _all(Kind.SYNC), Say(404))
    yield Fault("object_not_found", ("H7",), _BODIES, Say(404))
    yield Fault("home_not_found", ("H6",), (Kind.HOME,), Say(404))
    yield Fault("gone", ("H6",), _all(Kind.LISTING), Say(410))
    for status, case in ((405, "H8"), (501, "H8"), (409, "H10"), (412, "H14"), (413, "H12"), (423, "H13"), (418, "H14"), (400, "H14")):
        yield Fault(f"status_{status}", (case,), _all(Kind.SYNC), Say(status))
    yield Fault("object_locked", ("H13",), (Kind.GET,), Say(423))
    for status in (500, 502, 504):
        yield Fault(f"status_{status}", ("H17",), _all(Kind.SYNC), Say(status, HTML, b"<html><body>Oops</body></html>"))
    yield Fault("failing_objects", ("H17",), _BODIES, Say(500))
    yield Fault("maintenance", ("H19",), _all(Kind.HOME), Say(503, HTML, MAINTENANCE), busy=True)
    yield Fault("no_room", ("H20", "H21"), _all(Kind.FIRST), Say(507))
    for name, value in _RETRY_AFTER.items():
        headers = () if value is None else (("Retry-After", value),)
        case = "H15" if name in {"none", "seconds"} else "H16"
        yield Fault(f"too_many_requests_{name}", (case,), _all(Kind.HOME), Say(429, headers), busy=True)
    yield Fault("unavailable_for_ten_years", ("H16",), _all(Kind.MULTIGET), Say(503, (("Retry-After", "315360000"),)), busy=True)


def _with_a_token_of_nobody(body: bytes) -> bytes:
    head, _, rest = body.partition(b"sync-token>")
    return head + b"sync-token>http://example.org/ns/sync/nobody<" + rest.partition(b"<")[2] if rest else body


def _without_a_token(body: bytes) -> bytes:
    head, _, rest = body.partition(b"sync-token>")
    return head + b"sync-token><" + rest.partition(b"<")[2] if rest else body


def _redirects() -> Iterator[Fault]:
    for status in (301, 302, 307, 308):
        yield Fault(f"redirect_{status}_in_a_circle", ("H22", "H26"), _all(Kind.HOME), Say(status, (("Location", "{proxy}{path}"),)))
    yield Fault("redirect_303", ("H23",), _all(Kind.SYNC), Say(303, (("Location", "{proxy}{path}"),)))
    yield Fault("redirect_nowhere", ("H22",), _all(Kind.SYNC), Say(302))
    yield Fault("redirect_two_ways", ("H36",), _all(Kind.SYNC), Say(302, (("Location", "{path}"), ("Location", "/elsewhere/"))))
    other = (("Location", "https://calendars.elsewhere.example{path}"),)
    yield Fault("redirect_307_to_another_host", ("H24",), _all(Kind.HOME), Say(307, other))
    yield Fault("redirect_302_to_another_host", ("H23", "H24"), _all(Kind.MULTIGET), Say(302, other))
    insecure = (("Location", "http://calendars.elsewhere.example{path}"),)
    yield Fault("redirect_to_plain_http", ("H25",), _all(Kind.SYNC), Say(301, insecure))


def _answers() -> Iterator[Fault]:
    def fault(name: str, cases: str, kinds: tuple[Kind, ...], does: Behaviour, **more: bool) -> Fault:
        return Fault(name, tuple(cases.split()), kinds, does, **more)

    xml = (Kind.DISCOVERY, *ROWS)
    yield fault("one_row_forbidden", "H27", (Kind.SYNC, *ROWS), Alter(rows.one_row_fails(403)))
    yield fault("one_row_broken", "H27", (Kind.LISTING, *ROWS), Alter(rows.one_row_fails(500)))
    yield fault("one_object_not_found", "H7 H27", (Kind.MULTIGET,), Alter(rows.one_row_fails(404)), harmless=True)
    yield fault("one_row_without_a_word", "H27", (Kind.FIRST, Kind.SYNC, Kind.LISTING, Kind.MULTIGET), Alter(rows.one_row_says_nothing))
    yield fault("etag_not_found", "H28", (Kind.LISTING, *_LISTS, Kind.MULTIGET), Alter(rows.etags_not_found), harmless=True)
    yield fault("truncated_listing", "H29", (Kind.LISTING, *xml), Alter(lies.cut(0.7)))
    yield fault("truncated_objects", "H29", (Kind.MULTIGET, *xml), Alter(lies.cut(0.5)))
    yield fault("truncated_by_a_byte", "H29", (Kind.SYNC, *xml), Alter(lies.cut(0.999)))
    yield fault("empty_listing", "H30", (Kind.LISTING, *xml), Alter(lies.emptied))
    yield fault("empty_body", "H30", (Kind.SYNC, *xml), Alter(lies.without_body))
    yield fault("nothing_new", "H30", (Kind.SYNC,), Alter(rows.nothing_new), hidden=True)
    yield fault("nothing_there", "H30", (Kind.FIRST,), Alter(rows.nothing_new), hidden=True)
    yield fault("two_hundred", "H31", (Kind.SYNC, *xml), Alter(status=200), harmless=True)
    yield fault("wrong_type", "H31", (Kind.MULTIGET, *xml, Kind.GET), Alter(headers=(("Content-Type", "text/html"),)), harmless=True)
    latin = (("Content-Type", "text/xml; charset=iso-8859-1"),)
    yield fault("wrong_charset_in_the_header", "H32", (Kind.MULTIGET, *xml), Alter(headers=latin), harmless=True)
    yield fault("another_encoding", "H32", (Kind.MULTIGET, *xml), Alter(lies.in_latin_1, headers=latin), harmless=True)
    yield fault("undecodable", "H32", (Kind.MULTIGET, *xml), Alter(lies.undecodable))
    yield fault("gzip_bomb", "H33", (Kind.MULTIGET, *xml, Kind.GET), Alter(lies.bomb, headers=GZIP))
    yield fault("half_a_gzip", "H33 N3", (Kind.SYNC, *xml, Kind.GET), Alter(lies.half_compressed, headers=GZIP))
    yield fault("damaged_gzip", "H33", (Kind.GET, *xml), Alter(lies.damaged_compression, headers=GZIP))
    yield fault("byte_order_mark", "H34", (Kind.SYNC, *xml), Alter(lies.preceded(b"\xef\xbb\xbf")), harmless=True)
    yield fault("leading_blanks", "H34", (Kind.HOME, *xml), Alter(lies.preceded(b"\r\n \t")), harmless=True)
    yield fault("entity", "S7", (Kind.MULTIGET, *xml), Alter(lies.with_entity))
    yield fault("control_byte", "D28", (Kind.MULTIGET,), Alter(lies.with_control_byte), harmless=True)


def _tokens() -> Iterator[Fault]:
    yield Fault("token_reset_in_silence", ("C2",), (Kind.SYNC,), Pretend(_without_a_token), hidden=True)
    yield Fault("token_missing", ("C3",), (Kind.SYNC, Kind.FIRST), Alter(rows.without_token))
    yield Fault("more_pages_for_ever", ("H20",), (Kind.SYNC, Kind.FIRST), Alter(rows.more_pages))
    for status in (409, 410, 412):
        yield Fault(f"token_refused_{status}", ("C1", "H14"), (Kind.SYNC,), Say(status, XML, _error("valid-sync-token")))
    yield Fault("frozen_marks", ("C4",), (Kind.HOME,), Alter(rows.frozen_marks), hidden=True)
    yield Fault("restless_marks", ("C5",), (Kind.HOME,), Alter(rows.restless_marks), harmless=True)
    yield Fault("no_marks", ("C4", "C5"), (Kind.HOME,), Alter(rows.without_marks), harmless=True)


def _contents() -> Iterator[Fault]:
    def fault(name: str, cases: str, kinds: tuple[Kind, ...], does: Behaviour, **more: bool) -> Fault:
        return Fault(name, tuple(cases.split()), kinds, does, **more)

    named = (Kind.SYNC, Kind.FIRST, Kind.LISTING, Kind.MULTIGET)
    yield fault("etags_missing", "C6", (Kind.LISTING, *named), Alter(rows.without_etags), harmless=True)
    yield fault("etag_header_missing", "C6", (Kind.GET,), Alter(without=("etag",)), harmless=True)
    yield fault("weak_etags", "C7", (Kind.LISTING, *named), Alter(rows.weak_etags), harmless=True)
    yield fault("etags_respelt", "C8", (Kind.MULTIGET,), Alter(rows.respelt_etags), harmless=True)
    yield fault("etag_twice", "H36", (Kind.GET,), Alter(headers=(("ETag", '"one"'), ("ETag", '"two"'))), harmless=True)
    yield fault("no_calendars", "C9 H6", (Kind.HOME,), Alter(rows.without_calendars))
    yield fault("gone_by_its_own_row", "H6 C9", (Kind.SYNC, Kind.LISTING), Alter(rows.gone_by_its_own_row))
    yield fault("renamed", "C10", (Kind.HOME,), Alter(rows.renamed), harmless=True)
    yield fault("rights_lost", "C12", (Kind.HOME,), Alter(rows.without_rights))
    yield fault("escaped_hrefs", "C14", named, Alter(rows.every_href(rows.escaped)), harmless=True)
    yield fault("quoted_hrefs", "C14", named, Alter(rows.every_href(rows.fully_quoted)), harmless=True)
    yield fault("absolute_hrefs", "C15", named, Alter(rows.every_href(rows.absolute)), harmless=True)
    yield fault("foreign_href", "C15", (Kind.LISTING, *named), Alter(rows.one_href(rows.elsewhere)))
    yield fault("dotted_href", "C16", named, Alter(rows.one_href(rows.dotted)))
    yield fault("escaped_dots", "C16", (Kind.FIRST, *named), Alter(rows.one_href(rows.dotted_and_escaped)))
    yield fault("self_row", "C23", named, Alter(rows.with_self_row), harmless=True)
    yield fault("object_without_data", "C25", (Kind.MULTIGET,), Alter(rows.one_row_without_data), harmless=True)
    yield fault("object_twice", "C26", (Kind.MULTIGET,), Alter(rows.one_row_twice), harmless=True)
    yield fault("object_not_asked_for", "C26", (Kind.MULTIGET,), Alter(rows.one_row_too_many), harmless=True)


def _writes() -> Iterator[Fault]:
    put = (Kind.PUT,)
    conflict = _error("no-uid-conflict", CALDAV, "<href>{path}</href>")
    yield Fault("lost_answer", ("H18", "N11"), WRITES, Lose())
    for status in (500, 502, 504):
        yield Fault(f"done_and_{status}", ("H18",), WRITES, Say(status, carried_out=True))
        yield Fault(f"not_done_and_{status}", ("H18",), WRITES, Say(status))
    yield Fault("uid_conflict", ("H9",), put, Say(409, XML, conflict))
    yield Fault("parent_missing", ("H10",), put, Say(409))
    yield Fault("precondition_failed", ("H11",), WRITES, Say(412))
    yield Fault("too_large", ("H12",), put, Say(413))
    yield Fault("larger_than_allowed", ("H12",), put, Say(403, XML, _error("max-resource-size", CALDAV)))
    yield Fault("locked", ("H13",), WRITES, Say(423))
    yield Fault("quota_reached", ("H21",), put, Say(507, XML, _error("quota-not-exceeded")))
    yield Fault("put_redirected_302", ("H23",), WRITES, Say(302, (("Location", "{proxy}{path}"),)))
    yield Fault("put_redirected_away", ("H24",), WRITES, Say(307, (("Location", "https://calendars.elsewhere.example{path}"),)))
    yield Fault("no_etag_on_put", ("H35",), put, Alter(status=204, without=("etag",)))
    yield Fault("reset_content_on_put", ("H35",), put, Alter(status=205, without=("etag",)))
    yield Fault("edited_after_the_put", ("C30",), put, Meddle())


_RARE: Final = frozenset({
    "silence_in_the_body", "reset_in_the_status_line", "negative_chunk_size", "huge_chunk_size", "continue_and_nothing",
    "status_400", "status_501", "status_502", "status_504", "redirect_301_in_a_circle", "redirect_307_in_a_circle",
    "too_many_requests_none", "too_many_requests_a_date", "too_many_requests_a_past_date", "too_many_requests_negative",
    "too_many_requests_not_a_number", "too_many_requests_empty", "damaged_gzip", "token_refused_410", "token_refused_412", "quoted_hrefs",
    "reset_after_the_head", "ended_in_the_body", "home_not_found", "status_423", "failing_objects", "redirect_308_in_a_circle",
    "redirect_303", "redirect_nowhere", "truncated_objects", "empty_body", "token_refused_409", "too_many_requests_ten_years",
    "escaped_dots", "etag_header_missing", "leading_blanks", "no_marks", "token_refused_by_the_server", "gone",
    "cut_between_chunks", "forbidden_calendar", "status_412", "gone_by_its_own_row", "object_not_found", "one_row_broken",
    "one_row_without_a_word", "truncated_by_a_byte", "half_a_gzip", "redirect_two_ways", "unavailable_for_ten_years",
    "proxy_wants_a_password", "dropped_after_the_answer", "wrong_type",
})  # fmt: skip
"""Of each family the suite tries a few; ``make chaos`` tries all."""

FAULTS: Final[dict[str, Fault]] = {
    fault.name: replace(fault, rare=fault.name in _RARE)
    for make in (_network, _refusals, _redirects, _answers, _tokens, _contents, _writes)
    for fault in make()
}


def faults_on(kind: Kind) -> list[Fault]:
    """Those that bite a kind of request."""
    return [fault for fault in FAULTS.values() if kind in fault.kinds]


def pulling() -> list[Fault]:
    """Those that bite what pulling asks, each once."""
    return [fault for fault in FAULTS.values() if set(fault.kinds) & set(READS)]
