"""Recording and replaying with vcrpy, which replaces the HTTP library's connection classes while it runs (deps.md §2).

It patches the whole process and is not safe with threads: one tape runs at a time, in one thread.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

import niquests.adapters
import urllib3_future.connection as future_connection
import urllib3_future.connectionpool as future_pool
import vcr
import yaml
from vcr.cassette import CassetteNotFoundError
from vcr.stubs import VCRHTTPConnection, VCRHTTPSConnection

from icalsync.errors import HostUnknown, PrivateHost
from tests.cassettes.invented import HOST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from vcr.cassette import Cassette

MATCH_ON: Final = ("method", "scheme", "host", "port", "path", "query", "depth", "body")
ADDRESS: Final = "203.0.113.7"
"""What the test host's name stands for under replay (RFC 5737: nobody's)."""
FORMAT: Final = 1
WIDTH: Final = 140


class Tape(Protocol):
    """What is laid around every step of the product."""

    def rolling(self) -> AbstractContextManager[object]:
        """Record, or replay, what is asked within."""


class RecordingTape:
    """Collects what is really said, in memory alone; the ``Authorization`` header is never kept."""

    def __init__(self) -> None:
        self.exchanges: list[tuple[Any, dict[str, Any]]] = []

    @contextmanager
    def rolling(self) -> Iterator[None]:
        """What is asked within is sent, answered and kept."""
        recorder = _vcr(filter_headers=["authorization"], decode_compressed_response=True)
        recorder.register_persister(_Nowhere)
        with recorder.use_cassette("in memory", record_mode="all") as cassette:
            try:
                yield
            finally:
                self.exchanges += zip(cassette.requests, cassette.responses, strict=True)


class ReplayTape:
    """Plays one cassette; whatever is not in it fails."""

    def __init__(self, cassette: Cassette) -> None:
        self.cassette = cassette

    @classmethod
    @contextmanager
    def of(cls, file: Path) -> Iterator[ReplayTape]:
        """The tape of a file. Nothing is ever written to it."""
        with _vcr().use_cassette(str(file), record_mode="none") as cassette:
            yield cls(cassette)

    def rolling(self) -> AbstractContextManager[object]:
        """It rolls all the time."""
        return nullcontext()


class CassetteResolver:
    """Names and addresses as under replay (``ports.Resolver``): the cassettes' host has an address, no other one is known."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def resolve(self, host: str, _port: int) -> Sequence[str]:
        """The invented address; ``HostUnknown`` for any other name, for none is in a cassette."""
        self.asked.append(host)
        if host != HOST:
            raise HostUnknown(host=host)
        return (ADDRESS,)

    def check_peer(self, host: str, address: str) -> None:
        """No other address is ever connected to; ``PrivateHost``."""
        if (host, address) != (HOST, ADDRESS):
            raise PrivateHost(host=host, address=address)


def write(file: Path, exchanges: Sequence[dict[str, Any]], says: str) -> None:
    """Write a cassette: ``says`` is its first line; bodies of several lines stand as they are wherever YAML can."""
    text = yaml.dump({"version": FORMAT, "interactions": list(exchanges)}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"# {says}\n{text}", encoding="utf-8")


def _vcr(**options: Any) -> vcr.VCR:
    """vcrpy, told what makes two requests the same one, and where the connection classes are in a separate urllib3-future."""
    separate = niquests.adapters.PoolManager.__module__.startswith("urllib3_future")
    made = vcr.VCR(match_on=MATCH_ON, custom_patches=_PATCHES if separate else (), **options)
    made.register_matcher("depth", _same_depth)
    return made


def _same_depth(one: Any, other: Any) -> None:
    assert one.headers.get("Depth") == other.headers.get("Depth"), "another Depth"


class _Http(VCRHTTPConnection, future_connection.HTTPConnection):  # type: ignore[misc]
    _baseclass = future_connection.HTTPConnection


class _Https(VCRHTTPSConnection, future_connection.HTTPSConnection):  # type: ignore[misc]
    _baseclass = future_connection.HTTPSConnection


_PATCHES: Final = (
    (future_pool.HTTPConnectionPool, "ConnectionCls", _Http),
    (future_pool.HTTPSConnectionPool, "ConnectionCls", _Https),
)
"""deps.md §2: without the override of the package urllib3, vcrpy records nothing and lets everything through to the network."""


class _Nowhere:
    """A persister that has nothing and keeps nothing: unscrubbed traffic never touches a disk."""

    @classmethod
    def load_cassette(cls, *_: object, **_options: object) -> None:
        """There is none."""
        raise CassetteNotFoundError

    @staticmethod
    def save_cassette(*_: object, **_options: object) -> None:
        """It stays in memory."""


class _Dumper(yaml.SafeDumper):
    """YAML that a person can read."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def hosts_of(cassette: Cassette) -> set[str]:
    """The hosts that are asked in a cassette."""
    return {urlsplit(request.uri).hostname or "" for request in cassette.requests}
