"""Listings and deltas from servers that page, repeat, contradict themselves, or refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from icalsync.errors import (
    AccessDenied,
    AuthenticationRejected,
    CalendarGone,
    ProtocolViolation,
    ServerBusy,
    ServerFailed,
    SyncTokenInvalid,
    Unsupported,
)
from icalsync.ports import Delta, Member
from tests.caldav.odd_server import XML, Said, Seen, etag, multistatus, row

if TYPE_CHECKING:
    from collections.abc import Callable

    from icalsync.ports import CalendarServer, FullListing
    from tests.caldav.odd_server import OddServer

    Open = Callable[..., CalendarServer]
    Serve = Callable[..., OddServer]

INVALID = b"<?xml version='1.0' encoding='UTF-8'?><error xmlns='DAV:'><valid-sync-token/></error>"
NO_RIGHT = b"<?xml version='1.0'?><error xmlns='DAV:'><need-privileges/></error>"
NO_REPORT = b"<?xml version='1.0'?><error xmlns='DAV:'><supported-report/></error>"


@pytest.fixture
def delta(serve: Serve, open_account: Open) -> Callable[..., Delta]:
    """What ``changes_since`` makes of one page."""

    def ask(*rows: str, with_token: bool = True) -> Delta:
        server = serve(lambda _seen: Said(207, multistatus(*rows, token="t2" if with_token else None), XML))
        return open_account(server.url).changes_since("/a/", "t1")

    return ask


@pytest.fixture
def listing(serve: Serve, open_account: Open) -> Callable[..., FullListing]:
    """What ``list_members`` makes of a listing that also holds the collection."""

    def ask(*rows: str) -> FullListing:
        server = serve(lambda _seen: Said(207, multistatus(row("/a/", etag("c")), *rows), XML))
        return open_account(server.url).list_members("/a/")

    return ask


def test_nothing_changed_is_an_empty_answer_with_a_token(delta: Callable[..., Delta]) -> None:
    """icloud.md §3.1: no rows at all, only the token."""
    assert delta() == Delta((), (), "t2")


def test_the_collection_in_its_own_delta_is_dropped(delta: Callable[..., Delta]) -> None:
    """C23, icloud.md §3.1: with an ETag, with or without its slash."""
    found = delta(row("/a/", etag("c")), row("/a", etag("c")), row("/a/1.ics", etag("1")), row("/a/2.ics", status=404))
    assert found == Delta((Member("/a/1.ics", '"1"'),), ("/a/2.ics",), "t2")


def test_a_missing_token_is_an_error_and_the_old_one_is_kept(delta: Callable[..., Delta]) -> None:
    """C3: to store nothing would make the next run an initial one."""
    with pytest.raises(ProtocolViolation, match="token"):
        delta(row("/a/1.ics", etag("1")), with_token=False)


@pytest.mark.parametrize("status", [403, 500, 423])
def test_a_row_with_an_error_of_its_own_proves_nothing(status: int, delta: Callable[..., Delta]) -> None:
    """H27: it is neither there nor gone, and the answer is unclean."""
    found = delta(row("/a/1.ics", status=status), row("/a/2.ics", etag("2")))
    assert found == Delta((Member("/a/2.ics", '"2"'),), (), "t2", clean=False)


def test_a_410_row_is_a_removal_like_404(delta: Callable[..., Delta]) -> None:
    """RFC 6578 §3.5 says 404; 410 says it louder."""
    assert delta(row("/a/1.ics", status=410)).removed == ("/a/1.ics",)


def test_the_same_row_twice_is_one(delta: Callable[..., Delta]) -> None:
    """icloud.md §3.1: duplicates occur; escaped differently they are still the same."""
    found = delta(row("/a/x%7E.ics", etag("1")), row("/a/x~.ics", etag("1")), row("/a/2.ics", status=404), row("/a/2.ics", status=404))
    assert [member.etag for member in found.changed] == ['"1"']
    assert found.removed == ("/a/2.ics",)
    assert found.clean


@pytest.mark.parametrize("order", [1, -1])
def test_there_and_gone_at_once_is_not_gone(order: int, delta: Callable[..., Delta]) -> None:
    """A contradiction proves nothing: the object is fetched, nothing is removed, the answer is unclean."""
    rows = [row("/a/1.ics", etag("1")), row("/a/1.ics", status=404)][::order]
    assert delta(*rows) == Delta((Member("/a/1.ics", '"1"'),), (), "t2", clean=False)


def test_two_etags_for_one_object_are_none(delta: Callable[..., Delta]) -> None:
    """H36: a random one would hide a change."""
    assert delta(row("/a/1.ics", etag("1")), row("/a/1.ics", etag("2"))) == Delta((Member("/a/1.ics", None),), (), "t2", clean=False)


@pytest.mark.parametrize(
    "href", ["/b/1.ics", "/a/deeper/1.ics", "/", "https://evil.example.com/a/1.ics", "/a/../b/1.ics", "/a/%2E%2E/1.ics"]
)
def test_a_row_from_elsewhere_is_ignored_and_makes_it_unclean(href: str, delta: Callable[..., Delta]) -> None:
    """C15, C16: no href of another place is ever asked for."""
    found = delta(row(href, etag("1")), row("/a/2.ics", etag("2")))
    assert found == Delta((Member("/a/2.ics", '"2"'),), (), "t2", clean=False)


def test_a_collection_inside_is_no_object(listing: Callable[..., FullListing]) -> None:
    """Servers that nest collections list them among the members."""
    nested = row("/a/inner", f"{etag('1')}<D:resourcetype><D:collection/></D:resourcetype>")
    found = listing(nested, row("/a/folder/", etag("2")), row("/a/1.ics", f"{etag('3')}<D:resourcetype/>"))
    assert [member.href for member in found.members] == ["/a/1.ics"]
    assert found.clean


def test_a_missing_etag_is_none_and_clean(listing: Callable[..., FullListing]) -> None:
    """C6, H28: some servers have none; the member is there all the same."""
    found = listing(row("/a/1.ics", "<D:getetag/>", propstat=404), row("/a/2.ics", "<D:getetag/>"))
    assert found.members == (Member("/a/1.ics", None), Member("/a/2.ics", None))
    assert found.clean


def test_an_etag_the_server_failed_over_is_unclean(listing: Callable[..., FullListing]) -> None:
    """H27: 403 or 5xx in its place is no statement about it."""
    found = listing(row("/a/1.ics", "<D:getetag/>", propstat=500))
    assert found.members == (Member("/a/1.ics", None),)
    assert not found.clean


def test_an_object_that_vanished_while_listed_is_no_member(listing: Callable[..., FullListing]) -> None:
    """A 404 row in a PROPFIND."""
    found = listing(row("/a/1.ics", status=404), row("/a/2.ics", etag("2")))
    assert [member.href for member in found.members] == ["/a/2.ics"]
    assert found.clean


def test_a_listing_without_even_the_collection_proves_nothing(serve: Serve, open_account: Open) -> None:
    """H30: an empty multistatus to a PROPFIND Depth 1 breaks RFC 4918 §9.1, and would read as everything deleted."""
    server = serve(lambda _seen: Said(207, multistatus(), XML))
    assert not open_account(server.url).list_members("/a/").clean


def test_weak_etags_are_kept_as_they_are(listing: Callable[..., FullListing]) -> None:
    """C7, C8: compared as opaque text here; what may be sent in If-Match is decided where it is sent."""
    assert listing(row("/a/1.ics", '<D:getetag>W/"1"</D:getetag>')).members == (Member("/a/1.ics", 'W/"1"'),)


# --- pages --------------------------------------------------------------------------------------------------------------------

MORE = row("/a/", status=507)


def _paged(pages: dict[str, bytes]) -> Callable[[Seen], Said]:
    def script(seen: Seen) -> Said:
        token = seen.body.split(b"sync-token>")[1].split(b"<")[0].decode() if b"sync-token>" in seen.body else ""
        return Said(207, pages[token], XML)

    return script


def test_pages_are_followed_to_the_last_one(serve: Serve, open_account: Open) -> None:
    """H20, C24: 507 on the collection means more; the last page's token counts, and later pages overrule earlier ones."""
    pages = {
        "t1": multistatus(row("/a/1.ics", etag("1")), row("/a/2.ics", etag("2")), row("/a/3.ics", status=404), MORE, token="p1"),
        "p1": multistatus(row("/a/1.ics", etag("1b")), row("/a/2.ics", status=404), row("/a/3.ics", etag("3")), MORE, token="p2"),
        "p2": multistatus(row("/a/4.ics", etag("4")), token="t2"),
    }
    found = open_account(serve(_paged(pages)).url).changes_since("/a/", "t1")
    assert found.sync_token == "t2"
    assert set(found.changed) == {Member("/a/1.ics", '"1b"'), Member("/a/3.ics", '"3"'), Member("/a/4.ics", '"4"')}
    assert found.removed == ("/a/2.ics",)
    assert found.clean


def test_a_full_listing_is_paged_too(serve: Serve, open_account: Open) -> None:
    """RFC 6578 §3.6; one unclean page makes the whole of it unclean."""
    pages = {
        "": multistatus(row("/a/1.ics", etag("1")), row("/a/9.ics", status=500), MORE, token="p1"),
        "p1": multistatus(row("/a/2.ics", etag("2")), token="t2"),
    }
    found = open_account(serve(_paged(pages)).url).list_with_token("/a/")
    assert [member.href for member in found.members] == ["/a/1.ics", "/a/2.ics"]
    assert (found.sync_token, found.clean) == ("t2", False)


def test_pages_that_go_round_are_an_error(serve: Serve, open_account: Open) -> None:
    """A token that does not move would be followed for ever."""
    server = serve(_paged({"t1": multistatus(MORE, token="p1"), "p1": multistatus(MORE, token="t1")}))
    with pytest.raises(ProtocolViolation, match="circles"):
        open_account(server.url).changes_since("/a/", "t1")
    assert len(server.seen) == 2


def test_a_full_listing_whose_pages_break_off_is_done_another_way(serve: Serve, open_account: Open) -> None:
    """The token of a page is refused: the caller lists by PROPFIND, and does not begin anew for ever."""
    first = multistatus(row("/a/1.ics", etag("1")), MORE, token="p1")
    server = serve(lambda seen: Said(403, INVALID, XML) if b"p1" in seen.body else Said(207, first, XML))
    with pytest.raises(Unsupported):
        open_account(server.url).list_with_token("/a/")


# --- refusals -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (Said(403, INVALID, XML), SyncTokenInvalid),
        (Said(409, INVALID, XML), SyncTokenInvalid),
        (Said(403), SyncTokenInvalid),
        (Said(409), SyncTokenInvalid),
        (Said(410), SyncTokenInvalid),
        (Said(412), SyncTokenInvalid),
        (Said(400), SyncTokenInvalid),
        (Said(418), SyncTokenInvalid),
        (Said(403, NO_RIGHT, XML), AccessDenied),
        (Said(403, NO_REPORT, XML), Unsupported),
        (Said(401), AuthenticationRejected),
        (Said(404), CalendarGone),
        (Said(405), Unsupported),
        (Said(415), Unsupported),
        (Said(501), Unsupported),
        (Said(507), Unsupported),
        (Said(429), ServerBusy),
        (Said(503), ServerBusy),
        (Said(500), ServerFailed),
        (Said(204), ProtocolViolation),
    ],
    ids=lambda value: value.status if isinstance(value, Said) else value.__name__,
)
def test_what_a_status_means_for_a_token(said: Said, error: type[Exception], serve: Serve, open_account: Open) -> None:
    """H4, H8, H14: whatever is wrong with a token leads to one full listing; what is wrong with the way does not."""
    server = serve(lambda _seen: said)
    with pytest.raises(error) as caught:
        open_account(server.url).changes_since("/a/", "t1")
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (Said(403), Unsupported),
        (Said(400), Unsupported),
        (Said(403, INVALID, XML), Unsupported),
        (Said(403, NO_RIGHT, XML), AccessDenied),
        (Said(405), Unsupported),
        (Said(501), Unsupported),
        (Said(404), CalendarGone),
        (Said(410), CalendarGone),
        (Said(204), ProtocolViolation),
    ],
    ids=lambda value: value.status if isinstance(value, Said) else value.__name__,
)
def test_what_a_status_means_without_a_token(said: Said, error: type[Exception], serve: Serve, open_account: Open) -> None:
    """H8: there is no token to blame; listing by PROPFIND is next."""
    server = serve(lambda _seen: said)
    with pytest.raises(error) as caught:
        open_account(server.url).list_with_token("/a/")
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (Said(403), AccessDenied),
        (Said(404), CalendarGone),
        (Said(410), CalendarGone),
        (Said(405), Unsupported),
        (Said(400), Unsupported),
        (Said(207, multistatus(row("/a/", status=404)), XML), CalendarGone),
        (Said(204), ProtocolViolation),
    ],
    ids=lambda value: value.status if isinstance(value, Said) else value.__name__,
)
def test_what_a_status_means_for_a_collection(said: Said, error: type[Exception], serve: Serve, open_account: Open) -> None:
    """C12, H6: access lost and gone are two things, and neither is an empty calendar."""
    server = serve(lambda _seen: said)
    for ask in ("list_members", "look_at"):
        with pytest.raises(error) as caught:
            getattr(open_account(server.url), ask)("/a/")
        assert type(caught.value) is error
