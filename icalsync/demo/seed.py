"""Puts the demo world on a CalDAV server, over HTTP and nothing else: what the sync reads afterwards, any client could have written."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

from icalsync.demo.cast import CALENDARS, CalendarPlan
from icalsync.demo.world import World
from icalsync.errors import ServerFailed, ServerUnreachable

Home = Callable[[str], str]
"""Where an account's calendars lie on the server: ``anna`` → ``/anna/``."""

_TIMEOUT: Final = 30.0
_XML: Final = "application/xml; charset=utf-8"
_MKCALENDAR: Final = """<?xml version="1.0" encoding="utf-8"?>
<C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:A="http://apple.com/ns/ical/"><set><prop>
<displayname>{name}</displayname><A:calendar-color>{color}FF</A:calendar-color>
<C:supported-calendar-component-set><C:comp name="{component}"/></C:supported-calendar-component-set>
</prop></set></C:mkcalendar>"""
_MKCOL_SUBSCRIBED: Final = """<?xml version="1.0" encoding="utf-8"?>
<mkcol xmlns="DAV:" xmlns:CS="http://calendarserver.org/ns/" xmlns:A="http://apple.com/ns/ical/"><set><prop>
<resourcetype><collection/><CS:subscribed/></resourcetype>
<displayname>{name}</displayname><A:calendar-color>{color}FF</A:calendar-color><CS:source>{source}</CS:source>
</prop></set></mkcol>"""


def seed(world: World, url: str, passwords: Mapping[str, str], *, home: Home = "/{}/".format) -> int:
    """Put every calendar of ``passwords``' accounts there, replacing what had its name, and return how many objects were stored.

    ``ServerUnreachable`` or ``ServerFailed`` (with the status) where the server does not take one.
    """
    stored = 0
    for account, password in passwords.items():
        with _Writer(url, account, password) as writer:
            for plan in (plan for plan in CALENDARS if plan.account == account):
                path = f"{home(account)}{quote(plan.slug)}/"
                writer.make_calendar(path, plan)
                for item in world.of_calendar(*plan.key):
                    writer.put(path + quote(item.name), item.raw)
                    stored += 1
    return stored


class _Writer:
    """One account's connection, kept open where the server keeps it."""

    def __init__(self, url: str, account: str, password: str) -> None:
        parts = urlsplit(url)
        self._host = parts.netloc
        self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT)
        credentials = base64.b64encode(f"{account}:{password}".encode()).decode("ascii")
        self._headers = {"Authorization": f"Basic {credentials}", "User-Agent": "icalsync-demo"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._connection.close()

    def make_calendar(self, path: str, plan: CalendarPlan) -> None:
        """An empty collection at ``path``: a calendar (MKCALENDAR, RFC 4791 §5.3.1) or a subscription (extended MKCOL, RFC 5689)."""
        self._send("DELETE", path, None, {}, also=(404,))
        facts = {"name": escape(plan.display_name), "color": plan.color}
        if plan.source is None:
            body = _MKCALENDAR.format(component=plan.component, **facts)
            self._send("MKCALENDAR", path, body.encode(), {"Content-Type": _XML})
        else:
            body = _MKCOL_SUBSCRIBED.format(source=escape(plan.source), **facts)
            self._send("MKCOL", path, body.encode(), {"Content-Type": _XML})

    def put(self, path: str, raw: bytes) -> None:
        """One new calendar object."""
        self._send("PUT", path, raw, {"Content-Type": "text/calendar; charset=utf-8", "If-None-Match": "*"})

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], *, also: tuple[int, ...] = ()) -> None:
        try:
            self._connection.request(method, path, body, {**self._headers, **headers})
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, HTTPException) as error:
            raise ServerUnreachable(host=self._host, why=str(error) or type(error).__name__) from error
        if not 200 <= answer.status < 300 and answer.status not in also:  # noqa: PLR2004 - RFC 9110: successful
            raise ServerFailed(host=self._host, status=f"{answer.status} to {method} {path}")
