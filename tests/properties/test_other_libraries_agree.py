"""What two independent libraries make of the same objects: recurring-ical-events of series, icalendar of times (issue 3)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import icalendar
import pytest
import recurring_ical_events
from hypothesis import given, settings
from hypothesis import strategies as st

from icalsync.core.interval import Interval
from icalsync.core.model import Reading
from icalsync.core.reading import read_object
from tests.properties.objects import Maker, text

LOW, HIGH = datetime(2026, 1, 10, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)
CORPUS = Path(__file__).parent.parent / "corpus"
ALIKE = sorted(path for path in CORPUS.glob("*.ics") if "rejected" not in path.with_suffix(".toml").read_text())
OURS_BY_DECISION = {
    "all-day-as-midnights": "icalendar believes the time, not VALUE=DATE (D13)",
    "begin-with-a-parameter": "icalendar refuses the object (D32)",
    "carriage-returns": "icalendar wants a line feed (D29)",
    "crcrlf": "icalendar keeps the second carriage return (D29)",
    "duplicate-overrides": "icalendar leaves the choice to others (D17)",
    "fold-inside-a-character": "icalendar decodes before it unfolds (D30)",
    "gap-takes-the-start": "icalendar lets the event end before it starts (D22)",
    "latin-1": "icalendar replaces what is not UTF-8 (D28)",
    "leap-second": "icalendar has no second 60",
    "nul-bytes": "icalendar keeps them (D28)",
    "offset-zone": "icalendar leaves it without a zone (D19)",
    "stray-end": "icalendar refuses the object (D32)",
    "unbalanced-alarm": "icalendar refuses the object (D32)",
    "utf-16": "icalendar reads no UTF-16 (D28)",
    "vtimezone-shadows-an-iana-name": "icalendar always prefers the IANA name (D20)",
    "windows-zone-unquoted-colon": "icalendar splits at the first colon (D19)",
    "zone-in-lower-case": "icalendar leaves it without a zone (D19)",
}


@settings(max_examples=12, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(min_value=0, max_value=2**40))
def test_recurring_ical_events_finds_the_same_starts(seed):
    """120 masters in zones or UTC, with EXDATE and RDATE; overrides stand in the second reading."""
    for number in range(10):
        maker = Maker(seed * 10 + number)
        master = maker.events()[:1]
        if maker.kind not in {"zoned", "utc"}:
            continue
        raw = text(master)
        ours = read_object(raw, Interval(LOW, HIGH))
        assert isinstance(ours, Reading)
        query = recurring_ical_events.of(icalendar.Calendar.from_ical(raw.decode()))
        theirs = {one.start.astimezone(UTC) for one in query.between(LOW, HIGH)}
        assert {one.starts for one in ours.instances if one.starts >= LOW} == {start for start in theirs if LOW <= start < HIGH}, (
            raw.decode()
        )


@pytest.mark.filterwarnings("ignore::icalendar.error.GloballyUniqueTZIDGuessed")
@pytest.mark.parametrize("path", ALIKE, ids=lambda path: path.stem)
def test_icalendar_reads_the_same_starts_and_titles(path):
    """Each object of the corpus, except those named above, where we differ on purpose (and do differ)."""
    ours = read_object(path.read_bytes(), Interval(LOW, HIGH))
    seen = sorted((_plain(one.starts), one.summary) for one in ours.events) if isinstance(ours, Reading) else []
    assert (seen == _theirs(path.read_bytes())) is (path.stem not in OURS_BY_DECISION)


def _theirs(raw: bytes) -> list[tuple[str, str]] | None:
    """Starts and titles as icalendar reads them; None where it does not."""
    try:
        events = icalendar.Calendar.from_ical(raw).walk("VEVENT")
        return sorted((_plain(one["DTSTART"].dt), str(one.get("SUMMARY", ""))) for one in events)
    except ValueError:
        return None


def _plain(value) -> str:
    """Comparable: an instant in UTC, else as it is."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) and value.tzinfo else value.isoformat()
