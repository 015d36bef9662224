"""R8 over the whole suite: whatever the product wrote to the look-alike, in any test, is the event of an appointment in its database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from icalsync.caldav.client import USER_AGENT
from tests import databases
from tests.icloud.calendar_text import uid_in

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.icloud.ledger import Ledger


def check_only_appointments_were_written(ledgers: Iterable[Ledger], directory: Path) -> None:
    """Every accepted PUT bears a UID that a database below the directory planned for an appointment: never a blocked slot's, nor any other.

    A directory without a database is that of a test of the door alone.
    """
    puts = [entry for ledger in ledgers for entry in ledger.requests(method="PUT") if entry.headers.get("user-agent") == USER_AGENT]
    written = {uid_in(entry.text or "") for entry in puts if 200 <= entry.status < 300}
    files = sorted(directory.rglob("*.duckdb")) if written else []
    if files:
        databases.let_go()
        assert written <= {uid for path in files for uid in _planned(path)}, "something was written that is no appointment's event"


def _planned(path: Path) -> set[str]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return {uid for (uid,) in connection.execute("SELECT uid FROM _kept.own_object").fetchall()}
