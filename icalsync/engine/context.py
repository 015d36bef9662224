"""What a run works with: the ports, and the few figures that steer it."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from icalsync.engine.flights import Flights
from icalsync.engine.hosts import Hosts
from icalsync.errors import SyncStopped
from icalsync.ports import Clock, ObjectReader, PullStore, PushStore, SecretStore, ServerDoor


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come: for progress bars."""

    integration_id: str
    calendar: str | None
    """The display name of the calendar being pulled, or None between calendars."""
    done: int
    total: int
    """Objects fetched and to fetch in this calendar; calendars done and to do where ``calendar`` is None."""


@dataclass(frozen=True, slots=True)
class Context:
    """The ports and figures of one run. ``holder`` names this process for people (``PID 12 on host``)."""

    store: PullStore
    outbox: PushStore
    door: ServerDoor
    secrets: SecretStore
    reader: ObjectReader
    clock: Clock
    holder: str
    pull: Literal["all", "chosen"] = "all"
    discover_every: timedelta = timedelta(days=1)
    spread: timedelta = timedelta()
    """By up to so much what is daily is done early, each account and calendar by a share of its own (watching: not all at once)."""
    lease_seconds: float = 300.0
    lease_wait: float = 30.0
    batch: int = 200
    """Objects per fetch and commit: bounds memory, and how long the file is held."""
    report: Callable[[Progress], None] = lambda _progress: None
    hosts: Hosts = field(default_factory=Hosts)
    """How many are at one host at a time, shared by the runs of this process."""
    flights: Flights[Any] = field(default_factory=Flights)
    """The syncs that several callers of this process wait for."""
    jitter: Callable[[], float] = random.random
    stop: threading.Event = field(default_factory=threading.Event)
    """Set when the process is asked to end: whatever waits or asks next gives up (T14)."""

    def pause(self, seconds: float, integration_id: str) -> None:
        """Wait so many real seconds; ``SyncStopped`` where the process is asked to end meanwhile."""
        if self.stop.wait(seconds):
            raise SyncStopped(integration_id=integration_id)
