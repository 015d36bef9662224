"""One opened account: requests by path, sent to the host that serves it, and the statuses that mean the same for every request."""

from __future__ import annotations

import email.utils
import threading
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Final

from icalsync.caldav.quirks import PROVIDER_QUIRKS, Quirks
from icalsync.caldav.wire import DAV, Multistatus, conditions_in, is_self, name, parse_multistatus, propfind_body
from icalsync.core.paths import path_key
from icalsync.errors import (
    AccessDenied,
    AuthenticationRejected,
    CalendarGone,
    ProtocolViolation,
    ServerBusy,
    ServerFailed,
    ServerUnreachable,
    Unsupported,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from icalsync.caldav.answers import Answer
    from icalsync.caldav.hosts import ServerUrl
    from icalsync.caldav.transport import Transport
    from icalsync.ports import Clock, Login

LONGEST_WAIT: Final = 3600.0
"""Seconds; what a server asks for beyond that is cut (H16)."""
GONE: Final = frozenset({404, 410})
READABLE: Final = frozenset({200, 207})
"""A multistatus that comes as 200 is one all the same (H31): the body decides."""


class Whereabouts:
    """Which host serves which paths of an account (partition hosts, icloud.md §1.1.3); kept between openings, may be forgotten."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: dict[str, ServerUrl] = {}

    def remember(self, path: str, place: ServerUrl) -> None:
        """This path, and all below it, is served there."""
        with self._lock:
            self._places[path_key(path)] = place

    def forget(self) -> None:
        """Everything; discovery learns it anew."""
        with self._lock:
            self._places.clear()

    def find(self, path: str, start: ServerUrl) -> ServerUrl:
        """The address of a path: by its nearest remembered ancestor, else on the host the account starts at."""
        key = path_key(path)
        with self._lock:
            while key:
                if key in self._places:
                    return self._places[key].at(path)
                key = key.rpartition("/")[0]
        return start.at(path)


@dataclass
class Account:
    """What every request of one opened account needs."""

    login: Login
    start: ServerUrl
    transport: Transport
    whereabouts: Whereabouts
    clock: Clock

    @property
    def quirks(self) -> Quirks:
        """What to expect of this provider."""
        return PROVIDER_QUIRKS.get(self.login.provider, Quirks())

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        depth: str | None = None,
        headers: Mapping[str, str] | None = None,
        follow: bool = True,
    ) -> Answer:
        """One request. Raises for 401, 429 and 503, and for every 5xx but 501 and 507; any other status is the caller's to judge.

        Without ``follow`` redirects are the caller's, too.
        """
        url = self.whereabouts.find(path, self.start)
        try:
            return self.ask_at(method, url, body=body, depth=depth, headers=headers, follow=follow)
        except ServerUnreachable:
            if url.origin != self.start.origin:  # partitions move: from now on ask where the account starts
                self.whereabouts.forget()
            raise

    def ask_at(
        self,
        method: str,
        url: ServerUrl,
        *,
        body: bytes = b"",
        depth: str | None = None,
        headers: Mapping[str, str] | None = None,
        follow: bool = True,
    ) -> Answer:
        """The same, at a known address."""
        sent = dict(headers or {})
        if depth is not None:
            sent["Depth"] = depth
        answer = self.transport.request(method, url, body=body, headers=sent, follow=follow)
        if answer.url.origin != url.origin and answer.status in READABLE:
            self.whereabouts.remember(answer.url.path, answer.url)  # H26: the next request goes there at once
        if answer.status == 401:  # noqa: PLR2004
            raise self._rejection(url)
        if answer.status in {429, 503}:
            raise self.busy(answer)
        if answer.status >= 500 and answer.status not in {501, 507}:  # noqa: PLR2004
            raise ServerFailed(host=url.host, status=answer.status)
        return answer

    def rejected(self, url: ServerUrl) -> AuthenticationRejected:
        """The error for a password or an account name that is not accepted."""
        return AuthenticationRejected(host=url.host, account=self.login.account)

    def busy(self, answer: Answer) -> ServerBusy:
        """The error for an answer that asks for patience."""
        return ServerBusy(host=answer.url.host, retry_after=self._retry_after(answer), status=answer.status)

    def _rejection(self, url: ServerUrl) -> AuthenticationRejected | ServerBusy:
        """What a 401 means (H1, H2): where the provider throttles with it, the root is asked whether the password is still good."""
        if not self.quirks.rejection_below_root_is_throttling or url.path == "/":
            return self.rejected(url)
        body = propfind_body([name(DAV, "current-user-principal")])
        answer = self.transport.request("PROPFIND", self.start.at("/"), body=body, headers={"Depth": "0"})
        return ServerBusy(host=url.host, retry_after=None) if answer.status in READABLE else self.rejected(url)

    def _retry_after(self, answer: Answer) -> float | None:
        """Seconds between 1 and 3600 from ``Retry-After`` (RFC 9110 §10.2.3); None where there is none, or it is junk (H15, H16)."""
        value = answer.header("retry-after") or ""
        try:
            seconds = float(value)
        except ValueError:
            then = _http_date(value)
            if then is None:
                return None
            seconds = then - (_http_date(answer.header("date") or "") or self.clock.now().timestamp())
        return min(max(seconds, 1.0), LONGEST_WAIT) if seconds == seconds else None  # noqa: PLR0124  # not a number is junk


def _http_date(value: str) -> float | None:
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def rows_of(answer: Answer) -> Multistatus:
    """The rows of an answer that has some; ``CalendarGone`` where the row of the collection itself says so (Xandikos does)."""
    found = parse_multistatus(answer.body, answer.url)
    if any(row.status in GONE for row in found.rows if is_self(row, answer.url)):
        raise CalendarGone(path=answer.url.path, host=answer.url.host)
    return found


def multistatus(answer: Answer, what: str) -> Multistatus:
    """The rows of an answer about a collection; what ``check_readable`` raises, and ``ProtocolViolation``."""
    check_readable(answer, what)
    return rows_of(answer)


def check_readable(answer: Answer, what: str) -> None:
    """Whether an answer about a collection has rows by its status.

    ``CalendarGone`` (404, 410), ``AccessDenied`` (403), ``Unsupported`` (any other 4xx, 501, 507), ``ProtocolViolation``.
    """
    path, status = answer.url.path, answer.status
    if status in READABLE:
        return
    if status in GONE:
        raise CalendarGone(path=path, host=answer.url.host)
    if status == 403 and "supported-report" not in conditions_in(answer.body):  # noqa: PLR2004
        raise AccessDenied(host=answer.url.host, path=path)
    if status >= 400:  # noqa: PLR2004
        raise Unsupported(path=path, what=what, host=answer.url.host)
    raise ProtocolViolation(host=answer.url.host, path=path, why=f"the status {status} makes no sense here")
