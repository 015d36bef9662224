"""Instants and lengths as sentences show them, in one zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from icalsync.core.durations import format_duration
from icalsync.core.zones import to_zone
from icalsync.messages import say

EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""Where rows begin and end that have no beginning or no end (``busy`` of what is not covered, objects whose time cannot be told)."""


def clock_time(instant: datetime, zone: str) -> str:
    """``14:00``, or ``14:00:30`` where seconds count."""
    local = to_zone(instant, zone)
    return local.strftime("%H:%M:%S" if local.second else "%H:%M")


def moment(instant: datetime, zone: str) -> str:
    """``Tue 2026-11-24 14:00``."""
    local = to_zone(instant, zone)
    return f"{weekday(local)} {local.date().isoformat()} {clock_time(instant, zone)}"


def weekday(local: datetime) -> str:
    """The short name of a day of the week."""
    return say("page.weekdays").split()[local.weekday()]


def span(start: datetime, end: datetime, zone: str) -> str:
    """``Tue 2026-11-24 14:00–14:30``; both days where they differ; one moment where nothing lies between.

    Where clocks change in between on that day, the offsets stand beside the times. What has no end is said to go on (``is_open``).
    """
    if is_open(start, end):
        piece = "always" if start <= EARLIEST and end >= LATEST else "until" if start <= EARLIEST else "from"
        return say(f"span.{piece}", start=moment(start, zone), end=moment(end, zone))
    if start == end:
        return moment(start, zone)
    if to_zone(start, zone).date() == to_zone(end, zone).date():
        if _same_offset(start, end, zone):
            return f"{moment(start, zone)}–{clock_time(end, zone)}"
        return f"{moment(start, zone)} ({offset(start, zone)}) – {moment(end, zone)} ({offset(end, zone)})"
    return f"{moment(start, zone)} – {moment(end, zone)}"


def is_open(start: datetime, end: datetime) -> bool:
    """Whether an interval has no beginning or no end that means anything to people."""
    return start <= EARLIEST or end >= LATEST


def _same_offset(start: datetime, end: datetime, zone: str) -> bool:
    return to_zone(start, zone).utcoffset() == to_zone(end, zone).utcoffset()


def offset(instant: datetime, zone: str) -> str:
    """``UTC+01:00``: how far clocks in ``zone`` are ahead at that instant."""
    ahead = to_zone(instant, zone).utcoffset() or timedelta()
    minutes = int(abs(ahead).total_seconds()) // 60
    return f"UTC{'-' if ahead < timedelta() else '+'}{minutes // 60:02}:{minutes % 60:02}"


def age(length: timedelta) -> str:
    """A length of time in its two largest units: ``2d3h``, ``3h5m``, ``40s``; never negative."""
    seconds = max(0, int(length.total_seconds()))
    size = 1 if seconds < 60 else 60 if seconds < 86_400 else 3600  # noqa: PLR2004  # a minute; a day
    return format_duration(timedelta(seconds=seconds - seconds % size)) if seconds else "0s"


def iso(instant: datetime | None, zone: str) -> str | None:
    """ISO 8601 in the user's zone, for programs."""
    return None if instant is None else to_zone(instant, zone).isoformat()
