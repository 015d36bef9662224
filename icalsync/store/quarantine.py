"""What could not be read: listed without its text, shown on request, and read again when the code has learned to (R12, R18)."""

from __future__ import annotations

import hashlib
from typing import Final

from icalsync.core.interval import Interval
from icalsync.core.model import ReadResult, Rejected
from icalsync.core.paths import path_key
from icalsync.errors import AmbiguousName, LeaseLost, NotFound, UnknownCalendar
from icalsync.ports import Lease, ObjectWrite
from icalsync.store import leases, lenses, names, objects
from icalsync.store.audit import audit
from icalsync.store.belonging import owners
from icalsync.store.database import Database
from icalsync.store.horizon import stored_horizon
from icalsync.store.transaction import Row, Transaction

_LISTED: Final = """
    SELECT c.calendar_id, q.href, q.reason, q.first_seen_at, q.last_seen_at, q.detail
    FROM _kept.quarantine q JOIN _kept.calendar c USING (calendar_key)
    WHERE q.healed_at IS NULL
"""
_SERVING: Final = """
    AND c.integration_key IN (
        SELECT n.integration_key FROM _kept.connection_version n JOIN _kept.account_user u USING (user_key)
        WHERE n.known_to = 'infinity' AND u.sub_account_key = ? AND u.user_key = coalesce(?, u.user_key)
    )
"""
# What is broken says no more whose it is: where the system wrote an event, its place does, and its UID wherever it lies.
_OWN: Final = """
    SELECT DISTINCT c.calendar_id, q.href, u.sub_account
    FROM (
        SELECT q.calendar_key, q.href, v.own_user_key AS user_key FROM _kept.quarantine q JOIN _kept.object_version v USING (version_key)
        WHERE q.healed_at IS NULL
        UNION ALL
        SELECT q.calendar_key, q.href, o.user_key FROM _kept.quarantine q JOIN _kept.own_object o USING (calendar_key, path_key)
        WHERE q.healed_at IS NULL
        UNION ALL
        SELECT q.calendar_key, q.href, o.user_key FROM _kept.quarantine q JOIN _kept.object_version v USING (version_key)
        JOIN _kept.own_object o ON o.uid = v.uid WHERE q.healed_at IS NULL
    ) q
    JOIN _kept.calendar c USING (calendar_key) JOIN _kept.account_user u USING (user_key)
"""
_ENTRY: Final = """
    SELECT q.href, v.uid, q.reason, q.detail, q.first_seen_at, q.last_seen_at, v.etag, o.starts_at, o.ends_at, t.raw
    FROM _kept.quarantine q
    JOIN _kept.object_version v USING (version_key)
    JOIN _kept.raw_text t USING (version_key)
    LEFT JOIN (SELECT version_key, min(starts_at) AS starts_at, max(ends_at) AS ends_at FROM _kept.occurrence GROUP BY ALL) o
        USING (version_key)
    WHERE q.healed_at IS NULL AND q.calendar_key = ? AND q.path_key = ?
"""
_KEPT: Final = """
    SELECT c.calendar_id, q.href, q.reason, q.detail, v.version_key, v.etag
    FROM _kept.quarantine q
    JOIN _kept.calendar c USING (calendar_key)
    JOIN _kept.integration i USING (integration_key)
    JOIN _kept.object_version v USING (version_key)
    WHERE q.healed_at IS NULL AND v.known_to = 'infinity' AND i.integration_id = ? AND c.calendar_id = coalesce(?, c.calendar_id)
    ORDER BY c.calendar_id, q.href
"""


class Quarantine:
    """Objects that could not be read. Their bytes are kept as they came."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def rows(self, sub_account: str | None = None, user_id: str | None = None) -> list[Row]:
        """The view ``quarantine`` with ``detail``, of what serves a user, a sub-account, or of all; never the bytes.

        ``UnknownSubAccount``, ``UnknownUser``.
        """
        with self._db.read() as tx:
            if sub_account is None:
                return tx.rows(f"{_LISTED} ORDER BY ALL")
            return tx.rows(f"{_LISTED} {_SERVING} ORDER BY ALL", list(names.scope(tx, sub_account, user_id)))

    def own(self) -> list[Row]:
        """Which of them are events that the system wrote: ``calendar_id, href``, and the ``sub_account`` they were booked in."""
        with self._db.read() as tx:
            return tx.rows(_OWN)

    def calendar(self, name_or_id: str) -> tuple[str, str]:
        """(calendar id, integration id) of a calendar, by id or unique display name. ``UnknownCalendar``, ``AmbiguousName``."""
        with self._db.read() as tx:
            found = _calendar(tx, name_or_id)
            return found["calendar_id"], found["integration_id"]

    def entry(self, calendar: str, href: str) -> Row:
        """One of them: ``calendar_id, href, uid, reason, detail, first_seen_at, last_seen_at, etag, size`` (bytes), ``sha256``.

        ``starts_at`` and ``ends_at`` are the time it blocks as UNKNOWN, NULL where that cannot be told. ``NotFound``, ``UnknownCalendar``.
        """
        with self._db.read() as tx:
            row, _ = _entry(tx, calendar, href)
            return row

    def reveal(self, calendar: str, href: str, *, actor: str, reason: str | None) -> tuple[Row, bytes]:
        """The same, and the bytes as they came; who asked, and why, stands in ``audit_log`` before anybody sees them (R18)."""
        with self._db.write() as tx:
            row, raw = _entry(tx, calendar, href)
            _audit(tx, actor, "REVEAL_QUARANTINED", row, reason)
        return row, raw

    def kept(self, integration_id: str, calendar_id: str | None = None) -> list[Row]:
        """What can be tried again, of an integration or one calendar: ``calendar_id, href, reason, detail, version_key, etag``."""
        with self._db.read() as tx:
            return tx.rows(_KEPT, [integration_id, calendar_id])

    def raw(self, kept: Row) -> bytes:
        """The bytes of one of ``kept``, for reading them again; nobody sees them."""
        with self._db.read() as tx:
            return bytes(tx.value("SELECT raw FROM _kept.raw_text WHERE version_key = ?", [kept["version_key"]]) or b"")

    def settle(self, lease: Lease, kept: Row, window: Interval, read: tuple[bytes, ReadResult], *, actor: str) -> bool:
        """Keep what reading the bytes of one of ``kept`` again brought, in one transaction; whether it is understood now.

        One that is understood becomes an ordinary version and leaves the quarantine, and so does its time. One that is rejected for
        another reason, or takes another time, than before becomes a new version too; else nothing is written (R17). ``LeaseLost``.
        """
        raw, result = read
        with self._db.write() as tx:
            leases.check(tx, lease)
            key = _calendar(tx, kept["calendar_id"])["calendar_key"]
            current = objects.current(tx, key, [path_key(kept["href"])])
            horizon = stored_horizon(tx)
            still = [row["version_key"] for row in current.values()] == [kept["version_key"]]
            if not still or (horizon is not None and not window.contains(horizon)):
                raise LeaseLost(integration_id=lease.integration_id)
            if isinstance(result, Rejected):
                if _says_the_same(tx, key, kept, result):
                    return False
                objects.close(tx, [kept["version_key"]])
            objects.write(tx, key, [ObjectWrite(kept["href"], kept["etag"], raw, result)])
            _audit(tx, actor, "RETRY_QUARANTINED", kept, None)
        return not isinstance(result, Rejected)


def _calendar(tx: Transaction, name_or_id: str) -> Row:
    rows = tx.rows(
        "SELECT c.calendar_key, c.calendar_id, i.integration_id, v.display_name FROM _kept.calendar c "
        "JOIN _kept.integration i USING (integration_key) JOIN _kept.calendar_version v USING (calendar_key) "
        "WHERE v.known_to = 'infinity' AND (c.calendar_id = ? OR lower(v.display_name) = lower(?)) ORDER BY c.calendar_id",
        [name_or_id, name_or_id],
    )
    by_id = [row for row in rows if row["calendar_id"] == name_or_id]
    found = by_id or [row for row in rows if row["display_name"] == name_or_id] or rows
    if not found:
        raise UnknownCalendar(name=name_or_id)
    if len(found) > 1:
        raise AmbiguousName(name=name_or_id, candidates=", ".join(row["calendar_id"] for row in found))
    return found[0]


def _entry(tx: Transaction, calendar: str, href: str) -> tuple[Row, bytes]:
    owner = _calendar(tx, calendar)
    found = tx.row(_ENTRY, [owner["calendar_key"], path_key(href)])
    if found is None:
        raise NotFound(kind="quarantined object", name=href)
    raw = bytes(found.pop("raw"))
    return {"calendar_id": owner["calendar_id"], **found, "size": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}, raw


def _says_the_same(tx: Transaction, calendar_key: int, kept: Row, result: Rejected) -> bool:
    """Whether a rejection is the stored one: the same reason and detail, and the same time in every zone it is read in."""
    seen = lenses.seen_through(result, lenses.lenses_of(tx, calendar_key))
    told = {(one.occurrence.starts_at, one.occurrence.ends_at) for one in seen}
    rows = tx.rows("SELECT starts_at, ends_at FROM _kept.occurrence WHERE version_key = ?", [kept["version_key"]])
    stored = {(row["starts_at"], row["ends_at"]) for row in rows}
    return (kept["reason"], kept["detail"]) == (result.reason, result.detail) and told <= stored and bool(told) == bool(stored)


def _audit(tx: Transaction, actor: str, action: str, row: Row, reason: str | None) -> None:
    audit(tx, actor, action, f"{row['calendar_id']} {row['href']}", reason, about=owners(tx, "calendar_id", row["calendar_id"]))
