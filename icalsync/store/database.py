"""The door to DuckDB: short-lived, shared, patient, and never with a foreign error (design.md §4)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import duckdb

from icalsync.errors import StoreLocked
from icalsync.ports import Clock
from icalsync.store import migrations, place
from icalsync.store.failures import as_store_errors, translated
from icalsync.store.instance import Alone, open_patiently, shared
from icalsync.store.transaction import Transaction

_TICK: Final = timedelta(microseconds=1)


class Database:
    """One DuckDB file. Nobody holds it: each ``read`` and ``write`` takes it for as long as it lasts."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        lock_wait: float = 5.0,
        stale_after: timedelta | None = None,
        mounts: Path = Path("/proc/mounts"),
    ) -> None:
        """``lock_wait``: seconds to wait for the file; ``stale_after``: R12's setting, kept in the file; ``mounts``: for T17."""
        self.path: Final = path.expanduser().resolve()
        self._clock = clock
        self._lock_wait = lock_wait
        self._stale_after = stale_after
        self._mounts = mounts
        self._examined = False
        self._inside = threading.local()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A consistent view; nothing can be written in it. Any ``StoreError``: ``StoreLocked``, ``NotADatabase``, ``DatabaseMissing``."""
        with self._entered() as cursor:
            with as_store_errors(self.path):
                cursor.execute("BEGIN TRANSACTION READ ONLY")
            try:
                told = self._clock.now().astimezone(UTC)
                yield Transaction(cursor, max(told, self._last(cursor)), told, self.path)
            finally:
                _roll_back(cursor)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """All or nothing: committed at the end of the block, undone where it raises. ``StoreFull``, and what ``read`` raises."""
        file = shared(self.path)
        if getattr(self._inside, "open", False):
            raise RuntimeError("a transaction is already open in this thread")
        if not file.writing.acquire(timeout=max(0.0, self._lock_wait)):
            raise StoreLocked(path=str(self.path), holder="another thread of this process")
        try:
            with self._entered() as cursor:
                yield from self._writing(cursor)
        finally:
            file.writing.release()

    @contextmanager
    def alone(self) -> Iterator[Alone]:
        """The file to oneself, outside any transaction: nobody else reads or writes it meanwhile. What ``read`` raises."""
        file = shared(self.path)
        if getattr(self._inside, "open", False):
            raise RuntimeError("a transaction is already open in this thread")
        if not file.writing.acquire(timeout=max(0.0, self._lock_wait)):
            raise StoreLocked(path=str(self.path), holder="another thread of this process")
        try:
            with file.alone(time.monotonic() + self._lock_wait, self._open) as mine:
                yield mine
        finally:
            file.writing.release()

    def _writing(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[Transaction]:
        with as_store_errors(self.path):
            cursor.execute("BEGIN TRANSACTION")
            told = self._clock.now().astimezone(UTC)
            now = max(told, self._last(cursor) + _TICK)
            cursor.execute("UPDATE _kept.instant SET last_at = ?, clock_at = ?", [now, told])
        try:
            yield Transaction(cursor, now, told, self.path)
            with as_store_errors(self.path):
                cursor.execute("COMMIT")
        except BaseException:
            _roll_back(cursor)
            raise

    @contextmanager
    def _entered(self) -> Iterator[duckdb.DuckDBPyConnection]:
        if getattr(self._inside, "open", False):
            raise RuntimeError("a transaction is already open in this thread")
        file = shared(self.path)
        cursor = file.enter(time.monotonic() + self._lock_wait, self._open)
        broken = False
        try:
            self._inside.open = True
            yield cursor
        except BaseException as error:
            broken = isinstance(error.__cause__, duckdb.FatalException | duckdb.InternalException | duckdb.IOException)
            raise
        finally:
            self._inside.open = False
            file.leave(cursor, broken=broken)

    def _open(self, deadline: float) -> duckdb.DuckDBPyConnection:
        """The file, opened and known to be ours and of this schema; created where there never was one."""
        if not self._examined:
            place.check_file_system(self.path, self._mounts)
            place.make_directory(self.path)
        if not place.exists(self.path):
            self._create()
        place.secure(self.path)
        if not self._examined:
            self._examine(deadline)
        connection = open_patiently(self.path, deadline)
        try:
            version = migrations.version_of(connection, self.path)
            if version == migrations.known():
                self._settle(connection)
                return connection
        except BaseException:
            connection.close()
            raise
        connection.close()
        return self._updated(deadline)

    def _examine(self, deadline: float) -> None:
        """Looked at read-only first: a file that is not ours, or newer, stays as it is to the byte, its WAL too."""
        connection = open_patiently(self.path, deadline, read_only=True)
        try:
            migrations.version_of(connection, self.path)
        finally:
            connection.close()
        self._examined = True

    def _create(self) -> None:
        with self._alone():
            if not place.exists(self.path):
                migrations.create(self.path, self._clock.now().astimezone(UTC))
                self._examined = True

    def _updated(self, deadline: float) -> duckdb.DuckDBPyConnection:
        with self._alone():
            migrations.upgrade(self.path, self._clock.now().astimezone(UTC), lambda: open_patiently(self.path, deadline))
            connection = open_patiently(self.path, deadline)
        try:
            migrations.version_of(connection, self.path)
            self._mark(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with as_store_errors(self.path), place.alone(self.path):
            yield

    def _settle(self, connection: duckdb.DuckDBPyConnection) -> None:
        if not place.marker_path(self.path).exists():
            self._mark(connection)
        if self._stale_after is None:
            return
        with as_store_errors(self.path):
            kept = connection.execute("SELECT stale_after FROM _kept.meta").fetchone()
            if kept != (self._stale_after,):
                connection.execute("UPDATE _kept.meta SET stale_after = ?", [self._stale_after])

    def _mark(self, connection: duckdb.DuckDBPyConnection) -> None:
        with as_store_errors(self.path):
            row = connection.execute("SELECT database_uuid, created_at FROM _kept.meta").fetchone() or ("", "")
            place.write_marker(self.path, place.Marker(str(row[0]), migrations.known(), str(row[1])))

    def _last(self, cursor: duckdb.DuckDBPyConnection) -> datetime:
        with as_store_errors(self.path):
            row = cursor.execute("SELECT last_at FROM _kept.instant").fetchone()
        return row[0].astimezone(UTC) if row else datetime.min.replace(tzinfo=UTC)


def _roll_back(cursor: duckdb.DuckDBPyConnection) -> None:
    """End the transaction; one that DuckDB has already ended by its own error needs no more."""
    try:
        cursor.execute("ROLLBACK")
    except duckdb.Error as error:
        if not isinstance(error, duckdb.TransactionException | duckdb.FatalException):
            raise translated(error, Path()) from error
