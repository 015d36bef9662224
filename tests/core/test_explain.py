"""An explanation of one slot: the rule that decided, evidence in order, near misses, what would change it; nothing private (issue 6)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from icalsync.core import quoting
from icalsync.core.busy import verdict
from icalsync.core.changes import would_change
from icalsync.core.evidence import ANOTHER_USER, EXCLUDED, MOVED_AWAY, NOT_CHOSEN, OWN_COPY, Arrival, Case, Saying, Source, Touch
from icalsync.core.explain import explain
from icalsync.core.hours import parse
from icalsync.core.instances import instant_of
from icalsync.core.interval import Interval
from icalsync.core.learning import learned
from icalsync.core.model import Busyness, Facts, Participation, Policy, Reason, Status, Transparency, Verdict
from icalsync.core.slots import BusyRow, Person, judge
from icalsync.core.stretches import stretches

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TITLE, HREF = "CANARY TITLE", "/dav/canary/secret.ics"
WORK = Source("cal-1", "Work", "int-1", "icloud", last_clean_at=NOW)
PRIVATE = replace(WORK, calendar_id="cal-2", calendar="Private", blocks=False)
COVERED = {"complete": True, "as_of": NOW, "missing": []}


def at(hour: int, minute: int = 0) -> datetime:
    """An instant on Tuesday 24 November 2026; clocks in Berlin are one hour ahead."""
    return datetime(2026, 11, 24, hour, minute, tzinfo=UTC)


SLOT = at(13)


def event(start: datetime, end: datetime, facts: Facts | None = None, policy: Policy | None = None, **more: object) -> Touch:
    """An event in a calendar, judged by the busy rules."""
    facts, policy = facts or Facts(), policy or Policy()
    judged = verdict(facts, policy)
    source = more.pop("source", WORK)
    blocks = judged.blocks and source.blocks and start < end
    aside = None if blocks else judged.reason.value if source.blocks else NOT_CHOSEN
    given = {"set_aside": aside, "saying": Saying(TITLE, time_zone="Europe/Berlin"), "href": HREF, "uid": "u", "known_from": NOW}
    interval = Interval(start, end) if start < end else None
    return Touch("external", interval, start, end, judged, blocks, source=source, facts=facts, policy=policy, **(given | more))


def ours(kind: str, start: datetime, end: datetime, reason: Reason) -> Touch:
    """A booking, a blocked slot, or time that is not covered."""
    busyness = Busyness.UNKNOWN if kind == "coverage" else Busyness.BUSY
    source = WORK if kind == "coverage" else None
    return Touch(kind, Interval(start, end), start, end, Verdict(busyness, reason), blocks=True, ref="ref-1", source=source, known_from=NOW)


def case(*touches: Touch, start: datetime = SLOT, length: int = 30, asked: datetime = NOW, **more: object) -> Case:
    """Anna's slot of Tuesday 14:00 in Berlin, with what touches it."""
    fields = more.pop("hours", {})
    texts = {"weekly": "Mon-Fri 09:00-17:00"} | fields
    rows = tuple(
        BusyRow(one.interval, one.verdict.busyness, one.kind, one.verdict.reason) for one in touches if one.blocks and one.interval
    )
    booked = tuple(one.interval for one in touches if one.kind == "appointment" and one.blocks and one.interval)
    person = Person("anna", "Europe/Berlin", parse(texts), more.pop("unknown", "refuse"), rows, booked)
    slot = Interval(start, start + timedelta(minutes=length))
    given = {"coverage": COVERED, "calendars": (WORK, PRIVATE), "known_at": None}
    return Case(
        sub_account="acme",
        user_id="anna",
        name="Anna",
        slot=slot,
        asked_at=asked,
        present=NOW + timedelta(hours=2),
        person=person,
        hours=texts,
        judgement=judge(person, slot.start, slot.length, asked),
        touches=touches,
        **(given | more),
    )


BUSY = event(at(13), at(14))
FREED = Policy("free", "free", "free", "never")
INVITED = Facts(participation=Participation.NEEDS_ACTION)
BLOCKING = {
    Reason.BUSY: BUSY,
    Reason.ALL_DAY: event(at(0), at(23), Facts(all_day=True)),
    Reason.UNANSWERED: event(at(13), at(14), INVITED),
    Reason.TENTATIVE: event(at(13), at(14), Facts(status=Status.TENTATIVE)),
    Reason.TRAVEL: event(at(12), at(14), Facts(travel=True)),
    Reason.UNREADABLE: event(at(13), at(14), Facts(readable=False)),
    Reason.DRIFT: replace(BUSY, verdict=Verdict(Busyness.BUSY, Reason.DRIFT), ref="ref-1"),
    Reason.OWN_APPOINTMENT: ours("appointment", at(13), at(14), Reason.OWN_APPOINTMENT),
    Reason.BLOCKED_SLOT: ours("blocked_slot", at(13), at(14), Reason.BLOCKED_SLOT),
    Reason.NOT_COVERED: ours("coverage", at(0), at(23), Reason.NOT_COVERED),
}
FREE = {
    Reason.CANCELLED: event(at(13), at(14), Facts(status=Status.CANCELLED)),
    Reason.TRANSPARENT: event(at(13), at(14), Facts(transparency=Transparency.TRANSPARENT)),
    Reason.DECLINED: event(at(13), at(14), Facts(participation=Participation.DECLINED)),
    Reason.ZERO_LENGTH: event(at(13), at(13), Facts(zero_length=True)),
    Reason.ALL_DAY: event(at(0), at(23), Facts(all_day=True), FREED),
    Reason.UNANSWERED: event(at(13), at(14), INVITED, FREED),
    Reason.TENTATIVE: event(at(13), at(14), Facts(status=Status.TENTATIVE), FREED),
    Reason.TRAVEL: event(at(12), at(14), Facts(travel=True), FREED),
}


@pytest.mark.parametrize("reason", BLOCKING, ids=str)
def test_what_blocks_is_named_with_its_rule_for_staff_and_for_the_customer(reason):
    """Cases 3 to 7, 23, 24; R18: the verdict and the rule that decided; no title anywhere, no href for the customer."""
    told = explain(case(BLOCKING[reason]))
    assert (told.offered, told.reason, told.busyness) == (False, reason.value, BLOCKING[reason].verdict.busyness)
    assert told.evidence[0].step == "verdict"
    assert told.evidence[0].facts["rule"] in told.for_staff()
    assert told.for_customer().startswith("Anna cannot be booked Tue 2026-11-24 14:00–14:30 (Europe/Berlin).")
    for text in (told.for_staff(), told.for_customer(), json.dumps(told.as_dict()), told._repr_html_(), repr(told)):
        assert "CANARY" not in text
    assert HREF not in told.for_customer()


@pytest.mark.parametrize("reason", FREE, ids=str)
def test_why_free_names_each_near_miss_with_the_rule_that_set_it_aside(reason):
    """Case 3: free, cancelled, declined, without length, or freed by a policy: offered, and the event is told with its own reason."""
    told = explain(case(FREE[reason]))
    assert (told.offered, told.busyness, told.reason) == (True, Busyness.FREE, reason.value)
    (near,) = (step for step in told.evidence if step.step == "event")
    assert (near.facts["set_aside"], near.facts["reason"], near.facts["blocks"]) == (reason.value, reason.value, False)
    assert len(told.for_customer()) > len("Anna can be booked Tue 2026-11-24 14:00–14:30 (Europe/Berlin). ")


@pytest.mark.parametrize(
    ("aside", "words"),
    [
        (NOT_CHOSEN, "no conflict calendar"),
        (OWN_COPY, "counts once"),
        (MOVED_AWAY, "moved away"),
        (EXCLUDED, "taken out of its series"),
        (ANOTHER_USER, "ben's time"),
    ],
)
def test_what_counts_for_somebody_or_somewhere_else_is_a_near_miss_too(aside, words):
    """Cases 3, 10; R11: not chosen, the copy of a booking, moved away, taken out, another user's: each is said."""
    near = replace(BUSY, blocks=False, set_aside=aside, source=PRIVATE, owner="ben" if aside == ANOTHER_USER else None)
    told = explain(case(near))
    assert told.offered
    assert any(step.facts.get("set_aside") == aside and words in step.says for step in told.evidence if step.step == "event")
    assert ("ben" in told.for_customer()) is False


def test_evidence_comes_in_order_and_every_event_has_its_own_reason_calendar_run_and_age():
    """Issue 6: verdict, event, recurrence, zone, lines, run; then coverage; then hours, buffers, notice, limits."""
    brought = Arrival("run-7", "sync", NOW - timedelta(minutes=10))
    saying = Saying(TITLE, time_zone="America/New_York", rrule="FREQ=DAILY", recurring=True, lines=("DTSTART:1",))
    first = replace(BUSY, saying=saying, arrival=brought, recurrence_id="20261124T130000Z")
    told = explain(case(FREE[Reason.TRANSPARENT], first))
    steps = [step.step for step in told.evidence]
    assert steps == [
        "verdict",
        "event",
        "recurrence",
        "zone",
        "lines",
        "run",
        "event",
        "zone",
        "run",
        "hours",
        "buffers",
        "notice",
        "limits",
    ]
    mine, other = (step.facts for step in told.evidence if step.step == "event")
    assert (mine["reason"], mine["calendar"], mine["run_id"], mine["age"], mine["age_seconds"]) == ("BUSY", "Work", "run-7", "2h10m", 7800)
    assert (other["reason"], other["calendar"], other["blocks"]) == ("TRANSPARENT", "Work", False)
    assert mine["title"] == "•••"
    assert "run-7" in told.evidence[5].says


def test_as_dict_is_the_json_of_the_contract():
    """design.md §5: its keys, instants in the user's zone, and nothing that JSON cannot hold."""
    told = json.loads(json.dumps(explain(case(BUSY)).as_dict()))
    assert {"at", "length", "busyness", "reason", "offered", "coverage", "evidence", "would_change"} <= set(told)
    assert (told["at"], told["length"]) == ("2026-11-24T14:00:00+01:00", "30m")
    assert set(told["coverage"]) == {"complete", "as_of", "missing"}
    assert all({"step", "says"} <= set(step) for step in told["evidence"])


def test_the_strongest_interval_wins():
    """A tentative event, an unknown stretch and a busy event over one moment: the busy one decides."""
    over = (BLOCKING[Reason.NOT_COVERED], BLOCKING[Reason.TENTATIVE], BUSY)
    assert explain(case(*over)).reason == "BUSY"
    assert explain(case(*over[:2])).reason == "TENTATIVE"
    assert explain(case(over[0])).busyness is Busyness.UNKNOWN


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"hours": {"notice": "2d"}}, "NOTICE", "--notice 1d4h55m"),
        ({"hours": {"horizon": "1d"}}, "HORIZON", "--horizon 1d5h"),
        ({"start": at(17)}, "CLOSED", "--exceptions '2026-11-24 09:00-17:00,18:00-18:30'"),
        ({"start": at(13, 10)}, "OFF_GRID", "--step 10m"),
        ({"hours": {"daily_limit": "1"}, "start": at(14)}, "DAILY_LIMIT", "--daily-limit 2"),
        ({"hours": {"buffer_before": "1h"}, "start": at(14)}, "BUFFER", "--buffer-before 0m"),
    ],
)
def test_hours_and_limits_say_how_far_they_would_have_to_give_way(more, code, words):
    """Each refusal that hours or limits cause names the setting that would lift it."""
    touches = (ours("appointment", at(12), at(14), Reason.OWN_APPOINTMENT),) if code in {"DAILY_LIMIT", "BUFFER"} else ()
    told = explain(case(*touches, **more))
    assert (told.offered, told.reason, told.because) == (False, code, (code,))
    assert any(words in sentence for sentence in told.would_change), told.would_change


def test_a_start_off_the_grid_says_which_starts_lie_around_it():
    """OFF_GRID: the nearest before and after."""
    told = explain(case(start=at(13, 10)))
    (hours,) = (step for step in told.evidence if step.step == "hours")
    assert (hours.facts["start_before"], hours.facts["start_after"], hours.facts["met"]) == (at(13), at(13, 30), False)
    assert "Tue 2026-11-24 14:00 and Tue 2026-11-24 14:30" in hours.says


def test_nothing_makes_the_past_bookable():
    """PAST: an empty list, and the customer reads why."""
    told = explain(case(BUSY, asked=at(15)))
    assert told.because[0] == "PAST"
    assert told.would_change == ()
    assert "That time is past." in told.for_customer()


def test_each_change_alone_flips_the_answer_and_what_does_not_is_not_told():
    """R15: two events over one slot: neither alone would do, both together would; the calendar's role alone would, too."""
    two = case(BUSY, event(at(13, 15), at(13, 45), INVITED, href="/other.ics"))
    changes = would_change(two)
    assert [change.world.judge(two).offered for change in changes] == [True] * len(changes)
    assert not any("13:15" in change.says and "deleted" in change.says for change in changes)
    assert any("no conflict calendar" in change.says for change in changes)
    linked = replace(PRIVATE, blocks=True)
    apart = case(BUSY, event(at(13, 15), at(13, 45), href="/other.ics", source=linked), start=at(13))
    (together,) = would_change(apart)
    assert together.says.startswith("All of this together: (1) ")
    assert together.world.judge(apart).offered


def test_an_unanswered_invitation_names_its_policy_and_an_all_day_event_its_calendars():
    """Cases 5, 7: the policy that would free it stands there as a command."""
    assert any("unanswered=free" in one for one in explain(case(BLOCKING[Reason.UNANSWERED])).would_change)
    assert any("all_day=never --calendar cal-1" in one for one in explain(case(BLOCKING[Reason.ALL_DAY])).would_change)
    assert any("unknown=warn" in one for one in explain(case(BLOCKING[Reason.NOT_COVERED])).would_change)


def test_what_would_take_a_free_slot_is_told_as_well():
    """Cases 3, 4, 6: choose the calendar, mark the event as busy, accept; and anything new."""
    free = case(replace(BUSY, blocks=False, set_aside=NOT_CHOSEN, source=PRIVATE), FREE[Reason.DECLINED], FREE[Reason.ALL_DAY])
    changes = would_change(free)
    assert all(not change.world.judge(free).offered for change in changes)
    told = " ".join(change.says for change in changes)
    for words in ("conflicts add acme anna cal-2", "accepted", "all_day=as_marked --calendar cal-1", "Something new"):
        assert words in told


def test_unknown_time_that_is_offered_by_policy_is_marked_and_can_be_refused():
    """R12: ``warn`` offers it, and says so."""
    told = explain(case(BLOCKING[Reason.NOT_COVERED], unknown="warn"))
    assert (told.offered, told.busyness, told.because) == (True, Busyness.UNKNOWN, ("OFFERED", "UNKNOWN"))
    assert any("unknown=refuse" in one for one in told.would_change)


@pytest.mark.parametrize(
    ("saying", "words"),
    [
        (
            Saying(time_zone="America/New_York"),
            "Tue 2026-11-24 08:00 America/New_York (UTC-05:00), which is 13:00 UTC, and Tue 2026-11-24 14:00",
        ),
        (Saying(time_zone="Europe/Berlin"), "Tue 2026-11-24 14:00 Europe/Berlin (UTC+01:00), the user's own zone; that is 13:00 UTC"),
        (Saying(time_zone="UTC"), "written in UTC (13:00)"),
        (Saying(timing="floating"), "names no time zone"),
        (Saying(timing="date"), "given in whole days"),
        (Saying(time_zone="Custom", defined_zone=True), "what the object itself defines"),
    ],
)
def test_the_arithmetic_of_zones_is_shown(saying, words):
    """Case 11: as written, in UTC, and in the user's zone."""
    told = explain(case(replace(BUSY, saying=saying)))
    assert words in next(step.says for step in told.evidence if step.step == "zone")


def test_an_exception_says_where_it_was_moved_from():
    """Case 10: rule, exception, moved from where."""
    saying = Saying(TITLE, time_zone="UTC", rrule="FREQ=WEEKLY", recurring=True, changed=True)
    told = explain(case(replace(BUSY, saying=saying, recurrence_id="20261124T090000Z")))
    step = next(step for step in told.evidence if step.step == "recurrence")
    assert step.facts["moved_from"] == at(9)
    assert "occurrence of Tue 2026-11-24 10:00 of a series (RRULE FREQ=WEEKLY), moved from there to Tue 2026-11-24 14:00" in step.says


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("20261124T130000Z", at(13)),
        ("20261124T140000", at(13)),
        ("20261124", datetime(2026, 11, 23, 23, tzinfo=UTC)),
    ],
)
def test_a_recurrence_id_names_an_instant_of_the_user(name, expected):
    """RFC 5545 §3.8.4.4: UTC, floating and DATE forms."""
    assert instant_of(name, "Europe/Berlin") == expected


OBJECT = b"""BEGIN:VCALENDAR\r
BEGIN:VEVENT\r
UID:u1\r
DTSTART:20261124T130000Z\r
DTEND:20261124T140000Z\r
RRULE:FREQ=DAILY;COUNT=3\r
EXDATE:20261125T130000Z,2026112\r
 6T130000Z\r
SUMMARY:CANARY one\r
LOCATION:CANARY place\r
DESCRIPTION:CANARY text\r
ORGANIZER;CN=CANARY:mailto:canary@else.example\r
ATTENDEE;CN=CANARY;PARTSTAT=DECLINED:mailto:anna@acme.example\r
ATTENDEE;CN=CANARY;PARTSTAT=CANARY:mailto:canary@else.example\r
STATUS:CANARY\r
TRANSP:TRANSPARENT\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:u1\r
RECURRENCE-ID:20261126T130000Z\r
DTSTART:20261126T150000Z\r
SUMMARY:CANARY two\r
END:VEVENT\r
END:VCALENDAR\r
"""


def test_quoted_lines_hold_no_title_place_description_or_person():
    """R18, case 6: only what time and busyness rest on; of the attendees the answers, and which is the user's own."""
    lines = quoting.quoted(OBJECT, 0, frozenset({"anna@acme.example"}))
    assert "CANARY" not in "\n".join(lines)
    assert "else.example" not in "\n".join(lines)
    assert {"DTSTART:20261124T130000Z", "RRULE:FREQ=DAILY;COUNT=3", "TRANSP:TRANSPARENT", "SUMMARY:•••", "STATUS:•••"} <= set(lines)
    assert "ATTENDEE;PARTSTAT=DECLINED:••• (own)" in lines
    shown = "\n".join(quoting.quoted(OBJECT, 0, frozenset(), reveal=True))
    assert "CANARY one" in shown
    assert "CANARY place" not in shown
    assert quoting.quoted(OBJECT, 1, frozenset())[:2] == ("UID:u1", "RECURRENCE-ID:20261126T130000Z")
    assert quoting.quoted(b"raw", 0, frozenset()) == quoting.quoted(OBJECT, 9, frozenset()) == ()


def test_an_object_without_its_exdates_keeps_everything_else():
    """What would be there but for EXDATE, folded lines included."""
    plain = quoting.without_exdates(OBJECT)
    assert b"EXDATE" not in plain
    assert b"RRULE:FREQ=DAILY;COUNT=3\r\nSUMMARY:CANARY one" in plain


def test_another_users_booking_is_not_even_revealed():
    """R11: what another sub-account wrote into a shared calendar stays masked, also where titles are shown."""
    mine = replace(BUSY, saying=Saying("CANARY mine"))
    theirs = replace(BUSY, saying=Saying("CANARY theirs", foreign=True), href="/other.ics")
    shown = explain(case(mine, theirs, revealed=True)).for_staff()
    assert "CANARY mine" in shown
    assert "CANARY theirs" not in shown


def test_what_became_known_since_is_told_with_when():
    """R16, case 20: an event that arrived later, a policy that changed, a calendar that was chosen."""
    then = case(known_at=NOW, policies={"unanswered": "busy"})
    late = replace(BUSY, known_from=NOW + timedelta(minutes=4))
    now = case(late, policies={"unanswered": "free"}, calendars=(WORK, replace(PRIVATE, blocks=True)))
    found = {one.what: one for one in learned(then, now, {})}
    assert found["appeared"].at == NOW + timedelta(minutes=4)
    assert found["policy"].facts["after"] == "free"
    assert found["chosen"].facts["calendar"] == "Private"
    gone = {one.what: one for one in learned(replace(now, known_at=NOW), then, {})}
    assert set(gone) == {"vanished_unknown", "policy", "unchosen"}
    told = explain(replace(then, learned=learned(then, now, {}), now=(now.judgement, late.verdict)))
    assert told.for_staff().startswith("As known at Mon 2026-11-23 09:00: Anna (anna) can be booked")
    assert "As known now, it cannot be booked (BUSY)." in told.for_staff()


def test_calendars_that_cannot_be_seen_are_told():
    """R10, R12, case 19: a subscription, a calendar never pulled, one out of reach; and that the picture may not be whole."""
    feed = replace(PRIVATE, calendar_id="cal-3", calendar="Holidays", not_selectable="SUBSCRIBED")
    unseen = replace(PRIVATE, calendar_id="cal-4", calendar="Club", state="never_pulled")
    missing = [{"sub_account": "acme", "user_id": "anna", "calendar_id": "cal-1", "state": "failing", "reason": "UNREACHABLE"}]
    told = explain(case(calendars=(WORK, feed, unseen), coverage={"complete": False, "as_of": None, "missing": missing}))
    asides = {step.facts["calendar"]: step.facts["set_aside"] for step in told.evidence if step.step in {"calendar", "coverage"}}
    assert asides == {"Holidays": "SUBSCRIBED", "Club": "NOT_YET_SYNCED", "Work": "NOT_YET_SYNCED"}
    assert "may not be the whole picture" in told.for_customer()


def test_a_page_in_jupyter_runs_no_text_of_a_calendar():
    """D35: names and titles are escaped."""
    evil = replace(BUSY, source=replace(WORK, calendar="<script>alert(1)</script>"), saying=Saying("<b>", lines=("SUMMARY:<i>",)))
    page = explain(case(evil, revealed=True))._repr_html_()
    assert "<script>" not in page
    assert "<b>" not in page
    assert "<i>" not in page
    assert "&lt;script&gt;" in page


def test_stretches_cover_a_window_and_say_what_judge_says_at_each_moment():
    """R15: one row per stretch of equal reason, without gaps; a moment is offered exactly where judging it alone offers it."""
    hours = {"buffer_before": "15m", "buffer_after": "30m", "notice": "26h", "horizon": "2d", "daily_limit": "1", "slot_step": "5m"}
    booked = ours("appointment", at(10), at(11), Reason.OWN_APPOINTMENT)
    person = case(BUSY, BLOCKING[Reason.TENTATIVE], booked, hours=hours).person
    window = Interval(datetime(2026, 11, 23, 12, tzinfo=UTC), datetime(2026, 11, 26, 12, tzinfo=UTC))
    found = stretches(person, window, NOW)
    assert (found[0].interval.start, found[-1].interval.end) == (window.start, window.end)
    assert all(one.interval.end == other.interval.start for one, other in pairwise(found))
    moment = window.start
    while moment < window.end:
        (one,) = (each for each in found if each.interval.start <= moment < each.interval.end)
        free = replace(person, hours=replace(person.hours, slot_step=timedelta(microseconds=1)))
        assert one.offered is judge(free, moment, timedelta(microseconds=1), NOW).offered, (moment, one)
        moment += timedelta(minutes=5)
    reasons = [(one.interval.start, one.reason) for one in found if window.start < one.interval.start < at(23)]
    assert reasons == [
        (at(10), "OWN_APPOINTMENT"),
        (at(11), "BUFFER"),
        (at(11, 15), "DAILY_LIMIT"),
        (at(12, 30), "BUFFER"),
        (at(13), "BUSY"),
        (at(14), "BUFFER"),
        (at(14, 15), "DAILY_LIMIT"),
        (at(16), "CLOSED"),
    ]


def test_times_of_a_day_with_a_change_of_clocks_are_shown_as_clocks_show_them():
    """Case 11: the 25-hour day in Berlin."""
    day = date(2026, 10, 25)
    start = datetime(day.year, day.month, day.day, 0, 30, tzinfo=UTC)
    told = explain(case(start=start, length=60, asked=start - timedelta(days=9)))
    assert "Sun 2026-10-25 02:30 (UTC+02:00) – Sun 2026-10-25 02:30 (UTC+01:00)" in told.for_staff()
