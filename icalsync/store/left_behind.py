"""Events of ours in accounts that were purged (``disconnect --purge``): forgotten but for whose they are, so that none counts twice (R11).

What is kept of each is its appointment, its UID and the fingerprints of its texts: no place, no title. When it turns up in a calendar that
its user is connected to again, it has a place again, and is brought to what the appointment says by then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from icalsync.store import own_objects
from icalsync.store.own_objects import DECIDED, FOUND, Own
from icalsync.store.transaction import Row, Transaction
from icalsync.store.versions import rewrite

LEFT: Final = "left"
"""The state of such an event."""
NOWHERE: Final = 0
"""Its calendar's key: no calendar has it."""

_MINE: Final = "user_key = ? AND calendar_key IN (SELECT calendar_key FROM _kept.calendar WHERE integration_key = ?)"
_THERE: Final = (
    "(state IN ('present', 'returned', 'found') OR sending_since IS NOT NULL OR doubtful_since IS NOT NULL) AND state <> 'detached'"
)


def leave(tx: Transaction, user_key: int, integration_key: int) -> None:
    """A purge: forget where a user's events are in an account, and all about those that are not there."""
    both = [user_key, integration_key]
    mine = f"(appointment_id, generation) IN (SELECT (appointment_id, generation) FROM _kept.own_object WHERE {_MINE})"  # noqa: S608  # our text
    tx.execute(
        "DELETE FROM _kept.own_text WHERE (appointment_id, generation) IN "  # noqa: S608  # our own text
        f"(SELECT (appointment_id, generation) FROM _kept.own_object WHERE {_MINE} AND NOT ({_THERE}))",
        both,
    )
    tx.execute(f"DELETE FROM _kept.own_object WHERE {_MINE} AND NOT ({_THERE})", both)  # noqa: S608  # our own text
    tx.execute(f"DELETE FROM _kept.own_text WHERE standing = 'past' AND {mine}", both)  # noqa: S608  # our own text
    tx.execute(f"UPDATE _kept.own_text SET etag = NULL WHERE {mine}", both)  # noqa: S608  # our own text
    tx.execute(
        f"UPDATE _kept.own_object SET state = '{LEFT}', calendar_key = {NOWHERE}, href = '', path_key = '' WHERE {_MINE}",  # noqa: S608
        both,
    )
    # where a later generation was never written, the one that was stands for the appointment again
    tx.execute(
        "UPDATE _kept.own_object AS o SET live = true WHERE o.state = ? AND o.user_key = ? AND NOT EXISTS "
        "(FROM _kept.own_object x WHERE x.appointment_id = o.appointment_id AND (x.live OR x.generation > o.generation))",
        [LEFT, user_key],
    )


def came_back(tx: Transaction, own: Own, calendar_key: int, place: str) -> Own | None:
    """One that was left, in the calendar where it was found; None, and nothing is changed, where its user is not connected to that."""
    connected = tx.row(
        "FROM _kept.connection_version n JOIN _kept.calendar c USING (integration_key) "
        "WHERE n.user_key = ? AND c.calendar_key = ? AND n.known_to = 'infinity'",
        [own.row["user_key"], calendar_key],
    )
    if connected is None:
        return None
    there = {"calendar_key": calendar_key, "href": own.write.href}
    changed = {"state": "present", "path_key": place, **there}
    own_objects.change(tx, own.row, **changed)
    if own.row["live"]:
        _place(tx, own.row["appointment_id"], there)
    return replace(own, row={**own.row, **changed})


def look_again(tx: Transaction, own: Own) -> None:
    """It is as we left it: what became of its appointment meanwhile is written there. What its owner made of it is drift, and is not."""
    if own.row["live"] and not own.drifted and own.standing not in DECIDED:
        own_objects.change(tx, own.row, state=FOUND)


def kept_in(tx: Transaction, user_key: int, integration_key: int) -> list[tuple[int, str]]:
    """Where objects of an account lie that are known already, and are events which this user left: calendar and place."""
    rows = tx.rows(
        "SELECT DISTINCT v.calendar_key, v.path_key FROM _kept.own_object o JOIN _kept.object_version v ON lower(v.uid) = lower(o.uid) "
        "JOIN _kept.calendar c ON c.calendar_key = v.calendar_key "
        "WHERE o.state = ? AND o.user_key = ? AND c.integration_key = ? AND v.known_to = 'infinity' ORDER BY ALL",
        [LEFT, user_key, integration_key],
    )
    return [(row["calendar_key"], row["path_key"]) for row in rows]


def _place(tx: Transaction, appointment_id: str, there: Row) -> None:
    row = tx.rows("FROM _kept.appointment_version WHERE appointment_id = ? AND known_to = 'infinity'", [appointment_id])[0]
    rewrite(tx, "appointment_version", ("appointment_id",), [{**row, **there}], "appointment_id = ?", [appointment_id])
