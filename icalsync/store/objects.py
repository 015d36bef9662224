"""Calendar objects, a version per change: an unchanged text is no change, and a removal closes the version (R16, R17)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from icalsync.core import lens as core_lens
from icalsync.core.model import Reading, ReadResult, Rejected
from icalsync.core.paths import path_key
from icalsync.ports import Counts, ObjectWrite
from icalsync.store import drifts, lenses, own_objects, stored_objects
from icalsync.store.lenses import Lens
from icalsync.store.own_objects import Own
from icalsync.store.transaction import Row, Transaction

_STAMP: Final = re.compile(rb"^DTSTAMP[:;].*\r?\n", re.MULTILINE | re.IGNORECASE)
"""A server may stamp each reading with its own time (icloud.md §3.5); that is no change."""


@dataclass(frozen=True, slots=True)
class _New:
    """A version to be written, and the one it replaces."""

    key: int
    write: ObjectWrite
    replaces: Row | None
    own: Own | None = None
    """Where it is an event of ours that came back (R11)."""


def write(tx: Transaction, calendar_key: int, writes: Iterable[ObjectWrite]) -> Counts:
    """Keep objects as they now are; counts what was new, changed, and could not be read.

    Events of ours are recognised, and what somebody made of them is recorded as drift (R11).
    """
    latest = {path_key(each.href): each for each in writes}
    stored = current(tx, calendar_key, list(latest))
    owned = own_objects.recognise(tx, calendar_key, latest, [place for place, row in stored.items() if row["own_user_key"] is None])
    same = [(stored[place], each) for place, each in latest.items() if place in stored and _is_same(stored[place], each, owned.get(place))]
    _refresh(tx, same)
    kept = {row["path_key"] for row, _ in same}
    first = tx.next_key("object_version", "version_key")
    fresh = [(place, each) for place, each in sorted(latest.items()) if place not in kept]
    new = [_New(key, each, stored.get(place), owned.get(place)) for key, (place, each) in enumerate(fresh, first)]
    close(tx, [each.replaces["version_key"] for each in new if each.replaces])
    _insert(tx, calendar_key, new)
    _keep_quarantine(tx, calendar_key, [*new, *(_New(row["version_key"], each, row) for row, each in same)])
    drifts.follow(tx, calendar_key, owned)
    arrived = {place: own.row for place, own in owned.items() if place not in stored}
    renew_copies(
        tx, {own["appointment_id"] for place, own in arrived.items() if (own["calendar_key"], own["path_key"]) == (calendar_key, place)}
    )
    return _counts(new)


def renew(tx: Transaction, calendar_key: int, place: str) -> None:
    """Recognise one kept object again, after what is ours was decided otherwise: where that differs, it becomes a new version (R16)."""
    for row in current(tx, calendar_key, [place]).values():
        key = row["version_key"]
        result = stored_objects.load(tx, [key], lenses.occurrence_rows(tx, [key]))[key]
        if isinstance(result, Rejected):
            result = replace(result, detail=str(tx.value("SELECT detail FROM _kept.quarantine WHERE version_key = ?", [key])))
        if row["kind"] != "skipped":
            raw = bytes(tx.value("SELECT raw FROM _kept.raw_text WHERE version_key = ?", [key]))
            write(tx, calendar_key, [ObjectWrite(row["href"], row["etag"], raw, result)])


def renew_copies(tx: Transaction, appointment_ids: Collection[str]) -> None:
    """Recognise the copies of appointments' events again, after the appointment or the event changed (R11, R12)."""
    if appointment_ids:
        for calendar_key, place in own_objects.copies(tx, appointment_ids):
            renew(tx, calendar_key, place)


def judge_anew(tx: Transaction, integration_key: int) -> None:
    """An older text of ours that still stands, when no server is as slow as that any more, is an edit by its owner (R11)."""
    for calendar_key, place in own_objects.overstaying(tx, integration_key):
        renew(tx, calendar_key, place)


def remove(tx: Transaction, calendar_key: int, hrefs: Iterable[str]) -> Counts:
    """Close the versions of objects whose absence is proven (R13)."""
    rows = current(tx, calendar_key, [path_key(href) for href in hrefs])
    close(tx, [row["version_key"] for row in rows.values()])
    _heal(tx, calendar_key, list(rows))
    renew_copies(tx, {row["appointment_id"] for row in rows.values() if row["appointment_id"] is not None})
    drifts.removed(tx, calendar_key, list(rows.values()))
    return Counts(removed=len(rows))


def current(tx: Transaction, calendar_key: int, places: Sequence[str]) -> dict[str, Row]:
    """The versions that hold now, by place."""
    rows = tx.rows(
        "SELECT version_key, path_key, href, uid, etag, content_hash, kind, own_user_key, appointment_id, drifted "
        "FROM _kept.object_version "
        "WHERE calendar_key = ? AND known_to = 'infinity' AND path_key IN (SELECT unnest(?::VARCHAR[]))",
        [calendar_key, list(places)],
    )
    return {row["path_key"]: row for row in rows}


def close(tx: Transaction, version_keys: Sequence[int]) -> None:
    """These versions hold no longer."""
    if version_keys:
        tx.execute(
            "UPDATE _kept.object_version SET known_to = ? WHERE known_to = 'infinity' AND version_key IN (SELECT unnest(?::INTEGER[]))",
            [tx.now, list(version_keys)],
        )


def content_of(each: ObjectWrite) -> str:
    """What the object means to us, as a hash; of an object that is not understood, its bytes, but for the stamp of the reading itself."""
    if isinstance(each.result, Reading):
        return each.result.content_hash
    return kind_of(each.result) + ":" + hashlib.sha256(_STAMP.sub(b"", each.raw)).hexdigest()


def kind_of(result: ReadResult) -> str:
    """``event``, ``rejected`` or ``skipped``."""
    if isinstance(result, Reading):
        return "event"
    return "rejected" if isinstance(result, Rejected) else "skipped"


def _is_same(row: Row, each: ObjectWrite, own: Own | None) -> bool:
    """Whether a kept version says what the object says, and of whom."""
    marks = own.marks if own else (None, None, False)
    return bool(row["content_hash"] == content_of(each) and (row["own_user_key"], row["appointment_id"], row["drifted"]) == marks)


def _refresh(tx: Transaction, same: Sequence[tuple[Row, ObjectWrite]]) -> None:
    """A new ETag over the same content is no new version: the ETag and the text are brought up to date, and that is all."""
    moved = [(row["version_key"], each) for row, each in same if row["etag"] != each.etag]
    if not moved:
        return
    keys = [key for key, _ in moved]
    tx.execute(
        "UPDATE _kept.object_version AS v SET etag = k.etag "
        "FROM (SELECT unnest(?::INTEGER[]) AS version_key, unnest(?::VARCHAR[]) AS etag) k "
        "WHERE v.version_key = k.version_key",
        [keys, [each.etag for _, each in moved]],
    )
    tx.execute("DELETE FROM _kept.raw_text WHERE version_key IN (SELECT unnest(?::INTEGER[]))", [keys])
    tx.append("raw_text", [{"version_key": key, "raw": each.raw} for key, each in moved])


def _insert(tx: Transaction, calendar_key: int, new: Sequence[_New]) -> None:
    if not new:
        return
    through = lenses.lenses_of(tx, calendar_key)
    seen = {each.key: lenses.seen_through(each.write.result, through) for each in new}
    tx.append("object_version", [_version(tx, calendar_key, each, placed=bool(seen[each.key])) for each in new])
    tx.append("raw_text", [{"version_key": each.key, "raw": each.write.raw} for each in new])
    readings = [(each.key, each.write.result) for each in new if isinstance(each.write.result, Reading)]
    rows = [stored_objects.event_rows(key, reading) for key, reading in readings]
    tx.append("event", [row for events, _ in rows for row in events])
    tx.append("attendee", [row for _, attendees in rows for row in attendees])
    tx.append("event_participation", [row for key, reading in readings for row in _participations(key, reading, through)])
    lenses.write(tx, [lenses.Batch(calendar_key, each.key, seen[each.key], {}) for each in new])


def _version(tx: Transaction, calendar_key: int, each: _New, *, placed: bool) -> Row:
    result = each.write.result
    rejected = isinstance(result, Rejected)
    return {
        "version_key": each.key,
        "calendar_key": calendar_key,
        "href": each.write.href,
        "path_key": path_key(each.write.href),
        "uid": result.uid if isinstance(result, Reading | Rejected) else None,
        "etag": each.write.etag,
        "content_hash": content_of(each.write),
        "kind": kind_of(result),
        "recurring": isinstance(result, Reading) and result.recurring,
        "flags": list(result.flags) if isinstance(result, Reading) else None,
        "rejected_reason": result.reason if isinstance(result, Rejected) else None,
        "unplaced": rejected and not placed,
        **dict(zip(("own_user_key", "appointment_id", "drifted"), each.own.marks if each.own else (None, None, False), strict=True)),
        "known_from": tx.now,
    }


def _participations(version_key: int, reading: Reading, through: Sequence[Lens]) -> Iterable[Row]:
    for each in {one.address_set_key: one for one in through}.values():
        for component, event in enumerate(reading.events):
            if event.attendees:
                answer = core_lens.participation(event.attendees, each.own)
                yield {
                    "version_key": version_key,
                    "component": component,
                    "address_set_key": each.address_set_key,
                    "participation": str(answer),
                }


def _keep_quarantine(tx: Transaction, calendar_key: int, written: Sequence[_New]) -> None:
    """What cannot be read is listed with when it was first and last met; what can be read again is healed."""
    bad = {path_key(each.write.href): each for each in written if isinstance(each.write.result, Rejected)}
    _heal(tx, calendar_key, [path_key(each.write.href) for each in written if path_key(each.write.href) not in bad])
    if not bad:
        return
    listed = {
        row["path_key"]: row
        for row in tx.rows(
            "FROM _kept.quarantine WHERE calendar_key = ? AND healed_at IS NULL AND path_key IN (SELECT unnest(?::VARCHAR[]))",
            [calendar_key, list(bad)],
        )
    }
    tx.execute(
        "DELETE FROM _kept.quarantine WHERE calendar_key = ? AND healed_at IS NULL AND path_key IN (SELECT unnest(?::VARCHAR[]))",
        [calendar_key, list(bad)],
    )
    tx.append("quarantine", [_quarantined(tx, calendar_key, place, each, listed.get(place)) for place, each in bad.items()])


def _quarantined(tx: Transaction, calendar_key: int, place: str, each: _New, before: Row | None) -> Row:
    result = each.write.result
    if not isinstance(result, Rejected):
        raise TypeError("only what was rejected is quarantined")
    return {
        "calendar_key": calendar_key,
        "path_key": place,
        "href": each.write.href,
        "version_key": each.key,
        "reason": result.reason,
        "detail": result.detail,
        "first_seen_at": before["first_seen_at"] if before else tx.clock_now,
        "last_seen_at": tx.clock_now,
        "healed_at": None,
    }


def _heal(tx: Transaction, calendar_key: int, places: Sequence[str]) -> None:
    if places:
        tx.execute(
            "UPDATE _kept.quarantine SET healed_at = ? "
            "WHERE calendar_key = ? AND healed_at IS NULL AND path_key IN (SELECT unnest(?::VARCHAR[]))",
            [tx.clock_now, calendar_key, list(places)],
        )


def _counts(new: Sequence[_New]) -> Counts:
    rejected = sum(isinstance(each.write.result, Rejected) for each in new)
    added = sum(each.replaces is None and not isinstance(each.write.result, Rejected) for each in new)
    return Counts(added=added, changed=len(new) - added - rejected, rejected=rejected)
