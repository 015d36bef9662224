"""Side by side where things overlap, so that none hides another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from components.days import Part


def side_by_side(parts: Sequence[Part]) -> Iterator[tuple[Part, int, int]]:
    """Each part with its lane and how many there are, so that none hides another; what does not overlap takes the whole width."""
    for group in _touching(parts):
        ends: list[timedelta] = []
        placed = []
        for part in group:
            lane = next((number for number, end in enumerate(ends) if end <= part.starts), len(ends))
            ends[lane : lane + 1] = [part.ends]
            placed.append((part, lane))
        yield from ((part, lane, len(ends)) for part, lane in placed)


def _touching(parts: Sequence[Part]) -> Iterator[list[Part]]:
    group: list[Part] = []
    for part in sorted(parts, key=lambda one: (one.starts, -one.ends)):
        if group and part.starts >= max(one.ends for one in group):
            yield group
            group = []
        group.append(part)
    if group:
        yield group
