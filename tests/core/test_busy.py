"""The busy rules of design.md §1: first match wins, each verdict has its reason."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from icalsync.core.busy import verdict
from icalsync.core.model import ALL_POLICIES, Busyness, CdoStatus, Facts, Participation, Policy, Reason, Status, Transparency, Verdict

PLAIN = Facts()
ALL_DAY = Facts(all_day=True)
EVERY_FACT = [
    Facts(readable, transparency, status, participation, cdo, all_day, zero, travel)
    for readable, transparency, status, participation, cdo, all_day, zero, travel in product(
        (True, False), Transparency, Status, Participation, CdoStatus, (False, True), (False, True), (False, True)
    )
]
IN_ORDER = [
    (Facts(readable=False), Busyness.UNKNOWN, Reason.UNREADABLE),
    (Facts(status=Status.CANCELLED), Busyness.FREE, Reason.CANCELLED),
    (Facts(transparency=Transparency.TRANSPARENT), Busyness.FREE, Reason.TRANSPARENT),
    (Facts(cdo=CdoStatus.FREE), Busyness.FREE, Reason.TRANSPARENT),
    (Facts(participation=Participation.DECLINED), Busyness.FREE, Reason.DECLINED),
    (Facts(zero_length=True), Busyness.FREE, Reason.ZERO_LENGTH),
    (Facts(participation=Participation.NEEDS_ACTION), Busyness.BUSY_TENTATIVE, Reason.UNANSWERED),
    (Facts(status=Status.TENTATIVE), Busyness.BUSY_TENTATIVE, Reason.TENTATIVE),
    (Facts(participation=Participation.TENTATIVE), Busyness.BUSY_TENTATIVE, Reason.TENTATIVE),
    (Facts(cdo=CdoStatus.TENTATIVE), Busyness.BUSY_TENTATIVE, Reason.TENTATIVE),
    (Facts(cdo=CdoStatus.OOF), Busyness.BUSY_UNAVAILABLE, Reason.BUSY),
    (ALL_DAY, Busyness.BUSY, Reason.ALL_DAY),
    (PLAIN, Busyness.BUSY, Reason.BUSY),
]


@pytest.mark.parametrize(("facts", "busyness", "reason"), IN_ORDER)
def test_each_rule_has_its_busyness_and_its_reason(facts, busyness, reason):
    """One fact at a time, under the default policies (case 4 to case 7)."""
    assert verdict(facts, Policy()) == Verdict(busyness, reason)


def changed(facts: Facts) -> dict[str, object]:
    """The facts that differ from those of a plain event."""
    return {name: getattr(facts, name) for name in Facts.__slots__ if getattr(facts, name) != getattr(PLAIN, name)}


def test_of_two_rules_the_earlier_wins():
    """Every pair of rules that one event can meet at once, in the order of design.md §1."""
    compared = 0
    for earlier, (facts, busyness, reason) in enumerate(IN_ORDER):
        for later, _, _ in IN_ORDER[earlier + 1 :]:
            names = changed(facts).keys() | changed(later).keys()
            if changed(facts).keys() & changed(later).keys() or {"cdo", "transparency"} <= names:
                continue  # one event has one status, one answer and one mark
            compared += 1
            assert verdict(Facts(**changed(facts), **changed(later)), Policy()) == Verdict(busyness, reason), (facts, later)
    assert compared == 68


def test_our_own_appointment_is_busy_whatever_it_says():
    """R11: what we pushed counts as our appointment, even if somebody marked it as free; only the unreadable comes before it."""
    for facts in EVERY_FACT:
        if facts.readable and not facts.travel:
            assert verdict(facts, Policy(), own=True) == Verdict(Busyness.BUSY, Reason.OWN_APPOINTMENT)
    assert verdict(Facts(readable=False), Policy(), own=True).busyness is Busyness.UNKNOWN


def test_what_cannot_be_read_is_never_free():
    """R12, under every policy, with every other fact."""
    for facts, policy in product((facts for facts in EVERY_FACT if not facts.readable), ALL_POLICIES):
        assert verdict(facts, policy) == Verdict(Busyness.UNKNOWN, Reason.UNREADABLE)


@pytest.mark.parametrize("cdo", [CdoStatus.FREE, CdoStatus.TENTATIVE, CdoStatus.OOF])
def test_outlooks_mark_counts_only_without_transp(cdo):
    """X-MICROSOFT-CDO-BUSYSTATUS is a hint for events that have no TRANSP."""
    assert verdict(Facts(cdo=cdo, transparency=Transparency.OPAQUE), Policy()) == Verdict(Busyness.BUSY, Reason.BUSY)


@pytest.mark.parametrize(
    ("facts", "policy", "reason"),
    [
        (Facts(participation=Participation.NEEDS_ACTION), Policy(unanswered="free"), Reason.UNANSWERED),
        (Facts(status=Status.TENTATIVE), Policy(tentative="free"), Reason.TENTATIVE),
        (ALL_DAY, Policy(all_day="never"), Reason.ALL_DAY),
        (Facts(travel=True), Policy(travel="free"), Reason.TRAVEL),
    ],
)
def test_where_a_policy_frees_the_reason_stays(facts, policy, reason):
    """The answer to "why free?" is the fact that the policy speaks about (case 7)."""
    assert verdict(facts, policy) == Verdict(Busyness.FREE, reason)


def test_always_makes_a_transparent_all_day_event_block():
    """Case 4: all_day = always outweighs the mark, Outlook's as well."""
    always = Policy(all_day="always")
    assert verdict(replace(ALL_DAY, transparency=Transparency.TRANSPARENT), always) == Verdict(Busyness.BUSY, Reason.ALL_DAY)
    assert verdict(replace(ALL_DAY, cdo=CdoStatus.FREE), always) == Verdict(Busyness.BUSY, Reason.ALL_DAY)
    assert verdict(Facts(transparency=Transparency.TRANSPARENT), always).reason is Reason.TRANSPARENT


@pytest.mark.parametrize(
    ("facts", "reason"),
    [(Facts(status=Status.CANCELLED), Reason.CANCELLED), (Facts(participation=Participation.DECLINED), Reason.DECLINED)],
)
def test_always_does_not_revive_what_was_cancelled_or_declined(facts, reason):
    """The rules before and after TRANSPARENT stand."""
    assert verdict(replace(facts, all_day=True), Policy(all_day="always")) == Verdict(Busyness.FREE, reason)


def test_travel_to_a_free_event_is_free_for_the_same_reason():
    """Case 24: nobody travels to what was cancelled, declined or is shown as free."""
    for facts, policy in product(EVERY_FACT, ALL_POLICIES):
        if not facts.travel:
            event, travel = verdict(facts, policy), verdict(replace(facts, travel=True), policy)
            if not event.blocks:
                assert travel == event


def test_travel_before_a_blocking_event_is_busy():
    """Case 24: BUSY TRAVEL, also before a tentative one and before our own."""
    for facts in (PLAIN, ALL_DAY, Facts(status=Status.TENTATIVE)):
        assert verdict(replace(facts, travel=True), Policy()) == Verdict(Busyness.BUSY, Reason.TRAVEL)
    assert verdict(Facts(travel=True), Policy(), own=True) == Verdict(Busyness.BUSY, Reason.TRAVEL)


def test_every_combination_has_a_verdict():
    """The rules are total, over all facts and policies; that is what fills the lookup table of the store (R15)."""
    assert len(EVERY_FACT) * len(ALL_POLICIES) == 2 * 3 * 3 * 5 * 5 * 8 * 24
    for facts, policy, own in product(EVERY_FACT, ALL_POLICIES, (False, True)):
        judged = verdict(facts, policy, own=own)
        assert judged.blocks is (judged.busyness is not Busyness.FREE)
