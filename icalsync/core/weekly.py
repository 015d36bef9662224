"""The texts of opening hours: ``Mon-Fri 09:00-12:00,13:00-17:00; Sat 10:00-14:00`` and ``2026-12-24..2027-01-01 closed``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

from icalsync.errors import InvalidInput

Ranges = tuple[tuple[int, int], ...]
"""Ranges of wall time in minutes after midnight of the day they begin on; an end above 1440 lies on the next day."""

DAY: Final = 24 * 60
ALWAYS_CLOSED: Final[tuple[Ranges, ...]] = ((),) * 7
_NAMES: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_FULL: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORTEST_NAME: Final = 3
_RANGE: Final = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})", re.ASCII)
_DAYS: Final = re.compile(r"([a-z]+(?:\s*[-–]\s*[a-z]+)?(?:\s*,\s*[a-z]+(?:\s*[-–]\s*[a-z]+)?)*)\s+(.*)", re.IGNORECASE | re.DOTALL)
_EXCEPTION: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\s*\.\.\s*(\d{4}-\d{2}-\d{2}))?\s+(.*)", re.ASCII | re.DOTALL)
_WEEKLY_FORM: Final = "write it as 'Mon-Fri 09:00-12:00,13:00-17:00; Sat 10:00-14:00', or 'closed'"
_EXCEPTION_FORM: Final = "write it as '2026-12-24 closed; 2026-12-31 09:00-12:00; 2026-12-24..2027-01-01 closed', or 'none'"


@dataclass(frozen=True, slots=True)
class Exceptional:
    """Dates (both included) whose hours are not the weekly ones; no ranges: closed."""

    first: date
    last: date
    ranges: Ranges


def parse_weekly(text: str) -> tuple[Ranges, ...]:
    """Seven entries, Monday first; days that are not named are closed; ``InvalidInput`` where the text cannot be read."""
    if text.strip().lower() == "closed":
        return ALWAYS_CLOSED
    week: list[Ranges] = [()] * 7
    named: set[int] = set()
    for group in _groups(text):
        match = _DAYS.fullmatch(group)
        if match is None:
            raise InvalidInput(what="weekly", value=text, why=_WEEKLY_FORM)
        ranges = _ranges("weekly", text, match.group(2))
        for day in _days(text, match.group(1)):
            if day in named:
                raise InvalidInput(what="weekly", value=text, why=f"{_NAMES[day]} is given twice; put its ranges together, with a comma")
            named.add(day)
            week[day] = ranges
    if not named:
        raise InvalidInput(what="weekly", value=text, why=_WEEKLY_FORM)
    return tuple(week)


def format_weekly(week: tuple[Ranges, ...]) -> str:
    """The canonical text: days with the same hours in one group, neighbours as a span."""
    groups: dict[Ranges, list[int]] = {}
    for day, ranges in enumerate(week):
        if ranges:
            groups.setdefault(ranges, []).append(day)
    return "; ".join(f"{_format_days(days)} {_format_ranges(ranges)}" for ranges, days in groups.items()) or "closed"


def parse_exceptions(text: str) -> tuple[Exceptional, ...]:
    """Dates and spans of dates with hours of their own, in the order given; ``InvalidInput`` where the text cannot be read."""
    result = []
    for group in _groups(text):
        match = _EXCEPTION.fullmatch(group)
        if match is None:
            raise InvalidInput(what="exceptions", value=text, why=_EXCEPTION_FORM)
        try:
            first = date.fromisoformat(match.group(1))
            last = date.fromisoformat(match.group(2)) if match.group(2) else first
        except ValueError as error:
            raise InvalidInput(what="exceptions", value=text, why=f"there is no such date ({error})") from error
        if last < first:
            raise InvalidInput(what="exceptions", value=text, why=f"{first} does not lie before {last}")
        result.append(Exceptional(first, last, _ranges("exceptions", text, match.group(3))))
    if not result:
        raise InvalidInput(what="exceptions", value=text, why=_EXCEPTION_FORM)
    return tuple(result)


def format_exceptions(exceptions: Iterable[Exceptional]) -> str:
    """The canonical text."""
    texts = []
    for one in exceptions:
        span = one.first.isoformat() if one.first == one.last else f"{one.first.isoformat()}..{one.last.isoformat()}"
        texts.append(f"{span} {_format_ranges(one.ranges) if one.ranges else 'closed'}")
    return "; ".join(texts)


def _groups(text: str) -> list[str]:
    return [group.strip() for group in re.split(r"[;\n]", text) if group.strip()]


def _days(text: str, names: str) -> list[int]:
    result: list[int] = []
    for part in names.split(","):
        ends = [_day(text, name) for name in re.split(r"\s*[-–]\s*", part.strip())]
        first, last = ends[0], ends[-1]
        result.extend((first + step) % 7 for step in range((last - first) % 7 + 1))
    return result


def _day(text: str, name: str) -> int:
    plain = name.lower()
    for number, full in enumerate(_FULL):
        if len(plain) >= _SHORTEST_NAME and full.startswith(plain):
            return number
    raise InvalidInput(what="weekly", value=text, why=f"{name!r} is no day; the days are {', '.join(_NAMES)}")


def _ranges(what: str, text: str, ranges: str) -> Ranges:
    if ranges.strip().lower() == "closed":
        return ()
    result = []
    for part in ranges.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            raise InvalidInput(what=what, value=text, why=f"{part.strip()!r} is no range of time such as 09:00-17:00")
        start, end = _minute(what, text, match.group(1), match.group(2)), _minute(what, text, match.group(3), match.group(4))
        if start in {end, DAY}:
            raise InvalidInput(what=what, value=text, why=f"{part.strip()!r} is empty; the whole day is 00:00-24:00")
        result.append((start, end if start < end else end + DAY))
    result.sort()
    for (_, end), (start, _) in pairwise(result):
        if start < end:
            raise InvalidInput(what=what, value=text, why="two ranges of one day overlap")
    return tuple(result)


def _minute(what: str, text: str, hour: str, minute: str) -> int:
    total = int(hour) * 60 + int(minute)
    if int(minute) > 59 or total > DAY:  # noqa: PLR2004 - minutes of an hour
        raise InvalidInput(what=what, value=text, why=f"{hour}:{minute} is no time of day")
    return total


def _format_days(days: list[int]) -> str:
    spans: list[list[int]] = []
    for day in days:
        if spans and day == spans[-1][-1] + 1:
            spans[-1].append(day)
        else:
            spans.append([day])
    return ",".join(_NAMES[span[0]] if len(span) == 1 else f"{_NAMES[span[0]]}-{_NAMES[span[-1]]}" for span in spans)


def _format_ranges(ranges: Ranges) -> str:
    return ",".join(f"{start // 60:02}:{start % 60:02}-{_format_end(end)}" for start, end in ranges)


def _format_end(end: int) -> str:
    past = end - DAY if end > DAY else end
    return f"{past // 60:02}:{past % 60:02}"
