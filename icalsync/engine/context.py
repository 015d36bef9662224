"""What a run works with: the ports, and the few figures that steer it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from icalsync.ports import Clock, ObjectReader, PullStore, SecretStore, ServerDoor


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
    door: ServerDoor
    secrets: SecretStore
    reader: ObjectReader
    clock: Clock
    holder: str
    pull: Literal["all", "chosen"] = "all"
    discover_every: timedelta = timedelta(days=1)
    lease_seconds: float = 300.0
    lease_wait: float = 30.0
    batch: int = 200
    """Objects per fetch and commit: bounds memory, and how long the file is held."""
    report: Callable[[Progress], None] = lambda _progress: None
