"""Ten thousand users with ten million busy intervals, written straight into the tables in bulk, once, and kept in a temporary directory.

One user is made by the product's own doors, with an object of each kind, so that every table has its rows, facts and verdicts; its rows are
then multiplied with new keys. Objects, occurrences and bookings are drawn for each user: 16 weekly series on a grid of their own, 90 single
events anywhere on it, 30 bookings, and 40 occurrences that are free or declined. One user in ten lives in another zone; one series in eight
floats. One object in twenty was another before. Over two years a user has 1,000 busy intervals, of which about 25 pairs meet. That is with
two calendars; with more of them a user has as many more series, events and free time, but no more series than the grid has room for.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd

from icalsync.core.interval import Interval
from icalsync.core.model import Participation, Transparency
from icalsync.store import migrations
from icalsync.store.database import Database
from icalsync.store.instance import open_once
from tests.store.conftest import ToldClock, World, collection, day, discovered, invited, meeting

SUB_ACCOUNT: Final = "clinic"
WINDOW: Final = Interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))
BEGUN: Final = datetime(2025, 12, 1, tzinfo=UTC)
NOW: Final = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
INTERVALS: Final = 1_000
"""Busy intervals of each user."""
SHAPE: Final = 4
"""Counts up when what is made changes, so that no older file is taken for it."""

_LENGTH, _BOOKINGS = 55, 30
_MOST_SERIES: Final = 40
_CELLS: Final = 45
"""Hours of a working week: five days from 8 to 17."""
_WEEKS: Final = 104
_PER_CHUNK: Final = 500
_HOUR: Final = np.int64(3_600_000_000)
_ZONES: Final = ("Europe/Berlin", "America/New_York")
_FACTS: Final = {"plain": 0, "free": 1, "declined": 2, "accepted": 3}
"""Kinds of occurrence, as numbers; the template says under which key of ``facts`` each stands."""


@dataclass(frozen=True)
class _Each:
    """What each user has."""

    calendars: int

    @property
    def keys(self) -> int:
        """How many calendars their account has: a subscribed one besides."""
        return self.calendars + 1

    @property
    def series(self) -> int:
        """Weekly series, each at an hour of its own."""
        return min(8 * self.calendars, _MOST_SERIES)

    @property
    def singles(self) -> int:
        """Events that do not recur."""
        return 45 * self.calendars

    @property
    def free(self) -> int:
        """Events that block nothing."""
        return 20 * self.calendars

    @property
    def objects(self) -> int:
        """All of them."""
        return self.series + self.singles + self.free


def crowd(users: int, calendars: int = 2) -> Path:
    """The database of so many users with so many calendars each, made now or before.

    Its place is ``icalsync-bench`` in the machine's temporary directory.
    """
    kind = f"{users}x{calendars}"
    directory = Path(tempfile.gettempdir(), "icalsync-bench", f"{kind}-shape{SHAPE}-{_schema()}")
    if not (directory / "clinic.duckdb").exists():
        for older in directory.parent.glob(f"{kind}-*"):
            shutil.rmtree(older)
        draft = Path(tempfile.mkdtemp(prefix="icalsync-crowd-"))
        try:
            _make(draft / "data" / "clinic.duckdb", users, _Each(calendars))
            directory.parent.mkdir(exist_ok=True)
            (draft / "data").rename(directory)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return directory / "clinic.duckdb"


def _schema() -> str:
    """A mark of all that makes a database: another step or another view makes another file."""
    text = "".join(step.sql for step in migrations.STEPS) + "".join(
        files("icalsync.store").joinpath("schema", name).read_text(encoding="utf-8") for name in ("views.sql", "audit.sql")
    )
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _make(path: Path, users: int, each: _Each) -> None:
    facts = _template(path, each)
    connection = open_once(path)
    _multiply(connection, users, each)
    for table in ("occurrence", "event", "object_version", "raw_text", "appointment_version", "attendee", "event_participation"):
        connection.execute(f"DELETE FROM _kept.{table}")
    for first in range(0, users, _PER_CHUNK):
        _fill(connection, np.arange(first, min(first + _PER_CHUNK, users)), facts, each)
    connection.execute("UPDATE _kept.instant SET last_at = ?", [NOW - timedelta(minutes=1)])
    around = timedelta(days=31)
    connection.execute("UPDATE _kept.meta SET horizon_from = ?, horizon_to = ?", [WINDOW.start - around, WINDOW.end + around])
    connection.execute("CHECKPOINT")
    connection.close()


def _template(path: Path, each: _Each) -> np.ndarray[Any, Any]:
    """One user whose calendars all block and of which one is linked, made by the store's own doors; keys of the facts by kind."""
    clock = ToldClock(BEGUN)
    world = World(Database(path, clock), clock)
    world.people.add_sub_account("acme", "Clinic", _ZONES[0])
    world.people.add_user("acme", "anna", name="Anna")
    names = ["Work", "Home", *(f"More {number}" for number in range(2, each.calendars))]
    found_there = [collection(f"/dav/anna/{number}/", name) for number, name in enumerate(names)]
    feed = collection("/dav/anna/feed/", "Holidays", kinds=frozenset({"collection", "subscribed"}))
    world.connect(found=discovered(*found_there, feed))
    world.roles.link("acme", "anna", "Work", actor="bench")
    world.roles.add_conflicts("acme", "anna", [world.id_of(name) for name in names[1:]])
    clock.pass_(minutes=1)
    start, end = NOW, NOW + timedelta(hours=1)
    kinds = {
        "plain": meeting("plain", start, end),
        "free": meeting("free", day(24), day(25), transparency=Transparency.TRANSPARENT),
        "declined": invited("declined", start, end, Participation.DECLINED),
        "accepted": invited("accepted", start, end, Participation.ACCEPTED),
    }
    world.pull("Work", *kinds.items())
    for name in names[1:]:
        world.pull(name)
    found = {row["uid"]: row["facts_key"] for row in world.rows("FROM _kept.occurrence JOIN _kept.object_version USING (version_key)")}
    with world.db.write() as tx:
        tx.execute("UPDATE _kept.sub_account SET sub_account = ?", [SUB_ACCOUNT])
    return np.array([found[name] for name in _FACTS])


def _multiply(connection: duckdb.DuckDBPyConnection, users: int, each: _Each) -> None:
    """Everything about the one user, for each further one: keys counted on, names with the number behind."""
    connection.execute(
        f"UPDATE _kept.account_user SET sub_account = '{SUB_ACCOUNT}', user_id = 'user-0'; "
        f"UPDATE _kept.calendar_freshness SET last_synced_at = TIMESTAMPTZ '{NOW.isoformat()}'; "
        f"UPDATE _kept.integration_freshness SET last_success_at = TIMESTAMPTZ '{NOW.isoformat()}'"
    )
    steps = {"user_key": 1, "integration_key": 1, "address_set_key": 1, "calendar_key": each.keys}
    names = {"calendar_id", "integration_id", "principal", "principal_key", "path_key", "user_id"}
    tables: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = '_kept' AND internal = false ORDER BY column_index"
    ).fetchall():
        tables.setdefault(table, []).append(column)
    small = ("account_user", "user_version", "integration", "integration_login", "integration_status_version", "integration_freshness")
    small += ("home", "address_set_version", "connection_version", "calendar", "calendar_version", "calendar_state_version")
    small += ("calendar_sync", "calendar_freshness", "calendar_role_version", "calendar_reading", "effective_setting", "account_standing")
    for table in small:
        replaced = [f"{column} + n * {steps[column]} AS {column}" for column in tables[table] if column in steps]
        replaced += [f"{column} || '-' || n AS {column}" for column in tables[table] if column in names and column != "user_id"]
        replaced += ["'user-' || n AS user_id"] if "user_id" in tables[table] else []
        only = "WHERE user_key IS NOT NULL" if table == "effective_setting" else ""
        connection.execute(
            f"INSERT INTO _kept.{table} SELECT * EXCLUDE (n) REPLACE ({', '.join(replaced)}) "
            f"FROM (FROM _kept.{table} {only}) CROSS JOIN (SELECT unnest(range(1, {users})) AS n) ORDER BY n"
        )
    connection.execute(
        f"UPDATE _kept.user_version SET time_zone = '{_ZONES[1]}' WHERE user_key % 10 = 0; "
        f"UPDATE _kept.calendar_reading SET time_zone = '{_ZONES[1]}' WHERE user_key % 10 = 0"
    )
    connection.execute(_WRITE_RUNS, {"keys": each.keys})


def _fill(connection: duckdb.DuckDBPyConnection, users: np.ndarray[Any, Any], facts: np.ndarray[Any, Any], each: _Each) -> None:
    """What is in these users' calendars, and what they are booked for."""
    draw = np.random.default_rng(int(users[0]) + 1)
    objects, occurrences = _objects(users, draw, each)
    ((first,),) = connection.execute("SELECT coalesce(max(version_key), 0) FROM _kept.object_version").fetchall()
    objects["version_key"] = np.arange(1, len(objects) + 1) + first
    occurrences["version_key"] = objects["version_key"].to_numpy()[occurrences.pop("object")]
    occurrences["facts_key"] = facts[occurrences.pop("kind")]
    bookings = _bookings(users, draw)
    for name, frame in (("objects", objects), ("occurrences", occurrences), ("bookings", bookings)):
        connection.register(name, frame)
    connection.execute("BEGIN")
    connection.execute(_WRITE_OBJECTS)
    connection.execute(_WRITE_OCCURRENCES)
    connection.execute(_WRITE_BOOKINGS)
    connection.execute("COMMIT")
    for name in ("objects", "occurrences", "bookings"):
        connection.unregister(name)


def _objects(users: np.ndarray[Any, Any], draw: np.random.Generator, each: _Each) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Objects by calendar, with their occurrences by object and start; ``object`` is the place of the one in the other."""
    people, per, regular = len(users), each.objects, each.series
    cells = np.argsort(draw.random((people, _CELLS)), axis=1)[:, :regular]  # each series of a user at an hour of its own
    series = np.zeros((people, per), bool)
    series[:, :regular] = True
    kind = np.zeros((people, per), np.int64)
    kind[:, regular // 2 : regular] = _FACTS["accepted"]
    kind[:, regular + each.singles :] = np.where(np.arange(each.free) % 2, _FACTS["free"], _FACTS["declined"])
    week = draw.integers(0, _WEEKS, (people, per))
    week[:, :regular] = draw.integers(0, _WEEKS - _LENGTH, (people, regular))
    cell = draw.integers(0, _CELLS, (people, per))
    cell[:, :regular] = cells
    shape = (people, per)
    objects = pd.DataFrame(
        {
            "user": np.broadcast_to(users[:, None], shape).ravel(),
            "home": np.where(draw.random(shape) < 0.3, draw.integers(1, each.calendars, shape), 0).ravel(),  # 7 in 10 in the first
            "series": series.ravel(),
            "kind": kind.ravel(),
            "week": week.ravel(),
            "cell": cell.ravel(),
            "minutes": draw.choice([30, 45, 60], shape).ravel(),
            "floating": (series & (np.arange(per) % 8 == 0)).ravel(),
            "known": draw.integers(0, 350 * 24, shape).ravel(),
            "number": np.broadcast_to(np.arange(per), shape).ravel(),
            "past": False,
        }
    )
    before = objects[draw.random(len(objects)) < 0.05].assign(past=True)  # the share that was another before
    before["cell"] = (before["cell"] + 1) % _CELLS
    objects = pd.concat([objects, before]).sort_values(["user", "home", "number", "past"], ignore_index=True)
    objects["calendar_key"] = each.keys * objects["user"] + 1 + objects["home"]
    return objects, _occurrences(objects)


def _occurrences(objects: pd.DataFrame) -> pd.DataFrame:
    count = np.where(objects["series"], _LENGTH, 1)
    place = np.repeat(np.arange(len(objects)), count)
    turn = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
    picked = objects.iloc[place]
    starts = _instant(picked["week"].to_numpy() + turn, picked["cell"].to_numpy())
    return pd.DataFrame(
        {
            "object": place,
            "calendar_key": picked["calendar_key"].to_numpy(),
            "instance": turn,
            "recurring": picked["series"].to_numpy(),
            "floating": picked["floating"].to_numpy(),
            "abroad": (picked["user"].to_numpy() + 1) % 10 == 0,
            "address_set_key": np.where(picked["kind"].isin([2, 3]), picked["user"].to_numpy() + 1, 0),
            "starts": starts,
            "ends": starts + picked["minutes"].to_numpy() * 60_000_000,
            "kind": picked["kind"].to_numpy(),
        }
    )


def _instant(week: np.ndarray[Any, Any], cell: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Microseconds since 1970 of an hour on the grid of some week."""
    monday = np.datetime64("2026-01-05T08:00", "us").astype(np.int64)
    return monday + ((week * 7 + cell // 9) * 24 + cell % 9) * _HOUR


def _bookings(users: np.ndarray[Any, Any], draw: np.random.Generator) -> pd.DataFrame:
    shape = (len(users), _BOOKINGS)
    starts = _instant(draw.integers(0, _WEEKS, shape), draw.integers(0, _CELLS, shape)).ravel()
    begun, now = (np.int64(moment.timestamp() * 1e6) for moment in (BEGUN + timedelta(days=1), NOW))
    booked = begun + (draw.random(len(starts)) * (np.minimum(starts, now) - begun)).astype(np.int64)
    user = np.repeat(users, _BOOKINGS)
    number = np.tile(np.arange(_BOOKINGS), len(users))
    return pd.DataFrame({"user": user, "number": number, "starts": starts, "booked": booked}).sort_values(["user", "starts"])


_KNOWN = f"TIMESTAMPTZ '{(BEGUN + timedelta(minutes=2)).isoformat()}'"
_WRITE_OBJECTS: Final = f"""
    INSERT INTO _kept.object_version
        (version_key, calendar_key, href, path_key, uid, etag, content_hash, kind, recurring, flags, known_from, known_to)
    SELECT version_key, calendar_key,
        '/dav/' || "user" || '/' || number || '.ics', '/dav/' || "user" || '/' || number || '.ics',
        'uid-' || "user" || '-' || number, '"' || version_key || '"', version_key::VARCHAR, 'event', series, [],
        CASE WHEN past THEN {_KNOWN} ELSE {_KNOWN} + (known + 1) * INTERVAL 1 HOUR END,
        CASE WHEN past THEN {_KNOWN} + (known + 1) * INTERVAL 1 HOUR ELSE 'infinity' END
    FROM objects ORDER BY version_key;
    INSERT INTO _kept.raw_text SELECT version_key, 'BEGIN:VCALENDAR'::BLOB FROM objects ORDER BY version_key;
    INSERT INTO _kept.event
    SELECT version_key, 0, NULL, 'Meeting ' || number, CASE WHEN floating THEN 'floating' ELSE 'instant' END,
        TIMESTAMPTZ '2026-01-05 08:00:00+00', TIMESTAMPTZ '2026-01-05 09:00:00+00', NULL, NULL, 'UTC',
        CASE kind WHEN 1 THEN 'TRANSPARENT' ELSE 'OPAQUE' END, 'CONFIRMED', 'UNSET', CASE WHEN series THEN 'FREQ=WEEKLY' END
    FROM objects ORDER BY version_key;
    INSERT INTO _kept.attendee
    SELECT version_key, 0, unnest(['user-' || "user" || '@clinic.example', 'guest-' || (7 * "user" + number) % 500 || '@else.example']),
        unnest([CASE kind WHEN 2 THEN 'DECLINED' ELSE 'ACCEPTED' END, 'ACCEPTED'])
    FROM objects WHERE kind IN (2, 3) ORDER BY version_key;
    INSERT INTO _kept.event_participation SELECT version_key, 0, "user" + 1, CASE kind WHEN 2 THEN 'DECLINED' ELSE 'ACCEPTED' END
    FROM objects WHERE kind IN (2, 3) ORDER BY version_key;
"""
_WRITE_OCCURRENCES: Final = f"""
    INSERT INTO _kept.occurrence
    SELECT calendar_key, version_key, instance, 0, CASE WHEN recurring THEN strftime(make_timestamp(starts), '%Y%m%dT%H%M%SZ') END,
        CASE WHEN floating THEN CASE WHEN abroad THEN '{_ZONES[1]}' ELSE '{_ZONES[0]}' END END,
        nullif(address_set_key, 0), make_timestamptz(starts), make_timestamptz(ends),
        CASE WHEN floating THEN make_timestamp(starts) END, CASE WHEN floating THEN make_timestamp(ends) END, facts_key
    FROM occurrences ORDER BY calendar_key, version_key, starts
"""
_WRITE_RUNS: Final = f"""
    INSERT INTO _kept.sync_run (run_id, integration_key, purpose, started_at, ended_at, requests, bytes, added, changed, removed,
        rejected, pushed, outcome, fresh)
    SELECT integration_key || '-' || n, integration_key, 'sync', t, t + INTERVAL 1 SECOND, 1, 900, 0, 0, 0, 0, 0, 'ok',
        range($keys * (integration_key - 1) + 1, $keys * integration_key)
    FROM (
        SELECT integration_key, n, TIMESTAMPTZ '{BEGUN.isoformat()}' + n * INTERVAL 35 DAY AS t
        FROM _kept.integration, (SELECT unnest(range(10)) AS n)
    )
"""
_WRITE_BOOKINGS: Final = """
    INSERT INTO _kept.appointment_version
        (appointment_id, user_key, starts_at, ends_at, title, status, booked_at, forced, known_from, changed_at)
    SELECT 'apt-' || "user" || '-' || number, "user" + 1, make_timestamptz(starts), make_timestamptz(starts + 1800000000), 'Visit',
        'booked', make_timestamptz(booked), false, make_timestamptz(booked), make_timestamptz(booked)
    FROM bookings ORDER BY "user", starts
"""
