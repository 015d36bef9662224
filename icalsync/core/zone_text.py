"""A VTIMEZONE for an IANA zone, as text: two yearly rules, or one fixed offset (RFC 5545 §3.6.5).

The opposite of ``core.vtimezone``, which reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class _Transition:
    """One change of offset; ``wall`` is the clock before the change, as DTSTART of an observance wants it."""

    wall: datetime
    before: timedelta
    after: timedelta
    name: str
    daylight: bool


@lru_cache(maxsize=256)
def vtimezone(zone: str, years: range) -> tuple[str, ...]:
    """Content lines, unfolded, right for every year of ``years``; ``ValueError`` for a zone that two yearly rules cannot tell."""
    info = ZoneInfo(zone)
    changes = [change for year in years for change in _transitions(info, year)]
    offsets = [offset for change in changes for offset in (change.before, change.after)] or [
        _offset(datetime(years.start, 1, 1, tzinfo=UTC), info)
    ]
    if any(offset % timedelta(minutes=1) for offset in offsets):
        msg = f"{zone} was off UTC by seconds then"
        raise ValueError(msg)
    lines = ["BEGIN:VTIMEZONE", f"TZID:{zone}"]
    if not changes:
        lines += _fixed(info, years.start)
    for daylight in (True, False):
        same = [change for change in changes if change.daylight is daylight]
        if same:
            lines += _yearly(same, len(years))
    return (*lines, "END:VTIMEZONE")


def _transitions(zone: ZoneInfo, year: int) -> list[_Transition]:
    found: list[_Transition] = []
    moment = datetime(year, 1, 1, tzinfo=UTC)
    while moment.year == year:
        following = moment + timedelta(days=1)
        if _offset(moment, zone) != _offset(following, zone):
            found.append(_pinpoint(moment, following, zone))
        moment = following
    return found


def _pinpoint(low: datetime, high: datetime, zone: ZoneInfo) -> _Transition:
    """The minute of the change between ``low`` and ``high``, by halving."""
    before = _offset(low, zone)
    while high - low > timedelta(minutes=1):
        middle = low + timedelta(minutes=(high - low) // timedelta(minutes=2))
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    local = high.astimezone(zone)
    after = _offset(high, zone)
    return _Transition((high + before).replace(tzinfo=None), before, after, local.tzname() or "", bool(local.dst()))


def _yearly(changes: Sequence[_Transition], years: int) -> list[str]:
    first = changes[0]
    if len(changes) != years or any((c.before, c.after, c.wall.time()) != (first.before, first.after, first.wall.time()) for c in changes):
        msg = f"no yearly rule for {first.name} from {first.wall}"
        raise ValueError(msg)
    ordinal = next((o for o in (-1, 1, 2, 3, 4) if all(_is_nth(c.wall, o, first.wall) for c in changes)), None)
    if ordinal is None:
        msg = f"no yearly rule for {first.name} from {first.wall}"
        raise ValueError(msg)
    rule = f"FREQ=YEARLY;BYMONTH={first.wall.month};BYDAY={ordinal}{_WEEKDAYS[first.wall.weekday()]}"
    return _observance("DAYLIGHT" if first.daylight else "STANDARD", first.wall, (first.before, first.after), first.name, rule)


def _is_nth(wall: datetime, ordinal: int, like: datetime) -> bool:
    if (wall.month, wall.weekday()) != (like.month, like.weekday()):
        return False
    if ordinal < 0:
        return (wall + timedelta(days=7)).month != wall.month
    return (wall.day - 1) // 7 + 1 == ordinal


def _fixed(zone: ZoneInfo, year: int) -> list[str]:
    local = datetime(year, 1, 1, tzinfo=UTC).astimezone(zone)
    offset = _offset(local, zone)
    return _observance("STANDARD", datetime(1970, 1, 1), (offset, offset), local.tzname() or "", None)  # noqa: DTZ001 - DTSTART here is wall time


def _observance(kind: str, start: datetime, offsets: tuple[timedelta, timedelta], name: str, rule: str | None) -> list[str]:
    lines = [f"BEGIN:{kind}", f"DTSTART:{start:%Y%m%dT%H%M%S}", f"TZOFFSETFROM:{_signed(offsets[0])}", f"TZOFFSETTO:{_signed(offsets[1])}"]
    lines += [f"TZNAME:{name}"] if name else []
    lines += [f"RRULE:{rule}"] if rule else []
    return [*lines, f"END:{kind}"]


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _signed(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"
