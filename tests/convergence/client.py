"""The product as the machine drives it: a clock that is told, a crash at any call through the ports, and a look at what is stored."""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

import icalsync
from icalsync.settings import load_settings
from icalsync.store.instance import shared
from tests.conftest import PASSWORD
from tests.convergence.model import START

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from icalsync.app import App, SyncReport
    from icalsync.engine.context import Context
    from icalsync.store.instance import SharedFile

NOBODY: Final = 1 << 30
"""The number of a process that cannot exist: the holder of a lease after its machine stopped."""


@dataclass
class ToldClock:
    """Says what it is told; only waiting takes real seconds."""

    at: datetime
    told: timedelta = timedelta()

    def now(self) -> datetime:
        """Where it was put."""
        return self.at

    def monotonic(self) -> float:
        """Real seconds, and those that it was told."""
        return time.monotonic() + self.told.total_seconds()

    def pass_(self, lapse: timedelta) -> None:
        """So much later."""
        self.told += lapse
        self.at += lapse


class Crash(BaseException):
    """The process is gone: nothing catches it, and nothing can be done after it."""


class Fuse:
    """Counts the calls through the ports, and burns through at one of them: before it is carried out, or after."""

    def __init__(self, calls: int, *, after: bool) -> None:
        self._left, self._after = calls, after
        self.burnt = False

    def guarded(self, port: Any) -> _Guarded:
        """A port whose calls count."""
        return _Guarded(self, port)

    def call(self, work: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """One call."""
        if self.burnt:
            raise Crash
        self._left -= 1
        self.burnt = self._left <= 0
        if self.burnt and not self._after:
            raise Crash
        result = work(*arguments, **options)
        if self.burnt:
            raise Crash
        return result


class _Guarded:
    """A port behind a fuse."""

    def __init__(self, fuse: Fuse, port: Any) -> None:
        self._fuse, self._port = fuse, port

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found):
            return found
        return lambda *arguments, **options: self._fuse.call(found, arguments, options)


class _GuardedDoor:
    """The server's door, whose accounts are behind the fuse."""

    def __init__(self, fuse: Fuse, door: Any) -> None:
        self._fuse, self._door = fuse, door

    @contextmanager
    def open(self, login: Any) -> Iterator[Any]:
        """An account."""
        with self._door.open(login) as server:
            yield self._fuse.guarded(server)


@dataclass(frozen=True)
class Stored:
    """What the store holds: calendar and name to UID and times, all and those that block; removals that wait; calendars."""

    occurrences: dict[tuple[str, str], frozenset[tuple[datetime, datetime]]]
    uids: dict[tuple[str, str], str]
    busy: dict[tuple[str, str], frozenset[tuple[datetime, datetime]]]
    uncovered: frozenset[str]
    """Calendars whose absence of events proves nothing (R12)."""
    held: dict[str, dict[str, datetime]]
    titles: dict[str, str]
    lost: frozenset[str]


class Client:
    """One database on disk and the App over it; ``restart`` is what a new process would find.

    The file stays open from one restart to the next, as in a process with much to do: opening it a dozen times per sync takes most of
    the time of a small one, and is tested elsewhere.
    """

    def __init__(self, directory: Path, url: str, now: datetime = START) -> None:
        self.clock = ToldClock(now)
        self._directory = directory
        self._url = url
        self._cursor: Any = None
        self._looked: tuple[list[tuple[int, int]], Stored] | None = None
        self.app = self._opened()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._cursor is not None:
            self._file.leave(self._cursor)
            self._cursor = None
            assert self._file._connection is None, "somebody else still has it open: the next process would go on where this one is"

    def open(self) -> None:
        """A process begins; that the file is ours and of this schema is looked at once, because that opens it twice (tests/store)."""
        self.app = self._opened()
        self.app._parts.database._examined = True
        self._cursor = self._file.enter(time.monotonic() + 5, self.app._parts.database._open)

    @property
    def _file(self) -> SharedFile:
        return shared(self.app._parts.database.path)

    def _opened(self) -> App:
        places = {"database": self._directory / "data" / "clinic.duckdb", "secret_key_file": self._directory / "keys" / "secret.key"}
        return icalsync.open(settings=load_settings({}, allow_private_hosts=True, **places), clock=self.clock)

    def set_up(self) -> None:
        """One user, whose account's calendars ``Work`` and ``Home`` take time."""
        self.app.add_sub_account("acme", time_zone="Europe/Berlin")
        self.app.add_user("acme", "anna")
        self.app.connect("acme", "anna", provider="caldav", url=self._url, account="anna", password=PASSWORD)
        self.app.link("acme", "anna", "Work")
        self.app.add_conflicts("acme", "anna", ["Home"])
        self.app.sync()

    def keep_as(self, place: Path) -> None:
        """A copy of everything on disk."""
        shutil.copytree(self._directory, place)

    def restore(self, place: Path) -> None:
        """Everything as it was then, in a new process."""
        self.close()
        self._looked = None
        shutil.rmtree(self._directory)
        shutil.copytree(place, self._directory)
        self.open()

    def sync(self) -> SyncReport:
        """Undisturbed."""
        return self.app.sync()

    def sync_until(self, fuse: Fuse) -> SyncReport | None:
        """A sync whose process may be gone before it ends: then None, and the next one is another process."""
        parts = self.app._parts
        whole = parts.context

        def context(*arguments: Any) -> Context:
            made = whole(*arguments)
            return replace(made, store=fuse.guarded(made.store), door=_GuardedDoor(fuse, made.door), batch=5)

        parts.context = context
        try:
            return self.app.sync()
        except Crash:
            self.restart()
            return None
        finally:
            del parts.context

    def restart(self) -> None:
        """A new process on the same file; the one before holds nothing any more, because it is gone."""
        self.close()
        self.open()
        with self.app._parts.database.write() as tx:
            tx.execute("UPDATE _kept.lease SET pid = ?", [NOBODY])

    def mark(self) -> list[tuple[int, int]]:
        """Differs whenever the file or its log was written."""
        places = (self.app.path, self.app.path.with_name(self.app.path.name + ".wal"))
        return [(found.st_mtime_ns, found.st_size) for found in (place.stat() for place in places if place.exists())]

    def stored(self) -> Stored:
        """What is known; looked at anew whenever the file was written since the last look."""
        mark = self.mark()
        if self._looked is None or self._looked[0] != mark:
            self._looked = mark, self._stored()
        return self._looked[1]

    def _stored(self) -> Stored:
        """From one consistent view of the database."""
        with self.app._parts.database.read() as tx:
            calendars = tx.rows("SELECT calendar_id, href, display_name FROM calendars")
            rows = tx.rows("SELECT calendar_id, href, uid, starts_at, ends_at FROM occurrences WHERE user_id = 'anna'")
            busy = tx.rows("SELECT calendar_id, href, starts_at, ends_at, source FROM busy WHERE user_id = 'anna'")
            held = tx.rows(
                "SELECT calendar_id, h.path_key, first_held_at FROM _kept.held_removal h JOIN _kept.calendar USING (calendar_key)"
            )
            lost = tx.rows(
                "SELECT calendar_id FROM _kept.calendar JOIN _kept.calendar_state_version USING (calendar_key) "
                "WHERE known_to = 'infinity' AND state = 'access_lost'"
            )
        slugs = {row["calendar_id"]: _last(row["href"]) for row in calendars}
        places: dict[str, dict[str, datetime]] = {}
        for row in held:
            places.setdefault(slugs[row["calendar_id"]], {})[_last(row["path_key"])] = row["first_held_at"]
        return Stored(
            occurrences=_times(rows, slugs),
            uids={(slugs[row["calendar_id"]], _last(row["href"])): row["uid"] for row in rows},
            busy=_times([row for row in busy if row["source"] == "external"], slugs),
            uncovered=frozenset(
                slugs[row["calendar_id"]]
                for row in busy
                if row["source"] == "coverage" and row["starts_at"].year < START.year and row["ends_at"].year > START.year + 2
            ),
            held=places,
            titles={slugs[row["calendar_id"]]: row["display_name"] for row in calendars},
            lost=frozenset(slugs[row["calendar_id"]] for row in lost),
        )


def _times(rows: list[dict[str, Any]], slugs: dict[str, str]) -> dict[tuple[str, str], frozenset[tuple[datetime, datetime]]]:
    found: dict[tuple[str, str], set[tuple[datetime, datetime]]] = {}
    for row in rows:
        found.setdefault((slugs[row["calendar_id"]], _last(row["href"])), set()).add((row["starts_at"], row["ends_at"]))
    return {place: frozenset(times) for place, times in found.items()}


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]
