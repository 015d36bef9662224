"""What is drawn of a week: what blocks, side by side where it overlaps, and behind it the gaps with why they are free or not offered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from components.colours import FREE, REASONS, SERIES
from components.days import Part, name_of
from components.lanes import side_by_side
from data import knows, one_line, say

CALENDARS: Final = frozenset({"external", "coverage"})
"""Sources of busy rows that lie in a calendar."""
BEHIND: Final = 0.6
"""How dense the colour is of what lies behind: paler than what lies before it."""
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mark:
    """A rectangle of the picture: days across (``x``), hours down (``y``)."""

    x: float
    x2: float
    y: float
    y2: float
    day: str
    time: str
    what: str
    where: str
    label: str
    at: str
    colour: str
    opacity: float
    silent: bool = False
    """Whether it is only ground: a gap in which nothing is offered."""


def gaps(stretches: Iterable[Part], first: date) -> Iterator[Mark]:
    """The ground: where nothing lies, and what that means for a slot."""
    for part in stretches:
        offered = bool(part.row["offered"])
        if part.row["busyness"] == "FREE" or offered:
            words = gap_words(part)
            yield _mark(part, first, words, "", "", (0.02, 0.98), (FREE if offered else "#808080", 0.28 if offered else 0.07, not offered))


def blocks(busy: Sequence[Part], first: date, by: str) -> Iterator[Mark]:
    """What blocks; its colour says why (``by`` is ``reason``) or from which calendar (``source``).

    What is not known and what takes the whole day lies behind, as wide as the day: beside it, hours would have no room for a word.
    """
    colours = dict(zip(sorted({inert(where(part)) for part in busy}), SERIES * (1 + len(busy) // len(SERIES)), strict=False))
    for day in dict.fromkeys(part.day for part in busy):
        of_day = [part for part in busy if part.day == day]
        behind = [part for part in of_day if _lies_behind(part)]
        before = [part for part in of_day if not _lies_behind(part)]
        for part, lane, lanes in (*side_by_side(_together(behind, by)), *side_by_side(before)):
            source, reason = inert(where(part)), say(f"page.reason.{part.row['reason']}")
            what, colour = (reason, REASONS[part.row["reason"]]) if by == "reason" else (source, colours[source])
            width = 0.96 / lanes
            place = (0.02 + lane * width, 0.02 + (lane + 1) * width)
            rest = source if by == "reason" and part.row["source"] in CALENDARS else reason
            says = rest if part.ends - part.starts == _DAY else f"{part.says.partition('–')[0]} {rest}"
            yield _mark(part, first, what, source, says, place, (colour, BEHIND if _lies_behind(part) else 1.0, False))


def _lies_behind(part: Part) -> bool:
    return part.row["source"] == "coverage" or part.ends - part.starts == _DAY


def _together(behind: Sequence[Part], by: str) -> list[Part]:
    """Where nothing is known of several calendars at once, one stretch that names them, unless each has a colour of its own."""
    found: dict[tuple[object, ...], list[Part]] = {}
    for number, part in enumerate(behind):
        alone = number if by == "source" or part.row["source"] != "coverage" else None
        found.setdefault((part.starts, part.ends, part.row["reason"], alone), []).append(part)
    return [replace(each[0], row={**each[0].row, "calendar": ", ".join(where(part) for part in each)}) for each in found.values()]


def where(part: Part) -> str:
    """From which calendar a busy row comes, or what was made here."""
    source = part.row["source"]
    return one_line(part.row["calendar"]) if source in CALENDARS else say(f"page.source.{source}")


def inert(name: str) -> str:
    """A name that no spreadsheet takes for a formula: a picture's data can be saved as they are from its menu."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@")) else name


def gap_words(part: Part) -> str:
    """What a gap is: offered, or free and not offered, and why."""
    key = f"page.gap.{'OFFERED' if part.row['offered'] else part.row['reason']}"
    return say(key) if knows(key) else str(part.row["reason"])


def _mark(part: Part, first: date, what: str, source: str, label: str, place: tuple[float, float], look: tuple[str, float, bool]) -> Mark:
    column, (left, right), (colour, opacity, silent) = (part.day - first).days, place, look
    y, y2 = part.starts / _HOUR, part.ends / _HOUR
    times = (name_of(part.day), part.says)
    return Mark(column + left, column + right, y, y2, *times, what, source, label, part.at.isoformat(), colour, opacity, silent)
