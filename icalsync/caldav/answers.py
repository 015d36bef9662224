"""What comes back from a server: read with a cap, decompressed with a cap, and never half."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from icalsync.errors import AnswerTooLarge, ProtocolViolation, ServerFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from icalsync.caldav.hosts import ServerUrl

_STEP: Final = 1 << 20
"""Decompressed bytes taken at a time, so that a bomb costs its cap and not its size."""
_GZIP_BEGINS: Final = b"\x1f"
_GZIP: Final = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, complete: ``body`` is decoded, header names are in lower case."""

    url: ServerUrl
    """Where it came from, after redirects."""
    status: int
    headers: Mapping[str, tuple[str, ...]]
    body: bytes

    def header(self, name: str) -> str | None:
        """A header's value; None where it is missing or given twice with different values (H36)."""
        values = set(self.headers.get(name, ()))
        return values.pop().strip() if len(values) == 1 else None


class Body:
    """Collects an answer's bytes as they arrive; ``AnswerTooLarge`` as soon as they are too many, decoded or not (H33)."""

    def __init__(self, url: ServerUrl, status: int, encoding: str | None, limit: int) -> None:
        self._url = url
        self._status = status
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._compressed = (encoding or "identity").strip().lower()
        if self._compressed not in {"identity", "gzip", "x-gzip"}:
            raise ProtocolViolation(host=url.host, path=url.path, why=f"it is encoded as {self._compressed!r}, which was not asked for")
        self._inflate = zlib.decompressobj(_GZIP)
        self._started = False

    def feed(self, chunk: bytes) -> None:
        """Take what the wire brought."""
        if not self._started and chunk[:1] not in {b"", _GZIP_BEGINS}:
            self._compressed = "identity"  # the label is wrong, as a recording proxy leaves it: the content decides (H31)
        if self._compressed == "identity":
            self._keep(chunk)
            return
        try:
            self._decode(chunk)
        except zlib.error:
            broken = True
        else:
            broken = False
        if broken:
            raise ProtocolViolation(host=self._url.host, path=self._url.path, why="its compression is damaged")

    def whole(self) -> bytes:
        """All of it; ``ServerFailed`` where a compressed answer was cut short (N3)."""
        while self._started and (rest := self._inflate.decompress(b"", _STEP)):  # output that was waiting for room
            self._keep(rest)
        if self._started and not self._inflate.eof:
            raise ServerFailed(host=self._url.host, status=f"{self._status}, cut short")
        return b"".join(self._parts)

    def _decode(self, chunk: bytes) -> None:
        while chunk:
            if self._inflate.eof:  # a further gzip member (RFC 1952 §2.2)
                self._inflate = zlib.decompressobj(_GZIP)
            self._started = True
            self._keep(self._inflate.decompress(chunk, _STEP))
            chunk = self._inflate.unconsumed_tail or self._inflate.unused_data

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._limit:
            self._parts.clear()
            raise AnswerTooLarge(host=self._url.host, limit=self._limit)
        self._parts.append(part)
