"""Answers, each with its coverage."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from icalsync.app import asking
from icalsync.app.asking import Moment, Need, Users
from icalsync.app.faces.base import Face

if TYPE_CHECKING:
    import pandas as pd


class Answers(Face):
    """Busy time, slots, coverage."""

    def busy(
        self, sub_account: str, users: Users, start: Moment, end: Moment, *, known_at: Moment | None = None, tz: str | None = None
    ) -> pd.DataFrame:
        """Busy time that touches ``[start, end)``, as in the view, with each user's coverage as ``complete`` and ``as_of``.

        Instants are in the user's zone, in the sub-account's for several users, or in ``tz``.
        """
        from icalsync.app import frames  # noqa: PLC0415  # pandas takes a second; setting up needs none

        return frames.busy(self._parts, asking.ask(self._parts, sub_account, users, start, end, known_at=known_at, tz=tz))

    def slots(
        self,
        sub_account: str,
        users: Users,
        start: Moment,
        end: Moment,
        *,
        length: str | timedelta = "30m",
        need: Need = "all",
        asked_at: datetime | None = None,
        known_at: Moment | None = None,
        tz: str | None = None,
    ) -> pd.DataFrame:
        """Slots that can be booked: ``starts_at``, ``ends_at``, ``users``, and coverage as ``complete``, ``as_of``, ``missing``."""
        from icalsync.app import frames  # noqa: PLC0415  # as above

        question = asking.ask(self._parts, sub_account, users, start, end, known_at=known_at, tz=tz)
        found = asking.find_slots(self._parts, question, length=length, need=need, asked_at=asked_at or self._parts.clock.now())
        return frames.slots(asking.slot_rows(self._parts, question, found), question.zone)

    def coverage(
        self,
        sub_account: str,
        users: Users = None,
        start: Moment | None = None,
        end: Moment | None = None,
        *,
        known_at: Moment | None = None,
    ) -> dict[str, Any]:
        """How complete answers about these users are: ``complete``, ``as_of``, ``missing``; over ``[start, end)`` where both are given."""
        if start is not None and end is not None:
            question = asking.ask(self._parts, sub_account, users, start, end, known_at=known_at)
            return asking.summary(asking.coverage_rows(self._parts, question))
        rows = asking.people_of(self._parts, sub_account, users)
        known = None if known_at is None else asking.moment(known_at, asking.answer_zone(self._parts, sub_account, rows), "known_at")
        return asking.summary(self._parts.answers.coverage([(row["sub_account"], row["user_id"]) for row in rows], known))
