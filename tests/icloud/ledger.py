"""Every request the look-alike was asked, for tests to assert on; no credentials in it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

SECRET_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie", "x-mobileme-authtoken"})
WRITING_METHODS: Final = frozenset({"PUT", "DELETE", "MOVE", "COPY", "MKCALENDAR", "MKCOL", "PROPPATCH", "POST"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One request and how it ended."""

    number: int
    """Counts from 1, in the order of arrival."""
    at: datetime
    """By the server's clock, in UTC."""
    method: str
    path: str
    host: str
    """``canonical``, or the partition's name: ``p42``."""
    depth: str | None
    headers: Mapping[str, str]
    """Names in lower case; without credentials."""
    body_hash: str
    """SHA-256, in hexadecimal, of the body as read (after decompression)."""
    body_size: int
    report: str | None
    """The local name of the XML body's root: ``sync-collection``, ``calendar-multiget``, ``propfind``, …"""
    status: int
    account: str | None
    """Whose right password came with it."""
    answer_size: int
    """Bytes of the body as sent, compressed or not."""
    text: str | None = field(default=None, repr=False)
    """The body of a PUT, which tests look into; None for everything else."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A mail that iCloud's implicit scheduling would have sent for a PUT (icloud.md §3.5, P15)."""

    uid: str
    attendee: str


class Ledger:
    """The requests in order of arrival. Reading it while requests come in is safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self._invitations: list[Invitation] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self.requests())

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.requests())

    def requests(
        self,
        *,
        method: str | None = None,
        report: str | None = None,
        status: int | None = None,
        host: str | None = None,
        below: str | None = None,
        after: int = 0,
    ) -> list[Entry]:
        """Those that match everything given; ``below`` is the beginning of a path, ``after`` a number that ``mark()`` gave."""
        with self._lock:
            entries = sorted(self._entries, key=lambda each: each.number)
        wanted = {"method": method, "report": report, "status": status, "host": host}
        return [
            entry
            for entry in entries
            if entry.number > after
            and entry.path.startswith(below or "")
            and all(value is None or getattr(entry, name) == value for name, value in wanted.items())
        ]

    def writes(self, *, after: int = 0, accepted: bool = False) -> list[Entry]:
        """Requests that would change something; with ``accepted`` only those that were answered with 2xx."""
        entries = [entry for entry in self.requests(after=after) if entry.method in WRITING_METHODS]
        return [entry for entry in entries if 200 <= entry.status < 300] if accepted else entries

    def invitations(self) -> list[Invitation]:
        """Mails that would have been sent."""
        with self._lock:
            return list(self._invitations)

    def mark(self) -> int:
        """The number of the last request; ``requests(after=mark)`` are those that came later."""
        with self._lock:
            return self._count

    def clear(self) -> None:
        """Forget what was; numbers go on."""
        with self._lock:
            self._entries.clear()
            self._invitations.clear()

    def number(self) -> int:
        """A number for a request that has just arrived."""
        with self._lock:
            self._count += 1
            return self._count

    def enter(self, entry: Entry) -> None:
        """Keep a request."""
        with self._lock:
            self._entries.append(entry)

    def invite(self, uid: str, attendee: str) -> None:
        """Keep a mail."""
        with self._lock:
            self._invitations.append(Invitation(uid, attendee))
