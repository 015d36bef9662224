"""The way to a server: the session of the ``caldav`` library, hardened.

What the library leaves open is closed here (deps.md §1, faults.md §0): redirects are followed by hand, with method and body, within
the site; addresses are judged when connected, before a byte is sent; every request has a total deadline; answers have a cap; nothing
comes from the environment; no log line holds a header or a body.
"""

from __future__ import annotations

import base64
import logging
import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import caldav
import niquests
from caldav.lib import error as caldav_error

from icalsync.caldav.answers import Answer, Body
from icalsync.caldav.deadline import Deadline, Wire
from icalsync.caldav.faults import translated
from icalsync.caldav.hosts import ServerUrl, literal_address, same_site
from icalsync.caldav.pinning import PinnedResolver
from icalsync.caldav.redirects import MOST_REDIRECTS, REDIRECTS, target_of
from icalsync.errors import IcalsyncError, InsecureUrl, InvalidInput, RedirectRefused, ServerTimedOut
from icalsync.ports import Resolver, Secret, Traffic

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping
    from pathlib import Path

logger = logging.getLogger(__name__)

READS: Final = frozenset({"PROPFIND", "REPORT", "GET", "HEAD", "OPTIONS"})
"""Methods that may be sent again when a kept-alive connection turned out to be dead (N11)."""
_CHUNK: Final = 1 << 16
_NOISY: Final = ("caldav", "niquests", "urllib3", "urllib3_future", "urllib3.future")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much: seconds, and bytes after decompression."""

    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    total_deadline: float = 120.0
    """For one request with its redirects, waiting for a free place among ``per_host`` not counted."""
    max_body: int = 64 * 1024 * 1024
    per_host: int = 4
    """Requests at the same time to one host, over all accounts of this process."""


class Gates:
    """At most so many requests at a time to each host, over all threads that share this object."""

    def __init__(self, per_host: int) -> None:
        self._lock = threading.Lock()
        self._gates: defaultdict[str, threading.BoundedSemaphore] = defaultdict(lambda: threading.BoundedSemaphore(per_host))

    def of(self, url: ServerUrl) -> threading.BoundedSemaphore:
        """The gate of that host and port; to be used with ``with``."""
        with self._lock:
            return self._gates[url.netloc]


class BasicAuthorization:
    """HTTP Basic (RFC 7617), sent at once; holds the password as a ``Secret``, so that no dump of the session shows it (S1)."""

    def __init__(self, account: str, password: Secret) -> None:
        if ":" in account:
            raise InvalidInput(what="the account name", value=account, why="it contains a colon")
        self._account = account
        self._password = password

    def __call__(self, request: Any) -> Any:
        """Put the header on a request that is about to be sent."""
        pair = f"{self._account}:{self._password.reveal()}".encode()
        request.headers["Authorization"] = "Basic " + base64.b64encode(pair).decode("ascii")
        return request


class Transport:
    """One account's connection; one request at a time. ``traffic`` counts what was sent and what came."""

    def __init__(
        self,
        start: ServerUrl,
        authorization: BasicAuthorization,
        resolver: Resolver,
        *,
        limits: Limits,
        gates: Gates,
        user_agent: str,
        ca_file: Path | None = None,
    ) -> None:
        quiet_libraries()
        self.traffic = Traffic()
        self._start = start
        self._resolver = resolver
        self._limits = limits
        self._gates = gates
        self._one_at_a_time = threading.Lock()
        self._wires: list[Wire] = []
        self._connected = False
        self._going_to = start
        self._client = self._library_client(authorization, user_agent)
        self._verify = True if ca_file is None else str(ca_file)

    def request(
        self, method: str, url: ServerUrl, *, body: bytes = b"", headers: Mapping[str, str] | None = None, follow: bool = True
    ) -> Answer:
        """Send a request and bring the complete answer, whatever its status; redirects within the site are followed (at most 5).

        Without ``follow`` a redirect is an answer like any other: what is written is looked at first before it is sent again (H23).

        Raises the unreachable branch of ``ServerError``, ``CertificateInvalid``, ``RedirectRefused``, ``AnswerTooLarge``,
        ``ServerFailed`` for an answer cut short, ``PrivateHost`` and ``InsecureUrl``.
        """
        left = self._limits.total_deadline
        with self._one_at_a_time:
            for _ in range(MOST_REDIRECTS + 1):
                if not same_site(self._start, url):
                    raise RedirectRefused(host=self._start.host, target=url.origin, why="it is another site, and would get the password")
                with self._gates.of(url), Deadline(left, self._cut) as deadline:
                    answer = self._exchange(method, url, body, dict(headers or {}), deadline)
                left -= deadline.spent
                if answer.status not in REDIRECTS or not follow:
                    return answer
                url = target_of(answer)
        raise RedirectRefused(host=self._start.host, target=str(url), why=f"there were more than {MOST_REDIRECTS} redirects in a row")

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _exchange(self, method: str, url: ServerUrl, body: bytes, headers: dict[str, str], deadline: Deadline) -> Answer:
        """One request and its answer; a read is sent a second time where a connection kept from before was dead (N11)."""
        self._going_to = url
        outcome = self._attempt(method, url, body, headers, deadline)
        if isinstance(outcome, _Failure) and outcome.on_kept_connection and method in READS and not deadline.expired:
            outcome = self._attempt(method, url, body, headers, deadline)
        if isinstance(outcome, Answer):
            return outcome
        raise ServerTimedOut(host=url.host, seconds=self._limits.total_deadline) if deadline.expired else outcome.error

    def _attempt(self, method: str, url: ServerUrl, body: bytes, headers: dict[str, str], deadline: Deadline) -> Answer | _Failure:
        """The answer, or why there is none.

        As a value: the error raised from it later has no frame of the library, and so no header, in its traceback (S1).
        """
        self.traffic.requests += 1
        self._connected = False
        response: Any = None
        try:
            response = self._send(method, url, body, headers)
            answer = self._read(url, response)
        except Exception as caught:  # noqa: BLE001  # each becomes one of ours, or is raised again by translated()
            if response is not None:
                response.raw.close()
            error = translated(caught, url, self._limits, response)
            return _Failure(error, on_kept_connection=response is None and not self._connected)
        if deadline.expired:  # the cut looks like the end of an answer without a length (N4)
            return _Failure(ServerTimedOut(host=url.host, seconds=self._limits.total_deadline))
        logger.debug("%s %s -> %d, %d bytes", method, url, answer.status, len(answer.body))
        return answer

    def _send(self, method: str, url: ServerUrl, body: bytes, headers: dict[str, str]) -> Any:
        sent = self._client.headers.copy()
        sent.update(headers)  # names compare without case
        if not body:
            sent.pop("Content-Type", None)
        return self._client.session.request(
            method,
            str(url),
            data=body or None,
            headers=sent,
            auth=self._client.auth,
            timeout=(self._limits.connect_timeout, self._limits.read_timeout),
            verify=self._verify,
            allow_redirects=False,
            stream=True,
        )

    def _read(self, url: ServerUrl, response: Any) -> Answer:
        headers: dict[str, tuple[str, ...]] = {}
        for name, value in response.raw.headers.items():
            headers[name.lower()] = (*headers.get(name.lower(), ()), value)
        body = Body(url, response.status_code, ", ".join(headers.get("content-encoding", ())) or None, self._limits.max_body)
        for chunk in response.raw.stream(_CHUNK, decode_content=False):
            self.traffic.bytes += len(chunk)
            body.feed(chunk)
        return Answer(url, response.status_code, headers, body.whole())

    def _library_client(self, authorization: BasicAuthorization, user_agent: str) -> Any:
        client = caldav.DAVClient(
            url=self._start.origin,
            auth=authorization,
            enable_rfc6764=False,
            timeout=self._limits.read_timeout,
            headers={"User-Agent": user_agent},
        )
        client.session.close()
        client.session = niquests.Session(
            resolver=PinnedResolver(self._resolver.resolve, self._on_connection),
            multiplexed=False,
            disable_http2=True,  # one request at a time: nothing to gain, and HTTP/1.1 is what cassettes record
            disable_http3=True,
            pool_maxsize=1,
            retries=0,
            keepalive_delay=None,
            allow_incoming_cookies=False,
            revocation_configuration=None,  # it would ask hosts that a certificate names
            headers={},
        )
        client.session.trust_env = False  # no .netrc, no proxy from the environment (S15)
        client.headers.update({"Accept-Encoding": "gzip", "Content-Type": "application/xml; charset=utf-8", "Accept": "*/*"})
        return client

    def _on_connection(self, host: str, connection: socket.socket) -> None:
        """A connection stands, and nothing was sent: judge the address it really has (S14)."""
        wire = Wire(connection)
        self._resolver.check_peer(host, wire.peer)
        address = literal_address(wire.peer)
        if self._going_to.scheme == "http" and (address is None or not address.is_loopback):
            raise InsecureUrl(host=host)
        self._connected = True
        self._wires = [known for known in self._wires if known.alive] + [wire]

    def _cut(self) -> None:
        for wire in self._wires:
            wire.cut()


@dataclass(frozen=True, slots=True)
class _Failure:
    error: IcalsyncError
    on_kept_connection: bool = False
    """No answer began, and no new connection was made for the request: the old one may simply have been closed meanwhile."""


def quiet_libraries() -> None:
    """S2: at DEBUG these libraries log headers and bodies, and ``caldav`` can dump both into files; neither is ever wanted."""
    for name in _NOISY:
        library = logging.getLogger(name)
        if library.level < logging.WARNING:
            library.setLevel(logging.WARNING)
    caldav_error.debug_dump_communication = False
