"""The library's own reading of the demo's objects: every one is understood, with nothing odd about it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from icalsync.core.interval import Interval
from icalsync.core.model import Reading, Skipped
from icalsync.core.reading import read_object
from icalsync.demo.cast import CALENDARS
from icalsync.demo.world import world

TODAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
WINDOW = Interval(NOON - timedelta(days=30), NOON + timedelta(days=400))


@pytest.mark.parametrize("plan", [plan for plan in CALENDARS if not plan.source], ids=lambda plan: "/".join(plan.key))
def test_every_object_is_understood(plan):
    """Events are read without a flag, tasks are skipped, nothing is rejected."""
    for item in world(TODAY).of_calendar(*plan.key):
        result = read_object(item.raw, WINDOW)
        if "task" in item.kinds:
            assert isinstance(result, Skipped), (item.kinds, result)
        else:
            assert isinstance(result, Reading), (item.kinds, result)
            assert (result.uid, result.flags) == (item.uid, ())
            assert result.recurring is ("recurring" in item.kinds)
            assert result.instances
