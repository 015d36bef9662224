"""The system's own side: appointments and blocked slots (R4, R8, R14)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from icalsync.core.interval import Interval
from icalsync.core.model import Busyness, Reason
from icalsync.core.slots import BusyRow, Person, judge
from icalsync.errors import AppointmentUnknown, InvalidInput, NotFound, SlotNotBookable
from icalsync.messages import say
from icalsync.ports import BookingRequest
from icalsync.store import agenda, appointments, contacts, drifts, given_up, names, obstacles, own_objects, reconciling
from icalsync.store.asked import moment_of, present_of
from icalsync.store.audit import audit
from icalsync.store.belonging import owners
from icalsync.store.database import Database
from icalsync.store.intents import Intents, intending
from icalsync.store.transaction import Row, Transaction
from icalsync.store.versions import rewrite

_OFF_GRID: Final = "OFF_GRID"
"""A start beside the grid is not listed, and can be booked all the same: a person asked for it."""
_SLACK: Final = timedelta(minutes=1)
"""A freshness from farther in the future was noted by a clock that has been set back since, and proves nothing (T12)."""
_UNPOLLED: Final = """
    SELECT c.calendar_id FROM _kept.calendar_reading r JOIN _kept.calendar c USING (calendar_key)
    LEFT JOIN _kept.calendar_freshness f USING (calendar_key)
    WHERE r.known_to = 'infinity' AND r.blocks AND r.user_key = ? AND coalesce(f.last_synced_at NOT BETWEEN ? AND ?, true)
    ORDER BY ALL
"""
_UNKNOWN: Final = """
    SELECT c.calendar_id, v.display_name, i.integration_id, s.status = 'reauthentication_needed' AS locked
    FROM _kept.calendar c
    JOIN _kept.calendar_version v ON v.calendar_key = c.calendar_key AND v.known_to = 'infinity'
    JOIN _kept.integration i ON i.integration_key = c.integration_key
    LEFT JOIN _kept.integration_status_version s ON s.integration_key = c.integration_key AND s.known_to = 'infinity'
    WHERE c.calendar_id IN (SELECT unnest($unpolled::VARCHAR[])) OR c.calendar_id IN (
        SELECT calendar_id FROM _kept.busy_rows($moment, $present)
        WHERE user_key = $user AND busyness = 'UNKNOWN' AND starts_at < $end AND ends_at > $start)
    ORDER BY v.display_name, c.calendar_id
"""


class Bookings:
    """Appointments and blocked slots, made, moved and ended: each call is one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def book(self, request: BookingRequest, *, actor: str, asked_at: datetime, polled_since: datetime | None) -> Row:
        """Book a slot: opening hours, busy time, buffers and coverage are judged in the transaction that makes the appointment (R14).

        Conflict calendars that were not found up to date since ``polled_since`` count as not known (None: coverage is taken as it stands);
        the policy ``unknown`` decides whether that refuses the booking, or marks it as ``uncertain``. Without ``check`` it is booked
        whatever speaks against it, and recorded as forced. The row of the view ``appointments`` with its title, and what is ``unknown``:
        ids of calendars. ``SlotNotBookable``, ``UnknownUser``, ``InvalidInput``.
        """
        slot = Interval(request.starts_at, request.ends_at)
        email = contacts.checked_email(request.contact_email)
        reconciling.at_start(self._db)
        with intending(self._db) as intents:
            tx = intents.tx
            user = names.user(tx, request.sub_account, request.user_id)
            question = _Question(user, slot, asked_at, polled_since)
            unsure = _judged(tx, question) if request.check else _Unsure()
            contact_id = contacts.keep(tx, user["sub_account_key"], request.contact_name, email)
            row = _new(tx, request, user, slot) | {"contact_id": contact_id, "uncertain": unsure.uncertain}
            linked = appointments.linked_calendar(tx, user["user_key"])
            if linked is not None:
                own = own_objects.plan(tx, row["appointment_id"], user["user_key"], linked)
                row |= {"calendar_key": linked, "href": own["href"]}
                intents.add(row["appointment_id"], linked, "create")
            tx.append("appointment_version", [row])
            if not request.check:
                audit(tx, actor, "FORCE_BOOKING", row["appointment_id"], about=[user["sub_account"]])
            return _shown(tx, row["appointment_id"]) | {"unknown": list(unsure.calendars)}

    def reschedule(
        self,
        appointment_id: str,
        starts_at: datetime,
        ends_at: datetime,
        *,
        check: bool,
        actor: str,
        asked_at: datetime,
        polled_since: datetime | None,
    ) -> Row:
        """Move an appointment: judged like a booking, where it does not stand in its own way. It keeps its id; the row, as ``book``.

        ``AppointmentUnknown``; ``InvalidInput`` for one that is cancelled; ``SlotNotBookable``.
        """
        slot = Interval(starts_at, ends_at)
        reconciling.at_start(self._db)
        with intending(self._db) as intents:
            tx = intents.tx
            row = _known(tx, appointment_id)
            if row["status"] == "cancelled":
                raise InvalidInput(what="the appointment", value=appointment_id, why="it is cancelled; book a new one")
            if (row["starts_at"], row["ends_at"]) == (slot.start, slot.end):
                return _shown(tx, appointment_id) | {"unknown": []}
            user = tx.rows("SELECT * FROM _kept.account_user WHERE user_key = ?", [row["user_key"]])[0]
            question = _Question(user, slot, asked_at, polled_since, without=appointment_id)
            unsure = _judged(tx, question) if check else _Unsure()
            appointments.move(tx, row, slot.start, slot.end, forced=not check, uncertain=unsure.uncertain, changed_by="system")
            own = own_objects.live(tx, appointment_id)
            if own is not None and own["state"] in {"planned", *own_objects.THERE}:
                intents.add(appointment_id, own["calendar_key"], "update")
            if not check:
                audit(tx, actor, "FORCE_BOOKING", appointment_id, about=[user["sub_account"]])
            return _shown(tx, appointment_id) | {"unknown": list(unsure.calendars)}

    def cancel(self, appointment_id: str, *, actor: str) -> Row:
        """Cancel an appointment; a second time changes nothing. ``AppointmentUnknown``."""
        reconciling.at_start(self._db)
        with intending(self._db) as intents:
            row = _known(intents.tx, appointment_id)
            if row["status"] != "cancelled":
                appointments.cancel(intents.tx, row, by="system")
                audit(intents.tx, actor, "CANCEL_BOOKING", appointment_id, about=owners(intents.tx, "appointment_id", appointment_id))
                _take_back(intents, appointment_id)
            return _shown(intents.tx, appointment_id)

    def appointment(self, appointment_id: str) -> Row:
        """One appointment, with its title. ``AppointmentUnknown``."""
        with self._db.read() as tx:
            return _shown(tx, appointment_id)

    def named(self, appointment_ids: Sequence[str]) -> list[Row]:
        """These appointments, as ``rows`` with ``contact_name``; those that were forgotten are left out."""
        with self._db.read() as tx:
            return tx.rows(f"{appointments.NAMED} WHERE v.appointment_id IN (SELECT unnest(?::VARCHAR[]))", [list(appointment_ids)])

    def rows(
        self, sub_account: str | None = None, user_id: str | None = None, start: datetime | None = None, end: datetime | None = None
    ) -> list[Row]:
        """Appointments with their titles, by start: of a user, a sub-account, or all; those that touch ``[start, end)``."""
        with self._db.read() as tx:
            account, user = names.told(tx, sub_account, user_id)
            return tx.rows(
                f"{appointments.SHOWN} WHERE v.sub_account = coalesce(?, v.sub_account) AND v.user_id = coalesce(?, v.user_id) "
                "AND v.ends_at > coalesce(?, '-infinity'::TIMESTAMPTZ) AND v.starts_at < coalesce(?, 'infinity'::TIMESTAMPTZ) "
                "ORDER BY v.starts_at, v.appointment_id",
                [account, user, start, end],
            )

    def history(self, appointment_id: str) -> list[Row]:
        """Every version of an appointment, oldest first: its times, ``status``, ``changed_by``, ``known_from``. ``AppointmentUnknown``."""
        with self._db.read() as tx:
            _known(tx, appointment_id)
            return tx.rows(
                "SELECT starts_at, ends_at, status, changed_by, known_from FROM _kept.appointment_version WHERE appointment_id = ? "
                "ORDER BY known_from",
                [appointment_id],
            )

    def block(self, sub_account: str, user_id: str, starts_at: datetime, ends_at: datetime, note: str | None = None) -> Row:
        """Block time of a user's, here alone (R8). The row of the view ``blocked_slots``. ``UnknownUser``, ``StartAfterEnd``."""
        slot = Interval(starts_at, ends_at)
        with self._db.write() as tx:
            user = names.user(tx, sub_account, user_id)
            blocked_slot_id = uuid4().hex
            row = {"blocked_slot_id": blocked_slot_id, "user_key": user["user_key"], "starts_at": slot.start, "ends_at": slot.end}
            tx.append("blocked_slot_version", [row | {"note": note, "known_from": tx.now}])
            return tx.rows("FROM _kept.blocked_slots WHERE blocked_slot_id = ?", [blocked_slot_id])[0]

    def unblock(self, blocked_slot_id: str) -> Row:
        """End a blocked slot; the row that ended. ``NotFound`` for one that does not stand."""
        with self._db.write() as tx:
            found = tx.row("FROM _kept.blocked_slots WHERE blocked_slot_id = ?", [blocked_slot_id])
            if found is None:
                raise NotFound(kind="blocked slot", name=blocked_slot_id)
            rewrite(tx, "blocked_slot_version", ("blocked_slot_id",), [], "blocked_slot_id = ?", [blocked_slot_id])
            return found

    def blocked(self, sub_account: str | None = None, user_id: str | None = None) -> list[Row]:
        """Blocked slots by start: of a user, a sub-account, or all."""
        with self._db.read() as tx:
            account, user = names.told(tx, sub_account, user_id)
            return tx.rows(
                "FROM _kept.blocked_slots WHERE sub_account = coalesce(?, sub_account) AND user_id = coalesce(?, user_id) "
                "ORDER BY starts_at, blocked_slot_id",
                [account, user],
            )


class _Question:
    """What is to be judged: a slot for a user, asked at a moment."""

    def __init__(self, user: Row, slot: Interval, asked_at: datetime, polled_since: datetime | None, *, without: str | None = None) -> None:
        self.user, self.slot, self.asked_at, self.polled_since, self.without = user, slot, asked_at, polled_since, without


class _Unsure:
    """What was not known when a slot was judged."""

    def __init__(self, *, uncertain: bool = False, calendars: Sequence[str] = ()) -> None:
        self.uncertain, self.calendars = uncertain, tuple(calendars)


def _new(tx: Transaction, request: BookingRequest, user: Row, slot: Interval) -> Row:
    return {
        "appointment_id": uuid4().hex,
        "user_key": user["user_key"],
        "starts_at": slot.start,
        "ends_at": slot.end,
        "title": request.title,
        "status": "booked",
        "booked_at": tx.clock_now,
        "forced": not request.check,
        "sequence": 0,
        "changed_at": tx.clock_now,
        "changed_by": "system",
        "known_from": tx.now,
    }


def _judged(tx: Transaction, question: _Question) -> _Unsure:
    """``SlotNotBookable`` with every reason, by the one function that slots are listed by (R15)."""
    user, slot = question.user, question.slot
    person = agenda.persons(tx, [(user["sub_account"], user["user_id"])], slot, without=question.without)[0]
    unpolled: list[str] = []
    if question.polled_since is not None:
        unpolled = [row["calendar_id"] for row in tx.rows(_UNPOLLED, [user["user_key"], question.polled_since, tx.clock_now + _SLACK])]
        person = _with_unknown(person, slot) if unpolled else person
    judgement = judge(person, slot.start, slot.length, question.asked_at)
    because = [code for code in judgement.because if code != _OFF_GRID]
    if not judgement.offered and because:
        why = "; ".join(say(f"slot.{code}") for code in because)
        if Busyness.UNKNOWN.value in because:
            why += _missing(tx, user["user_key"], _padded(person, slot), unpolled)
        first, last = (moment.astimezone(ZoneInfo(person.zone)).isoformat() for moment in (slot.start, slot.end))
        raise SlotNotBookable(start=first, end=last, because=because, why=why, zone=person.zone)
    around = _padded(person, slot)
    unknown = [row for row in person.busy if row.busyness is Busyness.UNKNOWN and row.interval.overlaps(around)]
    return _Unsure(uncertain=bool(unknown), calendars=unpolled)


def _missing(tx: Transaction, user_key: int, around: Interval, unpolled: Sequence[str]) -> str:
    """Which calendars are not known around a slot, and which accounts need their password for that (R2)."""
    facts = {"moment": moment_of(tx, None), "present": present_of(tx, None), "user": user_key, "unpolled": list(unpolled)}
    rows = tx.rows(_UNKNOWN, facts | {"start": around.start, "end": around.end})
    if not rows:
        return ""
    told = [say("slot.missing", calendars=", ".join(_named(row) for row in rows))]
    told += [say("slot.locked", integration_id=each) for each in sorted({row["integration_id"] for row in rows if row["locked"]})]
    return f" ({'; '.join(told)})"


def _named(calendar: Row) -> str:
    """A calendar's name as it may stand in a sentence, which paints no terminal (D35), and its id."""
    name = calendar["display_name"]
    return f"“{name}” {calendar['calendar_id']}" if name and name.isprintable() else str(calendar["calendar_id"])


def _padded(person: Person, slot: Interval) -> Interval:
    return Interval(slot.start - person.hours.buffer_before, slot.end + person.hours.buffer_after)


def _with_unknown(person: Person, slot: Interval) -> Person:
    """A calendar that was not asked is not known to be free (R12, R14)."""
    row = BusyRow(slot, Busyness.UNKNOWN, "coverage", Reason.NOT_COVERED)
    return Person(person.user_id, person.zone, person.hours, person.unknown, (*person.busy, row), person.appointments)


def _take_back(intents: Intents, appointment_id: str) -> None:
    """Its event is to go: what was on its way is over, and what was written, or may have been, is deleted."""
    tx = intents.tx
    intents.end([row for row in intents.open_rows(appointment_id) if row["generation"] is None], "CANCELLED")
    own = own_objects.live(tx, appointment_id)
    if own is None or own["state"] not in {"planned", *own_objects.THERE}:
        return  # gone, its owner's, or left in a purged account: then it is deleted when it comes back
    drift = drifts.unsettled(tx, appointment_id)
    if drift is not None and drift["kind"] == "deleted":
        drifts.is_gone(tx, own)  # deleted on both sides (P8)
    elif own_objects.is_unsent(own):
        own_objects.change(tx, own, state="gone")
        given_up.end(tx, appointment_id, "CANCELLED")
        obstacles.follow_intents(tx, own)
    else:
        intents.add(appointment_id, own["calendar_key"], "delete")


def _known(tx: Transaction, appointment_id: str) -> Row:
    row = appointments.current(tx, appointment_id)
    if row is None:
        raise AppointmentUnknown(name=appointment_id)
    return row


def _shown(tx: Transaction, appointment_id: str) -> dict[str, Any]:
    row = tx.row(f"{appointments.SHOWN} WHERE v.appointment_id = ?", [appointment_id])
    if row is None:
        raise AppointmentUnknown(name=appointment_id)
    return row
