"""Writing one object over the wire: each write under a condition and sent once, refusals told from unknown outcomes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from icalsync.core.own import mark_of, own_fields, uid_of
from icalsync.core.push import Adopt, Found, decide, strong
from icalsync.core.writing import fields_of, patched_event
from icalsync.errors import (
    AccessDenied,
    AuthenticationRejected,
    CalendarGone,
    ObjectRefused,
    PreconditionFailed,
    ProtocolViolation,
    RedirectRefused,
    ServerBusy,
    ServerError,
    ServerFailed,
    ServerUnreachable,
    UidConflict,
)
from tests.caldav.odd_server import XML, Said, etag, multistatus, row
from tests.core.pushing import APPOINTMENT, content, mark, moved, task, text
from tests.icloud.fixtures import ANNA, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from icalsync.ports import CalendarServer
    from tests.caldav.odd_server import OddServer, Seen
    from tests.icloud import CalendarOwner, ICloud
    from tests.servers import DavServer

    Open = Callable[..., CalendarServer]
    Serve = Callable[..., OddServer]

UID = uid_of(APPOINTMENT, 1)
HREF = f"/cal/{UID}.ics"
CALENDAR_DATA = {"Content-Type": "text/calendar; charset=utf-8"}
DEFINITE = (PreconditionFailed, UidConflict, ObjectRefused, AccessDenied, CalendarGone, ServerBusy, AuthenticationRejected)
"""Errors after which nothing was written (``ports.CalendarServer``)."""


def error_body(*conditions: str) -> bytes:
    """A ``DAV:error`` with conditions as elements."""
    inside = "".join(conditions)
    return f'<?xml version="1.0"?><D:error xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">{inside}</D:error>'.encode()


# --- what is sent ----------------------------------------------------------------------------------------------------------------------


def test_a_creation_is_conditional_on_there_being_nothing(serve: Serve, open_account: Open) -> None:
    """``If-None-Match: *``, a calendar's content type, the text byte for byte; the strong ETag comes back."""
    server = serve(lambda _seen: Said(201, headers={"ETag": '"e1"'}))
    assert open_account(server.url).create(HREF, text()) == '"e1"'
    (seen,) = server.seen
    assert (seen.method, seen.path, seen.body) == ("PUT", HREF, text())
    assert (seen.headers["If-None-Match"], seen.headers["Content-Type"]) == ("*", "text/calendar; charset=utf-8")
    assert "If-Match" not in seen.headers


def test_a_change_and_a_deletion_are_conditional_on_the_version_that_was_read(serve: Serve, open_account: Open) -> None:
    """``If-Match``; a DELETE has no Depth, which iCloud refuses (icloud.md §3.6), and no body."""
    server = serve(lambda seen: Said(204, headers={"ETag": '"e2"'} if seen.method == "PUT" else {}))
    account = open_account(server.url)
    assert account.replace(HREF, text(), '"e1"') == '"e2"'
    account.remove(HREF, '"e2"')
    put, delete = server.seen
    assert (put.headers["If-Match"], put.body, "If-None-Match" in put.headers) == ('"e1"', text(), False)
    assert (delete.method, delete.headers["If-Match"], delete.body) == ("DELETE", '"e2"', b"")
    assert not {"Depth", "Content-Type"} & set(delete.headers)


@pytest.mark.parametrize(
    ("status", "headers"),
    [(201, {}), (204, {"ETag": 'W/"e1"'}), (205, {}), (202, {"ETag": '"e1"'}), (200, {"ETag": ""})],
)
def test_a_success_without_a_strong_etag_says_so_h35(status: int, headers: dict[str, str], serve: Serve, open_account: Open) -> None:
    """H35, H36, C7: the caller reads back, instead of keeping '' or a tag that never matches; 202 is only a promise."""
    server = serve(lambda _seen: Said(status, headers=headers))
    assert open_account(server.url).create(HREF, text()) is None


def test_two_etags_are_none_h36(serve: Serve, open_account: Open) -> None:
    """H36: a header given twice with different values counts as missing."""
    server = serve(lambda _seen: Said(raw=b'HTTP/1.1 201 Created\r\nETag: "a"\r\nETag: "b"\r\nContent-Length: 0\r\n\r\n'))
    assert open_account(server.url).create(HREF, text()) is None


@pytest.mark.parametrize("status", [200, 204, 404, 410])
def test_deleting_what_is_gone_is_success_p8(status: int, serve: Serve, open_account: Open) -> None:
    """P8: 404 and 410 are what was wanted."""
    server = serve(lambda _seen: Said(status))
    open_account(server.url).remove(HREF, '"e1"')
    assert server.methods == [f"DELETE {HREF}"]


# --- refusals --------------------------------------------------------------------------------------------------------------------------

REFUSALS = {
    "H3: no right": (403, error_body("<D:need-privileges/>"), AccessDenied),
    "H3: a bare 403": (403, b"", AccessDenied),
    "no such method": (405, b"", AccessDenied),
    "not implemented": (501, b"", AccessDenied),
    "H9: 409 without a place": (409, error_body("<C:no-uid-conflict/>"), UidConflict),
    "H9: 403": (403, error_body("<C:no-uid-conflict><D:href>/cal/x.ics</D:href></C:no-uid-conflict>"), UidConflict),
    "H10: the collection is gone": (409, b"", CalendarGone),
    "H10: 404": (404, b"<html>", CalendarGone),
    "H10: 410": (410, b"", CalendarGone),
    "H11": (412, b"", PreconditionFailed),
    "H12: 413": (413, b"", ObjectRefused),
    "H12: 403": (403, error_body("<C:max-resource-size/>"), ObjectRefused),
    "bad data": (403, error_body("<C:valid-calendar-data/>"), ObjectRefused),
    "bad request": (400, b"<html>", ObjectRefused),
    "H21": (507, b"", ObjectRefused),
    "H21: 403": (403, error_body("<D:quota-not-exceeded/>"), ObjectRefused),
    "H13": (423, error_body("<D:lock-token-submitted/>"), ServerBusy),
    "too early": (425, b"", ServerBusy),
    "H14": (429, b"", ServerBusy),
    "H1": (401, b"", AuthenticationRejected),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_a_refusal_says_that_nothing_was_written_and_is_not_tried_again(what: str, serve: Serve, open_account: Open) -> None:
    """H1, H3, H9–H14, H21: each its own error, after one request."""
    status, body, kind = REFUSALS[what]
    server = serve(lambda _seen: Said(status, body, XML))
    with pytest.raises(kind) as caught:
        open_account(server.url).create(HREF, text())
    assert type(caught.value) is kind
    assert isinstance(caught.value, DEFINITE)
    assert server.methods == [f"PUT {HREF}"]
    assert "Check-up" not in caught.value.message + caught.value.next_step


def test_a_full_account_is_told_as_such_whatever_the_status_h21(serve: Serve, open_account: Open) -> None:
    """H21: RFC 4331 §6 asks for 507; some say 403."""
    server = serve(lambda _seen: Said(403, error_body("<D:quota-not-exceeded/>"), XML))
    with pytest.raises(ObjectRefused, match="quota-not-exceeded") as caught:
        open_account(server.url).create(HREF, text())
    assert caught.value.facts["status"] == 507


@pytest.mark.parametrize(
    ("there", "told"),
    [
        ("/cal/other.ics", "/cal/other.ics"),
        ("https://evil.example.org/cal/x.ics", None),
        ("/cal/../../secret.ics", None),
        ("", None),
    ],
)
def test_a_uid_conflict_names_the_other_place_where_that_is_one_of_ours_h9(
    there: str, told: str | None, serve: Serve, open_account: Open
) -> None:
    """H9: only a path on this site is ever read."""
    body = error_body(f"<C:no-uid-conflict><D:href>{there}</D:href></C:no-uid-conflict>")
    server = serve(lambda _seen: Said(409, body, XML))
    with pytest.raises(UidConflict) as caught:
        open_account(server.url).create(HREF, text())
    assert caught.value.facts["href"] == told


def test_a_locked_object_names_its_patience_h13(serve: Serve, open_account: Open) -> None:
    """H13, H14: the status tells that object's trouble from the account's."""
    server = serve(lambda _seen: Said(423, headers={"Retry-After": "7"}))
    with pytest.raises(ServerBusy) as caught:
        open_account(server.url).replace(HREF, text(), '"e1"')
    assert (caught.value.facts["retry_after"], caught.value.facts["status"]) == (7.0, 423)


@pytest.mark.parametrize("status", [500, 502, 504, 408, 599])
def test_after_other_errors_nobody_knows_whether_it_was_written_h18(status: int, serve: Serve, open_account: Open) -> None:
    """H18: no error that claims to know, and no second PUT."""
    server = serve(lambda _seen: Said(status))
    account = open_account(server.url)
    for write in (lambda: account.create(HREF, text()), lambda: account.remove(HREF, '"e1"')):
        with pytest.raises(ServerFailed) as caught:
            write()
        assert not isinstance(caught.value, DEFINITE)
    assert len(server.seen) == 2


def test_a_503_is_told_from_a_429(serve: Serve, open_account: Open) -> None:
    """H14, H18: a gateway may say 503 after the work was done."""
    server = serve(lambda _seen: Said(503))
    with pytest.raises(ServerBusy) as caught:
        open_account(server.url).create(HREF, text())
    assert caught.value.facts["status"] == 503


def test_a_put_is_not_sent_again_over_a_connection_that_was_dead_n11(serve: Serve, open_account: Open) -> None:
    """N11: a GET is, a PUT may have arrived."""

    def script(seen: Seen) -> Said:
        return Said(raw=b"") if seen.method == "PUT" else Said(404)

    server = serve(script)
    account = open_account(server.url)
    assert account.read(HREF) is None
    with pytest.raises(ServerUnreachable):
        account.create(HREF, text())
    assert server.methods == [f"GET {HREF}", f"PUT {HREF}"]


@pytest.mark.parametrize("status", [207, 304, 299])
def test_a_status_that_makes_no_sense_is_an_unknown_outcome(status: int, serve: Serve, open_account: Open) -> None:
    """And never a success."""
    server = serve(lambda _seen: Said(status))
    with pytest.raises(ServerError) as caught:
        open_account(server.url).create(HREF, text())
    assert not isinstance(caught.value, DEFINITE)


# --- redirects -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirected_creation_is_looked_at_before_it_is_sent_on_h23(status: int, serve: Serve, open_account: Open) -> None:
    """H23: never a GET that counts as success; sent on once, with method, body and condition, and remembered (H26)."""
    there: dict[str, bytes] = {}

    def partition(seen: Seen) -> Said:
        if seen.method == "PUT":
            there[seen.path] = seen.body
            return Said(201, headers={"ETag": '"e1"'})
        return Said(200, there[seen.path], CALENDAR_DATA) if seen.path in there else Said(404)

    target = serve(partition)
    start = serve(lambda seen: Said(status, headers={"Location": target.url.rstrip("/") + seen.path}))
    account = open_account(start.url)
    assert account.create(HREF, text()) == '"e1"'
    assert (there, start.methods, target.methods) == ({HREF: text()}, [f"PUT {HREF}"], [f"GET {HREF}", f"PUT {HREF}"])
    assert target.seen[1].headers["If-None-Match"] == "*"
    account.create("/cal/second.ics", text())
    assert len(start.seen) == 1


@pytest.mark.parametrize(("etag_there", "sent_on"), [('"e1"', True), ('"e2"', False)])
def test_a_redirected_change_is_sent_on_only_over_the_version_it_is_for(
    etag_there: str, sent_on: bool, serve: Serve, open_account: Open
) -> None:
    """H23: the redirected write may have been done already, or the owner was faster."""
    target = serve(lambda seen: Said(200, text(), {"ETag": etag_there}) if seen.method == "GET" else Said(204, headers={"ETag": '"e3"'}))
    start = serve(lambda seen: Said(307, headers={"Location": target.url.rstrip("/") + seen.path}))
    account = open_account(start.url)
    if sent_on:
        assert account.replace(HREF, text(), '"e1"') == '"e3"'
    else:
        with pytest.raises(PreconditionFailed):
            account.replace(HREF, text(), '"e1"')
    assert target.methods == [f"GET {HREF}"] + [f"PUT {HREF}"] * sent_on


def test_a_creation_that_was_done_in_spite_of_its_redirect_is_not_repeated_h23(serve: Serve, open_account: Open) -> None:
    """H23: it is there; reading it again decides."""
    target = serve(lambda _seen: Said(200, text(), CALENDAR_DATA))
    start = serve(lambda seen: Said(302, headers={"Location": target.url.rstrip("/") + seen.path}))
    with pytest.raises(PreconditionFailed):
        open_account(start.url).create(HREF, text())
    assert target.methods == [f"GET {HREF}"]


def test_a_redirected_deletion_of_what_is_gone_is_done(serve: Serve, open_account: Open) -> None:
    """P8: looked at, and nothing is left to delete."""
    target = serve(lambda _seen: Said(404))
    start = serve(lambda seen: Said(301, headers={"Location": target.url.rstrip("/") + seen.path}))
    open_account(start.url).remove(HREF, '"e1"')
    assert target.methods == [f"GET {HREF}"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_other_site_sees_an_event_h24(status: int, serve: Serve, open_account: Open) -> None:
    """H24: 127.0.0.1 and localhost are two sites; nothing is sent there, not even a question."""
    other = serve(lambda _seen: Said(200))
    start = serve(lambda _seen: Said(status, headers={"Location": f"http://localhost:{other.port}{HREF}"}))
    account = open_account(start.url)
    for write in (lambda: account.create(HREF, text()), lambda: account.remove(HREF, '"e1"')):
        with pytest.raises(RedirectRefused):
            write()
    assert (other.seen, len(start.seen)) == ([], 2)


def test_a_write_is_not_sent_on_twice_h22(serve: Serve, open_account: Open) -> None:
    """H22, H23: round in circles ends at the second redirect."""
    start = serve(lambda seen: Said(404) if seen.method == "GET" else Said(308, headers={"Location": seen.path.replace(".ics", "1.ics")}))
    with pytest.raises(RedirectRefused, match="twice"):
        open_account(start.url).create(HREF, text())
    assert [method.split()[0] for method in start.methods] == ["PUT", "GET", "PUT"]


# --- reading ---------------------------------------------------------------------------------------------------------------------------


def test_reading_brings_text_and_etag_of_one_answer_c28(serve: Serve, open_account: Open) -> None:
    """C28: one GET, where the answer has a strong ETag."""
    server = serve(lambda _seen: Said(200, text(), {"ETag": '"e1"', **CALENDAR_DATA}))
    read = open_account(server.url).read(HREF)
    assert read is not None
    assert (read.href, read.etag, read.raw, server.methods) == (HREF, '"e1"', text(), [f"GET {HREF}"])


@pytest.mark.parametrize("given", [{}, {"ETag": 'W/"e1"'}])
def test_an_etag_that_the_answer_lacks_is_asked_for_h35(given: dict[str, str], serve: Serve, open_account: Open) -> None:
    """H35, C7: the property's belongs to the text if the text is still the same after it."""
    bodies = [text(), text()]

    def script(seen: Seen) -> Said:
        if seen.method == "PROPFIND":
            return Said(207, multistatus(row(HREF, etag("e1"))), XML)
        return Said(200, bodies.pop(0), {**given, **CALENDAR_DATA})

    account = open_account(serve(script).url)
    read = account.read(HREF)
    assert read is not None
    assert read.etag == '"e1"'
    bodies[:] = [text(), text(moved())]
    changed = account.read(HREF)
    assert changed is not None
    assert (changed.raw, strong(changed.etag)) == (text(), None)


def test_a_server_that_tells_no_etag_at_all_is_read_all_the_same_h28(serve: Serve, open_account: Open) -> None:
    """C6, H28: without one, or with a weak one in every place."""
    for status, body in ((404, b""), (207, multistatus(row(HREF))), (207, multistatus(row(HREF, '<D:getetag>W/"w"</D:getetag>')))):
        server = serve(lambda seen, s=status, b=body: Said(s, b, XML) if seen.method == "PROPFIND" else Said(200, text(), CALENDAR_DATA))
        read = open_account(server.url).read(HREF)
        assert read is not None
        assert (read.raw, strong(read.etag)) == (text(), None)


def test_what_is_not_there_is_none_and_what_is_no_answer_is_an_error(serve: Serve, open_account: Open) -> None:
    """404 and 410; a 403, a captive portal (N10) and other statuses prove nothing about the event."""
    answers = iter([Said(404), Said(410), Said(403), Said(200, b"<!doctype html><html>", {"Content-Type": "text/html"}), Said(405)])
    account = open_account(serve(lambda _seen: next(answers)).url)
    assert (account.read(HREF), account.read(HREF)) == (None, None)
    for kind in (AccessDenied, ProtocolViolation, ProtocolViolation):
        with pytest.raises(kind):
            account.read(HREF)


def test_half_an_event_is_an_error_and_no_edit_n4(serve: Serve, open_account: Open) -> None:
    """N4: only the end of the connection ended it; taken for the whole, it would be an owner's edit."""
    head = b'HTTP/1.1 200 OK\r\nContent-Type: text/calendar\r\nETag: "e1"\r\n\r\n'
    account = open_account(serve(lambda seen: Said(raw=head + (text() if seen.path == HREF else text()[:-40]))).url)
    assert account.read(HREF) is not None
    with pytest.raises(ServerFailed):
        account.read("/cal/other.ics")


# --- iCloud's refusals (icloud.md §3.5, §3.6) --------------------------------------------------------------------------------------------


@pytest.fixture
def home(icloud: ICloud) -> CalendarOwner:
    """Anna's own calendar."""
    return icloud.account(ANNA).calendar("home")


@pytest.fixture
def anna(icloud: ICloud, open_account: Open) -> CalendarServer:
    """Her account, opened as the product opens it."""
    return open_account(icloud.url, provider="icloud", name=ANNA, password=PASSWORD)


def test_icloud_takes_what_we_write_changes_it_and_deletes_it(home: CalendarOwner, anna: CalendarServer, icloud: ICloud) -> None:
    """icloud.md §3.5: with every one of its refusals switched on; and nobody is sent a mail (P15)."""
    href = home.href + f"{UID}.ics"
    first = anna.create(href, text())
    read = anna.read(href)
    assert read is not None
    assert (first, read.etag, read.raw) == (home.etag(href), home.etag(href), text())
    second = anna.replace(href, patched_event(read.raw, moved()), str(read.etag))
    assert own_fields(home.text(href).encode(), UID) == fields_of(moved())
    anna.remove(href, str(second))
    assert (home.names(), anna.read(href), icloud.ledger.invitations()) == ([], None, [])
    assert {entry.status for entry in icloud.ledger.writes()} == {201, 204}


def test_a_body_icloud_rewrites_is_still_ours_p14(home: CalendarOwner, anna: CalendarServer, icloud: ICloud) -> None:
    """P14, H35: PRODID and X-APPLE lines are put in and no ETag comes back; what is read back is as wanted, so nothing is sent again."""
    icloud.change(rewrite_body=True, etag_on_put=False)
    href = home.href + f"{UID}.ics"
    assert anna.create(href, text()) is None
    read = anna.read(href)
    assert read is not None
    assert read.raw != text()
    assert decide(task(href=href), Found(href, read.etag, read.raw), content().created_at) == Adopt(read.etag, read.raw)


def test_a_deleted_name_or_uid_is_refused_for_good(home: CalendarOwner, anna: CalendarServer) -> None:
    """icloud.md §3.5: 412 where nothing is; the next generation is taken."""
    href = home.href + f"{UID}.ics"
    anna.remove(href, str(anna.create(href, text())))
    with pytest.raises(PreconditionFailed):
        anna.create(href, text())
    again = content(generation=2)
    assert anna.create(home.href + f"{again.uid}.ics", text(again)) is not None


@pytest.mark.parametrize(("position", "kind"), [("412", PreconditionFailed), ("403", UidConflict), ("409", UidConflict)])
def test_a_uid_in_another_calendar_is_refused_h9(
    position: str, kind: type[ServerError], home: CalendarOwner, anna: CalendarServer, icloud: ICloud
) -> None:
    """H9, icloud.md §3.5: in either way of saying so; with a body, its place is told."""
    icloud.change(uid_elsewhere=position)
    other = icloud.account(ANNA).add_calendar("Elsewhere")
    other.put(f"{UID}.ics", text().decode())
    with pytest.raises(kind) as caught:
        anna.create(home.href + f"{UID}.ics", text())
    if kind is UidConflict:
        read = anna.read(caught.value.facts["href"])
        assert read is not None
        assert mark_of(read.raw, UID) == mark(content())


def test_an_event_without_an_end_would_be_a_404(home: CalendarOwner, anna: CalendarServer) -> None:
    """icloud.md §3.5: ours have one; told as a calendar that may be gone, which parks the row."""
    lines = [line for line in text().split(b"\r\n") if not line.startswith(b"DTEND")]
    with pytest.raises(CalendarGone):
        anna.create(home.href + "x.ics", b"\r\n".join(lines))


def test_an_edit_on_a_device_makes_our_etag_stale_h11(home: CalendarOwner, anna: CalendarServer) -> None:
    """H11: neither changed nor deleted; the owner's text stays."""
    href = home.href + f"{UID}.ics"
    stale = str(anna.create(href, text()))
    home.put(href, text(moved(3)).decode())
    for write in (lambda: anna.replace(href, text(moved()), stale), lambda: anna.remove(href, stale)):
        with pytest.raises(PreconditionFailed):
            write()
    assert mark_of(home.text(href).encode(), UID) == mark(moved(3))


def test_a_calendar_that_lost_its_right_or_is_gone_refuses_h3_h10(home: CalendarOwner, anna: CalendarServer) -> None:
    """H3, H10, P9, P10: definite, so nothing is sent again until it heals."""
    href = home.href + f"{UID}.ics"
    home.revoke_write()
    with pytest.raises(AccessDenied):
        anna.create(href, text())
    home.grant_write()
    home.remove()
    with pytest.raises(CalendarGone):
        anna.create(href, text())


def test_an_answer_that_is_lost_leaves_the_event_to_be_found_h18(home: CalendarOwner, anna: CalendarServer, icloud: ICloud) -> None:
    """H18, P2: carried out, answered with 502; the next reading adopts it."""
    href = home.href + f"{UID}.ics"
    icloud.fail_next(1, 502, method="PUT", done=True)
    with pytest.raises(ServerFailed):
        anna.create(href, text())
    read = anna.read(href)
    assert read is not None
    assert decide(task(href=href), Found(href, read.etag, read.raw), content().created_at) == Adopt(read.etag, text())


def test_throttling_is_no_rejection_of_the_password(home: CalendarOwner, anna: CalendarServer, icloud: ICloud) -> None:
    """icloud.md §1.3: an empty 401 below the root while the root answers; nothing was written."""
    icloud.throttle(60)
    with pytest.raises(ServerBusy):
        anna.create(home.href + f"{UID}.ics", text())
    assert home.names() == []


def test_a_write_finds_its_partition_host_h26(icloud: ICloud, home: CalendarOwner, anna: CalendarServer) -> None:
    """H23, H26: the canonical host redirects, with each status."""
    for number, status in enumerate((301, 302, 307, 308)):
        icloud.change(redirect=status)
        one = content(appointment_id=f"{number:032x}")
        href = home.href + f"{one.uid}.ics"
        tag = anna.create(href, text(one))
        assert tag == home.etag(href)
        anna.remove(href, str(tag))
    assert home.names() == []


# --- real servers ------------------------------------------------------------------------------------------------------------------------


def test_what_is_written_comes_back_as_it_was_meant(dav_server: DavServer, open_account: Open) -> None:
    """On each real server: create, read, refuse to overwrite, change keeping the owner's lines, refuse a stale ETag, delete."""
    calendar = f"{dav_server.home}work/"
    dav_server.account.mkcalendar(calendar)
    account = open_account(dav_server.url)
    href = calendar + f"{UID}.ics"
    summer = content().starts_at + timedelta(days=200)
    odd = content(title="Ärzte; Gespräch, 10\\20 " + "🙂" * 40, starts_at=summer, ends_at=summer + timedelta(hours=1))
    first = account.create(href, text(odd))
    with pytest.raises(PreconditionFailed):
        account.create(href, text(moved()))
    read = account.read(href)
    assert read is not None
    assert (own_fields(read.raw, UID), strong(read.etag) is not None) == (fields_of(odd), True)
    assert first in {None, read.etag}
    raw = read.raw.replace(b"END:VEVENT", b"LOCATION:Room 4\r\nEND:VEVENT")
    account.replace(href, raw, str(read.etag))
    with pytest.raises(PreconditionFailed):
        account.replace(href, text(), str(read.etag))
    there = account.read(href)
    assert there is not None
    account.replace(href, patched_event(there.raw, moved()), str(there.etag))
    last = account.read(href)
    assert last is not None
    assert own_fields(last.raw, UID) == fields_of(moved())
    assert b"LOCATION:Room 4" in last.raw
    with pytest.raises(PreconditionFailed):
        account.remove(href, str(read.etag))
    account.remove(href, str(last.etag))
    assert account.read(href) is None
    account.remove(href, str(last.etag))


def test_a_uid_that_exists_in_the_calendar_is_a_conflict_h9(radicale: DavServer, open_account: Open) -> None:
    """H9: Radicale answers 409 with ``no-uid-conflict``."""
    calendar = f"{radicale.home}work/"
    radicale.account.mkcalendar(calendar)
    account = open_account(radicale.url)
    account.create(calendar + f"{UID}.ics", text())
    with pytest.raises(UidConflict):
        account.create(calendar + "another-name.ics", text())


def test_a_calendar_that_does_not_exist_is_gone_h10(dav_server: DavServer, open_account: Open) -> None:
    """H10: told as such by each; nothing is made by a PUT."""
    with pytest.raises(CalendarGone):
        open_account(dav_server.url).create(f"{dav_server.home}nowhere/{UID}.ics", text())
