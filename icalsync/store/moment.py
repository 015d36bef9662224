"""The doors of the store over one transaction, so that an answer made of many questions sees one moment of the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from icalsync.store.database import Database
from icalsync.store.transaction import Transaction


class OnlyRead(RuntimeError):
    """Somebody wanted to write in one moment of the database: to be done outside it, and the question asked again."""


class OneMoment(Database):
    """A database as it is in a transaction that is already open: read as often as one likes, and never written."""

    def __init__(self, db: Database, tx: Transaction) -> None:
        self.path = db.path  # type: ignore[misc]  # the class's own constructor, which opens nothing
        self._tx = tx

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """The same view each time."""
        yield self._tx

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Nothing can be written in it."""
        if self._tx:
            raise OnlyRead("one moment of the database is only read")
        yield self._tx
