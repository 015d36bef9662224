"""Booking, moving, cancelling and blocking for the reader's users, and what becomes of it in their calendars (R4, R8, R14)."""

from __future__ import annotations

from icalsync.app import asking, booking
from icalsync.app.asking import Moment
from icalsync.app.desks import telling
from icalsync.app.desks.guard import Guarded, Row
from icalsync.core.masking import mask
from icalsync.messages import say

_OVER = frozenset({"done"})


class BookingsDesk(Guarded):
    """The system's own side."""

    def appointments(
        self, sub_account: str, user: str | None = None, *, start: Moment | None = None, end: Moment | None = None
    ) -> list[Row]:
        """Appointments as in the view; titles for those who may see them (R18), the ``calendar``'s name and the user's ``name``.

        ``contact``: whom it is for, for those who may see titles; ``drifted``: whether somebody changed its event, and that is open.
        """
        zone = self._zone(sub_account, user)
        first, last = (None if each is None else asking.moment(each, zone, "the time") for each in (start, end))
        calendars, names = self._parts.sharing.calendar_names(), self._named()
        rows = self._parts.bookings.rows(sub_account, user, first, last)
        drifted = {row["appointment_id"] for row in self._parts.drifts.rows(sub_account, user, open_only=True)}
        contacts = self._contacts([row["appointment_id"] for row in rows])
        return [
            {
                **row,
                "title": row["title"] if self._sees_titles else mask(row["title"]),
                "contact": contacts.get(row["appointment_id"]),
                "calendar": calendars.get(row["calendar_id"], ""),
                "name": names[row["sub_account"], row["user_id"]],
                "drifted": row["appointment_id"] in drifted,
            }
            for row in rows
        ]

    def book(
        self,
        sub_account: str,
        user: str,
        start: Moment,
        end: Moment,
        title: str,
        *,
        contact_name: str | None = None,
        contact_email: str | None = None,
        check: bool = True,
        push: bool = True,
    ) -> Row:
        """Book a user's time, as ``App.book``; ``check`` False is recorded as forced, under the reader's name. ``SlotNotBookable``."""
        request = {
            "sub_account": sub_account,
            "user_id": user,
            "title": title,
            "contact_name": contact_name,
            "contact_email": contact_email,
            "check": check,
        }
        with telling.refusals():
            return booking.book(self._parts, request, start, end, push=push)

    def reschedule(self, appointment_id: str, start: Moment, end: Moment, *, check: bool = True, push: bool = True) -> Row:
        """Move an appointment, as ``App.reschedule``. ``SlotNotBookable``."""
        with telling.refusals():
            return booking.reschedule(self._parts, appointment_id, start, end, check=check, push=push)

    def cancel(self, appointment_id: str, *, push: bool = True) -> Row:
        """Cancel an appointment, as ``App.cancel``."""
        return booking.cancel(self._parts, appointment_id, push=push)

    def history(self, appointment_id: str) -> list[Row]:
        """Every version of an appointment, the oldest first: ``starts_at, ends_at, status, changed_by, known_from``."""
        return self._parts.bookings.history(appointment_id)

    def block(self, sub_account: str, user: str, start: Moment, end: Moment, *, note: str | None = None) -> Row:
        """Block a user's time here alone (R8)."""
        return booking.block(self._parts, sub_account, user, start, end, note)

    def unblock(self, blocked_slot_id: str) -> Row:
        """End a blocked slot; the row that ended."""
        return self._parts.bookings.unblock(blocked_slot_id)

    def blocked_slots(self, sub_account: str, user: str | None = None) -> list[Row]:
        """Blocked slots as in the view; a note is masked where titles are."""
        rows = self._parts.bookings.blocked(sub_account, user)
        return rows if self._sees_titles else [{**row, "note": mask(row["note"] or "") or None} for row in rows]

    def outbox(self, sub_account: str | None = None, user: str | None = None, *, done: bool = False) -> list[Row]:
        """What is to be written to linked calendars (with ``done`` also what was), as in the view, with ``says`` and ``next_step``.

        ``why``: what went wrong last.
        Of the appointment as it now stands ``starts_at, ends_at, title`` (as ``appointments`` shows it), of the user the ``name``, and the
        ``calendar``'s.
        """
        calendars, names = self._parts.sharing.calendar_names(), self._named()
        rows = self._parts.outbox.rows(sub_account, user)
        booked = {row["appointment_id"]: row for row in self._parts.bookings.named([row["appointment_id"] for row in rows])}
        return [
            {
                **row,
                **self._as_booked(booked.get(row["appointment_id"])),
                "name": names.get((row["sub_account"], row["user_id"]), ""),
                "calendar": calendars.get(row["calendar_id"], ""),
                "says": say(f"outbox.{row['state']}"),
                "why": telling.push(row["last_error"]) if row["last_error"] and row["state"] != "done" else None,
                "next_step": telling.next_step(row["last_error"], "") if row["last_error"] and row["state"] != "done" else None,
            }
            for row in rows
            if row["sub_account"] is not None and self._reader.covers(row["sub_account"]) and (done or row["state"] not in _OVER)
        ]

    def _contacts(self, appointment_ids: list[str]) -> dict[str, str | None]:
        """Whom appointments are for; nothing of it for those who see no titles."""
        if not self._sees_titles or not appointment_ids:
            return {}
        return {row["appointment_id"]: row["contact_name"] for row in self._parts.bookings.named(appointment_ids)}

    def _as_booked(self, row: Row | None) -> Row:
        """When an appointment is, and what it is called; None for one that was forgotten."""
        if row is None:
            return dict.fromkeys(("starts_at", "ends_at", "title"))
        return {name: row[name] for name in ("starts_at", "ends_at")} | {"title": row["title"] if self._sees_titles else mask(row["title"])}

    def _zone(self, sub_account: str, user: str | None) -> str:
        found = self._parts.people.sub_account(sub_account) if user is None else self._parts.people.user(sub_account, user)
        return str(found["time_zone"])
