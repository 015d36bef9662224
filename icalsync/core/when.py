"""Moments and windows as people type them (design.md §5), read in a user's zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

from icalsync.core.interval import Interval
from icalsync.core.zones import is_gap, start_of_day, to_utc
from icalsync.errors import InvalidInput, StartAfterEnd

_MOMENT: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,6})?)?) ?(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII | re.IGNORECASE
)
_FORMS: Final = "write it as 2026-11-24, '2026-11-24 14:00', 2026-11-24T14:00:00Z or 2026-11-24T14:00+01:00"
_YEARS: Final = range(1900, 2200)


def parse_moment(text: str, zone: str) -> datetime:
    """The instant (UTC) that ``text`` means to someone in ``zone``; ``InvalidInput`` where it means none.

    A bare date is the first moment of that day; a time without an offset is the zone's own: in a DST gap it is an error, in an overlap
    the first of the two (design.md §5).
    """
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        raise InvalidInput(what="moment", value=text, why=_FORMS)
    day_text, time_text, offset = match.groups()
    try:
        day = date.fromisoformat(day_text)
        wall = datetime.fromisoformat(f"{day_text}T{(time_text or '00:00').replace(',', '.')}")
    except ValueError as error:
        raise InvalidInput(what="moment", value=text, why=f"there is no such date or time ({error})") from error
    if day.year not in _YEARS:
        raise InvalidInput(what="moment", value=text, why=f"the year must lie between {_YEARS[0]} and {_YEARS[-1]}")
    if time_text is None:
        return start_of_day(day, zone)
    if offset is not None:
        return _with_offset(text, wall, offset)
    if is_gap(wall, zone):
        raise InvalidInput(what="moment", value=text, why=f"clocks in {zone} jump over it (daylight saving time)")
    return to_utc(wall, zone)


def _with_offset(text: str, wall: datetime, offset: str) -> datetime:
    if offset in "Zz":
        return wall.replace(tzinfo=UTC)
    hours, minutes = int(offset[1:3]), int(offset[-2:])
    if hours > 14 or minutes > 59:  # noqa: PLR2004 - the widest offset in use, and an hour
        raise InvalidInput(what="moment", value=text, why="no zone is more than 14 hours off UTC")
    ahead = timedelta(hours=hours, minutes=minutes)
    return (wall - ahead if offset[0] == "+" else wall + ahead).replace(tzinfo=UTC)


def parse_window(start: str, end: str, zone: str) -> Interval:
    """``[start, end)`` as two moments; ``StartAfterEnd`` where nothing lies between them."""
    first, last = parse_moment(start, zone), parse_moment(end, zone)
    if first >= last:
        raise StartAfterEnd(start=start, end=end)
    return Interval(first, last)
