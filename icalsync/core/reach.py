"""What of an event's time can matter to a window, and arithmetic that stops at the calendar's ends (D27)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from icalsync.core.interval import Interval
from icalsync.core.model import EventTime

ZONE_SLACK: Final = timedelta(hours=14)
"""Floating and all-day times lie at most this far from where UTC would put them; so no user's zone loses one."""


def touches(starts: EventTime, ends: EventTime, travel: timedelta, window: Interval) -> bool:
    """Whether ``[starts - travel, ends)`` shares a moment with ``window``; a zero length counts where it starts.

    Floating and all-day times are compared with 14 hours to spare on both sides.
    """
    slack = timedelta() if isinstance(starts, datetime) and starts.tzinfo is not None else ZONE_SLACK
    low, high = minus(clock_of(window.start), slack), plus(clock_of(window.end), slack)
    first, last = minus(clock_of(starts), travel), clock_of(ends)
    return first < high and (last > low or first >= low)


def clock_of(value: EventTime) -> datetime:
    """Any moment as a naive one that can be compared: UTC for an instant, wall time else, midnight for a date."""
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - wall time
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo is not None else value


def plus(clock: datetime, length: timedelta) -> datetime:
    """Later by ``length``, at most the last moment there is."""
    return clock + length if datetime.max - clock > length else datetime.max  # noqa: DTZ901 - wall time


def minus(clock: datetime, length: timedelta) -> datetime:
    """Earlier by ``length``, at least the first moment there is."""
    return clock - length if clock - datetime.min > length else datetime.min  # noqa: DTZ901 - wall time
