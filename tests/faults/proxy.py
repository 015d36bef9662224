"""The proxy: HTTP/1.1 on loopback over plain sockets, so that every byte, and every missing byte, is its own decision."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

from tests.faults.asked import Asked, Kind, read_request
from tests.faults.behaviour import Fault, Refuse
from tests.faults.misbehaving import Answer, Gone, answer

if TYPE_CHECKING:
    from types import TracebackType

LOOPBACK: Final = "127.0.0.1"
RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
_UPSTREAM_SECONDS: Final = 30.0
_DROPPED: Final = frozenset({"connection", "keep-alive", "content-length", "transfer-encoding", "content-encoding", "vary"})


@dataclass(slots=True)
class Rule:
    """A fault that is in force: on which requests, and how often still."""

    fault: Fault
    kinds: frozenset[Kind]
    left: int | None
    """None: for ever."""
    skip: int = 0
    """So many matching requests pass unharmed before."""
    below: str = ""
    bitten: int = 0

    def bites(self, asked: Asked) -> bool:
        """Whether this request is a victim; it counts as one from here on."""
        if asked.kind not in self.kinds or not asked.path.startswith(self.below) or self.left == 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.left is not None:
            self.left -= 1
        self.bitten += 1
        return True


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request as it went through."""

    number: int
    kind: Kind
    method: str
    path: str
    fault: str | None
    """The fault that it met."""


class Ledger:
    """What was asked, in order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._exchanges: list[Exchange] = []

    def enter(self, asked: Asked, fault: Fault | None) -> None:
        """Keep a request."""
        with self._lock:
            number = len(self._exchanges) + 1
            self._exchanges.append(Exchange(number, asked.kind, asked.method, asked.path, fault.name if fault else None))

    def mark(self) -> int:
        """The number of the last one."""
        with self._lock:
            return len(self._exchanges)

    def exchanges(self, *, after: int = 0) -> list[Exchange]:
        """All, or those that came after a mark."""
        with self._lock:
            return self._exchanges[after:]

    def kinds(self, *, after: int = 0) -> list[Kind]:
        """What they were for."""
        return [exchange.kind for exchange in self.exchanges(after=after)]


@dataclass
class _Connection:
    """One client connection and the way onward that belongs to it."""

    proxy: FaultProxy
    client: socket.socket
    onward: http.client.HTTPConnection | None = None
    kept: bool = False
    files: list[object] = field(default_factory=list)

    def serve(self) -> None:
        """Answer request after request until one side has enough."""
        stream = self.client.makefile("rb")
        try:
            while True:
                asked = read_request(stream, kept=self.kept)
                if asked is None:
                    return
                rule = self.proxy.rule_for(asked)
                fault = rule.fault if rule else None
                self.proxy.ledger.enter(asked, fault)
                answer(self, asked, fault.does if fault else None)
                self.kept = True
        except (Gone, OSError):
            return
        finally:
            stream.close()
            self.client.close()
            if self.onward is not None:
                self.onward.close()

    def reset(self) -> None:
        """Have the connection end with RST when it is closed."""
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)

    def forward(self, asked: Asked) -> Answer:
        """The server's own answer, whole, with its addresses turned into the proxy's."""
        origin = self.proxy.upstream[0]
        headers = {name: value for name, value in asked.headers.items() if name not in {"host", "accept-encoding", "connection"}}
        for last in (False, True):
            self.onward = self.onward or http.client.HTTPConnection(urlsplit(origin).netloc, timeout=_UPSTREAM_SECONDS)
            try:
                self.onward.request(asked.method, asked.target, asked.body or None, headers)
                said = self.onward.getresponse()
                body = said.read()
            except (http.client.HTTPException, ConnectionError):
                self.onward.close()
                self.onward = None
                if last:
                    raise
                continue
            told = [(name, self._ours(value)) for name, value in said.getheaders() if name.lower() not in _DROPPED]
            return Answer(said.status, tuple(told), self._ours(body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape"))
        raise AssertionError("not reached")

    def _ours(self, text: str) -> str:
        for origin in self.proxy.upstream:
            text = text.replace(origin.rstrip("/"), self.proxy.url.rstrip("/"))
        return text


class FaultProxy:
    """A context manager. ``upstream``: the server's addresses, the first of which answers; all are rewritten to the proxy's own."""

    def __init__(self, upstream: Sequence[str]) -> None:
        self.upstream = tuple(upstream)
        self.ledger = Ledger()
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._clients: set[socket.socket] = set()
        self._socket = _bound(0)
        self.port = int(self._socket.getsockname()[1])
        self._listening = False

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT/``."""
        return f"http://{LOOPBACK}:{self.port}/"

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None) -> None:
        self._hang_up()
        self._socket.close()
        self.cut()

    # --- what goes wrong ------------------------------------------------------------------------------------------------------

    def inject(
        self, fault: Fault, kind: Kind | Collection[Kind] | None = None, *, times: int | None = 1, skip: int = 0, below: str = ""
    ) -> Rule:
        """Put a fault in force: on requests of a kind (all that it bites where none is given), ``times`` times (None: until ``heal``).

        ``skip`` lets so many matching requests pass before; ``below`` is the beginning of the paths it is about.
        """
        kinds = frozenset(fault.kinds if kind is None else [kind] if isinstance(kind, Kind) else kind)
        rule = Rule(fault, kinds, times, skip, below)
        with self._lock:
            self._rules.append(rule)
        if isinstance(fault.does, Refuse) and self._listening:
            self._refuse()
        return rule

    def heal(self) -> None:
        """Everything works again."""
        with self._lock:
            self._rules.clear()
        if not self._listening:
            self._listen()

    def cut(self) -> None:
        """Cut every open connection."""
        with self._lock:
            clients = list(self._clients)
        for client in clients:
            _shut(client)

    def rule_for(self, asked: Asked) -> Rule | None:
        """The first rule that bites this request."""
        with self._lock:
            return next((rule for rule in self._rules if rule.bites(asked)), None)

    # --- connections ----------------------------------------------------------------------------------------------------------

    def _refuse(self) -> None:
        """The port stays ours, and nobody listens on it."""
        self._hang_up()
        self._socket.close()
        self._socket = _bound(self.port)
        self.cut()

    def _hang_up(self) -> None:
        if self._listening:
            self._listening = False
            _shut(self._socket)  # wakes the thread that waits in accept
            self._acceptor.join()

    def _listen(self) -> None:
        self._socket.listen(128)
        self._listening = True
        self._acceptor = threading.Thread(target=self._accept, args=(self._socket,), name="fault proxy", daemon=True)
        self._acceptor.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:  # hung up
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._clients.add(client)
            threading.Thread(target=self._serve, args=(client,), name="fault proxy connection", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            _Connection(self, client).serve()
        finally:
            with self._lock:
                self._clients.discard(client)


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((LOOPBACK, port))
    return bound


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:  # it is closed already, which is what is wanted
        return
