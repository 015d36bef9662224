"""Opening hours: when a user may be booked, as settings that are inherited field by field (issue 3, "Opening hours and slots")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final

from icalsync.core.durations import format_duration, parse_duration
from icalsync.core.interval import Interval, merged
from icalsync.core.weekly import ALWAYS_CLOSED, Exceptional, Ranges, format_exceptions, format_weekly, parse_exceptions, parse_weekly
from icalsync.core.zones import start_of_day, to_utc, to_zone
from icalsync.errors import InvalidInput

FIELDS: Final = (
    "weekly",
    "buffer_before",
    "buffer_after",
    "slot_length",
    "slot_step",
    "notice",
    "horizon",
    "daily_limit",
    "exceptions",
)
DEFAULTS: Final[Mapping[str, str | None]] = MappingProxyType(
    {
        "weekly": "Mon-Fri 09:00-17:00",
        "buffer_before": "0m",
        "buffer_after": "0m",
        "slot_length": None,
        "slot_step": None,
        "notice": "0m",
        "horizon": None,
        "daily_limit": None,
        "exceptions": None,
    }
)
NONE: Final = "none"
"""What a person sets to lift an inherited limit."""
LONGEST_BUFFER: Final = timedelta(days=1)
_MOST_PER_DAY: Final = 1000


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """When a user may be booked, in wall times of the user's zone."""

    weekly: tuple[Ranges, ...] = ALWAYS_CLOSED
    """Seven entries, Monday first: ranges of wall time that begin on that day."""
    exceptions: tuple[Exceptional, ...] = ()
    """Dates with hours of their own; of two for one date the later one wins."""
    buffer_before: timedelta = field(default=timedelta())
    """Time before a slot that must be free as well."""
    buffer_after: timedelta = field(default=timedelta())
    """Time after a slot that must be free as well."""
    slot_length: timedelta | None = None
    """The length offered where none is asked for."""
    slot_step: timedelta | None = None
    """From one possible start to the next; None: the length of the slot."""
    notice: timedelta = field(default=timedelta())
    """How long before its start a slot can be booked at the latest."""
    horizon: timedelta | None = None
    """How far ahead slots are offered; None: without end."""
    daily_limit: int | None = None
    """The most appointments on one local day; None: any number."""

    def on(self, day: date) -> Ranges:
        """The ranges that begin on a date, the exceptions considered."""
        for exception in reversed(self.exceptions):
            if exception.first <= day <= exception.last:
                return exception.ranges
        return self.weekly[day.weekday()]


def check_field(name: str, value: str) -> str:
    """The canonical text of one setting; ``InvalidInput`` for an unknown name or an unreadable value. ``none`` lifts a limit."""
    if name not in FIELDS:
        raise InvalidInput(what="opening hours setting", value=name, why="choose one of " + ", ".join(FIELDS))
    return _CHECKS[name](name, value.strip())


def effective(sub_account: Mapping[str, str | None], user: Mapping[str, str | None]) -> dict[str, tuple[str | None, str]]:
    """Name → (text in force, where it comes from: ``default``, ``sub_account`` or ``user``), field by field."""
    result: dict[str, tuple[str | None, str]] = {}
    for name in FIELDS:
        if user.get(name) is not None:
            result[name] = (user[name], "user")
        elif sub_account.get(name) is not None:
            result[name] = (sub_account[name], "sub_account")
        else:
            result[name] = (DEFAULTS[name], "default")
    return result


def parse(fields: Mapping[str, str | None]) -> OpeningHours:
    """The hours that the texts of ``fields`` describe; a missing field has its default; ``InvalidInput`` for an unreadable one."""
    unknown = sorted(set(fields) - set(FIELDS))
    if unknown:
        raise InvalidInput(what="opening hours setting", value=unknown[0], why="choose one of " + ", ".join(FIELDS))
    texts = {name: fields.get(name) if fields.get(name) is not None else DEFAULTS[name] for name in FIELDS}
    exceptions = texts["exceptions"]
    limit = texts["daily_limit"]
    return OpeningHours(
        weekly=parse_weekly(texts["weekly"] or ""),
        exceptions=() if exceptions in {None, NONE} else parse_exceptions(exceptions or ""),
        buffer_before=_length("buffer_before", texts) or timedelta(),
        buffer_after=_length("buffer_after", texts) or timedelta(),
        slot_length=_length("slot_length", texts),
        slot_step=_length("slot_step", texts),
        notice=_length("notice", texts) or timedelta(),
        horizon=_length("horizon", texts),
        daily_limit=None if limit in {None, NONE} else int(_limit("daily_limit", limit or "")),
    )


def _length(name: str, texts: Mapping[str, str | None]) -> timedelta | None:
    text = texts[name]
    return None if text in {None, NONE} else parse_duration(text or "", what=name)


def _weekly(name: str, value: str) -> str:  # noqa: ARG001 - the checks share one signature
    return format_weekly(parse_weekly(value))


def _exceptions(name: str, value: str) -> str:  # noqa: ARG001 - the checks share one signature
    return NONE if value.lower() in {NONE, ""} else format_exceptions(parse_exceptions(value))


def _duration(name: str, value: str) -> str:
    return format_duration(timedelta()) if value.lower() == NONE else format_duration(parse_duration(value, what=name))


def _buffer(name: str, value: str) -> str:
    text = _duration(name, value)
    if parse_duration(text, what=name) > LONGEST_BUFFER:
        raise InvalidInput(what=name, value=value, why="a buffer lasts a day at most")
    return text


def _positive(name: str, value: str) -> str:
    if value.lower() == NONE:
        return NONE
    length = parse_duration(value, what=name)
    if length < timedelta(minutes=1):
        raise InvalidInput(what=name, value=value, why="it must be at least a minute, or none")
    return format_duration(length)


def _limit(name: str, value: str) -> str:
    if value.lower() == NONE:
        return NONE
    if not (value.isascii() and value.isdigit()) or not 0 < int(value) <= _MOST_PER_DAY:
        raise InvalidInput(what=name, value=value, why=f"it must be a number from 1 to {_MOST_PER_DAY}, or none")
    return str(int(value))


_CHECKS: Final[Mapping[str, Callable[[str, str], str]]] = MappingProxyType(
    {
        "weekly": _weekly,
        "buffer_before": _buffer,
        "buffer_after": _buffer,
        "slot_length": _positive,
        "slot_step": _positive,
        "notice": _duration,
        "horizon": _positive,
        "daily_limit": _limit,
        "exceptions": _exceptions,
    }
)


def openings(hours: OpeningHours, zone: str, window: Interval) -> list[Interval]:
    """Every single range that touches ``window``, whole and unmerged: where the grid of slots begins anew."""
    day = to_zone(window.start, zone).date() - timedelta(days=2)
    last = to_zone(window.end, zone).date()
    result = []
    while day <= last:
        for opens, closes in hours.on(day):
            start, end = _moment(day, opens, zone), _moment(day, closes, zone)
            if start < end and start < window.end and window.start < end:
                result.append(Interval(start, end))
        day += timedelta(days=1)
    return result


def open_intervals(hours: OpeningHours, zone: str, window: Interval) -> list[Interval]:
    """The opening hours within ``window`` as instants (UTC), merged; wall times follow the zone through its DST changes."""
    clipped = (opening.clip(window) for opening in openings(hours, zone, window))
    return merged(piece for piece in clipped if piece is not None)


def _moment(day: date, minute: int, zone: str) -> datetime:
    days, rest = divmod(minute, 24 * 60)
    if rest == 0:
        return start_of_day(day + timedelta(days=days), zone)
    return to_utc(datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60)), zone)
