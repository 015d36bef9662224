"""A tiny HTTP server that does what real CalDAV servers seldom do: redirects, drips, bombs, lies. It remembers all it was sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import ssl

XML = {"Content-Type": "application/xml; charset=utf-8"}


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Said:
    """One answer.

    ``length`` is a false Content-Length (negative: none, the body ends with the connection); ``drip`` sends byte by byte
    with pauses of that many seconds; ``raw`` writes bytes of its own instead, and hangs up.
    """

    status: int = 207
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    drip: float = 0.0
    raw: bytes | None = None


Script = Callable[[Seen], Said]


class OddServer:
    """Answers as ``script`` says, on a loopback port of its own; as a context manager."""

    def __init__(self, script: Script, *, tls: ssl.SSLContext | None = None) -> None:
        self.script = script
        self.seen: list[Seen] = []
        self._stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.odd = self
        self._scheme = "http"
        if tls is not None:
            self._scheme = "https"
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT/``, or https."""
        return f"{self._scheme}://127.0.0.1:{self.port}/"

    @property
    def methods(self) -> list[str]:
        """The methods and paths it was asked for, in order."""
        return [f"{seen.method} {seen.path}" for seen in self.seen]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def pause(self, seconds: float) -> bool:
        """Wait; True where the server is being stopped."""
        return self._stopping.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    odd: OddServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def log_message(self, *_arguments: object) -> None:
        """Keep the test output quiet."""

    def handle(self) -> None:
        """A client that goes away in the middle is part of what is tested."""
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        seen = Seen(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
        self.server.odd.seen.append(seen)
        said = self.server.odd.script(seen)
        if said.raw is not None:
            self.wfile.write(said.raw)
            self.close_connection = True
            return
        self.send_response(said.status)
        for name, value in said.headers.items():
            self.send_header(name, value)
        length = len(said.body) if said.length is None else said.length
        if length >= 0:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self._send_body(said)
        self.close_connection = self.close_connection or said.length is not None

    def _send_body(self, said: Said) -> None:
        step = 1 if said.drip else 65536
        for start in range(0, len(said.body), step):
            self.wfile.write(said.body[start : start + step])
            if said.drip and self.server.odd.pause(said.drip):
                return


def multistatus(*rows: str, token: str | None = None) -> bytes:
    """A multistatus of rows made by ``row`` (or by hand)."""
    end = "" if token is None else f"<D:sync-token>{token}</D:sync-token>"
    return (
        '<?xml version="1.0" encoding="utf-8"?><D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" '
        f'xmlns:CS="http://calendarserver.org/ns/">{"".join(rows)}{end}</D:multistatus>'
    ).encode()


def row(href: str, props: str = "", *, status: int | None = None, propstat: int = 200) -> str:
    """One row: with a status of its own, or with properties."""
    inside = f"<D:status>HTTP/1.1 {status} Whatever</D:status>" if status else _propstat(props, propstat)
    return f"<D:response><D:href>{href}</D:href>{inside}</D:response>"


def _propstat(props: str, status: int) -> str:
    return f"<D:propstat><D:prop>{props}</D:prop><D:status>HTTP/1.1 {status} Whatever</D:status></D:propstat>"


def etag(value: str) -> str:
    """A ``getetag`` property."""
    return f'<D:getetag>"{value}"</D:getetag>'


def account(path: str = "/") -> dict[tuple[str, str], bytes]:
    """The discovery answers of a small account ``anna`` with one calendar ``work``, by method and path."""
    href = "<D:href>{}</D:href>".format
    calendar = "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype><D:displayname>Work</D:displayname>"
    return {
        ("PROPFIND", path): multistatus(row(path, f"<D:current-user-principal>{href('/anna/')}</D:current-user-principal>")),
        ("PROPFIND", "/anna/"): multistatus(row("/anna/", f"<C:calendar-home-set>{href('/anna/cals/')}</C:calendar-home-set>")),
        ("PROPFIND", "/anna/cals/"): multistatus(
            row("/anna/cals/", "<D:resourcetype><D:collection/></D:resourcetype>"), row("/anna/cals/work/", calendar)
        ),
    }


def table(answers: dict[tuple[str, str], bytes]) -> Script:
    """A script that answers from a table, and 404 for everything else."""

    def script(seen: Seen) -> Said:
        body = answers.get((seen.method, seen.path))
        return Said(404) if body is None else Said(207, body, XML)

    return script


def until(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Whether something becomes true within a while."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False
