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
from icalsync.app.moments import answered
from icalsync.app.parts import Parts
from icalsync.core.explanation import Explanation

if TYPE_CHECKING:
    import pandas as pd

    from icalsync.app.heating import HeatMap
    from icalsync.app.supposing import WhatIf


class Answers(Face):
    """Busy time, slots, coverage."""

    def busy(
        self,
        sub_account: str,
        users: Users,
        start: Moment,
        end: Moment,
        *,
        known_at: Moment | None = None,
        tz: str | None = None,
        merged: bool = False,
    ) -> pd.DataFrame:
        """Busy time that touches ``[start, end)``, as in the view, with each user's coverage as ``complete`` and ``as_of``.

        Instants are in the user's zone, in the sub-account's for several users, or in ``tz``. With ``merged`` each moment of a user comes
        once, cut to the window: ``sub_account``, ``user_id``, ``starts_at``, ``ends_at``, ``busyness`` (BUSY, or UNKNOWN where only what is
        not known takes the time) and the coverage; for 10,000 users and 10 million rows in seconds.

        Columns:
            sub_account, user_id, calendar_id, href, uid, recurrence_id, ref: str
            starts_at, ends_at, as_of: instant
            source, reason, busyness: category
            complete: bool

        >>> app.busy("acme", "anna", "2026-11-24", "2026-11-25")[["starts_at", "ends_at", "reason"]]
                          starts_at                   ends_at           reason
        0 2026-11-24 10:00:00+01:00 2026-11-24 11:00:00+01:00             BUSY
        1 2026-11-24 10:30:00+01:00 2026-11-24 11:30:00+01:00  OWN_APPOINTMENT
        2 2026-11-24 13:00:00+01:00 2026-11-24 14:00:00+01:00        TENTATIVE
        >>> app.busy("acme", None, "2026-11-24", "2026-11-25", merged=True)[["user_id", "starts_at", "ends_at"]]
          user_id                 starts_at                   ends_at
        0    anna 2026-11-24 10:00:00+01:00 2026-11-24 11:30:00+01:00
        1    anna 2026-11-24 13:00:00+01:00 2026-11-24 14:00:00+01:00
        """
        from icalsync.app import frames  # noqa: PLC0415  # pandas takes a second; setting up needs none

        answer = frames.merged if merged else frames.busy
        return answered(self._parts, sub_account, users, start, end, answer, known_at=known_at, tz=tz)

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
        """Slots that can be booked, each with who takes it (the least booked first), and how complete the knowledge of them is.

        Columns:
            starts_at, ends_at, as_of: instant
            users, missing: object
            complete: bool

        >>> app.slots("acme", "anna", "2026-11-24 13:00", "2026-11-24 17:00", length="1h")[["starts_at", "users"]]
                          starts_at   users
        0 2026-11-24 14:00:00+01:00  [anna]
        1 2026-11-24 15:00:00+01:00  [anna]
        2 2026-11-24 16:00:00+01:00  [anna]
        """
        from icalsync.app import frames  # noqa: PLC0415  # as above

        def listed(held: Parts, question: asking.Question) -> pd.DataFrame:
            found = asking.find_slots(held, question, length=length, need=need, asked_at=asked_at or held.clock.now())
            return frames.slots(asking.slot_rows(held, question, found), question.zone)

        return answered(self._parts, sub_account, users, start, end, listed, known_at=known_at, tz=tz)

    def coverage(
        self,
        sub_account: str,
        users: Users = None,
        start: Moment | None = None,
        end: Moment | None = None,
        *,
        known_at: Moment | None = None,
    ) -> dict[str, Any]:
        """How complete answers about these users are: ``complete``, ``as_of``, ``missing``; over ``[start, end)`` where both are given.

        >>> app.coverage("acme", "anna")["complete"], app.coverage("acme", "anna", "2026-11-26", "2026-11-27")["missing"][0]["reason"]
        (True, 'UNREADABLE')
        """
        if start is not None and end is not None:
            return answered(self._parts, sub_account, users, start, end, _coverage, known_at=known_at)
        rows = asking.people_of(self._parts, sub_account, users)
        known = asking.known(self._parts, known_at, asking.answer_zone(self._parts, sub_account, rows))
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

        >>> why = app.explain("acme", "anna", "2026-11-24 13:30")
        >>> why.offered, why.reason, why.because
        (False, 'TENTATIVE', ('BUSY',))
        >>> print(app.explain("acme", "anna", "2026-11-24 15:00").for_customer())
        Anna can be booked Tue 2026-11-24 15:00–15:30 (Europe/Berlin). The invitation of ... was declined, so it does not block. ...
        """
        shown = self._reveal(reveal, reason)
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

        >>> app.explain_appointment("ap-1").because
        ('OFF_GRID', 'BUSY')
        """
        who = (sub_account, user) if sub_account is not None and user is not None else None
        return explaining.of_appointment(self._parts, appointment_id, who=who, reveal=self._reveal(reveal, reason))

    def _reveal(self, wanted: bool, reason: str | None) -> explaining.Reveal:
        """What was asked for, or what the library was opened for."""
        if not wanted and reason is None and self._revealed_for is not None:
            return explaining.Reveal(wanted=True, reason=self._revealed_for)
        return explaining.Reveal(wanted, reason)

    def explain_window(
        self, sub_account: str, user: str, start: Moment, end: Moment, *, known_at: Moment | None = None, asked_at: Moment | None = None
    ) -> pd.DataFrame:
        """One row per stretch of equal reason over ``[start, end)``, in the user's zone.

        ``offered``: whether a slot may take that moment, the grid of starts apart; coverage as ``complete`` and ``as_of``.

        Columns:
            starts_at, ends_at, as_of: instant
            busyness, reason, source: category
            offered, complete: bool

        >>> app.explain_window("acme", "anna", "2026-11-24 13:00", "2026-11-24 16:00")[["starts_at", "reason", "offered"]]
                          starts_at     reason  offered
        0 2026-11-24 13:00:00+01:00  TENTATIVE    False
        1 2026-11-24 14:00:00+01:00    OFFERED     True
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
        Instants are in the user's zone, the sub-account's for several users, UTC for all, or ``tz``. ``explain`` takes a ``finding_id`` for
        AT. ``UnknownSubAccount``, ``UnknownUser``, ``StartAfterEnd``, ``InvalidInput``.

        Columns:
            finding_id, sub_account, user_id, first_calendar_id, first_uid, first_ref, second_calendar_id, second_uid, second_ref, says: str
            starts_at, ends_at, first_known_from, second_known_from, booked_at, as_of: instant
            first_starts_at, first_ends_at, second_starts_at, second_ends_at: instant
            first_source, second_source, cause, detail: category
            minutes: float64
            complete: bool

        >>> app.double_bookings("acme")[["user_id", "starts_at", "cause", "says"]]
          user_id                 starts_at   cause                                       says
        0    anna 2026-11-24 10:30:00+01:00  FORCED  The booking was made without checking.
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

        >>> heat = app.heatmap("acme", "anna", "2026-11-23", "2026-11-28")
        >>> heat.lost
        {'OWN_APPOINTMENT': 60.0, 'BUSY': 30.0, 'TENTATIVE': 60.0, 'UNREADABLE': 60.0}
        >>> heat.frame.query("busy_minutes > 0")[["weekday", "hour", "open_minutes", "share"]]
            weekday  hour  open_minutes  share
        34        1    10          60.0    1.0
        35        1    11          60.0    0.5
        37        1    13          60.0    1.0
        """
        from icalsync.app import heating  # noqa: PLC0415  # as above

        return answered(self._parts, sub_account, users, start, end, heating.heatmap, known_at=known_at, tz=tz)

    def write_heatmap(
        self, heat: HeatMap, output: str | PathLike[str], *, by_day: bool = False, form: str | None = None, dialect: str = "plain"
    ) -> None:
        """A heat map as a ``.csv``, ``.parquet``, ``.json`` or ``.html`` file; the page needs nothing from elsewhere. ``InvalidInput``.

        >>> app.write_heatmap(app.heatmap("acme", "anna", "2026-11-23", "2026-11-28"), directory / "november.html")
        """
        from icalsync.app import heating  # noqa: PLC0415  # as above

        heating.write(self._parts, heat, Path(output), by_day=by_day, form=form, dialect=dialect)

    def free_busy(self, sub_account: str, user: str, start: Moment, end: Moment, *, known_at: Moment | None = None) -> bytes:
        """A user's busy time over ``[start, end)`` as iCalendar: one VFREEBUSY (RFC 5545 §3.6.4), without titles, places and people.

        FBTYPE is the busyness, the strongest of those that meet; time that is not known is BUSY-UNAVAILABLE, and a COMMENT says so.

        >>> print(app.free_busy("acme", "anna", "2026-11-24", "2026-11-25").decode())
        BEGIN:VCALENDAR
        ...
        FREEBUSY;FBTYPE=BUSY:20261124T090000Z/20261124T103000Z
        FREEBUSY;FBTYPE=BUSY-TENTATIVE:20261124T120000Z/20261124T130000Z
        ...
        """
        from icalsync.app import exporting  # noqa: PLC0415  # as above

        return exporting.busy_calendar(self._parts, asking.ask(self._parts, sub_account, user, start, end, known_at=known_at))

    def export_free_busy(
        self, sub_account: str, user: str, start: Moment, end: Moment, output: str | PathLike[str], *, known_at: Moment | None = None
    ) -> dict[str, Any]:
        """``free_busy`` as an ``.ics`` file, in a directory as ``busy.ics``: ``sub_account``, ``user_id``, ``output``. ``InvalidInput``.

        >>> app.export_free_busy("acme", "anna", "2026-11-24", "2026-11-25", directory)
        {'sub_account': 'acme', 'user_id': 'anna', 'output': '...busy.ics'}
        """
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

        >>> later = {"weekly": "Mon-Fri 11:00-17:00"}
        >>> other = app.what_if("acme", "anna", "2026-11-24", "2026-11-25", policy={"tentative": "free"}, hours=later)
        >>> other.frame[["user_id", "hours_gained", "hours_lost", "collisions"]]
          user_id  hours_gained  hours_lost  collisions
        0    anna           1.0         1.0           1
        >>> other.collisions[["appointment_id", "because"]]
          appointment_id   because
        0           ap-1  [CLOSED]
        """
        from icalsync.app import supposing  # noqa: PLC0415  # as above

        question = asking.ask(self._parts, sub_account, users, start, end)
        asked = asked_at or self._parts.clock.now()
        return supposing.what_if(self._parts, question, policy=policy or {}, hours=hours or {}, length=length, asked_at=asked)


def _coverage(held: Parts, question: asking.Question) -> dict[str, Any]:
    return asking.summary(asking.coverage_rows(held, question))
