"""Intents: what is to be written to calendars, committed before anything is sent, and told to the journal before and after (T5)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from uuid import uuid4

from icalsync.errors import StoreError
from icalsync.ports import PushAction
from icalsync.store.database import Database
from icalsync.store.journal import Entry, Journal
from icalsync.store.transaction import Row, Transaction

log = logging.getLogger(__name__)

OPEN: Final = "state NOT IN ('done', 'failed')"
"""SQL: an intent that is not over."""
DRIFT: Final = "DRIFT"
"""What an intent waits for while a change made in the calendar is not settled (R11)."""


class Intents:
    """A writing transaction that makes or ends intents."""

    def __init__(self, tx: Transaction, journal: Journal) -> None:
        self.tx: Final = tx
        self._journal = journal
        self._new: list[Entry] = []
        self._ended: list[Entry] = []

    def add(self, appointment_id: str, calendar_key: int, action: PushAction, generation: int | None = None) -> str:
        """A new intent, after all that there are; the id. ``generation`` None: the live one, whichever that is when it is sent."""
        number = int(self.tx.value("SELECT coalesce(max(number), 0) + 1 FROM _kept.outbox"))
        drifting = self.tx.row("FROM _kept.drift WHERE appointment_id = ? AND settled_at IS NULL", [appointment_id]) is not None
        row = {
            "outbox_id": uuid4().hex,
            "appointment_id": appointment_id,
            "calendar_key": calendar_key,
            "action": action,
            "state": "parked" if drifting else "waiting",
            "attempts": 0,
            "last_error": DRIFT if drifting else None,
            "parked_at": self.tx.clock_now if drifting else None,
            "created_at": self.tx.now,
            "number": number,
            "generation": generation,
        }
        self.tx.append("outbox", [row])
        self._new.append(entry_of(self.tx, row))
        return str(row["outbox_id"])

    def end(self, rows: Sequence[Row], code: str | None = None) -> None:
        """These intents are over, because what they were for has been decided otherwise."""
        if rows:
            self.tx.execute(
                "UPDATE _kept.outbox SET state = 'done', last_error = ?, next_try_at = NULL "
                "WHERE outbox_id IN (SELECT unnest(?::VARCHAR[]))",
                [code, [row["outbox_id"] for row in rows]],
            )
            self._ended += [entry_of(self.tx, row) for row in rows]

    def open_rows(self, appointment_id: str) -> list[Row]:
        """The intents of an appointment that are not over, the oldest first."""
        return self.tx.rows(f"FROM _kept.outbox WHERE appointment_id = ? AND {OPEN} ORDER BY number", [appointment_id])  # our text

    def forgotten(self, rows: Sequence[Row]) -> None:
        """These rows are about to be deleted on purpose: the journal must not miss them."""
        self._journal.write("forgotten", [entry_of(self.tx, row) for row in rows], self.tx.clock_now)

    def plan(self) -> None:
        """Tell the journal what is about to be committed."""
        self._journal.write("planned", self._new, self.tx.clock_now)

    def committed(self) -> None:
        """Tell the journal that it was."""
        try:
            self._journal.write("committed", self._new, self.tx.clock_now)
            self._journal.write("outcome", self._ended, self.tx.clock_now, result="done")
        except StoreError as error:
            # the intent stands in the database and in the journal; the next comparison writes what is missing here
            log.warning("journal not completed", extra={"error_code": error.code})


@contextmanager
def intending(db: Database) -> Iterator[Intents]:
    """A writing transaction whose intents stand in the journal before they are committed. What ``Database.write`` raises."""
    with db.write() as tx:
        intents = Intents(tx, journal_of(tx, db))
        yield intents
        intents.plan()
    intents.committed()


def journal_of(tx: Transaction, db: Database) -> Journal:
    """The journal beside a database."""
    return Journal(db.path, str(tx.value("SELECT database_uuid FROM _kept.meta")))


def entry_of(tx: Transaction, row: Row) -> Entry:
    """An outbox row as the journal names it."""
    calendar_id = tx.value("SELECT calendar_id FROM _kept.calendar WHERE calendar_key = ?", [row["calendar_key"]])
    return Entry(row["outbox_id"], row["appointment_id"], str(calendar_id), row["action"], row["generation"])


def unpark(tx: Transaction, appointment_id: str, code: str) -> None:
    """What waited for ``code`` may be tried again."""
    tx.execute(
        "UPDATE _kept.outbox SET state = 'waiting', last_error = NULL, next_try_at = NULL, parked_at = NULL "
        "WHERE appointment_id = ? AND state = 'parked' AND last_error = ?",
        [appointment_id, code],
    )


def park(tx: Transaction, appointment_id: str, code: str) -> None:
    """What is open for an appointment waits for ``code``."""
    tx.execute(
        f"UPDATE _kept.outbox SET state = 'parked', last_error = ?, parked_at = ?, next_try_at = NULL WHERE appointment_id = ? AND {OPEN}",  # noqa: S608  # our text
        [code, tx.clock_now, appointment_id],
    )
