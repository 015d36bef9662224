"""The demo's own directory: made anew at each run, by one demo at a time, and nothing in it is touched that the demo did not make."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from platformdirs import user_data_path

from icalsync.errors import InvalidInput, StoreLocked, StoreUnsafe

MARKER: Final = ".icalsync-demo"
"""The file that says a directory is the demo's own; a running demo holds a lock on it."""
_DATABASE: Final = "demo.duckdb"
_BESIDE: Final = ("", ".wal", ".marker", ".lock", ".secrets", ".secrets.lock", ".tmp")
"""What the library keeps under the database's name."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one demo keeps its things."""

    directory: Path

    @property
    def database(self) -> Path:
        """The database file."""
        return self.directory / _DATABASE

    @property
    def server(self) -> Path:
        """The CalDAV server's configuration, log and calendars."""
        return self.directory / "server"

    @property
    def key_file(self) -> Path:
        """The key of the stored passwords: beside the directory, not in it (S19)."""
        return self.directory.with_name(self.directory.name + "-key") / "secret.key"


def default_directory() -> Path:
    """``icalsync-demo`` among this user's application data."""
    return user_data_path("icalsync-demo", appauthor=False)


@contextmanager
def fresh(directory: Path) -> Iterator[Place]:
    """The directory, emptied of what an earlier demo left, for as long as the demo runs.

    ``InvalidInput`` for a directory with things in it that no demo made, ``StoreLocked`` while another demo holds it, ``StoreUnsafe``
    where it cannot be made.
    """
    place = Place(directory.expanduser().absolute())
    try:
        descriptor = _claim(place.directory)
    except OSError as error:
        raise StoreUnsafe(path=str(place.directory), why=error.strerror or str(error)) from error
    try:
        _clear(place)
        yield place
    finally:
        os.close(descriptor)


def _claim(directory: Path) -> int:
    """The marker, made where it may be made, and locked; the lock ends with the process, however that ends."""
    marker = directory / MARKER
    if directory.is_dir() and not marker.exists() and any(directory.iterdir()):
        raise InvalidInput(what="the demo's directory", value=str(directory), why="it holds things that no demo made")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(marker, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StoreLocked(path=str(directory), holder="another demo") from None
    return descriptor


def _clear(place: Place) -> None:
    if place.server.is_dir():
        shutil.rmtree(place.server)
    for suffix in _BESIDE:
        path = place.database.with_name(place.database.name + suffix)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
