"""Drift: what somebody made of an event of ours in the calendar, noticed when it is pulled and kept until it is settled (R11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import uuid4

from icalsync.core import lens
from icalsync.core.model import Reading, Rejected
from icalsync.core.own import mark_of
from icalsync.core.paths import path_key
from icalsync.store import alerts, left_behind, own_objects
from icalsync.store.intents import DRIFT, OPEN, park, unpark
from icalsync.store.own_objects import DECIDED, FOUND, STALE, Own
from icalsync.store.transaction import Row, Transaction
from icalsync.store.zones import zone_of

Kind = Literal["edited", "deleted", "moved"]
REVERTED: Final = "reverted"
"""The settlement of a drift that went away by itself: the event is as we wrote it again, or gone as we want it to be."""


@dataclass(frozen=True, slots=True)
class Theirs:
    """What an event of ours has become: where it lies, when it is, and its text."""

    calendar_key: int
    href: str
    times: tuple[datetime, datetime] | None = None
    fingerprint: str | None = None
    raw: bytes | None = None


# --- noticing --------------------------------------------------------------------------------------------------------------------------


def follow(tx: Transaction, calendar_key: int, owned: Mapping[str, Own]) -> None:
    """After objects were kept: which events of ours are as we wrote them, and which were changed."""
    for place, each in owned.items():
        left = each.row["state"] == left_behind.LEFT
        own = left_behind.came_back(tx, each, calendar_key, place) if left else each
        if own is None:
            continue
        theirs = Theirs(calendar_key, own.write.href, _times(tx, own), own.mark, own.write.raw)
        here = (own.row["calendar_key"], own.row["path_key"]) == (calendar_key, place)
        if own.drifted:
            _changed(tx, own, theirs, here=here)
        elif not own.row["live"] or (own.row["state"] == "gone" and own.row["doubtful_since"] is not None and here):
            # a write of ours arrived late, or the event of an older generation turned up: it is to be deleted (H18)
            own_objects.change(tx, own.row, state="returned", calendar_key=calendar_key, href=own.write.href, path_key=place)
        else:
            _as_written(tx, own, theirs, here=here)
        if left:
            left_behind.look_again(tx, own)


def _as_written(tx: Transaction, own: Own, theirs: Theirs, *, here: bool) -> None:
    if here:
        if own.standing != STALE:
            own_objects.confirm(tx, own.row, own.mark, own.write.etag, tx.clock_now)
        revert(tx, own.row["appointment_id"])
    elif not own_objects.is_kept(tx, own.row):
        notice(tx, own.row, "moved", theirs)


def _changed(tx: Transaction, own: Own, theirs: Theirs, *, here: bool) -> None:
    if own.standing in DECIDED:
        if here:
            revert(tx, own.row["appointment_id"])
    elif here or not own.row["live"] or not own_objects.is_kept(tx, own.row):
        # also one that we had deleted, and that is there again
        notice(tx, own.row, "edited", theirs)


def removed(tx: Transaction, calendar_key: int, rows: Sequence[Row]) -> None:
    """After objects were closed because they are gone, with proof (R13): which events of ours somebody deleted, or dragged elsewhere."""
    for row in rows:
        own = None if row["appointment_id"] is None else _generation_of(tx, row)
        if own is None or own["state"] == "detached" or not _stood_for_it(tx, own, calendar_key, row["path_key"]):
            continue
        if own["live"] and own["state"] != "gone":
            _vanished(tx, own, Theirs(calendar_key, row["href"]))
        else:
            is_gone(tx, own)


def _generation_of(tx: Transaction, row: Row) -> Row | None:
    return tx.row(
        "SELECT * FROM _kept.own_object WHERE appointment_id = ? AND (lower(uid) = lower(?) OR path_key = ?) "
        "ORDER BY lower(uid) = lower(?) DESC LIMIT 1",
        [row["appointment_id"], row["uid"] or "", row["path_key"], row["uid"] or ""],
    )


def _stood_for_it(tx: Transaction, own: Row, calendar_key: int, place: str) -> bool:
    """Whether what is gone was the event itself, where we wrote it or where it was dragged, and no copy of it."""
    if (own["calendar_key"], own["path_key"]) == (calendar_key, place):
        return True
    drift = unsettled(tx, own["appointment_id"])
    return drift is not None and (drift["calendar_key"], path_key(drift["href"] or "")) == (calendar_key, place)


def _vanished(tx: Transaction, own: Row, gone: Theirs) -> None:
    elsewhere = tx.row(
        "SELECT v.version_key, v.calendar_key, v.href, v.drifted, t.raw "
        "FROM _kept.object_version v JOIN _kept.raw_text t USING (version_key) "
        "WHERE v.known_to = 'infinity' AND lower(v.uid) = lower(?) AND v.appointment_id = ? LIMIT 1",
        [own["uid"], own["appointment_id"]],
    )
    if elsewhere is not None:
        first = tx.row(
            "SELECT starts_at, ends_at FROM _kept.occurrence WHERE version_key = ? ORDER BY starts_at LIMIT 1", [elsewhere["version_key"]]
        )
        raw = bytes(elsewhere["raw"])
        times = (first["starts_at"], first["ends_at"]) if first else None
        there = Theirs(elsewhere["calendar_key"], elsewhere["href"], times, mark_of(raw, own["uid"]), raw)
        back = (there.calendar_key, path_key(there.href)) == (own["calendar_key"], own["path_key"])
        if back and not elsewhere["drifted"]:
            revert(tx, own["appointment_id"])
        else:
            notice(tx, own, "edited" if elsewhere["drifted"] else "moved", there)
    elif appointment(tx, own["appointment_id"])["status"] == "cancelled":
        is_gone(tx, own)  # deleted on both sides (P8)
    else:
        notice(tx, own, "deleted", gone)


def is_gone(tx: Transaction, own: Row) -> None:
    """An event that is gone, and should be: nothing is left to be settled about it."""
    own_objects.change(tx, own, state="gone")
    drift = unsettled(tx, own["appointment_id"])
    if drift is not None and drift["generation"] == own["generation"]:
        settled(tx, drift, REVERTED)


def _times(tx: Transaction, own: Own) -> tuple[datetime, datetime] | None:
    """When the event is now, as instants; all-day and floating times in the user's zone."""
    if own.fields is not None:
        return own.fields.starts_at, own.fields.ends_at
    result = own.write.result
    if isinstance(result, Reading) and result.instances:
        first = result.instances[0]
        return lens.instants(first.starts, first.ends, zone_of(tx, own.row["user_key"]))
    if isinstance(result, Rejected) and result.starts is not None and result.ends is not None:
        return lens.instants(result.starts, result.ends, zone_of(tx, own.row["user_key"]))
    return None


# --- the record ------------------------------------------------------------------------------------------------------------------------


def notice(tx: Transaction, own: Row, kind: Kind, theirs: Theirs) -> str:
    """Record it: one open drift for each appointment, brought up to date as the event changes. No write touches the event meanwhile.

    The id of the drift.
    """
    ours = appointment(tx, own["appointment_id"])
    if own["state"] == FOUND:  # what becomes of it is for whoever settles that
        own_objects.change(tx, own, state="present")
    starts, ends = theirs.times if theirs.times and kind != "deleted" else (None, None)
    told = {
        "calendar_key": theirs.calendar_key,
        "kind": kind,
        "theirs_starts_at": starts,
        "theirs_ends_at": ends,
        "generation": own["generation"],
        "href": theirs.href,
        "fingerprint": theirs.fingerprint,
    }
    open_drift = unsettled(tx, own["appointment_id"])
    if open_drift is None:
        drift_id = uuid4().hex
        head = {"drift_id": drift_id, "appointment_id": own["appointment_id"], "first_seen_at": tx.clock_now}
        tx.append("drift", [head | told | {"ours_starts_at": ours["starts_at"], "ours_ends_at": ours["ends_at"]}])
        park(tx, own["appointment_id"], DRIFT)
        alerts.raise_(tx, DRIFT, {"kind": kind}, **_about(own))
    else:
        drift_id = str(open_drift["drift_id"])
        _update(tx, open_drift, told)
    _keep_text(tx, drift_id, theirs)
    return drift_id


def _update(tx: Transaction, before: Row, told: Mapping[str, Any]) -> None:
    if any(before[name] != value for name, value in told.items()):
        put = ", ".join(f"{name} = ?" for name in told)
        tx.execute(f"UPDATE _kept.drift SET {put} WHERE drift_id = ?", [*told.values(), before["drift_id"]])  # noqa: S608  # our own names


def _keep_text(tx: Transaction, drift_id: str, theirs: Theirs) -> None:
    """The remote text is kept, each version of it once (P5)."""
    if theirs.raw is None or theirs.fingerprint is None:
        return
    known = tx.row("FROM _kept.drift_text WHERE drift_id = ? AND fingerprint = ?", [drift_id, theirs.fingerprint])
    if known is None:
        row = {"drift_id": drift_id, "fingerprint": theirs.fingerprint, "seen_at": tx.clock_now, "raw": theirs.raw}
        tx.append("drift_text", [row])


def revert(tx: Transaction, appointment_id: str) -> None:
    """The event is again as we want it: nothing is left to be settled."""
    drift = unsettled(tx, appointment_id)
    if drift is not None:
        settled(tx, drift, REVERTED)


def settled(tx: Transaction, drift: Row, settlement: str) -> None:
    """It is settled; what waited for that may go on."""
    tx.execute("UPDATE _kept.drift SET settled_at = ?, settlement = ? WHERE drift_id = ?", [tx.clock_now, settlement, drift["drift_id"]])
    unpark(tx, drift["appointment_id"], DRIFT)
    own = own_objects.generation(tx, drift["appointment_id"], drift["generation"])
    alerts.clear(tx, DRIFT, **_about(own))


def unsettled(tx: Transaction, appointment_id: str) -> Row | None:
    """The open drift of an appointment, or None."""
    return tx.row("SELECT * FROM _kept.drift WHERE appointment_id = ? AND settled_at IS NULL", [appointment_id])


def appointment(tx: Transaction, appointment_id: str) -> Row:
    """The appointment as it now is."""
    return tx.rows("SELECT * FROM _kept.appointment_version WHERE appointment_id = ? AND known_to = 'infinity'", [appointment_id])[0]


def was_intended(tx: Transaction, own: Row) -> bool:
    """Whether anything was ever to be written of the event that stands for an appointment, in the calendar where it is."""
    found = tx.row(
        "FROM _kept.outbox WHERE appointment_id = ? AND calendar_key = ? AND generation IS NULL",
        [own["appointment_id"], own["calendar_key"]],
    )
    return found is not None


def awaits_deletion(tx: Transaction, own: Row) -> bool:
    """Whether an intent to delete this generation is open."""
    found = tx.row(
        f"FROM _kept.outbox WHERE appointment_id = ? AND action = 'delete' AND {OPEN} AND coalesce(generation, ?) = ?",  # our text
        [own["appointment_id"], own["generation"], own["generation"]],
    )
    return found is not None


def _about(own: Row) -> dict[str, Any]:
    """What the alert of a drift is about: not the place, which may change while it is open."""
    return {"user_key": own["user_key"], "subject": own["appointment_id"]}
