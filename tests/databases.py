"""Many small databases, quicker: a new one is a copy of a template, and it stays open between two questions of one process.

Making a database takes 0.3 s and opening one 35 ms (measured); a test asks dozens of questions, and there are thousands of tests, of which
few are about that. Those say ``OPENS_FOR_EACH_QUESTION = True`` or ``MAKES_EACH_DATABASE = True`` in their module. Only the packages below
keep files open at all: elsewhere other processes want them, too.
"""

from __future__ import annotations

import math
import uuid
from typing import TYPE_CHECKING, Any

from icalsync.store import instance, migrations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path
    from types import ModuleType

    import pytest

KEPT_OPEN = (
    "tests.app.",
    "tests.dashboard.",
    "tests.demo.test_known_world",
    "tests.engine.",
    "tests.faults.",
    "tests.properties.",
    "tests.store.",
)
_seen: set[datetime] = set()
_template: dict[tuple[migrations.Step, ...], bytes] = {}
_made_at: dict[tuple[tuple[migrations.Step, ...], datetime], bytes] = {}
"""Copies as they were made at a moment that came twice: clocks of tests often stand at the same one."""
_kept: dict[instance.SharedFile, Any] = {}


def stays_open(module: ModuleType) -> bool:
    """Whether the tests of a module keep their databases open: all in one process, and not about opening."""
    here = module.__name__.startswith(KEPT_OPEN) or getattr(module, "IN_PROCESS", False)
    return here and not getattr(module, "OPENS_FOR_EACH_QUESTION", False)


def copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """New databases are copies of the first one that this process made, with their own name and moment."""
    make = migrations.create
    made: list[Path] = []

    def create(path: Path, now: datetime) -> None:
        if migrations.STEPS not in _template:
            make(path, now)
            _template[migrations.STEPS] = path.read_bytes()
            return
        made.append(path)
        known = _made_at.get((migrations.STEPS, now)) if len(made) == 1 else None  # a second one of a test must not be the first one's twin
        path.write_bytes(known or _template[migrations.STEPS])
        path.chmod(0o600)
        if known:
            return
        connection = instance.open_once(path)
        connection.execute("UPDATE _kept.meta SET database_uuid = ?, created_at = ?, retention_limit = ?", [str(uuid.uuid4()), now, now])
        connection.execute("UPDATE _kept.instant SET last_at = ?", [now])
        connection.execute("UPDATE _kept.schema_migration SET applied_at = ?", [now])
        connection.close()
        if now in _seen:
            _made_at[migrations.STEPS, now] = path.read_bytes()
        _seen.add(now)

    monkeypatch.setattr(migrations, "create", create)


def kept_open(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever file is opened stays open until the test ends, and nobody is asked to let go of it."""
    enter, alone = instance.SharedFile.enter, instance.SharedFile.alone

    def entering(file: instance.SharedFile, deadline: float, prepare: Any) -> Any:
        if file not in _kept:
            _kept[file] = enter(file, deadline, prepare)
            file._opened_at = math.inf
        return enter(file, deadline, prepare)

    def all_alone(file: instance.SharedFile, deadline: float, prepare: Any) -> Any:
        if file in _kept:
            file.leave(_kept.pop(file))
        return alone(file, deadline, prepare)

    monkeypatch.setattr(instance.SharedFile, "enter", entering)
    monkeypatch.setattr(instance.SharedFile, "alone", all_alone)
    yield
    monkeypatch.undo()
    let_go()


def let_go() -> None:
    """Close what is kept open: before somebody else, DuckDB itself for one, looks into the files. The next question opens them again."""
    while _kept:
        file, cursor = _kept.popitem()
        file.leave(cursor)
