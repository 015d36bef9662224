"""The proxy does what its faults say, to reads and to writes, and to nothing else."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

import pytest

from icalsync.caldav.properties import COLLECTION_PROPERTIES, ETAG, HOMES
from icalsync.caldav.wire import multiget_body, propfind_body, sync_body
from tests.faults import FAULTS, Asked, FaultProxy, Kind, faults_on
from tests.icloud.fixtures import ANNA, PASSWORD
from tests.servers import Account, Reply, event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.icloud import CalendarOwner, ICloud

CUT = (http.client.HTTPException, ConnectionError)


@pytest.fixture
def work(icloud: ICloud) -> CalendarOwner:
    """Anna's calendar in her own hands; the look-alike asks nobody for a User-Agent here."""
    icloud.change(user_agent_required=False)
    return icloud.account(ANNA).calendar("Work")


@pytest.fixture
def proxy(icloud: ICloud, work: CalendarOwner) -> Iterator[FaultProxy]:
    """The proxy before the look-alike."""
    with FaultProxy([icloud.url, icloud.partition_url]) as proxy:
        yield proxy


@pytest.fixture
def hand(proxy: FaultProxy) -> Account:
    """A plain client of Anna's that goes through the proxy."""
    return Account(proxy.url, ANNA, PASSWORD)


def put(hand: Account, work: CalendarOwner, name: str = "a.ics") -> Reply:
    """Write an event."""
    return hand.ask("PUT", work.href + name, event(f"uid-{name}"), Content_Type="text/calendar; charset=utf-8")


def asked(method: str, body: bytes = b"", depth: str = "1") -> Kind:
    """What a request is taken for."""
    return Asked(method, "/anna/work/", {"depth": depth}, body).kind


def test_each_request_is_known_for_what_it_is_for() -> None:
    """The faults are told to bite a kind of request, and the kinds are those the client makes."""
    assert asked("PROPFIND", propfind_body([HOMES]), "0") is Kind.DISCOVERY
    assert asked("PROPFIND", propfind_body(COLLECTION_PROPERTIES)) is Kind.HOME
    assert asked("PROPFIND", propfind_body([ETAG])) is Kind.LISTING
    assert asked("PROPFIND", propfind_body([ETAG]), "0") is Kind.LOOK
    assert asked("REPORT", sync_body("http://token.example/1")) is Kind.SYNC
    assert asked("REPORT", sync_body(None)) is Kind.FIRST
    assert asked("REPORT", multiget_body(["/a.ics"])) is Kind.MULTIGET
    assert [asked(method) for method in ("GET", "PUT", "DELETE", "OPTIONS")] == [Kind.GET, Kind.PUT, Kind.DELETE, Kind.OTHER]


def test_without_a_fault_everything_passes(proxy: FaultProxy, hand: Account, work: CalendarOwner) -> None:
    """Bodies, statuses and headers come through; addresses are the proxy's own, so that nobody goes past it."""
    assert put(hand, work).status == 201
    reply = hand.ask("GET", work.href + "a.ics")
    assert (reply.status, reply.body.decode(), reply.headers["etag"]) == (200, event("uid-a.ics"), work.etag("a.ics"))
    home = hand.ask("PROPFIND", work.href.split("/calendars/")[0] + "/principal/", propfind_body([HOMES]), depth="0")
    assert proxy.url.rstrip("/") in home.body.decode().replace(":443", "")
    assert proxy.ledger.kinds() == [Kind.PUT, Kind.GET, Kind.DISCOVERY]


def test_a_fault_bites_as_often_as_it_is_told(proxy: FaultProxy, hand: Account, work: CalendarOwner) -> None:
    """So many times, after so many that pass, on these paths alone, and never after ``heal``."""
    put(hand, work)
    rule = proxy.inject(FAULTS["status_500"], Kind.GET, times=2, skip=1, below=work.href)
    assert [hand.ask("GET", work.href + "a.ics").status for _ in range(4)] == [200, 500, 500, 200]
    assert rule.bitten == 2
    proxy.inject(FAULTS["status_500"], Kind.GET, times=None)
    assert hand.ask("GET", work.href + "a.ics").status == 500
    proxy.heal()
    assert hand.ask("GET", work.href + "a.ics").status == 200
    assert [exchange.fault for exchange in proxy.ledger.exchanges(after=1)] == [None, "status_500", "status_500", None, "status_500", None]


def test_a_lost_answer_leaves_the_write_done_h18(proxy: FaultProxy, hand: Account, work: CalendarOwner) -> None:
    """H18, P2: the event is stored, and nobody is told."""
    proxy.inject(FAULTS["lost_answer"], Kind.PUT)
    with pytest.raises(CUT):
        put(hand, work)
    assert work.names() == ["a.ics"]


@pytest.mark.parametrize(("name", "stored"), [("done_and_502", ["a.ics"]), ("not_done_and_502", [])])
def test_a_502_may_mean_both_h18(proxy: FaultProxy, hand: Account, work: CalendarOwner, name: str, stored: list[str]) -> None:
    """H18: done or not done, the answer is the same."""
    proxy.inject(FAULTS[name], Kind.PUT)
    assert put(hand, work).status == 502
    assert work.names() == stored


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("need_privileges", 403), ("uid_conflict", 409), ("parent_missing", 409), ("precondition_failed", 412), ("too_large", 413),
        ("larger_than_allowed", 403), ("locked", 423), ("quota_reached", 507), ("put_redirected_302", 302), ("put_redirected_away", 307),
    ],
)  # fmt: skip
def test_a_refused_write_never_arrives(proxy: FaultProxy, hand: Account, work: CalendarOwner, name: str, status: int) -> None:
    """H3, H9, H10, H11, H12, H13, H21, H23, H24: refused on the way, and the server never hears of it."""
    proxy.inject(FAULTS[name], Kind.PUT)
    assert put(hand, work).status == status
    assert work.names() == []


def test_a_uid_conflict_names_the_place_h9(proxy: FaultProxy, hand: Account, work: CalendarOwner) -> None:
    """H9: ``no-uid-conflict`` with an href inside (RFC 4791 §5.3.2.1)."""
    proxy.inject(FAULTS["uid_conflict"], Kind.PUT)
    assert "no-uid-conflict" in put(hand, work).body.decode()


@pytest.mark.parametrize(("name", "status"), [("no_etag_on_put", 204), ("reset_content_on_put", 205)])
def test_a_write_may_be_acknowledged_without_a_version_h35(
    proxy: FaultProxy, hand: Account, work: CalendarOwner, name: str, status: int
) -> None:
    """H35: stored, and no ETag in the answer."""
    proxy.inject(FAULTS[name], Kind.PUT)
    reply = put(hand, work)
    assert (reply.status, reply.headers.get("etag"), work.names()) == (status, None, ["a.ics"])


def test_somebody_may_edit_right_after_the_write_c30(proxy: FaultProxy, hand: Account, work: CalendarOwner) -> None:
    """C30: the ETag of the answer is no longer the object's."""
    proxy.inject(FAULTS["edited_after_the_put"], Kind.PUT)
    told = put(hand, work).headers["etag"]
    assert "X-MEDDLED" in work.text("a.ics")
    assert work.etag("a.ics") != told


def test_nobody_listens_until_it_is_healed_n13(proxy: FaultProxy, hand: Account, work: CalendarOwner) -> None:
    """N13: refused, on a port that stays the proxy's own."""
    proxy.inject(FAULTS["connection_refused"])
    with pytest.raises(ConnectionRefusedError):
        put(hand, work)
    proxy.heal()
    assert put(hand, work).status == 201


def test_every_broken_answer_is_broken(proxy: FaultProxy, hand: Account, work: CalendarOwner) -> None:
    """N3, N11, N12: a client that reads to the end notices each of them."""
    put(hand, work)
    for name in ("reset_before_the_answer", "reset_in_the_body", "ended_in_the_body", "cut_between_chunks", "bad_chunk_size"):
        proxy.inject(FAULTS[name], Kind.GET)
        with pytest.raises(CUT):
            hand.ask("GET", work.href + "a.ics")
    assert hand.ask("GET", work.href + "a.ics").status == 200


def test_writes_have_their_faults() -> None:
    """H3, H9 to H13, H18, H21, H23, H24, H35, C30: what pushing is tried with."""
    here = {case for fault in faults_on(Kind.PUT) for case in fault.cases}
    assert {"H3", "H9", "H10", "H11", "H12", "H13", "H18", "H21", "H23", "H24", "H35", "C30"} <= here
    assert {"H3", "H11", "H13", "H18", "H23", "H24"} <= {case for fault in faults_on(Kind.DELETE) for case in fault.cases}
