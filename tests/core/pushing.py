"""An appointment, its event and an intent about it, as deciding and writing take them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from icalsync.core.model import Content
from icalsync.core.own import name_of, uid_of
from icalsync.core.writing import content_for, fields_of, new_event
from icalsync.ports import PushTask

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
START = datetime(2026, 11, 26, 13, tzinfo=UTC)
APPOINTMENT = "0123456789abcdef0123456789abcdef"
CALENDAR = "/anna/calendars/work/"


def content(**changes: object) -> Content:
    """An hour in Berlin, with everything in it."""
    usual = {
        "detail": "full",
        "appointment_id": APPOINTMENT,
        "generation": 1,
        "title": "Check-up",
        "contact_name": "Carla",
        "contact_email": "carla@example.org",
        "starts_at": START,
        "ends_at": START + timedelta(hours=1),
        "zone": "Europe/Berlin",
        "sequence": 0,
        "created_at": NOW,
        "modified_at": NOW,
    }
    return content_for(**(usual | changes))


def moved(hours: int = 1, **changes: object) -> Content:
    """The same appointment so many hours later."""
    return content(starts_at=START + timedelta(hours=hours), ends_at=START + timedelta(hours=hours + 1), sequence=1, **changes)


def mark(one: Content) -> str:
    """The fingerprint of what would be sent for it."""
    return fields_of(one).fingerprint


def text(one: Content | None = None) -> bytes:
    """Its event as we write it."""
    return new_event(one or content())


def task(action: str = "create", **changes: object) -> PushTask:
    """An intent that was never tried."""
    uid = uid_of(APPOINTMENT, 1)
    usual = PushTask(
        outbox_id="o1",
        action=action,
        attempts=0,
        appointment_id=APPOINTMENT,
        calendar_id="c1",
        calendar_href=CALENDAR,
        writable=True,
        obstacle=None,
        generation=1,
        uid=uid,
        href=CALENDAR + name_of(uid),
        content=None if action == "delete" else content(),
        sent=frozenset(),
        exists=action != "create",
        doubtful_since=None,
        puts=0,
    )
    return replace(usual, **changes)
