"""Answers, each with its coverage."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from icalsync.app import asking, explaining
from icalsync.app.asking import Moment, Need, Users
from icalsync.app.faces.base import Face
from icalsync.core.explanation import Explanation

if TYPE_CHECKING:
    import pandas as pd

    from icalsync.app.heating import HeatMap
    from icalsync.app.supposing import WhatIf


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

    def explain(
        self,
        sub_account: str,
        user: str,
        at: Moment,
        length: str | timedelta = "30m",
        known_at: Moment | None = None,
        asked_at: Moment | None = None,
        reveal: bool = False,
        reason: str | None = None,
    ) -> Explanation:
        """Why the slot that starts at ``at`` is offered or not, by the judgement that makes ``slots`` (R15); rich in Jupyter.

        ``at`` may also be a double booking's id: then it is where the two meet. ``known_at`` answers as of then, and says what became
        known since; ``asked_at`` is what notice and horizon count from, now unless given. ``reveal`` shows titles and people; who asked,
        and the ``reason`` it needs, is logged (R18). ``InvalidInput``, ``UnknownUser``, ``NotFound``, ``BeforeRetention``.
        """
        shown = explaining.Reveal(reveal, reason)
        return explaining.of_slot(self._parts, sub_account, user, at, length=length, known_at=known_at, asked_at=asked_at, reveal=shown)

    def explain_appointment(
        self,
        appointment_id: str,
        *,
        sub_account: str | None = None,
        user: str | None = None,
        reveal: bool = False,
        reason: str | None = None,
    ) -> Explanation:
        """The same about a booking's slot, asked and known just when it came to lie there; the booking does not stand in its own way.

        ``AppointmentUnknown``; ``UnknownUser`` where a user is given and it is another's.
        """
        who = (sub_account, user) if sub_account is not None and user is not None else None
        return explaining.of_appointment(self._parts, appointment_id, who=who, reveal=explaining.Reveal(reveal, reason))

    def explain_window(
        self, sub_account: str, user: str, start: Moment, end: Moment, *, known_at: Moment | None = None, asked_at: Moment | None = None
    ) -> pd.DataFrame:
        """One row per stretch of equal reason over ``[start, end)``.

        ``starts_at``, ``ends_at`` (in the user's zone), ``busyness``, ``reason``, ``source``, ``offered`` (whether a slot may take that
        moment, the grid of starts apart), and coverage as ``complete``, ``as_of``.
        """
        from icalsync.app import stretching  # noqa: PLC0415  # as above

        return stretching.of_window(self._parts, sub_account, user, start, end, known_at=known_at, asked_at=asked_at)

    def double_bookings(
        self,
        sub_account: str | None = None,
        user: Users = None,
        start: Moment | None = None,
        end: Moment | None = None,
        *,
        tz: str | None = None,
    ) -> pd.DataFrame:
        """Where somebody sits twice, and why: rows of the view ``double_bookings`` whose overlap touches ``[start, end)``, by start.

        Beside the view's columns ``says``: the cause with its evidence in words, without titles; and coverage as ``complete``, ``as_of``.
        Instants are in the user's zone, the sub-account's for several users, UTC for all, or ``tz``; ``cause``, ``detail`` and the sources
        are categorical, ``minutes`` is float64. ``explain`` takes a ``finding_id`` for AT. ``UnknownSubAccount``, ``UnknownUser``,
        ``StartAfterEnd``, ``InvalidInput``.
        """
        from icalsync.app import auditing  # noqa: PLC0415  # as above

        return auditing.double_bookings(self._parts, sub_account, user, start, end, tz)

    def heatmap(
        self,
        sub_account: str,
        users: Users,
        start: Moment,
        end: Moment,
        *,
        known_at: Moment | None = None,
        tz: str | None = None,
    ) -> HeatMap:
        """How much of the open time over ``[start, end)`` is taken, of one user, several, or None for all; each in their own zone.

        ``.frame`` by weekday (0 = Monday) and hour, ``.by_day`` by date and hour, in minutes with ``share``; ``.lost``: cause → minutes;
        ``.chart()``: a picture (altair); ``.coverage``. Time that is not known is a figure of its own. ``tz`` is how naive ends are read.
        """
        from icalsync.app import heating  # noqa: PLC0415  # as above

        return heating.heatmap(self._parts, asking.ask(self._parts, sub_account, users, start, end, known_at=known_at, tz=tz))

    def write_heatmap(
        self, heat: HeatMap, output: str | PathLike[str], *, by_day: bool = False, form: str | None = None, dialect: str = "plain"
    ) -> None:
        """A heat map as a ``.csv``, ``.parquet``, ``.json`` or ``.html`` file; the page needs nothing from elsewhere. ``InvalidInput``."""
        from icalsync.app import heating  # noqa: PLC0415  # as above

        heating.write(self._parts, heat, Path(output), by_day=by_day, form=form, dialect=dialect)

    def free_busy(self, sub_account: str, user: str, start: Moment, end: Moment, *, known_at: Moment | None = None) -> bytes:
        """A user's busy time over ``[start, end)`` as iCalendar: one VFREEBUSY (RFC 5545 §3.6.4), without titles, places and people.

        FBTYPE is the busyness, the strongest of those that meet; time that is not known is BUSY-UNAVAILABLE, and a COMMENT says so.
        """
        from icalsync.app import exporting  # noqa: PLC0415  # as above

        return exporting.busy_calendar(self._parts, asking.ask(self._parts, sub_account, user, start, end, known_at=known_at))

    def export_free_busy(
        self, sub_account: str, user: str, start: Moment, end: Moment, output: str | PathLike[str], *, known_at: Moment | None = None
    ) -> dict[str, Any]:
        """``free_busy`` as an ``.ics`` file, in a directory as ``busy.ics``: ``sub_account``, ``user_id``, ``output``. ``InvalidInput``."""
        from icalsync.app import exporting  # noqa: PLC0415  # as above

        question = asking.ask(self._parts, sub_account, user, start, end, known_at=known_at)
        return exporting.export_busy_calendar(self._parts, question, Path(output))

    def what_if(
        self,
        sub_account: str,
        users: Users,
        start: Moment,
        end: Moment,
        *,
        policy: Mapping[str, str] | None = None,
        hours: Mapping[str, str] | None = None,
        length: str | timedelta = "30m",
        asked_at: datetime | None = None,
    ) -> WhatIf:
        """The same answers as though each user had chosen this ``policy`` and these ``hours``; nothing is stored.

        ``.frame``: bookable hours and slots now and then, gained and lost, by user; ``.slots``: those that come or go; ``.collisions``:
        bookings in the window that the other rules would have refused, with why. Everything is as known now. ``InvalidInput``.
        """
        from icalsync.app import supposing  # noqa: PLC0415  # as above

        question = asking.ask(self._parts, sub_account, users, start, end)
        asked = asked_at or self._parts.clock.now()
        return supposing.what_if(self._parts, question, policy=policy or {}, hours=hours or {}, length=length, asked_at=asked)
