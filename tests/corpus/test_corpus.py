"""The corpus: each ``NAME.ics`` means what ``NAME.toml`` says beside it; adding a case is adding two files.

A ``.toml`` holds ``provenance`` (what client or case it stands for), ``names`` (faults and support cases), the user's ``zone``, the
window ``from`` and ``to`` (dates there), the user's ``own`` addresses, the ``policy`` where it is not the default, and what comes out:
``expected`` rows (start, end, busyness, reason; times in the user's zone), ``flags``, and ``rejected`` or ``skipped`` where it is no
reading.
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from icalsync.core.busy import verdict
from icalsync.core.interval import Interval
from icalsync.core.lens import occurrences, rejected_occurrence
from icalsync.core.model import Policy, Reading, Rejected, Skipped
from icalsync.core.reading import read_object
from icalsync.core.zones import start_of_day, to_zone

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in HERE.glob("*.ics"))


def case(name: str) -> tuple[bytes, dict]:
    """The object and what is expected of it."""
    return (HERE / f"{name}.ics").read_bytes(), tomllib.loads((HERE / f"{name}.toml").read_text())


def window_of(about: dict) -> Interval:
    """The window, as midnights of the user's zone."""
    return Interval(*(start_of_day(date.fromisoformat(about[end]), about["zone"]) for end in ("from", "to")))


def rows_of(result: Reading | Rejected, about: dict) -> list[str]:
    """What the user sees of it: start, end, busyness, reason."""
    zone, policy = about["zone"], Policy(**about.get("policy", {}))
    if isinstance(result, Rejected):
        taken = rejected_occurrence(result, zone)
        seen = [] if taken is None else [taken]
    else:
        seen = occurrences(result, zone, frozenset(about.get("own", ())))
    rows = []
    for one in sorted(seen, key=lambda one: one.starts_at):
        judged = verdict(one.facts, policy)
        times = (
            to_zone(at, zone).replace(tzinfo=None).isoformat("T", "seconds").removesuffix(":00") for at in (one.starts_at, one.ends_at)
        )
        rows.append(" ".join((*times, judged.busyness, judged.reason)))
    return rows


@pytest.mark.parametrize("name", NAMES)
def test_each_object_means_what_stands_beside_it(name):
    """Occurrences, verdicts, flags, and what is rejected or skipped."""
    raw, about = case(name)
    result = read_object(raw, window_of(about))
    if "skipped" in about:
        assert result == Skipped(about["skipped"])
        return
    if "rejected" in about:
        assert isinstance(result, Rejected), result
        assert result.reason == about["rejected"], result.detail
    else:
        assert isinstance(result, Reading), result
        assert list(result.flags) == about.get("flags", [])
    assert rows_of(result, about) == about["expected"]


def components_of(raw: bytes) -> list[list[bytes]]:
    """The top components of a well-formed object, as lines; none for any other."""
    found: list[list[bytes]] = []
    if raw.count(b"BEGIN:V") != raw.count(b"END:V") or not raw.startswith(b"BEGIN:VCALENDAR\r\n"):
        return found
    depth = 0
    for line in raw.split(b"\r\n")[1:-2]:
        if line.startswith(b"BEGIN:"):
            if depth == 0:
                found.append([])
            depth += 1
        if depth:
            found[-1].append(line)
        depth -= line.startswith(b"END:")
    return found


MANY = [name for name in NAMES if len(components_of(case(name)[0])) > 1]


@pytest.mark.parametrize("name", MANY)
def test_the_order_of_components_changes_nothing(name):
    """The same object with its components reversed is the same reading."""
    raw, about = case(name)
    reversed_raw = b"\r\n".join(
        [b"BEGIN:VCALENDAR", *(line for one in reversed(components_of(raw)) for line in one), b"END:VCALENDAR", b""]
    )
    assert rows_and_flags(read_object(reversed_raw, window_of(about)), about) == rows_and_flags(read_object(raw, window_of(about)), about)


def rows_and_flags(result, about: dict) -> tuple:
    """What must not depend on the order."""
    if isinstance(result, Reading):
        return rows_of(result, about), result.flags, result.content_hash, result.events
    return result.reason if isinstance(result, Rejected) else result, rows_of(result, about) if isinstance(result, Rejected) else []


USELESS = (
    b"BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDTSTART:19760401T005545Z\r\nRRULE:FREQ=DAILY\r\nEND:VALARM\r\n"
    b'ATTACH;ENCODING=BASE64;VALUE=BINARY:QUJD\r\nDESCRIPTION:BEGIN:VEVENT\\nRRULE:FREQ=DAILY\r\nX-FOO;X-BAR="a:b":c\r\n'
)


@pytest.mark.parametrize("name", [name for name in NAMES if b"\r\nEND:VEVENT\r\n" in case(name)[0]])
def test_what_is_passed_over_changes_no_answer(name):
    """Alarms, attachments, descriptions and unknown properties are skipped for speed; the reading stays the same to the last field."""
    raw, about = case(name)
    more = raw.replace(b"\r\nEND:VEVENT\r\n", b"\r\n" + USELESS + b"END:VEVENT\r\n")
    assert read_object(more, window_of(about)) == read_object(raw, window_of(about))


@pytest.mark.parametrize("name", NAMES)
def test_each_object_says_where_it_comes_from(name):
    """A provenance line, and the faults or support cases it stands for."""
    _, about = case(name)
    assert about["provenance"]
    assert about["names"]


def test_the_corpus_is_large_and_whole():
    """At least 120 objects, each with its expectation, and no expectation without its object."""
    assert len(NAMES) >= 120
    assert sorted(path.stem for path in HERE.glob("*.toml")) == NAMES
