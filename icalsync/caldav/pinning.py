"""The HTTP library's name resolution, replaced by ours: it connects only to addresses that were allowed, and each is checked again.

A resolver is the library's own extension point. It keeps working under vcrpy, which replaces the connection classes.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any

from niquests.packages.urllib3.contrib.resolver import BaseResolver, ProtocolResolver

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_ADDRESSES = 4
"""Addresses tried for one name, both families in turn: a black hole in one of them costs one connect timeout (N8)."""


class PinnedResolver(BaseResolver):  # type: ignore[misc]  # the library is untyped here
    """Resolves by ``resolve`` and reports each new connection to ``connected`` before anything is sent on it."""

    protocol = ProtocolResolver.CUSTOM
    implementation = "icalsync"

    def __init__(self, resolve: Callable[[str, int], Sequence[str]], connected: Callable[[str, socket.socket], None]) -> None:
        super().__init__(None)
        self._resolve = resolve
        self._report = connected

    def getaddrinfo(
        self,
        host: bytes | str | None,
        port: str | int | None,
        family: socket.AddressFamily,
        type: socket.SocketKind,  # noqa: A002  # the library's name
        proto: int = 0,  # noqa: ARG002
        flags: int = 0,  # noqa: ARG002
        *,
        quic_upgrade_via_dns_rr: bool = False,  # noqa: ARG002
    ) -> list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]]:
        """As ``socket.getaddrinfo``, over the addresses that are allowed."""
        name = host.decode("ascii") if isinstance(host, bytes) else str(host)
        number = int(port or 0)
        rows = []
        for address in in_turn(self._resolve(name, number))[:MOST_ADDRESSES]:
            version = ipaddress.ip_address(address).version
            kind, end = (socket.AF_INET, (address, number)) if version == 4 else (socket.AF_INET6, (address, number, 0, 0))  # noqa: PLR2004
            if family in {socket.AF_UNSPEC, kind}:
                rows.append((kind, type, socket.IPPROTO_TCP, "", end))
        return rows

    def create_connection(self, address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
        """Connect as the library does, then have the connection judged."""
        connection: socket.socket = super().create_connection(address, *args, **kwargs)
        try:
            self._report(address[0].strip("[]"), connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Nothing is held."""

    def is_available(self) -> bool:
        """Always: a closed session may be used again."""
        return True


def in_turn(addresses: Sequence[str]) -> list[str]:
    """The same addresses, the families alternating, the first one's first."""
    if not addresses:
        return []
    first = ipaddress.ip_address(addresses[0]).version
    own = [a for a in addresses if ipaddress.ip_address(a).version == first]
    others = [a for a in addresses if ipaddress.ip_address(a).version != first]
    mixed = [address for pair in zip(own, others, strict=False) for address in pair]
    return mixed + own[len(others) :] + others[len(own) :]
