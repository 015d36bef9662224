"""The HTTP front: one canonical host and one partition host on loopback, threads of the test process (icloud.md §1.1.3–5, §1.2)."""

from __future__ import annotations

import gzip
import hashlib
import socket
import sys
import threading
import traceback
import zlib
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from tests.icloud.answers import Reply, edge_page
from tests.icloud.front import CANONICAL, Front, root_name
from tests.icloud.ledger import SECRET_HEADERS, Entry, Ledger
from tests.icloud.places import Request

if TYPE_CHECKING:
    from tests.icloud.state import Account

LOOPBACK: Final = "127.0.0.1"
IDLE_SECONDS: Final = 60
_GZIP_FROM: Final = 256
"""Bytes: smaller answers go as they are."""
_POLL: Final = 0.02


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    server: Listener

    def _serve(self) -> None:
        reply, request, account = self._reply()
        body = reply.body if self.command != "HEAD" else b""
        headers = [*self._standing_headers(request, account), *reply.headers]
        if len(body) >= _GZIP_FROM and "gzip" in (request.header("accept-encoding") or ""):
            body = gzip.compress(body, 1, mtime=0)
            headers += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
        headers += [] if reply.status == 204 else [("Content-Length", str(len(body)))]
        self.send_response_only(reply.status)
        for name, value in headers:
            self.send_header(name, value)
        self.server.enter(request, reply.status, account, len(body))
        self.end_headers()
        self.wfile.write(body)

    do_OPTIONS = do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_MOVE = do_COPY = _serve  # noqa: N815  # http.server's names
    do_PROPFIND = do_PROPPATCH = do_REPORT = do_MKCALENDAR = do_MKCOL = do_ACL = do_LOCK = do_UNLOCK = _serve  # noqa: N815

    def _reply(self) -> tuple[Reply, Request, Account | None]:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self._read_body(headers)
        number = self.server.ledger.number()
        request = Request(number, self.command, self.path.partition("?")[0], self.server.name, headers, body or b"")
        if body is None:
            return edge_page(400), request, None
        try:
            reply, account = self.server.front.answer(request)
        except Exception:  # noqa: BLE001  # kept, and raised when the look-alike is stopped: its own mistake must not pass for iCloud's
            self.server.mistakes.append(traceback.format_exc())
            return Reply(500), request, None
        return reply, request, account

    def _read_body(self, headers: dict[str, str]) -> bytes | None:
        """The body, decompressed where it came as gzip (icloud.md §1.2); None where its framing or compression is wrong."""
        try:
            raw = self._read_raw(headers)
            return gzip.decompress(raw) if headers.get("content-encoding", "identity").lower() == "gzip" else raw
        except (ValueError, EOFError, zlib.error, gzip.BadGzipFile):
            self.close_connection = True
            return None

    def _read_raw(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return self._read_exactly(int(headers.get("content-length") or 0))
        return b"".join(iter(self._read_chunk, b""))

    def _read_chunk(self) -> bytes:
        size = int(self.rfile.readline().partition(b";")[0], 16)
        chunk = self._read_exactly(size)
        self.rfile.readline()
        return chunk

    def _read_exactly(self, size: int) -> bytes:
        """So many bytes: a request that was cut short is never carried out."""
        raw = self.rfile.read(size)
        if len(raw) < size:
            raise ConnectionAbortedError(f"{len(raw)} of {size} bytes came")
        return raw

    def _standing_headers(self, request: Request, account: Account | None) -> list[tuple[str, str]]:
        """What every reply carries (icloud.md §1.2)."""
        mark = hashlib.sha256(f"{request.number}".encode()).hexdigest()
        headers = [
            ("Server", f"AppleHttpServer/{self.server.build}"),
            ("Date", self.date_time_string(self.server.front.state.clock.now().timestamp())),
            ("X-Responding-Instance", "caldavj:14300501:mr49p00ic-qukt01160801:8501:2413B46:dd2b4a7"),
            ("Via", "xrail:mr49p00ic-zteu02120501.me.com:8301:24R10:grp41"),
            ("X-Apple-Request-UUID", f"{mark[:8]}-{mark[8:12]}-{mark[12:16]}-{mark[16:20]}-{mark[20:32]}"),
            ("X-Apple-Edge-Response-Time", "12"),
            ("Access-Control-Expose-Headers", "X-Apple-Request-UUID,Via"),
            ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
        ]
        partition = self.server.partition_of(request, account)
        return headers if partition is None else [*headers, ("x-apple-user-partition", partition)]

    def log_message(self, *_: Any) -> None:
        """Nothing: the ledger knows."""


class Listener(ThreadingHTTPServer):
    """One host: a port of 127.0.0.1."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, name: str, front: Front, mistakes: list[str], port: int = 0) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.name = name
        self.front = front
        self.mistakes = mistakes
        self.build = hashlib.sha256(name.encode()).hexdigest()[:12]
        self._connections: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(_POLL,), name=f"look-alike {name}", daemon=True)

    @property
    def ledger(self) -> Ledger:
        """Where requests are entered."""
        return self.front.ledger

    @property
    def origin(self) -> str:
        """``http://127.0.0.1:PORT``: with an explicit port, as iCloud's home set has one."""
        return f"http://{LOOPBACK}:{self.server_address[1]}"

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Give up the port and cut every connection."""
        self.shutdown()
        self._thread.join()
        self.cut()
        self.server_close()

    def cut(self) -> None:
        """Cut every connection, in the middle of whatever it does."""
        with self._guard:
            connections = list(self._connections)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # already gone, which is what is wanted
                continue

    def partition_of(self, request: Request, account: Account | None) -> str | None:
        """The number in ``x-apple-user-partition``: told wherever the account was found, also with a wrong password."""
        found = account or self.front.account_asking(request)
        return None if found is None else self.front.partition_name().lstrip("p")

    def enter(self, request: Request, status: int, account: Account | None, answer_size: int) -> None:
        """Write a request into the ledger."""
        headers = {name: value for name, value in request.headers.items() if name not in SECRET_HEADERS}
        body = request.body
        entry = Entry(
            number=request.number,
            at=self.front.state.clock.now(),
            method=request.method,
            path=request.path,
            host=self.name,
            depth=request.depth,
            headers=headers,
            body_hash=hashlib.sha256(body).hexdigest(),
            body_size=len(body),
            report=root_name(body),
            status=status,
            account=account.name if account else None,
            answer_size=answer_size,
            text=body.decode("utf-8", "replace") if request.method == "PUT" else None,
        )
        self.ledger.enter(entry)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, so that it can be cut."""
        with self._guard:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget it."""
        with self._guard:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no mistake of ours; anything else is one."""
        if not isinstance(sys.exception(), ConnectionError):
            self.mistakes.append(traceback.format_exc())


@dataclass
class Hosts:
    """The canonical host and the partition host that serves now."""

    front: Front
    mistakes: list[str]
    number: int = 42
    canonical: Listener | None = None
    partition: Listener | None = None

    def start(self) -> None:
        """Open both ports."""
        self.canonical = Listener(CANONICAL, self.front, self.mistakes)
        self.partition = Listener(self.name, self.front, self.mistakes)
        self.canonical.start()
        self.partition.start()

    @property
    def name(self) -> str:
        """``p42``."""
        return f"p{self.number:02d}"

    def rotate(self, number: int | None = None) -> None:
        """The account moves from pNN to pMM: another port, and the old one is gone (icloud.md §1.1.5)."""
        old = self.partition
        self.number = self.number % 180 + 1 if number is None else number
        self.partition = Listener(self.name, self.front, self.mistakes)
        self.partition.start()
        if old is not None:
            old.stop()

    def stop(self) -> None:
        """Close both."""
        for listener in (self.canonical, self.partition):
            if listener is not None:
                listener.stop()
        self.canonical = self.partition = None

    def running(self) -> list[Listener]:
        """Those that are open."""
        return [listener for listener in (self.canonical, self.partition) if listener is not None]
