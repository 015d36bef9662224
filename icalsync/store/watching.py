"""One watcher per database (T13): a lock that goes with its process, on a small file beside the database."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from icalsync.errors import AnotherWatcher
from icalsync.store.failures import as_store_errors

_LONGEST_NAME = 200


def watch_path(path: Path) -> Path:
    """``<database>.watch``: who watches; empty or left over where nobody does."""
    return path.with_name(path.name + ".watch")


@contextmanager
def sole_watcher(path: Path, holder: str) -> Iterator[None]:
    """Nobody else watches this database as long as this lasts. ``AnotherWatcher`` names who does; killed ones hold nothing (T4)."""
    place = watch_path(path.expanduser().resolve())
    with as_store_errors(path):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            said = os.read(descriptor, _LONGEST_NAME).decode("utf-8", "replace").strip()
            raise AnotherWatcher(path=str(path), holder=said or "another process") from None
        with as_store_errors(path):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, holder.encode()[:_LONGEST_NAME], 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)
