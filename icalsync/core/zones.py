"""Time zones: their names, and the one way from wall time to instants and back (RFC 5545 §3.3.5)."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from icalsync.core.windows_zones import IANA_OF_WINDOWS
from icalsync.errors import InvalidInput

EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
LATEST: Final = datetime.max.replace(tzinfo=UTC)
_NO_ZONES: Final = frozenset({"localtime", "Factory", "posixrules"})
_PREFIXED: Final = re.compile(
    r"^/?(?:[^/]+/)*?((?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)/.+)$"
)
_OFFSET: Final = re.compile(r"^(?:GMT|UTC|Z)?([+-])(\d{1,2})(?::?(\d{2}))?$", re.IGNORECASE | re.ASCII)
_LONGEST_OFFSET_HOURS: Final = 14


@cache
def _by_fold() -> dict[str, str]:
    names = sorted(name for name in available_timezones() if name not in _NO_ZONES and not name.startswith(("posix/", "right/")))
    return {name.casefold(): name for name in names}


@cache
def _windows_by_fold() -> dict[str, str]:
    return {name.casefold(): iana for name, iana in IANA_OF_WINDOWS.items()}


@lru_cache(maxsize=1024)
def iana_name(name: str) -> str | None:
    """The IANA zone a TZID stands for, or None.

    Understood are IANA names in any case, IANA names behind a prefix (``/mozilla.org/20070129_1/Europe/Berlin``), Windows names, and the
    whole-hour offsets some clients write (``GMT+0200``, read as two hours ahead of UTC; Etc/ names have the sign reversed).
    """
    plain = name.strip().strip('"')
    known = _by_fold().get(plain.casefold()) or _windows_by_fold().get(plain.casefold())
    if known is not None:
        return known
    prefixed = _PREFIXED.match(plain)
    if prefixed is not None and (known := _by_fold().get(prefixed.group(1).casefold())) is not None:
        return known
    offset = _OFFSET.match(plain)
    if offset is None or int(offset.group(3) or 0) or int(offset.group(2)) > _LONGEST_OFFSET_HOURS:
        return None
    hours = int(offset.group(2))
    return "UTC" if hours == 0 else _by_fold().get(f"etc/gmt{'-' if offset.group(1) == '+' else '+'}{hours}")


def check_zone(name: str) -> str:
    """The canonical IANA name of a zone a person typed (any case; Windows names are understood); ``InvalidInput`` for an unknown one."""
    plain = name.strip()
    known = _by_fold().get(plain.casefold()) or _windows_by_fold().get(plain.casefold())
    if known is None:
        raise InvalidInput(what="time zone", value=name, why="it needs an IANA name such as Europe/Berlin")
    return known


@lru_cache(maxsize=1024)
def zone_info(name: str) -> ZoneInfo:
    """The rules of an IANA zone; ``InvalidInput`` for an unknown one."""
    return ZoneInfo(check_zone(name))


def to_utc(wall: datetime, zone: str) -> datetime:
    """The instant at which clocks in ``zone`` show ``wall`` (naive).

    RFC 5545 §3.3.5: in a gap the offset before the gap counts (02:30 becomes 03:30 summer time), in an overlap the first one (D22, D23).
    """
    return _utc(wall.replace(tzinfo=zone_info(zone), fold=0))


def _utc(aware: datetime) -> datetime:
    try:
        return aware.astimezone(UTC)
    except OverflowError:  # the first and the last hours of the calendar (D27)
        return EARLIEST if aware.year == 1 else LATEST


def to_zone(instant: datetime, zone: str) -> datetime:
    """The same instant as clocks in ``zone`` show it, aware."""
    return instant.astimezone(zone_info(zone))


def is_gap(wall: datetime, zone: str) -> bool:
    """Whether clocks in ``zone`` never show ``wall`` (naive): they jump over it."""
    return to_zone(to_utc(wall, zone), zone).replace(tzinfo=None, fold=0) != wall.replace(fold=0)


def start_of_day(day: date, zone: str) -> datetime:
    """The first moment of a local day as an instant: midnight, or the end of the gap that swallows midnight (Havana, Beirut, Cairo)."""
    midnight = datetime.combine(day, time())
    instant = to_utc(midnight, zone)
    if not timedelta(days=1) < instant - EARLIEST or not is_gap(midnight, zone):
        return instant
    info = zone_info(zone)
    before = _utc(midnight.replace(tzinfo=info, fold=1))  # with the offset after the gap: an instant before it
    return _first_with_offset(before, instant, instant.astimezone(info).utcoffset() or timedelta(), info)


def _first_with_offset(low: datetime, high: datetime, offset: timedelta, info: ZoneInfo) -> datetime:
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(info).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return high


@cache
def rules_mark(name: str) -> str | None:
    """A digest of a zone's rules from 2000 to 2037, day by day: another one means that an update moved its clocks (D26).

    None for a TZID that is no zone of ours; its rules then stand in the objects themselves.
    """
    known = iana_name(name)
    if known is None:
        return None
    zone, noon = ZoneInfo.no_cache(known), datetime(2000, 1, 1, 12, tzinfo=UTC)
    offsets = (str((noon + timedelta(days=day)).astimezone(zone).utcoffset()) for day in range(38 * 365))
    return hashlib.sha256("\n".join(offsets).encode()).hexdigest()[:16]
