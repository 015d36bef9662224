"""Appointments, blocked slots, and what becomes of them in the linked calendar."""

from __future__ import annotations

from typing import Any

from icalsync.app import booking
from icalsync.app.asking import Moment
from icalsync.app.faces.base import Face


class Bookings(Face):
    """The system's own side (R4, R7, R8, R11, R14)."""

    def book(
        self,
        sub_account: str,
        user_id: str,
        start: Moment,
        end: Moment,
        title: str,
        *,
        contact_name: str | None = None,
        contact_email: str | None = None,
        check: bool = True,
        push: bool = False,
    ) -> dict[str, Any]:
        """Book a user's time; the row of the view ``appointments``, with its title.

        The user's conflict calendars are asked first; then opening hours, busy time, buffers and coverage are judged, and the appointment
        made, in one transaction (R14). A time without a zone is the user's. ``check`` False books whatever stands against it, and is
        recorded as ``forced``. It is written to the linked calendar by the next sync, or with ``push`` at once.
        Raises ``SlotNotBookable`` with the reasons, ``StartAfterEnd``, ``InvalidInput``, ``UnknownUser``.
        """
        request = {
            "sub_account": sub_account,
            "user_id": user_id,
            "title": title,
            "contact_name": contact_name,
            "contact_email": contact_email,
            "check": check,
        }
        return booking.book(self._parts, request, start, end, push=push)

    def reschedule(self, appointment_id: str, start: Moment, end: Moment, *, check: bool = True, push: bool = False) -> dict[str, Any]:
        """Move an appointment: it keeps its id, and ``moved_from`` says from when. Judged like a booking. ``AppointmentUnknown``."""
        return booking.reschedule(self._parts, appointment_id, start, end, check=check, push=push)

    def cancel(self, appointment_id: str, *, push: bool = False) -> dict[str, Any]:
        """Cancel an appointment; a second time changes nothing. ``AppointmentUnknown``."""
        return booking.cancel(self._parts, appointment_id, push=push)

    def block(self, sub_account: str, user_id: str, start: Moment, end: Moment, *, note: str | None = None) -> dict[str, Any]:
        """Block a user's time here; it is never written to a calendar (R8). The row of the view ``blocked_slots``."""
        return booking.block(self._parts, sub_account, user_id, start, end, note)

    def unblock(self, blocked_slot_id: str) -> dict[str, Any]:
        """End a blocked slot; the row that ended. ``NotFound``."""
        return self._parts.bookings.unblock(blocked_slot_id)

    def appointment(self, appointment_id: str) -> dict[str, Any]:
        """One appointment, with its title. ``AppointmentUnknown``."""
        return self._parts.bookings.appointment(appointment_id)

    def appointments(self, sub_account: str | None = None, user_id: str | None = None) -> list[dict[str, Any]]:
        """Appointments as in the view, with their titles (R18: for those who run the bookings; the view masks them)."""
        return self._parts.bookings.rows(sub_account, user_id)

    def blocked_slots(self, sub_account: str | None = None, user_id: str | None = None) -> list[dict[str, Any]]:
        """Blocked slots as in the view."""
        return self._parts.bookings.blocked(sub_account, user_id)

    def outbox(self, sub_account: str | None = None, user_id: str | None = None) -> list[dict[str, Any]]:
        """What was, is being and is still to be written to linked calendars, as in the view."""
        return self._parts.outbox.rows(sub_account, user_id)

    def drift(self, sub_account: str | None = None, user_id: str | None = None, *, settled: bool = False) -> list[dict[str, Any]]:
        """Changes made elsewhere to our events that nobody settled yet (R11), as in the view; with ``settled`` those too."""
        return self._parts.drifts.rows(sub_account, user_id, open_only=not settled)

    def resolve_drift(self, drift_id: str, settlement: str) -> dict[str, Any]:
        """Settle one: ``accept`` takes theirs, ``restore`` writes ours again, ``keep`` lets both stand. ``NotFound``, ``InvalidInput``."""
        return booking.resolve_drift(self._parts, drift_id, settlement)

    def set_remote_changes(self, sub_account: str, user_id: str, integration_id: str, policy: str) -> dict[str, Any]:
        """Settle such changes by themselves from now on: ``flag`` (a person does), ``accept`` or ``restore``. ``NotConnected``."""
        return booking.set_remote_changes(self._parts, sub_account, user_id, integration_id, policy)

    def alerts(self, sub_account: str | None = None, user_id: str | None = None, *, cleared: bool = False) -> list[dict[str, Any]]:
        """What needs somebody's attention, as in the view; with ``cleared`` also what no longer does.

        Also of a sub-account or a user it tells what is about nobody in particular, and so concerns everybody (``JOURNAL_AHEAD``).
        """
        return self._parts.alerts.rows(sub_account, user_id, open_only=not cleared, of_nobody=True)

    def clear_alert(self, alert_id: str) -> dict[str, Any]:
        """Somebody has dealt with it, and that is logged; what it held back for a person's word goes out. ``NotFound``."""
        return self._parts.alerts.clear(alert_id, actor=self._parts.actor)
