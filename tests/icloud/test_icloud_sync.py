"""The look-alike against what is known of iCloud: sync-collection, multiget and what lags behind (icloud.md §3.1, §3.2)."""

from __future__ import annotations

import re
import tracemalloc
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from tests.icloud.answers import ETAG
from tests.icloud.asking import multiget_body
from tests.icloud.fixtures import ANNA
from tests.icloud.properties import RESOURCE_TYPE
from tests.icloud.tokens import base36
from tests.servers import event

if TYPE_CHECKING:
    from tests.icloud import CalendarOwner, ICloud, MovableClock
    from tests.icloud.asking import Asker

EXPIRED = ["valid_sync_token", "bare_403", "409", "410", "412"]


# --- §3.1 sync-collection -----------------------------------------------------------------------------------------------------------


def test_nothing_changed_is_a_token_and_no_row(work: CalendarOwner, anna: Asker) -> None:
    """§3.1: the token stays, too."""
    work.put("one.ics", event("one"))
    token = anna.sync(work.href).token
    answer = anna.sync(work.href, token)
    assert (answer.status, answer.rows, answer.token) == (207, [], token)


def test_a_delta_has_changes_removals_and_a_row_for_the_calendar_itself(work: CalendarOwner, anna: Asker) -> None:
    """§3.1: a removal is a status of its own without propstat; an object that came and went is one 404; the token is last."""
    for name in ("one", "two", "three"):
        work.put(f"{name}.ics", event(name))
    token = anna.sync(work.href).token
    work.put("one.ics", event("one", summary="Moved"))
    work.delete("two.ics")
    work.put("brief.ics", event("brief"))
    work.delete("brief.ics")
    answer = anna.sync(work.href, token)
    assert {row.href: row.status for row in answer.rows} == {
        work.href: None,
        work.href_of("one.ics"): None,
        work.href_of("two.ics"): 404,
        work.href_of("brief.ics"): 404,
    }
    own, changed, *_ = answer.rows
    assert own.etag.startswith('"HwoQ')
    assert changed.etag == work.etag("one.ics")
    assert answer.token not in {"", token}


@pytest.mark.parametrize(("position", "expected"), [("slash", "/"), ("no_slash", ""), ("absent", None)])
def test_the_calendars_own_row_may_lack_its_slash(
    icloud: ICloud, work: CalendarOwner, anna: Asker, position: str, expected: str | None
) -> None:
    """§3.1, C23: seen in CardDAV."""
    icloud.change(self_row=position)
    work.put("one.ics", event("one"))
    own = [href for href in anna.sync(work.href).hrefs if not href.endswith(".ics")]
    assert own == ([] if expected is None else [work.href.rstrip("/") + expected])


def test_rows_may_come_twice(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """§3.1: in deltas and multigets."""
    icloud.change(duplicate_rows=True)
    href = work.put("one.ics", event("one"))
    assert anna.sync(work.href).hrefs.count(href) == 2
    assert anna.multiget(work.href, href).hrefs == [href, href]


def test_calendar_data_is_not_told_in_a_delta(work: CalendarOwner, anna: Asker) -> None:
    """§3.1: what else is asked for comes as 404."""
    work.put("one.ics", event("one"))
    wanted = '<prop xmlns="DAV:"><getetag/><calendar-data xmlns="urn:ietf:params:xml:ns:caldav"/></prop>'
    answer = anna.ask("REPORT", work.href, f'<sync-collection xmlns="DAV:"><sync-token/>{wanted}</sync-collection>', Depth="1")
    assert (set(answer.rows[1].found), answer.rows[1].missing) == ({"getetag"}, {"calendar-data"})


@pytest.mark.parametrize("way", EXPIRED)
def test_an_expired_token_is_refused_in_many_ways(icloud: ICloud, work: CalendarOwner, anna: Asker, way: str) -> None:
    """§3.1, C1, H4: with ``valid-sync-token`` in a single-quoted error, bare, or with another status; so is garbage."""
    icloud.change(expired_token=way)
    token = anna.sync(work.href).token
    icloud.expire_tokens()
    assert work.token != token
    refused = [
        anna.sync(work.href, each) for each in (token, "HwoQ", "http://example.org/sync/1", icloud.account(ANNA).calendar("home").token)
    ]
    assert {answer.status for answer in refused} == {403 if way in {"valid_sync_token", "bare_403"} else int(way)}
    assert {answer.body for answer in refused} == {
        b"<?xml version='1.0' encoding='UTF-8'?><error xmlns='DAV:'><valid-sync-token/></error>" if way == "valid_sync_token" else b""
    }
    assert anna.sync(work.href).status == 207


def test_an_expired_token_may_be_answered_with_everything_and_no_removals(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """C2: 207 as if nothing were wrong."""
    icloud.change(expired_token="full_listing")
    kept, gone = work.put("kept.ics", event("kept")), work.put("gone.ics", event("gone"))
    token = anna.sync(work.href).token
    work.delete("gone.ics")
    icloud.expire_tokens()
    answer = anna.sync(work.href, token)
    assert (answer.status, answer.hrefs) == (207, [work.href, kept])
    assert gone not in answer.hrefs


def test_tokens_may_expire_without_a_sign_in_the_listing(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """§3.1: the newest stays good until something changes, older ones are refused."""
    old = anna.sync(work.href).token
    work.put("one.ics", event("one"))
    new = work.token
    icloud.expire_tokens(visible=False)
    assert work.token == new
    assert [anna.sync(work.href, token).status for token in (new, old)] == [207, 403]


def test_a_listing_may_come_in_pages(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """RFC 6578 §3.6, H20: 507 on the calendar, a token that goes on; nothing is lost that changes in between."""
    icloud.change(page_size=2)
    for number in range(5):
        work.put(f"{number}.ics", event(str(number)))
    seen, token, pages = [], "", 0
    while pages < 3:
        answer = anna.sync(work.href, token)
        seen += [row.href for row in answer.rows if row.href != work.href]
        statuses = [row.status for row in answer.rows if row.href == work.href]
        token, pages = answer.token, pages + 1
        assert statuses == ([507] if pages < 3 else [None])
        if pages == 1:
            work.put("late.ics", event("late"))
    assert seen == [work.href_of(f"{number}.ics") for number in range(5)]
    assert anna.sync(work.href, token).hrefs == [work.href, work.href_of("late.ics")]
    for name in work.names():
        work.delete(name)
    first = anna.sync(work.href, token)
    assert [row.status for row in first.rows] == [404, 404, 507]
    assert [row.status for row in anna.sync(work.href, first.token).rows] == [404, 404, 507]


def test_what_was_just_written_may_not_be_listed_yet(icloud: ICloud, work: CalendarOwner, anna: Asker, icloud_clock: MovableClock) -> None:
    """§3.1: not in the delta, not in token or ctag; later it is."""
    icloud.change(listing_lag_seconds=5.0)
    token = anna.sync(work.href).token
    href = work.put("one.ics", event("one"))
    assert (anna.sync(work.href, token).rows, work.token) == ([], token)
    icloud_clock.advance(5)
    assert href in anna.sync(work.href, token).hrefs
    assert work.token != token


def test_what_is_listed_may_not_be_delivered_yet(icloud: ICloud, work: CalendarOwner, anna: Asker, icloud_clock: MovableClock) -> None:
    """§3.1, C25: for some seconds, by multiget and GET alike; an older version is missing too, or comes stale."""
    href = work.put("one.ics", event("one", summary="Old"))
    icloud_clock.advance(60)
    icloud.change(delivery_lag_seconds=10.0)
    old = work.etag("one.ics")
    work.put("one.ics", event("one", summary="New"))
    assert anna.sync(work.href).rows[1].etag == work.etag("one.ics") != old
    assert [row.status for row in anna.multiget(work.href, href).rows] == [404]
    assert anna.ask("GET", href).status == 404
    icloud.change(lagging_reads="stale")
    stale = anna.multiget(work.href, href).rows[0]
    assert (stale.etag, "SUMMARY:Old" in stale.data) == (old, True)
    icloud_clock.advance(10)
    assert "SUMMARY:New" in anna.multiget(work.href, href).rows[0].data


def test_delivery_may_take_some_requests(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """§3.1: the first two ask in vain."""
    icloud.change(delivery_lag_requests=2)
    href = work.put("one.ics", event("one"))
    assert [anna.multiget(work.href, href).rows[0].status for _ in range(3)] == [404, 404, None]


def test_sync_collection_and_multiget_may_be_missing(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """H8: as on other servers."""
    icloud.change(sync_supported=False, multiget_supported=False)
    href = work.put("one.ics", event("one"))
    assert (anna.sync(work.href).status, anna.multiget(work.href, href).status) == (501, 501)


# --- members ------------------------------------------------------------------------------------------------------------------------


def test_members_have_no_resourcetype_and_the_calendar_has_an_etag(work: CalendarOwner, anna: Asker) -> None:
    """§3.3: PROPFIND Depth 1 lists them all; ``resourcetype`` is 404 for an object, and the calendar tells a token as ETag."""
    href = work.put("one.ics", event("one"))
    own, member = anna.propfind(work.href, ETAG, RESOURCE_TYPE, depth="1").rows
    assert (own.href, own.missing, own.etag) == (work.href, set(), f'"{work.token}"')
    assert (member.href, member.etag, member.missing) == (href, work.etag("one.ics"), {"resourcetype"})


def test_etags_are_base_36_of_milliseconds_and_strictly_increase(work: CalendarOwner, icloud: ICloud) -> None:
    """§3.5, §6.13: quoted, also within one millisecond; an older shape has digits; housekeeping moves them."""
    assert base36(1675462851314) == "ldp3blyq"
    etags = []
    for _ in range(5):
        work.put("one.ics", event("one"))
        etags.append(work.etag("one.ics"))
    stamps = [int(etag.strip('"'), 36) for etag in etags]
    assert stamps == list(range(stamps[0], stamps[0] + 5))
    assert abs(stamps[0] / 1000 - icloud.clock.now().timestamp()) < 1
    assert work.touch("one.ics") not in etags
    icloud.change(etag_style="digits")
    assert re.fullmatch(r'"\d{11}"', work.touch("one.ics"))


@pytest.mark.parametrize(("escaping", "in_sync", "elsewhere"), [("plain", "@", "@"), ("full", "%40", "%40"), ("mixed", "@", "%40")])
def test_hrefs_may_differ_in_escaping(
    icloud: ICloud, work: CalendarOwner, anna: Asker, escaping: str, in_sync: str, elsewhere: str
) -> None:
    """C14: the same place in two spellings; both are understood."""
    icloud.change(href_escaping=escaping)
    work.put("a@b c.ics", event("a"))
    spelled = {sign: f"{work.href}a{sign}b%20c.ics" for sign in ("@", "%40")}
    assert anna.sync(work.href).hrefs[1] == spelled[in_sync]
    assert anna.propfind(work.href, ETAG, depth="1").hrefs[1] == spelled[elsewhere]
    assert anna.multiget(work.href, *spelled.values()).hrefs == [spelled[elsewhere]] * 2


# --- §3.2 multiget --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("position", "raw"), [("cdata", "<![CDATA[BEGIN:VCALENDAR\r\n"), ("escaped", ">BEGIN:VCALENDAR&#13;\n")])
def test_calendar_data_is_wrapped_or_escaped(icloud: ICloud, work: CalendarOwner, anna: Asker, position: str, raw: str) -> None:
    """§3.7: CDATA, or CR as a character reference; a DTSTAMP of the read comes first, the stored one second (§3.5)."""
    icloud.change(calendar_data=position)
    href = work.put("one.ics", event("one", summary="Tea & <cake> ]]>"))
    answer = anna.multiget(work.href, href)
    assert raw in answer.body.decode()
    stored = work.text("one.ics")
    shown = stored.replace("BEGIN:VEVENT\r\n", "BEGIN:VEVENT\r\nDTSTAMP:20261122T120000Z\r\n")
    assert answer.rows[0].data.replace("\r\n", "\n") == shown.replace("\r\n", "\n")
    assert shown.count("DTSTAMP") == 2
    icloud.change(extra_stamp=False)
    assert anna.multiget(work.href, href).rows[0].data.replace("\r\n", "\n") == stored.replace("\r\n", "\n")
    assert anna.ask("GET", href).body.decode() == stored


def test_what_is_not_there_is_a_404_row_or_left_out(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """§3.2: and an object of another calendar is not there."""
    here = work.put("one.ics", event("one"))
    elsewhere = icloud.account(ANNA).calendar("home").put("two.ics", event("two"))
    answer = anna.multiget(work.href, here, work.href_of("gone.ics"), elsewhere)
    assert [row.status for row in answer.rows] == [None, 404, 404]
    icloud.change(missing_in_multiget="omitted")
    assert anna.multiget(work.href, here, work.href_of("gone.ics"), elsewhere).hrefs == [here]


def test_a_calendars_path_or_leading_blanks_spoil_the_whole_multiget(work: CalendarOwner, anna: Asker) -> None:
    """§3.1, §3.2: 400 with the edge's HTML, with or without the slash."""
    href = work.put("one.ics", event("one"))
    spoiled = [multiget_body(href, work.href), multiget_body(work.href.rstrip("/"), href), "\n" + multiget_body(href), multiget_body()[:-9]]
    for body in spoiled:
        answer = anna.ask("REPORT", work.href, body, Depth="1")
        assert (answer.status, b"<html><head><title>400 Bad Request" in answer.body) == (400, True)


def test_a_shared_calendars_multiget_may_find_nothing(icloud: ICloud, anna: Asker) -> None:
    """§3.2 (vdirsyncer#800): GET does."""
    icloud.change(shared_multiget="not_found")
    shared = icloud.account(ANNA).calendar("Team rota")
    href = shared.put("one.ics", event("one"))
    assert anna.multiget(shared.href, href).rows[0].status == 404
    assert anna.ask("GET", href).status == 200


# --- size -------------------------------------------------------------------------------------------------------------------------------


def test_a_hundred_thousand_generated_events_cost_almost_nothing_until_they_are_read(work: CalendarOwner, anna: Asker) -> None:
    """Issue 4: bodies are made on demand; generated events change, go, and answer by UID like any other."""
    tracemalloc.start()
    try:
        work.generate(100_000)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    answer = anna.sync(work.href)
    assert answer.body.count(b"<response ") == 100_001
    assert len(set(re.findall(rb"<getetag[^>]*>([^<]+)", answer.body))) == 100_001
    hrefs = [work.href_of(name) for name in islice(work.names(), 3)]
    (row,) = anna.multiget(work.href, hrefs[2]).rows
    assert "SUMMARY:Appointment 2" in row.data
    assert f'{hrefs[2]}</href><propstat><prop><getetag xmlns="DAV:">{row.etag}<' in answer.body.decode()
    work.delete(hrefs[0])
    work.put(hrefs[1], work.text(hrefs[1]).replace("Appointment", "Changed"))
    delta = anna.sync(work.href, answer.token)
    assert {each.href: each.status for each in delta.rows[1:]} == {hrefs[0]: 404, hrefs[1]: None}
    assert len(work) == 99_999
    uid = hrefs[2].rpartition("/")[2].removesuffix(".ics")
    assert anna.put(work.href_of("other.ics"), event(uid)).status == 412


def test_two_hosts_show_one_state(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """§1.1.5: what is written on one is read on the other."""
    anna.put(work.href_of("one.ics"), event("one"))
    there = replace(anna, url=icloud.partition_url)
    assert there.sync(work.href).hrefs == anna.sync(work.href).hrefs == [work.href, work.href_of("one.ics")]
