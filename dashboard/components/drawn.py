"""Which hours a picture of a week shows: all opening hours with morning and evening; and what lies outside them, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from components.days import Part, clock, weekday
from data import say

MORNING: Final = 7
EVENING: Final = 20
"""These hours are drawn whatever the opening hours are."""
MOST: Final = 6
"""So many are named; the list below the picture has all."""
_RANGE: Final = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_HOUR: Final = timedelta(hours=1)
_DAY: Final = 24


def hours_drawn(opening: Iterable[str | None], gaps: Iterable[Part]) -> tuple[int, int]:
    """The first and the last full hour: from the texts of opening hours, and from every gap in which a slot is offered."""
    found = [tuple(map(int, match)) for text in opening for match in _RANGE.findall(text or "")]
    if any((until, more) <= (begins, past) for begins, past, until, more in found):
        return 0, _DAY  # a night shift: its hours lie on both sides of midnight
    starts = [begins for begins, *_ in found]
    ends = [until + (more > 0) for *_, until, more in found]
    for part in gaps:
        if part.row["offered"]:
            starts.append(part.starts // _HOUR)
            ends.append(-(-part.ends // _HOUR))
    return min([MORNING, *starts]), min(_DAY, max([EVENING, *ends]))


def outside(busy: Sequence[Part], hours: tuple[int, int]) -> str | None:
    """``Not drawn: Sat 00:00–05:30``: what begins or ends outside the hours that are drawn; none where everything is in sight."""
    first, last = hours[0] * _HOUR, hours[1] * _HOUR
    left = [part for part in busy if (part.starts < first or part.ends > last) and part.ends - part.starts < timedelta(days=1)]
    if not left:
        return None
    named = [f"{weekday(part.day.weekday())} {clock(part.starts)}–{clock(part.ends)}" for part in left[:MOST]]
    more = [say("page.week.more_people", number=len(left) - MOST)] if len(left) > MOST else []
    return say("page.week.outside", times=", ".join([*named, *more]))
