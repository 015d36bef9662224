"""The desk: what a signed-in reader of the dashboard may do, and the only thing its pages talk to. ``desks.guard`` guards every method."""

from __future__ import annotations

from icalsync.app.desks.accounts import AccountsDesk
from icalsync.app.desks.answers import AnswersDesk
from icalsync.app.desks.bookings import BookingsDesk
from icalsync.app.desks.calendars import CalendarsDesk
from icalsync.app.desks.drift import DriftDesk
from icalsync.app.desks.findings import FindingsDesk
from icalsync.app.desks.health import HealthDesk
from icalsync.app.desks.people import PeopleDesk
from icalsync.app.desks.quarantine import QuarantineDesk
from icalsync.app.desks.records import RecordsDesk
from icalsync.app.parts import Parts
from icalsync.core.access import Reader


class Desk(
    PeopleDesk, AccountsDesk, CalendarsDesk, AnswersDesk, BookingsDesk, DriftDesk, HealthDesk, QuarantineDesk, FindingsDesk, RecordsDesk
):
    """One reader's desk.

    Any method may raise ``NotAllowed`` where the role does not include it, and for what is another sub-account's the same ``NotFound`` as
    for what does not exist.
    """

    def __init__(self, parts: Parts, reader: Reader) -> None:
        super().__init__(parts.acting(reader.actor), reader)

    def __repr__(self) -> str:
        return f"<Desk of {self._reader.name}, {self._reader.role}>"
