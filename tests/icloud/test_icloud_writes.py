"""The look-alike against what is known of iCloud: PUT, DELETE, MOVE, MKCALENDAR and their refusals (icloud.md §2.5, §3.5, §3.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.icloud.asking import PROLOG
from tests.icloud.fixtures import ANNA
from tests.icloud.properties import COLOR
from tests.servers import event, event_at

if TYPE_CHECKING:
    from tests.icloud import CalendarOwner, ICloud
    from tests.icloud.asking import Asker

START, END = "20270104T090000Z", "20270104T100000Z"
BERLIN = (
    "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\n"
    "TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
)


def _with(old: str, new: str) -> str:
    text = event("one")
    assert old in text
    return text.replace(old, new)


def _zoned(zone: str, *, definition: str = "", rule: str = "") -> str:
    text = _with(f"DTSTART:{START}", f"DTSTART;TZID={zone}:20270104T090000")
    return text.replace("BEGIN:VEVENT\r\n", f"{definition}BEGIN:VEVENT\r\n{rule}")


def _todo(due: str) -> str:
    return _with(f"DTSTART:{START}\r\nDTEND:{END}\r\n", due).replace("VEVENT", "VTODO")


# --- §3.5 what a PUT answers ----------------------------------------------------------------------------------------------------------


def test_a_put_creates_with_201_and_updates_with_204_and_tells_the_etag(work: CalendarOwner, anna: Asker, icloud: ICloud) -> None:
    """§3.5: 200 and a missing ETag are switches; the stored text is the sent one."""
    href = work.href_of("one.ics")
    created = anna.put(href, event("one"), If_None_Match="*")
    assert (created.status, created.header("etag")) == (201, work.etag("one.ics"))
    updated = anna.put(href, event("one", summary="Moved"), If_Match=created.header("etag") or "")
    assert (updated.status, updated.header("etag"), work.text("one.ics")) == (204, work.etag("one.ics"), event("one", summary="Moved"))
    icloud.change(etag_on_put=False, update_status=200)
    silent = anna.put(href, event("one"), If_Match=work.etag("one.ics"))
    assert (silent.status, silent.header("etag")) == (200, None)


def test_a_server_may_rewrite_what_it_stores(work: CalendarOwner, anna: Asker, icloud: ICloud) -> None:
    """§3.5 [X]: PRODID, X-APPLE properties, no COLOR; weekly rules without a day may go."""
    icloud.change(rewrite_body=True, weekly_without_day="dropped")
    anna.put(work.href_of("one.ics"), event_at("one", START, END, more=("COLOR:red", "RRULE:FREQ=WEEKLY", "X-OURS:1")))
    stored = work.text("one.ics")
    assert "PRODID:-//Apple Inc.//iCloud Calendar//EN\r\n" in stored
    assert "X-APPLE-CREATOR-IDENTITY" in stored
    assert not {"COLOR:red", "RRULE:FREQ=WEEKLY"} & set(stored.split("\r\n"))
    assert "X-OURS:1" in stored


def test_preconditions_fail_with_412_and_no_body(work: CalendarOwner, anna: Asker) -> None:
    """§3.5, H11: a stale If-Match, If-Match where nothing is, If-None-Match over something."""
    href = work.href_of("one.ics")
    assert anna.put(href, event("one"), If_Match='"0"').status == 412
    old = anna.put(href, event("one")).header("etag") or ""
    anna.put(href, event("one", summary="Newer"))
    for headers in ({"If_Match": old}, {"If_None_Match": "*"}):
        answer = anna.put(href, event("one"), **headers)
        assert (answer.status, answer.body) == (412, b"")
    assert "Newer" in work.text("one.ics")


@pytest.mark.parametrize(
    ("position", "over_something", "over_nothing"), [("backwards", 412, 201), ("refused", 412, 412), ("honoured", 204, 412)]
)
def test_if_match_star_holds_backwards(
    icloud: ICloud, work: CalendarOwner, anna: Asker, position: str, over_something: int, over_nothing: int
) -> None:
    """§3.5: 412 even if it exists; other servers differ."""
    icloud.change(if_match_star=position)
    anna.put(work.href_of("one.ics"), event("one"))
    statuses = [anna.put(work.href_of(f"{uid}.ics"), event(uid), If_Match="*").status for uid in ("one", "two")]
    assert statuses == [over_something, over_nothing]


def test_an_unconditional_put_over_a_devices_edit_is_412(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """§3.5 [M]: with the right If-Match it goes through."""
    href = work.put("one.ics", event("one"))
    refused = anna.put(href, event("one", summary="Ours"))
    assert (refused.status, refused.body) == (412, b"")
    assert anna.put(href, event("one", summary="Ours"), If_Match=work.etag("one.ics")).status == 204
    work.put("one.ics", event("one"))
    icloud.change(device_edits_guarded=False)
    assert anna.put(href, event("one", summary="Ours")).status == 204


def test_a_deleted_name_or_uid_is_burnt_for_good(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """§3.5 [M]: 412 for the name with another UID, and for the UID under another name, in any calendar; a new pair goes."""
    work.put("one.ics", event("one"))
    assert anna.ask("DELETE", work.href_of("one.ics")).status == 204
    home = icloud.account(ANNA).calendar("home")
    pairs = [(work, "one", "new"), (work, "new", "one"), (home, "new", "one")]
    answers = [anna.put(calendar.href_of(f"{name}.ics"), event(uid), If_None_Match="*") for calendar, name, uid in pairs]
    assert [(answer.status, answer.body) for answer in answers] == [(412, b"")] * 3
    assert anna.put(work.href_of("new.ics"), event("new")).status == 201
    icloud.change(tombstones=False)
    assert anna.put(work.href_of("one.ics"), event("one")).status == 201


@pytest.mark.parametrize(("position", "status"), [("412", 412), ("403", 403), ("409", 409), ("accepted", 201)])
def test_a_uid_that_stands_elsewhere_is_refused(icloud: ICloud, work: CalendarOwner, anna: Asker, position: str, status: int) -> None:
    """§3.5, H9, C18: bare 412, or ``no-uid-conflict`` with the other's href; in another calendar and in the same one."""
    icloud.change(uid_elsewhere=position)
    other = icloud.account(ANNA).calendar("home").put("theirs.ics", event("one"))
    answer = anna.put(work.href_of("ours.ics"), event("one"), If_None_Match="*")
    assert answer.status == status
    if position in {"403", "409"}:
        assert answer.root[0].tag == "{urn:ietf:params:xml:ns:caldav}no-uid-conflict"
        assert answer.root[0][0].text == other
    work.put("mine.ics", event("two"))
    assert anna.put(work.href_of("again.ics"), event("two")).status == status


def test_an_object_keeps_its_uid(work: CalendarOwner, anna: Asker) -> None:
    """RFC 4791 §5.3.2.1: overwriting with another UID is a conflict."""
    anna.put(work.href_of("one.ics"), event("one"))
    assert anna.put(work.href_of("one.ics"), event("other")).status == 412


def test_a_calendar_that_may_only_be_read_refuses_with_403(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """R3, H3, P9: shared read-only, revoked, and what is no calendar; with ``need-privileges``. The owner still can."""
    href = anna.put(work.href_of("one.ics"), event("one"))
    assert href.status == 201
    work.revoke_write()
    rota = icloud.account(ANNA).calendar("Team rota").href_of("two.ics")
    for path in (rota, work.href_of("two.ics"), icloud.account(ANNA).home + "inbox/two.ics"):
        answer = anna.put(path, event("two"))
        assert (answer.status, answer.root[0].tag) == (403, "{DAV:}need-privileges")
    assert anna.ask("DELETE", work.href_of("one.ics")).status == 403
    work.put("two.ics", event("two"))
    work.grant_write()
    assert anna.ask("DELETE", work.href_of("one.ics")).status == 204
    assert anna.put(icloud.account(ANNA).home + "NOWHERE/two.ics", event("three")).status == 404


REFUSED = {
    "neither DTEND nor DURATION": ("end_required", _with(f"DTEND:{END}\r\n", ""), 404),
    "all-day without DTEND": ("end_required", _with(f"DTSTART:{START}\r\nDTEND:{END}", "DTSTART;VALUE=DATE:20270104"), 404),
    "STATUS in mixed case": ("status_case", event_at("one", START, END, more=("STATUS:Confirmed",)), 403),
    "DTSTAMP not in UTC": ("local_stamp", _with("DTSTAMP:20261122T000000Z", "DTSTAMP:20261122T000000"), 403),
    "CREATED not in UTC": ("local_stamp", event_at("one", START, END, more=("CREATED:20261122T000000",)), 403),
    "TZID without VTIMEZONE": ("zone_undefined", _zoned("Europe/Berlin"), 400),
    "UTC beside Etc/UTC in a series": (
        "zone_mismatch",
        _zoned("UTC", definition=BERLIN.replace("Europe/Berlin", "Etc/UTC"), rule="RRULE:FREQ=DAILY\r\n"),
        403,
    ),
    "METHOD": ("method", _with("VERSION:2.0\r\n", "VERSION:2.0\r\nMETHOD:PUBLISH\r\n"), 403),
    "a to-do in a calendar of events": ("wrong_component", _todo("DUE;VALUE=DATE:20270105\r\n"), 403),
    "a journal": ("journal", _with(f"DTEND:{END}\r\n", "").replace("VEVENT", "VJOURNAL"), 500),
}


@pytest.mark.parametrize(("switch", "text", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_what_a_put_may_not_hold(icloud: ICloud, work: CalendarOwner, anna: Asker, switch: str, text: str, status: int) -> None:
    """§3.5: each with its status, and nothing is stored; each rule can be switched off."""
    assert anna.put(work.href_of("one.ics"), text).status == status
    assert work.names() == []
    others = {"wrong_component": None, "end_required": None, "zone_undefined": None} if switch in {"journal", "zone_mismatch"} else {}
    icloud.change(**{switch: None}, **others)
    assert anna.put(work.href_of("one.ics"), text).status == 201


def test_what_a_put_may_hold(work: CalendarOwner, anna: Asker) -> None:
    """§3.5: DURATION, DTEND equal to DTSTART, a zone with its definition, a master with an override, properties nobody knows."""
    override = (
        f"BEGIN:VEVENT\r\nUID:4\r\nDTSTAMP:20261122T000000Z\r\nRECURRENCE-ID:{START}\r\nDTSTART:{END}\r\nDURATION:PT1H\r\nEND:VEVENT\r\n"
    )
    texts = [
        _with(f"DTEND:{END}", "DURATION:PT1H"),
        _with(f"DTEND:{END}", f"DTEND:{START}"),
        _zoned("Europe/Berlin", definition=BERLIN),
        event_at("one", START, END, more=("RRULE:FREQ=DAILY", 'X-OURS;X-P="a:b;c":1')).replace("END:VCALENDAR", override + "END:VCALENDAR"),
    ]
    for number, text in enumerate(texts, 1):
        assert anna.put(work.href_of(f"{number}.ics"), text.replace("UID:one", f"UID:{number}")).status == 201
    assert anna.multiget(work.href, work.href_of("4.ics")).rows[0].data.count("DTSTAMP") == 4


@pytest.mark.parametrize(
    "text", ["", "<html>", "BEGIN:VCALENDAR\r\nEND:VEVENT\r\n", event("one").replace("UID:one\r\n", ""), event("one") * 2]
)
def test_what_is_no_calendar_object_is_400(work: CalendarOwner, anna: Asker, text: str) -> None:
    """RFC 4791 §5.3.2.1: and nothing is stored."""
    assert anna.put(work.href_of("one.ics"), text).status == 400
    assert work.names() == []


def test_a_timed_due_is_refused_among_reminders(icloud: ICloud, anna: Asker) -> None:
    """§3.5 (davdroid#553): 403; a date is taken."""
    reminders = icloud.account(ANNA).calendar("Reminders ⚠️")
    assert anna.put(reminders.href_of("one.ics"), _todo("DUE:20270105T090000Z\r\n")).status == icloud.switches.timed_due == 403
    assert anna.put(reminders.href_of("one.ics"), _todo("DUE;VALUE=DATE:20270105\r\n")).status == 201


def test_guests_get_mail_unless_the_client_takes_care(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """§3.5, P15 [M]: an invitation each, once, and SCHEDULE-STATUS in the stored text; none without an organizer."""
    organizer, guest = f"ORGANIZER:mailto:{ANNA}", "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:guest@example.org"
    anna.put(work.href_of("bare.ics"), event_at("bare", START, END, more=(guest,)))
    ours = guest.replace("ATTENDEE;", "ATTENDEE;SCHEDULE-AGENT=CLIENT;")
    anna.put(work.href_of("ours.ics"), event_at("ours", START, END, more=(organizer, ours)))
    assert icloud.ledger.invitations() == []
    for _ in range(2):
        anna.put(work.href_of("party.ics"), event_at("party", START, END, more=(organizer, guest)))
    anna.put(work.href_of("bare.ics"), event_at("bare", START, END, more=(organizer, guest)))
    assert [(mail.uid, mail.attendee) for mail in icloud.ledger.invitations()] == [("party", "mailto:guest@example.org")]


# --- §3.6 DELETE, MOVE ------------------------------------------------------------------------------------------------------------------


def test_delete_honours_if_match_and_refuses_a_depth(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """§3.6: 400 for a Depth header, 412 for a stale ETag, then 204, then 404; without a condition it works, too."""
    href = work.put("one.ics", event("one"))
    assert anna.ask("DELETE", href, Depth="infinity").status == 400
    assert anna.ask("DELETE", href, If_Match='"0"').status == 412
    assert anna.ask("DELETE", href, If_Match=work.etag("one.ics")).status == 204
    assert anna.ask("DELETE", href).status == 404
    icloud.change(depth_on_delete=None)
    assert anna.ask("DELETE", work.put("two.ics", event("two")), Depth="0").status == 204


def test_move_is_412_or_works(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """§3.5 [X]: where it works, UID and text come along."""
    href, home = work.put("one.ics", event("one")), icloud.account(ANNA).calendar("home")
    target = icloud.url.rstrip("/") + home.href_of("one.ics")
    assert anna.ask("MOVE", href, Destination=target).status == 412
    icloud.change(move="works")
    assert anna.ask("MOVE", href, Destination=target).status == 201
    assert (work.names(), home.text("one.ics")) == ([], event("one"))


def test_an_owner_drags_an_event_to_another_calendar(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """C19, P13: removed here, new there, the same UID, which is not burnt."""
    home = icloud.account(ANNA).calendar("home")
    href = work.put("one.ics", event("one"))
    tokens = [anna.sync(calendar.href).token for calendar in (work, home)]
    there = work.move("one.ics", home)
    assert {row.href: row.status for row in anna.sync(work.href, tokens[0]).rows} == {work.href: None, href: 404}
    assert anna.sync(home.href, tokens[1]).hrefs == [home.href, there]
    assert anna.put(there, event("one", summary="Moved"), If_Match=home.etag("one.ics")).status == 204


def test_an_owner_cannot_have_one_uid_twice_unless_the_server_allows_it(icloud: ICloud, work: CalendarOwner) -> None:
    """C18: iCloud forbids it, others do not."""
    home = icloud.account(ANNA).calendar("home")
    work.put("one.ics", event("one"))
    with pytest.raises(ValueError, match="stands elsewhere"):
        home.put("one.ics", event("one"))
    icloud.change(uid_elsewhere="accepted")
    home.put("one.ics", event("one"))
    assert home.names() == work.names()


# --- §2.5 collections -----------------------------------------------------------------------------------------------------------------


def _mkcalendar(anna: Asker, path: str, *components: str) -> tuple[int, str]:
    comps = "".join(f'<C:comp name="{name}"/>' for name in components)
    body = (
        f'{PROLOG}<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop><D:displayname>New</D:displayname>'
        f"<C:supported-calendar-component-set>{comps}</C:supported-calendar-component-set></D:prop></D:set></C:mkcalendar>"
    )
    answer = anna.ask("MKCALENDAR", path, body)
    return answer.status, answer.body.decode()


def test_a_new_calendar_has_exactly_one_component_type(icloud: ICloud, anna: Asker) -> None:
    """§2.5 [M]: two are 400 with the sentence; so are names that are too short or odd; a name that is taken is 403."""
    home = icloud.account(ANNA).home
    status, says = _mkcalendar(anna, f"{home}BOOKINGS/", "VEVENT", "VTODO")
    assert (status, "only one calendar component type supported" in says) == (400, True)
    assert [_mkcalendar(anna, f"{home}{name}/", "VEVENT")[0] for name in ("a", "a%20b", "BOOKINGS", "BOOKINGS")] == [400, 400, 201, 403]
    new = icloud.account(ANNA).calendar("New")
    assert new.id == "BOOKINGS"
    assert anna.put(new.href_of("one.ics"), event("one")).status == 201


def test_calendars_are_deleted_and_may_be_sticky(icloud: ICloud, anna: Asker, work: CalendarOwner) -> None:
    """§2.5: made again under the same id the old events come back; what the system made cannot go."""
    assert anna.ask("DELETE", icloud.account(ANNA).home + "inbox/").status == 403
    for sticky, survivors in ((True, 1), (False, 0)):
        icloud.change(sticky_calendars=sticky, tombstones=False)
        anna.put(work.href_of(f"{sticky}.ics"), event(str(sticky)))
        assert anna.ask("DELETE", work.href).status == 204
        assert anna.sync(work.href).status == 404
        assert _mkcalendar(anna, work.href, "VEVENT")[0] == 201
        assert len(icloud.account(ANNA).calendar("New")) == survivors
    work.remove()
    work.bring_back()
    assert anna.sync(work.href).status == 207


def test_proppatch_sets_name_and_colour(icloud: ICloud, anna: Asker, work: CalendarOwner) -> None:
    """RFC 4918 §9.2: a colour's name is ignored, and a read-only calendar refuses."""
    settings = '<D:displayname>Praxis</D:displayname><A:calendar-color xmlns:A="http://apple.com/ns/ical/">{}</A:calendar-color>'
    body = f'<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop>{settings}</D:prop></D:set></D:propertyupdate>'
    assert anna.ask("PROPPATCH", work.href, body.format("#CB30E0FF")).status == 207
    assert anna.ask("PROPPATCH", work.href, body.format("blue")).status == 207
    assert (work.name, icloud.account(ANNA).calendar("Praxis").id) == ("Praxis", work.id)
    assert anna.propfind(work.href, COLOR).rows[0].found["calendar-color"].text == "#CB30E0FF"
    rota = icloud.account(ANNA).calendar("Team rota")
    assert anna.ask("PROPPATCH", rota.href, body.format("#000000")).status == 403
