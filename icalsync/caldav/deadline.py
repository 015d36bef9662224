"""A request ends in time, whatever the other side does: read timeouts alone let a slow drip go on for ever (N5, measured: 23.6 s)."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable


class Wire:
    """A connection somebody else owns (the HTTP library, TLS around it): only remembered, so that it can be cut."""

    def __init__(self, connection: socket.socket) -> None:
        self._descriptor = connection.fileno()
        self._ends = self._ends_of(connection)

    @property
    def peer(self) -> str:
        """The numeric address at the other end."""
        return str(self._ends[1][0])

    @property
    def alive(self) -> bool:
        """Whether the descriptor still is this very connection: both ends' addresses and ports tell."""
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(self._descriptor)) as copy:
            return self._ends_of(copy) == self._ends
        return False

    def cut(self) -> None:
        """End it from both sides; a thread that waits for data on it wakes up. Nothing happens to a connection that is closed already."""
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(self._descriptor)) as copy:
            if self._ends_of(copy) == self._ends:
                copy.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _ends_of(connection: socket.socket) -> tuple[Any, Any]:
        return connection.getsockname(), connection.getpeername()


class Deadline:
    """Calls ``cut`` once the time is over, unless the block was left before; ``expired`` tells afterwards."""

    def __init__(self, seconds: float, cut: Callable[[], None]) -> None:
        self._cut = cut
        self._lock = threading.Lock()
        self._over = False
        self._started = time.monotonic()
        self.expired = False
        self._timer = threading.Timer(max(seconds, 0.0), self._expire)
        self._timer.daemon = True

    @property
    def spent(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._started

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._timer.cancel()
        with self._lock:
            self._over = True

    def _expire(self) -> None:
        with self._lock:
            if not self._over:
                self.expired = True
                self._cut()
