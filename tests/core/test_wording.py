"""Spans as sentences show them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from icalsync.core.evidence import Touch
from icalsync.core.explain import explain
from icalsync.core.interval import Interval
from icalsync.core.model import Reason
from icalsync.core.wording import EARLIEST, LATEST, span
from tests.core.test_explain import BLOCKING, case

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        (EARLIEST, LATEST, "at all times"),
        (EARLIEST, NOON, "at all times until Tue 2026-11-24 13:00"),
        (NOON, LATEST, "from Tue 2026-11-24 13:00 on, without an end"),
        (NOON, NOON.replace(hour=13), "Tue 2026-11-24 13:00–14:00"),
    ],
)
def test_what_has_no_beginning_or_no_end_is_said_without_the_year_1900_or_2200(start: datetime, end: datetime, told: str) -> None:
    """Nobody asks about those years: they stand for "always" in a row."""
    assert span(start, end, "Europe/Berlin") == told


def test_an_explanation_of_time_that_was_never_read_names_no_far_year_r12() -> None:
    """R12: the sentences say until when or from when; the facts keep the instants."""
    touch: Touch = BLOCKING[Reason.NOT_COVERED]
    gap = replace(touch, interval=Interval(EARLIEST, LATEST), starts_at=EARLIEST, ends_at=LATEST)
    told = explain(case(gap))
    text = f"{told.for_staff()} {told.customer}"
    assert "Decided by time that is not known at all times: what lies there was not read" in text
    assert "1900" not in text
    assert "2200" not in text
