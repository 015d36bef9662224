"""A look-alike of iCloud's CalDAV service, for tests: ``ICloud`` is all a test needs (what is known stands in icloud.md)."""

from __future__ import annotations

from tests.icloud.clock import MovableClock
from tests.icloud.cloud import ICloud
from tests.icloud.ledger import Entry, Ledger
from tests.icloud.owners import AccountOwner, CalendarOwner
from tests.icloud.switches import Switches

__all__ = ["AccountOwner", "CalendarOwner", "Entry", "ICloud", "Ledger", "MovableClock", "Switches"]
