"""Why somebody sits twice: the cause of a double booking, from what was known when the booking was made (issue 6).

A finding is a pair of things that take one person's time at once. What is a thing:

* an appointment or a blocked slot of the system's own; an event of any calendar the user can see, its travel time included.
* Two outside events are a finding where both block. A booking is also compared with events that did **not** block: those a rule or a policy
  let through (marked as free, declined, freed by a policy; not cancelled ones, nor those without length), and those of calendars that are
  no conflict calendar (unless such a calendar is another user's, or its event is free anyway).
* A blocked slot counts against bookings only. One meeting in two calendars is one: the same UID at the same instance or the same time, or
  the same title, time and guests. An appointment and its own copy are one, also where the copy was changed.
* Across the users that are one person: a booking of this user against bookings and blocking events of the other, of which the finding
  shows the time only. What both see in the same calendar, or under one UID, is no business across.

"The booking" of a pair is the later made of its appointments, and it was made when the appointment came to lie where it now lies: booked
there, or moved there. Everything below is as known at that instant. The causes, first match wins:

1. ``CROSS_SUB_ACCOUNT``: the other side is of another user who is the same person.
2. Both from outside: ``ZONE_SHIFT`` where one of them is shifted (see 5), else ``EXTERNAL_ONLY``. An event of ours that somebody dragged
   onto something (R11, reason ``DRIFT``) came to lie there from outside, too: no booking was made at that time. Its side bears the
   appointment's id, and the finding says that the drift is to be settled.
3. ``RULE_LET_IT_THROUGH`` (``REMOTE_CHANGE``): the booking was moved there in its calendar, and that was accepted (R11), while the other
   thing was known.
4. ``FORCED``: booked or moved there without checking.
5. ``ZONE_SHIFT``: the event has a twin in another calendar of this user (same UID, or same title and guests; same length), apart from it by
   up to 14 hours in whole quarters, by the same offset for most of their occurrences, and the twin leaves the other thing alone.
6. ``RULE_LET_IT_THROUGH`` (the reason code of the busy rules): the event was free, by its marks or by a policy; so it would have been in
   any calendar.
7. ``NOT_A_CONFLICT_CALENDAR``: the event's calendar did not take this user's availability then.
8. ``SOURCE_DOWN``: the event was not known, and its calendar could not be pulled then, or had not been for longer than ``stale_after``.
9. ``RACE``: both became known within ``RACE`` of each other: two bookings made at once, or an event that reached us between the polling of
   the calendars and the commit of the booking, or just after it.
10. ``LATE_ARRIVAL``: the event became known after the booking.
11. ``RULE_LET_IT_THROUGH`` (``KNOWN``): it was known and blocked, and the booking stands all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import product
from typing import Final

RACE: Final = timedelta(seconds=10)
"""Things known within this of each other raced: as long as the polling before a booking may take (R14)."""
LARGEST_SHIFT: Final = timedelta(hours=14)
"""No zone is farther from UTC."""


class Cause(StrEnum):
    """Why a person sits twice."""

    CROSS_SUB_ACCOUNT = "CROSS_SUB_ACCOUNT"
    EXTERNAL_ONLY = "EXTERNAL_ONLY"
    ZONE_SHIFT = "ZONE_SHIFT"
    FORCED = "FORCED"
    NOT_A_CONFLICT_CALENDAR = "NOT_A_CONFLICT_CALENDAR"
    RULE_LET_IT_THROUGH = "RULE_LET_IT_THROUGH"
    SOURCE_DOWN = "SOURCE_DOWN"
    RACE = "RACE"
    LATE_ARRIVAL = "LATE_ARRIVAL"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a pair, as yes and no; gathered by SQL, which looks the cause up by ``key``."""

    across: bool = False
    """The other side is of another user, who is the same person."""
    outside: bool = False
    """Neither side is a booking of ours."""
    accepted: bool = False
    """The booking came to lie there by a change in its calendar that was accepted."""
    forced: bool = False
    """It was booked, or moved there, without checking."""
    shifted: bool = False
    """The event has a twin at a constant offset that leaves the other thing alone."""
    known: bool = False
    """The other thing was known to lie there when the booking was made."""
    chosen: bool = False
    """Its calendar took the user's availability then; so does everything of our own."""
    free: bool = False
    """A rule or a policy let it through: then, or now where it was not known then."""
    down: bool = False
    """Its calendar could not be pulled then, or had not been for too long."""
    together: bool = False
    """Both became known within ``RACE`` of each other."""

    @property
    def key(self) -> int:
        """One bit for each, the first the lowest."""
        return sum(1 << place for place, yes in enumerate(astuple(self)) if yes)


def every_facts() -> Iterator[Facts]:
    """All there can be, for the table that SQL looks the causes up in."""
    for values in product((False, True), repeat=len(Facts.__dataclass_fields__)):
        yield Facts(*values)


def cause_of(facts: Facts) -> Cause:
    """The one cause of a double booking; the precedence is that of this module's first lines."""
    if facts.across:
        return Cause.CROSS_SUB_ACCOUNT
    if facts.outside:
        return Cause.ZONE_SHIFT if facts.shifted else Cause.EXTERNAL_ONLY
    if facts.accepted and facts.known:
        return Cause.RULE_LET_IT_THROUGH
    if facts.forced:
        return Cause.FORCED
    if facts.shifted:
        return Cause.ZONE_SHIFT
    return _of_checked(facts)


def _of_checked(facts: Facts) -> Cause:
    """Of a booking that was checked, against something of this user's own that may have been seen."""
    if facts.free:
        return Cause.RULE_LET_IT_THROUGH
    if not facts.chosen:
        return Cause.NOT_A_CONFLICT_CALENDAR
    if not facts.known and facts.down:
        return Cause.SOURCE_DOWN
    if facts.together:
        return Cause.RACE
    return Cause.RULE_LET_IT_THROUGH if facts.known else Cause.LATE_ARRIVAL
