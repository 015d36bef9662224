"""A whole copy of the database, taken while others go on working (T11)."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final

from icalsync.errors import AlreadyExists, StoreError
from icalsync.store import migrations, place
from icalsync.store.database import Database
from icalsync.store.failures import as_store_errors
from icalsync.store.instance import open_once

_SUMS: Final = """
    SELECT (SELECT max(last_at) FROM _kept.instant), (SELECT count(*) FROM _kept.object_version), (SELECT count(*) FROM _kept.sync_run)
"""
"""What tells one state of a database from the next, and whether it can be read."""


def copy_to(db: Database, target: Path) -> None:
    """Write a copy of the database, as it is between two transactions, to ``target``: a database of its own, or nothing at all.

    Everything committed is in it, and nothing half; it is opened and compared before it gets its name. Others wait for as long as the bytes
    take. Passwords are not in it, because they are not in the database (S19). ``AlreadyExists``, ``StoreUnsafe``, ``StoreFull``,
    ``StoreLocked``, and what ``Database.read`` raises.
    """
    target = target.expanduser().resolve()
    if target.exists() or place.marker_path(target).exists():
        raise AlreadyExists(kind="file", name=str(target))
    place.make_directory(target)
    with as_store_errors(target), tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as directory:
        draft = Path(directory, "copy.duckdb")
        sums = _copy(db, draft)
        marker = _checked(draft, sums)
        place.write_marker(target, marker)
        try:
            os.link(draft, target)  # unlike a rename, it replaces nothing that has come into being meanwhile
        except FileExistsError:
            raise AlreadyExists(kind="file", name=str(target)) from None


def _copy(db: Database, draft: Path) -> tuple[object, ...] | None:
    """The bytes, with the log emptied into them, while nobody else has the file; and what must be found in them."""
    with db.alone() as mine:
        mine.connection.execute("CHECKPOINT")
        sums = mine.connection.execute(_SUMS).fetchone()
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
            shutil.copyfileobj(mine.content, copy, 1 << 20)
            copy.flush()
            os.fsync(copy.fileno())
    return sums


def _checked(draft: Path, sums: tuple[object, ...] | None) -> place.Marker:
    with closing(open_once(draft, read_only=True)) as connection:
        version = migrations.version_of(connection, draft)
        if connection.execute(_SUMS).fetchone() != sums:
            raise StoreError(why="the copy is not what was copied")
        uuid, created = connection.execute("SELECT database_uuid, created_at FROM _kept.meta").fetchone() or ("", "")
    return place.Marker(str(uuid), version, str(created))
