"""The wiring: which door stands behind which port. Everything heavy is opened when it is first needed."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from icalsync.clock import SystemClock
from icalsync.engine.context import Context, Progress
from icalsync.engine.fleet import Refused
from icalsync.engine.flights import Flights
from icalsync.engine.hosts import Hosts
from icalsync.ports import Clock, Run, SecretStore, ServerDoor
from icalsync.settings import Settings
from icalsync.store.accounts import Accounts
from icalsync.store.answers import Answers
from icalsync.store.attention import Alerts
from icalsync.store.audit import Audit
from icalsync.store.belonging import Belonging
from icalsync.store.bookings import Bookings
from icalsync.store.choices import Choices
from icalsync.store.database import Database
from icalsync.store.drifting import Drifts
from icalsync.store.findings import Findings
from icalsync.store.health import Health
from icalsync.store.invitations import Invitations
from icalsync.store.outbox import Outbox
from icalsync.store.people import People
from icalsync.store.previewing import Previewing
from icalsync.store.proposals import Proposals
from icalsync.store.pulls import Pulls
from icalsync.store.quarantine import Quarantine
from icalsync.store.readers import Readers
from icalsync.store.removals import HeldRemovals
from icalsync.store.rereading import Rereading
from icalsync.store.retention import Retention
from icalsync.store.roles import Roles
from icalsync.store.sharing import Sharing
from icalsync.store.supposing import Supposing
from icalsync.workers.reader import BoundedReader

if TYPE_CHECKING:
    from icalsync.store.heat import Heat


class Parts:
    """The doors of one opened database."""

    def __init__(self, settings: Settings, clock: Clock | None = None, actor: str | None = None, database: Database | None = None) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.actor = actor or os_user()
        self.path = Path(settings.database)
        self.database = database or Database(self.path, self.clock, lock_wait=settings.lock_wait, stale_after=settings.stale_after)
        self._open_doors()
        self.reader = BoundedReader(seconds=settings.object_seconds, memory=settings.object_memory)
        self.flights: Flights[Run | Refused] = Flights()

    def _open_doors(self) -> None:
        self.people = People(self.database)
        self.accounts = Accounts(self.database)
        self.roles = Roles(self.database)
        self.choices = Choices(self.database)
        self.pulls = Pulls(self.database, clock=self.clock)
        self.retention = Retention(self.database)
        self.answers = Answers(self.database)
        self.findings = Findings(self.database)
        self.supposing = Supposing(self.database)
        self.rereading = Rereading(self.database)
        self.quarantine = Quarantine(self.database)
        self.bookings = Bookings(self.database)
        self.outbox = Outbox(self.database)
        self.drifts = Drifts(self.database)
        self.alerts = Alerts(self.database)
        self.audit = Audit(self.database)
        self.readers = Readers(self.database)
        self.invitations = Invitations(self.database)
        self.belonging = Belonging(self.database)
        self.sharing = Sharing(self.database)
        self.previewing = Previewing(self.database)
        self.proposals = Proposals(self.database)
        self.health = Health(self.database)
        self.removals = HeldRemovals(self.database, self.clock)

    def over(self, database: Database) -> Parts:
        """The same doors over another view of the database."""
        mine = copy(self)
        mine.database = database
        mine.__dict__.pop("heat", None)  # made anew, over that, where it is needed
        mine._open_doors()  # noqa: SLF001  # its own
        return mine

    def acting(self, actor: str) -> Parts:
        """The same doors, for somebody else: what they do is logged under their name."""
        mine = copy(self)
        mine.actor = actor
        return mine

    @cached_property
    def heat(self) -> Heat:
        """What heat maps are made of."""
        from icalsync.store.heat import Heat  # noqa: PLC0415  # numpy, which setting up does not need

        return Heat(self.database)

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

    @cached_property
    def hosts(self) -> Hosts:
        """How many accounts are at which host, over all runs of these parts."""
        return Hosts(per_host=self.settings.requests_per_host)

    def context(self, report: Callable[[Progress], None] | None = None) -> Context:
        """What the engine works with."""
        return Context(
            store=self.pulls,
            outbox=self.outbox,
            door=self.door,
            secrets=self.secrets,
            reader=self.reader,
            clock=self.clock,
            holder=f"PID {os.getpid()} on {socket.gethostname()}",
            pull=self.settings.pull,
            report=report or (lambda _progress: None),
            hosts=self.hosts,
            flights=self.flights,
        )


def os_user() -> str:
    """Who runs this process, for the audit log; a machine without user names has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"
