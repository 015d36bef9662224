"""What may stand in a cassette in place of what is somebody's: one host, one account, one number, and words that say nothing."""

from __future__ import annotations

import re
from typing import Final
from zoneinfo import available_timezones

from icalsync.core.windows_zones import IANA_OF_WINDOWS

HOST: Final = "caldav.example.test"
"""The one host that all recordings are rewritten to; ``.test`` never resolves (RFC 6761 §6.2)."""
ORIGIN: Final = f"https://{HOST}"
NEXT_PORT: Final = 8443
"""A second host of the same account (iCloud's partition hosts) becomes another port of the same host."""
FEEDS: Final = "feeds.example.test"
"""Where subscriptions lead."""
DOMAIN: Final = "example.test"
"""Of all addresses of people."""
ACCOUNT: Final = "account"
DSID: Final = "123456789"
CALENDAR: Final = "Work"
"""The calendar that is linked; all others are ``Name 1``, ``Name 2``, …"""
FOREIGN_TOKEN: Final = "HwoQAAAA"
"""A sync token that no server ever gave out."""

NAME: Final = re.compile(rf"{CALENDAR}|Name \d+")
TITLE: Final = re.compile(r"Title \d+")
NOTE: Final = re.compile(r"Text \d+")
UID: Final = re.compile(r"event-\d+|uid-\d+|00000000-0000-4000-8000-\d{12}")
ZONE: Final = re.compile(r"Zone \d+")

NAMESPACES: Final = (
    "http://apple.com/ns/ical/",
    "http://calendarserver.org/ns/",
    "http://me.com/_namespace/",
    "http://radicale.org/ns/",
    "http://xandikos.org/ns/",
)
"""What looks like an address in a body and is only a name."""

REQUEST_HEADERS: Final = frozenset({"accept", "accept-encoding", "content-type", "depth", "if-match", "if-none-match", "user-agent"})
RESPONSE_HEADERS: Final = frozenset({"content-type", "date", "etag", "location", "retry-after", "www-authenticate"})
"""All others are dropped: they name machines, sessions and requests, and nobody reads them."""

ELEMENTS: Final = frozenset(
    {"calendar-color", "calendar-data", "displayname", "getctag", "getetag", "href", "status", "sync-level", "sync-token"}
)
"""XML elements whose text may stay, some of it rewritten."""

PLAIN_PROPERTIES: Final = frozenset({
    "BEGIN", "END", "VERSION", "CALSCALE", "DTSTAMP", "DTSTART", "DTEND", "DURATION", "DUE", "COMPLETED", "CREATED", "LAST-MODIFIED",
    "SEQUENCE", "STATUS", "TRANSP", "CLASS", "PRIORITY", "RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID", "TZOFFSETFROM",
    "TZOFFSETTO", "TRIGGER", "ACTION", "X-APPLE-TRAVEL-DURATION", "X-APPLE-TRAVEL-ADVISORY-BEHAVIOR", "X-MICROSOFT-CDO-BUSYSTATUS",
    "X-MICROSOFT-CDO-ALLDAYEVENT",
})  # fmt: skip
"""iCalendar properties that are dates, rules and states: kept as they are."""
PLAIN_VALUE: Final = re.compile(r"[A-Za-z0-9:;,=+/._-]*")
NOTES: Final = frozenset({"DESCRIPTION", "LOCATION", "COMMENT"})
PEOPLE: Final = frozenset({"ATTENDEE", "ORGANIZER"})
PARAMETERS: Final = frozenset(
    {"VALUE", "TZID", "RANGE", "RELATED", "PARTSTAT", "ROLE", "RSVP", "CUTYPE", "SCHEDULE-AGENT", "SCHEDULE-STATUS"}
)
PRODUCT: Final = "-//example.test//EN"
KNOWN_PRODUCTS: Final = ("-//Apple Inc.//", "-//icalsync//")

CALENDAR_TEXT: Final = re.compile(r"BEGIN:VCALENDAR.*?END:VCALENDAR", re.DOTALL)
LINE_END: Final = re.compile(r"(?:&#13;|&#x0?[dD];|\r)?\n")


def is_standard_zone(name: str) -> bool:
    """Whether a TZID is one that many have: an IANA name or one of Windows' (any other may be words of somebody's own)."""
    return name in available_timezones() or name in IANA_OF_WINDOWS
