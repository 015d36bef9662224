"""How each behaviour looks on a connection."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol

from tests.faults.asked import Asked
from tests.faults.behaviour import (
    Alter,
    Behaviour,
    Break,
    Chunks,
    Drip,
    Drop,
    DropKept,
    Interim,
    Lose,
    Meddle,
    Pretend,
    Refuse,
    Say,
    Silence,
)

if TYPE_CHECKING:
    import socket

NO_BODY: Final = frozenset({204, 304})
_INTERIM_PAUSE: Final = 0.02


class Gone(Exception):
    """This connection carries no more requests."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, whole, without framing."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def head(self, *framing: tuple[str, str]) -> bytes:
        """Status line and headers; ``framing`` says how long the body is."""
        reason = HTTPStatus(self.status).phrase if self.status in set(HTTPStatus) else "Odd"
        lines = [f"HTTP/1.1 {self.status} {reason}", *(f"{name}: {value}" for name, value in (*self.headers, *framing))]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def whole(self) -> bytes:
        """As it should go over the wire."""
        if self.status in NO_BODY:
            return self.head()
        return self.head(("Content-Length", str(len(self.body)))) + self.body


class Connection(Protocol):
    """What a behaviour works with."""

    client: socket.socket
    kept: bool

    def forward(self, asked: Asked) -> Answer:
        """Ask the server."""

    def reset(self) -> None:
        """RST instead of FIN."""


def answer(connection: Connection, asked: Asked, does: Behaviour | None) -> None:
    """Answer one request, truly or otherwise; ``Gone`` where the connection ends with it."""
    match does:
        case None:
            connection.client.sendall(connection.forward(asked).whole())
        case Silence() | Break() | Drip() | Chunks() | Interim():
            _broken(connection, asked, does)
        case Refuse():
            raise Gone
        case Drop():
            connection.client.sendall(connection.forward(asked).whole())
            raise Gone
        case DropKept():
            if connection.kept:
                raise Gone
            connection.client.sendall(connection.forward(asked).whole())
        case Lose():
            connection.forward(asked)
            raise Gone
        case _:
            connection.client.sendall(_other_answer(connection, asked, does).whole())


def _other_answer(connection: Connection, asked: Asked, does: Say | Alter | Pretend | Meddle) -> Answer:
    match does:
        case Say():
            if does.carried_out:
                connection.forward(asked)
            place = {"proxy": f"http://{asked.headers['host']}", "path": asked.target, "host": asked.headers["host"]}
            return Answer(does.status, tuple((name, value.format(**place)) for name, value in does.headers), does.body)
        case Alter():
            return _altered(connection.forward(asked), asked, does)
        case Pretend():
            return connection.forward(replace(asked, body=does.body(asked.body), headers=_without_length(asked)))
        case Meddle():
            return _meddled(connection, asked, does)


def _altered(true: Answer, asked: Asked, does: Alter) -> Answer:
    if not 200 <= true.status < 300:
        return true
    dropped = {name.lower() for name, _ in does.headers} | set(does.without)
    headers = tuple((name, value) for name, value in true.headers if name.lower() not in dropped) + does.headers
    body = true.body if does.body is None or not true.body else does.body(true.body, asked)
    return Answer(does.status or true.status, headers, body)


def _meddled(connection: Connection, asked: Asked, does: Meddle) -> Answer:
    true = connection.forward(asked)
    if asked.method == "PUT" and true.status < 300:
        body = asked.body.replace(b"END:VEVENT", does.line.encode() + b"\r\nEND:VEVENT", 1)
        kept = {name: value for name, value in _without_length(asked).items() if name not in {"if-match", "if-none-match"}}
        connection.forward(replace(asked, body=body, headers=kept))
    return true


def _without_length(asked: Asked) -> dict[str, str]:
    return {name: value for name, value in asked.headers.items() if name != "content-length"}


def _broken(connection: Connection, asked: Asked, does: Silence | Break | Drip | Chunks | Interim) -> None:
    match does:
        case Silence(after="nothing"):
            _wait_for_the_end(connection)
        case Silence():
            said = connection.forward(asked)
            half = said.body[: len(said.body) // 2] if does.after == "half" else b""
            connection.client.sendall(said.head(("Content-Length", str(max(len(said.body), 1)))) + half)
            _wait_for_the_end(connection)
        case Break():
            _break(connection, asked, does)
        case Drip():
            whole = connection.forward(asked).whole()
            for number in range(len(whole)):
                connection.client.sendall(whole[number : number + 1])
                time.sleep(does.seconds)
        case Chunks():
            _chunks(connection, connection.forward(asked), does)
        case Interim():
            while does.endless:
                connection.client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                time.sleep(_INTERIM_PAUSE)
            connection.client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            _wait_for_the_end(connection)
    raise Gone


def _wait_for_the_end(connection: Connection) -> None:
    """Until the client has enough."""
    while connection.client.recv(4096):
        pass


def _break(connection: Connection, asked: Asked, does: Break) -> None:
    said = connection.forward(asked)
    half = said.body[: len(said.body) // 2]
    framing = {
        "length": ("Content-Length", str(max(len(said.body), 1))),
        "close": ("Connection", "close"),
        "chunked": ("Transfer-Encoding", "chunked"),
    }[does.framing]
    sent = {
        "nothing": b"",
        "status_line": b"HTTP/1.1 20",
        "head": said.head(framing),
        "half": said.head(framing) + (_chunk(half) if does.framing == "chunked" else half),
    }[does.at]
    connection.client.sendall(sent)
    if does.reset:
        connection.reset()


def _chunks(connection: Connection, said: Answer, does: Chunks) -> None:
    middle = len(said.body) // 2
    second = _chunk(said.body[middle:]) if does.size_line is None else does.size_line + said.body[middle:] + b"\r\n"
    body = _chunk(said.body[:middle]) + second + b"0\r\n" + does.trailer
    connection.client.sendall(said.head(("Transfer-Encoding", "chunked")) + body)


def _chunk(part: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(part), part) if part else b""
