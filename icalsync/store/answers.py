"""What the database is asked: busy time, coverage, views, and read-only SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb

from icalsync.core.interval import Interval
from icalsync.core.model import ReadResult, Reason
from icalsync.core.slots import Person
from icalsync.errors import UnknownView
from icalsync.store import agenda, names
from icalsync.store import horizon as horizons
from icalsync.store.asked import User, keys_of, moment_of, present_of
from icalsync.store.database import Database
from icalsync.store.failures import as_store_errors
from icalsync.store.transaction import Row, Transaction

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BUSY_COLUMNS", "VIEWS", "Answers", "User"]

VIEWS: Final = (
    "sub_accounts",
    "users",
    "integrations",
    "connections",
    "calendars",
    "calendar_roles",
    "opening_hours",
    "policies",
    "events",
    "occurrences",
    "appointments",
    "blocked_slots",
    "contacts",
    "busy",
    "coverage",
    "double_bookings",
    "sync_runs",
    "sync_calendar_runs",
    "quarantine",
    "drift",
    "outbox",
    "alerts",
    "audit_log",
)
"""The public views (design.md §4)."""

BUSY_COLUMNS: Final = (
    "sub_account, user_id, starts_at, ends_at, source, reason, busyness, calendar_id, href, uid, recurrence_id, ref"  # as in the view
)


class Answers:
    """Reads, and never writes, apart from extending the horizon."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def busy(self, users: Sequence[User], start: datetime, end: datetime, known_at: datetime | None = None) -> pd.DataFrame:
        """What takes the users' availability and touches ``[start, end)``, whole rows with the columns of the view ``busy``.

        As known at ``known_at``, or now. ``BeforeRetention``, ``UnknownUser``.
        """
        with self._db.read() as tx:
            return _busy(tx, users, Interval(start, end), known_at)

    def busy_and_coverage(
        self, users: Sequence[User], window: Interval, known_at: datetime | None = None
    ) -> tuple[pd.DataFrame, list[Row]]:
        """Both of one moment, in less time than one after the other."""
        with self._db.read() as tx:
            rows = _coverage(tx, users, known_at, "CASE WHEN c.known_from <= $moment THEN _kept.gaps_of(c.covered_from, c.covered_to) END")
            gaps = [gap for row in rows for gap in row.pop("more") or ()]
            covered = not any(gap["starts_at"] < window.end and gap["ends_at"] > window.start for gap in gaps)
            return _busy(tx, users, window, known_at, covered=covered), rows

    def unreadable(self, users: Sequence[User], window: Interval, known_at: datetime | None = None) -> set[tuple[str, str, str]]:
        """(sub-account, user, calendar) where something over ``window`` could not be read."""
        with self._db.read() as tx:
            keys, moment = keys_of(tx, users), moment_of(tx, known_at)
            # few calendars ever held such an object; the others are not looked through
            suspect = [
                row["calendar_key"] for row in tx.rows("SELECT DISTINCT calendar_key FROM _kept.object_version WHERE kind = 'rejected'")
            ]
            if not suspect:
                return set()
            rows = tx.rows(
                "SELECT DISTINCT u.sub_account, u.user_id, c.calendar_id FROM _kept.external_rows($moment, $moment) b "  # noqa: S608  # our keys
                "JOIN _kept.account_user u USING (user_key) JOIN _kept.calendar c USING (calendar_key) "
                f"WHERE b.user_key IN ({keys}) AND b.calendar_key IN ({', '.join(map(str, suspect))}) "
                f"AND b.reason = '{Reason.UNREADABLE.value}' AND b.starts_at < $end AND b.ends_at > $start",
                {"moment": moment, "start": window.start, "end": window.end},
            )
        return {(row["sub_account"], row["user_id"], row["calendar_id"]) for row in rows}

    def coverage(self, users: Sequence[User], known_at: datetime | None = None) -> list[Row]:
        """How complete the knowledge of each conflict calendar of the users is: rows of the view ``coverage``."""
        with self._db.read() as tx:
            rows = _coverage(tx, users, known_at)
        return [{name: value for name, value in row.items() if name != "more"} for row in rows]

    def appointments(self, users: Sequence[User], start: datetime, end: datetime, known_at: datetime | None = None) -> list[Row]:
        """The users' own appointments that hold and touch ``[start, end)``: whose, which, from when to when."""
        window = Interval(start, end)
        with self._db.read() as tx:
            keys, moment = keys_of(tx, users), moment_of(tx, known_at)
            return tx.rows(
                "SELECT u.sub_account, u.user_id, a.appointment_id, a.starts_at, a.ends_at, a.forced "  # noqa: S608  # our keys
                "FROM _kept.appointment_version a JOIN _kept.account_user u USING (user_key) "
                f"WHERE a.user_key IN ({keys}) AND a.status <> 'cancelled' AND a.starts_at < $end AND a.ends_at > $start "
                "AND a.known_from <= $moment AND a.known_to > $moment ORDER BY ALL",
                {"moment": moment, "start": window.start, "end": window.end},
            )

    def persons(self, users: Sequence[User], window: Interval, known_at: datetime | None = None) -> list[Person]:
        """The users as the slot finder sees them over ``window``, now or as known at ``known_at``. ``BeforeRetention``, ``UnknownUser``."""
        with self._db.read() as tx:
            return agenda.persons(tx, users, window, known_at)

    def view(self, name: str, where: str | None = None, params: Mapping[str, Any] | None = None, *, reveal: bool = False) -> pd.DataFrame:
        """One public view, filtered by an SQL condition. ``UnknownView``, ``QueryRefused``."""
        if name not in VIEWS:
            raise UnknownView(name=name, known=", ".join(VIEWS))
        condition = f" WHERE ({where}\n)" if where else ""
        return self.sql(f"SELECT * FROM {name}{condition}", params, reveal=reveal)  # noqa: S608  # checked like any other query

    def sql(
        self,
        query: str,
        params: Mapping[str, Any] | None = None,
        frames: Mapping[str, pd.DataFrame] | None = None,
        *,
        reveal: bool = False,
    ) -> pd.DataFrame:
        """One SELECT over the public views and ``frames``; ``$name`` parameters. Everything else is refused (S6): ``QueryRefused``.

        ``reveal``: titles and notes as they are, for a caller that has logged it (R18).
        """
        with self._db.read() as tx:
            return tx.asked(query, dict(params or {}), VIEWS, dict(frames or {}), reveal=reveal)

    def write_parquet(self, frame: pd.DataFrame, path: Path) -> None:
        """A frame as a Parquet file, by an instance of its own: the database's has no access to other files (S6). ``StoreFull``."""
        quoted = str(path).replace("'", "''")
        with as_store_errors(path), duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.register("frame", frame)
            connection.execute(f"COPY (FROM frame) TO '{quoted}' (FORMAT parquet)")

    def horizon(self) -> Interval | None:
        """The span over which recurring events are expanded; None before the first sync."""
        with self._db.read() as tx:
            return horizons.stored_horizon(tx)

    def ensure_horizon(self, window: Interval, read: Callable[[bytes, Interval], ReadResult]) -> bool:
        """Let recurring events be expanded over ``window`` too; whether anything had to be done."""
        return horizons.ensure(self._db, window, read)


def _busy(tx: Transaction, users: Sequence[User], window: Interval, known_at: datetime | None, *, covered: bool = False) -> pd.DataFrame:
    """``covered``: nothing that is not covered touches the window."""
    found, moment = names.users(tx, users), moment_of(tx, known_at)
    keys = ", ".join(str(int(row["user_key"])) for row in found) or "NULL"  # literals reach the scans, and parameters do not
    asked = {"moment": moment, "start": window.start, "end": window.end} | ({} if covered else {"present": present_of(tx, known_at)})
    rows = "_kept.known_busy_rows($moment)" if covered else "_kept.busy_rows($moment, $present)"
    where = f"WHERE b.user_key IN ({keys}) AND b.starts_at < $end AND b.ends_at > $start ORDER BY ALL"
    if len(found) == 1:  # the name is known, and joining it costs more than the rows
        columns = BUSY_COLUMNS.replace("sub_account, user_id", "$sub_account AS sub_account, $user_id AS user_id", 1)
        asked |= {"sub_account": found[0]["sub_account"], "user_id": found[0]["user_id"]}
        return tx.frame(f"SELECT {columns} FROM {rows} b {where}", asked)  # noqa: S608  # our keys
    return tx.frame(f"SELECT {BUSY_COLUMNS} FROM {rows} b JOIN _kept.account_user u USING (user_key) {where}", asked)  # noqa: S608  # as above


def _coverage(tx: Transaction, users: Sequence[User], known_at: datetime | None, more: str = "NULL") -> list[Row]:
    """Rows of the view ``coverage`` of the users' conflict calendars, with one expression more."""
    keys, moment = keys_of(tx, users), moment_of(tx, known_at)
    columns = "u.sub_account, u.user_id, c.calendar_id, c.complete, c.state, c.reason, c.as_of, c.covered_from, c.covered_to"
    return tx.rows(
        f"SELECT {columns}, {more} AS more FROM _kept.coverage_rows($moment, $present) c JOIN _kept.account_user u USING (user_key) "  # noqa: S608  # our keys
        f"WHERE c.blocks AND c.user_key IN ({keys}) ORDER BY ALL",
        {"moment": moment, "present": present_of(tx, known_at)},
    )
