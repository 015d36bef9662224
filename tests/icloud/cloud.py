"""The look-alike as a test sees it: start it, be its owners, and make it misbehave."""

from __future__ import annotations

import dataclasses
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final, Self

from icalsync.clock import SystemClock
from tests.icloud.answers import Reply, edge_page
from tests.icloud.front import Failure, Front
from tests.icloud.furniture import furnish
from tests.icloud.ledger import Ledger
from tests.icloud.owners import AccountOwner
from tests.icloud.server import Hosts, Listener
from tests.icloud.state import State
from tests.icloud.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from types import TracebackType

    from icalsync.ports import Clock


LEDGERS: Final[list[Ledger]] = []
"""Of every look-alike that the running test made: what holds over the whole suite is asserted on them (R8)."""


class ICloud:
    """A server that behaves as iCloud is known to behave (icloud.md), on two ports of loopback, in threads of this process.

    A context manager; leaving it raises where the look-alike itself made a mistake.
    """

    def __init__(
        self,
        accounts: Mapping[str, str] | None = None,
        switches: Switches | None = None,
        *,
        clock: Clock | None = None,
        furnished: bool = True,
    ) -> None:
        self.clock = clock or SystemClock()
        self.ledger = Ledger()
        LEDGERS.append(self.ledger)
        self._state = State(self.clock, switches or Switches())
        self._mistakes: list[str] = []
        self._front = Front(self._state, self.ledger, lambda: self.partition_url.rstrip("/"), lambda: self._hosts.name)
        self._hosts = Hosts(self._front, self._mistakes)
        for name, password in (accounts or {}).items():
            self.add_account(name, password, furnished=furnished)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
        if self._mistakes and failure is None:
            raise RuntimeError("the look-alike made a mistake of its own:\n" + self._mistakes[0])

    def start(self) -> None:
        """Open both hosts."""
        self._hosts.start()

    def stop(self) -> None:
        """Close both hosts, and every connection to them."""
        self._hosts.stop()

    # --- where it is ----------------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The canonical host, which serves every path: ``http://127.0.0.1:PORT/``."""
        return _open(self._hosts.canonical).origin + "/"

    @property
    def partition_url(self) -> str:
        """The partition host of the moment, which the principal names: the same address, another port."""
        return _open(self._hosts.partition).origin + "/"

    def rotate_host(self, number: int | None = None) -> None:
        """Move to another partition: homes are named there from now on, and the old host is gone (icloud.md §1.1.5)."""
        self._hosts.rotate(number)

    def drop_connections(self) -> None:
        """Cut every open connection, as happens to idle ones (icloud.md §1.3)."""
        for listener in self._hosts.running():
            listener.cut()

    # --- who is there -----------------------------------------------------------------------------------------------------------

    def add_account(self, name: str, password: str, *, display_name: str | None = None, furnished: bool = True) -> AccountOwner:
        """One more Apple Account; ``furnished`` gives it every kind of calendar there is, else there is only ``home``."""
        with self._state.lock:
            account = self._state.add_account(name, password, display_name or name.partition("@")[0].title())
            furnish(self._state, account, fully=furnished)
        return AccountOwner(self._state, account)

    def account(self, name: str) -> AccountOwner:
        """An account's owner; ``KeyError``."""
        return AccountOwner(self._state, self._state.accounts[name])

    # --- how it behaves -----------------------------------------------------------------------------------------------------------

    @property
    def switches(self) -> Switches:
        """The temper of the moment."""
        return self._state.switches

    def change(self, **switches: Any) -> None:
        """Turn switches while it runs."""
        with self._state.lock:
            self._state.switches = dataclasses.replace(self._state.switches, **switches)

    def expire_tokens(self, *, visible: bool = True) -> None:
        """Refuse every sync token given out so far; unless ``visible`` listings look unchanged."""
        for name in list(self._state.accounts):
            self.account(name).expire_tokens(visible=visible)

    def throttle(self, seconds: float) -> None:
        """Answer everything below ``/<dsid>/`` with an empty 401 for so long, on every host; the root goes on (icloud.md §1.3)."""
        with self._state.lock:
            self._state.throttled_until = self.clock.monotonic() + seconds

    def fail_next(
        self,
        n: int = 1,
        status: int = 503,
        *,
        retry_after: float | datetime | str | None = None,
        method: str | None = None,
        report: str | None = None,
        below: str | None = None,
        body: bytes | None = None,
        done: bool = False,
    ) -> None:
        """Let the next ``n`` requests fail: all, or those of a method, a report (``sync-collection``, …) or below a path.

        ``done`` carries them out all the same and loses the answer. ``retry_after`` is seconds, a moment, or any text.
        """
        reply = edge_page(status) if body is None else Reply(status, (("Content-Type", "text/html"),), body)
        if retry_after is not None:
            reply = reply.having("Retry-After", _retry_after(retry_after))
        with self._state.lock:
            self._front.failures.append(Failure(n, reply, method, report, below, done))

    def recover(self) -> None:
        """No more planned failures, no throttling; switches stay as they are."""
        with self._state.lock:
            self._front.failures.clear()
            self._state.throttled_until = 0.0


def _retry_after(value: float | datetime | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:g}" if isinstance(value, int | float) else format_datetime(value, usegmt=True)


def _open(listener: Listener | None) -> Listener:
    if listener is None:
        raise RuntimeError("the look-alike is not running")
    return listener
