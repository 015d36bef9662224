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
    """Parsing alone."""
    return sum(len(icalendar.Calendar.from_ical(raw).subcomponents) for raw in raws)


def plain_parse_and_expand(raws: Sequence[bytes]) -> int:
    """Parsing and expanding, as the libraries' own documentation shows it."""
    return sum(len(recurring_ical_events.of(icalendar.Calendar.from_ical(raw)).between(WINDOW.start, WINDOW.end)) for raw in raws)


def icalsync_reads(raws: Sequence[bytes]) -> int:
    """What a pull does with each object."""
    results = [read_object(raw, WINDOW) for raw in raws]
    return sum(isinstance(result, Reading) for result in results)


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
    raws = [thing.raw for thing in world(TODAY).objects]
    print(f"{len(raws)} objects, {sum(map(len, raws)) / 1024:.0f} KiB, best of {rounds} rounds")
    sides = (
        ("icalendar, parsing alone", plain_parse),
        ("icalendar and recurring_ical_events", plain_parse_and_expand),
        ("icalsync: parse, expand, facts", icalsync_reads),
    )
    for name, work in sides:
        seconds = best_of(rounds, work, raws)
        print(f"{name:<38} {len(raws) / seconds:>8.0f} objects/s   {seconds * 1e6 / len(raws):>7.0f} µs each")


if __name__ == "__main__":
    main()
