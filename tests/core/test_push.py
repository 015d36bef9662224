"""Deciding a push: nothing is written unread, nothing of the owner's is overwritten, and no event is ever made twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from icalsync.core.own import name_of, own_fields, uid_of
from icalsync.core.push import (
    Adopt,
    DeleteIfMatch,
    Diverged,
    Found,
    NextGeneration,
    PutIfMatch,
    PutNew,
    Refuse,
    Settled,
    Wait,
    after_refusal,
    decide,
    strong,
)
from icalsync.core.writing import fields_of, patched_event
from tests.core.pushing import APPOINTMENT, CALENDAR, NOW, content, mark, moved, task, text

UID = uid_of(APPOINTMENT, 1)
HREF = CALENDAR + name_of(UID)
SENT = frozenset({mark(content())})
EDITED = text(moved(3))
FOREIGN = text().replace(UID.encode(), b"somebody-else")


def found(raw: bytes | None = None, etag: str | None = '"e1"') -> Found:
    """What a GET brought: our event as it was sent, if nothing else is said."""
    return Found(HREF, etag, text() if raw is None else raw)


# --- create ----------------------------------------------------------------------------------------------------------------------------


def test_where_nothing_is_the_event_is_created() -> None:
    """With ``If-None-Match: *``; also when an earlier attempt's answer was lost (P2)."""
    assert decide(task(), None, NOW) == PutNew(HREF, text())
    assert decide(task(doubtful_since=NOW, sent=SENT), None, NOW) == PutNew(HREF, text())


def test_what_an_earlier_attempt_wrote_is_adopted_p1_p2() -> None:
    """P1, P2, H18: after a crash or a lost answer the object itself tells that it was done."""
    assert decide(task(doubtful_since=NOW, sent=SENT), found(), NOW) == Adopt('"e1"', text())


def test_what_an_earlier_attempt_wrote_before_a_reschedule_is_patched() -> None:
    """The same href and UID, so no second event."""
    wanted = moved()
    assert decide(task(content=wanted, sent=SENT), found(), NOW) == PutIfMatch(HREF, patched_event(text(), wanted), '"e1"')


def test_what_the_owner_changed_before_we_knew_it_was_there_is_theirs() -> None:
    """R11: never overwritten."""
    assert decide(task(sent=SENT), found(EDITED), NOW) == Diverged("edited", EDITED, own_fields(EDITED, UID))


def test_a_place_taken_by_another_event_is_left_alone() -> None:
    """It gets another name, and the other event is not touched."""
    assert decide(task(), found(FOREIGN), NOW) == NextGeneration("NAME_TAKEN")


def test_a_created_event_that_its_owner_deleted_is_not_made_again() -> None:
    """P6: known to have been there, and gone."""
    assert decide(task(exists=True, sent=SENT), None, NOW) == Diverged("deleted", None, None)


# --- update ----------------------------------------------------------------------------------------------------------------------------


def test_a_change_patches_exactly_what_was_read() -> None:
    """D38, H11: the owner's additions stay, under the ETag of the same answer."""
    raw = text().replace(b"END:VEVENT", b"LOCATION:Room 4\r\nEND:VEVENT")
    step = decide(task("update", content=moved(), sent=SENT), found(raw, '"e7"'), NOW)
    assert isinstance(step, PutIfMatch)
    assert (step.href, step.etag, b"LOCATION:Room 4" in step.raw) == (HREF, '"e7"', True)
    assert own_fields(step.raw, UID) == fields_of(moved())


def test_a_change_that_stands_already_is_only_noted() -> None:
    """A reschedule before the creation went out, or an update whose answer was lost."""
    assert decide(task("update", sent=SENT), found(), NOW) == Adopt('"e1"', text())


def test_an_edited_event_is_not_overwritten_p5() -> None:
    """P5, R11: drift, with the text that was found."""
    assert decide(task("update", content=moved(), sent=SENT), found(EDITED), NOW) == Diverged("edited", EDITED, own_fields(EDITED, UID))


@pytest.mark.parametrize("raw", [text()[:-40], text().replace(b"20261126T140000", b"junk")])
def test_a_text_of_ours_that_cannot_be_read_any_more_is_not_overwritten(raw: bytes) -> None:
    """R12, R11: what it means is unknown, so it is shown to a person."""
    assert decide(task("update", content=moved(), sent=SENT), found(raw), NOW) == Diverged("edited", raw, None)


def test_an_answer_that_is_no_calendar_tells_nothing() -> None:
    """An empty or a foreign body with status 200 is neither an edit nor a deletion."""
    for action in ("create", "update", "delete"):
        assert decide(task(action, sent=SENT), found(b""), NOW) == Wait("NOT_DELIVERED")
        assert decide(task(action, sent=SENT), found(b"<html>hello</html>"), NOW) == Wait("NOT_DELIVERED")


def test_a_deleted_event_is_not_resurrected_by_a_change_p6() -> None:
    """P6: drift; a person or the policy decides."""
    assert decide(task("update", content=moved(), sent=SENT), None, NOW) == Diverged("deleted", None, None)
    assert decide(task("update", content=moved(), sent=SENT), found(FOREIGN), NOW) == Diverged("deleted", None, None)


def test_what_was_accepted_a_moment_ago_may_not_be_shown_yet() -> None:
    """icloud.md §3.1: reads right after a PUT may be stale; neither drift nor a deletion follows from that."""
    fresh = {"sent": SENT, "pushed_at": NOW - timedelta(seconds=29)}
    assert decide(task("update", **fresh), None, NOW) == Wait("NOT_DELIVERED")
    assert decide(task("delete", **fresh), None, NOW) == Wait("NOT_DELIVERED")
    assert decide(task("update", **fresh), None, NOW + timedelta(seconds=1)) == Diverged("deleted", None, None)


def test_a_change_to_what_was_never_created_creates_it() -> None:
    """The creation was given up, or its answer never came."""
    assert decide(task("update", exists=False, content=moved()), None, NOW) == PutNew(HREF, text(moved()))


def test_a_server_that_shows_something_else_each_time_is_not_written_to_for_ever_p14() -> None:
    """P14: three accepted PUTs for one version, then a person looks at it."""
    other = {"content": moved(), "sent": SENT | {mark(moved())}}
    assert isinstance(decide(task("update", puts=2, **other), found(), NOW), PutIfMatch)
    assert decide(task("update", puts=3, **other), found(), NOW) == Refuse("PUSH_NOT_KEPT")
    assert decide(task(puts=3, sent=SENT), None, NOW) == Refuse("PUSH_NOT_KEPT")


@pytest.mark.parametrize("etag", [None, "", 'W/"e1"', 'w/"e1"'])
def test_without_a_strong_etag_the_text_just_read_is_the_condition_c7_h36(etag: str | None) -> None:
    """C7, H36: a weak ETag in If-Match would be 412 for ever; the write is still not unconditional."""
    step = decide(task("update", content=moved(), sent=SENT), found(etag=etag), NOW)
    assert isinstance(step, PutIfMatch)
    assert step.etag == "*"
    assert decide(task("delete", sent=SENT), found(etag=etag), NOW) == DeleteIfMatch(HREF, "*")
    assert decide(task("delete", sent=SENT), found(EDITED, etag), NOW) == Diverged("edited", EDITED, own_fields(EDITED, UID))


def test_a_strong_etag_is_what_it_is() -> None:
    """RFC 9110 §8.8.3: quotes included."""
    assert (strong('"W/x"'), strong("bare"), strong('W/"x"')) == ('"W/x"', "bare", None)


# --- delete ----------------------------------------------------------------------------------------------------------------------------


def test_a_cancelled_appointments_event_is_deleted_as_it_was_read() -> None:
    """P7: under its ETag."""
    assert decide(task("delete", sent=SENT), found(), NOW) == DeleteIfMatch(HREF, '"e1"')


def test_what_is_gone_on_both_sides_is_done_p8() -> None:
    """P8: no error, no loop; another event in its place is not ours to delete."""
    assert decide(task("delete", sent=SENT), None, NOW) == Settled()
    assert decide(task("delete", sent=SENT), found(FOREIGN), NOW) == Settled()


def test_an_edited_event_is_not_deleted_p7() -> None:
    """P7: the owner's edit is not thrown away with it."""
    assert decide(task("delete", sent=SENT), found(EDITED), NOW) == Diverged("edited", EDITED, own_fields(EDITED, UID))


def test_a_creation_whose_answer_was_lost_may_still_turn_up_and_is_waited_for() -> None:
    """H18: cancelled at once, it would else stay in the calendar for ever."""
    lost = {"exists": False, "sent": SENT, "doubtful_since": NOW - timedelta(minutes=14)}
    assert decide(task("delete", **lost), None, NOW) == Wait("NOT_DELIVERED")
    assert decide(task("delete", **lost), None, NOW + timedelta(minutes=1)) == Settled()


# --- refusals --------------------------------------------------------------------------------------------------------------------------


def test_a_calendar_that_cannot_be_written_parks_its_rows_p9_p10() -> None:
    """P9, P10, R3: whatever stands there."""
    assert decide(task(writable=False, obstacle="CALENDAR_GONE"), found(), NOW) == Refuse("CALENDAR_GONE", parked=True)
    assert decide(task(writable=False), None, NOW) == Refuse("CALENDAR_READ_ONLY", parked=True)


def test_a_412_over_what_we_wrote_ourselves_is_success_p2() -> None:
    """P2: If-None-Match refused because the first attempt arrived."""
    assert after_refusal(task(), "PRECONDITION_FAILED", found(), NOW) == Adopt('"e1"', text())


def test_a_412_after_housekeeping_is_tried_with_the_new_etag_h11() -> None:
    """H11, C30: the ETag moved, the text did not."""
    step = after_refusal(task("update", content=moved(), sent=SENT), "PRECONDITION_FAILED", found(etag='"e2"'), NOW)
    assert isinstance(step, PutIfMatch)
    assert step.etag == '"e2"'


def test_a_412_after_an_edit_is_drift_p7() -> None:
    """P5, P7, H11: read again, and left alone."""
    for action in ("create", "update", "delete"):
        refused = after_refusal(task(action, sent=SENT), "PRECONDITION_FAILED", found(EDITED), NOW)
        assert refused == Diverged("edited", EDITED, own_fields(EDITED, UID))


def test_a_412_where_nothing_is_takes_the_next_generation() -> None:
    """icloud.md §3.5: a name or UID that was deleted, or exists elsewhere, is refused for good."""
    assert after_refusal(task(), "PRECONDITION_FAILED", None, NOW) == NextGeneration("NAME_OR_UID_BURNT")


def test_a_412_where_nothing_is_may_be_our_own_put_that_is_not_shown_yet() -> None:
    """P2: a new generation would be a second event; for 15 minutes it is looked at again instead."""
    lost = task(doubtful_since=NOW)
    assert after_refusal(lost, "PRECONDITION_FAILED", None, NOW + timedelta(minutes=14)) == Wait("NOT_DELIVERED")
    assert after_refusal(lost, "PRECONDITION_FAILED", None, NOW + timedelta(minutes=15)) == NextGeneration("NAME_OR_UID_BURNT")


def test_a_412_to_a_change_of_what_is_gone_is_a_deletion_by_its_owner() -> None:
    """P6: between reading and writing."""
    assert after_refusal(task("update", sent=SENT), "PRECONDITION_FAILED", None, NOW) == Diverged("deleted", None, None)
    assert after_refusal(task("delete", sent=SENT), "PRECONDITION_FAILED", None, NOW) == Settled()


def test_generations_come_to_an_end() -> None:
    """Five, then it is parked and shown."""
    assert after_refusal(task(generation=4), "PRECONDITION_FAILED", None, NOW) == NextGeneration("NAME_OR_UID_BURNT")
    assert after_refusal(task(generation=5), "PRECONDITION_FAILED", None, NOW) == Refuse("NAME_OR_UID_BURNT", parked=True)


def test_our_uid_elsewhere_is_an_event_that_somebody_moved_h9_p13() -> None:
    """H9, P13: it is not made a second time."""
    there = Found("/anna/calendars/private/x.ics", '"m"', text())
    assert after_refusal(task(), "UID_CONFLICT", there, NOW) == Diverged("moved", text(), own_fields(text(), UID), there.href)


def test_our_uid_in_our_own_place_is_adopted_h9() -> None:
    """H9: in whatever spelling the server names it."""
    there = Found(HREF.replace("-", "%2D"), '"e1"', text())
    assert after_refusal(task(), "UID_CONFLICT", there, NOW) == Adopt('"e1"', text())


def test_a_uid_conflict_that_shows_nothing_of_ours_takes_the_next_generation() -> None:
    """H9: the other one is not told, gone, or somebody else's."""
    assert after_refusal(task(), "UID_CONFLICT", None, NOW) == NextGeneration("UID_TAKEN")
    assert after_refusal(task(), "UID_CONFLICT", Found("/other.ics", '"x"', FOREIGN), NOW) == NextGeneration("UID_TAKEN")
    assert after_refusal(task(doubtful_since=NOW), "UID_CONFLICT", None, NOW) == Wait("NOT_DELIVERED")


def test_other_refusals_park_or_fail() -> None:
    """H3, H10 park until it heals; H12: this event is not taken, whatever happens."""
    assert after_refusal(task(), "ACCESS_DENIED", None, NOW) == Refuse("ACCESS_DENIED", parked=True)
    assert after_refusal(task(), "CALENDAR_GONE", None, NOW) == Refuse("CALENDAR_GONE", parked=True)
    assert after_refusal(task(), "OBJECT_REFUSED", None, NOW) == Refuse("OBJECT_REFUSED")


def test_a_restored_event_is_written_over_exactly_the_version_that_was_seen() -> None:
    """R11 ``restore``: the mark seen counts as sent; a later edit is drift again."""
    seen = frozenset({fields_of(moved(3)).fingerprint})
    again = task("update", sent=SENT | seen)
    assert decide(again, found(EDITED), NOW) == PutIfMatch(HREF, patched_event(EDITED, content()), '"e1"')
    assert isinstance(decide(again, found(text(moved(4))), NOW), Diverged)


def test_a_decision_never_writes_over_what_is_neither_wanted_nor_ours() -> None:
    """All actions over all states: a write only over a text of ours, or over nothing."""
    states = [None, found(), found(EDITED), found(FOREIGN), found(b""), found(text()[:-30])]
    doubts = [None, NOW, NOW - timedelta(hours=1)]
    tasks = [
        replace(task(action), exists=exists, doubtful_since=doubt, sent=SENT, content=None if action == "delete" else moved())
        for action in ("create", "update", "delete")
        for exists in (True, False)
        for doubt in doubts
    ]
    for one in tasks:
        for state in states:
            for step in (decide(one, state, NOW), after_refusal(one, "PRECONDITION_FAILED", state, NOW)):
                if isinstance(step, PutNew):
                    assert state is None
                    assert not one.exists
                if isinstance(step, PutIfMatch | DeleteIfMatch):
                    assert state == found()
