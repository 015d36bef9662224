"""Instants, lengths and codes as sentences show them, in one zone and the reader's language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from icalsync.core.durations import format_duration
from icalsync.core.zones import to_zone
from icalsync.messages import knows, language, say

EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""Where rows begin and end that have no beginning or no end (``busy`` of what is not covered, objects whose time cannot be told)."""
_PARTS: Final = re.compile(r"(\d+)([dhms])")
_NOTHING: Final = "0m"
_ID: Final = re.compile(r"\b[0-9a-f]{32}\b")
_ENOUGH: Final = 8
"""So many signs of an id are told on a page: those that its lists show."""


def clock_time(instant: datetime, zone: str) -> str:
    """``14:00``, or ``14:00:30`` where seconds count."""
    local = to_zone(instant, zone)
    return local.strftime("%H:%M:%S" if local.second else "%H:%M")


def moment(instant: datetime, zone: str) -> str:
    """``Tue 2026-11-24 14:00``; in German ``Di 24.11.2026 14:00``."""
    return f"{day(to_zone(instant, zone))} {clock_time(instant, zone)}"


def day(local: date) -> str:
    """``Tue 2026-11-24``; in German ``Di 24.11.2026``."""
    return say("when.day", weekday=weekday(local), day=local)


def date_only(local: date) -> str:
    """``2026-11-24``; in German ``24.11.2026``."""
    return say("when.date", day=local)


def weekday(local: date) -> str:
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


@dataclass(frozen=True, slots=True)
class Told:
    """A piece of a sentence as the command line says it, and as a page does, which has words for codes and buttons for commands."""

    cli: str
    page: str


def both(key: str, page_key: str | None = None, /, **facts: Any) -> Told:
    """A sentence in both ways, of facts that may be pieces themselves; ``page_key`` where a page has a sentence of its own."""
    cli = {name: value.cli if isinstance(value, Told) else value for name, value in facts.items()}
    page = {name: value.page if isinstance(value, Told) else value for name, value in facts.items()}
    return Told(say(key, **cli), say(page_key or key, **page))


def in_words(length: str) -> Told:
    """What ``age`` and ``format_duration`` write: ``2d3h``; on a page ``2 d 3 h``, and in German ``2 T. 3 Std.``."""
    parts = "".join(say(f"length.{unit}", number=number) for number, unit in _PARTS.findall(length)).strip()
    return _spoken(length, say("length.none") if length == _NOTHING else parts)


def word(code: str) -> Told:
    """A busyness, a reason or a state: ``BUSY``; on a page ``busy``, and in German ``belegt``. What has no word stays as it is."""
    return _spoken(code, say(f"code.{code}") if knows(f"code.{code}") else code)


def numbered(text: str) -> Told:
    """What names a booking or a blocked slot by its id; on a page by the number its lists show, *No. be8cde73*."""
    return Told(text, _ID.sub(lambda found: say("explain.number", number=found[0][:_ENOUGH]), text))


def setting(code: str) -> Told:
    """A policy, one of its values, or a field of the opening hours: ``all_day``; in German ``Ganztägige Ereignisse``."""
    return _spoken(code, say(f"setting.{code}") if knows(f"setting.{code}") else code)


def _spoken(code: str, words: str) -> Told:
    """Programs read the English sentences of the command line, so these keep their codes."""
    return Told(code if language() == "en" else words, words)


def iso(instant: datetime | None, zone: str) -> str | None:
    """ISO 8601 in the user's zone, for programs."""
    return None if instant is None else to_zone(instant, zone).isoformat()
