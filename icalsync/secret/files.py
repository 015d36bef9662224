"""Files that only their owner reads: checked before they are read, replaced as a whole, changed by one process at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from icalsync.errors import SecretDamaged, SecretFileUnsafe, SecretStoreUnavailable

OWNER_ONLY: Final = 0o600
SIZE_LIMIT: Final = 16 * 1024 * 1024
"""No secret file comes near it; what is larger is something else."""
_LOCK_STEP: Final = 0.01


def read_private(path: Path, *, refused: int = 0o077) -> bytes | None:
    """The content, or None where there is no such file.

    ``SecretFileUnsafe`` where the mode grants one of the ``refused`` bits or another user owns the file (T16); ``SecretDamaged``
    for what is no ordinary file.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        why = str(error.strerror)
    else:
        try:
            _check(path, os.fstat(handle), refused)
            with open(handle, "rb", closefd=False) as file:  # a descriptor: what was checked is what is read
                return file.read(SIZE_LIMIT)
        finally:
            os.close(handle)
    raise SecretStoreUnavailable(why=f"{path} cannot be read: {why}")


def _check(path: Path, status: os.stat_result, refused: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise SecretDamaged(path=str(path), why="it is no ordinary file")
    if status.st_size > SIZE_LIMIT:
        raise SecretDamaged(path=str(path), why="it is far too large")
    foreign = os.geteuid() != 0 and status.st_uid not in {os.geteuid(), 0}
    if foreign or status.st_mode & refused:
        raise SecretFileUnsafe(path=str(path), mode=f"{stat.S_IMODE(status.st_mode):04o}")


def create_private(path: Path, content: bytes) -> None:
    """Write a new file, mode 0600, whole and on disk from the moment it is there; ``FileExistsError`` where there is one."""
    draft = _draft(path, content)
    try:
        os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    _sync_directory(path.parent)


def replace_private(path: Path, content: bytes) -> None:
    """Put ``content`` in the place of the file: a reader, or a crash, finds the old or the new one, never half of either."""
    draft = _draft(path, content)
    try:
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _draft(path: Path, content: bytes) -> Path:
    """The content in a file of its own beside ``path``, mode 0600, on disk."""
    make_directory(path.parent)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), OWNER_ONLY)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return draft


def make_directory(path: Path) -> None:
    """The directory, for its owner alone where it has to be made."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def locked(path: Path, seconds: float) -> Iterator[None]:
    """Hold the lock file ``path``; it ends with the process that holds it (T4). ``SecretStoreUnavailable`` after ``seconds``."""
    handle = _lock_file(path)
    try:
        deadline = time.monotonic() + seconds
        while not _taken(handle):
            if time.monotonic() >= deadline:
                raise SecretStoreUnavailable(why=f"another process has held {path} for {seconds:g} s")
            time.sleep(_LOCK_STEP)
        yield
    finally:
        os.close(handle)


def _lock_file(path: Path) -> int:
    try:
        make_directory(path.parent)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY)
    except OSError as error:
        why = str(error.strerror)
    raise SecretStoreUnavailable(why=f"{path} cannot be made: {why}")


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
