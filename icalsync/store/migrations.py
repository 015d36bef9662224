"""The schema's steps, in order; each is one transaction together with the record that it ran.

A new database is made in a directory of its own and renamed into place; an older one is updated on a copy, which is verified and
renamed over it (T9). So an interrupted step leaves what was there. A checkpoint follows, because a WAL with DDL in it is the one DuckDB
has had trouble replaying (T8).
"""

from __future__ import annotations

import re
import shutil
import tempfile
import tomllib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import duckdb

from icalsync.errors import MigrationFailed, NotADatabase, SchemaTooNew
from icalsync.store import causes, verdicts
from icalsync.store.failures import as_store_errors, translated
from icalsync.store.instance import open_once

_STEP_NAME: Final = re.compile(r"(\d{4})_(\w+)\.sql")
_VIEWS: Final = ("views.sql", "audit.sql")
_Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the schema: its SQL, and what the library has to fill in afterwards."""

    version: int
    name: str
    sql: str
    fill: Callable[[_Connection], None] | None = None


def _read_steps() -> tuple[Step, ...]:
    fills: dict[int, Callable[[_Connection], None]] = {1: verdicts.fill_policies, 4: causes.fill_causes}
    steps = []
    for file in files("icalsync.store").joinpath("schema").iterdir():
        match = _STEP_NAME.fullmatch(file.name)
        if match:
            number = int(match.group(1))
            steps.append(Step(number, match.group(2), file.read_text(encoding="utf-8"), fills.get(number)))
    return tuple(sorted(steps, key=lambda step: step.version))


STEPS: tuple[Step, ...] = _read_steps()


def known() -> int:
    """The newest schema this library knows."""
    return STEPS[-1].version


def version_of(connection: _Connection, path: Path) -> int:
    """The schema of an open file; ``NotADatabase`` where it is not ours, ``SchemaTooNew`` where this library is too old (T10)."""
    try:
        found = connection.execute("SELECT max(version) FROM _kept.schema_migration").fetchone()
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise NotADatabase(path=str(path), why="it is a DuckDB file of another program") from error
    except duckdb.Error as error:
        raise translated(error, path) from error
    version = int(found[0]) if found and found[0] is not None else 0
    if version > known():
        raise SchemaTooNew(path=str(path), found=version, known=known())
    return version


def create(path: Path, now: datetime) -> None:
    """A new database at ``path``, complete or not at all. Nothing may be there yet, and nobody else may be at it (``place.alone``)."""
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as directory:
        draft = Path(directory, "new.duckdb")
        with as_store_errors(path):
            connection = open_once(draft)
            try:
                _run(connection, path, 0, now)
            finally:
                connection.close()
        draft.chmod(0o600)
        draft.replace(path)


def upgrade(path: Path, now: datetime, open_it: Callable[[], _Connection]) -> None:
    """Bring an older file up to date on a copy; others wait (``place.alone``), and find either the old file or the new one.

    While the original is held open by DuckDB no other process can write to it. Its bytes are read through a descriptor that outlives
    DuckDB's, because closing any descriptor of a file drops all of the process's locks on it.
    """
    original = open_it()
    with (
        as_store_errors(path),
        path.open("rb") as source,
        tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as directory,
    ):
        try:
            version = version_of(original, path)
            if version == known():
                return
            original.execute("CHECKPOINT")
            before = _counts(original)
            draft = Path(directory, "copy.duckdb")
            with draft.open("wb") as target:
                shutil.copyfileobj(source, target)
            copy = open_once(draft)
            try:
                _run(copy, path, version, now)
                _verify(path, before, _counts(copy))
            finally:
                copy.close()
            draft.chmod(0o600)
        finally:
            original.close()
        draft.replace(path)


def _run(connection: _Connection, path: Path, version: int, now: datetime) -> None:
    for step in STEPS:
        if step.version <= version:
            continue
        try:
            connection.execute("BEGIN TRANSACTION")
            connection.execute(step.sql)
            if step.fill:
                step.fill(connection)
            if version == 0 and step.version == 1:
                _first_rows(connection, now)
            connection.execute("INSERT INTO _kept.schema_migration VALUES (?, ?, ?)", [step.version, step.name, now])
            connection.execute("COMMIT")
        except Exception as error:
            raise MigrationFailed(path=str(path), step=f"{step.version:04} {step.name}") from error
    try:
        connection.execute("BEGIN TRANSACTION")
        for name in _VIEWS:
            connection.execute(files("icalsync.store").joinpath("schema", name).read_text(encoding="utf-8"))
        for statement in comments(connection):
            connection.execute(statement)
        connection.execute("COMMIT")
    except duckdb.Error as error:
        raise MigrationFailed(path=str(path), step="views") from error
    connection.execute("CHECKPOINT")


def _first_rows(connection: _Connection, now: datetime) -> None:
    connection.execute(
        "INSERT INTO _kept.meta VALUES (?, ?, ?, NULL, NULL, INTERVAL 1 HOUR, ?)", [str(uuid.uuid4()), now, now, verdicts.RULES_VERSION]
    )
    connection.execute("INSERT INTO _kept.instant VALUES (?)", [now])


def _counts(connection: _Connection) -> dict[str, int]:
    names = [row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = '_kept'").fetchall()]
    counted = {}
    for name in names:
        row = connection.execute(f'SELECT count(*) FROM _kept."{name}"').fetchone()  # noqa: S608  # a name from the catalogue
        counted[name] = int(row[0]) if row else 0
    return counted


def _verify(path: Path, before: dict[str, int], after: dict[str, int]) -> None:
    """What was kept is still there: no table that both have has lost a row."""
    lost = [name for name, count in before.items() if name in after and after[name] < count]
    if lost:
        raise MigrationFailed(path=str(path), step=f"verification of {lost[0]}")


def comments(connection: _Connection) -> list[str]:
    """``COMMENT ON`` for each public view and each of its columns, from ``schema/comments.toml``; KeyError for one without a text."""
    texts: dict[str, Any] = tomllib.loads(files("icalsync.store").joinpath("schema", "comments.toml").read_text(encoding="utf-8"))
    rows = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'main' AND NOT internal ORDER BY table_oid, column_index"
    ).fetchall()
    statements = [f"COMMENT ON VIEW {view} IS {_quoted(own['view'])}" for view, own in texts["views"].items()]
    for view, column in rows:
        text = texts["views"][view].get(column) or texts["columns"][column]
        statements.append(f'COMMENT ON COLUMN {view}."{column}" IS {_quoted(text)}')
    statements.append(f"COMMENT ON MACRO TABLE busy_as_of IS {_quoted(texts['busy_as_of'])}")
    return statements


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
