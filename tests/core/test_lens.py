"""An object as one user sees it: zone, own addresses, travel, and what cannot be read."""

# ruff: noqa: DTZ001 - wall times are naive; that is what is tested

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from icalsync.core.lens import instants, is_local, normal_address, occurrences, participation, rejected_occurrence
from icalsync.core.model import Attendee, Facts, Participation, Rejected
from tests.core.objects import MEETING, reading

BERLIN, AUCKLAND = "Europe/Berlin", "Pacific/Auckland"
NOBODY: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "mailto:Anna@Example.org",
        "MAILTO:anna@example.org",
        " anna@example.org ",
        "Anna@example.ORG",
        '"mailto:anna@example.org"',
        "mailto: anna@example.org",
    ],
)
def test_addresses_are_compared_without_case_scheme_and_blanks(text):
    """Case 6."""
    assert normal_address(text) == "anna@example.org"


def answers(*given: Participation) -> list[Attendee]:
    """Own addresses a0, a1, … with their answers."""
    return [Attendee(f"a{number}@x", answer) for number, answer in enumerate(given)]


@pytest.mark.parametrize(
    ("given", "counts"),
    [
        ((Participation.DECLINED,), Participation.DECLINED),
        ((Participation.DECLINED, Participation.NEEDS_ACTION), Participation.NEEDS_ACTION),
        ((Participation.NEEDS_ACTION, Participation.TENTATIVE), Participation.TENTATIVE),
        ((Participation.DECLINED, Participation.TENTATIVE, Participation.ACCEPTED), Participation.ACCEPTED),
        ((), Participation.NONE),
    ],
)
def test_of_several_own_addresses_the_most_binding_answer_counts(given, counts):
    """Case 6: only a refusal under all of them frees the time."""
    assert participation(answers(*given), {"a0@x", "a1@x", "a2@x"}) is counts


def test_other_peoples_answers_do_not_count():
    """Case 6: somebody else declined."""
    assert participation(answers(Participation.DECLINED), {"b@x"}) is Participation.NONE


def test_local_times_are_read_in_the_users_own_zone():
    """D24, D25: one event, two users, two instants; an instant is the same for both."""
    day, floating = date(2026, 11, 24), datetime(2026, 11, 24, 9)
    assert instants(day, date(2026, 11, 25), BERLIN)[0] == datetime(2026, 11, 23, 23, tzinfo=UTC)
    assert instants(day, date(2026, 11, 25), AUCKLAND)[0] == datetime(2026, 11, 23, 11, tzinfo=UTC)
    assert instants(floating, floating, BERLIN)[0] == datetime(2026, 11, 24, 8, tzinfo=UTC)
    fixed = floating.replace(tzinfo=UTC)
    assert instants(fixed, fixed, AUCKLAND) == (fixed, fixed)


def test_floating_and_all_day_are_local():
    """They have rows per zone; instants do not (store.md)."""
    assert is_local(date(2026, 11, 24))
    assert is_local(datetime(2026, 11, 24, 9))
    assert not is_local(datetime(2026, 11, 24, 9, tzinfo=UTC))


def test_travel_is_a_row_of_its_own():
    """Case 24: before each occurrence, with the facts of the event."""
    seen = occurrences(reading(*MEETING, "RRULE:FREQ=DAILY;COUNT=2", "X-APPLE-TRAVEL-DURATION:PT45M"), BERLIN, NOBODY)
    assert [(one.facts.travel, one.ends_at - one.starts_at) for one in seen] == [
        (True, timedelta(minutes=45)),
        (False, timedelta(hours=1)),
    ] * 2
    assert seen[0].ends_at == seen[1].starts_at
    assert seen[0].recurrence_id == seen[1].recurrence_id == "20261124T130000Z"


def test_an_all_day_event_with_travel_keeps_its_dates():
    """The row of travel ends where the local day begins."""
    seen = occurrences(reading("DTSTART;VALUE=DATE:20261124", "X-APPLE-TRAVEL-DURATION:PT2H"), BERLIN, NOBODY)
    assert [(one.starts_at.hour, one.ends_at.hour, one.facts.all_day) for one in seen] == [(21, 23, True), (23, 23, True)]


def test_own_addresses_decide_the_participation():
    """The same reading for two users: one declined, the other is not invited."""
    found = reading(*MEETING, "ATTENDEE;PARTSTAT=DECLINED:mailto:anna@example.org")
    facts = [occurrences(found, BERLIN, own)[0].facts for own in (frozenset({"anna@example.org"}), NOBODY)]
    assert facts == [Facts(participation=Participation.DECLINED), Facts()]


@pytest.mark.parametrize(("ends", "until"), [("0315", (2, 15)), ("0330", (2, 30))])
def test_a_floating_event_keeps_a_length_where_its_start_does_not_exist(ends, until):
    """D22, R12: clocks in Berlin jump from 02:00 to 03:00; what exists of the time as written is busy, and its length behind it."""
    found = reading("DTSTART:20260329T023000", f"DTEND:20260329T{ends}00")
    berlin, york = (occurrences(found, zone, NOBODY)[0] for zone in (BERLIN, "America/New_York"))
    assert not berlin.facts.zero_length
    assert (berlin.starts_at, berlin.ends_at) == (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 3, 29, *until, tzinfo=UTC))
    assert york.ends_at - york.starts_at == york.ends - york.starts


def test_a_floating_event_at_the_ends_of_the_calendar_is_not_moved():
    """D27: there is nothing before the first moment, and nothing after the last."""
    for day in ("00010101T000000", "99991231T233000"):
        for zone in (BERLIN, "America/New_York"):
            seen = occurrences(reading(f"DTSTART:{day}", "DURATION:PT20M"), zone, NOBODY)
            assert all(one.starts_at <= one.ends_at for one in seen)


def test_an_unreadable_object_blocks_the_time_that_can_be_told():
    """R12: as a row that is not readable, in the user's zone."""
    row = rejected_occurrence(Rejected("BAD_RULE", "x", "u", date(2026, 11, 24), date(2026, 11, 25)), BERLIN)
    assert row is not None
    assert row.facts == Facts(readable=False, all_day=True)
    assert (row.starts_at, row.ends_at) == (datetime(2026, 11, 23, 23, tzinfo=UTC), datetime(2026, 11, 24, 23, tzinfo=UTC))


def test_an_unreadable_object_without_a_time_has_no_row():
    """Then the calendar's coverage falls instead."""
    assert rejected_occurrence(Rejected("BAD_DATE", "x"), BERLIN) is None
    assert rejected_occurrence(Rejected("BAD_DATE", "x", starts=date(2026, 11, 24)), BERLIN) is None


def test_an_unreadable_moment_still_takes_time():
    """A start without length is a minute, so that it can be seen and blocks."""
    at = datetime(2026, 11, 24, 9, tzinfo=UTC)
    row = rejected_occurrence(Rejected("BAD_RULE", "x", "u", at, at), BERLIN)
    assert row is not None
    assert row.ends_at - row.starts_at == timedelta(minutes=1)


def test_the_ends_of_the_calendar_have_room_for_travel():
    """D27: the year 1 with travel before it."""
    seen = occurrences(reading("DTSTART:00010101T000000", "DTEND:00010101T010000", "X-APPLE-TRAVEL-DURATION:PT2H"), BERLIN, NOBODY)
    assert [one.starts_at.year for one in seen] == [1, 1]
