"""Recording from a real iCloud account, as carefully as somebody else's calendars deserve.

Nothing is read but the list of calendars and one calendar that the person names, which must be empty; nothing is written but five
events in that calendar, with names of their own, and they are deleted at the end. No calendar is made, changed or deleted.
"""

from __future__ import annotations

import base64
import getpass
import http.client
import os
import time
import uuid
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from icalsync.caldav.client import CalDavDoor
from icalsync.caldav.hosts import SystemResolver, parse_url, same_site
from icalsync.core.collections import access_of, not_selectable_reason
from icalsync.core.credentials import app_specific
from icalsync.errors import PasswordForm
from icalsync.ports import Login, Secret
from icalsync.settings import load_settings
from tests.cassettes.owners import story_event
from tests.cassettes.stage import Account, Manners

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from icalsync.caldav.hosts import ServerUrl
    from icalsync.ports import CalendarServer, Collection

SETTLE_SECONDS: Final = 20.0
"""iCloud lists what was written some seconds later (icloud.md §3.1)."""
REDIRECTS: Final = frozenset({301, 302, 307, 308})
USER_AGENT: Final = "icalsync (cassettes)"


class Refused(Exception):
    """The recording does not begin, or cannot go on: a sentence for the person who asked for it."""


@dataclass(frozen=True)
class Wanted:
    """Which account, and which of its calendars."""

    url: str
    account: str
    password: Secret
    calendar: str
    settle: float = SETTLE_SECONDS
    private_hosts: bool = False


def asked_for(environ: Mapping[str, str] = os.environ) -> Wanted:
    """From ``RECORD_ACCOUNT``, ``RECORD_PASSWORD``, ``RECORD_CALENDAR`` and ``RECORD_SETTLE`` (seconds), else from a prompt.

    Never from an argument, which any process of the machine could read. ``Refused``, ``PasswordForm``.
    """
    settings = load_settings(environ)
    account = _given(environ, "RECORD_ACCOUNT", "Apple Account (primary address): ", input)
    password = app_specific(_given(environ, "RECORD_PASSWORD", "App-specific password: ", _unseen))
    if password is None:
        raise PasswordForm
    calendar = _given(environ, "RECORD_CALENDAR", "Empty calendar to record with: ", input)
    try:
        settle = float(environ.get("RECORD_SETTLE") or SETTLE_SECONDS)
    except ValueError:
        raise Refused("RECORD_SETTLE must be a number of seconds.") from None
    return Wanted(settings.icloud_url, account, Secret(password), calendar, settle, settings.allow_private_hosts)


def _given(environ: Mapping[str, str], name: str, prompt: str, ask: Callable[[str], str]) -> str:
    try:
        value = (environ.get(name) or ask(prompt)).strip()
    except EOFError:
        value = ""
    if not value:
        raise Refused(f"Nothing was given; answer the prompt, or set {name}.")
    return value


def _unseen(prompt: str) -> str:
    """A password typed without an echo; ``Refused`` where there is no terminal that can do that."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt)
        except getpass.GetPassWarning:
            raise Refused("There is no terminal where the password could be typed unseen; set RECORD_PASSWORD.") from None


@dataclass(frozen=True)
class RealICloud:
    """A real account (``owners.Source``)."""

    account: Account
    owner: RealOwner
    private_hosts: bool
    says: str = "iCloud"
    manners: Manners = field(default_factory=lambda: Manners(others_are_read=False, tokens_expire=False))


@contextmanager
def real_icloud(wanted: Wanted) -> Iterator[RealICloud]:
    """The account, once the calendar was found to be empty and writable; afterwards it is empty again. ``Refused``."""
    login = Login("icloud", wanted.url, wanted.account, wanted.password)
    with CalDavDoor(SystemResolver(allow_private=wanted.private_hosts)).open(login) as server:
        calendar = _checked(server, wanted.calendar)
    owner = RealOwner(Hand(wanted.url, wanted.account, wanted.password), calendar.href, wanted.settle)
    account = Account("icloud", wanted.url, wanted.account, wanted.password.reveal(), wanted.calendar)
    try:
        yield RealICloud(account, owner, wanted.private_hosts)
    finally:
        owner.clear()


def _checked(server: CalendarServer, name: str) -> Collection:
    """The calendar of that name: exactly one, an ordinary one, writable, and empty."""
    found = [each for each in server.discover().collections if each.display_name == name and "calendar" in each.kinds]
    if len(found) != 1:
        raise Refused(
            f"{len(found)} calendars of this account have that name; make one of your own for this, empty, with a name of its own."
        )
    calendar = found[0]
    if not_selectable_reason(calendar.kinds, calendar.components, calendar.privileges) or access_of(calendar.privileges) != "write":
        raise Refused("That calendar cannot be written to; name one of your own.")
    members = len(server.list_members(calendar.href).members)
    if members:
        raise Refused(f"That calendar holds {members} objects; only an empty one is used, so that nothing of yours is read or touched.")
    return calendar


class RealOwner:
    """The person's other device: five events in one calendar, under UIDs never used before (iCloud burns those that were deleted)."""

    def __init__(self, hand: Hand, calendar: str, settle: float) -> None:
        self._hand = hand
        self._calendar = calendar
        self._settle = settle
        self._uids: dict[int, str] = {}
        self._etags: dict[int, str | None] = {}
        self._unsettled = False

    def put(self, number: int, starts: str, ends: str) -> None:
        """PUT, only where nobody else has been meanwhile."""
        new = number not in self._uids
        uid = self._uids.setdefault(number, str(uuid.uuid4()).upper())
        etag = None if new else self._etags[number]
        condition = {"If-None-Match": "*"} if new else {"If-Match": etag} if etag else {}
        headers = {"Content-Type": "text/calendar; charset=utf-8", **condition}
        status, told = self._hand.ask("PUT", self._href(number), story_event(uid, starts, ends), headers)
        if status not in {200, 201, 204}:
            raise Refused(f"iCloud answered {status} to an event that was to be stored; the recording ends here.")
        self._etags[number] = told
        self._unsettled = True

    def delete(self, number: int) -> None:
        """DELETE, without a Depth header (icloud.md §3.6)."""
        status, _ = self._hand.ask("DELETE", self._href(number), "", {})
        if status not in {200, 202, 204, 404, 410}:
            raise Refused(f"iCloud answered {status} to a deletion; the recording ends here.")
        del self._uids[number]
        self._unsettled = True

    def clear(self) -> None:
        """Delete whatever was stored and is still there; ``Refused`` where something stays, once all the rest is gone."""
        left = 0
        for number in list(self._uids):
            try:
                self.delete(number)
            except Refused:
                left += 1
        if left:
            raise Refused(f"{left} of the recording's events could not be deleted; please delete what is left in that calendar by hand.")

    def settle(self) -> None:
        """Wait until what was written is listed, too."""
        if self._unsettled:
            time.sleep(self._settle)
        self._unsettled = False

    def expire_tokens(self) -> None:
        """Nobody can; the product asks with a foreign token instead."""

    def subscribe(self) -> None:
        """The person did, or there is none."""

    def throttle(self) -> None:
        """Never."""
        raise NotImplementedError

    overload = recover = throttle

    def _href(self, number: int) -> str:
        return f"{self._calendar.rstrip('/')}/{self._uids[number]}.ics"


class Hand:
    """Requests past the product and past the tape; the password goes to the account's own site alone."""

    def __init__(self, url: str, account: str, password: Secret) -> None:
        self._start = parse_url(url)
        self._account, self._password = account, password

    def ask(self, method: str, path: str, body: str, headers: Mapping[str, str]) -> tuple[int, str | None]:
        """The status, and the ETag where one is told; one redirect is followed."""
        url = self._start.at(path)
        status, etag, location = self._once(method, url, body, headers)
        if status in REDIRECTS and location:
            target = parse_url(urljoin(str(url), location))
            if not same_site(self._start, target):
                raise Refused(f"iCloud sends to another site, {target.host}; the recording ends here.")
            status, etag, _ = self._once(method, target, body, headers)
        return status, etag

    def _once(self, method: str, url: ServerUrl, body: str, headers: Mapping[str, str]) -> tuple[int, str | None, str | None]:
        pair = base64.b64encode(f"{self._account}:{self._password.reveal()}".encode()).decode()
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        connection = kind(url.host, url.port, timeout=60)
        try:
            sent = {"User-Agent": USER_AGENT, "Authorization": f"Basic {pair}", **headers}
            connection.request(method, url.path, body.encode() or None, sent)
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.getheader("ETag"), answer.getheader("Location")
        except (OSError, http.client.HTTPException) as error:
            raise Refused(f"{url.host} could not be reached ({type(error).__name__}); the recording ends here.") from None
        finally:
            connection.close()
