"""Availability and why: the library's answers, for the reader's users."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from icalsync.app import asking, explaining
from icalsync.app.asking import Moment, Need, Users
from icalsync.app.desks.guard import Guarded, Row
from icalsync.core.access import Action
from icalsync.core.durations import format_duration
from icalsync.core.explanation import Explanation
from icalsync.core.zones import to_zone
from icalsync.messages import say

if TYPE_CHECKING:
    import pandas as pd

    from icalsync.app.heating import HeatMap


class AnswersDesk(Guarded):
    """Slots, busy time, coverage, heat maps, explanations."""

    def slots(
        self,
        sub_account: str,
        users: Users,
        start: Moment,
        end: Moment,
        *,
        length: str | timedelta = "30m",
        need: Need = "all",
        known_at: Moment | None = None,
    ) -> pd.DataFrame:
        """Slots that can be booked, as ``App.slots``."""
        from icalsync.app import frames  # noqa: PLC0415  # pandas takes a second; setting up needs none

        question = asking.ask(self._parts, sub_account, users, start, end, known_at=known_at)
        found = asking.find_slots(self._parts, question, length=length, need=need, asked_at=self._parts.clock.now())
        return frames.slots(asking.slot_rows(self._parts, question, found), question.zone)

    def busy(self, sub_account: str, users: Users, start: Moment, end: Moment, *, known_at: Moment | None = None) -> pd.DataFrame:
        """Busy time, as ``App.busy``, with the ``calendar``'s name."""
        from icalsync.app import frames  # noqa: PLC0415  # as above

        frame = frames.busy(self._parts, asking.ask(self._parts, sub_account, users, start, end, known_at=known_at))
        names = self._calendar_names()
        return frame.assign(calendar=[names.get(each, "") for each in frame["calendar_id"]])

    def coverage(
        self,
        sub_account: str,
        users: Users = None,
        start: Moment | None = None,
        end: Moment | None = None,
        *,
        known_at: Moment | None = None,
    ) -> Row:
        """How complete answers about these users are, as ``App.coverage``."""
        if start is not None and end is not None:
            return asking.summary(
                asking.coverage_rows(self._parts, asking.ask(self._parts, sub_account, users, start, end, known_at=known_at))
            )
        rows = asking.people_of(self._parts, sub_account, users)
        known = asking.known(self._parts, known_at, asking.answer_zone(self._parts, sub_account, rows))
        return asking.summary(self._parts.answers.coverage([(row["sub_account"], row["user_id"]) for row in rows], known))

    def stretches(self, sub_account: str, user: str, start: Moment, end: Moment, *, known_at: Moment | None = None) -> pd.DataFrame:
        """A user's time without gaps, a row per stretch of equal reason, as ``App.explain_window``."""
        from icalsync.app import stretching  # noqa: PLC0415  # as above

        return stretching.of_window(self._parts, sub_account, user, start, end, known_at=known_at, asked_at=None)

    def heatmap(self, sub_account: str, users: Users, start: Moment, end: Moment, *, known_at: Moment | None = None) -> HeatMap:
        """How much of the open time is taken, as ``App.heatmap``."""
        from icalsync.app import heating  # noqa: PLC0415  # as above

        return heating.heatmap(self._parts, asking.ask(self._parts, sub_account, users, start, end, known_at=known_at))

    def freshness(self, sub_account: str, user: str) -> list[Row]:
        """How fresh each conflict calendar of a user's is.

        ``calendar_id, display_name, account_name, role, state, reason, as_of, age, next_step``.
        """
        known = {row["calendar_id"]: row for row in self._parts.accounts.calendars(sub_account, user)}
        accounts = {row["integration_id"]: row for row in self._parts.accounts.integrations(sub_account, user)}
        roles = {row["calendar_id"]: row["role"] for row in reversed(self._parts.roles.roles(sub_account, user))}
        now, told = self._parts.clock.now(), []
        for row in self._parts.answers.coverage([(sub_account, user)]):
            calendar = known.get(row["calendar_id"])
            account = accounts.get(calendar["integration_id"]) if calendar else None
            ill = account is not None and account["status"] != "ok"
            told.append(
                {
                    "calendar_id": row["calendar_id"],
                    "display_name": calendar["display_name"] if calendar else row["calendar_id"],
                    "account_name": account["account_name"] if account else "",
                    "role": roles.get(row["calendar_id"]),
                    "state": row["state"],
                    "reason": row["reason"],
                    "as_of": row["as_of"],
                    "age": None if row["as_of"] is None else now - row["as_of"],
                    "next_step": say(f"page.next.{account['status']}", **account) if ill and account else None,
                }
            )
        return told

    def explain(
        self,
        sub_account: str,
        user: str,
        at: Moment,
        length: str | timedelta = "30m",
        *,
        known_at: Moment | None = None,
        asked_at: Moment | None = None,
        reveal: bool = False,
        reason: str | None = None,
    ) -> Explanation:
        """Why a slot is offered or not, as ``App.explain``; a reveal needs the right to it and a reason, and is logged (R18)."""
        shown = self._revealing(reveal, reason)
        return explaining.of_slot(self._parts, sub_account, user, at, length=length, known_at=known_at, asked_at=asked_at, reveal=shown)

    def explain_appointment(self, appointment_id: str, *, reveal: bool = False, reason: str | None = None) -> Explanation:
        """The same about a booking's slot, when it was booked, as ``App.explain_appointment``."""
        return explaining.of_appointment(self._parts, appointment_id, who=None, reveal=self._revealing(reveal, reason))

    def explain_address(self, explanation: Explanation, *, pinned: bool = True) -> dict[str, str]:
        """What a page's address needs for the same explanation; it holds the question, and nothing of the answer.

        ``pinned`` to the same knowledge, for a ticket; else a question that was asked of what is known now asks that again.
        """
        known_at: datetime = explanation.known_at or self._parts.clock.now()
        pins = {
            "known_at": to_zone(known_at, explanation.zone).isoformat(),
            "asked_at": to_zone(explanation.asked_at, explanation.zone).isoformat(),
        }
        return {
            "user": f"{explanation.sub_account}/{explanation.user_id}",
            "at": to_zone(explanation.at, explanation.zone).isoformat(),
            "length": format_duration(explanation.length),
            **(pins if pinned or explanation.known_at is not None else {}),
        }

    def _revealing(self, reveal: bool, reason: str | None) -> explaining.Reveal:
        if reveal:
            self._check(Action.REVEAL)
        return explaining.Reveal(reveal, reason if reveal else None, own=self._sees_titles)

    def _calendar_names(self) -> dict[str, str]:
        """Display names by calendar id; what a frame of the reader's users names, the reader may see."""
        return self._parts.sharing.calendar_names()
