"""What if: hours, slots and bookings under another policy or other opening hours, without storing it (issue 6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import pandas as pd

from icalsync.app import asking, frames
from icalsync.app.parts import Parts
from icalsync.core import hours as opening
from icalsync.core import policies
from icalsync.core.interval import Interval
from icalsync.core.whatif import Difference, compare
from icalsync.errors import InvalidInput

_INSTANT = "datetime64[us, UTC]"
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class WhatIf:
    """What other rules would change; instants in ``zone``."""

    differences: Sequence[Difference]
    zone: str
    coverage: Mapping[str, Any]
    """``complete``, ``as_of``, ``missing``."""

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row per user: bookable hours and slots now and then, gained and lost; ``collisions``. Bookable is what a slot may take.

        Columns:
            user_id: str
            hours_now, hours_then, hours_gained, hours_lost: float64
            slots_now, slots_then, slots_gained, slots_lost, collisions: int64
        """
        rows = [_row(each) for each in self.differences]
        kinds = {f"hours_{name}": "float64" for name in _NAMES} | {f"slots_{name}": "int64" for name in _NAMES}
        columns = ["user_id", *kinds, "collisions"]
        return pd.DataFrame(rows, columns=pd.Index(columns)).astype({"user_id": "str", **kinds, "collisions": "int64"})

    @cached_property
    def slots(self) -> pd.DataFrame:
        """Slots that come or go; ``change`` is ``gained`` or ``lost``.

        Columns:
            user_id: str
            starts_at, ends_at: instant
            change: category
        """
        rows = [(each.user_id, slot, "gained") for each in self.differences for slot in _new(each.slots_then, each.slots_now)]
        rows += [(each.user_id, slot, "lost") for each in self.differences for slot in _new(each.slots_now, each.slots_then)]
        rows.sort(key=lambda row: (row[1].start, row[0]))
        frame = _timed([row[0] for row in rows], [row[1] for row in rows])
        return frames.in_zone(frame.assign(change=pd.Categorical([row[2] for row in rows], ["gained", "lost"])), self.zone)

    @cached_property
    def collisions(self) -> pd.DataFrame:
        """Bookings that would have been refused; ``because`` holds the codes of a judgement, a list each.

        Columns:
            appointment_id, user_id: str
            starts_at, ends_at: instant
            because: object
        """
        rows = [(each.user_id, found) for each in self.differences for found in each.collisions]
        frame = _timed([user for user, _ in rows], [found.booked.interval for _, found in rows])
        frame.insert(0, "appointment_id", pd.Series([found.booked.appointment_id for _, found in rows], dtype="str"))
        return frames.in_zone(frame.assign(because=pd.Series([list(found.because) for _, found in rows], dtype="object")), self.zone)

    def _repr_html_(self) -> str:
        """The figures by user."""
        return self.frame.to_html(index=False, float_format=lambda figure: f"{figure:.1f}")


_NAMES = ("now", "then", "gained", "lost")


def _row(each: Difference) -> dict[str, Any]:
    times = dict(zip(_NAMES, (each.now, each.then, each.gained, each.lost), strict=True))
    taken = (each.slots_now, each.slots_then, _new(each.slots_then, each.slots_now), _new(each.slots_now, each.slots_then))
    counted = {f"slots_{name}": len(intervals) for name, intervals in zip(_NAMES, taken, strict=True)}
    hours = {f"hours_{name}": sum((one.length for one in intervals), timedelta()) / _HOUR for name, intervals in times.items()}
    return {"user_id": each.user_id, **hours, **counted, "collisions": len(each.collisions)}


def _new(those: Iterable[Interval], these: Iterable[Interval]) -> list[Interval]:
    return sorted(set(those) - set(these))


def _timed(users: Sequence[str], intervals: Sequence[Interval]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "user_id": pd.Series(users, dtype="str"),
            "starts_at": pd.Series([one.start for one in intervals], dtype=_INSTANT),
            "ends_at": pd.Series([one.end for one in intervals], dtype=_INSTANT),
        }
    )


def what_if(
    parts: Parts,
    question: asking.Question,
    *,
    policy: Mapping[str, str],
    hours: Mapping[str, str],
    length: str | timedelta,
    asked_at: datetime,
) -> WhatIf:
    """The question's users under ``policy`` and ``hours`` as though they had chosen them. ``InvalidInput``; nothing is stored."""
    if not policy and not hours:
        raise InvalidInput(what="the supposition", value="nothing", why="give a policy or a field of the opening hours to suppose")
    for name, value in policy.items():
        policies.check(name, value, level="user")
    checked = {name: opening.check_field(name, value) for name, value in hours.items()}
    lasting = asking.duration(length)
    both = parts.supposing.load(question.keys, question.window, policy, checked)
    found = [compare(each.now, each.then, question.window, lasting, asked_at, each.booked) for each in both]
    return WhatIf(found, question.zone, asking.summary(asking.coverage_rows(parts, question)))
