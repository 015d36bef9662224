"""The look-alike against what is known of iCloud: the rows of the home listing, and how they may lie (icloud.md §2)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.icloud.answers import APPLE, CALENDAR_SERVER, DAV, Name
from tests.icloud.asking import Asker, Row
from tests.icloud.fixtures import ANNA, BEN
from tests.icloud.properties import COLOR, COMPONENT_SET, CTAG, DISPLAY_NAME, PRIVILEGE_SET, RESOURCE_TYPE, TOKEN
from tests.servers import event

if TYPE_CHECKING:
    from tests.icloud import CalendarOwner, ICloud

SOURCE = Name(CALENDAR_SERVER, "source")
LISTED = (DISPLAY_NAME, RESOURCE_TYPE, COMPONENT_SET, CTAG, TOKEN, COLOR, PRIVILEGE_SET, SOURCE)
WRITING = {"write", "write-content", "bind"}


def _home(icloud: ICloud, asker: Asker) -> dict[str, Row]:
    """The home listing, by last path segment; the home itself under an empty one."""
    home = icloud.account(asker.name).home
    return {row.href.removeprefix(home).rstrip("/"): row for row in asker.propfind(home, *LISTED, depth="1").rows}


def _named(icloud: ICloud, asker: Asker, name: str) -> Row:
    return _home(icloud, asker)[icloud.account(asker.name).calendar(name).id]


def test_the_home_lists_itself_first_then_every_kind_of_row(icloud: ICloud, anna: Asker) -> None:
    """§2.2, §6.3: all of them, the home as a mere collection with a component set, ``outbox`` last."""
    rows = _home(icloud, anna)
    assert [*rows][:1] + [*rows][-1:] == ["", "outbox"]
    assert {"home", "inbox", "notification", "tasks", "outbox"} <= set(rows)
    assert (rows[""].inside("resourcetype"), len(list(rows[""].found["supported-calendar-component-set"]))) == (["collection"], 3)
    names = [row.found["displayname"].text for row in rows.values() if "displayname" in row.found]
    assert names.count("Family") == 2
    assert len([row for row in rows.values() if "calendar" in row.inside("resourcetype") and "displayname" in row.missing]) == 1
    assert len([name for name in rows if re.fullmatch(r"[0-9a-f]{64}", name)]) == 2
    assert len([name for name in rows if re.fullmatch(r"[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}", name)]) == 5


def test_shared_calendars_tell_their_rights_and_perhaps_no_components(icloud: ICloud, anna: Asker) -> None:
    """§2.2, R3: each privilege of its own; a shared writable one has its component set in the 404 propstat."""
    readable, writable = _named(icloud, anna, "Team rota"), _named(icloud, anna, "Practice")
    assert not WRITING & set(readable.inside("current-user-privilege-set"))
    assert set(writable.inside("current-user-privilege-set")) >= WRITING
    assert "all" not in writable.inside("current-user-privilege-set")
    assert "supported-calendar-component-set" in writable.missing
    assert "shared" in readable.inside("resourcetype")
    icloud.change(read_only_privileges=("read",))
    assert _named(icloud, anna, "Team rota").inside("current-user-privilege-set") == ["privilege", "read"]
    icloud.change(privileges_told=False)
    assert "current-user-privilege-set" in _named(icloud, anna, "Practice").missing


def test_a_subscription_is_no_calendar_and_names_its_feed(icloud: ICloud, anna: Asker) -> None:
    """§2.3: CalendarServer ``subscribed`` and ``source``; both positions of the contradiction."""
    row = _named(icloud, anna, "Holidays")
    assert row.inside("resourcetype") == ["collection", "subscribed"]
    assert (row.found["source"][0].text or "").startswith("webcal://")
    icloud.change(subscribed_as="calendar", source_told=False)
    row = _named(icloud, anna, "Holidays")
    assert row.inside("resourcetype") == ["collection", "calendar", "subscribed"]
    assert "source" in row.missing
    holidays = icloud.account(ANNA).calendar("Holidays")
    assert anna.put(holidays.href_of("one.ics"), event("one")).status == 403


def test_reminders_are_a_list_of_todos_with_the_two_that_say_so(icloud: ICloud) -> None:
    """§2.4: what an upgrade leaves."""
    reminders = icloud.account(ANNA).calendar("Reminders ⚠️")
    assert "Where are my reminders?" in "".join(reminders.text(name) for name in reminders.names())
    assert len(reminders) == 2


def test_inbox_outbox_and_notification_are_as_captured(icloud: ICloud, anna: Asker) -> None:
    """§2.2: no names, their own privileges, and no ctag for the outbox."""
    rows = _home(icloud, anna)
    assert {"schedule-inbox"} <= set(rows["inbox"].inside("resourcetype"))
    assert "schedule-deliver" in rows["inbox"].inside("current-user-privilege-set")
    assert rows["notification"].inside("current-user-privilege-set") == [
        "privilege", "read", "privilege", "read-current-user-privilege-set", "privilege", "unbind",
    ]  # fmt: skip
    assert {"displayname", "supported-calendar-component-set"} <= rows["notification"].missing
    assert "schedule-send" in rows["outbox"].inside("current-user-privilege-set")
    assert {"getctag", "displayname"} <= rows["outbox"].missing


def test_the_xml_has_no_prefixes_and_single_quoted_components(icloud: ICloud, anna: Asker) -> None:
    """§2.1: the namespace is declared again on each element, and what is missing comes as empty elements in a 404 propstat."""
    body = anna.propfind(icloud.account(ANNA).home, *LISTED, depth="1").body.decode()
    assert body.startswith('<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<multistatus xmlns="DAV:">')
    assert "<comp name='VEVENT' xmlns='urn:ietf:params:xml:ns:caldav'/>" in body
    assert '<collection/><calendar xmlns="urn:ietf:params:xml:ns:caldav"/>' in body
    assert body.count('<response xmlns="DAV:">') == body.count("</response>")
    assert '<displayname xmlns="DAV:"/>' in body
    assert not re.search(r"</?[A-Za-z]+:", body)
    assert "xmlns:" not in body.replace("urn:ietf:params:xml:ns:", "")


def test_tokens_and_ctags_are_one_opaque_family(icloud: ICloud, anna: Asker, work: CalendarOwner) -> None:
    """§2.2, §6.13: base64 that starts with ``HwoQ``, no URI; ``+``, ``/`` and ``=`` occur, and a change makes another one."""
    tokens = []
    for number in range(30):
        work.put(f"{number}.ics", event(str(number)))
        row = _named(icloud, anna, "Work")
        assert row.found["getctag"].text == row.found["sync-token"].text == work.token
        tokens.append(work.token)
    assert len(set(tokens)) == 30
    assert all(re.fullmatch(r"HwoQ[A-Za-z0-9+/]+={0,2}", token) for token in tokens)
    assert set("+/=") <= set("".join(tokens))
    assert {len(token) - len(token.rstrip("=")) for token in tokens} == {0, 1, 2}


@pytest.mark.parametrize(
    ("ctag", "after_a_look", "after_a_change"),
    [("token", False, True), ("frozen", False, False), ("restless", True, True), ("seconds", False, False), ("missing", False, False)],
)
def test_the_ctag_may_lie(icloud: ICloud, anna: Asker, work: CalendarOwner, ctag: str, *, after_a_look: bool, after_a_change: bool) -> None:
    """§2.2, C4, C5: null, the same though ETags changed, another one each time, or the same within a second."""
    work.put("one.ics", event("one"))
    icloud.change(ctag=ctag)

    def look() -> str | None:
        row = _named(icloud, anna, "Work")
        return row.found["getctag"].text if "getctag" in row.found else None

    first = look()
    assert (look() != first) == after_a_look
    work.put("one.ics", event("one", summary="Dentist, again"))
    assert (look() != first) == after_a_change


def test_owners_rename_recolour_and_revoke(icloud: ICloud, anna: Asker, work: CalendarOwner) -> None:
    """R3, C10: seen in the next listing, at the same path; the colour has an alpha channel unless a switch takes it."""
    work.rename("Praxis 🦷")
    work.recolor("#123456")
    work.revoke_write()
    row = _home(icloud, anna)[work.id]
    assert (row.found["displayname"].text, row.found["calendar-color"].text) == ("Praxis 🦷", "#123456FF")
    assert not WRITING & set(row.inside("current-user-privilege-set"))
    icloud.change(color_alpha=False)
    work.grant_write()
    row = _home(icloud, anna)[work.id]
    assert row.found["calendar-color"].text == "#123456"
    assert set(row.inside("current-user-privilege-set")) >= WRITING


def test_a_calendar_shared_between_two_accounts_is_one(icloud: ICloud, anna: Asker, work: CalendarOwner) -> None:
    """§2.2, C13: under 64 characters in the other home, with its own rights and the same objects; leaving it unlinks, no more."""
    seen = work.share_with(icloud.account(BEN), writable=False)
    ben = replace(anna, name=BEN)
    assert anna.put(work.href_of("one.ics"), event("one")).status == 201
    assert (len(seen.id), seen.names()) == (64, ["one.ics"])
    assert ben.ask("GET", seen.href_of("one.ics")).status == 200
    assert ben.put(seen.href_of("two.ics"), event("two")).status == 403
    assert ben.ask("DELETE", seen.href).status == 204
    assert work.names() == ["one.ics"]


def test_allprop_tells_little(icloud: ICloud, anna: Asker, work: CalendarOwner) -> None:
    """§2.1: no ``resourcetype``, or 400."""
    (row,) = anna.ask("PROPFIND", work.href, Depth="0").rows
    assert "resourcetype" not in row.found
    icloud.change(allprop="refused")
    assert anna.ask("PROPFIND", work.href, Depth="0").status == 400


def test_the_listing_may_tell_less_or_more(icloud: ICloud, anna: Asker, work: CalendarOwner) -> None:
    """§2.2: no sync token, no order, or even the reports, of which no capture exists; and another content type (§2.1)."""
    order, reports = Name(APPLE, "calendar-order"), Name(DAV, "supported-report-set")

    def told() -> set[str]:
        return set(anna.propfind(work.href, TOKEN, order, reports).rows[0].found)

    assert told() == {"sync-token", "calendar-order"}
    icloud.change(token_in_listing=False, calendar_order_told=False, reports_told=True, content_type="text/html")
    assert told() == {"supported-report-set"}
    assert anna.propfind(work.href, TOKEN).header("content-type") == "text/html"
