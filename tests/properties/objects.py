"""Generated calendar objects: a recurring master with exceptions, as text."""

# ruff: noqa: DTZ001, S311 - wall times are naive, and a seeded generator makes the examples

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

ZONES = ("Europe/Berlin", "America/New_York", "Pacific/Auckland", "Asia/Kolkata", "America/Havana")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class Maker:
    """Writes one object from a seed."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.kind = self.draw.choice(("zoned", "zoned", "zoned", "utc", "floating", "date"))
        self.zone = self.draw.choice(ZONES)
        day = date(2026, 1, 1) + timedelta(days=self.draw.randrange(300))
        self.start = datetime(day.year, day.month, day.day, self.draw.choice((0, 1, 2, 9, 14, 23)), self.draw.choice((0, 30)))

    def time(self, name: str, wall: datetime, *, utc: bool = False) -> str:
        """A property in the object's kind of time (or, for a zoned one, in UTC)."""
        if self.kind == "date":
            return f"{name};VALUE=DATE:{wall:%Y%m%d}"
        if self.kind == "floating":
            return f"{name}:{wall:%Y%m%dT%H%M%S}"
        if self.kind == "utc":
            return f"{name}:{wall:%Y%m%dT%H%M%S}Z"
        if utc:
            return f"{name}:{wall.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC):%Y%m%dT%H%M%S}Z"
        return f"{name};TZID={self.zone}:{wall:%Y%m%dT%H%M%S}"

    def rule(self) -> str:
        """A rule that makes DTSTART, as the RFC asks."""
        draw, start = self.draw, self.start
        freq = draw.choice(("DAILY", "WEEKLY", "WEEKLY", "MONTHLY"))
        parts = [f"FREQ={freq}"]
        if draw.random() < 0.4:
            parts.append(f"INTERVAL={draw.randint(2, 3)}")
        if freq == "WEEKLY" and draw.random() < 0.7:
            parts.append("BYDAY=" + ",".join(sorted({DAYS[start.weekday()], *draw.sample(DAYS, draw.randint(0, 3))}, key=DAYS.index)))
        if freq == "MONTHLY":
            nth = (start.day - 1) // 7 + 1
            parts.append(draw.choice((f"BYMONTHDAY={start.day}", f"BYDAY={nth}{DAYS[start.weekday()]}")))
        end = draw.random()
        if end < 0.3:
            parts.append(f"COUNT={draw.randint(1, 40)}")
        elif end < 0.6:
            until = start + timedelta(days=draw.randint(0, 120))
            parts.append(self.time("UNTIL", until, utc=True).replace(";VALUE=DATE", "").replace(":", "="))
        return "RRULE:" + ";".join(parts)

    def length(self) -> list[str]:
        """DTEND, DURATION or nothing."""
        how = self.draw.random()
        if self.kind == "date":
            days = self.draw.randint(1, 3)
            return [] if how < 0.2 else [f"DURATION:P{days}D"] if how < 0.4 else [self.time("DTEND", self.start + timedelta(days=days))]
        if how < 0.1:
            return []
        return [f"DURATION:PT{self.draw.choice((15, 90, 600))}M"] if how < 0.5 else ["DURATION:P1D"]

    def events(self) -> list[list[str]]:
        """The VEVENTs, master first."""
        draw = self.draw
        master = ["UID:generated", self.time("DTSTART", self.start), *self.length(), self.rule()]
        days = [self.start + timedelta(days=number) for number in range(60)]
        master.extend(self.time("EXDATE", day, utc=draw.random() < 0.3) for day in draw.sample(days, draw.randint(0, 6)))
        master.extend(self.time("RDATE", day + timedelta(hours=3)) for day in draw.sample(days, draw.randint(0, 3)))
        result = [master]
        for day in draw.sample(days, draw.randint(0, 5)):
            moved = day + timedelta(days=draw.choice((0, 0, 1, -2, 70)), hours=draw.choice((0, 1, -3)))
            override = ["UID:generated", self.time("RECURRENCE-ID", day, utc=draw.random() < 0.5), self.time("DTSTART", moved)]
            override.append("DURATION:P1D" if self.kind == "date" else "DURATION:PT45M")
            if draw.random() < 0.3:
                override.append("STATUS:CANCELLED")
            result.append(override)
        return result


def text(events: list[list[str]]) -> bytes:
    """VEVENTs as one object."""
    bodies = ["\r\n".join(("BEGIN:VEVENT", *lines, "END:VEVENT")) for lines in events]
    return "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", *bodies, "END:VCALENDAR", "")).encode()
