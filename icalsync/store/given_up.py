"""Intents that were given up (``failed``): what ends them, so that nobody is called for what is over, and how a person has them tried anew.

A failed row ends as ``done``, and its ``last_error`` says why: ``SUPERSEDED`` by a later intent for the same event that was carried out,
``CANCELLED`` with an appointment of which nothing was ever written, ``LET_GO`` by a settled drift, ``PAST`` where the appointment is over
or cancelled and nothing of it stands in a calendar, ``TRIED_AGAIN`` where a person had it tried once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from icalsync.store import obstacles, own_objects
from icalsync.store.intents import Intents
from icalsync.store.transaction import Row, Transaction

_OVER: Final = """
    SELECT o.* FROM _kept.outbox o JOIN _kept.appointment_version a ON a.appointment_id = o.appointment_id AND a.known_to = 'infinity'
    WHERE o.state = 'failed' AND (a.status = 'cancelled' OR a.ends_at <= ?) AND NOT EXISTS (
        FROM _kept.own_object w WHERE w.appointment_id = o.appointment_id AND (w.state IN ('present', 'returned', 'found')
            OR w.state <> 'detached' AND (w.sending_since IS NOT NULL OR w.doubtful_since IS NOT NULL)))
"""


def superseded(tx: Transaction, done: Row) -> None:
    """An intent was carried out: earlier ones for the same event that had been given up need nobody any more."""
    _end(
        tx,
        tx.rows(
            "FROM _kept.outbox WHERE appointment_id = ? AND state = 'failed' AND number < ? AND generation IS NOT DISTINCT FROM ?",
            [done["appointment_id"], done["number"], done["generation"]],
        ),
        "SUPERSEDED",
    )


def end(tx: Transaction, appointment_id: str, code: str) -> None:
    """What was given up about the event that stands for an appointment has been decided otherwise."""
    _end(tx, tx.rows("FROM _kept.outbox WHERE appointment_id = ? AND state = 'failed' AND generation IS NULL", [appointment_id]), code)


def over(tx: Transaction) -> list[Row]:
    """Failed intents of appointments that are past or cancelled, and of which nothing stands in a calendar."""
    return tx.rows(_OVER, [tx.clock_now])


def end_over(tx: Transaction) -> None:
    """They need nobody any more."""
    _end(tx, over(tx), "PAST")


def try_again(intents: Intents, user_key: int, calendar_key: int) -> int:
    """A person says that what was in the way is mended: each failed intent of the user's in that calendar is tried anew; how many."""
    tx = intents.tx
    rows = tx.rows(
        "SELECT o.* FROM _kept.outbox o WHERE o.state = 'failed' AND o.calendar_key = ? "
        "AND o.appointment_id IN (SELECT appointment_id FROM _kept.own_object WHERE user_key = ?) ORDER BY o.number",
        [calendar_key, user_key],
    )
    for row in rows:
        live = own_objects.live(tx, row["appointment_id"])
        own = live if row["generation"] is None else own_objects.generation(tx, row["appointment_id"], row["generation"])
        if own is not None:
            own_objects.change(tx, own, puts=0)  # it is another try, not the same one (P14)
            intents.add(row["appointment_id"], own["calendar_key"], row["action"], row["generation"])
    _end(tx, rows, "TRIED_AGAIN")
    return len(rows)


def _end(tx: Transaction, rows: Sequence[Row], code: str) -> None:
    """The journal knows already that nothing more is to come of them (``journal.FINAL``)."""
    if not rows:
        return
    tx.execute(
        "UPDATE _kept.outbox SET state = 'done', last_error = ?, next_try_at = NULL WHERE outbox_id IN (SELECT unnest(?::VARCHAR[]))",
        [code, [row["outbox_id"] for row in rows]],
    )
    owners = tx.rows(
        "SELECT DISTINCT o.calendar_key, w.user_key FROM _kept.outbox o JOIN _kept.own_object w USING (appointment_id) "
        "WHERE o.outbox_id IN (SELECT unnest(?::VARCHAR[])) ORDER BY ALL",
        [[row["outbox_id"] for row in rows]],
    )
    for owner in owners:
        obstacles.follow_intents(tx, owner)
