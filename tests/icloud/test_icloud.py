"""The look-alike against what is known of iCloud: discovery, authentication, hosts, and its ledger (icloud.md §1)."""

from __future__ import annotations

import gzip
import re
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.icloud import ICloud, Switches
from tests.icloud.answers import CALDAV, Name
from tests.icloud.asking import Asker
from tests.icloud.fixtures import ANNA, BEN, PASSWORD
from tests.icloud.properties import CTAG, DISPLAY_NAME, HOME_SET, PRINCIPAL, RESOURCE_TYPE
from tests.servers import event

if TYPE_CHECKING:
    from tests.icloud import CalendarOwner, MovableClock

LISTED = (DISPLAY_NAME, RESOURCE_TYPE, CTAG)


# --- §1.1 discovery ---------------------------------------------------------------------------------------------------------------


def test_discovery_goes_from_the_root_over_the_principal_to_a_home_on_the_partition_host(icloud: ICloud, anna: Asker) -> None:
    """§1.1.1–4: path only, path only, then an absolute URL with an explicit port on another host; rows are paths again."""
    owner = icloud.account(ANNA)
    (root,) = anna.propfind("/", PRINCIPAL).rows
    assert (root.href, root.found["current-user-principal"][0].text) == ("/", owner.principal)
    (principal,) = anna.propfind(owner.principal, HOME_SET).rows
    home = urlsplit(principal.found["calendar-home-set"][0].text or "")
    assert (f"{home.scheme}://{home.netloc}/", home.path) == (icloud.partition_url, owner.home)
    assert home.port not in {None, urlsplit(icloud.url).port}
    there = replace(anna, url=icloud.partition_url)
    assert {href.startswith(owner.home) for href in there.propfind(owner.home, DISPLAY_NAME, depth="1").hrefs} == {True}
    assert re.fullmatch(r"[1-9]\d{7,10}", owner.dsid)


def test_the_well_known_path_is_answered_in_place_about_the_principal(icloud: ICloud, anna: Asker) -> None:
    """§1.1.2: 207, and the row's href is not the path that was asked."""
    answer = anna.propfind("/.well-known/caldav", PRINCIPAL)
    assert (answer.status, answer.hrefs) == (207, [icloud.account(ANNA).principal])


def test_the_well_known_path_may_redirect_to_the_partition_host(icloud: ICloud, anna: Asker) -> None:
    """§1.1.2, the other position."""
    icloud.change(well_known="redirect")
    answer = anna.propfind("/.well-known/caldav", PRINCIPAL)
    assert (answer.status, answer.header("location")) == (301, icloud.partition_url)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_canonical_host_may_redirect_everything_to_the_partition_host(icloud: ICloud, anna: Asker, status: int) -> None:
    """§1.1.2, §6.12: with the path kept; the partition host itself answers."""
    icloud.change(redirect=status)
    home = icloud.account(ANNA).home
    answer = anna.propfind(home, DISPLAY_NAME, depth="1")
    assert (answer.status, answer.header("location")) == (status, icloud.partition_url.rstrip("/") + home)
    assert replace(anna, url=icloud.partition_url).propfind(home, DISPLAY_NAME, depth="1").status == 207


def test_the_redirect_may_concern_the_root_alone_or_the_account_alone(icloud: ICloud, anna: Asker) -> None:
    """§1.1.2: with one status, three scopes."""
    paths = ["/", icloud.account(ANNA).home]
    for what, expected in (("root", [301, 207]), ("account", [207, 301]), ("everything", [301, 301])):
        icloud.change(redirect=301, redirect_what=what)
        assert [anna.propfind(path, PRINCIPAL).status for path in paths] == expected


def test_both_hosts_serve_every_path(icloud: ICloud, anna: Asker) -> None:
    """§1.1.5: hosts are interchangeable, the path is the identity."""
    home = icloud.account(ANNA).home
    hosts = [anna, replace(anna, url=icloud.partition_url)]
    assert [host.propfind(home, *LISTED, depth="1").hrefs for host in hosts] == [list(anna.propfind(home, *LISTED, depth="1").hrefs)] * 2
    assert {entry.host for entry in icloud.ledger} == {"canonical", "p42"}


def test_when_hosts_rotate_the_old_one_is_gone_and_the_principal_names_the_new_one(icloud: ICloud, anna: Asker) -> None:
    """§1.1.5, §6.12: pNN becomes pMM; the canonical host goes on."""
    old = icloud.partition_url
    icloud.rotate_host(180)
    with pytest.raises(ConnectionRefusedError):
        replace(anna, url=old).propfind("/", PRINCIPAL)
    (row,) = anna.propfind(icloud.account(ANNA).principal, HOME_SET).rows
    assert (row.found["calendar-home-set"][0].text or "").startswith(icloud.partition_url)
    assert replace(anna, url=icloud.partition_url).propfind("/", PRINCIPAL).header("x-apple-user-partition") == "180"


def test_a_calendar_does_not_know_the_principal(work: CalendarOwner, anna: Asker) -> None:
    """§1.1.6: ``current-user-principal`` comes in a 404 propstat there."""
    (row,) = anna.propfind(work.href, PRINCIPAL, DISPLAY_NAME).rows
    assert (set(row.found), row.missing) == ({"displayname"}, {"current-user-principal"})


def test_a_row_about_the_principal_may_have_the_wrong_href(icloud: ICloud, anna: Asker) -> None:
    """§1.1.7: ``/principal/``, without the account's number."""
    icloud.change(principal_row_href="short")
    assert anna.propfind(icloud.account(ANNA).principal, HOME_SET).hrefs == ["/principal/"]


def test_the_principal_tells_the_name_and_the_addresses(icloud: ICloud, anna: Asker) -> None:
    """§1.1.3, §6.2: mail addresses with a preferred one, a path and a URN; a switch hides them."""
    icloud.account(ANNA).add_alias("anna.work@icloud.com")
    addresses = Name(CALDAV, "calendar-user-address-set")
    (row,) = anna.propfind(icloud.account(ANNA).principal, DISPLAY_NAME, addresses).rows
    hrefs = list(row.found["calendar-user-address-set"])
    mails = {href.text for href in hrefs if (href.text or "").startswith("mailto:")}
    assert mails == {f"mailto:{ANNA}", "mailto:anna.work@icloud.com"}
    assert [href.text for href in hrefs if href.get("preferred")] == [f"mailto:{ANNA}"]
    assert row.found["displayname"].text == "Anna"
    icloud.change(addresses_told=False)
    assert anna.propfind(icloud.account(ANNA).principal, addresses).rows[0].missing == {"calendar-user-address-set"}


# --- §1.2, §1.3 authentication and throttling ---------------------------------------------------------------------------------------


def test_depth_one_on_the_principal_is_refused(icloud: ICloud, anna: Asker) -> None:
    """Profile ``icloud`` of caldav 3.6: 400."""
    assert anna.propfind(icloud.account(ANNA).principal, HOME_SET, depth="1").status == 400
    icloud.change(principal_depth_one=None)
    assert anna.propfind(icloud.account(ANNA).principal, HOME_SET, depth="1").status == 207


@pytest.mark.parametrize("password", [None, "xxxx-xxxx-xxxx-xxxx"])
def test_a_401_has_two_challenge_lines_and_no_body(icloud: ICloud, anna: Asker, password: str | None) -> None:
    """§1.2: without credentials as with wrong ones; the order is a switch, and so is one folded line."""
    wrong = replace(anna, password=password or "")
    answer = wrong.propfind("/", PRINCIPAL) if password else anna.bare("PROPFIND", "/", User_Agent="tests")
    challenges = [value for name, value in answer.headers if name == "WWW-Authenticate"]
    assert challenges == ['Basic realm="MMCalDav"', 'X-MobileMe-AuthToken realm="MMCalDav"']
    assert (answer.status, answer.body, answer.header("content-length")) == (401, b"", "0")
    assert answer.header("x-apple-user-partition") == ("42" if password else None)
    icloud.change(basic_first=False, challenges="one_line")
    folded = [value for name, value in wrong.propfind("/", PRINCIPAL).headers if name == "WWW-Authenticate"]
    assert folded == ['X-MobileMe-AuthToken realm="MMCalDav", Basic realm="MMCalDav"']


def test_only_the_primary_address_signs_in_and_dashes_do_not_matter(icloud: ICloud, anna: Asker) -> None:
    """§1.2: an alias gives 401; the sixteen letters do without dashes."""
    icloud.account(ANNA).add_alias("anna.work@icloud.com")
    assert replace(anna, name="anna.work@icloud.com").propfind("/", PRINCIPAL).status == 401
    assert replace(anna, password=PASSWORD.replace("-", "")).propfind("/", PRINCIPAL).status == 207
    assert replace(anna, name=ANNA.upper()).propfind("/", PRINCIPAL).status == 207
    icloud.change(account_case_matters=True, unknown_account=403)
    assert replace(anna, name=ANNA.upper()).propfind("/", PRINCIPAL).status == 403


def test_a_changed_password_revokes_the_old_one_and_calendar_may_be_switched_off(icloud: ICloud, anna: Asker) -> None:
    """§1.2: both are 401."""
    icloud.account(ANNA).change_password("xxxx-xxxx-xxxx-xxxx")
    assert anna.propfind("/", PRINCIPAL).status == 401
    renewed = replace(anna, password="xxxx-xxxx-xxxx-xxxx")
    assert renewed.propfind("/", PRINCIPAL).status == 207
    icloud.account(ANNA).turn_calendars(on=False)
    assert renewed.propfind("/", PRINCIPAL).status == 401


def test_without_a_user_agent_everything_is_403(icloud: ICloud, anna: Asker) -> None:
    """§1.2 [C]: with a switch."""
    assert anna.bare("PROPFIND", "/").status == 403
    icloud.change(user_agent_required=False)
    assert anna.bare("PROPFIND", "/").status == 401


def test_one_account_does_not_see_another(icloud: ICloud, anna: Asker) -> None:
    """A password opens what lies below its own number."""
    assert anna.propfind(icloud.account(BEN).home, DISPLAY_NAME, depth="1").status == 403


def test_every_reply_carries_apples_headers(icloud: ICloud, anna: Asker) -> None:
    """§1.2: whatever the status."""
    names = {"X-Responding-Instance", "Via", "X-Apple-Request-UUID", "X-Apple-Edge-Response-Time", "Strict-Transport-Security"}
    for answer in (anna.propfind("/", PRINCIPAL), anna.ask("GET", "/nowhere"), anna.bare("GET", "/", User_Agent="tests")):
        assert names | {"Access-Control-Expose-Headers"} <= {name for name, _ in answer.headers}
        assert re.fullmatch(r"AppleHttpServer/[0-9a-f]{12}", answer.header("server") or "")


def test_answers_are_compressed_when_asked_and_requests_may_be(icloud: ICloud, anna: Asker) -> None:
    """§1.2: gzip both ways; the ledger counts what went over the wire."""
    home = icloud.account(ANNA).home
    plain, packed = (anna.propfind(home, *LISTED, depth="1", Accept_Encoding=coding) for coding in ("identity", "gzip"))
    assert (packed.header("content-encoding"), plain.header("content-encoding")) == ("gzip", None)
    assert packed.hrefs == plain.hrefs
    sizes = [entry.answer_size for entry in icloud.ledger]
    assert sizes[0] == len(plain.body) > 5 * sizes[1]
    body = gzip.compress(b'<propfind xmlns="DAV:"><prop><displayname/></prop></propfind>')
    assert len(anna.ask("PROPFIND", home, body, Depth="1", Content_Encoding="gzip").rows) == len(plain.rows)
    assert anna.ask("PROPFIND", home, body[:-9], Depth="1", Content_Encoding="gzip").status == 400


def test_throttling_is_an_empty_401_below_the_account_on_every_host_while_the_root_answers(
    icloud: ICloud, anna: Asker, icloud_clock: MovableClock
) -> None:
    """§1.3: for as long as it lasts."""
    icloud.throttle(600)
    home = icloud.account(ANNA).home
    for host in (anna, replace(anna, url=icloud.partition_url)):
        throttled = host.propfind(home, DISPLAY_NAME, depth="1")
        assert (throttled.status, throttled.body) == (401, b"")
        assert host.propfind("/", PRINCIPAL).status == 207
    icloud_clock.advance(600)
    assert anna.propfind(home, DISPLAY_NAME, depth="1").status == 207


def test_planned_failures_hit_what_they_are_meant_for_and_no_more(icloud: ICloud, anna: Asker, work: CalendarOwner) -> None:
    """§1.3, §6.12: 503 with Retry-After in each form, 429, a lost answer to a PUT that was carried out (H18)."""
    icloud.fail_next(2, 503, retry_after=120, report="sync-collection")
    assert anna.propfind("/", PRINCIPAL).status == 207
    assert [anna.sync(work.href).header("retry-after") for _ in range(3)] == ["120", "120", None]
    icloud.fail_next(status=429, retry_after=datetime(2026, 11, 22, 13, tzinfo=UTC))
    assert anna.propfind("/", PRINCIPAL).header("retry-after") == "Sun, 22 Nov 2026 13:00:00 GMT"
    icloud.fail_next(status=502, method="PUT", done=True)
    assert anna.put(work.href_of("one.ics"), event("one")).status == 502
    assert work.names() == ["one.ics"]


# --- the look-alike itself --------------------------------------------------------------------------------------------------------


def _provoke_a_mistake() -> None:
    with ICloud({ANNA: PASSWORD}) as cloud:
        work = cloud.account(ANNA).calendar("Work")
        work.generate(1, lambda index, uid: str(1 // 0))
        assert Asker(cloud.url, ANNA, PASSWORD).ask("GET", work.href_of(work.names()[0])).status == 500


def test_a_mistake_of_the_look_alike_fails_the_test() -> None:
    """An exception of its own must not pass for a fault of iCloud's."""
    with pytest.raises(RuntimeError, match="mistake of its own"):
        _provoke_a_mistake()


def test_the_ledger_knows_every_request_and_no_password(icloud: ICloud, anna: Asker, work: CalendarOwner) -> None:
    """R18: time, method, path, host, depth, headers without credentials, hash and size of the body, status."""
    mark = icloud.ledger.mark()
    anna.put(work.href_of("one.ics"), event("one"))
    anna.sync(work.href)
    replace(anna, password="xxxx-xxxx-xxxx-xxxx").sync(work.href)
    put, sync, refused = icloud.ledger.requests(after=mark)
    assert (put.method, put.status, put.account, put.text) == ("PUT", 201, ANNA, event("one"))
    assert (sync.report, sync.depth, sync.path, sync.text) == ("sync-collection", "1", work.href, None)
    assert (sync.body_size > 100, len(sync.body_hash)) == (True, 64)
    assert (refused.status, refused.account) == (401, None)
    assert icloud.ledger.writes(after=mark) == icloud.ledger.writes(accepted=True) == [put]
    assert all("authorization" not in entry.headers for entry in icloud.ledger)
    assert PASSWORD not in repr(list(icloud.ledger))


@pytest.mark.parametrize("switch", [field.name for field in fields(Switches)])
def test_every_switch_does_something_and_is_tried(switch: str) -> None:
    """A switch that nothing reads, or no test turns, is a claim without ground."""
    here = Path(__file__).parent
    sources = {path.name: path.read_text(encoding="utf-8") for path in here.glob("*.py") if path.name != "switches.py"}
    assert any(re.search(rf"switches\.{switch}\b", text) for name, text in sources.items() if not name.startswith("test_"))
    assert any(re.search(rf"\b{switch}\b", text) for name, text in sources.items() if name.startswith("test_"))
