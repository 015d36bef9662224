"""Double bookings of the reader's users: one by one, by cause, and week by week (issue 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from icalsync.app.asking import Moment, Users
from icalsync.app.desks.guard import Guarded

if TYPE_CHECKING:
    import pandas as pd


class FindingsDesk(Guarded):
    """The audit."""

    def double_bookings(
        self, sub_account: str | None = None, user: Users = None, start: Moment | None = None, end: Moment | None = None
    ) -> pd.DataFrame:
        """Where somebody sits twice, as ``App.double_bookings``, with the user's ``name``, ``first_calendar`` and ``second_calendar``.

        The side of a finding that lies with another sub-account has the source ``elsewhere`` and nothing else.
        """
        from icalsync.app import tallying  # noqa: PLC0415  # pandas takes a second; setting up needs none

        accounts = self._accounts(sub_account)
        told = tallying.Told(self._named(), self._parts.sharing.calendar_names())
        return tallying.findings(self._parts, accounts, user, start, end, told)

    def by_cause(
        self,
        sub_account: str | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
        *,
        found: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """How many by cause, the most frequent first: ``cause, findings, minutes`` (of overlap), ``share`` (of the findings).

        ``found``: what ``double_bookings`` told, to be counted instead of asked for again.
        """
        from icalsync.app import tallying  # noqa: PLC0415  # as above

        return tallying.by_cause(self.double_bookings(sub_account, None, start, end) if found is None else found)

    def trend(
        self,
        sub_account: str | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
        *,
        found: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """How many by week and cause: ``week`` (its Monday, datetime64), ``cause, findings``; ``found`` as above."""
        from icalsync.app import tallying  # noqa: PLC0415  # as above

        return tallying.trend(self.double_bookings(sub_account, None, start, end) if found is None else found)
