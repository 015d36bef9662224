"""The budget is the kernel's to enforce, whatever the reading does (issue 3 "Bounded"; D6 to D10, T15)."""

from __future__ import annotations

import resource
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from icalsync.core.model import Reading, Rejected
from icalsync.core.reading import read_object
from icalsync.workers.process import Workers
from icalsync.workers.reader import BoundedReader
from tests.core.objects import NOVEMBER, calendar, event
from tests.workers.conftest import MISBEHAVING
from tests.workers.misbehaving import ENDS, STARTS

WEEKLY = calendar(*event("DTSTART:20261102T090000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY", uid="weekly"))
HOUR = ("DTSTART:20200106T100000Z", "DURATION:PT1H")
SINCE_1970 = ("DTSTART:19700101T000000Z", "DURATION:PT30S")
BOMB = ("BEGIN:VTIMEZONE", "TZID:Bomb", "BEGIN:STANDARD", "DTSTART:19000101T000000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0100")
RUNAWAYS = {
    "SECONDLY, D6": calendar(*event(*HOUR, "RRULE:FREQ=SECONDLY")),
    "MINUTELY since 1970, D6": calendar(*event(*SINCE_1970, "RRULE:FREQ=MINUTELY")),
    "COUNT=1e9, D10": calendar(*event(*SINCE_1970, "RRULE:FREQ=HOURLY;BYMINUTE=1,2,3;COUNT=1000000000")),
    "INTERVAL=0, D7": calendar(*event(*HOUR, "RRULE:FREQ=DAILY;INTERVAL=0")),
    "a rule equal to its EXRULE, D8": calendar(*event(*HOUR, "RRULE:FREQ=HOURLY", "EXRULE:FREQ=HOURLY")),
    "10,000 nested BEGINs, D32": b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" + b"BEGIN:X-A\r\n" * 10_000,
    "a description of 10 MB, D31": calendar(*event(*HOUR, "RRULE:FREQ=DAILY", "DESCRIPTION:" + "x" * 10_000_000)),
    "1,000 attendees, D31": calendar(*event(*HOUR, "RRULE:FREQ=DAILY", *(f"ATTENDEE:mailto:a{n}@example.org" for n in range(1000)))),
    "an RRULE bomb in a VTIMEZONE, D21": calendar(
        *BOMB, "RRULE:FREQ=MINUTELY", "END:STANDARD", "END:VTIMEZONE", *event("DTSTART;TZID=Bomb:20261124T140000")
    ),
    "every second of every day, of which the last, D9": calendar(
        *event(
            *HOUR,
            f"RRULE:FREQ=DAILY;BYHOUR={','.join(map(str, range(24)))};BYMINUTE={','.join(map(str, range(60)))}"
            f";BYSECOND={','.join(map(str, range(60)))};BYSETPOS=-1",
        )
    ),
    "half a million carriage returns, D28": calendar(*event(*HOUR, "RRULE:FREQ=DAILY")) + b"\r" * 500_000 + b"X",
}


@pytest.mark.parametrize("name", RUNAWAYS)
def test_what_would_run_away_ends_in_its_budget(name):
    """Each is a reading, or a rejection, for at most the CPU it is given (and what starting the processes takes)."""
    workers = Workers()
    reader, before = BoundedReader(seconds=0.5, workers=workers), _children()
    result = reader.read(RUNAWAYS[name], NOVEMBER)
    after = reader.read(WEEKLY, NOVEMBER)
    workers.close()
    assert isinstance(result, Reading | Rejected)
    assert isinstance(after, Reading), "the next object is read as if nothing had been"
    assert _children() - before < 0.5 + STARTING


STARTING = 2.0
"""CPU seconds that are more than starting a reading process takes."""


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize("deed", ["burn", "burn-in-c"])
def test_an_endless_reading_is_stopped_also_within_a_loop_in_c_d6(reader, deed):
    """D6: the CPU timer ends the process; what parsing alone can tell of the object's time blocks as UNKNOWN (R12)."""
    result = reader.read(f"RRULE {deed}".encode(), NOVEMBER)
    assert result == Rejected("BUDGET", "reading it takes more than 0.3 s of computing time", "uid-of-it", STARTS, ENDS)


@pytest.mark.parametrize("deed", ["take 80000000", "grow"])
def test_memory_is_limited_in_one_piece_and_in_many_t15(reader, deed):
    """T15, D31: the address space is limited, so the machine's memory is never the limit."""
    result = reader.read(f"RRULE {deed}".encode(), NOVEMBER)
    assert isinstance(result, Rejected)
    assert (result.reason, result.detail, result.starts) == ("BUDGET", "reading it takes more than 57 MB of memory", STARTS)


def test_what_stays_within_its_memory_is_read(reader):
    """The budget is over what the reading process has anyway, for each object anew."""
    for _ in range(3):
        assert reader.read(b"RRULE take 40000000", NOVEMBER) == Rejected("TAKEN", "40000000")


def test_a_timer_that_the_caller_ignores_still_counts(workers):
    """A program that profiles itself may ignore the signal, and its children inherit that."""
    before = signal.signal(signal.SIGPROF, signal.SIG_IGN)
    try:
        result = BoundedReader(seconds=0.2, workers=workers).read(b"RRULE burn", NOVEMBER)
    finally:
        signal.signal(signal.SIGPROF, before)
    assert result.reason == "BUDGET"


def test_good_objects_do_not_wait_for_bad_ones_d6():
    """Of 200 good objects with 3 bombs among them all good ones are read, at the price of the bombs' budgets and no more."""
    good = [calendar(*event("DTSTART:20261102T090000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY", uid=f"good-{n}")) for n in range(200)]
    mixed = [*good[:20], b"RRULE burn", *good[20:100], b"RRULE grow", *good[100:], b"RRULE burn-in-c"]
    workers = Workers(MISBEHAVING)
    before = _children()
    results = [BoundedReader(seconds=0.3, memory=60_000_000, workers=workers).read(raw, NOVEMBER) for raw in mixed]
    workers.close()
    cost = _children() - before
    assert [result.uid for result in results if isinstance(result, Reading)] == [f"good-{n}" for n in range(200)]
    assert [result.reason for result in results if isinstance(result, Rejected)] == ["BUDGET"] * 3
    began = time.process_time()
    for raw in good:
        read_object(raw, NOVEMBER)
    assert cost < 3 * 0.3 + 3 * (time.process_time() - began) + STARTING


def test_objects_of_others_do_not_wait_at_all(workers):
    """While two threads burn, a third reads as many objects as it likes."""
    slow = BoundedReader(seconds=2.0, workers=workers)
    slow.read(WEEKLY, NOVEMBER)
    with ThreadPoolExecutor(3) as pool:
        burning = [pool.submit(slow.read, b"RRULE burn", NOVEMBER) for _ in range(2)]
        read = pool.submit(lambda: [slow.read(WEEKLY, NOVEMBER) for _ in range(20)])
        assert all(isinstance(result, Reading) for result in read.result())
        assert not any(future.done() for future in burning)
        assert [future.result().reason for future in burning] == ["BUDGET"] * 2
