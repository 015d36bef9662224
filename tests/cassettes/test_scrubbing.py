"""Scrubbing takes what is somebody's and leaves what a server said (S3)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from vcr.request import Request

from tests.cassettes.scan import findings_in
from tests.cassettes.scrubbing import Private, Scrubber

ACCOUNT = "Anna.Adler@icloud.com"
DSID = "8034" + "509913"
UID = "7f3b@mail.acme.example"
UUID = "5D1E8C0A-93B4-4F6E-A1C2-0123456789AB"
TOKEN = "HwoQEgwAAAZ9c1tJ+AAAAAAYARgAIhYI/e=="
PRIVATE = Private("https://caldav.icloud.com/", ACCOUNT, "xxxx-xxxx-xxxx-xxxx", "Anna's cassettes")
CALENDAR = "\r\n".join([
    "BEGIN:VCALENDAR", "PRODID:-//Some Firm//Some Product//EN", "X-WR-CALNAME:Anna's life", "BEGIN:VTIMEZONE", "TZID:Anna's zone",
    "END:VTIMEZONE", "BEGIN:VEVENT", f"UID:{UID}", "DTSTAMP:20261122T120000Z", "DTSTART;TZID=Anna's zone:20270104T090000",
    "DTEND;TZID=Europe/Berlin;X-VOBJ-ORIGINAL-TZID=Praxis:20270104T100000", "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20270301T000000Z",
    "SUMMARY;LANGUAGE=de:Therapie bei Dr.", "  Sommer", "DESCRIPTION:Call +49 30 1234567", "LOCATION:Main Street 12",
    'ATTENDEE;CN="Adler; Anna";PARTSTAT=DECLINED:mailto:anna.adler@icloud.com',
    "ATTENDEE;CN=Ben;PARTSTAT=ACCEPTED:mailto:ben@acme.example", "X-APPLE-STRUCTURED-LOCATION;X-TITLE=Home:geo:52.5,13.4",
    "X-APPLE-TRAVEL-DURATION;VALUE=DURATION:PT30M", "STATUS:CONFIRMED", "TRANSP:OPAQUE", "END:VEVENT", "END:VCALENDAR", "",
])  # fmt: skip
SCRUBBED = "\r\n".join([  # noqa: FLY002  # line by line, as what it is made from
    "BEGIN:VCALENDAR", "PRODID:-//example.test//EN", "BEGIN:VTIMEZONE", "TZID:Zone 1", "END:VTIMEZONE", "BEGIN:VEVENT", "UID:uid-1",
    "DTSTAMP:20261122T120000Z", "DTSTART;TZID=Zone 1:20270104T090000", "DTEND;TZID=Europe/Berlin:20270104T100000",
    "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20270301T000000Z", "SUMMARY:Title 1", "DESCRIPTION:Text 1", "LOCATION:Text 2",
    "ATTENDEE;PARTSTAT=DECLINED:mailto:account@example.test", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:person-1@example.test",
    "X-APPLE-TRAVEL-DURATION;VALUE=DURATION:PT30M", "STATUS:CONFIRMED", "TRANSP:OPAQUE", "END:VEVENT", "END:VCALENDAR", "",
])  # fmt: skip


def said(body: str, *, uri: str = "https://caldav.icloud.com/", asked: str = "", **headers: str) -> tuple[Request, dict[str, Any]]:
    """An exchange as vcrpy hears it."""
    request = Request("REPORT", uri, asked.encode(), {"Depth": "1", "Authorization": "Basic x", "Cookie": "x"})
    told = {name.replace("_", "-"): [value] for name, value in headers.items()}
    return request, {"status": {"code": 207, "message": "Multi-Status"}, "headers": told, "body": {"string": body.encode()}}


def scrubbed(*exchanges: tuple[Request, dict[str, Any]]) -> list[dict[str, Any]]:
    """All of them as they would be written; nothing in them is found by the search."""
    scrubber = Scrubber(PRIVATE)
    scrubber.learn(exchanges)
    clean = [scrubber.scrubbed(*each) for each in exchanges]
    assert findings_in({"interactions": clean}, forbidden=scrubber.forbidden()) == []
    return clean


@pytest.mark.parametrize(("form", "end"), [("<![CDATA[{}]]>", "\r\n"), ("{}", "&#13;\n"), ("{}", "\n")])
def test_a_calendar_keeps_its_dates_rules_and_states_and_nothing_else(form: str, end: str) -> None:
    """Titles, people, places and unknown properties go; times, recurrence, answers and the server's own line ends stay."""
    calendar = CALENDAR.replace("\r\n", end)
    data = '<multistatus xmlns="DAV:"><calendar-data xmlns="urn:ietf:params:xml:ns:caldav">{}</calendar-data></multistatus>'
    (clean,) = scrubbed(said(data.format(form.format(calendar))))
    assert clean["response"]["body"]["string"] == data.format(form.format(SCRUBBED.replace("\r\n", end)))


def test_what_is_one_thing_in_several_places_stays_one_thing() -> None:
    """Paths, hrefs and tokens of a request are those of the answer before it, or the replay would not be true."""
    member = f"/{DSID}/calendars/{UUID}/{UID.replace('@', '%40')}.ics"
    listing = f'<multistatus xmlns="DAV:"><href>{member}</href><sync-token>{TOKEN}</sync-token></multistatus>'
    asked = f'<sync-collection xmlns="DAV:"><sync-token>{TOKEN}</sync-token></sync-collection>'
    home = said(listing, uri=f"https://p07-caldav.icloud.com/{DSID}/calendars/{UUID}/")
    first, second = scrubbed(home, said(CALENDAR, uri=f"https://p07-caldav.icloud.com:443/{DSID}/calendars/{UUID}/", asked=asked))
    place = "/123456789/calendars/00000000-0000-4000-8000-000000000001/"
    assert first["request"]["uri"] == f"https://caldav.example.test:8443{place}"
    assert second["request"]["uri"].removesuffix(place) in {"https://caldav.example.test:8443", "https://caldav.example.test:443"}
    assert f"<href>{place}uid-1.ics</href>" in first["response"]["body"]["string"]
    (token,) = re.findall(r"<sync-token>(.*)</sync-token>", first["response"]["body"]["string"])
    assert token in second["request"]["body"]
    assert token != TOKEN
    assert (token[:4], len(token), token[-2:]) == (TOKEN[:4], len(TOKEN), TOKEN[-2:])


def test_names_of_calendars_and_people_are_numbered_in_the_order_they_are_met() -> None:
    """Two of the same name stay two of the same name; the linked one is ``Work``."""
    names = ["Anna Adler", "Family", "Anna's cassettes", "Family", "Name 1"]
    rows = "".join(f"<displayname>{name}</displayname>" for name in names)
    (clean,) = scrubbed(said(f'<multistatus xmlns="DAV:">{rows}</multistatus>'))
    told = re.findall(r"<displayname>(.*?)</displayname>", clean["response"]["body"]["string"])
    assert told == ["Name 1", "Name 2", "Work", "Name 2", "Name 3"]


def test_addresses_stay_the_account_s_own_or_somebody_else_s() -> None:
    """Whose answer to an invitation counts is part of what is replayed; a subscription's source leads nowhere."""
    hrefs = [
        "mailto:anna.adler@icloud.com",
        "mailto:ben@acme.example",
        f"/{DSID}/principal/",
        f"urn:uuid:{UUID}",
        "webcal://p12-calendars.icloud.com/x",
    ]
    body = "".join(f"<href>{href}</href>" for href in hrefs)
    (clean,) = scrubbed(said(f'<multistatus xmlns="DAV:">{body}</multistatus>'))
    assert re.findall("<href>(.*?)</href>", clean["response"]["body"]["string"]) == [
        "mailto:account@example.test",
        "mailto:person-1@example.test",
        "/123456789/principal/",
        "urn:uuid:00000000-0000-4000-8000-000000000001",
        "webcal://feeds.example.test/1.ics",
    ]


def test_only_headers_that_mean_something_to_a_client_stay() -> None:
    """Credentials, cookies and names of machines go; Date stays where Retry-After makes it mean something (H16)."""
    plain, busy = scrubbed(
        said("", Date="Sun, 22 Nov 2026 12:00:00 GMT", Via="xrail:mr49", Set_Cookie="x", ETag='"ldp3blyq"'),
        said("", Date="Sun, 22 Nov 2026 12:00:00 GMT", Retry_After="120", WWW_Authenticate='Basic realm="Anna"'),
    )
    assert plain["request"]["headers"] == {"Depth": ["1"]}
    assert plain["response"]["headers"] == {"Etag": ['"ldp3blyq"']}
    assert busy["response"]["headers"] == {
        "Date": ["Sun, 22 Nov 2026 12:00:00 GMT"],
        "Retry-After": ["120"],
        "Www-Authenticate": ['Basic realm="realm"'],
    }


def test_a_page_for_people_becomes_a_page_that_says_its_status() -> None:
    """A client only sees that it is one; other texts are dropped, and words in unknown elements too."""
    page, text, answer = scrubbed(
        said("<html><body>Sorry, Anna</body></html>"),
        said("Access of Anna denied"),
        said('<error xmlns="DAV:"><valid-sync-token/><responsedescription>of Anna</responsedescription></error>'),
    )
    assert page["response"]["body"]["string"] == "<html><head><title>207</title></head><body></body></html>"
    assert text["response"]["body"]["string"] == ""
    assert "<valid-sync-token/><responsedescription></responsedescription>" in answer["response"]["body"]["string"]


def test_a_redirect_leads_to_the_test_host() -> None:
    """And relative ones stay relative."""
    there, here = scrubbed(said("", Location=f"https://p07-caldav.icloud.com/{DSID}/principal/"), said("", Location=f"/{DSID}/principal/"))
    assert there["response"]["headers"]["Location"] == ["https://caldav.example.test:8443/123456789/principal/"]
    assert here["response"]["headers"]["Location"] == ["/123456789/principal/"]
