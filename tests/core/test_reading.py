"""Reading objects: identity, flags, titles, and what belongs to one object alone. The many forms of text stand in tests/corpus."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from icalsync.core.interval import Interval
from icalsync.core.lens import occurrences, rejected_occurrence
from icalsync.core.model import Attendee, Participation, Reading, Rejected, Timing
from icalsync.core.reading import Limits, read_object
from tests.core.objects import MEETING, NOVEMBER, calendar, event, reading


def test_an_event_that_does_not_recur_has_no_recurrence_id():
    """Its one instance is told wherever the window lies (case 9)."""
    later = Interval(datetime(2030, 1, 1, tzinfo=UTC), datetime(2030, 2, 1, tzinfo=UTC))
    found = reading(*MEETING, window=later)
    assert not found.recurring
    assert [one.recurrence_id for one in found.instances] == [None]


@pytest.mark.parametrize(
    ("start", "identities"),
    [
        ("DTSTART;TZID=Europe/Berlin:20261102T100000", ["20261102T090000Z", "20261103T090000Z"]),
        ("DTSTART:20261102T100000Z", ["20261102T100000Z", "20261103T100000Z"]),
        ("DTSTART:20261102T100000", ["20261102T100000", "20261103T100000"]),
        ("DTSTART;VALUE=DATE:20261102", ["20261102", "20261103"]),
    ],
)
def test_an_instance_is_identified_by_its_original_start(start, identities):
    """In basic form: UTC for an instant, wall time for a floating one, the date for an all-day one."""
    assert [one.recurrence_id for one in reading(start, "RRULE:FREQ=DAILY;COUNT=2").instances] == identities


def test_a_moved_instance_keeps_its_identity():
    """Case 10: place, identity and which instance are three things; the id is the master's, whatever form the override wrote it in."""
    override = event("RECURRENCE-ID;VALUE=DATE:20261109", "DTSTART:20261110T150000Z", "DTEND:20261110T160000Z")
    master = event("DTSTART;TZID=Europe/Berlin:20261102T100000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2")
    found = read_object(calendar(*master, *override), NOVEMBER)
    assert isinstance(found, Reading)
    moved = found.instances[1]
    assert moved.recurrence_id == "20261109T090000Z"
    assert moved.starts == datetime(2026, 11, 10, 15, tzinfo=UTC)
    assert found.events[moved.component].recurrence_id == "20261109"


def test_an_event_says_what_stands_in_its_text():
    """Title without escapes, TZID, rule, attendees by address; times as instants."""
    found = reading(
        *MEETING,
        "SUMMARY:Lunch\\, then\\; \\\\ walk\\nhome",
        "RRULE:FREQ=WEEKLY;COUNT=1",
        'ATTENDEE;CN="Anna: A; B";PARTSTAT=DECLINED:MAILTO:Anna@Example.ORG',
    )
    (one,) = found.events
    assert one.summary == "Lunch, then; \\ walk\nhome"
    assert (one.timing, one.time_zone, one.rrule) == (Timing.INSTANT, "Europe/Berlin", "FREQ=WEEKLY;COUNT=1")
    assert one.attendees == (Attendee("anna@example.org", Participation.DECLINED),)
    assert one.starts == datetime(2026, 11, 24, 13, tzinfo=UTC)


def test_a_title_is_cut_and_loses_control_characters():
    """D31, D35: at most a thousand characters; no ANSI escapes, no NUL."""
    found = reading(*MEETING, "SUMMARY:\x1b[31m" + "x" * 5000)
    assert found.events[0].summary == "[31m" + "x" * 996
    assert found.flags == ("TRUNCATED",)


def test_two_objects_may_define_one_tzid_differently():
    """D20, deps.md §4: the definition of one account's object does not leak into another's, in either order."""

    def custom(offset: str) -> bytes:
        lines = [
            "BEGIN:VTIMEZONE",
            "TZID:Office",
            "BEGIN:STANDARD",
            "DTSTART:20200101T000000",
            f"TZOFFSETFROM:{offset}",
            f"TZOFFSETTO:{offset}",
        ]
        return calendar(*lines, "END:STANDARD", "END:VTIMEZONE", *event("DTSTART;TZID=Office:20261124T140000", "DURATION:PT1H"))

    def start(raw: bytes) -> datetime:
        found = read_object(raw, NOVEMBER)
        assert isinstance(found, Reading)
        return found.instances[0].starts

    first, second = custom("+0330"), custom("+0400")
    for _ in range(2):
        assert start(first) == datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
        assert start(second) == datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def test_threads_read_in_parallel_what_one_thread_reads():
    """Nothing process-wide decides: eight threads, definitions that contradict each other, the same results."""

    def defined(hours: int) -> bytes:
        lines = ["BEGIN:VTIMEZONE", "TZID:Office", "BEGIN:STANDARD", "DTSTART:20200101T000000", f"TZOFFSETFROM:+{hours:02}00"]
        lines += [f"TZOFFSETTO:+{hours:02}00", "END:STANDARD", "END:VTIMEZONE"]
        return calendar(*lines, *event("DTSTART;TZID=Office:20261102T140000", "DURATION:PT1H", "RRULE:FREQ=DAILY"))

    raws = [defined(hours) for hours in range(12)] * 10
    alone = [read_object(raw, NOVEMBER) for raw in raws]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda raw: read_object(raw, NOVEMBER), raws)) == alone


def test_the_content_hash_does_not_change_with_dtstamp_or_order():
    """Case 25, D37: iCloud adds a DTSTAMP at each reading; that is no change."""
    plain = reading(*MEETING, "SUMMARY:a", "DTSTAMP:20261101T000000Z")
    again = reading("DTSTAMP:20261122T101112Z", "DTSTAMP:20261101T000000Z", "SUMMARY:a", *reversed(MEETING), "X-RECURRENCE-EXCEPTION:1")
    assert plain.content_hash == again.content_hash


@pytest.mark.parametrize("change", ["SUMMARY:b", "TRANSP:TRANSPARENT", "RRULE:FREQ=DAILY", "X-APPLE-TRAVEL-DURATION:PT5M"])
def test_the_content_hash_changes_with_what_matters(change):
    """Title, verdict, recurrence and travel."""
    assert reading(*MEETING).content_hash != reading(*MEETING, change).content_hash


def test_a_definition_that_counts_is_part_of_the_content():
    """D20: the same event under another definition is another object; a definition that agrees with the tz database is none."""

    def defined(offset: str) -> str:
        lines = ["BEGIN:VTIMEZONE", "TZID:Europe/Berlin", "BEGIN:STANDARD", "DTSTART:20200101T000000", f"TZOFFSETFROM:{offset}"]
        found = read_object(calendar(*lines, f"TZOFFSETTO:{offset}", "END:STANDARD", "END:VTIMEZONE", *event(*MEETING)), NOVEMBER)
        assert isinstance(found, Reading)
        return found.content_hash

    assert defined("+0330") != defined("+0400")


def test_the_higher_sequence_wins_then_the_later_dtstamp():
    """D17, and iCloud's additional DTSTAMP does not decide."""
    master = event("DTSTART:20261102T100000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=1")

    def override(hour: int, *lines: str) -> tuple[str, ...]:
        return event("RECURRENCE-ID:20261102T100000Z", f"DTSTART:20261102T{hour}0000Z", "DURATION:PT1H", *lines)

    def hour(*parts: tuple[str, ...]) -> int:
        found = read_object(calendar(*master, *(line for part in parts for line in part)), NOVEMBER)
        assert isinstance(found, Reading)
        assert found.flags == ("DUPLICATE_OVERRIDE",)
        (one,) = found.instances
        return one.starts.hour

    low = override(12, "SEQUENCE:1", "DTSTAMP:20261109T000000Z")
    high = override(13, "SEQUENCE:2", "DTSTAMP:20261101T000000Z")
    late = override(14, "SEQUENCE:2", "DTSTAMP:20261102T000000Z", "DTSTAMP:20261120T000000Z")
    early = override(15, "SEQUENCE:2", "DTSTAMP:20261119T000000Z", "DTSTAMP:20261101T120000Z")
    assert hour(low, high) == hour(high, low) == 13
    assert hour(early, late) == hour(late, early) == 14


def test_a_rejected_object_keeps_its_uid_and_its_time():
    """R12: its time blocks as UNKNOWN; the detail holds no title."""
    found = read_object(calendar(*event(*MEETING, "SUMMARY:secret plan", "RRULE:FREQ=NEVER")), NOVEMBER)
    assert isinstance(found, Rejected)
    assert (found.reason, found.uid) == ("BAD_RULE", "case@example.org")
    assert found.starts == datetime(2026, 11, 24, 13, tzinfo=UTC)
    assert found.ends == datetime(2200, 1, 1, tzinfo=UTC)
    assert "secret" not in repr(found)


def test_an_unreadable_series_blocks_until_its_rule_ends():
    """Travel before it and its length after UNTIL included."""
    lines = (*MEETING, "X-APPLE-TRAVEL-DURATION:PT1H", "RRULE:FREQ=DAILY;BYSETPOS=0;UNTIL=20261130T130000Z")
    found = read_object(calendar(*event(*lines)), NOVEMBER)
    assert isinstance(found, Rejected)
    assert found.starts == datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert found.ends == datetime(2026, 12, 2, 1, tzinfo=UTC)


def test_an_object_cut_off_tells_no_time():
    """N3: what stood behind the cut may have been more; the calendar's coverage falls."""
    found = read_object(calendar(*event(*MEETING))[:-30], NOVEMBER)
    assert isinstance(found, Rejected)
    assert (found.reason, found.starts, found.ends) == ("INCOMPLETE", None, None)


@pytest.mark.parametrize(
    "around",
    [
        ("BEGIN:VTIMEZONE", "TZID:X", "BEGIN:STANDARD", "END:STANDARD"),
        ("BEGIN:VTIMEZONE", "TZID:X", "BEGIN:DAYLIGHT"),
        ("BEGIN:STANDARD",),
        ("begin:vtimezone",),
    ],
)
def test_an_event_inside_a_component_that_does_not_end_is_never_skipped(around):
    """D32, R12: the object is incomplete, and the time that can be told blocks."""
    found = read_object(calendar(*around, *event(*MEETING)), NOVEMBER)
    assert isinstance(found, Rejected)
    assert (found.reason, found.uid) == ("INCOMPLETE", "case@example.org")
    assert (found.starts, found.ends) == (datetime(2026, 11, 24, 13, tzinfo=UTC), datetime(2026, 11, 24, 14, tzinfo=UTC))


@pytest.mark.parametrize(
    "begins", ["BEGIN:VEVENT", "begin : vevent", "BEGIN;X=1:VEVENT", " BEGIN:VEVENT", "\ufeffBEGIN:VEVENT", '"BEGIN":VEVENT']
)
@pytest.mark.parametrize("ends", ["END:VEVENT", "end:vevent", "END:VTODO", "END:X", ""])
@pytest.mark.parametrize("outer", ["VTODO", "VTIMEZONE", "VFREEBUSY", "X-COMPONENT"])
def test_no_object_that_begins_an_event_is_skipped(begins, ends, outer):
    """D32, R12: however its BEGIN and END are written, and whatever they stand in."""
    for lines in (
        (f"BEGIN:{outer}", begins, *MEETING, ends, f"END:{outer}"),
        (f"BEGIN:{outer}", f"END:{outer}", begins, *MEETING, ends),
        (f"BEGIN:{outer}", begins, *MEETING, f"END:{outer}", ends),
    ):
        found = read_object(calendar(*lines), NOVEMBER)
        assert isinstance(found, Reading | Rejected), lines
        assert isinstance(found, Rejected) or found.instances


def test_an_observance_that_does_not_end_keeps_its_other_half():
    """D21, R12: without DAYLIGHT a whole summer would lie an hour beside its time."""
    lines = ["BEGIN:VTIMEZONE", "TZID:Office", "BEGIN:STANDARD", "DTSTART:20001029T030000", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100"]
    lines += ["RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "BEGIN:DAYLIGHT", "DTSTART:20000326T020000", "TZOFFSETFROM:+0100"]
    lines += ["TZOFFSETTO:+0200", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "END:DAYLIGHT", "END:VTIMEZONE"]
    found = read_object(calendar(*lines, *event("DTSTART;TZID=Office:20260724T140000", "DURATION:PT1H")), NOVEMBER)
    assert isinstance(found, Reading)
    assert found.instances[0].starts == datetime(2026, 7, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "Europe/Berlin", "Asia/Kathmandu"])
@pytest.mark.parametrize(
    "lines",
    [
        ("DTSTART;TZID=?:20261124T140000", "DTEND;TZID=?:20261124T150000"),
        ("DTSTART;TZID=?:20261124T140000", "DURATION:P1DT2H"),
        ("DTSTART;TZID=?:20261124T140000", "DURATION:PT2H", "X-APPLE-TRAVEL-DURATION:PT3H"),
        ("DTSTART:20261124T010000Z", "DTEND;TZID=?:20261124T233000"),
        ("DTSTART;TZID=?:20261124T140000", "DTEND:20261125T030000Z", "RRULE:FREQ=DAILY;UNTIL=20261126"),
        ("DTSTART;VALUE=DATE:20261124", "DTEND;TZID=?:20261125T120000"),
    ],
)
def test_an_unknown_zone_blocks_wherever_it_could_be(zone, lines):
    """D19, R12: whichever zone was meant, its occurrences and the way to them lie inside the time that is unknown."""
    rejected = read_object(calendar(*event(*lines)), NOVEMBER)
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "TZ_UNRESOLVED"
    taken = rejected_occurrence(rejected, "Europe/Berlin")
    assert taken is not None
    meant = occurrences(reading(*(line.replace("?", zone) for line in lines)), zone, frozenset())
    assert meant
    assert all(taken.starts_at <= one.starts_at <= one.ends_at <= taken.ends_at for one in meant)


def test_an_unknown_zone_with_a_duration_nobody_can_add_blocks_without_end():
    """D4, D19."""
    rejected = read_object(calendar(*event("DTSTART;TZID=?:20261124T140000", "DURATION:PT99999999999H")), NOVEMBER)
    assert isinstance(rejected, Rejected)
    assert (rejected.starts, rejected.ends) == (datetime(2026, 11, 24, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))


def test_a_series_moved_into_a_gap_is_not_guessed():
    """D16, D22, R12: by how much it moves cannot be told, so it blocks without end."""
    master = event("DTSTART;TZID=Europe/Berlin:20270301T023000", "DURATION:PT1H", "RRULE:FREQ=DAILY;UNTIL=20270401T000000Z")
    moved = ("DTSTART;TZID=Europe/Berlin:20270328T023000", "DTEND;TZID=Europe/Berlin:20270328T031500")
    found = read_object(calendar(*master, *event("RECURRENCE-ID;RANGE=THISANDFUTURE:20270328T013000Z", *moved)), NOVEMBER)
    assert isinstance(found, Rejected)
    assert found.ends == datetime(2200, 1, 1, tzinfo=UTC)


def test_a_fault_of_our_own_is_a_rejection_and_not_a_free_slot(monkeypatch):
    """R12: whatever goes wrong while reading, the object is kept, its time blocks, nothing is raised."""

    def broken(*_args):
        raise KeyError("some bug")

    monkeypatch.setattr("icalsync.core.reading.occurrences", broken)
    found = read_object(calendar(*event(*MEETING)), NOVEMBER)
    assert found == Rejected(
        "UNEXPECTED", "KeyError", "case@example.org", datetime(2026, 11, 24, 13, tzinfo=UTC), datetime(2026, 11, 24, 14, tzinfo=UTC)
    )


def test_limits_are_arguments():
    """The core takes its budgets; one more occurrence than allowed is a rejection, never a shorter list."""
    raw = calendar(*event("DTSTART:20261102T100000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=20"))
    assert isinstance(read_object(raw, NOVEMBER, Limits(instances=20)), Reading)
    rejected = read_object(raw, NOVEMBER, Limits(instances=19))
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "BUDGET"


def test_results_travel_between_processes():
    """A reading is plain data, and pickles."""
    found = reading(*MEETING, "RRULE:FREQ=DAILY")
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - our own bytes


def test_a_longer_horizon_adds_and_never_changes():
    """Expanding further shows the same instances, and later ones."""
    lines = (*MEETING, "RRULE:FREQ=WEEKLY")
    near, far = reading(*lines), reading(*lines, window=replace(NOVEMBER, end=NOVEMBER.end + timedelta(days=365)))
    assert far.instances[: len(near.instances)] == near.instances
    assert len(far.instances) == len(near.instances) + 53


def test_floating_and_all_day_instances_are_found_for_every_zone():
    """D24, D25: whoever looks from UTC+14 or UTC-12 finds the one at the window's edge."""
    window = Interval(datetime(2026, 11, 24, 10, tzinfo=UTC), datetime(2026, 11, 24, 11, tzinfo=UTC))
    found = reading("DTSTART;VALUE=DATE:20261101", "RRULE:FREQ=DAILY", window=window)
    assert [one.recurrence_id for one in found.instances] == ["20261123", "20261124", "20261125"]


def test_one_uid_in_two_calendars_is_two_objects():
    """Case 14: a UID is no key; reading one object remembers nothing of another with the same UID."""
    first, second = calendar(*event(*MEETING)), calendar(*event("DTSTART:20261125T100000Z", "DURATION:PT1H", "TRANSP:TRANSPARENT"))
    before = read_object(second, NOVEMBER)
    read_object(first, NOVEMBER)
    assert read_object(second, NOVEMBER) == before
    assert isinstance(before, Reading)
    assert before.uid == "case@example.org"
    assert before.instances[0].starts == datetime(2026, 11, 25, 10, tzinfo=UTC)
