"""A request as the proxy sees it: read whole, and known for what it is for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

_ROOT: Final = re.compile(rb"<(?:[A-Za-z0-9_-]+:)?([A-Za-z0-9_-]+)[\s/>]")
_TOKEN: Final = re.compile(rb"<(?:[A-Za-z0-9_-]+:)?sync-token>\s*[^<\s]")


class Kind(StrEnum):
    """What a request is for."""

    DISCOVERY = "discovery"
    """PROPFIND Depth 0: the root, the well-known path, the principal."""
    HOME = "home"
    """PROPFIND Depth 1 for the collections of a home."""
    LISTING = "listing"
    """PROPFIND Depth 1 for the ETags of a collection."""
    SYNC = "sync"
    """sync-collection with a token: what changed."""
    FIRST = "first"
    """sync-collection without a token: everything, and a token."""
    MULTIGET = "multiget"
    GET = "get"
    LOOK = "look"
    """PROPFIND Depth 0 on an object: is it there, and in which version."""
    PUT = "put"
    DELETE = "delete"
    OTHER = "other"


READS: Final = (Kind.DISCOVERY, Kind.HOME, Kind.LISTING, Kind.SYNC, Kind.FIRST, Kind.MULTIGET, Kind.GET)
"""What pulling asks."""
ROWS: Final = (Kind.HOME, Kind.LISTING, Kind.SYNC, Kind.FIRST, Kind.MULTIGET)
"""What is answered with one row for each thing."""
WRITES: Final = (Kind.PUT, Kind.DELETE)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, complete."""

    method: str
    target: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    kept: bool = False
    """It came on a connection that had carried a request before."""

    @property
    def path(self) -> str:
        """Without the query."""
        return self.target.partition("?")[0]

    @property
    def kind(self) -> Kind:
        """What it is for."""
        if self.method == "REPORT":
            return self._report()
        if self.method == "PROPFIND":
            return self._propfind()
        return {"GET": Kind.GET, "PUT": Kind.PUT, "DELETE": Kind.DELETE}.get(self.method, Kind.OTHER)

    def _report(self) -> Kind:
        root = _ROOT.search(self.body)
        if root is not None and root[1] == b"sync-collection":
            return Kind.SYNC if _TOKEN.search(self.body) else Kind.FIRST
        return Kind.MULTIGET if root is not None and root[1] == b"calendar-multiget" else Kind.OTHER

    def _propfind(self) -> Kind:
        if self.headers.get("depth", "infinity") == "0":
            return Kind.LOOK if b"getetag" in self.body else Kind.DISCOVERY
        return Kind.HOME if b"supported-calendar-component-set" in self.body else Kind.LISTING


def read_request(stream: BinaryIO, *, kept: bool) -> Asked | None:
    """The next request of a connection; None where there is none any more, or it was cut short."""
    line = stream.readline()
    parts = line.split()
    if len(parts) != 3:
        return None
    headers: dict[str, str] = {}
    while (raw := stream.readline()) not in {b"\r\n", b"\n", b""}:
        name, _, value = raw.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    length = int(headers.get("content-length") or 0)
    body = stream.read(length)
    if len(body) < length:
        return None
    return Asked(parts[0].decode("latin-1"), parts[1].decode("latin-1"), headers, body, kept)
