"""Stretches of time of many users at once, as columns of numbers: merged and measured by sorting, millions in a second (speed.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
_BITS: Final = 62
"""A user and a moment share one number, so that one sort orders both."""


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Stretches of time of numbered users: microseconds after the window's start, half-open."""

    user: NDArray[np.integer[Any]]
    start: Numbers
    end: Numbers

    def picked(self, which: NDArray[np.bool_] | slice) -> Spans:
        """Some of them."""
        return Spans(self.user[which], self.start[which], self.end[which])

    def with_(self, other: Spans) -> Spans:
        """These and others."""
        return Spans(*(np.concatenate(pair) for pair in ((self.user, other.user), (self.start, other.start), (self.end, other.end))))

    def clipped(self, length: int) -> Spans:
        """What of them lies in the first ``length`` microseconds."""
        start, end = np.maximum(self.start, 0), np.minimum(self.end, length)
        inside = start < end
        return Spans(self.user, start, end) if inside.all() else Spans(self.user[inside], start[inside], end[inside])


def merged(spans: Spans, length: int) -> Spans:
    """The same time, each moment of a user once, by user and start; spans lie in the first ``length`` microseconds."""
    bits = length.bit_length()
    parts = [_merged(part, lowest, bits) for lowest, part in _chunks(spans, bits)]
    return Spans(*(np.concatenate(columns) for columns in zip(*parts, strict=True))) if len(parts) > 1 else Spans(*parts[0])


def _chunks(spans: Spans, bits: int) -> Iterator[tuple[int, Spans]]:
    """Users at a time, so that a user and a moment fit into one number."""
    size, most = 1 << (_BITS - bits), int(spans.user.max(initial=0))
    if most < size:
        yield 0, spans
        return
    for lowest in range(0, most + 1, size):
        yield lowest, spans.picked((spans.user >= lowest) & (spans.user < lowest + size))


def _merged(spans: Spans, lowest: int, bits: int) -> tuple[Numbers, Numbers, Numbers]:
    """Sorted starts beside sorted ends: where as many have ended as begun, all time before is told, and the next start begins anew."""
    base = (spans.user.astype(np.int64) - lowest) << bits
    start, end = np.sort(base + spans.start), np.sort(base + spans.end)
    begins = np.ones(len(start), np.bool_)
    begins[1:] = start[1:] > end[:-1]
    ends = np.ones(len(end), np.bool_)
    ends[:-1] = begins[1:]
    first, last = start[begins], end[ends]
    moment = np.int64((1 << bits) - 1)
    return (first >> bits) + lowest, first & moment, last & moment


def without(spans: Spans, other: Spans, length: int) -> Spans:
    """The time of ``spans`` that is not in ``other``; both are merged."""
    both = merged(spans.with_(other), length)
    # an edge of the whole begins what is left, unless the other begins there; and each end of the other does, unless the whole ends there
    left = _cut(both, other, length)
    return left.picked(left.start < left.end)


def _cut(whole: Spans, other: Spans, length: int) -> Spans:
    """The whole with the other, which lies in it, cut out; pieces may be empty."""
    bits = length.bit_length()
    starts = np.sort(np.concatenate((_keyed(whole.user, whole.start, bits), _keyed(other.user, other.end, bits))))
    ends = np.sort(np.concatenate((_keyed(whole.user, whole.end, bits), _keyed(other.user, other.start, bits))))
    moment = np.int64((1 << bits) - 1)
    return Spans(starts >> bits, starts & moment, ends & moment)


def _keyed(user: NDArray[np.integer[Any]], moment: Numbers, bits: int) -> Numbers:
    return (user.astype(np.int64) << bits) + moment


def overlap(spans: Spans, start: Numbers, end: Numbers) -> Numbers:
    """Microseconds that spans share with each of the pieces ``[start, end)``, summed over the spans, whosesoever they are."""
    return _before(np.sort(spans.end), start, end) - _before(np.sort(spans.start), start, end)


def _before(moments: Numbers, start: Numbers, end: Numbers) -> Numbers:
    """How far each moment reaches into each piece, summed over the moments; what overflows in the sums comes back in the difference."""
    low, high = np.searchsorted(moments, start), np.searchsorted(moments, end)
    sums = np.zeros(len(moments) + 1, np.int64)
    np.cumsum(moments, out=sums[1:])
    return (sums[high] - sums[low]) - start * (high - low) + (end - start) * (len(moments) - high)
