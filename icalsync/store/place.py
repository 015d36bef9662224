"""Where a database may lie, and what lies there: file system, owner, mode, marker, header (T6, T7, T10, T16, T17)."""

from __future__ import annotations

import fcntl
import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from icalsync.errors import DatabaseMissing, NotADatabase, StoreUnsafe

UNSAFE_FILE_SYSTEMS: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "smb2", "9p", "drvfs", "afs", "ncpfs", "davfs", "ceph", "glusterfs", "lustre", "fuse.sshfs"}
    | {"fuse.glusterfs", "fuse.davfs2", "fuse.rclone", "fuse.s3fs", "fuse.gcsfuse", "fuse.cephfs", "fuse.vmhgfs-fuse", "vboxsf", "prl_fs"}
)
"""Where fcntl locks are missing, advisory across machines only in theory, or lost on reconnect (T17)."""

_MAGIC: Final = b"DUCK"
_MAGIC_AT: Final = 8


@dataclass(frozen=True, slots=True)
class Marker:
    """What a small file beside the database remembers: that there was one."""

    uuid: str
    schema: int
    created: str


def marker_path(path: Path) -> Path:
    """``<path>.marker``."""
    return path.with_name(path.name + ".marker")


def write_marker(path: Path, marker: Marker) -> None:
    """Written aside, synced and renamed, so that it is never half there."""
    target = marker_path(path)
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(marker), file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)


def check_file_system(path: Path, mounts: Path) -> None:
    """``StoreUnsafe`` where locks do not work: network mounts, and Windows drives seen from WSL (T17)."""
    try:
        table = mounts.read_text(encoding="utf-8", errors="replace")
    except OSError:  # a system without /proc has no such mounts to tell; DuckDB's own lock is all there is
        return
    kind = _kind_of(path, table)
    if kind in UNSAFE_FILE_SYSTEMS:
        raise StoreUnsafe(path=str(path), why=f"locks cannot be relied on there (file system {kind})")


def _kind_of(path: Path, table: str) -> str:
    best, kind = -1, ""
    for line in table.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:  # noqa: PLR2004  # device, mount point, type
            continue
        point = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code.group(1), 8)), fields[1])
        inside = point == "/" or str(path) == point or str(path).startswith(point.rstrip("/") + "/")
        if inside and len(point) >= best:  # a later mount on the same point hides the earlier one
            best, kind = len(point), fields[2]
    return kind


def make_directory(path: Path) -> None:
    """The directory the database lies in, for its owner alone where it has to be made."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnsafe(path=str(path), why=f"its directory cannot be made ({error.strerror})") from error
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise StoreUnsafe(path=str(path), why="its directory cannot be written")


def exists(path: Path) -> bool:
    """Whether there is something to open; ``DatabaseMissing`` where there was, ``NotADatabase`` where it is something else.

    Must not be called while this process has the file open: closing any descriptor of a file drops the process's locks on it.
    """
    try:
        found = path.lstat() if path.is_symlink() and not path.exists() else path.stat()
    except FileNotFoundError:
        if marker_path(path).exists():
            raise DatabaseMissing(path=str(path), marker=str(marker_path(path))) from None
        return False
    except NotADirectoryError as error:
        raise StoreUnsafe(path=str(path), why="its directory is a file") from error
    if not stat.S_ISREG(found.st_mode):
        raise NotADatabase(path=str(path), why="it is no regular file")
    if found.st_size == 0:
        if marker_path(path).exists():
            raise DatabaseMissing(path=str(path), marker=str(marker_path(path)))
        raise NotADatabase(path=str(path), why="it is empty")
    _check_header(path)
    return True


def secure(path: Path) -> None:
    """T16: ``StoreUnsafe`` for somebody else's file; a file others can read is closed to them."""
    found = path.stat()
    if found.st_uid != os.geteuid():
        raise StoreUnsafe(path=str(path), why="it belongs to another user")
    for each in (path, path.with_name(path.name + ".wal")):
        if each.exists() and stat.S_IMODE(each.stat().st_mode) & 0o077:
            each.chmod(0o600)


def _check_header(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(_MAGIC_AT + len(_MAGIC))
    except PermissionError as error:
        raise StoreUnsafe(path=str(path), why="it cannot be read") from error
    if head[_MAGIC_AT:] != _MAGIC:
        raise NotADatabase(path=str(path), why="it is no DuckDB file")


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One process at a time creates or updates the file; the others wait here."""
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # a process that was forked meanwhile has a copy, and would keep it locked
    finally:
        os.close(descriptor)
