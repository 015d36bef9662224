"""Drift: what an owner did to an event of ours, and what settling it means (R11)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from icalsync.core.drift import CancelHere, Impossible, LeaveBoth, Seen, SendAgain, Take, resolve, seen_in
from icalsync.core.own import mark_of, own_fields, uid_of
from tests.core.pushing import APPOINTMENT, START, content, mark, moved, text

UID = uid_of(APPOINTMENT, 1)
OURS = frozenset({mark(content())})
LATER = START + timedelta(hours=2)


def seen(raw: bytes | None, *, elsewhere: bool = False) -> Seen | None:
    """What a pull makes of a text."""
    return seen_in(raw, UID, OURS, moved=elsewhere)


def test_an_event_as_we_left_it_is_no_drift() -> None:
    """Also with what servers rewrite and owners add."""
    assert seen(text()) is None
    assert seen(text().replace(b"END:VEVENT", b"LOCATION:Room 4\r\nEND:VEVENT")) is None


def test_an_edit_is_drift_and_tells_what_it_says_now() -> None:
    """The remote text's own fields and its mark."""
    raw = text(moved(2))
    assert seen(raw) == Seen("edited", own_fields(raw, UID), mark(moved(2)))


def test_both_texts_are_ours_while_a_change_is_on_its_way() -> None:
    """The one that was there and the one that was sent."""
    either = OURS | {mark(moved())}
    assert seen_in(text(), UID, either) is None
    assert seen_in(text(moved()), UID, either) is None


def test_an_event_dragged_back_to_a_former_time_is_drift() -> None:
    """Only the last text is ours: an older one of ours is the owner's doing."""
    assert seen_in(text(), UID, frozenset({mark(moved())})) == Seen("edited", own_fields(text(), UID), mark(content()))


def test_an_event_in_another_place_is_moved_and_an_edited_one_edited() -> None:
    """P13: its fields tell which."""
    assert seen(text(), elsewhere=True) == Seen("moved", own_fields(text(), UID), mark(content()))
    again = seen(text(moved(2)), elsewhere=True)
    assert again is not None
    assert again.kind == "edited"


def test_an_event_that_is_gone_is_deleted() -> None:
    """Proved by R13, or another event stands in its place."""
    assert seen(None) == seen(text().replace(UID.encode(), b"other")) == Seen("deleted", None, None)


def test_a_text_nobody_can_read_is_an_edit_without_times() -> None:
    """R12: it blocks as unknown elsewhere; here it is not ours any more."""
    raw = text()[:-30]
    assert seen(raw) == Seen("edited", None, mark_of(raw, UID))


def test_accepting_takes_their_time() -> None:
    """And where it was moved, its place with the time it has."""
    edited, elsewhere = seen(text(moved(2))), seen(text(), elsewhere=True)
    assert resolve(edited, "accept") == Take(LATER, LATER + timedelta(hours=1))
    assert resolve(elsewhere, "accept") == Take(START, START + timedelta(hours=1))


def test_accepting_a_deletion_or_a_cancellation_cancels() -> None:
    """STATUS:CANCELLED says the same as a deletion."""
    assert resolve(seen(None), "accept") == CancelHere()
    assert resolve(seen(text().replace(b"STATUS:CONFIRMED", b"STATUS:CANCELLED")), "accept") == CancelHere()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"SEQUENCE:0", b"SEQUENCE:0\r\nRRULE:FREQ=DAILY"),
        (b"DTEND;TZID=Europe/Berlin:20261126T150000", b"DTEND;TZID=Europe/Berlin:20261126T140000"),
        (b";TZID=Europe/Berlin:2026", b":2026"),
        (b"END:VCALENDAR", b""),
    ],
)
def test_what_no_appointment_can_be_is_not_accepted(old: bytes, new: bytes) -> None:
    """A series, no length, a floating time, a text that does not end: a person has to choose otherwise."""
    assert resolve(seen(text().replace(old, new)), "accept") == Impossible("NOT_AN_APPOINTMENT")


def test_restoring_writes_over_exactly_what_was_seen() -> None:
    """Also over what cannot be read; a later edit has another mark."""
    raw = text()[:-30]
    assert resolve(seen(text(moved(2))), "restore") == SendAgain(mark(moved(2)))
    assert resolve(seen(raw), "restore") == SendAgain(mark_of(raw, UID))


def test_restoring_what_is_deleted_or_moved_takes_the_next_generation() -> None:
    """A deleted UID is burnt, one that exists elsewhere is taken (icloud.md §3.5); the moved copy goes once ours stands."""
    assert resolve(seen(None), "restore") == SendAgain(None, next_generation=True)
    assert resolve(seen(text(), elsewhere=True), "restore") == SendAgain(None, next_generation=True, delete_other=True)


@pytest.mark.parametrize("raw", [None, text(moved(2)), text()[:-30]])
def test_keeping_leaves_both_as_they_are(raw: bytes | None) -> None:
    """Both block until the event changes again."""
    assert resolve(seen(raw), "keep") == LeaveBoth()
