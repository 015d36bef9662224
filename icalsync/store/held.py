"""A database that one process holds open while it fills it: opening is most of a small transaction, and nobody knows the file yet."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import duckdb

from icalsync.store.database import Database
from icalsync.store.failures import as_store_errors
from icalsync.store.instance import configuration


class HeldDatabase(Database):
    """As ``Database``, but between ``__enter__`` and ``__exit__`` the file is opened once, and no other process gets in.

    With one thread of DuckDB's own: what fills it are thousands of small transactions, and more threads only wait for each other.
    """

    _held: duckdb.DuckDBPyConnection | None = None

    def __enter__(self) -> Self:
        self._open(time.monotonic() + self._lock_wait).close()
        with as_store_errors(self.path):
            held = duckdb.connect(str(self.path), config={**configuration(), "threads": 1})
            held.execute("SET GLOBAL TimeZone = 'UTC'")
            held.execute("SET lock_configuration = true")
        self._held = held
        return self

    def __exit__(self, *_: object) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    @contextmanager
    def _entered(self) -> Iterator[duckdb.DuckDBPyConnection]:
        if self._held is None:
            with super()._entered() as cursor:
                yield cursor
            return
        if getattr(self._inside, "open", False):
            raise RuntimeError("a transaction is already open in this thread")
        with self._held.cursor() as cursor:
            self._inside.open = True
            try:
                yield cursor
            finally:
                self._inside.open = False
