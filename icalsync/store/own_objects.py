"""Our own events: where each was written, which texts of it are ours, and how it is recognised when it comes back (R11)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from icalsync.core.own import OwnFields, mark_of, name_of, own_fields, uid_of
from icalsync.core.paths import path_key
from icalsync.core.push import SHOWN_AFTER
from icalsync.ports import ObjectWrite
from icalsync.store.transaction import Row, Transaction

FOUND: Final = "found"
"""The state of an event that came back after its account had been purged: it is brought to what its appointment says by now, once."""
THERE: Final = frozenset({"present", "returned", FOUND})
"""States of an event that stands in a calendar as far as we know."""
OURS_NOW: Final = frozenset({"open", "confirmed"})
"""Standings of a text that we wrote, and that nobody has replaced as far as we know."""
STALE: Final = "stale"
"""A text of ours that we have replaced since, under the ETag it had: the server is slow to show what we wrote (icloud.md §3.1).

For as long as a server may be that slow; it blocks meanwhile, because its owner may have put it back (R11, R12)."""
DECIDED: Final = frozenset({"overwrite", "kept"})
"""Standings of a text that somebody else wrote, and about which a person has decided."""
_ONE: Final = "appointment_id = ? AND generation = ?"


@dataclass(frozen=True, slots=True)
class Own:
    """An event of ours as it came back."""

    row: Row
    """Its row of ``own_object``."""
    mark: str
    fields: OwnFields | None
    """What its text says; None where it cannot be told."""
    standing: str | None
    """What is known of that text; None for one that we never saw: somebody changed it."""
    write: ObjectWrite

    @property
    def drifted(self) -> bool:
        """Whether it is not as we left it: changed, or there again although we had deleted it."""
        back = self.row["state"] == "gone" and self.row["live"] and self.row["doubtful_since"] is None
        return back or (self.standing not in OURS_NOW and self.standing != STALE)

    @property
    def marks(self) -> tuple[int, str, bool]:
        """As an object's version keeps it: whose, for which appointment, and whether it was changed."""
        return int(self.row["user_key"]), str(self.row["appointment_id"]), self.drifted or self.standing == STALE


def plan(tx: Transaction, appointment_id: str, user_key: int, calendar_key: int) -> Row:
    """The next generation of an appointment's event, in a calendar; it stands for the appointment from now on."""
    generation = int(tx.value("SELECT coalesce(max(generation), 0) + 1 FROM _kept.own_object WHERE appointment_id = ?", [appointment_id]))
    home = str(tx.value("SELECT href FROM _kept.calendar_version WHERE calendar_key = ? AND known_to = 'infinity'", [calendar_key]))
    uid = uid_of(appointment_id, generation)
    href = home.rstrip("/") + "/" + name_of(uid)
    row = {
        "appointment_id": appointment_id,
        "generation": generation,
        "user_key": user_key,
        "calendar_key": calendar_key,
        "uid": uid,
        "href": href,
        "path_key": path_key(href),
        "live": True,
        "state": "planned",
        "puts": 0,
        "planned_at": tx.clock_now,
    }
    tx.execute("UPDATE _kept.own_object SET live = false WHERE appointment_id = ?", [appointment_id])
    tx.append("own_object", [row])
    return {**dict.fromkeys(("sending_since", "doubtful_since", "confirmed_at", "puts_for")), **row}


def live(tx: Transaction, appointment_id: str) -> Row | None:
    """The event that stands for an appointment; None where it was never to be written."""
    return tx.row("SELECT * FROM _kept.own_object WHERE appointment_id = ? AND live", [appointment_id])


def generation(tx: Transaction, appointment_id: str, number: int) -> Row:
    """One generation of it."""
    return tx.rows(f"SELECT * FROM _kept.own_object WHERE {_ONE}", [appointment_id, number])[0]  # noqa: S608  # our own text


def is_unsent(own: Row) -> bool:
    """Whether nothing of it was ever sent."""
    return own["state"] == "planned" and own["sending_since"] is None and own["doubtful_since"] is None


def change(tx: Transaction, own: Row, **values: Any) -> None:
    """Set columns of one generation."""
    if all(own[name] == value for name, value in values.items()):
        return
    put = ", ".join(f"{name} = ?" for name in values)
    tx.execute(f"UPDATE _kept.own_object SET {put} WHERE {_ONE}", [*values.values(), own["appointment_id"], own["generation"]])  # noqa: S608  # our own names


# --- texts -------------------------------------------------------------------------------------------------------------------------


def texts(tx: Transaction, own: Row) -> dict[str, Row]:
    """What is known of each text of a generation, by fingerprint."""
    rows = tx.rows(f"SELECT * FROM _kept.own_text WHERE {_ONE}", [own["appointment_id"], own["generation"]])  # noqa: S608  # our own text
    return {row["fingerprint"]: row for row in rows}


def note(tx: Transaction, own: Row, fingerprint: str, standing: str, etag: str | None = None) -> None:
    """From now on that text has this standing. One that is confirmed makes the one before it past: an owner may go back to that."""
    before = texts(tx, own).get(fingerprint)
    if before is not None and (before["standing"], before["etag"]) == (standing, etag):
        return
    if standing == "open" and before is not None and before["standing"] == "confirmed":
        return
    key = [own["appointment_id"], own["generation"]]
    tx.execute(f"DELETE FROM _kept.own_text WHERE {_ONE} AND fingerprint = ?", [*key, fingerprint])  # noqa: S608  # our own text
    if standing == "confirmed":
        _supersede(tx, own, "confirmed", "overwrite")
    names = ("appointment_id", "generation", "fingerprint", "standing", "etag")
    tx.append("own_text", [dict(zip(names, [*key, fingerprint, standing, etag], strict=True))])


def _supersede(tx: Transaction, own: Row, *standings: str) -> None:
    tx.execute(
        f"UPDATE _kept.own_text SET standing = 'past' WHERE {_ONE} AND standing IN (SELECT unnest(?::VARCHAR[]))",  # noqa: S608  # our own text
        [own["appointment_id"], own["generation"], list(standings)],
    )


def keep(tx: Transaction, own: Row, fingerprint: str) -> None:
    """A person said to let that text stand; what was said about a text before it is over."""
    _supersede(tx, own, "overwrite")
    note(tx, own, fingerprint, "kept")


def stands_kept(tx: Transaction, own: Row) -> bool:
    """Whether the event is, by a person's word, as its owner made it: it is not taken anywhere, and not written over."""
    said = {text["standing"] for text in texts(tx, own).values()}
    return "kept" in said and "overwrite" not in said and is_changed(tx, own)


def is_changed(tx: Transaction, own: Row) -> bool:
    """Whether what lies where our event was written is not as we wrote it."""
    found = tx.row(
        "FROM _kept.object_version WHERE calendar_key = ? AND path_key = ? AND drifted AND known_to = 'infinity'",
        [own["calendar_key"], own["path_key"]],
    )
    return found is not None


def confirm(tx: Transaction, own: Row, fingerprint: str, etag: str | None, at: datetime, *, answered: bool = False) -> None:
    """This text of ours is on the server. ``answered``: to a write of ours, so that nothing that was sent before it is on its way."""
    note(tx, own, fingerprint, "confirmed", etag)
    if answered:
        _supersede(tx, own, "open")
    state = FOUND if own["state"] == FOUND and not answered else "present"
    change(tx, own, state=state, confirmed_at=at, sending_since=None, doubtful_since=None)


# --- recognition -------------------------------------------------------------------------------------------------------------------


def recognise(tx: Transaction, calendar_key: int, writes: Mapping[str, ObjectWrite], foreign: Collection[str] = ()) -> dict[str, Own]:
    """Which of the objects, by place, are events of ours: by UID wherever they lie, by place where we know to have written there.

    A copy elsewhere is ours only while it says what the appointment says; else it is like anybody's event (R11, R12). ``foreign``: places
    of objects that were not ours so far.
    """
    uids = {place: _uid(each) for place, each in writes.items()}
    rows = tx.rows(
        "SELECT * FROM _kept.own_object WHERE state <> 'detached' AND (lower(uid) IN (SELECT unnest(?::VARCHAR[])) "
        "OR (calendar_key = ? AND state <> 'planned' AND path_key IN (SELECT unnest(?::VARCHAR[]))))",
        [[uid for uid in uids.values() if uid], calendar_key, list(writes)],
    )
    if not rows:
        return {}
    by_uid = {row["uid"].lower(): row for row in rows}
    by_place = {row["path_key"]: row for row in rows if row["calendar_key"] == calendar_key and row["state"] != "planned"}
    known = _texts_of(tx, rows)
    found: dict[str, Own] = {}
    for place, each in writes.items():
        for row in (by_uid.get(uids[place] or ""), by_place.get(place)):
            own = None if row is None else _own(tx, row, each, known[row["appointment_id"], row["generation"]])
            if own is not None and not _is_anybodys(tx, own, (calendar_key, place), writes, known_foreign=place in foreign):
                found[place] = own
                break
    return found


def _is_anybodys(tx: Transaction, own: Own, where: tuple[int, str], writes: Mapping[str, ObjectWrite], *, known_foreign: bool) -> bool:
    """Whether it is a copy, beside the event itself or left over from it, that does not say what the appointment says."""
    row = own.row
    if where == (row["calendar_key"], row["path_key"]) or _is_drift(tx, row, where):
        return False
    now = tx.rows("FROM _kept.appointment_version WHERE appointment_id = ? AND known_to = 'infinity'", [row["appointment_id"]])[0]
    booked, times = now["status"] != "cancelled", own.fields and (own.fields.starts_at, own.fields.ends_at)
    if booked and not own.marks[2] and times == (now["starts_at"], now["ends_at"]):
        return False
    left_over = known_foreign and (row["state"] == "gone" or not booked)
    return left_over or (where[0] == row["calendar_key"] and row["path_key"] in writes) or is_kept(tx, row)


def _is_drift(tx: Transaction, own: Row, where: tuple[int, str]) -> bool:
    """Whether the open drift of its appointment is about the event in that place."""
    drift = tx.row("SELECT calendar_key, href FROM _kept.drift WHERE appointment_id = ? AND settled_at IS NULL", [own["appointment_id"]])
    return drift is not None and (drift["calendar_key"], path_key(drift["href"] or "")) == where


def is_kept(tx: Transaction, own: Row) -> bool:
    """Whether an object still lies where our event was written: then one with its UID elsewhere is a copy."""
    found = tx.row(
        "FROM _kept.object_version WHERE calendar_key = ? AND path_key = ? AND known_to = 'infinity'",
        [own["calendar_key"], own["path_key"]],
    )
    return found is not None


def copies(tx: Transaction, appointment_ids: Collection[str]) -> list[tuple[int, str]]:
    """Where objects with the UID of an appointment's event lie, beside where it was written: calendar and place."""
    rows = tx.rows(
        "SELECT v.calendar_key, v.path_key FROM _kept.own_object o JOIN _kept.object_version v ON lower(v.uid) = lower(o.uid) "
        "WHERE o.appointment_id IN (SELECT unnest(?::VARCHAR[])) AND o.state <> 'detached' AND v.known_to = 'infinity' "
        "AND (v.calendar_key, v.path_key) <> (o.calendar_key, o.path_key) ORDER BY ALL",
        [sorted(appointment_ids)],
    )
    return [(row["calendar_key"], row["path_key"]) for row in rows]


def overstaying(tx: Transaction, integration_key: int) -> list[tuple[int, str]]:
    """Where an older text of ours stands for longer than a server is slow, and no drift is recorded yet: calendar and place."""
    rows = tx.rows(
        "SELECT DISTINCT v.calendar_key, v.path_key FROM _kept.object_version v JOIN _kept.calendar c USING (calendar_key) "
        "JOIN _kept.own_object o ON o.appointment_id = v.appointment_id AND o.calendar_key = v.calendar_key AND o.path_key = v.path_key "
        "JOIN _kept.own_text t ON t.appointment_id = o.appointment_id AND t.generation = o.generation "
        "WHERE v.known_to = 'infinity' AND v.drifted AND c.integration_key = ? AND t.standing = 'past' AND t.etag = v.etag "
        "AND o.confirmed_at <= ? AND NOT EXISTS (FROM _kept.drift d WHERE d.appointment_id = o.appointment_id AND d.settled_at IS NULL)",
        [integration_key, tx.clock_now - SHOWN_AFTER],
    )
    return [(row["calendar_key"], row["path_key"]) for row in rows]


def _uid(each: ObjectWrite) -> str | None:
    uid = getattr(each.result, "uid", None)
    return uid.lower() if isinstance(uid, str) else None


def _texts_of(tx: Transaction, rows: list[Row]) -> dict[tuple[str, int], dict[str, Row]]:
    found: dict[tuple[str, int], dict[str, Row]] = defaultdict(dict)
    for row in tx.rows(
        "SELECT * FROM _kept.own_text WHERE appointment_id IN (SELECT unnest(?::VARCHAR[]))", [[row["appointment_id"] for row in rows]]
    ):
        found[row["appointment_id"], row["generation"]][row["fingerprint"]] = row
    return found


def _own(tx: Transaction, row: Row, each: ObjectWrite, known: Mapping[str, Row]) -> Own:
    mark = mark_of(each.raw, row["uid"])
    standing = standing_of(mark, each.etag, known)
    if standing == STALE and (row["confirmed_at"] is None or tx.clock_now - row["confirmed_at"] >= SHOWN_AFTER):
        standing = None  # no server is as slow as that, and an ETag may be a hash of the text: its owner put it back
    return Own(row, mark, own_fields(each.raw, row["uid"]), standing, each)


def standing_of(mark: str, etag: str | None, known: Mapping[str, Row]) -> str | None:
    """What is known of a text on the server.

    An older text of ours is ours only under the ETag it had: a server that is slow to show a write (icloud.md §3.1), and no owner who
    moved the event back. A text under the ETag that our write was answered with is what the server made of that write (P14).
    """
    found = known.get(mark)
    if found is None:
        written = any(row["standing"] == "confirmed" and row["etag"] == etag for row in known.values()) and etag is not None
        return "confirmed" if written else None
    if found["standing"] == "past":
        return STALE if etag is not None and found["etag"] == etag else None
    return str(found["standing"])
