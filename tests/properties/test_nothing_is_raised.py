"""Whatever the bytes, reading answers with a value (R12, D28 to D32, D36)."""

# ruff: noqa: S311 - a seeded generator makes the examples, not a secret

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icalsync.core.busy import verdict
from icalsync.core.interval import Interval
from icalsync.core.lens import occurrences, rejected_occurrence
from icalsync.core.model import Policy, Reading, Rejected, Skipped
from icalsync.core.reading import read_object

CORPUS = [path.read_bytes() for path in sorted((Path(__file__).parent.parent / "corpus").glob("*.ics"))]
WINDOW = Interval(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
PIECES = (
    b"\r\n",
    b"\n ",
    b":",
    b";",
    b",",
    b"=",
    b'"',
    b"\0",
    b"\xff",
    b"T",
    b"Z",
    b"9999",
    b"0000",
    b"-",
    b"BEGIN:VEVENT\r\n",
    b"END:VEVENT\r\n",
)


def judged(raw: bytes) -> None:
    """Read, looked at by a user, and judged: nothing is raised, and what is rejected is no UNEXPECTED fault."""
    result = read_object(raw, WINDOW)
    if isinstance(result, Reading):
        for one in occurrences(result, "America/Havana", frozenset({"anna@example.org"})):
            assert one.starts_at <= one.ends_at
            verdict(one.facts, Policy())
    elif isinstance(result, Rejected):
        assert result.reason != "UNEXPECTED", result.detail
        taken = rejected_occurrence(result, "America/Havana")
        assert taken is None or taken.starts_at < taken.ends_at
    else:
        assert isinstance(result, Skipped)


@given(st.binary(max_size=300))
def test_any_bytes_have_an_answer(raw):
    """Noise, with and without the frame of a calendar."""
    judged(raw)
    judged(b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:" + raw + b"\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(min_value=0, max_value=2**40))
def test_damaged_objects_have_an_answer(seed):
    """Pieces of real objects cut out, doubled, swapped and overwritten."""
    draw = random.Random(seed)
    for _ in range(25):
        raw = draw.choice(CORPUS)
        for _ in range(draw.randint(1, 4)):
            first, last = sorted(draw.randint(0, len(raw)) for _ in range(2))
            last = min(last, first + 40)
            filling = draw.choice((b"", raw[first:last] * 2, draw.choice(PIECES), draw.choice(CORPUS)[:60], bytes([draw.randrange(256)])))
            raw = raw[:first] + filling + raw[last:]
        judged(raw)


@pytest.mark.parametrize(
    "rule", ["FREQ", "COUNT", "INTERVAL", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYHOUR", "BYSETPOS", "UNTIL", "WKST"]
)
def test_a_rule_part_with_any_value_has_an_answer(rule):
    """D11: nothing, zero, signs, huge numbers, letters, lists with holes."""
    for value in (
        "",
        "0",
        "-0",
        "+1",
        "-1",
        "99999999999999999999",
        "x",
        "1,,2",
        "MO,",
        "1MO",
        "-6SU",
        "54MO",
        "20261131",
        "20261124T140000Z",
        "é",
    ):
        event = f"BEGIN:VEVENT\nUID:1\nDTSTART:20261101T100000Z\nRRULE:FREQ=MONTHLY;{rule}={value}\nEND:VEVENT\n"
        judged(f"BEGIN:VCALENDAR\n{event}END:VCALENDAR\n".encode())
