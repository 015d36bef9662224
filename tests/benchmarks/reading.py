"""How many calendar objects are read per second, beside what the plain libraries take for the same.

The objects are the demo's: about 600, with recurring meetings, moved and cancelled instances, several zones. Both sides get the same bytes
and the default window (30 days back, 400 ahead). The plain side parses with ``icalendar`` and expands with ``recurring_ical_events``, and
does nothing else: no verdict facts, no bounds, no quarantine. The best of several rounds is shown, after one that is not counted.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import icalendar
import recurring_ical_events

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from icalsync.core.interval import Interval
from icalsync.core.model import Reading
from icalsync.core.reading import read_object
from icalsync.demo.world import world

TODAY = date(2026, 11, 23)
START = datetime(2026, 11, 23, tzinfo=UTC)
WINDOW = Interval(START - timedelta(days=30), START + timedelta(days=400))


def plain_parse(raws: Sequence[bytes]) -> int:
    """Parsing alone: nothing is expanded."""
    for raw in raws:
        icalendar.Calendar.from_ical(raw)
    return 0


def plain_parse_and_expand(raws: Sequence[bytes]) -> int:
    """Parsing and expanding, as the libraries' own documentation shows it."""
    return sum(len(recurring_ical_events.of(icalendar.Calendar.from_ical(raw)).between(WINDOW.start, WINDOW.end)) for raw in raws)


def icalsync_reads(raws: Sequence[bytes]) -> int:
    """What a pull does with each object."""
    results = [read_object(raw, WINDOW) for raw in raws]
    return sum(len(result.instances) for result in results if isinstance(result, Reading))


def series(count: int) -> list[bytes]:
    """Daily and weekly meetings with an exception each: where expanding is the work."""
    rules = ("FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,WE,FR", "FREQ=DAILY;INTERVAL=2", "FREQ=MONTHLY;BYDAY=2TU")
    return [
        (
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//icalsync//bench//EN\r\nBEGIN:VEVENT\r\n"
            f"UID:series-{number}\r\nDTSTAMP:20261101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20250106T{8 + number % 9:02}0000\r\n"
            f"DTEND;TZID=Europe/Berlin:20250106T{8 + number % 9:02}3000\r\nRRULE:{rules[number % 4]}\r\n"
            f"EXDATE;TZID=Europe/Berlin:20261207T{8 + number % 9:02}0000\r\nSUMMARY:Meeting\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        ).encode()
        for number in range(count)
    ]


def best_of(rounds: int, work: Callable[[Sequence[bytes]], int], raws: Sequence[bytes]) -> float:
    """Seconds of the fastest round."""
    work(raws)
    times = []
    for _ in range(rounds):
        gc.collect()
        start = time.perf_counter()
        work(raws)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print one line per side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    for title, raws in (("The demo's objects", [thing.raw for thing in world(TODAY).objects]), ("Long series", series(100))):
        print(f"{title}: {len(raws)} objects, {sum(map(len, raws)) / 1024:.0f} KiB, best of {rounds} rounds")
        compare(raws, rounds)


def compare(raws: Sequence[bytes], rounds: int) -> None:
    """One line per side: objects and occurrences per second."""
    sides = (
        ("icalendar, parsing alone", plain_parse),
        ("icalendar and recurring_ical_events", plain_parse_and_expand),
        ("icalsync: parse, expand, facts", icalsync_reads),
    )
    for name, work in sides:
        found, seconds = work(raws), best_of(rounds, work, raws)
        print(f"  {name:<38} {len(raws) / seconds:>8.0f} objects/s {found / seconds:>10.0f} occurrences/s ({found})")


if __name__ == "__main__":
    main()
