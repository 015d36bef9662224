"""The world can be put on real CalDAV servers, again and again, and stands there as it was written."""

from __future__ import annotations

from datetime import date
from xml.etree import ElementTree as ET

import pytest
from icalendar import Calendar

from icalsync.demo.cast import ADDRESSES, CALENDARS
from icalsync.demo.seed import seed
from icalsync.demo.server import RadicaleServer
from icalsync.demo.world import EVENTS, TASKS, world
from icalsync.errors import ServerFailed, ServerUnreachable
from tests.servers import Account

TODAY = date(2026, 11, 22)
pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]  # a loaded machine may need minutes to fill 17 calendars
PASSWORD = "abcd-efgh-ijkl-mnop"
DAV, CALDAV, CALENDARSERVER = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}", "{http://calendarserver.org/ns/}"


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A Radicale that was filled, stopped, and started again with one calendar read-only, as the demo does."""
    directory = tmp_path_factory.mktemp("radicale")
    passwords = dict.fromkeys(ADDRESSES, PASSWORD)
    with RadicaleServer(directory, passwords) as server:
        assert seed(world(TODAY), server.url, passwords) == EVENTS + len(TASKS)
    with RadicaleServer(directory, passwords, read_only=["anna/clinic-dates"]) as server:
        yield server


def rows(server, account, path, props):
    """The 200 properties of a Depth 1 PROPFIND, by href."""
    namespaces = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:S="http://calendarserver.org/ns/"'
    body = f"<propfind {namespaces}><prop>{props}</prop></propfind>"
    reply = Account(server.url, account, PASSWORD).ask("PROPFIND", path, body, depth="1")
    assert reply.status == 207
    answers = ET.fromstring(reply.body)  # noqa: S314  # the test's own server
    return {row.findtext(f"{DAV}href"): row.find(f"{DAV}propstat/{DAV}prop") for row in answers.iter(f"{DAV}response")}


def test_every_object_is_on_the_server(filled):
    """Radicale takes all of them, in their calendars."""
    made = world(TODAY)
    for plan in CALENDARS:
        hrefs = set(rows(filled, plan.account, f"/{plan.account}/{plan.slug}/", "<getetag/>"))
        assert hrefs - {f"/{plan.account}/{plan.slug}/"} == {
            f"/{plan.account}/{plan.slug}/{item.name}" for item in made.of_calendar(*plan.key)
        }


def test_calendars_bear_their_names_and_components(filled):
    """Display name, component set and the subscription's source are what discovery will read."""
    for account in ADDRESSES:
        home = rows(filled, account, f"/{account}/", "<displayname/><resourcetype/><C:supported-calendar-component-set/><S:source/>")
        for plan in (plan for plan in CALENDARS if plan.account == account):
            props = home[f"/{account}/{plan.slug}/"]
            assert props.findtext(f"{DAV}displayname") == plan.display_name
            kinds = {kind.tag for kind in props.find(f"{DAV}resourcetype")}
            if plan.source:
                assert f"{CALENDARSERVER}subscribed" in kinds
                assert f"{CALDAV}calendar" not in kinds
                assert props.findtext(f"{CALENDARSERVER}source/{DAV}href") == plan.source
            else:
                assert f"{CALDAV}calendar" in kinds
                assert [comp.get("name") for comp in props.iter(f"{CALDAV}comp")] == [plan.component]


def test_the_read_only_calendar_cannot_be_written(filled):
    """R3: the server says so in the privileges, and means it."""
    account = Account(filled.url, "anna", PASSWORD)
    home = rows(filled, "anna", "/anna/", "<current-user-privilege-set/>")
    privileges = {slug: {tag.tag for tag in home[f"/anna/{slug}/"].iter()} for slug in ("clinic-dates", "patients")}
    assert f"{DAV}write" in privileges["patients"]
    assert f"{DAV}write" not in privileges["clinic-dates"]
    item = world(TODAY).of_calendar("anna", "clinic-dates")[0]
    assert account.ask("PUT", f"/anna/clinic-dates/{item.name}", item.raw, Content_Type="text/calendar").status in {401, 403}


def test_what_the_server_gives_back_means_the_same(filled):
    """Radicale rewrites the text; every event keeps its times, rule and overrides."""
    account = Account(filled.url, "olivia", PASSWORD)
    for item in world(TODAY).of_calendar("olivia", "personal"):
        given = account.ask("GET", f"/olivia/personal/{item.name}")
        assert given.status == 200
        assert _meaning(given.body) == _meaning(item.raw)


def _meaning(raw):
    names = ("DTSTART", "DTEND", "RECURRENCE-ID")
    return sorted(
        (*(str(event[name].dt) if name in event else "" for name in names), str(event.get("RRULE")), str(event.get("STATUS")))
        for event in Calendar.from_ical(raw).walk("VEVENT")
    )


def test_filling_again_replaces_what_was_there(tmp_path):
    """A second run over the same storage, on another day, leaves that day's world and nothing of the first."""
    account = {"joint": PASSWORD}
    with RadicaleServer(tmp_path, account) as server:
        seed(world(TODAY), server.url, account)
        seed(world(date(2026, 12, 24)), server.url, account)
        expected = {f"/joint/projects/{item.name}" for item in world(date(2026, 12, 24)).of_calendar("joint", "projects")}
        assert set(rows(server, "joint", "/joint/projects/", "<getetag/>")) - {"/joint/projects/"} == expected


def test_every_object_is_taken_by_another_server(xandikos):
    """Xandikos reads and checks each object by itself; it takes all of Anna's."""
    made = world(TODAY)
    names = {plan.slug for plan in CALENDARS if plan.account == "anna" and plan.source is None}
    for slug in names:
        component = next(plan.component for plan in CALENDARS if plan.key == ("anna", slug))
        xandikos.account.mkcalendar(f"{xandikos.home}{slug}/", name=slug, components=(component,))
        for item in made.of_calendar("anna", slug):
            xandikos.account.put(f"{xandikos.home}{slug}/{item.name}", item.raw)


def test_a_wrong_password_stops_the_filling_and_says_the_status(tmp_path):
    """Nothing is skipped silently: a refused request ends it with a plain error that does not hold the password."""
    with RadicaleServer(tmp_path, {"joint": PASSWORD}) as server, pytest.raises(ServerFailed) as caught:
        seed(world(TODAY), server.url, {"joint": "wrong-secret"})
    assert "401" in caught.value.message
    assert "wrong-secret" not in str(caught.value)


def test_a_server_that_is_gone_is_named(tmp_path):
    """No traceback of the standard library reaches anybody."""
    with RadicaleServer(tmp_path, {"joint": PASSWORD}) as server:
        url = server.url
    with pytest.raises(ServerUnreachable, match=r"127\.0\.0\.1"):
        seed(world(TODAY), url, {"joint": PASSWORD})
