"""Events of ours on a server that is only told here: what the engine would send, and what a pull would bring back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from icalsync.core.reading import read_object
from icalsync.core.writing import fields_of, new_event
from icalsync.ports import BookingRequest, Finish, Lease, ObjectWrite, PullBatch, PushOutcome, PushTask
from icalsync.store import instance
from icalsync.store.attention import Alerts
from icalsync.store.bookings import Bookings
from icalsync.store.database import Database
from icalsync.store.drifting import Drifts
from icalsync.store.outbox import Outbox
from tests.store.conftest import WINDOW, World, at, collection, discovered

WORK, HOME, OTHER = "/dav/anna/work/", "/dav/anna/home/", "/dav/anna/other/"


@dataclass
class Desk:
    """A world whose user anna has a linked calendar Work and a writable Other; both are pulled and empty."""

    world: World
    token: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    etags: int = 0
    held: Lease | None = None

    def __post_init__(self) -> None:
        db = self.world.db
        self.bookings, self.outbox, self.drifts, self.alerts = Bookings(db), Outbox(db), Drifts(db), Alerts(db)

    @property
    def now(self) -> datetime:
        """What the clock says."""
        return self.world.clock.at

    def book(self, start: datetime | None = None, minutes: int = 30, **more: object) -> dict:
        """Book anna, forced unless said otherwise, so that hours do not matter."""
        start = start or at(24, 10)
        facts = {"title": "CANARY BOOKING", "check": False} | more
        polled = facts.pop("polled_since", None)
        asked = facts.pop("asked_at", self.now)
        who = (facts.pop("sub_account", "acme"), facts.pop("user", "anna"))
        request = BookingRequest(*who, start, start + timedelta(minutes=minutes), **facts)
        return self.bookings.book(request, actor="tester", asked_at=asked, polled_since=polled)

    def move(self, appointment_id: str, start: datetime, minutes: int = 30) -> dict:
        """Reschedule, forced."""
        end = start + timedelta(minutes=minutes)
        return self.bookings.reschedule(appointment_id, start, end, check=False, actor="tester", asked_at=self.now, polled_since=None)

    def cancel(self, appointment_id: str) -> dict:
        """Cancel."""
        return self.bookings.cancel(appointment_id, actor="tester")

    def lease(self) -> Lease:
        """The lease of a run, taken once: it stays good for as long as nobody else takes it."""
        self.held = self.held or self.world.lease()
        return self.held

    def due(self, integration: str = "int-1") -> tuple[PushTask, ...]:
        """What may be sent now."""
        return self.outbox.due(integration, self.now)

    def send(self, task: PushTask, etag: str | None = None) -> bytes:
        """Do one task as the engine does when all goes well: the text that the server has then (empty where it is gone)."""
        lease = self.lease()
        if task.action == "delete":
            assert self.outbox.begin(lease, task, None)
            self.outbox.settle(lease, PushOutcome(task.outbox_id, "done"))
            return b""
        assert task.content is not None
        mark = fields_of(task.content).fingerprint
        assert self.outbox.begin(lease, task, mark)
        raw = new_event(task.content)
        self.etags += 1
        self.outbox.settle(lease, PushOutcome(task.outbox_id, "done", etag=etag or f'"{self.etags}"', raw=raw, sent=mark))
        return raw

    def send_all(self) -> dict[str, bytes]:
        """Everything that is due, until nothing is: texts by href."""
        sent: dict[str, bytes] = {}
        while tasks := self.due():
            sent |= {task.href: self.send(task) for task in tasks}
        return sent

    def settle(self, task: PushTask, result: str, code: str | None = None, *, begin: bool = False, **more: object) -> None:
        """What else may become of a task."""
        lease = self.lease()
        if begin:
            mark = None if task.content is None else fields_of(task.content).fingerprint
            assert self.outbox.begin(lease, task, mark)
        self.outbox.settle(lease, PushOutcome(task.outbox_id, result, code, **more))

    def pull(self, calendar: str, *texts: tuple[str, bytes], gone: tuple[str, ...] = (), etag: str | None = None) -> None:
        """What a pull of a calendar brings: texts by href, and hrefs that are gone with proof."""
        calendar_id = self.ids.get(calendar) or self.ids.setdefault(calendar, self.world.id_of(calendar))
        before, self.token[calendar] = self.token.get(calendar, "t0"), f"{self.now.timestamp()}-{self.etags}"
        self.etags += 1
        writes = tuple(ObjectWrite(href, etag or f'"pulled-{self.etags}"', raw, read_object(raw, WINDOW)) for href, raw in texts)
        finish = Finish(self.token[calendar], None, None, gone, (), full=False)
        self.world.pulls.commit(self.lease(), PullBatch(calendar_id, before, writes, WINDOW, finish))

    def pushed(self, start: datetime | None = None) -> tuple[str, str, bytes]:
        """An appointment that was booked, pushed and pulled back: its id, its event's href and text."""
        appointment_id = self.book(start)["appointment_id"]
        (task,) = [task for task in self.due() if task.appointment_id == appointment_id]
        href, raw = task.href, self.send(task)
        self.pull("Work", (href, raw))
        return appointment_id, href, raw

    def shown(self, appointment_id: str) -> dict:
        """The appointment as it now is."""
        return self.bookings.appointment(appointment_id)

    def row(self, appointment_id: str) -> list[tuple[str, str, str | None]]:
        """Its intents: (action, state, last error)."""
        return [(r["action"], r["state"], r["last_error"]) for r in self.outbox.rows() if r["appointment_id"] == appointment_id]

    def open_drift(self) -> list[tuple[str, datetime | None]]:
        """(kind, start of theirs) of what is not settled."""
        return [(row["kind"], row["theirs_starts_at"]) for row in self.drifts.rows()]

    def alerts_open(self) -> list[str]:
        """Kinds of the alerts that stand open."""
        return sorted(row["kind"] for row in self.alerts.rows())

    def resolve(self, settlement: str) -> dict:
        """Settle the one drift that is open."""
        (row,) = self.drifts.rows()
        return self.drifts.resolve(row["drift_id"], settlement, actor="tester")


def edited(raw: bytes, start: datetime, minutes: int = 30) -> bytes:
    """The event dragged to another time by its owner."""
    lines = [line for line in raw.split(b"\r\n") if not line.startswith((b"DTSTART", b"DTEND"))]
    form = "%Y%m%dT%H%M%SZ"
    times = [f"DTSTART:{start:{form}}".encode(), f"DTEND:{start + timedelta(minutes=minutes):{form}}".encode()]
    at_end = lines.index(b"END:VEVENT")
    return b"\r\n".join([*lines[:at_end], *times, *lines[at_end:]])


def with_line(raw: bytes, line: str) -> bytes:
    """The event with one more line."""
    return raw.replace(b"END:VEVENT", line.encode() + b"\r\nEND:VEVENT")


@contextmanager
def kept_open(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk whose file stays open for as long as it lasts: a test of one process alone needs none of the opening and closing."""
    monkeypatch.setattr(instance, "YIELD_AFTER", 3600.0)
    with Database(world.db.path, world.clock).read():
        yield desk(world)


def desk(world: World) -> Desk:
    """See ``Desk``."""
    work, home = collection(WORK, "Work"), collection(HOME, "Home", privileges=frozenset({"read"}))
    world.connect(found=discovered(work, home, collection(OTHER, "Other")))
    made = Desk(world)
    made.token["Other"] = None
    return made
