"""One file, many threads, many processes: the file is held only while somebody in this process uses it (design.md §4).

All threads of a process share one DuckDB instance with one configuration, counted, closed when the last one leaves. DuckDB refuses a file
that another process holds, so opening is tried again with backoff. Where a process's threads would keep the file for longer than
``YIELD_AFTER``, newcomers wait until it was closed once, so that another process gets in. And a process that asks in a loop would hardly
ever leave the file alone for as long as another pauses between two tries: so who has to wait says so in a file beside it, and who finds
that file rests before opening again.
"""

from __future__ import annotations

import ctypes
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import duckdb

from icalsync.errors import StoreLocked
from icalsync.store.failures import as_store_errors, holder_of, is_lock, translated

FIRST_PAUSE: Final = 0.004
PAUSE_GROWTH: Final = 1.6
LONGEST_PAUSE: Final = 0.060
"""Seconds between two tries; measured with two processes (store.md): no failure in a minute, longest wait 0.8 s."""
YIELD_AFTER: Final = 0.25
"""Seconds after which a busy process lets go of the file once."""
REST: Final = LONGEST_PAUSE * 1.25
"""Seconds it then stays away: longer than another process pauses between two tries."""


def configuration(*, read_only: bool = False) -> dict[str, str | bool | int | float | list[str]]:
    """How every instance is opened: no access to other files, no extension from outside (S6), a format that 1.5 and 2 read."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "enable_external_access": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
    }
    if int(duckdb.__version__.split(".", 1)[0]) >= 2:  # noqa: PLR2004  # 1.5 writes that format anyway
        settings["storage_compatibility_version"] = "v1.5.0"
    if read_only:
        settings["access_mode"] = "read_only"
    return settings


def open_once(path: Path, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """One try to open the file; DuckDB's own errors."""
    connection = duckdb.connect(str(path), config=configuration(read_only=read_only))
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET lock_configuration = true")
    return connection


def open_patiently(path: Path, deadline: float, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Tries until ``deadline`` (``time.monotonic``): real seconds, because another process's patience is real too. ``StoreLocked``."""
    pause, waits = FIRST_PAUSE, wanted_path(path)
    waited = False
    try:
        while True:
            try:
                return open_once(path, read_only=read_only)
            except duckdb.Error as error:
                if not is_lock(error):
                    raise translated(error, path) from error
                if time.monotonic() + pause > deadline:
                    raise StoreLocked(path=str(path), holder=holder_of(error)) from error
            waited = True
            with suppress(OSError):  # only a wish: where nothing can be written beside the file, waiting is all there is
                waits.touch(mode=0o600)
            time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # jitter, not a secret
            pause = min(pause * PAUSE_GROWTH, LONGEST_PAUSE)
    finally:
        if waited:
            with suppress(OSError):
                waits.unlink(missing_ok=True)


def wanted_path(path: Path) -> Path:
    """What stands beside a database while a process waits for it; touched at each try, so that one left by a dead process tells nothing."""
    return path.with_name(f".{path.name}.wanted")


class _PrivateFiles:
    """While any database is open, new files belong to their owner alone (T16): DuckDB makes its WAL whenever it first needs one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = 0
        self._before = 0

    def __enter__(self) -> None:
        with self._lock:
            if self._open == 0:
                self._before = os.umask(0o077)
            self._open += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._open -= 1
            if self._open == 0:
                os.umask(self._before)


private_files = _PrivateFiles()


@dataclass(frozen=True, slots=True)
class Alone:
    """A file that nobody else has: to be asked, and its bytes."""

    connection: duckdb.DuckDBPyConnection
    content: BinaryIO


class SharedFile:
    """The one instance of a file in this process."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self.writing: Final = threading.Lock()
        """Writers of this process go one after the other; those of other processes cannot open the file."""
        self._changed = threading.Condition()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._users = 0
        self._waiting = 0
        self._wanted_alone = 0
        self._opened_at = 0.0
        self._rest_until = 0.0
        self._broken = False
        self._rested_for = 0
        self._process = os.getpid()

    def enter(self, deadline: float, prepare: Callable[[float], duckdb.DuckDBPyConnection]) -> duckdb.DuckDBPyConnection:
        """A cursor of one's own; ``prepare`` opens the file for the first one in. ``StoreLocked`` after ``deadline``."""
        with self._changed:
            self._waiting += 1
            try:
                # Nobody slips in between the last one out and whoever waits to be alone, who would wait for ever else.
                while self._must_close() if self._connection is not None else self._wanted_alone:
                    if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                        raise StoreLocked(path=str(self.path), holder="other threads of this process")
            finally:
                self._waiting -= 1
            if self._connection is None:
                time.sleep(max(0.0, self._rest_until - time.monotonic()))
                self._let_others_in()
                self._connection = self._opened(prepare, deadline)
                self._opened_at = time.monotonic()
                self._broken = False
            with as_store_errors(self.path):
                cursor = self._connection.cursor()
            self._users += 1
            return cursor

    def _let_others_in(self) -> None:
        """Stay away for longer than another process pauses between two tries, where one waits that has tried since the last time."""
        try:
            tried = wanted_path(self.path).stat().st_mtime_ns
        except (FileNotFoundError, NotADirectoryError):
            return
        if tried != self._rested_for:
            self._rested_for = tried
            time.sleep(REST)

    def leave(self, cursor: duckdb.DuckDBPyConnection, *, broken: bool = False) -> None:
        """Give the cursor back; the last one out closes the file. ``broken``: nobody may join this instance any more."""
        if os.getpid() != self._process:  # forked inside a transaction: the file is the parent's to close
            return
        with self._changed:
            self._broken = self._broken or broken
            cursor.close()
            self._users -= 1
            if self._users == 0 and self._connection is not None:
                held = time.monotonic() - self._opened_at
                self._connection.close()
                self._connection = None
                private_files.__exit__()
                if self._waiting and held > YIELD_AFTER:
                    self._rest_until = time.monotonic() + REST
                self._changed.notify_all()

    @contextmanager
    def alone(self, deadline: float, prepare: Callable[[float], duckdb.DuckDBPyConnection]) -> Iterator[Alone]:
        """The file to oneself: no other thread is inside, and while it is open no other process. ``StoreLocked`` after ``deadline``.

        Who comes meanwhile waits at the door: until the bytes are closed, too, because closing any descriptor of a file drops all of the
        process's locks on it.
        """
        with self._changed:
            self._waiting += 1
            self._wanted_alone += 1
            try:
                while self._users:
                    if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                        raise StoreLocked(path=str(self.path), holder="other threads of this process")
            finally:
                self._waiting -= 1
                self._wanted_alone -= 1
                self._changed.notify_all()
            connection = self._opened(prepare, deadline)
            try:
                with self.path.open("rb") as content, closing(connection):
                    yield Alone(connection, content)
            finally:
                private_files.__exit__()

    @staticmethod
    def _opened(prepare: Callable[[float], duckdb.DuckDBPyConnection], deadline: float) -> duckdb.DuckDBPyConnection:
        private_files.__enter__()
        try:
            return prepare(deadline)
        except BaseException:
            private_files.__exit__()
            raise

    def abandon(self) -> None:
        """In a forked child: the connection is never closed here, not even when the interpreter ends."""
        if self._connection is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._connection))

    def _must_close(self) -> bool:
        return self._broken or time.monotonic() - self._opened_at > YIELD_AFTER


_FILES: dict[Path, SharedFile] = {}
_FILES_LOCK = threading.Lock()


def shared(path: Path) -> SharedFile:
    """The one ``SharedFile`` of a path in this process."""
    with _FILES_LOCK:
        return _FILES.setdefault(path, SharedFile(path))


def _after_fork_in_child() -> None:
    """A forked child has no threads and no locks of its parent's: it starts anew, and never closes what is not its own."""
    global _FILES, _FILES_LOCK, private_files  # these are per process by nature
    for file in _FILES.values():
        file.abandon()
    _FILES, _FILES_LOCK, private_files = {}, threading.Lock(), _PrivateFiles()


os.register_at_fork(after_in_child=_after_fork_in_child)
