"""One transaction on the database, and the ways to read and write in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb

from icalsync.errors import BeforeRetention, QueryRefused
from icalsync.store.failures import as_store_errors, translated
from icalsync.store.queries import check, first_line

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
_MASKED: Final = ("events", "appointments", "blocked_slots")
_REVEALED: Final = f"WITH {', '.join(f'{name} AS (FROM _kept.{name})' for name in _MASKED)} "
"""The three views that mask something, without their masks."""
Parameters = Sequence[Any] | Mapping[str, Any] | None

_TYPES: dict[str, dict[str, str]] = {}
"""Column types of the internal tables, read once per process: table → column → type."""

MOST_ROWS: Final = 20_000_000
"""Of one answer: it has to fit into memory, and a slip in a query must not take the machine's."""
FOREVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""The moment that asks for what holds now (``known_to`` is ``infinity`` while it does)."""


def numbered(sql: str) -> str:
    """``?`` as ``$1``, ``$2``, … in the order they are written: DuckDB 1.5 binds those of an UPDATE's FROM before those of its SET."""
    pieces = sql.split("?")
    return "".join(f"{piece}${number}" for number, piece in enumerate(pieces[:-1], 1)) + pieces[-1]


class Transaction:
    """A consistent view of the database, and in ``Database.write`` the right to change it."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, now: datetime, clock_now: datetime, path: Path) -> None:
        self._cursor = cursor
        self._path = path
        self.now: Final = now
        """The instant of this transaction, UTC; strictly later than that of any earlier writing one: for known_from and known_to (R16)."""
        self.clock_now: Final = clock_now
        """What the clock says, UTC: for ages and deadlines, which one excursion of the clock must not bend for good."""
        self.users: Final[dict[tuple[str, str], Row]] = {}
        """Users looked up in this transaction, by the names they were asked for (``names.user``); nobody's key ever changes."""

    def execute(self, sql: str, params: Parameters = None) -> None:
        """Run one statement for its effect."""
        with as_store_errors(self._path):
            self._cursor.execute(numbered(sql), params)

    def rows(self, sql: str, params: Parameters = None) -> list[Row]:
        """The result as dictionaries; instants are aware, in UTC."""
        with as_store_errors(self._path):
            result = self._cursor.execute(numbered(sql), params)
            names = [column[0] for column in result.description or ()]
            return [dict(zip(names, map(_plain, values), strict=True)) for values in result.fetchall()]

    def row(self, sql: str, params: Parameters = None) -> Row | None:
        """The first row, or None."""
        found = self.rows(sql, params)
        return found[0] if found else None

    def value(self, sql: str, params: Parameters = None) -> Any:
        """The first column of the first row, or None."""
        found = self.row(sql, params)
        return next(iter(found.values())) if found else None

    def frame(self, sql: str, params: Parameters = None) -> pd.DataFrame:
        """The result as a pandas frame; instants are ``datetime64[us, UTC]``, and ``infinity`` is missing."""
        from icalsync.store.frames import frame_of  # noqa: PLC0415  # pandas is heavy, and only frames need it

        with as_store_errors(self._path):
            return frame_of(self._cursor.execute(numbered(sql), params))

    def arrays(self, sql: str, params: Parameters = None) -> dict[str, Any]:
        """The result as NumPy arrays by column, for sweeps over millions of rows; no column may have missing values."""
        with as_store_errors(self._path):
            found = self._cursor.execute(numbered(sql), params).fetchnumpy()
        arrays: dict[str, Any] = dict(found)
        if any(hasattr(values, "mask") and values.mask.any() for values in arrays.values()):
            raise ValueError("a column with missing values is no array of numbers")
        return {name: values.data if hasattr(values, "mask") else values for name, values in arrays.items()}

    def asked(
        self, query: str, params: dict[str, Any], views: Sequence[str], frames: Mapping[str, pd.DataFrame], *, reveal: bool = False
    ) -> pd.DataFrame:
        """A question from outside: checked, and its frames lent to it for as long as it lasts. ``QueryRefused`` (S6).

        ``reveal``: titles and notes as they are; that it was logged is the caller's business (R18).
        """
        from icalsync.store.frames import frame_of  # noqa: PLC0415  # pandas is heavy, and only frames need it

        with as_store_errors(self._path):
            check(self._cursor, query, views, list(frames))
            for name, frame in frames.items():
                self._cursor.register(name, frame)
            try:
                # Wrapped, so that columns of one name are told apart.
                shown = _REVEALED if reveal else ""
                text = f"{shown}SELECT * FROM (\n{query.rstrip().rstrip(';')}\n) LIMIT {MOST_ROWS + 1}"  # noqa: S608  # checked
                frame = frame_of(self._cursor.execute(text, params or None))
            except (duckdb.ProgrammingError, duckdb.DataError) as error:
                retention = translated(error, self._path)
                raise (retention if isinstance(retention, BeforeRetention) else QueryRefused(why=first_line(error))) from error
            finally:
                for name in frames:
                    self._cursor.unregister(name)
        if len(frame) > MOST_ROWS:
            raise QueryRefused(why=f"it has more than {MOST_ROWS:,} rows; count or group them in the query, or ask for fewer")
        return frame

    def append(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert many rows at once (executemany is a hundred times slower); all have the columns of the first."""
        gathered = list(rows)
        if not gathered:
            return
        names = list(gathered[0])
        types = self.types(table)
        picked = ", ".join(f"unnest(${n}::{types[name]}[])" for n, name in enumerate(names, 1))
        columns = ", ".join(f'"{name}"' for name in names)
        self.execute(
            f"INSERT INTO _kept.{table} ({columns}) SELECT {picked}",  # our own names
            [[row[name] for row in gathered] for name in names],
        )

    def types(self, table: str) -> dict[str, str]:
        """Column → type of an internal table."""
        if table not in _TYPES:
            for row in self.rows(
                "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = '_kept' ORDER BY column_index"
            ):
                _TYPES.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"]
        return _TYPES[table]

    def next_key(self, table: str, column: str) -> int:
        """The next free number of a table's key (writers are alone, so nobody else takes it)."""
        return int(self.value(f"SELECT coalesce(max({column}), 0) + 1 FROM _kept.{table}"))  # noqa: S608  # our own names


def _plain(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    return bytes(value) if isinstance(value, bytearray) else value
