"""Calendar objects as the tests of reading write them."""

from __future__ import annotations

from datetime import UTC, datetime

from icalsync.core.interval import Interval
from icalsync.core.model import Reading
from icalsync.core.reading import read_object

NOVEMBER = Interval(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
MEETING = ("DTSTART;TZID=Europe/Berlin:20261124T140000", "DTEND;TZID=Europe/Berlin:20261124T150000")


def calendar(*lines: str) -> bytes:
    """Lines inside a VCALENDAR."""
    return "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", "")).encode()


def event(*lines: str, uid: str = "case@example.org") -> tuple[str, ...]:
    """Lines inside a VEVENT with a UID."""
    return ("BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT")


def reading(*lines: str, window: Interval = NOVEMBER) -> Reading:
    """What a VEVENT of these lines means; it must be readable."""
    result = read_object(calendar(*event(*lines)), window)
    assert isinstance(result, Reading), result
    return result
