"""Opening hours and limits, eased just so far that they no longer speak against a slot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from math import gcd
from typing import Final

from icalsync.core.durations import format_duration
from icalsync.core.evidence import Case
from icalsync.core.hours import OpeningHours, openings
from icalsync.core.interval import Interval
from icalsync.core.remedies import Remedy, remedy
from icalsync.core.supposing import Supposed
from icalsync.core.weekly import DAY, Exceptional, Ranges, format_exceptions
from icalsync.core.wording import date_only
from icalsync.core.zones import to_zone

_MINUTE: Final = timedelta(minutes=1)
_SLACK: Final = timedelta(minutes=5)
"""A notice is named that still holds when somebody has read about it and set it."""


def eased(case: Case, world: Supposed, because: set[str]) -> Iterator[tuple[Remedy, OpeningHours]]:
    """For each code of a judgement that hours or limits cause: the remedy, and the hours without that cause."""
    hours = world.hours
    ahead = case.slot.start - case.asked_at
    who = {"sub_account": case.sub_account, "user": case.user_id}
    if "NOTICE" in because:
        notice = max(timedelta(), ahead - _SLACK - (ahead - _SLACK) % _SLACK)
        yield remedy("notice", notice=format_duration(notice), **who), replace(hours, notice=notice)
    if "HORIZON" in because:
        horizon = ahead + -ahead % _MINUTE
        yield remedy("horizon", horizon=format_duration(horizon), **who), replace(hours, horizon=horizon)
    if "CLOSED" in because:
        yield from _opened(case, hours)
    if "OFF_GRID" in because:
        yield from _stepped(case, hours)
    if "BUFFER" in because:
        shorter = _shorter_buffers(case, world)
        before, after = format_duration(shorter.buffer_before), format_duration(shorter.buffer_after)
        yield remedy("buffers", before=before, after=after, **who), shorter
    if "DAILY_LIMIT" in because:
        limit = 1 + sum(same_day(case, one) for one in world.booked)
        yield remedy("limit", limit=limit, **who), replace(hours, daily_limit=limit)


def same_day(case: Case, booked: Interval) -> bool:
    """Whether a booking counts for the slot's local day."""
    return to_zone(booked.start, case.zone).date() == to_zone(case.slot.start, case.zone).date()


def _opened(case: Case, hours: OpeningHours) -> Iterator[tuple[Remedy, OpeningHours]]:
    """Hours of their own for the slot's day, which hold the slot."""
    day, first = _local(case.slot.start, case)
    last_day, last = _local(case.slot.end, case)
    ranges = _with_range(hours.on(day), first, last + DAY * (last_day - day).days)
    if ranges is None:
        return
    exceptions = (*hours.exceptions, Exceptional(day, day, ranges))
    facts = {"day": date_only(day), "exceptions": format_exceptions(exceptions), "sub_account": case.sub_account, "user": case.user_id}
    yield remedy("open", **facts), replace(hours, exceptions=exceptions)


def _local(instant: datetime, case: Case) -> tuple[date, int]:
    local = to_zone(instant, case.zone)
    return local.date(), local.hour * 60 + local.minute + (1 if local.second or local.microsecond else 0)


def _with_range(ranges: Ranges, first: int, last: int) -> Ranges | None:
    """A day's ranges with one more; what overlaps it becomes one with it. None for a slot that no range of a day can hold."""
    if not first < last < first + DAY or first >= DAY:
        return None
    apart = [one for one in ranges if one[1] <= first or last <= one[0]]
    met = [one for one in ranges if one not in apart]
    whole = (min([first, *(one[0] for one in met)]), max([last, *(one[1] for one in met)]))
    return tuple(sorted([*apart, whole]))


def _stepped(case: Case, hours: OpeningHours) -> Iterator[tuple[Remedy, OpeningHours]]:
    """The longest step in whole minutes that puts a start where the slot begins."""
    around = Interval(case.slot.start - timedelta(days=2), case.slot.end + timedelta(days=2))
    anchors = [one.start for one in openings(hours, case.zone, around) if one.start <= case.slot.start]
    if not anchors:
        return
    apart = case.slot.start - max(anchors)
    step = hours.slot_step or case.slot.length
    minutes = gcd(int(apart / _MINUTE), int(step / _MINUTE))
    if minutes and not apart % _MINUTE:
        shorter = timedelta(minutes=minutes)
        facts = {"step": format_duration(shorter), "sub_account": case.sub_account, "user": case.user_id}
        yield remedy("step", **facts), replace(hours, slot_step=shorter)


def _shorter_buffers(case: Case, world: Supposed) -> OpeningHours:
    """Buffers as long as what lies around the slot leaves room for."""
    blocking = [one.interval for one in world.touches if one.blocks and one.interval is not None and not one.interval.overlaps(case.slot)]
    before = [case.slot.start - one.end for one in blocking if one.end <= case.slot.start]
    after = [one.start - case.slot.end for one in blocking if one.start >= case.slot.end]
    return replace(
        world.hours,
        buffer_before=_whole(min([world.hours.buffer_before, *before])),
        buffer_after=_whole(min([world.hours.buffer_after, *after])),
    )


def _whole(length: timedelta) -> timedelta:
    return length - length % _MINUTE
