"""DuckDB's errors as the store's own: nothing foreign leaves this package, and no value of a row gets into a message (R18)."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

from icalsync.errors import BeforeRetention, StoreError, StoreFull, StoreLocked

_LOCK: Final = re.compile(r"Could not set lock on file|Conflicting lock is held|being used by another process", re.IGNORECASE)
_HOLDER: Final = re.compile(r"PID (\d+)")
_FULL: Final = re.compile(
    r"No space left|File too large|Disk quota exceeded|Could not write|failed to offload|max_temp_directory_size", re.IGNORECASE
)
_RETENTION: Final = re.compile(r"BEFORE_RETENTION: nothing is kept from before ([0-9:+. -]+)")
_COMMAND_LENGTH: Final = 80


def is_lock(error: duckdb.Error) -> bool:
    """Whether another process holds the file: worth another try."""
    return _LOCK.search(str(error)) is not None


INTERRUPTED: Final = "Query interrupted"
"""What DuckDB makes of a Ctrl-C that comes while it works: a bare ``RuntimeError``."""


def holder_of(error: duckdb.Error) -> str:
    """Who holds the file, as ``PID n (command)``, from DuckDB's message and what the system says of that process."""
    found = _HOLDER.search(str(error))
    if found is None:
        return "another process"
    pid = found.group(1)
    command = _command_of(pid)
    return f"PID {pid} ({command})" if command else f"PID {pid}"


def _command_of(pid: str) -> str:
    try:
        # the program's name alone: its arguments are its owner's business, and may hold a secret
        text = Path("/proc", pid, "comm").read_text("utf-8", "replace").strip()
    except OSError:  # gone meanwhile, or a system without /proc: the number alone has to do
        return ""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:_COMMAND_LENGTH]


def translated(error: Exception, path: Path) -> Exception:
    """The error of our tree for one of DuckDB's or the system's; any other error as it is."""
    if isinstance(error, OSError) and not isinstance(error, duckdb.Error):
        return (
            StoreFull(path=str(path)) if error.errno in {errno.ENOSPC, errno.EFBIG, errno.EDQUOT} else StoreError(why=type(error).__name__)
        )
    if not isinstance(error, duckdb.Error):
        return error
    text = str(error)
    if is_lock(error):
        return StoreLocked(path=str(path), holder=holder_of(error))
    if _FULL.search(text):
        return StoreFull(path=str(path))
    before = _RETENTION.search(text)
    if before:
        return BeforeRetention(moment="the moment asked for", limit=before.group(1).strip())
    return StoreError(why=type(error).__name__)


@contextmanager
def as_store_errors(path: Path) -> Iterator[None]:
    """Whatever DuckDB raises inside becomes one of the store's errors."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        raise translated(error, path) from error
    except RuntimeError as error:
        if str(error) == INTERRUPTED:
            raise KeyboardInterrupt from error
        raise
