"""Which servers may be talked to: the form of an address, the site it belongs to, and the numeric addresses behind its name (S14)."""

from __future__ import annotations

import ipaddress
import queue
import re
import socket
import threading
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from icalsync.core.paths import has_dot_segments
from icalsync.errors import HostUnknown, InsecureUrl, PrivateHost, ServerTimedOut, UrlRefused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from urllib.parse import SplitResult

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

DNS_SECONDS: Final = 15.0
"""How long a name may take to resolve; the system's own limit can be minutes."""
DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_OLD_NUMERIC: Final = re.compile(r"(?:0x[0-9a-f]*|\d+)(?:\.(?:0x[0-9a-f]*|\d+)){0,3}\.?", re.IGNORECASE)
_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f\\]")


@dataclass(frozen=True, slots=True)
class ServerUrl:
    """An address that was found to be well-formed: no user name, no query; host in lower case and ASCII."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """``scheme://host[:port]``; the port only where it is not the scheme's own."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def netloc(self) -> str:
        """``host[:port]``, as in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def at(self, path: str) -> ServerUrl:
        """The same server, another path."""
        return replace(self, path=path)

    def __str__(self) -> str:
        return self.origin + self.path


def without_credentials(url: str) -> str:
    """The address as it may be shown: whatever stands before the last ``@`` is hidden."""
    return re.sub(r"//.*@", "//•••@", url)


def parse_url(text: str) -> ServerUrl:
    """The address a person or a server gave; ``UrlRefused`` for a wrong form, ``InsecureUrl`` for plain http beyond loopback."""
    text = text.strip()
    split = _split(text)
    if split is None:
        raise UrlRefused(url=without_credentials(text), why="it is not a valid address")
    parts, host, port = split
    scheme = parts.scheme.lower()
    if why := _refusal(text, scheme, host, credentials="@" in parts.netloc, extra=bool(parts.query or parts.fragment)):
        raise UrlRefused(url=without_credentials(text), why=why)
    if scheme == "http" and not is_loopback_name(host):
        raise InsecureUrl(host=host)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    return ServerUrl(scheme, host, DEFAULT_PORTS[scheme] if port is None else port, path)


def _split(text: str) -> tuple[SplitResult, str, int | None] | None:
    """None for what cannot be split; the library's own error is dropped here because it may quote a password."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
        host = host if ":" in host else host.rstrip(".").encode("idna").decode("ascii").lower()
    except ValueError:  # UnicodeError is one
        return None
    return parts, host, port


def _refusal(text: str, scheme: str, host: str, *, credentials: bool, extra: bool) -> str | None:
    reasons = {
        "it does not start with https://": scheme not in DEFAULT_PORTS,
        "it contains a blank, a backslash or a control character": _UNSAFE.search(text),
        "it contains a user name or a password; these are given separately": credentials,
        "it names no host": not host or "%" in host,
        "it has a query or a fragment": extra,
        "its path contains a dot segment": has_dot_segments(text),
    }
    return next((why for why, applies in reasons.items() if applies), None)


def literal_address(host: str) -> IpAddress | None:
    """The address a host is, where it is no name: also in the old decimal, octal and hexadecimal forms; None for a name."""
    try:
        return ipaddress.ip_address(host.split("%", 1)[0])
    except ValueError:
        pass
    if _OLD_NUMERIC.fullmatch(host) is None:
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host.rstrip(".")))
    except OSError:
        return None


def is_loopback_name(host: str) -> bool:
    """Whether a host is loopback by its very name: ``localhost``, ``127.0.0.1``, ``::1``."""
    address = literal_address(host)
    return host == "localhost" or host.endswith(".localhost") if address is None else address.is_loopback


def same_site(one: ServerUrl, other: ServerUrl) -> bool:
    """Whether both are one site: the same host (whatever the port), or hosts under one registrable domain (design.md §5)."""
    if one.host == other.host:
        return True
    domain = _registrable_domain(one.host)
    return domain != "" and domain == _registrable_domain(other.host)


@cache
def _registrable_domain(host: str) -> str:
    """By the public suffix list that came with tldextract; empty for addresses, local names and unknown suffixes.

    Private suffixes count (``github.io``): what strangers share is not one site.
    """
    if literal_address(host) is not None:
        return ""
    return str(_suffixes()(host).top_domain_under_public_suffix)


@cache
def _suffixes() -> Any:
    import tldextract  # noqa: PLC0415  # reads the list into memory; most servers never need it

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, fallback_to_snapshot=True, include_psl_private_domains=True)


def is_public(address: IpAddress) -> bool:
    """Whether an address lies in the open Internet, seen through the forms that carry an IPv4 address inside an IPv6 one."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return False  # never in DNS for an honest reason; a way around checks that look at IPv4 alone
        carried = [address.sixtofour] if address.sixtofour else list(address.teredo or ())
        if address in _NAT64:
            carried = [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
        if not all(is_public(inner) for inner in carried):
            return False
    return address.is_global and not address.is_multicast


class SystemResolver:
    """Names by the operating system (``ports.Resolver``); private and loopback addresses only with ``allow_private``."""

    def __init__(self, *, allow_private: bool) -> None:
        self.allow_private = allow_private

    def resolve(self, host: str, port: int) -> Sequence[str]:
        """Numeric addresses, all of them allowed: one that is not refuses the name as a whole.

        ``HostUnknown`` (also while DNS fails, N6), ``ServerTimedOut``, ``PrivateHost``.
        """
        self.check_literal(host)
        literal = literal_address(host)
        found = [str(literal)] if literal is not None else look_up(host, port)
        if is_loopback_name(host):  # plain http is allowed there: nothing but loopback may stand behind it
            found = [address for address in found if ipaddress.ip_address(address).is_loopback]
        if not found:
            raise HostUnknown(host=host)
        for address in found:
            self.check_peer(host, address)
        return tuple(found)

    def check_literal(self, host: str) -> None:
        """A host given as a number, before anything is looked up; the odd old forms count as private. ``PrivateHost``."""
        literal = literal_address(host)
        if literal is None or self.allow_private:
            return
        if _OLD_NUMERIC.fullmatch(host) and str(literal) != host:
            raise PrivateHost(host=host, address=str(literal))
        self.check_peer(host, str(literal))

    def check_peer(self, host: str, address: str) -> None:
        """The address a connection really has (DNS rebinding); ``PrivateHost``."""
        if self.allow_private:
            return
        peer = literal_address(address)
        if peer is None or not is_public(peer):
            raise PrivateHost(host=host, address=address)


def look_up(host: str, port: int) -> list[str]:
    """Ask the system, but not for ever: numeric addresses in its order, each once."""
    answers: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            answers.put(None)
        else:
            answers.put(list(dict.fromkeys(str(row[4][0]).split("%", 1)[0] for row in rows)))

    threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
    try:
        found = answers.get(timeout=DNS_SECONDS)
    except queue.Empty:
        raise ServerTimedOut(host=host, seconds=DNS_SECONDS) from None
    if found is None:
        raise HostUnknown(host=host)
    return found
