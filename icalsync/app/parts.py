"""The wiring: which door stands behind which port. Everything heavy is opened when it is first needed."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from icalsync.clock import SystemClock
from icalsync.engine.context import Context, Progress
from icalsync.ports import Clock, SecretStore, ServerDoor
from icalsync.settings import Settings
from icalsync.store.accounts import Accounts
from icalsync.store.answers import Answers
from icalsync.store.choices import Choices
from icalsync.store.database import Database
from icalsync.store.people import People
from icalsync.store.pulls import Pulls
from icalsync.store.quarantine import Quarantine
from icalsync.store.rereading import Rereading
from icalsync.store.roles import Roles
from icalsync.workers.reader import BoundedReader


class Parts:
    """The doors of one opened database."""

    def __init__(self, settings: Settings, clock: Clock | None = None, actor: str | None = None) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.actor = actor or os_user()
        self.path = Path(settings.database)
        self.database = Database(self.path, self.clock, lock_wait=settings.lock_wait, stale_after=settings.stale_after)
        self.people = People(self.database)
        self.accounts = Accounts(self.database)
        self.roles = Roles(self.database)
        self.choices = Choices(self.database)
        self.pulls = Pulls(self.database)
        self.answers = Answers(self.database)
        self.rereading = Rereading(self.database)
        self.reader = BoundedReader(seconds=settings.object_seconds, memory=settings.object_memory)
        self.quarantine = Quarantine(self.database)

    @cached_property
    def secrets(self) -> SecretStore:
        """The secret store; ``SecretError`` where there is no safe one."""
        from icalsync.secret import open_secret_store  # noqa: PLC0415  # keyring is slow to import

        return open_secret_store(self.settings, os.environ)

    @cached_property
    def door(self) -> ServerDoor:
        """The CalDAV door."""
        from icalsync.caldav.client import CalDavDoor  # noqa: PLC0415  # the HTTP stack is slow to import
        from icalsync.caldav.hosts import SystemResolver  # noqa: PLC0415
        from icalsync.caldav.transport import Limits  # noqa: PLC0415

        limits = Limits(
            connect_timeout=self.settings.connect_timeout,
            read_timeout=self.settings.read_timeout,
            total_deadline=self.settings.total_deadline,
            max_body=self.settings.max_answer_bytes,
            per_host=self.settings.requests_per_host,
        )
        return CalDavDoor(SystemResolver(allow_private=self.settings.allow_private_hosts), limits)

    def context(self, report: Callable[[Progress], None] | None = None) -> Context:
        """What the engine works with."""
        return Context(
            store=self.pulls,
            door=self.door,
            secrets=self.secrets,
            reader=self.reader,
            clock=self.clock,
            holder=f"PID {os.getpid()} on {socket.gethostname()}",
            pull=self.settings.pull,
            report=report or (lambda _progress: None),
        )


def os_user() -> str:
    """Who runs this process, for the audit log; a machine without user names has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"
