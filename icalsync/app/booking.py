"""The system's own side: appointments and blocked slots. The user's calendars are asked first, then one transaction decides (R14)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from icalsync.app import asking
from icalsync.app.asking import Moment
from icalsync.app.parts import Parts
from icalsync.core.durations import format_duration
from icalsync.core.interval import Interval
from icalsync.core.slots import AROUND
from icalsync.engine.fleet import Refused, sync_integrations
from icalsync.engine.fresh import ensure_fresh
from icalsync.engine.run import EVERYBODYS
from icalsync.errors import InvalidInput, StartAfterEnd
from icalsync.ports import BookingRequest

log = logging.getLogger(__name__)

POLL_DEADLINE: Final = timedelta(seconds=10)
"""How long a booking waits for the user's calendars (R14)."""
LONGEST: Final = timedelta(days=31)
REMOTE_CHANGES: Final = ("flag", "accept", "restore")
"""What may be done about a change that somebody makes to our event in its calendar (R11)."""
SETTLEMENTS: Final = ("accept", "restore", "keep")
"""How a person settles one."""


def book(parts: Parts, request: Mapping[str, Any], start: Moment, end: Moment, *, push: bool) -> dict[str, Any]:
    """Book a slot; the row of the view ``appointments`` with its title. See ``App.book``."""
    user = parts.people.user(request["sub_account"], request["user_id"])
    if not request["title"].strip():
        raise InvalidInput(what="the title", value=request["title"], why="it is empty; say what the appointment is")
    slot = _slot(parts, user, start, end)
    wanted = BookingRequest(
        sub_account=user["sub_account"],
        user_id=user["user_id"],
        starts_at=slot.start,
        ends_at=slot.end,
        title=request["title"],
        contact_name=request["contact_name"],
        contact_email=request["contact_email"],
        check=request["check"],
    )
    polled = _poll(parts, user) if wanted.check else None
    row = parts.bookings.book(wanted, actor=parts.actor, asked_at=parts.clock.now(), polled_since=polled)
    return _pushed(parts, row) if push else row


def reschedule(parts: Parts, appointment_id: str, start: Moment, end: Moment, *, check: bool, push: bool) -> dict[str, Any]:
    """Move an appointment, judged like a booking; it keeps its id. See ``App.reschedule``."""
    known = parts.bookings.appointment(appointment_id)
    user = parts.people.user(known["sub_account"], known["user_id"])
    slot = _slot(parts, user, start, end)
    polled = _poll(parts, user) if check else None
    row = parts.bookings.reschedule(
        known["appointment_id"], slot.start, slot.end, check=check, actor=parts.actor, asked_at=parts.clock.now(), polled_since=polled
    )
    return _pushed(parts, row) if push else row


def cancel(parts: Parts, appointment_id: str, *, push: bool) -> dict[str, Any]:
    """Cancel an appointment; a second time changes nothing. ``AppointmentUnknown``."""
    row = parts.bookings.cancel(appointment_id, actor=parts.actor)
    return _pushed(parts, row) if push else row


def block(parts: Parts, sub_account: str, user_id: str, start: Moment, end: Moment, note: str | None) -> dict[str, Any]:
    """Block time of a user's in the system alone; it is written to no calendar (R8). The row of the view ``blocked_slots``."""
    user = parts.people.user(sub_account, user_id)
    slot = _slot(parts, user, start, end, longest=None)
    return parts.bookings.block(user["sub_account"], user["user_id"], slot.start, slot.end, note)


def set_remote_changes(parts: Parts, sub_account: str, user_id: str, integration_id: str, policy: str) -> dict[str, Any]:
    """What is done about changes that people make to our events in this account (R11); the row of the view ``connections``."""
    if policy not in REMOTE_CHANGES:
        raise InvalidInput(what="remote changes", value=policy, why="choose one of " + ", ".join(REMOTE_CHANGES))
    return parts.accounts.set_remote_changes(sub_account, user_id, integration_id, policy, actor=parts.actor)


def resolve_drift(parts: Parts, drift_id: str, settlement: str) -> dict[str, Any]:
    """Settle a change that somebody made to our event; the row of the view ``drift``. See ``App.resolve_drift``."""
    if settlement not in SETTLEMENTS:
        raise InvalidInput(what="the settlement", value=settlement, why="choose one of " + ", ".join(SETTLEMENTS))
    return parts.drifts.resolve(drift_id, settlement, actor=parts.actor)


def _slot(parts: Parts, user: Mapping[str, Any], start: Moment, end: Moment, longest: timedelta | None = LONGEST) -> Interval:
    """The slot in instants, with the knowledge of recurring events around it made sure of."""
    zone = str(user["time_zone"])
    first, last = asking.moment(start, zone, "the start"), asking.moment(end, zone, "the end")
    if first >= last:
        raise StartAfterEnd(start=str(start), end=str(end))
    for what, told, instant in (("the start", start, first), ("the end", end, last)):
        if instant.microsecond:
            # rounding it would book another time than the one that was asked for
            raise InvalidInput(what=what, value=str(told), why="calendars know no parts of a second (RFC 5545 §3.3.5); give whole seconds")
    if longest is not None and last - first > longest:
        raise InvalidInput(what="the length", value=format_duration(last - first), why=f"an appointment lasts at most {longest.days} days")
    asking.ensure_horizon(parts, Interval(first, last), around=AROUND)
    return Interval(first, last)


def _poll(parts: Parts, user: Mapping[str, Any]) -> datetime:
    """Ask the user's conflict calendars what is new, outside any transaction; the moment from which on they must have been asked.

    What cannot be reached in time is no error here: it is not covered since that moment, and the policy ``unknown`` decides.
    """
    since = parts.clock.now()
    integrations = parts.roles.conflict_integrations(user["sub_account"], user["user_id"])
    if integrations:
        ensure_fresh(parts.context(), integrations, since, POLL_DEADLINE)
    return since


def _pushed(parts: Parts, row: dict[str, Any]) -> dict[str, Any]:
    """Try at once to write it to the linked calendar; where that fails it waits in the outbox, and the row says so."""
    if row["calendar_id"] is None or row["push_state"] is None:
        return row
    calendars = parts.accounts.calendars(row["sub_account"], row["user_id"])
    owners = [calendar["integration_id"] for calendar in calendars if calendar["calendar_id"] == row["calendar_id"]]
    try:
        refused = [result for result in sync_integrations(parts.context(), owners) if isinstance(result, Refused)]
    except EVERYBODYS as error:
        # the booking stands whatever happens to the pushing of it
        log.warning("not pushed at once", extra={"appointment_id": row["appointment_id"], "error_code": error.code})
    else:
        for each in refused:
            log.warning("not pushed at once", extra={"appointment_id": row["appointment_id"], "error_code": each.error.code})
    # what was not known when it was judged (a cancellation is not judged)
    return parts.bookings.appointment(row["appointment_id"]) | {name: row[name] for name in ("unknown",) if name in row}
