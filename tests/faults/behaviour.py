"""What can go wrong, as plain data: each class says what the proxy does instead of passing an answer on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.faults.asked import Asked, Kind

Body = Callable[[bytes, Asked], bytes]
"""Another body for an answer, given the true one and the request."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Nobody listens: connections are refused from now on."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing more is said: at once, after the head, or in the middle of the body."""

    after: Literal["nothing", "head", "half"] = "nothing"


@dataclass(frozen=True, slots=True)
class Break:
    """The connection ends early: ``reset`` (RST) or in order (FIN), at a point, with the body framed in one of three ways."""

    at: Literal["nothing", "status_line", "head", "half"]
    reset: bool = True
    framing: Literal["length", "close", "chunked"] = "length"


@dataclass(frozen=True, slots=True)
class Drip:
    """The answer comes, byte by byte, with pauses of so many seconds."""

    seconds: float = 0.05


@dataclass(frozen=True, slots=True)
class Chunks:
    """The true body as chunks, of which the second has a size line of its own; ``trailer`` is what follows the last."""

    size_line: bytes | None = None
    trailer: bytes = b"\r\n"


@dataclass(frozen=True, slots=True)
class Interim:
    """``100 Continue`` again and again, and never an answer; once and then silence where not ``endless``."""

    endless: bool = True


@dataclass(frozen=True, slots=True)
class Drop:
    """The answer is given, and then the connection is closed without a word, before or when the next request comes."""


@dataclass(frozen=True, slots=True)
class DropKept:
    """A request on a kept connection finds it closed; on a new one it is answered."""


@dataclass(frozen=True, slots=True)
class Say:
    """Another answer; ``carried_out`` says whether the server did what was asked all the same (H18, P2)."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    """``{proxy}`` and ``{path}`` in a value stand for the proxy's address and the path that was asked for."""
    body: bytes = b""
    carried_out: bool = False


@dataclass(frozen=True, slots=True)
class Alter:
    """The true answer with another body, status or headers; only answers of 2xx are altered, and a body only where there is one."""

    body: Body | None = None
    status: int | None = None
    without: tuple[str, ...] = ()
    """Header names, in lower case."""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Pretend:
    """The server is asked something else: the request with another body."""

    body: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Lose:
    """The server does what was asked, and the answer never arrives."""


@dataclass(frozen=True, slots=True)
class Meddle:
    """After the true answer to a write somebody writes once more: the text with a property added (C30)."""

    line: str = "X-MEDDLED:1"


Behaviour = Refuse | Silence | Break | Drip | Chunks | Interim | Drop | DropKept | Say | Alter | Pretend | Lose | Meddle


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong on the wire."""

    name: str
    cases: tuple[str, ...]
    """Its numbers in the catalogue of faults."""
    kinds: tuple[Kind, ...]
    """The requests it bites; the first one is where the suite tries it."""
    does: Behaviour
    slow: bool = False
    """It is noticed by waiting: tried with short deadlines."""
    hidden: bool = False
    """Nobody can notice it in the answer itself: only the daily reconciliation finds what it hid (C2)."""
    harmless: bool = False
    """The answer still says everything: a run under this fault must end well, with the right objects."""
    rare: bool = False
    """Another fault says the same to the suite; this one is tried in the whole grid alone (``make chaos``)."""
    busy: bool = False
    """The server asks for patience: the account is throttled, and never a dead password (H5)."""

    def __str__(self) -> str:
        return f"{'_'.join(self.cases)}-{self.name}"
