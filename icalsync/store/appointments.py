"""Appointments as they are kept: a version per change, and the event that stands for each."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from icalsync.store import choices, objects, own_objects
from icalsync.store.intents import Intents
from icalsync.store.transaction import Row, Transaction
from icalsync.store.versions import rewrite

SHOWN: Final = """
    SELECT v.* REPLACE (a.title AS title)
    FROM appointments v JOIN _kept.appointment_version a ON a.appointment_id = v.appointment_id AND a.known_to = 'infinity'
"""
"""SQL: the view with the titles, for those who run the bookings (R18)."""
NAMED: Final = f"""
    SELECT v.*, k.name AS contact_name FROM ({SHOWN}) v
    JOIN _kept.appointment_version n ON n.appointment_id = v.appointment_id AND n.known_to = 'infinity'
    LEFT JOIN _kept.contact k ON k.contact_id = n.contact_id
"""  # noqa: S608  # our own text
"""The same with the name of whom it is for."""


def current(tx: Transaction, appointment_id: str) -> Row | None:
    """The appointment as it now is, or None."""
    return tx.row("SELECT * FROM _kept.appointment_version WHERE appointment_id = ? AND known_to = 'infinity'", [appointment_id])


def change(tx: Transaction, row: Row, **values: Any) -> Row:
    """A new version with these values; the row as it now is. What its event was copied to is recognised anew (R11, R12)."""
    changed = {**row, **values}
    rewrite(tx, "appointment_version", ("appointment_id",), [changed], "appointment_id = ?", [row["appointment_id"]])
    if any(row[name] != changed[name] for name in ("starts_at", "ends_at", "status")):
        objects.renew_copies(tx, [row["appointment_id"]])
    return changed


def move(tx: Transaction, row: Row, starts_at: datetime, ends_at: datetime, **values: Any) -> Row:
    """At another time; ``moved_from`` says from when."""
    moved_from = row["starts_at"] if starts_at != row["starts_at"] else row["moved_from"]
    return change(tx, row, starts_at=starts_at, ends_at=ends_at, moved_from=moved_from, **_touched(tx, row), **values)


def take(tx: Transaction, row: Row, starts_at: datetime, ends_at: datetime, *, title: str | None) -> Row:
    """As its event says (R11): that shows in its history. One that was cancelled because its event was gone is booked again."""
    return move(tx, row, starts_at, ends_at, title=title or row["title"], status="booked", cancelled_at=None, changed_by="calendar")


def cancel(tx: Transaction, row: Row, *, by: str) -> Row:
    """Cancelled, ``by`` the system or the calendar."""
    return change(tx, row, status="cancelled", cancelled_at=tx.clock_now, **_touched(tx, row), changed_by=by)


def _touched(tx: Transaction, row: Row) -> dict[str, Any]:
    return {"sequence": row["sequence"] + 1, "changed_at": tx.clock_now}


def write_anew(intents: Intents, row: Row, calendar_key: int) -> Row:
    """Its event is to be written to a calendar, as the next generation. The row as it now is."""
    own = own_objects.plan(intents.tx, row["appointment_id"], row["user_key"], calendar_key)
    placed = change(intents.tx, row, calendar_key=calendar_key, href=own["href"])
    intents.add(row["appointment_id"], calendar_key, "create")
    return placed


def linked_calendar(tx: Transaction, user_key: int) -> int | None:
    """The calendar that a user's appointments are written to, or None (R4)."""
    key = tx.value(
        "SELECT calendar_key FROM _kept.calendar_role_version WHERE user_key = ? AND role = 'LINKED' AND known_to = 'infinity'", [user_key]
    )
    return None if key is None else int(key)


def detail_of(tx: Transaction, user_key: int) -> str:
    """How much of a user's appointments is written (R4)."""
    account = tx.value("SELECT sub_account_key FROM _kept.account_user WHERE user_key = ?", [user_key])
    return str(choices.in_force(tx, "policy", account, user_key)["push_detail"]["value"])


def move_all(intents: Intents, user_key: int, calendar_key: int) -> tuple[int, int, int]:
    """Take a user's future appointments along to another calendar: written there first, deleted where they were when that stands.

    How many are moved, how many stay because a change made to them is not settled, and how many because one was settled by ``keep``: such
    an event stays as its owner made it, and nobody is asked again (R11).
    """
    tx = intents.tx
    rows = tx.rows(
        "SELECT a.* FROM _kept.appointment_version a JOIN _kept.own_object o USING (appointment_id) "
        "WHERE a.known_to = 'infinity' AND o.live AND o.state IN ('planned', 'present', 'found') AND a.user_key = ? "
        "AND a.status = 'booked' AND a.ends_at > ? AND o.calendar_key <> ? ORDER BY a.starts_at, a.appointment_id",
        [user_key, tx.clock_now, calendar_key],
    )
    drifting = {row["appointment_id"] for row in tx.rows("SELECT appointment_id FROM _kept.drift WHERE settled_at IS NULL")}
    settled = [row for row in rows if row["appointment_id"] not in drifting]
    moving = [row for row in settled if not _stands_kept(tx, row)]
    for row in moving:
        _move_event(intents, row, calendar_key)
    return len(moving), len(rows) - len(settled), len(settled) - len(moving)


def _stands_kept(tx: Transaction, row: Row) -> bool:
    own = own_objects.live(tx, row["appointment_id"])
    return own is not None and own_objects.stands_kept(tx, own)


def _move_event(intents: Intents, row: Row, calendar_key: int) -> None:
    old = own_objects.live(intents.tx, row["appointment_id"])
    intents.end([each for each in intents.open_rows(row["appointment_id"]) if each["generation"] is None], "MADE_ANEW")
    write_anew(intents, row, calendar_key)
    if old is None:
        return
    if own_objects.is_unsent(old):
        own_objects.change(intents.tx, old, state="gone")
    else:
        intents.add(row["appointment_id"], old["calendar_key"], "delete", old["generation"])
