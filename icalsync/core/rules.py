"""Recurrence rules as data (RFC 5545 §3.3.10), checked before anything is expanded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from icalsync.core.bounds import Unreadable
from icalsync.core.ics import Wall, wall_of

FREQUENCIES: Final = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")
DAYS: Final[Mapping[str, int]] = MappingProxyType({"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6})
_BY_DAY: Final = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_INTEGER: Final = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_MOST_WEEKS: Final = 53


@dataclass(frozen=True, slots=True)
class Rule:
    """One RRULE or EXRULE; names are the RFC's."""

    freq: str
    interval: int = 1
    count: int | None = None
    until: Wall | None = None
    by_month: tuple[int, ...] = ()
    by_week_no: tuple[int, ...] = ()
    by_year_day: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_day: tuple[tuple[int, int], ...] = ()
    """(nth, weekday with Monday = 0); nth is 0 for every one."""
    by_hour: tuple[int, ...] = ()
    by_minute: tuple[int, ...] = ()
    by_second: tuple[int, ...] = ()
    by_set_pos: tuple[int, ...] = ()
    week_start: int = 0


def parse_rule(text: str) -> Rule:
    """A rule, or ``Unreadable``: BAD_RULE for what the RFC does not allow, BUDGET for FREQ=SECONDLY, which no calendar can mean.

    An unknown part makes the rule unreadable, because it may take instances away or add some; X- parts are passed over.
    """
    parts: dict[str, str] = {}
    for part in text.strip().upper().split(";"):
        name, _, value = part.strip().partition("=")
        if not name or name.startswith("X-"):
            continue
        if name in parts:
            raise _bad(f"{name} is given twice")
        parts[name] = value.strip()
    freq = parts.pop("FREQ", "")
    if freq == "SECONDLY":
        raise Unreadable("BUDGET", "FREQ=SECONDLY")
    if freq not in FREQUENCIES:
        raise _bad(f"FREQ={freq[:20]}")
    values: dict[str, Any] = {"freq": freq}
    for name, value in parts.items():
        if name not in _PARTS:
            raise _bad(f"unknown part {name[:20]}")
        target, read = _PARTS[name]
        if target:
            values[target] = read(name, value)
        else:
            read(name, value)
    return Rule(**values)


def _bad(detail: str) -> Unreadable:
    return Unreadable("BAD_RULE", detail)


def _integer(name: str, value: str, low: int, high: int) -> int:
    if _INTEGER.fullmatch(value.strip()) is None or not low <= int(value) <= high:
        raise _bad(f"{name}={value[:20]}")
    return int(value)


def _list(name: str, value: str, low: int, high: int) -> tuple[int, ...]:
    """Sorted, without repetitions; where ``low`` is negative, zero is no member."""
    numbers = {_integer(name, one, low, high) for one in value.split(",")}
    if low < 0 and 0 in numbers:
        raise _bad(f"{name}={value[:20]}")
    return tuple(sorted(numbers))


def _by_day(name: str, value: str) -> tuple[tuple[int, int], ...]:
    result = set()
    for one in value.split(","):
        match = _BY_DAY.fullmatch(one.strip())
        if match is None:
            raise _bad(f"{name}={value[:20]}")
        nth = int(match.group(1) or 0)
        if abs(nth) > _MOST_WEEKS or (match.group(1) and nth == 0):
            raise _bad(f"{name}={value[:20]}")
        result.add((nth, DAYS[match.group(2)]))
    return tuple(sorted(result))


def _week_start(name: str, value: str) -> int:
    if value not in DAYS:
        raise _bad(f"{name}={value[:20]}")
    return DAYS[value]


def _until(name: str, value: str) -> Wall:
    try:
        return wall_of(name, value, None)
    except Unreadable as error:
        raise _bad(error.detail) from None


def _only(allowed: str, name: str, value: str) -> None:
    if value != allowed:
        raise _bad(f"{name}={value[:20]}")


_PARTS: Final[Mapping[str, tuple[str, Callable[[str, str], Any]]]] = MappingProxyType(
    {
        "INTERVAL": ("interval", partial(_integer, low=1, high=1_000_000)),
        "COUNT": ("count", partial(_integer, low=1, high=9_999_999_999)),
        "UNTIL": ("until", _until),
        "BYMONTH": ("by_month", partial(_list, low=1, high=12)),
        "BYWEEKNO": ("by_week_no", partial(_list, low=-53, high=53)),
        "BYYEARDAY": ("by_year_day", partial(_list, low=-366, high=366)),
        "BYMONTHDAY": ("by_month_day", partial(_list, low=-31, high=31)),
        "BYDAY": ("by_day", _by_day),
        "BYHOUR": ("by_hour", partial(_list, low=0, high=23)),
        "BYMINUTE": ("by_minute", partial(_list, low=0, high=59)),
        "BYSECOND": ("by_second", partial(_list, low=0, high=60)),
        "BYSETPOS": ("by_set_pos", partial(_list, low=-366, high=366)),
        "WKST": ("week_start", _week_start),
        "RSCALE": ("", partial(_only, "GREGORIAN")),
        "SKIP": ("", partial(_only, "OMIT")),
    }
)
